//! What a plan shows as one entry: an operation, with both legs of a replacement as one.
use purlin_core::{SmolStr, Value, options::ReplaceOrder, schema::Outage};
use purlin_engine::{Action, Cause, Change, Op, Plan};

use crate::{schemas::Schemas, views::text::Role};

/// What an entry is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A new object.
    Create,
    /// A change in place.
    Update,
    /// A new object in place of the old one.
    Replace(ReplaceOrder),
    /// An object goes.
    Delete,
    /// An object is taken over.
    Adopt,
    /// An object has a new address.
    Move,
    /// An object is dropped from the state.
    Forget,
}

impl Kind {
    /// The sign before the word.
    pub fn sign(self) -> &'static str {
        match self {
            Self::Create => "+",
            Self::Update => "~",
            Self::Replace(_) => "±",
            Self::Delete => "-",
            Self::Adopt => "&",
            Self::Move => "→",
            Self::Forget => "x",
        }
    }

    /// The word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Update => "update",
            Self::Replace(_) => "replace",
            Self::Delete => "delete",
            Self::Adopt => "adopt",
            Self::Move => "move",
            Self::Forget => "forget",
        }
    }

    /// The colour.
    pub fn role(self) -> Role {
        match self {
            Self::Create | Self::Adopt => Role::Add,
            Self::Update | Self::Move => Role::Change,
            Self::Replace(_) => Role::Replace,
            Self::Delete | Self::Forget => Role::Remove,
        }
    }
}

/// An entry.
#[derive(Clone, Debug)]
pub struct Item<'a> {
    /// What it is about.
    pub kind: Kind,
    /// The operation; of a replacement, the create.
    pub op: &'a Op,
    /// What it costs those who use the object, in sentences. Empty: nothing.
    pub costs: Vec<String>,
}

impl Item<'_> {
    /// True when a person should look at it first.
    pub fn is_painful(&self) -> bool {
        matches!(self.kind, Kind::Replace(_)) || !self.costs.is_empty()
    }
}

/// The entries of a plan, in the plan's order. Bookkeeping and the second legs of replacements are part of others.
pub fn items<'a>(plan: &'a Plan, schemas: &Schemas) -> Vec<Item<'a>> {
    let kind = |op: &Op| match (&op.action, op.replaces) {
        (Action::Create, Some(replacement)) => Some(Kind::Replace(replacement.order)),
        (Action::Create, None) => Some(Kind::Create),
        (Action::Update, _) => Some(Kind::Update),
        (Action::Delete, None) => Some(Kind::Delete),
        (Action::Adopt, _) => Some(Kind::Adopt),
        (Action::Move { .. }, _) => Some(Kind::Move),
        (Action::Forget, _) => Some(Kind::Forget),
        (Action::Delete, Some(_)) | (Action::Detach | Action::Record, _) => None,
    };
    plan.ops.iter().filter_map(|op| kind(op).map(|kind| Item { kind, op, costs: costs(kind, op, schemas) })).collect()
}

/// How many operations only write into the state.
pub(super) fn bookkeeping(plan: &Plan) -> usize {
    plan.ops.iter().filter(|op| matches!(op.action, Action::Record)).count()
}

fn costs(kind: Kind, op: &Op, schemas: &Schemas) -> Vec<String> {
    let schema = schemas.get(&op.key.address.ty);
    let stateful = schema.is_some_and(|s| s.stateful);
    let mut costs = Vec::new();
    match kind {
        Kind::Replace(order) => {
            if order == ReplaceOrder::DeleteFirst {
                costs.push("the old one is deleted first: it is away until the new one is made".to_owned());
            }
            if stateful {
                costs.push("the data in the old one is deleted with it".to_owned());
            }
        }
        Kind::Delete if stateful && !op.causes.contains(&Cause::Deposed) => {
            costs.push("the data in it is deleted with it".to_owned());
        }
        Kind::Update | Kind::Adopt => {
            for change in &op.changes {
                match schema.and_then(|s| s.field(&change.field)).map(|f| f.outage) {
                    Some(Outage::Restart) => {
                        costs.push(format!("a change of `{}` restarts it: it is away for a while", change.field));
                    }
                    Some(Outage::DataLoss) => costs.push(format!("a change of `{}` destroys data", change.field)),
                    Some(Outage::None) | None => {}
                }
            }
        }
        Kind::Create | Kind::Delete | Kind::Move | Kind::Forget => {}
    }
    costs
}

/// What makes two entries look the same but for their names; those with equal keys are shown as one, with a count.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Likeness {
    word: &'static str,
    ty: SmolStr,
    causes: Vec<Cause>,
    maybe: bool,
    costs: Vec<String>,
    fields: Vec<SmolStr>,
}

/// The likeness of an entry.
pub(super) fn likeness(item: &Item<'_>) -> Likeness {
    Likeness {
        word: item.kind.word(),
        ty: item.op.key.address.ty.clone(),
        causes: item.op.causes.clone(),
        maybe: item.op.maybe,
        costs: item.costs.clone(),
        fields: item.op.changes.iter().map(|c| c.field.clone()).collect(),
    }
}

/// True when entries of one likeness may be shown as one. New objects may differ in up to three fields with short
/// values, which are all shown; a change of what exists has to be the same in every field.
pub(super) fn groups(items: &[&Item<'_>]) -> bool {
    let Some(first) = items.first() else { return false };
    let others = |at: usize| items.iter().map(move |item| item.op.changes.get(at));
    let differs = |(at, change): &(usize, &Change)| {
        others(*at).any(|c| c.is_none_or(|c| (&c.before, &c.after) != (&change.before, &change.after)))
    };
    let differing: Vec<usize> = first.op.changes.iter().enumerate().filter(differs).map(|(at, _)| at).collect();
    let short = || differing.iter().all(|at| others(*at).flatten().all(|c| is_short(&c.after)));
    let may_differ = if first.kind == Kind::Create { 3 } else { 0 };
    items.len() > 1 && first.kind != Kind::Move && differing.len() <= may_differ && (differing.is_empty() || short())
}

fn is_short(value: &Value) -> bool {
    match value {
        Value::List(_) | Value::Map(_) => false,
        Value::Str(text) => text.len() <= 60 && !text.contains('\n'),
        _ => true,
    }
}
