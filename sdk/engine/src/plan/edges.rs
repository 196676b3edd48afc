//! The order of a plan: what each operation waits for.
//!
//! - A create or update waits for the resources it is made from, until they are ready (or exist, where the field says that is enough).
//! - A delete waits for those that were made from the object, by the **recorded** edges: their deletes, or the updates that move them off.
//! - A replacement is create-first, unless old and new share a value of a uniqueness domain; the choice is per resource.
//! - Delete-first: dependents whose link cannot change are replaced too, deepest first; a detachable link is unset and set again; others are
//!   held, untouched. A new object also waits for the delete of another one that has its name.
use std::collections::{BTreeMap, BTreeSet, HashSet};

use purlin_core::{Address, Graph, Map, NodeId, Schema, SmolStr, Value, options::ReplaceOrder, schema::FieldSpec};
use purlin_state::{Key, Object, State};

use super::{
    Action, Cause, Change, Milestone, Need, Op, OpId,
    make::{Draft, Step},
    wanted,
};
use crate::connect::Connections;

/// The dependencies of an object that are about to be deleted before they are made again, and that it cannot be moved off: it has to
/// go too.
pub(crate) fn cascade(draft: &Draft<'_>, node: NodeId, object: &Object) -> Vec<Key> {
    if draft.removal.is_empty() && draft.early.is_empty() {
        return Vec::new();
    }
    let schema = draft.graph.node(node).schema;
    let bound = |d: &&purlin_state::Dependency| {
        let link = d.field.as_ref().and_then(|f| schema.field(f)).is_some_and(|f| f.replace);
        link && delete_first(draft, &d.on)
    };
    let keys: BTreeSet<Key> = object.dependencies.iter().filter(bound).map(|d| d.on.clone()).collect();
    keys.into_iter().collect()
}

/// The links of an object that are unset while their target is away, with the target.
pub(crate) fn detachable(
    draft: &Draft<'_>,
    schema: &'static Schema,
    object: &Object,
) -> Vec<(&'static FieldSpec, Key)> {
    if draft.removal.is_empty() && draft.early.is_empty() {
        return Vec::new();
    }
    let links = object.dependencies.iter().filter_map(|d| Some((schema.field(d.field.as_ref()?)?, d.on.clone())));
    links.filter(|(spec, on)| spec.detach && delete_first(draft, on)).collect()
}

/// True for an object that is deleted before there is what takes its place: the new object of its own replacement, or another one that
/// takes its name.
fn delete_first(draft: &Draft<'_>, key: &Key) -> bool {
    if draft.early.contains(key) {
        return true;
    }
    let Some(op) = draft.removal.get(key) else { return false };
    draft.ops[op.index()].replaces.is_some_and(|r| r.order == ReplaceOrder::DeleteFirst)
}

/// Create-first, unless old and new would share a value that only one of them can have.
pub(crate) fn replace_order(schema: &Schema, old: &Object, new: &Map) -> ReplaceOrder {
    let shares = schema.fields.iter().any(|spec| {
        let Some(unique) = &spec.unique else { return false };
        let within = unique.within.is_none_or(|w| may_equal(old.fields.get(w), new.get(w)));
        let value = old.fields.get(spec.name);
        value.is_some() && within && may_equal(value, new.get(spec.name))
    });
    if shares { ReplaceOrder::DeleteFirst } else { ReplaceOrder::CreateFirst }
}

/// True unless the two certainly differ. The id of a new object differs from all others.
fn may_equal(old: Option<&Value>, new: Option<&Value>) -> bool {
    match new.and_then(Value::first_unknown) {
        Some(unknown) => !unknown.fresh,
        None => old == new,
    }
}

/// Completes the plan with what each operation waits for.
pub(crate) fn add(draft: &mut Draft<'_>) {
    detaches(draft);
    makes(draft);
    legs(draft);
    removals(draft);
    names(draft);
    deposed(draft);
    for op in &mut draft.ops {
        op.needs.sort_unstable();
        op.needs.dedup();
    }
}

fn need(draft: &mut Draft<'_>, op: OpId, on: OpId, until: Milestone) {
    if op != on {
        draft.ops[op.index()].needs.push(Need { op: on, until });
    }
}

/// Adds detaches: for updates of links whose target is deleted first.
fn detaches(draft: &mut Draft<'_>) {
    for i in 0..draft.graph.nodes.len() {
        let Some(update) = draft.primary[i] else { continue };
        let Some(object) = draft.steps[update.index()].object.clone() else { continue };
        let op = &draft.ops[update.index()];
        // The old object of a replacement that comes first would hold what it is linked to as well.
        let stays = op.replaces.is_some_and(|r| r.order == ReplaceOrder::CreateFirst);
        if op.action != Action::Update && !stays {
            continue;
        }
        let node = &draft.graph.nodes[i];
        let links = detachable(draft, node.schema, &object);
        if links.is_empty() {
            continue;
        }
        let absent = |spec: &FieldSpec| (spec.absent)();
        let changes = links
            .iter()
            .map(|(spec, _)| Change {
                field: SmolStr::new_static(spec.name),
                before: object.fields.get(spec.name).cloned().unwrap_or_else(|| absent(spec)),
                after: absent(spec),
                drift: false,
                replace: false,
            })
            .collect();
        let causes = links.iter().map(|(_, on)| Cause::DependencyReplaced { on: on.clone() }).collect();
        let live = draft.steps[update.index()].live.clone();
        let step = Step {
            node: None,
            detach: links.iter().map(|(spec, _)| spec.name).collect(),
            object: Some(object.clone()),
            live,
            missing: false,
        };
        let op = Op {
            key: object.key.clone(),
            action: Action::Detach,
            id: Some(object.id.clone()),
            causes,
            changes,
            replaces: None,
            maybe: false,
            needs: Vec::new(),
            estimate: draft.estimate(&object.key.address.ty, "update"),
            location: Some(node.location.clone()),
        };
        let detach = draft.push_op(op, step);
        draft.detaches.insert(object.key.clone(), detach);
        need(draft, update, detach, Milestone::Done);
        if let Some(leg) = draft.ops[update.index()].replaces {
            need(draft, leg.other, detach, Milestone::Done);
        }
    }
}

/// Creates, updates and records of new edges wait for what they are made from.
fn makes(draft: &mut Draft<'_>) {
    let graph = draft.graph;
    for (i, node) in graph.nodes.iter().enumerate() {
        let Some(op) = draft.primary[i] else { continue };
        let mut needs = Vec::new();
        wanted::visit(node, |on, field| {
            if let Some(made) = draft.primary[on.index()]
                && draft.ops[made.index()].action.is_external()
            {
                let until = if field.is_some_and(|f| f.exists) { Milestone::Exists } else { Milestone::Done };
                needs.push(Need { op: made, until });
            }
        });
        // Whether the old object of a replacement goes at all may hang on the same values as its successor.
        let leg = draft.ops[op.index()].replaces.filter(|_| draft.ops[op.index()].maybe).map(|r| r.other);
        if let Some(leg) = leg {
            let deciding: Vec<Need> = needs.iter().flat_map(|need| deciding(draft, *need)).collect();
            draft.ops[leg.index()].needs.extend(deciding);
        }
        draft.ops[op.index()].needs.append(&mut needs);
    }
    for detach in draft.detaches.values().copied().collect::<Vec<_>>() {
        for cause in draft.ops[detach.index()].causes.clone() {
            if let Cause::DependencyReplaced { on } = cause
                && let Some(delete) = draft.removal.get(&on).filter(|d| draft.ops[d.index()].maybe)
            {
                let deciding = draft.ops[delete.index()].needs.clone();
                draft.ops[detach.index()].needs.extend(deciding);
            }
        }
    }
}

/// What has to happen until it is known whether a need makes a difference. Whatever is deleted before its target is deleted cannot wait
/// for the new target: it waits for what decides over the target.
fn deciding(draft: &Draft<'_>, need: Need) -> Vec<Need> {
    let op = &draft.ops[need.op.index()];
    match op.replaces.filter(|r| op.maybe && r.order == ReplaceOrder::DeleteFirst) {
        Some(target) => draft.ops[target.other.index()].needs.clone(),
        None => vec![need],
    }
}

/// The legs of replacements wait for each other.
fn legs(draft: &mut Draft<'_>) {
    for i in 0..draft.ops.len() {
        let op = OpId(u32::try_from(i).unwrap_or(u32::MAX));
        let Some(replaces) = draft.ops[i].replaces.filter(|_| draft.ops[i].action == Action::Create) else { continue };
        match replaces.order {
            ReplaceOrder::CreateFirst => need(draft, replaces.other, op, Milestone::Done),
            ReplaceOrder::DeleteFirst => need(draft, op, replaces.other, Milestone::Done),
        }
    }
}

/// Deletes wait for those that were made from the object.
fn removals(draft: &mut Draft<'_>) {
    if draft.removal.is_empty() {
        return;
    }
    let state = draft.state;
    let external = external_by_address(draft);
    for dependent in state.objects.values() {
        for dependency in &dependent.dependencies {
            let Some(delete) = draft.removal.get(&dependency.on).copied() else { continue };
            if let Some(detach) = detached(draft, &dependent.key, dependency.field.as_deref()) {
                need(draft, delete, detach, Milestone::Done);
            } else if let Some(also) = draft.removal.get(&dependent.key).copied() {
                // The old object of a create-first replacement may have to outlive what it is linked to.
                let outlives = draft.ops[also.index()].replaces.is_some_and(|r| r.order == ReplaceOrder::CreateFirst);
                if !(outlives && waits_for_successor(draft, also, delete)) {
                    need(draft, delete, also, Milestone::Done);
                }
            } else if let Some(update) = external.get(&dependent.key.address)
                && !waits_for_successor(draft, *update, delete)
            {
                need(draft, delete, *update, Milestone::Done);
            }
        }
    }
}

/// The operation that brings a resource to what it wants, where it makes calls.
fn external_by_address<'a>(draft: &Draft<'a>) -> BTreeMap<&'a Address, OpId> {
    let nodes = draft.graph.nodes.iter().zip(&draft.primary);
    let made = nodes.filter_map(|(node, op)| Some((&node.address, (*op)?)));
    made.filter(|(_, op)| draft.ops[op.index()].action.is_external()).collect()
}

/// The detach that unsets a field of an object.
fn detached(draft: &Draft<'_>, key: &Key, field: Option<&str>) -> Option<OpId> {
    let detach = draft.detaches.get(key)?;
    draft.steps[detach.index()].detach.iter().any(|f| Some(*f) == field).then_some(*detach)
}

/// True when an operation waits, at whatever distance, for the new object of a delete-first replacement: then the delete cannot wait for
/// the update, and the dependent is held as it is meanwhile.
fn waits_for_successor(draft: &Draft<'_>, update: OpId, delete: OpId) -> bool {
    let Some(replaces) = draft.ops[delete.index()].replaces else { return false };
    replaces.order == ReplaceOrder::DeleteFirst && waits_for(draft, update, replaces.other)
}

/// True when an operation waits for another one, at whatever distance.
fn waits_for(draft: &Draft<'_>, op: OpId, other: OpId) -> bool {
    let mut seen = BTreeSet::from([op]);
    let mut open = vec![op];
    while let Some(op) = open.pop() {
        if op == other {
            return true;
        }
        open.extend(draft.ops[op.index()].needs.iter().map(|n| n.op).filter(|n| seen.insert(*n)));
    }
    false
}

/// What an earlier run replaced goes once its successor is usable, unless that waits for something which only the old one has.
fn deposed(draft: &mut Draft<'_>) {
    let leaving: Vec<OpId> =
        draft.removal.values().copied().filter(|op| draft.ops[op.index()].causes == [Cause::Deposed]).collect();
    if leaving.is_empty() {
        return;
    }
    let external = external_by_address(draft);
    for delete in leaving {
        if let Some(successor) = external.get(&draft.ops[delete.index()].key.address)
            && !waits_for(draft, *successor, delete)
        {
            need(draft, delete, *successor, Milestone::Done);
        }
    }
}

/// A create waits for the delete of another object that has a value which only one of them can have.
fn names(draft: &mut Draft<'_>) {
    let mut leaving: BTreeMap<Domain, OpId> = BTreeMap::new();
    for (key, op) in &draft.removal {
        if let (Some(object), Some(schema)) = (draft.state.objects.get(key), draft.connections.schema(&key.address.ty))
        {
            for domain in domains(schema, &object.provider, |name| object.fields.get(name)) {
                leaving.insert(domain, *op);
            }
        }
    }
    if leaving.is_empty() {
        return;
    }
    let mut waits = Vec::new();
    for (i, op) in draft.ops.iter().enumerate() {
        for domain in claims(draft, i) {
            if let Some(delete) = leaving.get(&domain)
                && op.replaces.is_none_or(|r| r.other != *delete)
            {
                waits.push((OpId(u32::try_from(i).unwrap_or(u32::MAX)), *delete));
            }
        }
    }
    for (op, delete) in waits {
        need(draft, op, delete, Milestone::Done);
    }
}

/// A uniqueness domain with its provider, and a value in it with what narrows it.
pub(crate) type Domain = (String, String);

/// What the objects hold alone that the program no longer has.
pub(crate) fn leaving(graph: &Graph, state: &State, connections: &Connections) -> BTreeMap<Domain, Key> {
    let kept: HashSet<&Address, rustc_hash::FxBuildHasher> = graph.nodes.iter().map(|n| &n.address).collect();
    let mut leaving = BTreeMap::new();
    for object in state.objects.values().filter(|o| !o.retain && !kept.contains(&o.key.address)) {
        let Some(schema) = connections.schema(&object.key.address.ty) else { continue };
        for domain in domains(schema, &object.provider, |name| object.fields.get(name)) {
            leaving.insert(domain, object.key.clone());
        }
    }
    leaving
}

/// The objects whose values an operation takes over.
pub(crate) fn takes_over<'d>(draft: &'d Draft<'_>, op: OpId) -> Vec<&'d Key> {
    if draft.leaving.is_empty() {
        return Vec::new();
    }
    claims(draft, op.index()).iter().filter_map(|domain| draft.leaving.get(domain)).collect()
}

/// What an operation's object will hold alone.
fn claims(draft: &Draft<'_>, op: usize) -> Vec<Domain> {
    let (planned, node) = (&draft.ops[op], draft.steps[op].node.map(|n| draft.graph.node(n)));
    let (Some(node), Action::Create | Action::Update) = (node, &planned.action) else { return Vec::new() };
    let provider = &draft.connections.provider(node.provider).identity.id;
    let after = |name: &str| planned.changes.iter().find(|c| c.field == name).map(|c| &c.after);
    domains(node.schema, provider, after)
}

/// The values that an object holds alone: the domain with its provider, and the value with what narrows it.
fn domains<'v>(schema: &Schema, provider: &SmolStr, value: impl Fn(&str) -> Option<&'v Value>) -> Vec<Domain> {
    let mut held = Vec::new();
    for spec in schema.fields {
        let Some(unique) = &spec.unique else { continue };
        let own = value(spec.name).filter(|v| v.is_known() && !v.is_null());
        let within = unique.within.map(|w| value(w).map_or_else(String::new, Value::display));
        if let Some(own) = own {
            held.push((
                format!("{provider} {}", unique.domain),
                format!("{} {}", own.display(), within.unwrap_or_default()),
            ));
        }
    }
    held
}
