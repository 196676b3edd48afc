//! What the tests share: short ways to write records and runs, and a runner for futures that are never pending.
use std::{
    pin::pin,
    task::{Context, Poll, Waker},
};

use purlin_core::{
    Address, Map, Secret, SmolStr, SourceLine, Value,
    driver::{Failure, Kind},
};
use purlin_state::{
    Body, Departure, Dependency, Holder, Intent, Key, Log, Object, StateError, Status, Unseal, Verb,
    seal::{Cost, Random},
    store::{Memory, Store},
};

pub(crate) const STACK: &str = "dev";

/// The local stores do all their work when polled.
pub(crate) fn now<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(done) => done,
        Poll::Pending => panic!("a local store is never pending"),
    }
}

/// A passphrase, with no work and known randomness.
pub(crate) fn passphrase(text: &str) -> Unseal {
    Unseal { passphrase: Some(Secret::new(text.to_owned())), random: Random::seeded(7), cost: Cost::NONE }
}

pub(crate) fn open_with(store: impl Store + 'static, unseal: Unseal) -> Result<Log, StateError> {
    now(Log::open(Box::new(store), STACK, unseal))
}

pub(crate) fn open(store: &Memory) -> Log {
    open_with(store.clone(), passphrase("open sesame")).expect("a whole log")
}

pub(crate) fn holder(who: &str) -> Holder {
    Holder { who: who.to_owned(), pid: 4711, verb: "apply".to_owned(), run: "r1".into(), since: 1_900_000_000_123 }
}

/// Opens and begins.
pub(crate) fn run(store: &Memory) -> Log {
    let mut log = open(store);
    begin(&mut log);
    log
}

pub(crate) fn begin(log: &mut Log) {
    now(log.begin(holder("ana@laptop"), None, "l1".into(), 10)).expect("nobody holds it");
}

pub(crate) fn commit(log: &mut Log, bodies: impl IntoIterator<Item = Body>) {
    now(log.commit(bodies.into_iter().collect(), 20)).expect("records that fit");
}

/// What a run that was killed leaves behind.
pub(crate) fn crash(log: Log, store: &Memory) {
    drop(log);
    store.break_lock();
}

pub(crate) fn key(path: &str) -> Key {
    Key::new(Address::new(path, "test:Thing"), 0)
}

pub(crate) fn text(text: &str) -> Value {
    Value::from(text)
}

pub(crate) fn secret(text: &str) -> Value {
    Value::from(text).into_secret()
}

pub(crate) fn fields<const N: usize>(fields: [(&str, Value); N]) -> Map {
    fields.into_iter().map(|(name, value)| (name.into(), value)).collect()
}

pub(crate) fn intent(op: &str, path: &str, verb: Verb, wanted: Map) -> Body {
    Body::Intent(Box::new(Intent {
        op: op.into(),
        key: key(path),
        verb,
        provider: "test:1".into(),
        version: 1,
        wanted,
        dependencies: Vec::new(),
        protect: false,
        retain: false,
        location: Some(SourceLine { file: "src/main.rs".into(), line: 7 }),
        at: 5,
    }))
}

pub(crate) fn object(path: &str, fields: Map) -> Object {
    Object {
        key: key(path),
        id: format!("id-of-{path}").into(),
        provider: "test:1".into(),
        version: 1,
        status: Status::Ready,
        fields,
        outputs: Map::from([("url".into(), text("https://example.com"))]),
        dependencies: Vec::new(),
        protect: false,
        retain: false,
        location: None,
        seen: 6,
    }
}

pub(crate) fn needs(mut object: Object, on: &str) -> Object {
    object.dependencies.push(Dependency { on: key(on), field: Some("parent".into()) });
    object
}

pub(crate) fn put(op: Option<&str>, object: Object) -> Body {
    Body::Put { op: op.map(SmolStr::from), took: op.map(|_| 100), object: Box::new(object) }
}

pub(crate) fn gone(op: Option<&str>, path: &str) -> Body {
    Body::Gone { op: op.map(SmolStr::from), took: op.map(|_| 40), key: key(path), why: Departure::Deleted }
}

pub(crate) fn failed(op: &str) -> Body {
    Body::Failed { op: op.into(), failure: Failure::new(Kind::Quota, "too many things") }
}

pub(crate) fn moved(from: &str, to: &str) -> Body {
    Body::Moved { from: key(from), to: key(to) }
}
