//! Secrets: sealed where they are stored, plain where they are used, and bound to their place.
use proptest::prelude::*;
use purlin_core::{Secret, Value};
use purlin_state::{
    Body, Log, Outcome, StateError, Unseal, Verb,
    seal::{Cost, Random},
    store::Memory,
};

use crate::{
    life::{live, steps},
    support::{
        begin, commit, crash, fields, gone, intent, key, moved, now, object, open, open_with, passphrase, put, run,
        secret, text,
    },
};

fn with_secret(store: &Memory) -> Log {
    let mut log = run(store);
    let wanted = fields([("password", secret("hunter2")), ("name", text("db"))]);
    commit(&mut log, [intent("op1", "db", Verb::Create, wanted.clone())]);
    commit(&mut log, [put(Some("op1"), object("db", wanted))]);
    log
}

fn end(mut log: Log) {
    now(log.end(Outcome::Done, 30)).expect("a run that writes");
}

fn password(log: &Log, path: &str) -> Value {
    log.state().objects[&key(path)].fields["password"].clone()
}

#[test]
fn a_secret_is_stored_sealed_and_comes_back() {
    let store = Memory::new();
    end(with_secret(&store));
    assert!(!String::from_utf8(store.journal()).expect("text").contains("hunter2"));
    let log = open(&store);
    assert!(!log.is_locked());
    assert_eq!(password(&log, "db"), secret("hunter2"));
}

#[test]
fn without_a_passphrase_secrets_stay_sealed_and_the_rest_is_read() {
    let store = Memory::new();
    end(with_secret(&store));
    let log = open_with(store, Unseal::none()).expect("readable");
    assert!(log.is_locked());
    assert!(matches!(password(&log, "db"), Value::Sealed(_)));
    assert_eq!(log.state().objects[&key("db")].fields["name"], text("db"));
}

#[test]
fn a_stack_without_secrets_needs_no_passphrase() {
    let store = Memory::new();
    let mut log = open_with(store.clone(), Unseal::none()).expect("new");
    begin(&mut log);
    commit(&mut log, [put(None, object("a", fields([])))]);
    let journal = store.journal();
    let refused = now(log.commit(vec![put(None, object("b", fields([("password", secret("hunter2"))])))], 20));
    assert!(matches!(refused, Err(StateError::SealLocked { kind: None })), "{refused:?}");
    assert_eq!(store.journal(), journal, "nothing was written");
    commit(&mut log, [gone(None, "a")]);
    assert!(!log.is_locked());
}

#[test]
fn a_wrong_passphrase_is_found_when_the_state_is_opened() {
    let store = Memory::new();
    end(with_secret(&store));
    let wrong = open_with(store.clone(), passphrase("open barley")).map(|log| log.state().clone());
    assert!(matches!(wrong, Err(StateError::SealWrong)), "{wrong:?}");
}

#[test]
fn a_wrong_passphrase_is_found_when_the_first_secret_came_after_the_state_was_opened() {
    let store = Memory::new();
    let mut early = open_with(store.clone(), passphrase("open barley")).expect("nothing to open yet");
    end(with_secret(&store));
    let begun = now(early.begin(Default::default(), None, "l2".into(), 20));
    assert!(matches!(begun, Err(StateError::SealWrong)), "{begun:?}");
    end(run(&store));
}

#[test]
fn a_locked_log_takes_what_has_no_secret_and_is_not_compacted() {
    let store = Memory::new();
    end(with_secret(&store));
    let mut log = open_with(store.clone(), Unseal::none()).expect("readable");
    begin(&mut log);
    let sealed = log.state().objects[&key("db")].clone();
    let refused = now(log.commit(vec![put(None, sealed)], 20));
    assert!(matches!(refused, Err(StateError::SealLocked { .. })), "{refused:?}");
    assert!(matches!(now(log.compact(20)), Err(StateError::SealLocked { .. })));
    commit(&mut log, [moved("db", "data/db"), intent("op2", "data/db", Verb::Delete, fields([]))]);
    end(log);
    assert_eq!(password(&open(&store), "data/db"), secret("hunter2"), "it opens where it was sealed");
}

#[test]
fn a_secret_moves_with_its_object_into_the_snapshot() {
    let store = Memory::new();
    let mut log = with_secret(&store);
    commit(&mut log, [moved("db", "data/db")]);
    now(log.compact(20)).expect("a run that writes");
    end(log);
    assert_eq!(password(&open(&store), "data/db"), secret("hunter2"));
}

#[test]
fn a_sealed_text_opens_only_in_its_place() {
    let store = Memory::new();
    let mut log = with_secret(&store);
    let Value::Sealed(sealed) = password(&open_with(store.clone(), Unseal::none()).expect("readable"), "db") else {
        panic!("sealed without a passphrase");
    };
    let stolen = Value::Sealed(sealed);
    let refused = now(log.commit(vec![put(None, object("tag", fields([("name", stolen)])))], 20));
    assert!(matches!(refused, Err(StateError::Misfit(_))), "{refused:?}");
    // The same by hand, with all hashes right: the text of one field in another.
    let mut log = Journal::of(&store);
    log.replace_last(r#""name":"db""#, |line| {
        let start = line.find(r#"{"$sealed""#).expect("a sealed value");
        let end = start + line[start..].find('}').expect("its end") + 1;
        format!(r#""name":{}"#, &line[start..end])
    });
    match open_with(log.store(), passphrase("open sesame")).map(|log| log.state().clone()) {
        Err(StateError::Damaged { why, .. }) => {
            assert_eq!(why, "the secret `name` of db does not open in its place");
        }
        other => panic!("{other:?}"),
    }
}

/// A journal to be changed by hand.
struct Journal(Vec<String>);

impl Journal {
    fn of(store: &Memory) -> Self {
        Self(String::from_utf8(store.journal()).expect("text").lines().map(str::to_owned).collect())
    }

    fn replace_last(&mut self, what: &str, with: impl FnOnce(&str) -> String) {
        let line = self.0.pop().expect("a record");
        let with = with(&line);
        let (hashed, _) = line.split_once(r#","hash":"#).expect("a hash");
        let changed = hashed.replacen(what, &with, 1);
        assert_ne!(changed, hashed, "there was something to replace");
        self.0.push(crate::versions::hashed(&changed));
    }

    fn store(&self) -> Memory {
        let lines: String = self.0.iter().map(|line| format!("{line}\n")).collect();
        Memory::holding(None, lines.into_bytes())
    }
}

#[test]
fn secrets_within_secrets_come_back_as_they_were() {
    let nested = Value::Secret(Box::new(Value::List(vec![
        secret("inner"),
        text("plain"),
        Value::Secret(Box::new(secret("twice"))),
    ])));
    let store = Memory::new();
    let mut log = run(&store);
    commit(&mut log, [put(None, object("a", fields([("nested", nested.clone())])))]);
    now(log.compact(20)).expect("a run that writes");
    assert_eq!(log.state().objects[&key("a")].fields["nested"], nested, "the state in memory is as it was");
    crash(log, &store);
    assert_eq!(open(&store).state().objects[&key("a")].fields["nested"], nested);
}

#[test]
fn the_key_is_made_with_the_first_secret_and_used_for_all() {
    let store = Memory::new();
    let mut log = run(&store);
    assert!(log.state().seal.is_none());
    let exports = || Body::Exports { values: fields([("token", secret("t0ken"))]) };
    commit(&mut log, [exports()]);
    let key = log.state().seal.clone().expect("the first secret was stored");
    assert!(key.starts_with("argon2id$m=8,t=1,p=1$"), "{key}");
    commit(&mut log, [exports()]);
    assert_eq!(log.state().seal.as_ref(), Some(&key));
    assert_eq!(String::from_utf8(store.journal()).expect("text").matches(r#""is":"seal""#).count(), 1);
}

#[test]
fn the_same_seed_gives_the_same_bytes_and_the_system_gives_others() {
    let bytes = |unseal: Unseal| {
        let store = Memory::new();
        let mut log = open_with(store.clone(), unseal).expect("new");
        begin(&mut log);
        commit(&mut log, [Body::Exports { values: fields([("token", secret("t0ken"))]) }]);
        store.journal()
    };
    assert_eq!(bytes(passphrase("open sesame")), bytes(passphrase("open sesame")));
    let system = || Unseal { random: Random::system(), ..passphrase("open sesame") };
    assert_ne!(bytes(system()), bytes(system()));
}

#[test]
fn a_usual_passphrase_opens_what_it_sealed() {
    let unseal = || Unseal::with(Secret::new("correct horse".to_owned()));
    assert_eq!(unseal().cost, Cost::STRONG);
    let store = Memory::new();
    let mut log = open_with(store.clone(), unseal()).expect("new");
    begin(&mut log);
    commit(&mut log, [put(None, object("db", fields([("password", secret("hunter2"))])))]);
    end(log);
    let log = open_with(store, unseal()).expect("the right passphrase");
    assert_eq!(password(&log, "db"), secret("hunter2"));
    assert!(log.state().seal.as_ref().is_some_and(|key| key.starts_with("argon2id$m=65536,t=3,p=4$")));
}

#[test]
fn randomness_that_fails_stops_the_commit() {
    let random = Random::from_fn(|_| Err(std::io::Error::other("no entropy")));
    let mut log = open_with(Memory::new(), Unseal { random, ..passphrase("open sesame") }).expect("new");
    begin(&mut log);
    let refused = now(log.commit(vec![Body::Exports { values: fields([("token", secret("t0ken"))]) }], 20));
    assert!(matches!(refused, Err(StateError::Io { .. })), "{refused:?}");
}

proptest! {
    #[test]
    fn no_secret_is_ever_stored_in_plain(steps in steps(30)) {
        let store = live(&steps).store;
        let stored = [store.journal(), store.snapshot().unwrap_or_default()].concat();
        let stored = String::from_utf8(stored).expect("text");
        for plain in ["hunter2", "s3cret", "exported"] {
            prop_assert!(!stored.contains(plain));
        }
    }
}
