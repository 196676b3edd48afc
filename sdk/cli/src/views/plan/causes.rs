//! Why an operation is in a plan, in words: the one place where [`Cause`]s become text.
use std::collections::BTreeMap;

use purlin_core::options::ReplaceOrder;
use purlin_engine::{Action, Cause, Op, Plan};

/// The reason, to stand on its own; none where the sign and the fields say it all.
pub fn words(cause: &Cause) -> Option<String> {
    Some(match cause {
        Cause::New | Cause::Destroy | Cause::FieldChanged { .. } => return None,
        Cause::Removed => "because the program no longer has it".to_owned(),
        Cause::Drifted { field } => format!("because `{field}` was changed outside of this program"),
        Cause::MayChange { field, cause } => format!("only if `{field}` turns out different: it waits for {cause}"),
        Cause::ReplacedBecause { field } => format!("because `{field}` can only be set when it is made"),
        Cause::DependencyReplaced { on } => {
            format!("because `{on}` is deleted before it is made again, and this is attached to it")
        }
        Cause::ProviderChanged { from } => format!("because another provider makes it now; it was {from}"),
        Cause::Missing => "because it is gone from the world".to_owned(),
        Cause::Unfinished => "because an earlier run did not finish it".to_owned(),
        Cause::Deposed => "because an earlier run replaced it, and it still exists".to_owned(),
        Cause::Adopted => "because it exists, and the program takes it over".to_owned(),
        Cause::Moved => "because the program says that it had another address".to_owned(),
        Cause::MoveDetected => "because the same object, by its fields, had another address".to_owned(),
        Cause::OptionsChanged => "because its options change".to_owned(),
        Cause::EdgesChanged => "because what it depends on changes".to_owned(),
    })
}

/// A code for documents: `field-changed`.
pub fn code(cause: &Cause) -> &'static str {
    match cause {
        Cause::New => "new",
        Cause::Removed => "removed",
        Cause::Destroy => "destroy",
        Cause::FieldChanged { .. } => "field-changed",
        Cause::Drifted { .. } => "drifted",
        Cause::MayChange { .. } => "may-change",
        Cause::ReplacedBecause { .. } => "replaced-because",
        Cause::DependencyReplaced { .. } => "dependency-replaced",
        Cause::ProviderChanged { .. } => "provider-changed",
        Cause::Missing => "missing",
        Cause::Unfinished => "unfinished",
        Cause::Deposed => "deposed",
        Cause::Adopted => "adopted",
        Cause::Moved => "moved",
        Cause::MoveDetected => "move-detected",
        Cause::OptionsChanged => "options-changed",
        Cause::EdgesChanged => "edges-changed",
    }
}

/// A code for documents: `create-first`.
pub fn order_code(order: ReplaceOrder) -> &'static str {
    match order {
        ReplaceOrder::CreateFirst => "create-first",
        ReplaceOrder::DeleteFirst => "delete-first",
    }
}

/// The replacements of a plan, to follow what led to each.
pub struct Chains<'a>(BTreeMap<&'a str, &'a Op>);

/// A chain has at most so many links: the root of a longer one is far from what is asked.
const LINKS: usize = 16;

impl<'a> Chains<'a> {
    /// The replacements of a plan.
    pub fn of(plan: &'a Plan) -> Self {
        let replaced = plan.ops.iter().filter(|op| matches!(op.action, Action::Create) && op.replaces.is_some());
        Self(replaced.map(|op| (op.key.address.path.as_str(), op)).collect())
    }

    /// The replacements that lead to this operation, from the nearest to the root: what its field waits for is
    /// replaced itself.
    pub fn to(&self, op: &Op) -> Vec<&'a Op> {
        let mut chain: Vec<&'a Op> = Vec::new();
        let mut at = self.upstream(op);
        while let Some(next) = at.filter(|next| chain.len() < LINKS && !chain.iter().any(|seen| seen.key == next.key)) {
            chain.push(next);
            at = self.upstream(next);
        }
        chain
    }

    /// What an operation follows from. One that has a reason of its own follows from nothing.
    fn upstream(&self, op: &Op) -> Option<&'a Op> {
        let change = |field: &str| op.changes.iter().find(|c| c.field == field);
        let mut from = None;
        for cause in &op.causes {
            match cause {
                Cause::ReplacedBecause { field } => {
                    let unknown = change(field)?.after.first_unknown()?;
                    from = Some(path_of(&unknown.cause));
                }
                Cause::MayChange { field, cause } if change(field).is_some_and(|c| c.replace) => {
                    from = from.or(Some(path_of(cause)));
                }
                Cause::DependencyReplaced { on } => from = Some(on.address.path.as_str()),
                _ => {}
            }
        }
        self.0.get(from?).copied()
    }
}

/// The path in the name of an output: `net/vpc` of `net/vpc.id`.
fn path_of(output: &str) -> &str {
    output.rsplit_once('.').map_or(output, |(path, _)| path)
}
