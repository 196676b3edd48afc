//! What an operation's end writes into the state, and tells a person.
use purlin_core::{
    Diagnostic, Map, SmolStr, Value, codes,
    driver::{Effect, Failure, Kind},
};
use purlin_state::{Body, Departure, Key, Object, State, Status};

use super::{
    dispatcher::Running,
    prepare::{ApplyScope, Preparer},
    unit::Ended,
};
use crate::{
    plan::{Action, OpId, Plan},
    recover::partly,
};

/// How an operation ended.
pub(crate) enum Result {
    /// It is done.
    Done(Vec<Body>),
    /// It failed.
    Failed(Vec<Body>, Box<Diagnostic>),
    /// The run was stopped while it waited.
    Open(Vec<Body>),
}

/// The records of outputs that were read for the plan and are not as the state has them: what is made from them is made from these.
pub(crate) fn outputs(state: &State, plan: &Plan, read: &[(Key, Map)]) -> Vec<Body> {
    let before = |key: &Key| {
        let moved = plan.ops.iter().find_map(|op| match &op.action {
            Action::Move { from } if op.key == *key => Some(from.clone()),
            _ => None,
        });
        moved.unwrap_or_else(|| key.clone())
    };
    let put = |(key, outputs): &(Key, Map)| {
        let object = state.objects.get(key).or_else(|| state.objects.get(&before(key)))?;
        let object = Object { outputs: outputs.clone(), ..object.clone() };
        Some(Body::Put { op: None, took: None, object: Box::new(object) })
    };
    read.iter().filter_map(put).collect()
}

/// A created object exists: it is in the state from here on, and what it replaces is deposed.
pub(crate) fn exists(
    state: &State,
    preparer: &Preparer<'_>,
    op: OpId,
    running: &mut Running,
    id: SmolStr,
    outputs: Map,
) -> Vec<Body> {
    let Some(object) = &mut running.object else { return Vec::new() };
    object.id = id;
    object.outputs = outputs;
    object.seen = preparer.world.now();
    let born = Object { status: Status::Unfinished, ..object.clone() };
    let mut bodies = vec![Body::Put { op: None, took: None, object: Box::new(born) }];
    let replaced = preparer.plan.op(op).replaces.and_then(|r| state.objects.get(&preparer.plan.op(r.other).key));
    if let Some(old) = replaced {
        let old = Object { status: Status::Deposed, ..old.clone() };
        bodies.push(Body::Put { op: None, took: None, object: Box::new(old) });
    }
    bodies
}

/// An operation ended.
pub(crate) fn ended(
    state: &State,
    preparer: &Preparer<'_>,
    op: OpId,
    running: Running,
    ended: Ended,
    now: u64,
) -> Result {
    let took = now.saturating_sub(running.began);
    let token = || Some(running.token.clone());
    match ended {
        Ended::Ready(id, outputs) => {
            let op = token();
            let Some(object) = running.object else { return Result::Done(Vec::new()) };
            let object = Object { id, outputs, seen: now, status: Status::Ready, ..object };
            Result::Done(vec![Body::Put { op, took: Some(took), object: Box::new(object) }])
        }
        Ended::Gone => {
            let key = preparer.plan.op(op).key.clone();
            Result::Done(vec![Body::Gone { op: token(), took: Some(took), key, why: Departure::Deleted }])
        }
        Ended::Interrupted => Result::Open(Vec::new()),
        Ended::Failed(failure) => {
            let bodies = failed(state, &preparer.plan.op(op).key, &running, &failure);
            Result::Failed(bodies, Box::new(told(preparer, op, &running, &failure)))
        }
        Ended::Ambiguous(failure, why) => {
            let told = told(preparer, op, &running, &failure);
            let told = Diagnostic { code: codes::IN_DOUBT, notes: Vec::new(), help: Vec::new(), ..told }
                .cause(why)
                .note("nothing was made twice: the operation stays open in the state")
                .help(crate::recover::DECIDE);
            Result::Failed(Vec::new(), Box::new(told))
        }
    }
}

fn failed(state: &State, planned: &Key, running: &Running, failure: &Failure) -> Vec<Body> {
    let op = running.token.clone();
    let (key, towards) = running.object.as_ref().map_or((planned, &[][..]), |o| (&o.key, o.dependencies.as_slice()));
    match state.objects.get(key) {
        // An update or a delete may have done a part: the next run looks at the object before it goes on.
        Some(object) => {
            let object = Box::new(partly(object, towards));
            vec![Body::Put { op: Some(op), took: None, object }]
        }
        None => vec![Body::Failed { op, failure: failure.clone() }],
    }
}

fn told(preparer: &Preparer<'_>, op: OpId, running: &Running, failure: &Failure) -> Diagnostic {
    let planned = preparer.plan.op(op);
    let verb = match planned.action {
        Action::Create => "created",
        Action::Delete => "deleted",
        Action::Adopt => "adopted",
        _ => "updated",
    };
    let code = match failure.kind {
        Kind::Timeout => codes::TIMED_OUT,
        Kind::Denied => codes::DENIED,
        Kind::Credentials => codes::NO_CREDENTIALS,
        _ => codes::STEP_FAILED,
    };
    let now = match (&planned.action, running.exists, failure.effect) {
        (Action::Create, true, _) => "it exists and is in the state; the next run goes on with it",
        (Action::Create, false, Effect::None) => "nothing was made",
        (Action::Create, false, Effect::Unknown) => "it was looked for and does not exist",
        (Action::Delete, ..) => "it is still in the state; the next run goes on deleting it",
        _ => "a part of the change may be done; the next run looks and goes on",
    };
    let mut told = Diagnostic::new(code, format!("`{}` ({}) could not be {verb}", planned.key, planned.key.address.ty))
        .at(planned.key.address.path.clone())
        .call(failure.call.clone())
        .cause(failure)
        .note(now);
    if let Some(line) = &planned.location {
        told = told.line(line.clone());
    }
    match &failure.help {
        Some(help) => told.help(help.clone()),
        None => told.help("mend the cause, then run the same command again: it goes on from here"),
    }
}

/// The record of exported values, if they changed. A value that hangs on something that was not done keeps what it had.
pub(crate) fn exports(state: &State, preparer: &Preparer<'_>, complete: bool) -> Option<Body> {
    if preparer.plan.partial {
        return None;
    }
    let scope = ApplyScope { graph: preparer.graph, steps: preparer.steps, state };
    let mut values = Map::new();
    if preparer.plan.goal == crate::plan::Goal::Apply {
        for export in &preparer.graph.exports {
            let value = export.expr.eval(&scope).ok().filter(Value::is_known);
            if let Some(value) = value.or_else(|| state.exports.get(&export.name).cloned()) {
                values.insert(export.name.clone(), value);
            }
        }
    } else if !complete {
        return None;
    }
    (values != state.exports).then_some(Body::Exports { values })
}
