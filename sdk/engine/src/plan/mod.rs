//! [`Plan`]: a table of operations that refer to each other by index. It is printed, saved and executed as written.
//!
//! It is made by [`make`](mod@make) (evaluate and diff, node by node in the order of the program), then completed by passes, each a pure
//! function: [`deletes`], [`edges`], [`select`], [`check`]. [`moves`] runs before and, for detected moves, between two rounds.
pub mod check;
pub mod deletes;
pub mod diff;
pub mod edges;
pub mod make;
pub mod moves;
pub mod names;
pub mod scope;
pub mod select;
pub mod wanted;

use std::{collections::BTreeMap, fmt};

use purlin_core::{Diagnostic, SmolStr, SourceLine, Value, options::ReplaceOrder};
use purlin_state::Key;
use serde::{Deserialize, Serialize};

/// An operation of a plan; an index into [`Plan::ops`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct OpId(pub u32);

impl OpId {
    /// The position in [`Plan::ops`].
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// What a run would do.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    /// The stack's name.
    pub stack: SmolStr,
    /// What it is for.
    pub goal: Goal,
    /// The operations. Not in the order of execution: that follows from what each needs.
    pub ops: Vec<Op>,
    /// How many resources stay as they are.
    pub unchanged: usize,
    /// Exported values that change; `after` is null for one that is gone.
    pub exports: Vec<ExportChange>,
    /// What a person should know: drift in ignored fields, a move that was not clear, a partial plan.
    pub notes: Vec<Diagnostic>,
    /// True when a selection leaves operations out.
    pub partial: bool,
}

/// What a plan is for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Goal {
    /// Make the world as the program says.
    #[default]
    Apply,
    /// Remove everything that the state holds.
    Destroy,
}

/// An operation on one object.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Op {
    /// The object.
    #[serde(flatten)]
    pub key: Key,
    /// What is done.
    pub action: Action,
    /// The physical id, where it exists already.
    pub id: Option<SmolStr>,
    /// Why.
    pub causes: Vec<Cause>,
    /// Field by field, in the order of the type.
    pub changes: Vec<Change>,
    /// The other leg, where this is one of a replacement.
    pub replaces: Option<Replacement>,
    /// True when it depends on a value that is not known yet whether this is done at all.
    pub maybe: bool,
    /// What must have happened before.
    pub needs: Vec<Need>,
    /// How long it will take, in milliseconds: learned, else the type's estimate.
    pub estimate: u64,
    /// The line of the program.
    pub location: Option<SourceLine>,
}

/// What an operation does to its object.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Action {
    /// Make it.
    Create,
    /// Bring it to what is wanted.
    Update,
    /// Unset links for the time in which what they refer to is replaced; an update sets them again.
    Detach,
    /// Remove it.
    Delete,
    /// Take over an object that exists.
    Adopt,
    /// Give it another address in the state. No call is made.
    Move {
        /// The old key.
        from: Key,
    },
    /// Leave it in the world and drop it from the state. No call is made.
    Forget,
    /// Write options or edges into the state. No call is made.
    Record,
}

impl Action {
    /// True when it makes calls.
    pub fn is_external(&self) -> bool {
        !matches!(self, Self::Move { .. } | Self::Forget | Self::Record)
    }
}

/// Why an operation is in the plan.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Cause {
    /// The program has it and the state does not.
    New,
    /// The state has it and the program does not.
    Removed,
    /// Everything is to be removed.
    Destroy,
    /// The program wants another value.
    FieldChanged {
        /// The field.
        field: SmolStr,
    },
    /// The world has another value than was applied.
    Drifted {
        /// The field.
        field: SmolStr,
    },
    /// A field waits for a value that may differ.
    MayChange {
        /// The field.
        field: SmolStr,
        /// The output it waits for: `net/vpc.id`.
        cause: SmolStr,
    },
    /// The field can only be set at create.
    ReplacedBecause {
        /// The field.
        field: SmolStr,
    },
    /// What it is attached to is deleted before it is made again, so this goes too.
    DependencyReplaced {
        /// The dependency.
        on: Key,
    },
    /// It is now made by another provider.
    ProviderChanged {
        /// The identity of the old one.
        from: SmolStr,
    },
    /// The object is gone from the world.
    Missing,
    /// An earlier run did not finish it.
    Unfinished,
    /// It was replaced by an earlier run and still exists.
    Deposed,
    /// It exists, and the program says to take it over.
    Adopted,
    /// The program says that it had another address.
    Moved,
    /// The same object, by its fields, had another address.
    MoveDetected,
    /// Protection or retention changes.
    OptionsChanged,
    /// Its edges change.
    EdgesChanged,
}

/// A field that changes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Change {
    /// The field.
    pub field: SmolStr,
    /// As it is: the live value, else what was last applied.
    pub before: Value,
    /// As it is wanted; unknown where it waits for an operation.
    pub after: Value,
    /// The program wants what was last applied: the world has moved.
    pub drift: bool,
    /// The change makes a new object.
    pub replace: bool,
}

/// The two legs of a replacement.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Replacement {
    /// The other leg: the delete of a create, the create of a delete.
    pub other: OpId,
    /// Which comes first.
    #[serde(with = "order")]
    pub order: ReplaceOrder,
}

/// What an operation waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Need {
    /// The other operation.
    pub op: OpId,
    /// How far it must have come.
    pub until: Milestone,
}

/// How far an operation has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Milestone {
    /// The object exists.
    Exists,
    /// The operation is done: the object is ready, or gone.
    Done,
}

/// An exported value that changes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ExportChange {
    /// Its name.
    pub name: SmolStr,
    /// As it is; null for a new one.
    pub before: Value,
    /// As it will be; null for one that is gone.
    pub after: Value,
}

/// How a plan is made.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlanOptions {
    /// What it is for.
    pub goal: Goal,
    /// What is read before.
    pub refresh: Refresh,
    /// Only these paths (a component's path selects all below it), with what they need.
    pub target: Vec<String>,
    /// All but these paths, and what needs them.
    pub exclude: Vec<String>,
    /// Replace these though nothing asks for it.
    pub replace: Vec<String>,
    /// At most so many deletes (replacements count).
    pub max_delete: Option<usize>,
    /// At most so many replacements.
    pub max_replace: Option<usize>,
}

/// What is read before a plan.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Refresh {
    /// Every object: batched by type, so it is cheap; a plan then never lies.
    #[default]
    All,
    /// What the plan would change or delete, what those are made from, and what was not seen for an hour.
    Auto,
    /// Nothing: the plan is made from the state alone.
    None,
}

impl Plan {
    /// The operation.
    pub fn op(&self, id: OpId) -> &Op {
        &self.ops[id.index()]
    }

    /// True when there is nothing to do.
    pub fn is_empty(&self) -> bool {
        self.ops.is_empty() && self.exports.is_empty()
    }

    /// The operations with their ids.
    pub fn iter(&self) -> impl Iterator<Item = (OpId, &Op)> {
        self.ops.iter().enumerate().map(|(i, op)| (OpId(u32::try_from(i).unwrap_or(u32::MAX)), op))
    }

    /// How many operations of each kind; a replacement counts once.
    pub fn summary(&self) -> Summary {
        let mut summary = Summary { unchanged: self.unchanged, ..Summary::default() };
        for op in &self.ops {
            match (&op.action, &op.replaces) {
                (Action::Create, Some(_)) => summary.replace += 1,
                (Action::Delete, Some(_)) | (Action::Detach | Action::Record, _) => {}
                (Action::Create, None) => summary.create += 1,
                (Action::Update, _) => summary.update += 1,
                (Action::Delete, None) => summary.delete += 1,
                (Action::Adopt, _) => summary.adopt += 1,
                (Action::Move { .. }, _) => summary.moved += 1,
                (Action::Forget, _) => summary.forget += 1,
            }
        }
        summary
    }
}

/// Operations of a plan, counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Summary {
    /// New objects.
    pub create: usize,
    /// Objects that change in place.
    pub update: usize,
    /// Objects that are replaced.
    pub replace: usize,
    /// Objects that are deleted.
    pub delete: usize,
    /// Objects that are taken over.
    pub adopt: usize,
    /// Objects with a new address.
    pub moved: usize,
    /// Objects that are dropped from the state only.
    pub forget: usize,
    /// Objects that stay as they are.
    pub unchanged: usize,
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parts = [
            (self.create, "to create"),
            (self.update, "to update"),
            (self.replace, "to replace"),
            (self.delete, "to delete"),
            (self.adopt, "to adopt"),
            (self.moved, "to move"),
            (self.forget, "to forget"),
        ];
        let mut any = false;
        for (count, what) in parts.into_iter().filter(|(count, _)| *count > 0) {
            write!(f, "{}{count} {what}", if any { ", " } else { "" })?;
            any = true;
        }
        write!(f, "{}{} unchanged", if any { ", " } else { "" }, self.unchanged)
    }
}

/// Answers, identities and digests that a plan was made with; see [`crate::saved`].
pub type Identities = BTreeMap<SmolStr, SmolStr>;

mod order {
    use purlin_core::options::ReplaceOrder;
    use serde::{Deserialize as _, Deserializer, Serializer};

    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
    pub(super) fn serialize<S: Serializer>(order: &ReplaceOrder, s: S) -> Result<S::Ok, S::Error> {
        s.serialize_str(match order {
            ReplaceOrder::CreateFirst => "create-first",
            ReplaceOrder::DeleteFirst => "delete-first",
        })
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(d: D) -> Result<ReplaceOrder, D::Error> {
        Ok(match String::deserialize(d)?.as_str() {
            "delete-first" => ReplaceOrder::DeleteFirst,
            _ => ReplaceOrder::CreateFirst,
        })
    }
}
