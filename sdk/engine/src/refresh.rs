//! Refresh: reads live state, batched by provider and type.
//!
//! What was read is kept apart from what was last applied, so that a plan can compare three ways. An object that cannot be seen is
//! called gone only after its type's settle time has passed since it was last seen.
use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    time::Duration,
};

use futures_util::{StreamExt as _, stream::FuturesUnordered};
use purlin_core::{
    Address, Diagnostic, Graph, Map, NodeId, Result, SmolStr, codes,
    driver::{Failure, Live, Recorded},
    schema::FindBy,
};
use purlin_state::{Body, Departure, Key, Object, State, Status};

use crate::{
    connect::Connections,
    event::{Event, Observer},
    plan::{Action, Plan, Refresh},
    world::World,
};

/// An object that was not seen for so long is read again in [`Refresh::Auto`].
const STALE: Duration = Duration::from_secs(3600);
/// A read that fails for a passing reason is tried so often: with the pauses between, about ten seconds.
const READ_ATTEMPTS: u32 = 6;

/// Live state, as far as it was read.
#[derive(Clone, Debug, Default)]
pub struct LiveSet {
    objects: HashMap<Key, Option<Live>>,
    /// Objects that the program refers to by id: existing ones, and those to be adopted.
    pub(crate) referred: HashMap<NodeId, Option<Live>>,
}

/// What is known of an object's live state.
#[derive(Clone, Copy, Debug)]
pub enum Seen<'a> {
    /// It was not read.
    Unread,
    /// It does not exist.
    Missing,
    /// As it is.
    Live(&'a Live),
}

impl LiveSet {
    /// What is known of an object.
    pub fn get(&self, key: &Key) -> Seen<'_> {
        match self.objects.get(key) {
            None => Seen::Unread,
            Some(None) => Seen::Missing,
            Some(Some(live)) => Seen::Live(live),
        }
    }

    /// Gives an object another key.
    pub(crate) fn rename(&mut self, from: &Key, to: &Key) {
        if let Some(seen) = self.objects.remove(from) {
            self.objects.insert(to.clone(), seen);
        }
    }
}

/// The objects that a mode reads before anything is planned.
pub(crate) fn select(mode: Refresh, state: &State, now: u64) -> Vec<Key> {
    let stale = |o: &Object| now.saturating_sub(o.seen) > u64::try_from(STALE.as_millis()).unwrap_or(u64::MAX);
    let wanted = |o: &&Object| match mode {
        Refresh::All => true,
        Refresh::Auto => stale(o) || o.status == Status::Unfinished,
        // What an earlier run left unfinished is not what was last applied: only a look tells.
        Refresh::None => o.status == Status::Unfinished,
    };
    state.objects.values().filter(wanted).map(|o| o.key.clone()).collect()
}

/// In [`Refresh::Auto`]: the objects that a first plan would touch, and what those are made from, unless they were read already.
pub(crate) fn touched(
    mode: Refresh,
    connections: &Connections,
    state: &State,
    plan: &Plan,
    live: &LiveSet,
) -> Option<Vec<Key>> {
    if mode != Refresh::Auto {
        return None;
    }
    // The state has what moves at its old address still.
    let moved = plan.ops.iter().filter_map(|op| match &op.action {
        Action::Move { from } => Some((&op.key.address, &from.address)),
        _ => None,
    });
    let moved: BTreeMap<&Address, &Address> = moved.collect();
    let mut keys = BTreeSet::new();
    for op in plan.ops.iter().filter(|op| op.action.is_external()) {
        let address = moved.get(&op.key.address).copied().unwrap_or(&op.key.address);
        for object in state.generations(address) {
            keys.insert(object.key.clone());
            keys.extend(object.dependencies.iter().map(|d| d.on.clone()).filter(|k| state.objects.contains_key(k)));
        }
    }
    let unread = |k: &Key| matches!(live.get(k), Seen::Unread) && is_outside(connections, k);
    let more: Vec<Key> = keys.into_iter().filter(unread).collect();
    (!more.is_empty()).then_some(more)
}

/// False where nothing exists outside the state: there is nothing to read.
fn is_outside(connections: &Connections, key: &Key) -> bool {
    connections.schema(&key.address.ty).is_none_or(|s| s.find != FindBy::Nothing)
}

/// What was asked of one driver.
struct Batch {
    places: Vec<Place>,
    recorded: Vec<Recorded>,
    seen: u64,
}

enum Place {
    Object(Key),
    Referred(NodeId),
}

/// Reads objects of the state, and what the program refers to by id, into `live`.
pub(crate) async fn read(
    world: &World,
    connections: &Connections,
    graph: &Graph,
    state: &State,
    keys: Vec<Key>,
    live: &mut LiveSet,
    observer: &dyn Observer,
) -> Result<()> {
    let mut batches: BTreeMap<(SmolStr, SmolStr), Batch> = BTreeMap::new();
    let mut add = |provider: SmolStr, ty: SmolStr, place: Place, recorded: Recorded, seen: u64| {
        let batch =
            batches.entry((provider, ty)).or_insert_with(|| Batch { places: vec![], recorded: vec![], seen: 0 });
        batch.places.push(place);
        batch.recorded.push(recorded);
        batch.seen = batch.seen.max(seen);
    };
    for key in keys {
        let Some(object) = state.objects.get(&key) else { continue };
        if !is_outside(connections, &key) {
            continue;
        }
        let (provider, ty) = (object.provider.clone(), key.address.ty.clone());
        add(provider, ty, Place::Object(key), recorded(object), object.seen);
    }
    for (i, node) in graph.nodes.iter().enumerate() {
        let id = NodeId::from_index(i);
        let adopt =
            || node.options.as_ref().and_then(|o| o.adopt.clone()).filter(|_| state.current(&node.address).is_none());
        if live.referred.contains_key(&id) {
            continue;
        }
        if let Some(physical) = node.existing.clone().or_else(adopt) {
            let provider = connections.provider(node.provider).identity.id.clone();
            let recorded = Recorded { id: physical, fields: literal_fields(graph, id), outputs: Map::new() };
            add(provider, node.address.ty.clone(), Place::Referred(id), recorded, 0);
        }
    }
    if batches.is_empty() {
        return Ok(());
    }
    let objects = batches.values().map(|b| b.places.len()).sum();
    observer.event(Event::Reading { objects, types: batches.len() });
    let mut reads: FuturesUnordered<_> = batches
        .into_iter()
        .map(|((provider, ty), batch)| read_batch(world, connections, provider, ty, batch))
        .collect();
    let (mut found, mut missing, mut errors) = (0, 0, Vec::new());
    while let Some(result) = reads.next().await {
        match result {
            Ok(results) => {
                for (place, seen) in results {
                    if seen.is_some() {
                        found += 1
                    } else {
                        missing += 1
                    }
                    match place {
                        Place::Object(key) => {
                            live.objects.insert(key, seen);
                        }
                        Place::Referred(node) => {
                            live.referred.insert(node, seen);
                        }
                    }
                }
            }
            Err(diagnostic) => errors.push(*diagnostic),
        }
    }
    observer.event(Event::Read { found, missing });
    if errors.is_empty() {
        return Ok(());
    }
    errors.sort_by(|a, b| a.message.cmp(&b.message));
    Err(purlin_core::Error::Many(errors))
}

/// The fields of a node that the program wrote as plain values: a driver may need them to read an object that has no record.
fn literal_fields(graph: &Graph, id: NodeId) -> Map {
    let literal = |(field, expr): (&'static purlin_core::schema::FieldSpec, &purlin_core::Expr)| match expr {
        purlin_core::Expr::Value(value) => Some((SmolStr::new_static(field.name), value.clone())),
        _ => None,
    };
    graph.node(id).fields().filter_map(literal).collect()
}

pub(crate) fn recorded(object: &Object) -> Recorded {
    Recorded { id: object.id.clone(), fields: object.fields.clone(), outputs: object.outputs.clone() }
}

async fn read_batch(
    world: &World,
    connections: &Connections,
    provider: SmolStr,
    ty: SmolStr,
    batch: Batch,
) -> Result<Vec<(Place, Option<Live>)>, Box<Diagnostic>> {
    let (driver, schema) = connections.driver(&provider, &ty)?;
    let error = |f: Failure| {
        let code = if f.kind == purlin_core::driver::Kind::Denied { codes::DENIED } else { codes::READ_FAILED };
        let told =
            Diagnostic::new(code, format!("the live state of {ty} could not be read")).call(f.call.clone()).cause(&f);
        Box::new(told.note("nothing was changed").help("to plan from the state alone: `--refresh none`"))
    };
    let mut results = attempt(|| driver.read(&batch.recorded)).await.map_err(error)?;
    let absent: Vec<usize> = (0..results.len()).filter(|i| results[*i].is_none()).collect();
    let settled = batch.seen.saturating_add(u64::try_from(schema.settle.as_millis()).unwrap_or(0));
    if !absent.is_empty() && !schema.settle.is_zero() {
        // Seen by an earlier run, and not visible now: it may only lag.
        if let Some(wait) = settled.checked_sub(world.now()).filter(|w| *w > 0) {
            tokio::time::sleep(Duration::from_millis(wait)).await;
        }
        let again: Vec<Recorded> = absent.iter().map(|i| batch.recorded[*i].clone()).collect();
        let second = attempt(|| driver.read(&again)).await.map_err(error)?;
        for (i, seen) in absent.into_iter().zip(second) {
            results[i] = seen;
        }
    }
    Ok(batch.places.into_iter().zip(results).collect())
}

/// Calls until it works, or fails for a reason that will not pass.
pub(crate) async fn attempt<T, F: Future<Output = Result<T, Failure>>>(
    mut call: impl FnMut() -> F,
) -> Result<T, Failure> {
    let mut tries = 0;
    loop {
        match call().await {
            Err(f) if f.is_transient() && tries + 1 < READ_ATTEMPTS => {
                let pause = f.retry_after.unwrap_or(Duration::from_millis(200 << tries));
                tokio::time::sleep(pause).await;
                tries += 1;
            }
            other => return other,
        }
    }
}

/// The records of what a refresh found: outputs that changed, objects that are gone.
pub(crate) fn findings(state: &State, live: &LiveSet, now: u64) -> Vec<Body> {
    let mut bodies = Vec::new();
    for object in state.objects.values() {
        match live.get(&object.key) {
            Seen::Unread => {}
            Seen::Missing => {
                bodies.push(Body::Gone { op: None, took: None, key: object.key.clone(), why: Departure::Missing });
            }
            Seen::Live(seen) => {
                let object = Object { outputs: seen.outputs.clone(), seen: now, ..object.clone() };
                bodies.push(Body::Put { op: None, took: None, object: Box::new(object) });
            }
        }
    }
    bodies
}
