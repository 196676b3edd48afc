//! Recover: settles what an earlier run left open, before anything else is done.
//!
//! An open create is looked for by its driver's `find`: found → it is ours, and goes on from there; absent, after the type's settle
//! time → it never happened; ambiguous → a person decides. Open updates and deletes are idempotent: the plan looks and goes on.
use std::time::Duration;

use purlin_core::{
    Diagnostic, Error, Map, Result, codes,
    driver::{Call, Effect, Entropy, Failure, Found, Kind, Owner},
    resource::ID,
};
use purlin_state::{
    Body, Dependency, Intent, Key, Object, State, StateError, Status, Verb,
    fold::{Check, Fold},
};

use crate::{
    connect::Connections,
    event::{Event, Observer},
    refresh::attempt,
    world::World,
};

/// What a person does about an operation whose outcome is not clear.
pub(crate) const DECIDE: &str =
    "if the object is yours, add `.adopt(id)`; then `state remove` drops the open operation";

/// The records that settle a state's open intents. None when there are none.
pub(crate) async fn settle(
    world: &World,
    connections: &Connections,
    state: &State,
    observer: &dyn Observer,
) -> Result<Vec<Body>> {
    let mut bodies = Vec::new();
    // An operation repeats its call for as long as its run lives, and nobody knows when that ended: only what is not seen a settle
    // time from now was not made.
    let began = world.now();
    for intent in state.intents.values() {
        let (body, what) = match intent.verb {
            Verb::Create if state.objects.contains_key(&intent.key) => {
                (unfinished(state, intent), "exists, and goes on")
            }
            Verb::Create => settle_create(world, connections, state, intent, began).await?,
            Verb::Update => (unfinished(state, intent), "was not finished, and goes on"),
            Verb::Delete => (unfinished(state, intent), "may still exist, and is looked at"),
        };
        observer.event(Event::Recovered { key: intent.key.clone(), what: what.to_owned() });
        bodies.push(body);
    }
    Ok(bodies)
}

/// A state with further records folded in, in memory.
pub(crate) fn fold_in(state: &State, bodies: Vec<Body>) -> Result<State> {
    let mut fold = Fold::new(state.clone());
    let (mut serial, epoch) = (state.serial, state.epoch);
    for body in bodies {
        Check::new(fold.state())
            .next(epoch, &body)
            .map_err(|e| Diagnostic::new(codes::STATE_MISFIT, "a record does not fit the state").cause(e))?;
        serial += 1;
        fold.apply(serial, epoch, body);
    }
    Ok(State { serial: state.serial, ..fold.into_state() })
}

/// A failure of the state, as it is told to a person.
pub(crate) fn state_error(error: StateError) -> Error {
    Diagnostic::from(error).into()
}

async fn settle_create(
    world: &World,
    connections: &Connections,
    state: &State,
    intent: &Intent,
    began: u64,
) -> Result<(Body, &'static str)> {
    let told = |f: &Failure| {
        Diagnostic::new(codes::READ_FAILED, "what an interrupted create made could not be looked for")
            .at(intent.key.address.path.clone())
            .call(f.call.clone())
            .cause(f)
            .note("nothing was made twice: the operation stays open in the state")
            .help("mend the cause, then run the same command again")
    };
    let (driver, schema) = connections.driver(&intent.provider, &intent.key.address.ty).map_err(|d| *d)?;
    let call = call(world, state, intent);
    let settled = began.saturating_add(u64::try_from(schema.settle.as_millis()).unwrap_or(0));
    let found = loop {
        let before = world.now();
        let found = match attempt(|| driver.find(&call, &intent.wanted)).await.map_err(|f| told(&f))? {
            // Another generation has the same name: not what this operation made.
            Found::One(id) if is_other(state, &intent.key, &id) => Found::Absent,
            found => found,
        };
        match (&found, settled.checked_sub(before).filter(|w| *w > 0)) {
            // Not seen, and it may only lag: an absence counts only when it was seen after the settle time.
            (Found::Absent, Some(wait)) => tokio::time::sleep(Duration::from_millis(wait)).await,
            _ => break found,
        }
    };
    match found {
        Found::One(id) => Ok((
            Body::Put { op: Some(intent.op.clone()), took: None, object: Box::new(made(intent, id)) },
            "exists, and goes on",
        )),
        Found::Absent => Ok((ended(intent), "was never made")),
        Found::Ambiguous(why) => Err(Diagnostic::new(codes::IN_DOUBT, "what an interrupted create made is not clear")
            .at(intent.key.address.path.clone())
            .cause(why)
            .note("nothing was made twice: the operation stays open in the state")
            .help(DECIDE)
            .into()),
    }
}

/// True when another generation of the same resource has this id.
fn is_other(state: &State, key: &Key, id: &str) -> bool {
    state.generations(&key.address).any(|o| o.key != *key && o.id == id)
}

/// What a driver is told when it looks for what an intent made.
fn call(world: &World, state: &State, intent: &Intent) -> Call {
    let owner =
        Owner { stack: state.stack.clone(), lineage: state.lineage.clone(), path: intent.key.address.path.clone() };
    Call { address: intent.key.address.clone(), owner, operation: intent.op.clone(), entropy: Entropy(world.random()) }
}

/// The object of a create whose answer was lost: it exists, and nobody knows how far it has come.
pub(crate) fn made(intent: &Intent, id: purlin_core::SmolStr) -> Object {
    Object {
        key: intent.key.clone(),
        outputs: Map::from([(ID, purlin_core::Value::Str(id.clone()))]),
        id,
        provider: intent.provider.clone(),
        version: intent.version,
        status: Status::Unfinished,
        fields: intent.wanted.clone(),
        dependencies: intent.dependencies.clone(),
        protect: intent.protect,
        retain: intent.retain,
        location: intent.location.clone(),
        seen: intent.at,
    }
}

fn unfinished(state: &State, intent: &Intent) -> Body {
    match state.objects.get(&intent.key) {
        Some(object) => {
            let object = Box::new(partly(object, &intent.dependencies));
            Body::Put { op: Some(intent.op.clone()), took: None, object }
        }
        None => ended(intent),
    }
}

/// An object on which an operation was begun that did not end well: it may refer to what it did before, and to what it was to.
pub(crate) fn partly(object: &Object, towards: &[Dependency]) -> Object {
    let mut dependencies = object.dependencies.clone();
    dependencies.extend_from_slice(towards);
    dependencies.sort();
    dependencies.dedup();
    // What was replaced goes, whatever state it is in.
    let status = if object.status == Status::Deposed { Status::Deposed } else { Status::Unfinished };
    Object { status, dependencies, ..object.clone() }
}

fn ended(intent: &Intent) -> Body {
    let failure =
        Failure { effect: Effect::Unknown, ..Failure::new(Kind::Unavailable, "the run ended before the answer") };
    Body::Failed { op: intent.op.clone(), failure }
}
