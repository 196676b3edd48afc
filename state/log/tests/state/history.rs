//! The history where it is read from a store that changes, or that was changed by hand.
use purlin_core::driver::BoxFuture;
use purlin_state::{
    Holder, StateError,
    store::{Loaded, Memory, Part, Position, Store},
};

use crate::{
    support::{commit, crash, fields, now, object, open_with, passphrase, put, run, text},
    versions::hashed,
};

/// Two stores that are read as one: snapshot and journal of the first, older journals of the second.
struct Joined {
    current: Memory,
    older: Memory,
}

impl Store for Joined {
    fn load(&self) -> BoxFuture<'_, Result<Loaded, StateError>> {
        self.current.load()
    }

    fn history(&self) -> BoxFuture<'_, Result<Vec<Part>, StateError>> {
        self.older.history()
    }

    fn lock<'a>(&'a mut self, holder: &'a Holder, floor: u64, now: u64) -> BoxFuture<'a, Result<u64, StateError>> {
        self.current.lock(holder, floor, now)
    }

    fn append<'a>(&'a mut self, epoch: u64, at: Position, lines: &'a [u8]) -> BoxFuture<'a, Result<(), StateError>> {
        self.current.append(epoch, at, lines)
    }

    fn cut(&mut self, epoch: u64, at: Position) -> BoxFuture<'_, Result<(), StateError>> {
        self.current.cut(epoch, at)
    }

    fn replace_snapshot<'a>(
        &'a mut self,
        epoch: u64,
        snapshot: &'a [u8],
        upto: u64,
    ) -> BoxFuture<'a, Result<(), StateError>> {
        self.current.replace_snapshot(epoch, snapshot, upto)
    }

    fn retire_journal(&mut self, epoch: u64, first: u64) -> BoxFuture<'_, Result<(), StateError>> {
        self.current.retire_journal(epoch, first)
    }

    fn unlock(&mut self, epoch: u64) -> BoxFuture<'_, Result<(), StateError>> {
        self.current.unlock(epoch)
    }
}

/// A store with three records, and the same one after a compaction and a fourth record.
fn compacted() -> (Memory, Memory) {
    let store = Memory::new();
    let mut log = run(&store);
    commit(&mut log, [put(None, object("a", fields([("size", text("large"))])))]);
    let before = store.fork();
    now(log.compact(20)).expect("a run that writes");
    commit(&mut log, [put(None, object("b", fields([])))]);
    crash(log, &store);
    (before, store)
}

#[test]
fn a_journal_that_is_retired_while_the_history_is_read_is_read_once() {
    let (before, after) = compacted();
    let log = open_with(Joined { current: before, older: after }, passphrase("open sesame")).expect("whole");
    let history = now(log.history()).expect("in memory");
    let numbers: Vec<u64> = history.records().map(|record| record.expect("whole").seq).collect();
    assert_eq!(numbers, [1, 2, 3]);
    assert_eq!(history.verify().expect("whole").last, 3);
}

#[test]
fn a_snapshot_that_says_something_else_than_its_records_is_found() {
    let (_, store) = compacted();
    let snapshot = String::from_utf8(store.snapshot().expect("compacted")).expect("text");
    let (hashed_part, _) = snapshot.rsplit_once(r#","hash":"#).expect("a hash");
    let changed = hashed(&hashed_part.replace("large", "small")) + "\n";
    assert_ne!(changed, snapshot);
    let current = Memory::holding(Some(changed.into_bytes()), store.journal());
    let log = open_with(Joined { current, older: store }, passphrase("open sesame")).expect("every hash is right");
    match now(log.history()).expect("in memory").verify() {
        Err(StateError::Damaged { file, why, .. }) => {
            assert_eq!((file.as_str(), why.as_str()), ("memory:snapshot", "the snapshot is not what the records give"));
        }
        other => panic!("{other:?}"),
    }
}
