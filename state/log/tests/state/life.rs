//! Random lives of a stack: sequences of records that fit, made from numbers, over several runs, with compactions and
//! crashes.
use proptest::prelude::*;
use purlin_core::Value;
use purlin_state::{Body, Dependency, Key, Log, Outcome, State, Verb, store::Memory};

use crate::support::{
    begin, commit, crash, failed, fields, gone, intent, moved, now, object, open, put, run, secret, text,
};

/// One step of a life. The numbers choose among what is possible then.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Step {
    Create(u8),
    Update(u8),
    Delete(u8),
    EndWell(u8),
    EndBadly(u8),
    Refresh(u8),
    Move(u8),
    Export(u8),
    Compact,
    NewRun,
    Crash,
}

pub(crate) fn steps(longest: usize) -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        4 => any::<u8>().prop_map(Step::Create),
        2 => any::<u8>().prop_map(Step::Update),
        2 => any::<u8>().prop_map(Step::Delete),
        6 => any::<u8>().prop_map(Step::EndWell),
        1 => any::<u8>().prop_map(Step::EndBadly),
        2 => any::<u8>().prop_map(Step::Refresh),
        2 => any::<u8>().prop_map(Step::Move),
        1 => any::<u8>().prop_map(Step::Export),
        1 => Just(Step::Compact),
        1 => Just(Step::NewRun),
        1 => Just(Step::Crash),
    ];
    prop::collection::vec(step, 1..longest)
}

/// What a life left.
pub(crate) struct Lived {
    pub(crate) store: Memory,
    /// The state after each record that was the last of its commit, and before the first.
    pub(crate) states: Vec<State>,
}

/// Lives a life, one record a commit wherever that is possible.
pub(crate) fn live(steps: &[Step]) -> Lived {
    let store = Memory::new();
    let mut log = open(&store);
    let mut states = vec![log.state().clone()];
    begin(&mut log);
    states.push(log.state().clone());
    for (i, step) in steps.iter().enumerate() {
        match step {
            Step::Compact => now(log.compact(20)).expect("a run that writes"),
            Step::NewRun => {
                now(log.end(Outcome::Done, 30)).expect("a run that writes");
                states.push(log.state().clone());
                begin(&mut log);
            }
            Step::Crash => {
                crash(log, &store);
                log = run(&store);
            }
            step => {
                if let Some(body) = body(i, *step, &log) {
                    commit(&mut log, [body]);
                }
            }
        }
        states.push(log.state().clone());
    }
    Lived { store, states }
}

fn body(i: usize, step: Step, log: &Log) -> Option<Body> {
    let state = log.state();
    let pick = |n: u8, among: usize| (among > 0).then(|| usize::from(n) % among.max(1));
    let path = |n: u8| state.objects.keys().nth(pick(n, state.objects.len())?).map(|key| key.address.path.clone());
    let op = format!("op{i}");
    match step {
        Step::Create(n) => {
            let path = format!("thing-{i}");
            let wanted = match n % 3 {
                0 => fields([("size", text("large"))]),
                1 => fields([("password", secret("hunter2")), ("size", text("small"))]),
                _ => fields([("nested", Value::List(vec![text("ä\n\"quoted\""), secret("s3cret")]))]),
            };
            Some(intent(&op, &path, Verb::Create, wanted))
        }
        Step::Update(n) => Some(intent(&op, &path(n)?, Verb::Update, fields([("size", text(&op))]))),
        Step::Delete(n) => Some(intent(&op, &path(n)?, Verb::Delete, fields([]))),
        Step::EndWell(n) => {
            let open = state.intents.values().nth(pick(n, state.intents.len())?)?;
            let path = &open.key.address.path;
            Some(match open.verb {
                Verb::Delete if state.objects.contains_key(&open.key) => gone(Some(&open.op), path),
                Verb::Delete => failed(&open.op),
                Verb::Create | Verb::Update => {
                    let mut object = object(path, open.wanted.clone());
                    object.dependencies = state.objects.keys().take(2).map(edge).collect();
                    put(Some(&open.op), object)
                }
            })
        }
        Step::EndBadly(n) => state.intents.keys().nth(pick(n, state.intents.len())?).map(|op| failed(op)),
        Step::Refresh(n) => {
            let mut object = state.objects.values().nth(pick(n, state.objects.len())?)?.clone();
            object.outputs = fields([("token", secret(&op))]);
            Some(put(None, object))
        }
        Step::Move(n) => {
            let from = path(n)?;
            let busy = state.intents.values().any(|intent| intent.key.address.path == from);
            (!busy).then(|| moved(&from, &format!("moved-{i}")))
        }
        Step::Export(n) => {
            Some(Body::Exports { values: fields([("n", Value::Int(n.into())), ("token", secret("exported"))]) })
        }
        Step::Compact | Step::NewRun | Step::Crash => None,
    }
}

fn edge(key: &Key) -> Dependency {
    Dependency { on: key.clone(), field: None }
}
