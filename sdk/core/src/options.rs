//! [`Options`]: how a resource is treated, apart from what it is. Set through [`Configure`], on any resource's arguments.
use std::time::Duration;

use smol_str::SmolStr;

use crate::{Handle, NodeId, Resource, graph::ProviderId, resource::Field};

/// The options of a resource. All are values: they may come from settings.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// Made after these, and deleted before them, though no field refers to them.
    pub depends_on: Vec<NodeId>,
    /// Refuse to delete or replace it. Kept in the state: it holds when the code is gone.
    pub protect: bool,
    /// Fields whose changes outside are left alone after the create.
    pub ignore_changes: Vec<&'static str>,
    /// Forget it instead of deleting it.
    pub retain: bool,
    /// The order of a replacement, where the engine's own choice is not wanted.
    pub replace_order: Option<ReplaceOrder>,
    /// What it was called before.
    pub formerly: Vec<Formerly>,
    /// Take over the object with this id instead of making one.
    pub adopt: Option<SmolStr>,
    /// How long its operations may take.
    pub timeouts: Timeouts,
    /// Who makes it; by default the stack's provider of its kind.
    pub provider: Option<ProviderId>,
}

/// The order of a replacement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReplaceOrder {
    /// Make the new one, move dependents over, delete the old one.
    CreateFirst,
    /// Delete the old one, then make the new one.
    DeleteFirst,
}

/// What a resource was called before: a path, a type, or both.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Formerly {
    /// The old path, from the root of the stack.
    pub path: Option<SmolStr>,
    /// The old type.
    pub ty: Option<SmolStr>,
}

/// How long operations may take, from the call until the object is ready or gone. None: the engine's default, 30 minutes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Timeouts {
    /// Create, until it is ready.
    pub create: Option<Duration>,
    /// Update, until it is ready again.
    pub update: Option<Duration>,
    /// Delete, until it is gone.
    pub delete: Option<Duration>,
}

/// Setters of options, on any resource's arguments.
pub trait Configure: Sized {
    /// The type that is configured.
    type Resource: Resource;

    /// The options.
    fn options_mut(&mut self) -> &mut Options;

    /// Made after `other`, and deleted before it, though no field refers to it.
    #[must_use]
    fn depends_on<R: Resource>(mut self, other: &Handle<R>) -> Self {
        self.options_mut().depends_on.push(other.node());
        self
    }

    /// Refuse to delete or replace it.
    #[must_use]
    fn protect(mut self, protect: bool) -> Self {
        self.options_mut().protect = protect;
        self
    }

    /// Leave changes of these fields alone once it is made: `.ignore_changes([Bucket::TAGS])`.
    #[must_use]
    fn ignore_changes(mut self, fields: impl IntoIterator<Item = Field<Self::Resource>>) -> Self {
        self.options_mut().ignore_changes.extend(fields.into_iter().map(|f| f.name()));
        self
    }

    /// When it leaves the program, forget it instead of deleting it.
    #[must_use]
    fn retain(mut self, retain: bool) -> Self {
        self.options_mut().retain = retain;
        self
    }

    /// Chooses the order of a replacement.
    #[must_use]
    fn replace_order(mut self, order: ReplaceOrder) -> Self {
        self.options_mut().replace_order = Some(order);
        self
    }

    /// The path it had before (from the root of the stack): it is moved, not replaced.
    #[must_use]
    fn formerly(mut self, path: impl Into<SmolStr>) -> Self {
        self.options_mut().formerly.push(Formerly { path: Some(path.into()), ty: None });
        self
    }

    /// The type it had before, at the same path.
    #[must_use]
    fn formerly_type(mut self, ty: impl Into<SmolStr>) -> Self {
        self.options_mut().formerly.push(Formerly { path: None, ty: Some(ty.into()) });
        self
    }

    /// Take over the object with this id. Differences are planned as an update.
    #[must_use]
    fn adopt(mut self, id: impl Into<SmolStr>) -> Self {
        self.options_mut().adopt = Some(id.into());
        self
    }

    /// How long its operations may take.
    #[must_use]
    fn timeouts(mut self, timeouts: Timeouts) -> Self {
        self.options_mut().timeouts = timeouts;
        self
    }

    /// Who makes it.
    #[must_use]
    fn provider(mut self, provider: ProviderId) -> Self {
        self.options_mut().provider = Some(provider);
        self
    }
}

/// The names that [`Configure`] takes for itself: a field cannot have one of them.
pub const RESERVED: &[&str] = &[
    "new",
    "id",
    "depends_on",
    "protect",
    "ignore_changes",
    "retain",
    "replace_order",
    "formerly",
    "formerly_type",
    "adopt",
    "timeouts",
    "provider",
    "options_mut",
];
