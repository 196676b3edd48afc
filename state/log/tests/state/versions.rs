//! The version matrix of what is stored. The samples beside this file stay as they are for as long as format 1 is read.
//!
//! | reader and writer | data | holds |
//! |---|---|---|
//! | this | of this version (`samples/whole`) | read to the same state for ever, and still written byte for byte so |
//! | this | the least that format 1 has (`samples/least.ndjson`) | what is absent has its default |
//! | this, as the old reader | known records with unknown fields (`samples/more.ndjson`) | they are passed over |
//! | this, as the old writer | the same, compacted | they are gone from the snapshot, and stay in the history |
//! | this, as the old reader | an unknown record, value or format | refused as newer, nothing is written |
//!
//! So a new field needs no new format if a reader without it does no harm, and its loss does none. Everything else
//! does.
use expect_test::expect_file;
use purlin_core::{Map, Value};
use purlin_state::{
    Outcome, State, StateError, Status, Unseal, Verb,
    store::{File, Memory},
};
use sha2::{Digest as _, Sha256};

use crate::support::{
    STACK, commit, crash, failed, fields, gone, holder, intent, key, moved, needs, now, object, open, open_with, put,
    run, secret, text,
};

/// A line with its hash: the format in four lines, independent of the crate that is tested.
pub(crate) fn hashed(line: &str) -> String {
    let hash: String = Sha256::digest(line).iter().map(|byte| format!("{byte:02x}")).collect();
    format!("{line},\"hash\":\"{hash}\"}}")
}

/// A journal of these bodies.
fn journal(version: u32, bodies: &[&str]) -> String {
    let mut prev = "0".repeat(64);
    let mut journal = String::new();
    for (i, body) in bodies.iter().enumerate() {
        let line =
            hashed(&format!(r#"{{"v":{version},"seq":{},"epoch":1,"at":5,"prev":"{prev}","body":{body}"#, i + 1));
        prev = line[line.len() - 66..line.len() - 2].to_owned();
        journal = journal + &line + "\n";
    }
    journal
}

fn sample(name: &str) -> Vec<u8> {
    let path = format!("{}/tests/state/samples/{name}", env!("CARGO_MANIFEST_DIR"));
    std::fs::read(&path).unwrap_or_else(|e| panic!("{path}: {e}"))
}

fn text_of(bytes: Option<Vec<u8>>) -> String {
    String::from_utf8(bytes.expect("written")).expect("text")
}

/// A life with every kind of record; after it a snapshot, and an open operation behind it.
fn whole() -> (Memory, State) {
    let store = Memory::new();
    let mut log = run(&store);
    let wanted = fields([
        ("bytes", Value::Bytes([0, 255].as_slice().into())),
        ("float", Value::Float(0.1)),
        ("list", Value::List(vec![Value::Null, Value::Bool(true), Value::Int(-1)])),
        ("map", Value::Map(Map::from([("$key".into(), text("ü\n"))]))),
        ("password", secret("hunter2")),
    ]);
    commit(&mut log, [intent("op1", "net/a", Verb::Create, wanted.clone())]);
    commit(&mut log, [put(Some("op1"), object("net/a", wanted))]);
    commit(&mut log, [intent("op2", "net/b", Verb::Create, fields([])), failed("op2")]);
    commit(&mut log, [put(None, needs(object("net/b", fields([])), "net/a")), put(None, object("c", fields([])))]);
    commit(&mut log, [moved("net/a", "moved/a"), intent("op3", "c", Verb::Delete, fields([])), gone(Some("op3"), "c")]);
    commit(&mut log, [purlin_state::Body::Exports { values: fields([("url", text("https://example.com"))]) }]);
    now(log.compact(40)).expect("a run that writes");
    now(log.end(Outcome::Done, 50)).expect("a run that writes");
    let mut log = run(&store);
    commit(&mut log, [intent("op4", "net/b", Verb::Update, fields([("size", text("large"))]))]);
    let state = log.state().clone();
    crash(log, &store);
    (store, state)
}

#[test]
fn this_version_reads_and_writes_the_samples_of_format_1() {
    let (store, state) = whole();
    expect_file!["samples/whole/snapshot.json"].assert_eq(&text_of(store.snapshot()));
    expect_file!["samples/whole/journal.ndjson"].assert_eq(&text_of(Some(store.journal())));
    let stored = Memory::holding(Some(sample("whole/snapshot.json")), sample("whole/journal.ndjson"));
    assert_eq!(open(&stored).state(), &state);
}

/// The oldest records: every field that has a default is absent.
const LEAST: &[&str] = &[
    r#"{"is":"made","stack":"dev","lineage":"l1"}"#,
    r#"{"is":"begin","holder":{"who":"ana","pid":1,"verb":"apply","run":"r1","since":1}}"#,
    r#"{"is":"intent","op":"op1","path":"a","type":"test:Thing","verb":"create","provider":"test:1","location":null,"at":5}"#,
    r#"{"is":"put","object":{"path":"b","type":"test:Thing","id":"id-b","provider":"test:1","location":null}}"#,
    r#"{"is":"gone","key":{"path":"b","type":"test:Thing"},"why":"missing"}"#,
    r#"{"is":"put","object":{"path":"c","type":"test:Thing","id":"id-c","provider":"test:1"}}"#,
    r#"{"is":"end","outcome":"done"}"#,
];

#[test]
fn a_new_reader_gives_old_data_its_defaults() {
    expect_file!["samples/least.ndjson"].assert_eq(&journal(1, LEAST));
    let log = open(&Memory::holding(None, sample("least.ndjson")));
    let intent = &log.state().intents["op1"];
    assert_eq!((intent.key.generation, intent.version, intent.wanted.len(), intent.protect), (0, 0, 0, false));
    let object = &log.state().objects[&key("c")];
    assert_eq!((object.status, object.version, object.seen, object.retain), (Status::Ready, 0, 0, false));
    assert_eq!(log.state().serial, 7);
}

/// Known records, each with something that this version does not know.
const MORE: &[&str] = &[
    r#"{"is":"made","stack":"dev","lineage":"l1","seal":null,"region":"eu-west-1"}"#,
    r#"{"is":"begin","holder":{"who":"ana","pid":1,"verb":"apply","run":"r1","since":1,"host":"laptop"},"plan":null,"ticket":[1,2]}"#,
    r#"{"is":"put","op":null,"took":null,"object":{"path":"a","type":"test:Thing","id":"id-a","provider":"test:1","version":1,"status":"ready","fields":{"size":"large"},"outputs":{},"dependencies":[],"protect":true,"retain":false,"location":null,"seen":5,"cost":{"hour":0.1}}}"#,
];

#[test]
fn an_old_reader_passes_over_fields_that_it_does_not_know() {
    expect_file!["samples/more.ndjson"].assert_eq(&journal(1, MORE));
    let log = open(&Memory::holding(None, sample("more.ndjson")));
    let object = &log.state().objects[&key("a")];
    assert_eq!((object.protect, &object.fields), (true, &fields([("size", text("large"))])));
}

#[test]
fn an_old_writer_drops_such_fields_from_the_snapshot_and_keeps_them_in_the_history() {
    let newer = sample("more.ndjson");
    let store = Memory::holding(None, newer.clone());
    let mut log = run(&store);
    assert!(store.journal().starts_with(&newer), "what is there is never written again");
    now(log.compact(40)).expect("a run that writes");
    let snapshot = text_of(store.snapshot());
    assert!(snapshot.contains(r#""size":"large""#) && !snapshot.contains("cost"), "{snapshot}");
    let verified = now(log.history()).expect("in memory").verify().expect("whole, with the unknown fields in it");
    assert_eq!((verified.first, verified.refolded), (1, true));
}

/// Opens what a newer version wrote, for reading and for a run that was opened before.
fn refused_as_newer(snapshot: Option<Vec<u8>>, journal: String, expected: &str) {
    let store = Memory::holding(snapshot, journal.into_bytes());
    match open_with(store.clone(), Unseal::none()).map(|log| log.state().clone()) {
        Err(StateError::Newer { what, .. }) => assert!(what.contains(expected), "{what}"),
        other => panic!("{other:?}"),
    }
    assert_eq!(store.writes(), 0);
}

#[test]
fn what_an_old_reader_cannot_understand_is_refused_as_newer() {
    refused_as_newer(None, journal(2, LEAST), "format 2");
    let unknown_record = [LEAST[0], LEAST[1], r#"{"is":"paused","until":9}"#];
    refused_as_newer(None, journal(1, &unknown_record), "paused");
    let unknown_value = [LEAST[0], LEAST[1], r#"{"is":"exports","values":{"when":{"$instant":"2030-01-01"}}}"#];
    refused_as_newer(None, journal(1, &unknown_value), "$instant");
    let snapshot = hashed(&format!(r#"{{"v":3,"at":1,"head":"{}","state":[]"#, "0".repeat(64))) + "\n";
    refused_as_newer(Some(snapshot.into_bytes()), String::new(), "format 3");
}

#[test]
fn a_run_does_not_begin_on_what_a_newer_version_wrote_meanwhile() {
    let newer = journal(1, &[LEAST[0], LEAST[1], r#"{"is":"paused","until":9}"#]);
    let dir = tempfile::tempdir().expect("a folder");
    let path = dir.path().join(STACK).join("journal.ndjson");
    std::fs::create_dir(path.parent().expect("a folder")).expect("writable");
    std::fs::write(&path, journal(1, &LEAST[..2])).expect("writable");
    let mut log = open_with(File::new(dir.path(), STACK), Unseal::none()).expect("of this version");
    std::fs::write(&path, &newer).expect("writable");
    for _ in 0..2 {
        // The second time shows that the lock was given back.
        let begun = now(log.begin(holder("ana"), None, "l2".into(), 20));
        assert!(matches!(begun, Err(StateError::Newer { .. })), "{begun:?}");
        assert_eq!(std::fs::read_to_string(&path).expect("readable"), newer);
    }
}
