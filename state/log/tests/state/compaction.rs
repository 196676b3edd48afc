//! A snapshot says what its records say, and a crash between any two writes loses nothing.
use proptest::prelude::*;
use purlin_state::{
    Log, Outcome,
    store::{Fault, Memory},
};

use crate::{
    life::{live, steps},
    support::{STACK, commit, crash, fields, now, object, open, passphrase, put, run, secret, text},
};

proptest! {
    #[test]
    fn the_fold_of_a_log_is_the_fold_of_its_compaction(steps in steps(40)) {
        let lived = live(&steps);
        let before = open(&lived.store);
        let compacted = lived.store.fork();
        compacted.break_lock();
        let mut log = run(&compacted);
        now(log.compact(50)).expect("a run that writes");
        let written = log.state().clone();
        crash(log, &compacted);
        let after = open(&compacted);
        prop_assert_eq!(after.state(), &written);
        prop_assert_eq!(&after.state().objects, &before.state().objects);
        prop_assert_eq!(&after.state().intents, &before.state().intents);
        prop_assert_eq!(&after.state().exports, &before.state().exports);
        prop_assert_eq!(&after.state().durations, &before.state().durations);
        prop_assert!(compacted.journal().is_empty());
        // The same state again, from the first record on.
        let history = now(after.history()).expect("in memory");
        prop_assert_eq!(&history.state_at(after.state().serial).expect("a kept record"), after.state());
        prop_assert!(history.verify().expect("a whole history").refolded);
    }

    #[test]
    fn every_state_that_was_is_in_the_history(steps in steps(30)) {
        let lived = live(&steps);
        let history = now(open(&lived.store).history()).expect("in memory");
        for state in &lived.states {
            prop_assert_eq!(&history.state_at(state.serial).expect("a kept record"), state);
        }
    }
}

/// A run that writes enough to be compacted at its end, up to that end.
fn long_run(store: &Memory) -> Log {
    let mut log = run(store);
    for i in 0..40 {
        let padding = fields([("padding", text(&"x".repeat(2000))), ("password", secret("hunter2"))]);
        commit(&mut log, [put(None, object(&format!("thing-{i}"), padding))]);
    }
    log
}

#[test]
fn a_crash_at_each_write_of_a_compaction() {
    for faults in [Fault::Refuse, Fault::Tear(30), Fault::LoseAnswer] {
        for write in 1..=4 {
            let store = Memory::new();
            let mut log = long_run(&store);
            let before = log.state().clone();
            store.fail_write(write, faults);
            // The end of a run writes three times: its record, the snapshot, the new journal.
            assert_eq!(now(log.end(Outcome::Done, 30)).is_err(), write <= 3, "write {write}, {faults:?}");
            crash(log, &store);

            let log = open(&store);
            assert_eq!(log.state().objects, before.objects, "write {write}, {faults:?}");
            assert!((before.serial..=before.serial + 1).contains(&log.state().serial));
            let mut log = run(&store.fork());
            commit(&mut log, [put(None, object("another", Default::default()))]);
            now(log.end(Outcome::Done, 40)).expect("a run that writes");
            assert_eq!(log.state().objects.len(), before.objects.len() + 1);
            let verified = now(log.history()).expect("in memory").verify().expect("a whole history");
            assert_eq!((verified.first, verified.last, verified.refolded), (1, log.state().serial, true));
        }
    }
}

#[test]
fn a_journal_that_the_snapshot_covers_is_retired_even_when_its_end_is_lost() {
    let store = Memory::new();
    let mut log = long_run(&store);
    store.fail_write(3, Fault::Refuse);
    now(log.end(Outcome::Done, 30)).expect_err("the snapshot is there, the journal was not retired");
    let written = log.state().clone();
    let journal = store.journal();
    for length in [journal.len(), journal.len() - 1, journal.len() / 2, 1] {
        let store = Memory::holding(store.snapshot(), journal[..length].to_vec());
        assert_eq!(open(&store).state(), &written, "{length} bytes");
        let mut log = run(&store);
        commit(&mut log, [put(None, object("another", Default::default()))]);
        assert_eq!(open(&store).state(), log.state(), "{length} bytes");
        assert_eq!(log.state().serial, written.serial + 2);
    }
}

#[test]
fn an_end_compacts_when_the_journal_has_outgrown_the_snapshot() {
    let store = Memory::new();
    let mut log = run(&store);
    now(log.end(Outcome::Done, 30)).expect("a run that writes");
    assert!(store.snapshot().is_none(), "three records are not worth a snapshot");

    let mut log = long_run(&store);
    now(log.end(Outcome::Done, 30)).expect("a run that writes");
    let snapshot = store.snapshot().expect("the journal was long");
    assert!(store.journal().is_empty());

    let mut log = run(&store);
    now(log.end(Outcome::Done, 30)).expect("a run that writes");
    assert_eq!(store.snapshot(), Some(snapshot), "a short run leaves it");
}

#[test]
fn a_history_whose_beginning_was_removed_still_ends_in_the_state() {
    let store = Memory::new();
    let mut log = long_run(&store);
    now(log.end(Outcome::Done, 30)).expect("a run that writes");
    let serial = log.state().serial;
    let rest = Memory::holding(store.snapshot(), store.journal());
    let mut log = run(&rest);
    commit(&mut log, [put(None, object("another", Default::default()))]);
    let history = now(log.history()).expect("in memory");
    let verified = history.verify().expect("what is kept is whole");
    assert_eq!((verified.first, verified.last, verified.refolded), (serial + 1, serial + 2, false));
    assert_eq!(&history.state_at(serial + 2).expect("kept"), log.state());
    assert!(history.state_at(serial - 1).is_err());
    crash(log, &rest);
    assert!(now(Log::open(Box::new(rest), STACK, passphrase("open sesame"))).is_ok());
}
