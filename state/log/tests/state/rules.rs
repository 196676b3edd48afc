//! The rules that records keep: each broken once, and what records do.
use expect_test::{Expect, expect};
use purlin_core::{SmolStr, Value};
use purlin_state::{Body, Key, StateError, Verb, store::Memory};

use crate::support::{commit, failed, fields, gone, intent, key, moved, needs, now, object, put, run};

/// Commits `before`, then all of `bad` at once, which must be refused without a trace.
fn refused(before: impl IntoIterator<Item = Body>, bad: impl IntoIterator<Item = Body>, expected: Expect) {
    let store = Memory::new();
    let mut log = run(&store);
    commit(&mut log, before);
    let (state, journal) = (log.state().clone(), store.journal());
    let error = now(log.commit(bad.into_iter().collect(), 30)).expect_err("it breaks a rule");
    assert!(matches!(error, StateError::Misfit(_)), "{error:?}");
    expected.assert_eq(&error.to_string());
    assert_eq!((log.state(), store.journal()), (&state, journal), "nothing was changed");
    commit(&mut log, [put(None, object("afterwards", Default::default()))]);
}

fn create(op: &str, path: &str) -> Body {
    intent(op, path, Verb::Create, fields([]))
}

fn thing(path: &str) -> Body {
    put(None, object(path, fields([])))
}

#[test]
fn an_operation_is_begun_once_and_ends_once() {
    refused([create("op1", "a")], [create("op1", "b")], expect!["operation op1 is begun twice"]);
    refused([], [create("op1", "a"), create("op1", "b")], expect!["operation op1 is begun twice"]);
    refused([], [failed("op1")], expect!["operation op1 is ended but was not begun"]);
    refused([create("op1", "a")], [failed("op1"), failed("op1")], expect!["operation op1 is ended but was not begun"]);
    let ended = [create("op1", "a"), put(Some("op1"), object("a", fields([])))];
    refused(ended, [gone(Some("op1"), "a")], expect!["operation op1 is ended but was not begun"]);
}

#[test]
fn an_operation_ends_with_its_own_object() {
    let other = put(Some("op1"), object("b", fields([])));
    refused([create("op1", "a")], [other], expect!["operation op1 was begun for another object than b"]);
    let before = [thing("a"), thing("b"), intent("op1", "a", Verb::Delete, fields([]))];
    refused(before, [gone(Some("op1"), "b")], expect!["operation op1 was begun for another object than b"]);
}

#[test]
fn what_is_created_is_new_and_what_is_changed_is_there() {
    refused([thing("a")], [create("op1", "a")], expect!["a is in the state already"]);
    refused([], [intent("op1", "a", Verb::Update, fields([]))], expect!["a is not in the state"]);
    refused([], [intent("op1", "a", Verb::Delete, fields([]))], expect!["a is not in the state"]);
    refused([], [gone(None, "a")], expect!["a is not in the state"]);
    refused([thing("a")], [gone(None, "a"), gone(None, "a")], expect!["a is not in the state"]);
}

#[test]
fn a_move_needs_something_to_move_and_a_free_place() {
    refused([], [moved("a", "b")], expect!["a is not in the state"]);
    refused([thing("a"), thing("b")], [moved("a", "b")], expect!["b is in the state already"]);
    refused([thing("a")], [moved("a", "a")], expect!["a is in the state already"]);
    let open = [thing("a"), intent("op1", "a", Verb::Update, fields([]))];
    refused(open, [moved("a", "b")], expect!["a has an open operation and cannot be moved"]);
    refused(
        [thing("a"), create("op1", "b")],
        [moved("a", "b")],
        expect!["b has an open operation and cannot be moved"],
    );
}

#[test]
fn a_log_is_made_once_and_a_run_has_an_epoch_of_its_own() {
    let made = Body::Made { stack: "dev".into(), lineage: "l2".into(), seal: None };
    refused([], [made], expect!["the state is made a second time"]);
    refused(
        [thing("a")],
        [Body::Begin { holder: Default::default(), plan: None }],
        expect!["epoch 1 does not follow epoch 1"],
    );
}

#[test]
fn a_value_is_not_nested_deeper_than_a_reader_follows() {
    let nested = |depth| (0..depth).fold(Value::Int(1), |inner, _| Value::List(vec![inner]));
    let deep = |depth| put(None, object("a", fields([("deep", nested(depth))])));
    refused([], [deep(100)], expect!["a value of a is nested more than 100 deep"]);
    let store = Memory::new();
    let mut log = run(&store);
    commit(&mut log, [deep(99)]);
    now(log.compact(30)).expect("a run that writes");
    assert_eq!(crate::support::open(&store).state(), log.state());
}

#[test]
fn edges_follow_a_move() {
    let store = Memory::new();
    let mut log = run(&store);
    commit(
        &mut log,
        [thing("a"), put(None, needs(object("b", fields([])), "a")), put(None, needs(object("c", fields([])), "b"))],
    );
    // In one group: a chain, and a place that another move left.
    commit(&mut log, [moved("a", "x"), moved("b", "a"), moved("x", "y")]);
    let on = |path: &str| -> Vec<SmolStr> {
        let object = &log.state().objects[&key(path)];
        object.dependencies.iter().map(|dependency| dependency.on.address.path.clone()).collect()
    };
    assert_eq!((on("a"), on("c")), (vec!["y".into()], vec!["a".into()]));
    let paths: Vec<&Key> = log.state().objects.keys().collect();
    assert_eq!(paths, [&key("a"), &key("c"), &key("y")]);
    assert!(log.state().objects.iter().all(|(key, object)| *key == object.key));
    assert_eq!(crate::support::open(&store).state(), log.state());
}

#[test]
fn durations_are_learned_by_type_and_verb() {
    let store = Memory::new();
    let mut log = run(&store);
    let took = |took| match put(Some("op1"), object("a", fields([]))) {
        Body::Put { op, object, .. } => Body::Put { op, took, object },
        other => other,
    };
    commit(&mut log, [create("op1", "a"), took(Some(1000))]);
    assert_eq!(log.state().durations.get("test:Thing create"), Some(&1000));
    let update = || intent("op1", "a", Verb::Update, fields([]));
    commit(&mut log, [update(), took(Some(100)), update(), took(Some(500)), update(), took(None)]);
    assert_eq!(log.state().durations.get("test:Thing update"), Some(&200), "each new one weighs a quarter");
    assert_eq!(log.state().durations.len(), 2);
}

#[test]
fn a_large_number_of_moves_takes_one_walk_over_the_state() {
    let store = Memory::new();
    let mut log = run(&store);
    let n = 3000;
    commit(
        &mut log,
        (0..n).map(|i| put(None, needs(object(&format!("old/{i}"), fields([])), &format!("old/{}", i / 2)))),
    );
    commit(&mut log, (0..n).map(|i| moved(&format!("old/{i}"), &format!("new/{i}"))));
    let state = log.state();
    assert_eq!(state.objects.len(), n);
    assert!(state.objects.values().all(|object| object.dependencies[0].on.address.path.starts_with("new/")));
}
