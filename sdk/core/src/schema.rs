//! [`Schema`]: a resource type as data. `#[derive(Resource)]` writes it; the engine, the views and the tests read it.
use std::{fmt, time::Duration};

use crate::{Map, Value, provider::ProviderKind};

/// A resource type.
pub struct Schema {
    /// `aws:s3:Bucket`
    pub name: &'static str,
    /// Counts up when the meaning of stored fields changes.
    pub version: u32,
    /// The doc comment of the struct.
    pub doc: &'static str,
    /// In the order of the struct.
    pub fields: &'static [FieldSpec],
    /// In the order of the struct.
    pub outputs: &'static [OutputSpec],
    /// The provider whose connection has the driver.
    pub provider: &'static dyn ProviderKind,
    /// IAM actions of each verb.
    pub actions: Actions,
    /// How an interrupted create is found.
    pub find: FindBy,
    /// How long a new object may stay unseen by reads: an absent answer counts only after this time has passed since the create.
    pub settle: Duration,
    /// Typical durations, until a stack has learned its own.
    pub estimate: Estimate,
    /// True when the type keeps data that a replacement or a delete destroys.
    pub stateful: bool,
    /// Objects that others make for one of these, and that may hold up its delete.
    pub children: &'static [&'static str],
    /// Computes outputs that are certain before the create. See [`crate::Lifecycle::predict`].
    pub predict: fn(&Map, &Facts<'_>) -> Map,
}

impl Schema {
    /// The field of this name.
    pub fn field(&self, name: &str) -> Option<&'static FieldSpec> {
        self.fields.iter().find(|f| f.name == name)
    }

    /// The output of this name.
    pub fn output(&self, name: &str) -> Option<&'static OutputSpec> {
        self.outputs.iter().find(|o| o.name == name)
    }
}

impl fmt::Debug for Schema {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

/// A field of a resource type.
#[derive(Debug)]
pub struct FieldSpec {
    /// Its name in programs, plans and state.
    pub name: &'static str,
    /// Its doc comment.
    pub doc: &'static str,
    /// Its Rust type, for people.
    pub ty: &'static str,
    /// An argument of `new`.
    pub required: bool,
    /// A change makes a new object.
    pub replace: bool,
    /// Two live objects may not share this value; see [`Unique`].
    pub unique: Option<Unique>,
    /// When unset, the engine makes a physical name by this rule.
    pub name_rule: Option<NameRule>,
    /// When unset, the service picks the value: what it picked is not a change.
    pub computed: bool,
    /// Cannot be read back: compared with what was last applied only.
    pub write_only: bool,
    /// Always secret.
    pub secret: bool,
    /// The type of the resource that this field refers to: `aws:ec2:Vpc`.
    pub refers_to: Option<fn() -> &'static str>,
    /// A reference that needs its target only to exist, not to be ready.
    pub exists: bool,
    /// A link that can be unset for the time in which its target is replaced.
    pub detach: bool,
    /// The provider's default tags are merged into this field.
    pub default_tags: bool,
    /// What a change costs those who use the object.
    pub outage: Outage,
    /// The value that an absent field stands for: none for an `Option` and for a required field, else `false`, `[]`, `{}` or the
    /// field's default. Whoever compares two maps of fields puts it in where a field is absent, so that a wanted `false` and a
    /// field that nobody set are equal.
    pub absent: fn() -> Value,
}

/// A uniqueness domain: old and new cannot exist side by side when they share the value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unique {
    /// The domain: `bucket`, `subnet-cidr`. Fields of several types may share one.
    pub domain: &'static str,
    /// Another field whose value narrows the domain: the CIDR of a subnet is unique within `vpc`.
    pub within: Option<&'static str>,
    /// How long the service refuses the value after a delete.
    pub cooldown: Duration,
}

/// How a physical name is made where the program gives none: `<stack>-<name>-<hash>`, cut to the limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NameRule {
    /// The service's limit in characters.
    pub max: usize,
    /// Only lower-case letters, digits and `-`.
    pub lower: bool,
    /// Put before the name: `alias/` for a KMS alias.
    pub prefix: &'static str,
}

/// What a change of a field costs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Outage {
    /// Nothing.
    #[default]
    None,
    /// A restart: the object is away for a while.
    Restart,
    /// Data is lost.
    DataLoss,
}

/// An output of a resource type.
#[derive(Debug)]
pub struct OutputSpec {
    /// Its name.
    pub name: &'static str,
    /// Its doc comment.
    pub doc: &'static str,
    /// Its Rust type, for people.
    pub ty: &'static str,
    /// Always secret.
    pub secret: bool,
    /// An update may change it. All other outputs stay as they are through an update.
    pub volatile: bool,
}

/// IAM actions of each verb, as `service:Action`.
#[derive(Clone, Copy, Debug, Default)]
pub struct Actions {
    /// The one mutating call and what it needs along (tagging, pass role).
    pub create: &'static [&'static str],
    /// Reads, also those of `find` and `ready`.
    pub read: &'static [&'static str],
    /// Everything that an update may call.
    pub sync: &'static [&'static str],
    /// Delete, with what is drained before.
    pub delete: &'static [&'static str],
}

impl Actions {
    /// For types without a cloud.
    pub const NONE: Self = Self { create: &[], read: &[], sync: &[], delete: &[] };
}

/// How an interrupted create is found again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FindBy {
    /// The same call with the same token gives the same object.
    Token,
    /// A name that is unique; our owner tag tells whether it is ours.
    Name,
    /// The operation's tag, set by the create call itself.
    Tag,
    /// The values that identify it: a rule in a group, a policy on a role.
    NaturalKey,
    /// Nothing exists outside the state: an interrupted create never happened.
    Nothing,
}

/// Typical durations of a type's operations.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Estimate {
    /// From the call until it is ready.
    pub create: Duration,
    /// From the first call until it is ready again.
    pub update: Duration,
    /// From the call until it is gone.
    pub delete: Duration,
}

impl Estimate {
    /// The same for all three.
    pub const fn all(duration: Duration) -> Self {
        Self { create: duration, update: duration, delete: duration }
    }
}

/// What is known of a provider before anything is made: for outputs that are certain at plan time.
#[derive(Clone, Copy, Debug)]
pub struct Facts<'a> {
    /// The provider's own: for AWS `account`, `region`, `partition`.
    pub provider: &'a Map,
}

impl Facts<'_> {
    /// A fact as text.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.provider.get(name)?.as_str()
    }
}
