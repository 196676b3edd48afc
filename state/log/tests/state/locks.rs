//! The lock of a folder between processes: the second one is told who holds it, and a dead one holds nothing.
use std::{
    io::{self, BufRead as _, BufReader, Read as _, Write as _},
    process::{Child, Command, Stdio},
};

use purlin_state::{Log, StateError, store::File};

use crate::support::{STACK, commit, fields, holder, now, object, open_with, passphrase, put};

/// Not a test by itself: the other process. It takes the lock of the folder that a line on its input names, says so,
/// and holds it until its input ends. Without such a line it does nothing.
#[test]
#[ignore = "the other process of the tests below"]
fn hold_the_lock() {
    let mut input = BufReader::new(io::stdin());
    let mut dir = String::new();
    input.read_line(&mut dir).expect("readable");
    if dir.trim_end().is_empty() {
        return;
    }
    let mut log = log(dir.trim_end());
    now(log.begin(holder("ben@ci"), None, "l1".into(), 10)).expect("free");
    commit(&mut log, [put(None, object("made by ben", fields([])))]);
    writeln!(io::stdout(), "\nheld").expect("writable");
    input.read_to_end(&mut Vec::new()).expect("readable");
}

fn log(dir: &str) -> Log {
    open_with(File::new(dir, STACK), passphrase("open sesame")).expect("whole")
}

fn other_process(dir: &str) -> Child {
    let this = std::env::current_exe().expect("this test's program");
    let mut child = Command::new(this)
        .args(["--exact", "locks::hold_the_lock", "--ignored", "--nocapture"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("it runs once, so it runs twice");
    writeln!(child.stdin.as_ref().expect("piped"), "{dir}").expect("it reads");
    let mut lines = BufReader::new(child.stdout.take().expect("piped")).lines();
    assert!(lines.any(|line| line.expect("text") == "held"), "it never said that it holds the lock");
    child
}

#[test]
fn a_second_process_is_told_who_holds_the_lock_and_a_killed_one_holds_it_no_more() {
    let dir = tempfile::tempdir().expect("a folder");
    let dir = dir.path().to_str().expect("text");
    let mut other = other_process(dir);
    let mut log = log(dir);
    match now(log.begin(holder("ana@laptop"), None, "l2".into(), 20)) {
        Err(StateError::Locked { holder: Some(holder) }) => {
            assert_eq!((holder.who.as_str(), holder.verb.as_str()), ("ben@ci", "apply"))
        }
        other => panic!("{other:?}"),
    }
    assert_eq!(log.state().objects.len(), 1, "reading needs no lock");
    other.kill().expect("it runs");
    other.wait().expect("it ends");
    now(log.begin(holder("ana@laptop"), None, "l2".into(), 20)).expect("free at once");
    assert_eq!((log.state().lineage.as_str(), log.state().epoch), ("l1", 2));
}
