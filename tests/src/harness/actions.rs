//! [`actions`]: the calls that each verb really made, against the IAM actions that its type declares.
//!
//! What is declared is what `permissions` tells people to allow: one too few and an apply is refused half-way, one too
//! many and nobody can trust the list. So both are errors. A verb may also use what is declared for `read`, since nothing
//! is applied or destroyed without reads.
use std::collections::{BTreeMap, BTreeSet};

use super::{
    broken::{Broken, Result},
    cases::{Spec, Subject},
    iam, kills, life,
    watch::{Seen, Verb},
};

/// Compares the IAM actions that a type declares with the calls of its verbs, over the straight life and a create whose
/// answer is lost. Gives how many actions were declared and seen.
///
/// # Errors
/// Every action that was needed and is not declared, or is declared and was never needed.
pub fn actions<S: Subject + ?Sized>(cases: &S) -> Result<usize> {
    let spec = cases.spec();
    let life = life::live(spec)?;
    let lost = kills::lost_answer(spec, &life)?;
    compare(spec, life.log.iter().chain(&lost))
}

/// The list of a schema under which the calls of a verb fall.
fn list(verb: Verb) -> &'static str {
    match verb {
        Verb::Create => "create",
        Verb::Sync => "sync",
        Verb::Delete => "delete",
        Verb::Read | Verb::Ready | Verb::Find => "read",
    }
}

pub(super) fn compare<'a>(spec: &Spec, log: impl Iterator<Item = &'a Seen>) -> Result<usize> {
    let schema = spec.schema;
    let declared: BTreeMap<&str, BTreeSet<&str>> = [
        ("create", schema.actions.create),
        ("read", schema.actions.read),
        ("sync", schema.actions.sync),
        ("delete", schema.actions.delete),
    ]
    .map(|(name, actions)| (name, actions.iter().copied().collect()))
    .into();
    let tagged = schema.fields.iter().any(|f| f.default_tags);

    let (mut faults, mut needed) = (BTreeSet::new(), BTreeSet::new());
    for seen in log.filter(|seen| seen.ty == schema.name) {
        let list = list(seen.verb);
        for call in &seen.calls {
            let needs = iam::needed(&call.service, &call.operation);
            let must = [Some(needs.action.clone()), needs.tagging.filter(|_| tagged).map(str::to_owned)];
            for action in must.into_iter().flatten() {
                if !declared[list].contains(&*action) && !declared["read"].contains(&*action) {
                    faults.insert(format!("`{list}` calls {}, which needs {action}: not declared", call.name()));
                }
                needed.insert((list, action));
            }
            needed.extend(needs.along.iter().map(|action| (list, (*action).to_owned())));
        }
    }
    let mut excused = BTreeSet::new();
    for (list, actions) in &declared {
        for action in actions.iter().filter(|action| !needed.contains(&(*list, (**action).to_owned()))) {
            if spec.unseen.iter().any(|(name, _)| name == action) {
                excused.insert(*action);
            } else {
                faults.insert(format!("`{list}` declares {action}: never needed"));
            }
        }
    }
    for (action, reason) in spec.unseen.iter().filter(|(action, _)| !excused.contains(action)) {
        faults.insert(format!(
            "{action} is said to be unseen (\"{reason}\"), but it is not declared, or needed everywhere"
        ));
    }
    if faults.is_empty() {
        return Ok(declared.values().map(BTreeSet::len).sum::<usize>() - excused.len());
    }
    let what = faults.into_iter().map(|fault| format!("\n  {fault}")).collect();
    Err(Broken { ty: schema.name, step: "actions".to_owned(), what })
}
