//! Any single flipped bit is detected, and the record that it is in is named.
use proptest::prelude::*;
use purlin_state::{StateError, Verb, store::Memory};

use crate::{
    life::{live, steps},
    support::{commit, crash, fields, intent, now, object, open_with, passphrase, put, run, secret, text},
};

/// Opens what is there with one bit flipped, and checks what is said about it.
fn flip(store: &Memory, in_snapshot: bool, bit: usize) {
    let (mut snapshot, mut journal) = (store.snapshot(), store.journal());
    let (line, seq) = {
        let bytes = match &mut snapshot {
            Some(snapshot) if in_snapshot => snapshot,
            _ => &mut journal,
        };
        let (byte, mask) = (bit / 8 % bytes.len(), 1 << (bit % 8));
        let start = bytes[..byte].iter().rposition(|b| *b == b'\n').map_or(0, |newline| newline + 1);
        let seq = number_after(&bytes[start..], b"\"seq\":");
        bytes[byte] ^= mask;
        (start as u64, seq)
    };
    let damaged = Memory::holding(snapshot, journal);
    let where_it_is = match open_with(damaged, passphrase("open sesame")).map(|log| log.state().serial) {
        Err(StateError::Damaged { file, seq, offset, .. }) => (file, seq, offset),
        other => panic!("bit {bit}: {other:?}"),
    };
    match in_snapshot {
        true => assert_eq!(where_it_is, ("memory:snapshot".to_owned(), 0, 0), "bit {bit}"),
        false => assert_eq!(where_it_is, ("memory:journal".to_owned(), seq, line), "bit {bit}"),
    }
}

fn number_after(line: &[u8], name: &[u8]) -> u64 {
    let Some(at) = line.windows(name.len()).position(|window| window == name) else { return 0 };
    let digits = line[at + name.len()..].iter().take_while(|b| b.is_ascii_digit());
    digits.fold(0, |number, digit| number * 10 + u64::from(digit - b'0'))
}

#[test]
fn every_bit_of_a_small_journal() {
    let store = Memory::new();
    let mut log = run(&store);
    let wanted = fields([("name", text("ü ☃")), ("password", secret("hunter2"))]);
    commit(&mut log, [intent("op1", "db", Verb::Create, wanted.clone())]);
    commit(&mut log, [put(Some("op1"), object("db", wanted))]);
    crash(log, &store);
    for bit in 0..store.journal().len() * 8 {
        flip(&store, false, bit);
    }
}

proptest! {
    #[test]
    fn any_bit_of_any_life(steps in steps(40), bit: usize, in_snapshot: bool) {
        let store = live(&steps).store;
        let in_snapshot = match (store.snapshot().is_some(), store.journal().is_empty()) {
            (true, true) => true,
            (has_snapshot, _) => has_snapshot && in_snapshot,
        };
        flip(&store, in_snapshot, bit);
    }
}

#[test]
fn a_missing_record_is_found() {
    let store = Memory::new();
    let mut log = run(&store);
    for path in ["a", "b", "c"] {
        commit(&mut log, [put(None, object(path, Default::default()))]);
    }
    crash(log, &store);
    let journal = String::from_utf8(store.journal()).expect("text");
    for (missing, expected) in [(0, 1), (1, 2), (3, 4)] {
        let lines = journal.lines().enumerate().filter(|(i, _)| *i != missing).map(|(_, line)| format!("{line}\n"));
        let store = Memory::holding(None, lines.collect::<String>().into_bytes());
        match open_with(store, passphrase("open sesame")) {
            Err(StateError::Damaged { seq, .. }) => assert_eq!(seq, expected),
            other => panic!("{:?}", other.map(|log| log.state().clone())),
        }
    }
}

#[test]
fn a_record_that_is_missing_behind_a_snapshot_is_found() {
    let store = Memory::new();
    let mut log = run(&store);
    now(log.compact(20)).expect("a run that writes");
    for path in ["a", "b"] {
        commit(&mut log, [put(None, object(path, Default::default()))]);
    }
    crash(log, &store);
    let journal = store.journal();
    let second = journal.iter().position(|b| *b == b'\n').expect("two lines") + 1;
    let store = Memory::holding(store.snapshot(), journal[second..].to_vec());
    match open_with(store, passphrase("open sesame")) {
        Err(StateError::Damaged { seq, why, .. }) => {
            assert_eq!((seq, why.as_str()), (4, "records 3 to 3 are missing before it"));
        }
        other => panic!("{:?}", other.map(|log| log.state().clone())),
    }
}

#[test]
fn a_snapshot_and_a_journal_of_two_pasts_do_not_go_together() {
    let (one, two) = (Memory::new(), Memory::new());
    for (store, size) in [(&one, "large"), (&two, "small")] {
        let mut log = run(store);
        commit(&mut log, [put(None, object("a", fields([("size", text(size))])))]);
        if size == "large" {
            now(log.compact(20)).expect("a run that writes");
        }
        commit(&mut log, [put(None, object("b", Default::default()))]);
        crash(log, store);
    }
    match open_with(Memory::holding(one.snapshot(), two.journal()), passphrase("open sesame")) {
        Err(StateError::Damaged { seq, why, .. }) => {
            assert_eq!((seq, why.as_str()), (3, "it is not the record that the snapshot ends with"));
        }
        other => panic!("{:?}", other.map(|log| log.state().clone())),
    }
}

#[test]
fn a_record_that_was_changed_with_its_hash_breaks_the_chain_behind_it() {
    let (one, two) = (Memory::new(), Memory::new());
    for (store, size) in [(&one, "large"), (&two, "small")] {
        let mut log = run(store);
        commit(&mut log, [put(None, object("a", fields([("size", text(size))])))]);
        commit(&mut log, [put(None, object("b", Default::default()))]);
        crash(log, store);
    }
    let lines = |store: &Memory| -> Vec<String> {
        String::from_utf8(store.journal()).expect("text").lines().map(|line| format!("{line}\n")).collect()
    };
    let (mut changed, other) = (lines(&one), lines(&two));
    changed[2].clone_from(&other[2]);
    match open_with(Memory::holding(None, changed.concat().into_bytes()), passphrase("open sesame")) {
        Err(StateError::Damaged { seq, why, .. }) => {
            assert_eq!((seq, why.as_str()), (4, "it does not continue the record before it"));
        }
        other => panic!("{:?}", other.map(|log| log.state().clone())),
    }
}
