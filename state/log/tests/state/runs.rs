//! Runs: begin, commit, end; what happens to a run that fails, is killed, or is overtaken.
use purlin_state::{
    Body, Log, Outcome, StateError, Unseal, Verb,
    store::{Fault, File, Memory},
};

use crate::support::{
    STACK, begin, commit, crash, fields, gone, holder, intent, now, object, open, open_with, passphrase, put, run, text,
};

fn shared<T: Send + Sync>(value: T) -> T {
    value
}

fn sent<T: Send>(value: T) -> T {
    value
}

/// An engine holds a log across awaits, on a runtime with several threads.
#[test]
fn a_log_and_what_it_does_can_be_sent_to_another_thread() {
    let mut log = shared(open(&Memory::new()));
    now(sent(log.begin(holder("ana"), None, "l1".into(), 10))).expect("free");
    now(sent(log.commit(vec![put(None, object("a", fields([])))], 20))).expect("a run that writes");
    now(sent(log.end(Outcome::Done, 30))).expect("a run that writes");
    assert_eq!(now(sent(log.history())).expect("in memory").records().count(), 4);
}

#[test]
fn an_empty_store_is_a_new_state_and_reading_writes_nothing() {
    let store = Memory::new();
    let log = open(&store);
    assert!(log.is_new());
    assert_eq!((log.state().stack.as_str(), log.state().lineage.as_str(), log.state().serial), (STACK, "", 0));
    assert_eq!((store.writes(), store.journal().len()), (0, 0));
}

#[test]
fn the_first_run_makes_the_state_and_the_next_one_keeps_it() {
    let store = Memory::new();
    let mut log = open(&store);
    now(log.begin(holder("ana"), Some("plan".into()), "l1".into(), 10)).expect("free");
    assert!(!log.is_new());
    now(log.end(Outcome::Done, 20)).expect("a run that writes");
    now(log.begin(holder("ben"), None, "l2".into(), 30)).expect("free again");
    assert_eq!((log.state().lineage.as_str(), log.state().epoch, log.state().serial), ("l1", 2, 4));
}

#[test]
fn without_a_run_nothing_is_written() {
    let store = Memory::new();
    let mut log = open(&store);
    let bodies = || vec![put(None, object("a", fields([])))];
    assert!(matches!(now(log.commit(bodies(), 1)), Err(StateError::ReadOnly)));
    assert!(matches!(now(log.compact(1)), Err(StateError::ReadOnly)));
    begin(&mut log);
    now(log.end(Outcome::Cancelled, 2)).expect("a run that writes");
    assert!(matches!(now(log.commit(bodies(), 3)), Err(StateError::ReadOnly)));
}

#[test]
fn a_second_run_is_told_who_holds_the_state() {
    let store = Memory::new();
    let log = run(&store);
    let mut second = open(&store);
    match now(second.begin(holder("ben"), None, "l2".into(), 20)) {
        Err(StateError::Locked { holder: Some(holder) }) => assert_eq!(holder.who, "ana@laptop"),
        other => panic!("{other:?}"),
    }
    crash(log, &store);
    now(second.begin(holder("ben"), None, "l2".into(), 20)).expect("the holder is gone");
}

#[test]
fn a_run_begins_with_what_another_one_wrote_after_it_was_opened() {
    let store = Memory::new();
    let mut early = open(&store);
    let mut log = run(&store);
    commit(&mut log, [put(None, object("a", fields([])))]);
    now(log.end(Outcome::Done, 20)).expect("a run that writes");
    begin(&mut early);
    assert_eq!((early.state().objects.len(), early.state().lineage.as_str(), early.state().epoch), (1, "l1", 2));
}

#[test]
fn a_late_holder_is_fenced() {
    let store = Memory::new();
    let mut late = run(&store);
    store.break_lock();
    let write = |log: &mut Log| now(log.commit(vec![put(None, object("a", fields([])))], 20));
    assert!(matches!(write(&mut late), Err(StateError::Fenced { .. })), "its lease is over");

    let mut late = run(&store);
    store.break_lock();
    let mut next = run(&store);
    assert!(matches!(write(&mut late), Err(StateError::Fenced { .. })), "another one has the lock");
    assert!(matches!(write(&mut late), Err(StateError::Stopped)), "and it does not try again");
    assert!(now(late.end(Outcome::Failed, 20)).is_err());
    write(&mut next).expect("the lock is still its own");
    assert_eq!(open(&store).state(), next.state());
}

#[test]
fn open_operations_outlive_a_crash() {
    let store = Memory::new();
    let mut log = run(&store);
    commit(&mut log, [intent("op1", "a", Verb::Create, fields([("size", text("large"))]))]);
    let written = log.state().clone();
    crash(log, &store);
    let mut log = open(&store);
    assert_eq!(log.state(), &written);
    begin(&mut log);
    assert!(log.state().intents.contains_key("op1"));
    commit(&mut log, [put(Some("op1"), object("a", fields([])))]);
    assert!(log.state().intents.is_empty());
}

#[test]
fn the_state_is_never_ahead_of_the_store() {
    for fault in [Fault::Refuse, Fault::Tear(100), Fault::LoseAnswer] {
        let store = Memory::new();
        let mut log = run(&store);
        commit(&mut log, [put(None, object("a", fields([])))]);
        let before = log.state().clone();
        store.fail_write(1, fault);
        let failed = now(log.commit(vec![put(None, object("b", fields([]))), gone(None, "a")], 20));
        assert!(matches!(failed, Err(StateError::Io { .. })), "{failed:?}");
        assert_eq!(log.state(), &before);
        assert!(matches!(now(log.commit(vec![gone(None, "a")], 20)), Err(StateError::Stopped)));
        crash(log, &store);
        let after = open(&store);
        let everything = fault == Fault::LoseAnswer;
        assert_eq!(after.state().serial, before.serial + if everything { 2 } else { 0 });
    }
}

#[test]
fn a_group_is_one_write() {
    let store = Memory::new();
    let mut log = run(&store);
    let before = store.writes();
    commit(&mut log, (0..50).map(|i| put(None, object(&format!("thing-{i}"), fields([])))));
    assert_eq!(store.writes(), before + 1);
    commit(&mut log, []);
    assert_eq!(store.writes(), before + 1, "nothing is no write");
}

#[test]
fn bytes_of_an_operation_do_not_depend_on_the_size_of_the_stack() {
    let bytes_of_one = |objects: usize| {
        let store = Memory::new();
        let mut log = run(&store);
        commit(&mut log, (0..objects).map(|i| put(None, object(&format!("thing-{i:05}"), fields([])))));
        let before = store.journal().len();
        commit(&mut log, [intent("op1", "new", Verb::Create, fields([])), put(Some("op1"), object("new", fields([])))]);
        store.journal().len() - before
    };
    // The sequence number has more digits: that is all.
    let (small, large) = (bytes_of_one(1), bytes_of_one(2000));
    assert!(large - small <= 8, "{small} and {large}");
}

#[test]
fn the_state_of_another_stack_is_refused() {
    let store = Memory::new();
    crash(run(&store), &store);
    match now(Log::open(Box::new(store), "prod", Unseal::none())).map(|log| log.state().clone()) {
        Err(StateError::OtherStack { expected, found }) => {
            assert_eq!((expected.as_str(), found.as_str()), ("prod", STACK))
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn history_tells_who_did_what_and_when() {
    let store = Memory::new();
    let mut log = run(&store);
    commit(&mut log, [put(None, object("a", fields([])))]);
    now(log.end(Outcome::Done, 30)).expect("a run that writes");
    let history = now(log.history()).expect("in memory");
    let records: Result<Vec<_>, _> = history.records().collect();
    let told: Vec<(u64, u64, &str)> =
        records.as_ref().expect("whole").iter().map(|record| (record.seq, record.at, name(&record.body))).collect();
    assert_eq!(told, [(1, 10, "made"), (2, 10, "begin"), (3, 20, "put"), (4, 30, "end")]);
    assert_eq!(history.state_at(2).expect("kept").objects.len(), 0);
    assert_eq!(history.state_at(3).expect("kept").objects.len(), 1);
    assert!(matches!(history.state_at(5), Err(StateError::NoRecord { seq: 5, first: 1, last: 4 })));
}

fn name(body: &Body) -> &'static str {
    match body {
        Body::Made { .. } => "made",
        Body::Begin { .. } => "begin",
        Body::Put { .. } => "put",
        Body::End { .. } => "end",
        _ => "another",
    }
}

#[test]
fn a_folder_holds_a_state_as_memory_does() {
    let dir = tempfile::tempdir().expect("a folder");
    let file = || File::new(dir.path(), STACK);
    assert!(File::stacks(dir.path().join("absent")).expect("no folder is no stack").is_empty());
    let mut log = open_with(file(), passphrase("open sesame")).expect("nothing there");
    assert!(std::fs::read_dir(dir.path()).expect("there").next().is_none(), "reading makes nothing");
    begin(&mut log);
    for i in 0..100 {
        let padding = fields([("padding", text(&"x".repeat(1000)))]);
        commit(&mut log, [put(None, object(&format!("thing-{i}"), padding))]);
    }
    now(log.end(Outcome::Done, 30)).expect("a run that writes");
    let mut again = open_with(file(), passphrase("open sesame")).expect("whole");
    assert_eq!(again.state(), log.state());
    begin(&mut again);
    now(again.end(Outcome::Done, 40)).expect("a run that writes");
    let mut names: Vec<String> = std::fs::read_dir(dir.path().join(STACK))
        .expect("there")
        .map(|entry| entry.expect("readable").file_name().into_string().expect("text"))
        .collect();
    names.sort();
    assert_eq!(names, ["journal-1.ndjson", "journal.ndjson", "lock", "snapshot.json"]);
    let verified = now(again.history()).expect("readable").verify().expect("whole");
    assert_eq!((verified.first, verified.last, verified.refolded), (1, again.state().serial, true));
    assert_eq!(File::stacks(dir.path()).expect("readable"), [STACK]);
}
