//! Why an operation is in a plan, in words: the one place where [`Cause`]s become text.
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

/// How a replacement goes, as a sentence.
pub fn order(order: ReplaceOrder) -> &'static str {
    match order {
        ReplaceOrder::CreateFirst => "the new one is made first, then the old one is deleted",
        ReplaceOrder::DeleteFirst => "the old one is deleted first: it is away until the new one is made",
    }
}

/// A code for documents: `create-first`.
pub fn order_code(order: ReplaceOrder) -> &'static str {
    match order {
        ReplaceOrder::CreateFirst => "create-first",
        ReplaceOrder::DeleteFirst => "delete-first",
    }
}

/// The chain of replacements that leads to this one, from the nearest to the root: what its field waits for is replaced itself.
pub fn chain<'a>(plan: &'a Plan, op: &'a Op) -> Vec<&'a Op> {
    let mut chain: Vec<&Op> = Vec::new();
    let mut at = op;
    while let Some(next) = upstream(plan, at) {
        if std::ptr::eq(next, op) || chain.iter().any(|seen| std::ptr::eq(*seen, next)) {
            break;
        }
        chain.push(next);
        at = next;
    }
    chain
}

fn upstream<'a>(plan: &'a Plan, op: &Op) -> Option<&'a Op> {
    let forced = op.causes.iter().find_map(|cause| match cause {
        Cause::ReplacedBecause { field } => {
            let change = op.changes.iter().find(|c| c.field == *field)?;
            let unknown = change.after.first_unknown()?;
            unknown.cause.rsplit_once('.').map(|(path, _)| path.to_owned())
        }
        Cause::MayChange { cause, .. } => cause.rsplit_once('.').map(|(path, _)| path.to_owned()),
        Cause::DependencyReplaced { on } => Some(on.address.path.to_string()),
        _ => None,
    })?;
    plan.ops.iter().find(|other| {
        other.key.address.path == forced && matches!(other.action, Action::Create) && other.replaces.is_some()
    })
}
