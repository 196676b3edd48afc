//! The last pass: refuses plans that must not be carried out.
use petgraph::{algo::tarjan_scc, graph::DiGraph};
use purlin_core::{Diagnostic, Error, Result, Value, codes};
use purlin_state::State;

use super::{Action, Change, Op, OpId, Plan, PlanOptions, make::Steps};
use crate::refresh::{LiveSet, Seen};

/// Refuses circles, protected resources that would go, and more deletes or replacements than are allowed.
pub(crate) fn all(plan: &Plan, steps: &Steps, state: &State, live: &LiveSet, options: &PlanOptions) -> Result<()> {
    let mut errors = protected(plan, steps, live);
    errors.extend(limits(plan, options));
    errors.extend(cycle(plan, state));
    if errors.is_empty() { Ok(()) } else { Err(Error::Many(errors)) }
}

fn protected(plan: &Plan, steps: &Steps, live: &LiveSet) -> Vec<Diagnostic> {
    // What is gone already cannot be protected any more.
    let exists = |op: &Op| !matches!(live.get(&op.key), Seen::Missing);
    let held = |id: OpId| steps.steps[id.index()].object.as_ref().is_some_and(|o| o.protect);
    let goes = |(id, op): &(OpId, &Op)| op.action == Action::Delete && exists(op) && held(*id);
    let told = |op: &Op| {
        let verb = if op.replaces.is_some() { "replace" } else { "delete" };
        let told = Diagnostic::new(codes::PROTECTED, format!("the plan would {verb} `{}`, which is protected", op.key))
            .at(op.key.address.path.clone())
            .help("to let it go: set `.protect(false)`, apply that, then make this plan again");
        match &op.location {
            Some(line) => told.line(line.clone()),
            None => told,
        }
    };
    plan.iter().filter(goes).map(|(_, op)| told(op)).collect()
}

fn limits(plan: &Plan, options: &PlanOptions) -> Vec<Diagnostic> {
    let summary = plan.summary();
    let deletes = plan.ops.iter().filter(|op| op.action == Action::Delete).count();
    let over = |what: &str, count: usize, limit: Option<usize>| {
        let limit = limit.filter(|limit| count > *limit)?;
        let told = Diagnostic::new(codes::LIMIT, format!("the plan {what} {count} resources; {limit} are allowed"));
        Some(told.help("review the plan, then raise the limit"))
    };
    [over("deletes", deletes, options.max_delete), over("replaces", summary.replace, options.max_replace)]
        .into_iter()
        .flatten()
        .collect()
}

/// The shortest circle, if there is one.
fn cycle(plan: &Plan, state: &State) -> Option<Diagnostic> {
    let mut graph = DiGraph::<OpId, ()>::with_capacity(plan.ops.len(), plan.ops.len() * 2);
    let nodes: Vec<_> = plan.iter().map(|(id, _)| graph.add_node(id)).collect();
    for (id, op) in plan.iter() {
        for need in &op.needs {
            graph.add_edge(nodes[id.index()], nodes[need.op.index()], ());
        }
    }
    let circle = tarjan_scc(&graph).into_iter().filter(|scc| scc.len() > 1).min_by_key(Vec::len)?;
    let inside: Vec<OpId> = circle.iter().map(|n| graph[*n]).collect();
    let shortest = inside.iter().filter_map(|start| around(plan, *start, &inside)).min_by_key(Vec::len)?;
    let mut told = Diagnostic::new(codes::CYCLE, "operations wait for each other in a circle");
    for pair in shortest.windows(2) {
        let (from, to) = (plan.op(pair[0]), plan.op(pair[1]));
        told = told.cause(format!("{} waits for {}{}", name(from), name(to), link(state, from, to)));
    }
    let help = "break the circle: move the link into a resource of its own, apply a part of the change first, or choose the other \
                `.replace_order(..)`";
    Some(told.help(help))
}

/// The shortest way from an operation back to itself.
fn around(plan: &Plan, start: OpId, inside: &[OpId]) -> Option<Vec<OpId>> {
    let mut from = std::collections::BTreeMap::new();
    let mut open = std::collections::VecDeque::from([start]);
    while let Some(op) = open.pop_front() {
        for need in plan.op(op).needs.iter().map(|n| n.op).filter(|n| inside.contains(n)) {
            if need == start {
                let mut way = vec![start, op];
                let mut at = op;
                while at != start {
                    at = *from.get(&at)?;
                    way.push(at);
                }
                way.reverse();
                return Some(way);
            }
            if let std::collections::btree_map::Entry::Vacant(place) = from.entry(need) {
                place.insert(op);
                open.push_back(need);
            }
        }
    }
    None
}

fn name(op: &Op) -> String {
    let verb = match op.action {
        Action::Create => "create",
        Action::Delete => "delete",
        Action::Detach => "detach",
        _ => "update",
    };
    format!("{verb} `{}`", op.key)
}

/// The field that makes an operation wait for another one: a reference, or a value that only one of the two can have.
fn link(state: &State, from: &Op, to: &Op) -> String {
    if from.key.address == to.key.address {
        return String::new();
    }
    let path = to.key.address.path.as_str();
    let of = |value: &Value| value.first_unknown().is_some_and(|u| u.cause.strip_prefix(path).is_some_and(is_output));
    let reads = || from.changes.iter().find(|c| of(&c.after)).map(|c| c.field.clone());
    let refers = |user: &Op, used: &Op| {
        let object = state.objects.get(&user.key)?;
        object.dependencies.iter().find(|d| d.on == used.key).and_then(|d| d.field.clone())
    };
    let takes = || {
        let leaving = state.objects.get(&to.key).filter(|_| to.action == Action::Delete)?;
        let same = |c: &&Change| !c.after.is_null() && leaving.fields.get(&c.field) == Some(&c.after);
        from.changes.iter().find(same).map(|c| c.field.clone())
    };
    let field = reads().or_else(|| refers(to, from)).or_else(|| refers(from, to)).or_else(takes);
    field.map_or_else(String::new, |field| format!(" (`{field}`)"))
}

fn is_output(rest: &str) -> bool {
    rest.starts_with('.')
}
