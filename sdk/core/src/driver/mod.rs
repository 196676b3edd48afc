//! The contract between the engine and the world: six verbs, of which one is not idempotent.
//!
//! | verb | does | rule |
//! |---|---|---|
//! | `create` | makes the object, gives its id at the first answer | **one** mutating call, which carries the operation's token, name or tag |
//! | `read` | live state of many objects at once | batched; an absent one is `None`; never mutates |
//! | `sync` | makes the live object equal to what is wanted | idempotent, from live + wanted; ends a create, does an update, resumes after a crash |
//! | `ready` | one look whether dependents may use it | never mutates; says what it waits for |
//! | `delete` | removes it | idempotent; "not found" is success; may ask to be called again |
//! | `find` | finds what an interrupted create made | never takes what another owner tagged |
//!
//! The engine speaks [`Driver`]: fields in, fields out. An author writes [`TypedDriver`] for the plain struct of the resource, and
//! [`Typed`] turns one into the other. Retries, waiting, timeouts and the journal are the engine's; a driver makes calls.
mod failure;
mod typed;

use std::{future::Future, pin::Pin};

pub use failure::{ApiCall, Effect, Failure, Kind};
use serde::{Deserialize, Serialize};
use smol_str::SmolStr;
pub use typed::{Known, Observed, Typed, TypedDriver, Wanted};

use crate::{Address, Map, Resource};

/// A future that a trait object can give.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// What a verb is told beside its values.
#[derive(Clone, Debug)]
pub struct Call {
    /// The resource.
    pub address: Address,
    /// Whose object it is.
    pub owner: Owner,
    /// The operation's id: unique, at most 32 lower-case letters and digits; the same in every repetition of the operation.
    /// A create sends it as its idempotency token or as the tag `purlin:op`.
    pub operation: SmolStr,
    /// Fresh randomness of this run, for what is generated once. Never stored.
    pub entropy: Entropy,
}

/// Random bytes that nothing prints.
#[derive(Clone)]
pub struct Entropy(pub [u8; 32]);

impl std::fmt::Debug for Entropy {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("(entropy)")
    }
}

/// What a create answers: the id at once, and the live state where the answer tells it whole, so that no read is needed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Created<L = Live> {
    /// The physical id.
    pub id: SmolStr,
    /// The object as it is right after the call.
    pub live: Option<L>,
}

impl<L> Created<L> {
    /// Only the id is known: the engine reads the rest.
    pub fn id(id: impl Into<SmolStr>) -> Self {
        Self { id: id.into(), live: None }
    }
}

impl<R: Resource> Created<Observed<R>> {
    /// The answer told everything.
    pub fn whole(id: impl Into<SmolStr>, fields: R, outputs: R::Outputs) -> Self {
        Self { id: id.into(), live: Some(Observed { fields, outputs }) }
    }
}

/// Who owns an object: written on it as tags, checked before anything is taken over or deleted by search.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Owner {
    /// The stack's name.
    pub stack: SmolStr,
    /// The stack's lineage: unique for the life of its state.
    pub lineage: SmolStr,
    /// Path of the resource.
    pub path: SmolStr,
}

impl Owner {
    /// The tags that say so: `purlin:stack` is `<stack>/<lineage>`, `purlin:path` the resource's path.
    pub fn tags(&self) -> [(&'static str, String); 2] {
        [("purlin:stack", format!("{}/{}", self.stack, self.lineage)), ("purlin:path", self.path.to_string())]
    }
}

/// The tag key that holds the operation of a create.
pub const OPERATION_TAG: &str = "purlin:op";
/// Every tag key of Purlin's own starts so.
pub const TAG_PREFIX: &str = "purlin:";

/// An object as the state knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recorded {
    /// The physical id.
    pub id: SmolStr,
    /// The fields as they were last applied.
    pub fields: Map,
    /// The outputs as they were last read.
    pub outputs: Map,
}

/// An object as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Live {
    /// The fields as they are. Fields that cannot be read back are left out.
    pub fields: Map,
    /// The outputs.
    pub outputs: Map,
}

/// One look whether an object can be used, or is gone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Progress {
    /// Yes.
    Done,
    /// Not yet; what it waits for, for people: `status CREATING`. The engine looks again.
    Waiting(String),
}

/// What became of an interrupted create.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found {
    /// It exists; its id.
    One(SmolStr),
    /// It does not exist (or cannot be seen yet; the engine waits out the type's `settle` time).
    Absent,
    /// Something is there that may or may not be it; what a person needs to decide.
    Ambiguous(String),
}

/// A resource type's verbs, untyped: what the engine calls.
pub trait Driver: Send + Sync {
    /// Makes the object with exactly one mutating call.
    fn create<'a>(&'a self, call: &'a Call, wanted: &'a Map) -> BoxFuture<'a, Result<Created, Failure>>;

    /// Live state of many objects, in the order asked.
    fn read<'a>(&'a self, objects: &'a [Recorded]) -> BoxFuture<'a, Result<Vec<Option<Live>>, Failure>>;

    /// Makes the live object equal to what is wanted.
    fn sync<'a>(
        &'a self,
        call: &'a Call,
        id: &'a str,
        live: &'a Live,
        wanted: &'a Map,
    ) -> BoxFuture<'a, Result<(), Failure>>;

    /// One look whether dependents may use it.
    fn ready<'a>(&'a self, call: &'a Call, object: &'a Recorded) -> BoxFuture<'a, Result<Progress, Failure>>;

    /// Removes it, or goes on removing it.
    fn delete<'a>(&'a self, call: &'a Call, object: &'a Recorded) -> BoxFuture<'a, Result<Progress, Failure>>;

    /// Finds what an interrupted create with these fields made.
    fn find<'a>(&'a self, call: &'a Call, wanted: &'a Map) -> BoxFuture<'a, Result<Found, Failure>>;
}
