//! Moves: a resource has another address than before, and is the same object all the same.
//!
//! Declared with `formerly`, or detected: where a plan would create and delete two objects of one type whose fields are equal, and
//! there is exactly one such pair, it is a move. Moves are applied to a copy of the state, and the plan is made from that.
use std::collections::BTreeMap;

use purlin_core::{Address, Diagnostic, Error, Graph, Result, SmolStr, codes, graph::Node};
use purlin_state::{Key, Object, State, Status};

use super::{
    Action, Cause, Milestone, Need, Op,
    make::{Draft, Step},
};
use crate::refresh::LiveSet;

/// An object that gets another address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Move {
    pub(crate) from: Address,
    pub(crate) to: Address,
    /// Added to its generations: where it goes, old generations of another object may still be leaving.
    pub(crate) shift: u32,
    pub(crate) cause: Cause,
}

impl Move {
    fn new(state: &State, from: Address, to: Address, cause: Cause) -> Self {
        let shift = state.generations(&to).next_back().map_or(0, |o| o.key.generation + 1);
        Self { from, to, shift, cause }
    }
}

/// The moves that the program declares and the state can follow.
pub(crate) fn declared(graph: &Graph, state: &State) -> Result<Vec<Move>> {
    let mut moves: Vec<Move> = Vec::new();
    let mut errors = Vec::new();
    for node in &graph.nodes {
        let Some(options) = &node.options else { continue };
        if (options.formerly.is_empty() && options.adopt.is_none()) || state.current(&node.address).is_some() {
            continue;
        }
        let formerly = options.formerly.iter().map(|formerly| Address {
            path: formerly.path.clone().unwrap_or_else(|| node.address.path.clone()),
            ty: formerly.ty.clone().unwrap_or_else(|| node.address.ty.clone()),
        });
        // What the state has under another address is not adopted a second time.
        let adopted = options.adopt.as_ref().and_then(|id| holder(state, node, id));
        if let Some(from) = adopted.as_ref().filter(|from| graph.nodes.iter().any(|n| n.address == **from)) {
            errors.push(
                Diagnostic::new(
                    codes::MOVE_AMBIGUOUS,
                    format!("the object to adopt is `{}` of this stack already", from.path),
                )
                .at(node.address.path.clone())
                .line(node.location.clone())
                .help("drop `.adopt(..)` here, or take the other resource out of the program"),
            );
        }
        for from in formerly.chain(adopted) {
            if state.current(&from).is_none() || graph.nodes.iter().any(|n| n.address == from) {
                continue;
            }
            if moves.iter().any(|m| m.from == from) {
                errors.push(
                    Diagnostic::new(codes::MOVE_AMBIGUOUS, format!("two resources say that they were `{}`", from.path))
                        .at(node.address.path.clone())
                        .line(node.location.clone()),
                );
                continue;
            }
            moves.push(Move::new(state, from, node.address.clone(), Cause::Moved));
            break;
        }
    }
    if errors.is_empty() { Ok(moves) } else { Err(Error::Many(errors)) }
}

/// The address under which a state has an object that a node adopts.
fn holder(state: &State, node: &Node, id: &str) -> Option<Address> {
    let same = |o: &&Object| o.id == id && o.key.address.ty == node.address.ty && o.status != Status::Deposed;
    state.objects.values().find(same).map(|o| o.key.address.clone())
}

/// The state and what was read, as they are after the moves.
pub(crate) fn rename(state: &State, live: &LiveSet, moves: &[Move]) -> (State, LiveSet) {
    let (mut state, mut live) = (state.clone(), live.clone());
    let table: BTreeMap<&Address, &Move> = moves.iter().map(|m| (&m.from, m)).collect();
    let target = |key: &Key| table.get(&key.address).map(|m| Key::new(m.to.clone(), key.generation + m.shift));
    let moved: Vec<(Key, Key)> = state.objects.keys().filter_map(|k| Some((k.clone(), target(k)?))).collect();
    for (from, to) in &moved {
        if let Some(mut object) = state.objects.remove(from) {
            object.key = to.clone();
            state.objects.insert(to.clone(), object);
        }
        live.rename(from, to);
    }
    for object in state.objects.values_mut() {
        for dependency in &mut object.dependencies {
            if let Some(to) = target(&dependency.on) {
                dependency.on = to;
            }
        }
    }
    (state, live)
}

/// Pairs of a create and a delete that are one object: same type, same provider, equal fields, and no other pair like it.
pub(crate) fn detect(draft: &Draft<'_>) -> Vec<Move> {
    let mut new: BTreeMap<&SmolStr, Vec<&Op>> = BTreeMap::new();
    let mut old: BTreeMap<&SmolStr, Vec<&Op>> = BTreeMap::new();
    for op in draft.ops.iter().filter(|op| op.replaces.is_none()) {
        let removed = op.causes == [Cause::Removed];
        match op.action {
            Action::Create if op.causes == [Cause::New] => new.entry(&op.key.address.ty).or_default().push(op),
            Action::Delete | Action::Forget if removed => old.entry(&op.key.address.ty).or_default().push(op),
            _ => {}
        }
    }
    let mut moves = Vec::new();
    for (ty, creates) in new {
        let deletes = old.get(ty).map_or(&[][..], Vec::as_slice);
        // Comparing all pairs would be quadratic; past this many, a person says what moved.
        if deletes.is_empty() || creates.len().saturating_mul(deletes.len()) > 10_000 {
            continue;
        }
        let pairs: Vec<(&Op, &Op)> = creates
            .iter()
            .flat_map(|c| deletes.iter().map(move |d| (*c, *d)))
            .filter(|(c, d)| same_object(draft, c, d))
            .collect();
        for (create, delete) in &pairs {
            let alone = |f: fn(&(&Op, &Op)) -> Key, key: &Key| pairs.iter().filter(|p| f(p) == *key).count() == 1;
            if alone(|p| p.0.key.clone(), &create.key) && alone(|p| p.1.key.clone(), &delete.key) {
                let (from, to) = (delete.key.address.clone(), create.key.address.clone());
                moves.push(Move::new(draft.state, from, to, Cause::MoveDetected));
            }
        }
    }
    moves
}

/// True when the object that would be deleted is what would be created. Fields that the engine names are not compared.
fn same_object(draft: &Draft<'_>, create: &Op, delete: &Op) -> bool {
    let Some(object) = draft.state.objects.get(&delete.key) else { return false };
    let Some(schema) = draft.connections.schema(&create.key.address.ty) else { return false };
    let node = draft.graph.nodes.iter().find(|n| n.address == create.key.address);
    let Some(node) = node else { return false };
    if draft.connections.provider(node.provider).identity.id != object.provider {
        return false;
    }
    schema.fields.iter().all(|spec| {
        let made_by_us = spec.name_rule.is_some() && node.input(spec.name).is_none();
        let wanted = create.changes.iter().find(|c| c.field == spec.name).map(|c| &c.after);
        let applied = object.fields.get(spec.name);
        made_by_us || (spec.computed && wanted.is_none()) || wanted == applied
    })
}

/// Adds the moves to the plan; what else is done with a moved object waits for its move.
pub(crate) fn add(draft: &mut Draft<'_>, moves: &[Move]) {
    for moved in moves {
        let keys: Vec<Key> = draft.state.generations(&moved.to).map(|o| o.key.clone()).collect();
        for key in keys.into_iter().filter(|k| k.generation >= moved.shift) {
            let from = Key::new(moved.from.clone(), key.generation - moved.shift);
            let location = draft.graph.nodes.iter().find(|n| n.address == moved.to).map(|n| n.location.clone());
            let id = draft.state.objects.get(&key).map(|o| o.id.clone());
            let action = Action::Move { from };
            let causes = vec![moved.cause.clone()];
            let op = Op {
                key,
                action,
                id,
                causes,
                changes: Vec::new(),
                replaces: None,
                maybe: false,
                needs: Vec::new(),
                estimate: 0,
                location,
            };
            let id = draft.push_op(op, Step::default());
            for op in draft
                .ops
                .iter_mut()
                .filter(|op| op.key.address == moved.to && !matches!(op.action, Action::Move { .. }))
            {
                op.needs.push(Need { op: id, until: Milestone::Done });
            }
        }
    }
}
