//! What a state holds: objects, open intents, exported values. Plain data; [`fold`](crate::fold) makes it from records.
use std::{collections::BTreeMap, fmt};

use purlin_core::{Address, Map, SmolStr, SourceLine};
use serde::{Deserialize, Serialize};

/// Which object: a resource's address and its generation. A replacement has the next generation, so old and new stand
/// side by side.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Key {
    /// Path and type.
    #[serde(flatten)]
    pub address: Address,
    /// Counts up from 0 with each replacement.
    #[serde(default, rename = "gen", skip_serializing_if = "is_zero")]
    pub generation: u32,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
fn is_zero(n: &u32) -> bool {
    *n == 0
}

impl Key {
    /// The key of an address and a generation.
    pub fn new(address: Address, generation: u32) -> Self {
        Self { address, generation }
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.generation == 0 {
            self.address.path.fmt(f)
        } else {
            write!(f, "{}@{}", self.address.path, self.generation)
        }
    }
}

/// How far an object has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Status {
    /// As it was last wanted, and usable.
    #[default]
    Ready,
    /// It exists; it was not brought to what is wanted, or not seen ready yet.
    Unfinished,
    /// Replaced: to be deleted once nothing uses it any more.
    Deposed,
}

/// An object in the world that this stack owns.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Object {
    /// Which.
    #[serde(flatten)]
    pub key: Key,
    /// The physical id.
    pub id: SmolStr,
    /// The identity of the provider that made it: `aws:123456789012:eu-west-1`.
    pub provider: SmolStr,
    /// The schema version of `fields`.
    #[serde(default)]
    pub version: u32,
    /// How far it has come.
    #[serde(default)]
    pub status: Status,
    /// The fields as they were last applied.
    #[serde(default)]
    pub fields: Map,
    /// The outputs as they were last read.
    #[serde(default)]
    pub outputs: Map,
    /// What it was made from: deletes follow the reverse of these edges, whatever the program says today.
    #[serde(default)]
    pub dependencies: Vec<Dependency>,
    /// Refuse to delete or replace it, even when the code is gone.
    #[serde(default)]
    pub protect: bool,
    /// Forget it instead of deleting it, even when the code is gone.
    #[serde(default)]
    pub retain: bool,
    /// The line of the program that last asked for it.
    pub location: Option<SourceLine>,
    /// When it was last seen, in milliseconds since 1970.
    #[serde(default)]
    pub seen: u64,
}

/// An edge to another object.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Dependency {
    /// The object it needs.
    pub on: Key,
    /// The field that refers to it; none for an edge of order only (`depends_on`).
    pub field: Option<SmolStr>,
}

/// What an operation is about to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verb {
    /// Make the object.
    Create,
    /// Bring it to what is wanted.
    Update,
    /// Remove it.
    Delete,
}

impl Verb {
    /// The verb as it is stored: `create`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Update => "update",
            Self::Delete => "delete",
        }
    }
}

/// An operation that was begun: durable before its first call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Intent {
    /// The operation's id: sent along as token or tag.
    pub op: SmolStr,
    /// The object.
    #[serde(flatten)]
    pub key: Key,
    /// What is about to be done.
    pub verb: Verb,
    /// The provider's identity.
    pub provider: SmolStr,
    /// The schema version of `wanted`.
    #[serde(default)]
    pub version: u32,
    /// The fields that are wanted (empty for a delete).
    #[serde(default)]
    pub wanted: Map,
    /// The edges that the object will have.
    #[serde(default)]
    pub dependencies: Vec<Dependency>,
    /// As in [`Object`].
    #[serde(default)]
    pub protect: bool,
    /// As in [`Object`].
    #[serde(default)]
    pub retain: bool,
    /// The line of the program that asks for it.
    pub location: Option<SourceLine>,
    /// When the operation was begun, in milliseconds since 1970.
    pub at: u64,
}

/// A stack's state.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct State {
    /// The stack's name.
    pub stack: SmolStr,
    /// Drawn once, when the state is made: tells one life of a stack from another.
    pub lineage: SmolStr,
    /// The number of the last record.
    pub serial: u64,
    /// The epoch of the last lock.
    pub epoch: u64,
    /// The objects, in the order of their keys.
    #[serde(with = "as_list")]
    pub objects: BTreeMap<Key, Object>,
    /// Operations that were begun and not ended: the next run that changes things settles them first.
    #[serde(default)]
    pub intents: BTreeMap<SmolStr, Intent>,
    /// The exported values, as of the last run that changed things.
    #[serde(default)]
    pub exports: Map,
    /// Mean duration of operations in milliseconds, by `type verb`: for estimates and for the order of work.
    #[serde(default)]
    pub durations: BTreeMap<SmolStr, u64>,
    /// The wrapped key of the secrets, once there is one. Opaque here; see [`seal`](crate::seal).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seal: Option<SmolStr>,
}

impl State {
    /// The object of an address that is in use: not deposed. The newest, should there be several.
    pub fn current(&self, address: &Address) -> Option<&Object> {
        self.generations(address).rfind(|o| o.status != Status::Deposed)
    }

    /// Every object of an address, oldest first.
    pub fn generations(&self, address: &Address) -> impl DoubleEndedIterator<Item = &Object> {
        let first = Key::new(address.clone(), 0);
        let last = Key::new(address.clone(), u32::MAX);
        self.objects.range(first..=last).map(|(_, o)| o)
    }
}

/// A map from key to object is stored as the list of its objects: JSON has only text for keys.
mod as_list {
    use std::collections::BTreeMap;

    use serde::{Deserialize as _, Deserializer, Serializer};

    use super::{Key, Object};

    pub(super) fn serialize<S: Serializer>(objects: &BTreeMap<Key, Object>, s: S) -> Result<S::Ok, S::Error> {
        s.collect_seq(objects.values())
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(d: D) -> Result<BTreeMap<Key, Object>, D::Error> {
        let objects = Vec::<Object>::deserialize(d)?;
        Ok(objects.into_iter().map(|o| (o.key.clone(), o)).collect())
    }
}
