//! Selections: a plan of only some resources, closed under what makes it safe.
//!
//! `--target` takes what is named and, of what that needs, only what is new or changes. `--exclude` leaves out what is named and all that
//! needs it. A selection that would break a resource outside of it is an error that names it.
use std::collections::BTreeSet;

use purlin_core::{Diagnostic, Error, Graph, Result, codes};
use purlin_state::State;

use super::{Action, Op, OpId, Plan, PlanOptions, make::Steps};

/// True when a path is one of the selected ones, or below one.
pub(crate) fn matches(selected: &[String], path: &str) -> bool {
    selected.iter().any(|s| path == s || (path.starts_with(s.as_str()) && path.as_bytes().get(s.len()) == Some(&b'/')))
}

/// Refuses a selection that names nothing: what was meant would be left out, or not left out, without a word.
pub(crate) fn check(graph: &Graph, state: &State, options: &PlanOptions) -> Result<()> {
    let lists = [("--target", &options.target), ("--exclude", &options.exclude), ("--replace", &options.replace)];
    let all = || {
        let program = graph.nodes.iter().map(|n| &n.address.path);
        program.chain(state.objects.keys().map(|k| &k.address.path))
    };
    let mut errors = Vec::new();
    for (flag, selected) in lists {
        for path in selected.iter().filter(|path| !all().any(|p| matches(std::slice::from_ref(path), p))) {
            let message = format!("`{flag} {path}` names nothing: neither the program nor the state has such a path");
            let told = Diagnostic::new(codes::TARGET_UNKNOWN, message).note("nothing was changed");
            errors.push(told.help("write a path as the plan shows it; a component's path selects all below it"));
        }
    }
    if errors.is_empty() { Ok(()) } else { Err(Error::Many(errors)) }
}

/// Leaves out what is not selected.
pub(crate) fn apply(plan: &mut Plan, steps: &mut Steps, options: &PlanOptions) -> Result<()> {
    if options.target.is_empty() && options.exclude.is_empty() {
        return Ok(());
    }
    let mut kept: BTreeSet<OpId> = plan.iter().map(|(id, _)| id).collect();
    if !options.target.is_empty() {
        kept = targeted(plan, &options.target)?;
    }
    if !options.exclude.is_empty() {
        exclude(plan, &options.exclude, &mut kept);
    }
    let whole = kept.len() == plan.ops.len();
    retain(plan, steps, &kept);
    plan.partial = !whole;
    if !whole {
        // An exported value may hang on what was left out: it keeps what it has.
        plan.exports.clear();
    }
    Ok(())
}

fn targeted(plan: &Plan, target: &[String]) -> Result<BTreeSet<OpId>> {
    let named: Vec<OpId> =
        plan.iter().filter(|(_, op)| matches(target, &op.key.address.path)).map(|(id, _)| id).collect();
    let mut kept = BTreeSet::new();
    let mut open = named;
    let mut errors = Vec::new();
    while let Some(id) = open.pop() {
        if !kept.insert(id) {
            continue;
        }
        let op = plan.op(id);
        if let Some(replaces) = op.replaces {
            open.push(replaces.other);
        }
        for need in &op.needs {
            let other = plan.op(need.op);
            let outside = !matches(target, &other.key.address.path);
            if removes(op) && outside && !is_leg(op, need.op) {
                errors.push(unsafe_target(op, other));
            } else {
                open.push(need.op);
            }
        }
    }
    if errors.is_empty() { Ok(kept) } else { Err(Error::Many(errors)) }
}

fn removes(op: &Op) -> bool {
    matches!(op.action, Action::Delete | Action::Forget)
}

fn is_leg(op: &Op, other: OpId) -> bool {
    op.replaces.is_some_and(|r| r.other == other)
}

fn unsafe_target(op: &Op, other: &Op) -> Diagnostic {
    let told = Diagnostic::new(
        codes::TARGET_UNSAFE,
        format!("deleting `{}` would break `{}`, which is not selected", op.key, other.key),
    );
    let told = told.at(op.key.address.path.clone()).help(format!("add `--target {}`", other.key.address.path));
    match &op.location {
        Some(line) => told.line(line.clone()),
        None => told,
    }
}

fn exclude(plan: &Plan, excluded: &[String], kept: &mut BTreeSet<OpId>) {
    kept.retain(|id| !matches(excluded, &plan.op(*id).key.address.path));
    loop {
        let before = kept.len();
        let whole = |id: &OpId| {
            let op = plan.op(*id);
            op.needs.iter().all(|n| kept.contains(&n.op)) && op.replaces.is_none_or(|r| kept.contains(&r.other))
        };
        let next: BTreeSet<OpId> = kept.iter().filter(|id| whole(id)).copied().collect();
        *kept = next;
        if kept.len() == before {
            return;
        }
    }
}

/// Keeps some operations and numbers them anew.
fn retain(plan: &mut Plan, steps: &mut Steps, kept: &BTreeSet<OpId>) {
    let mut number = vec![None; plan.ops.len()];
    for (new, old) in kept.iter().enumerate() {
        number[old.index()] = Some(OpId(u32::try_from(new).unwrap_or(u32::MAX)));
    }
    let renumber = |id: OpId| number[id.index()];
    let ops = std::mem::take(&mut plan.ops);
    plan.ops = ops
        .into_iter()
        .enumerate()
        .filter(|(i, _)| number[*i].is_some())
        .map(|(_, mut op)| {
            op.needs = op.needs.iter().filter_map(|n| Some(super::Need { op: renumber(n.op)?, ..*n })).collect();
            op.replaces = op.replaces.and_then(|r| Some(super::Replacement { other: renumber(r.other)?, ..r }));
            op
        })
        .collect();
    let all = std::mem::take(&mut steps.steps);
    steps.steps = all.into_iter().enumerate().filter(|(i, _)| number[*i].is_some()).map(|(_, s)| s).collect();
}
