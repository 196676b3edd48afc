//! What a person is told: one diagnostic for each kind of error, with what to do next.
use expect_test::{Expect, expect};
use purlin_core::Diagnostic;
use purlin_state::{StateError, fold::Misfit};

use crate::support::{holder, key};

fn check(error: StateError, expected: Expect) {
    let told = Diagnostic::from(error);
    assert!(!told.help.is_empty(), "{told}");
    assert!(told.code.page().is_some(), "{told}");
    expected.assert_eq(&told.to_string());
}

#[test]
fn damage_names_the_place() {
    let error = StateError::Damaged {
        file: "dev/journal.ndjson".into(),
        seq: 7,
        offset: 1234,
        why: "its hash is wrong".into(),
    };
    check(
        error,
        expect![[r#"
        error[P0501]: the state is damaged at record 7: its hash is wrong (dev/journal.ndjson, byte 1234)
          note: nothing was changed
          help: run `state verify` to check every record
          help: restore the state's files from a backup taken before the damage"#]],
    );
}

#[test]
fn a_lock_names_its_holder() {
    check(
        StateError::Locked { holder: Some(holder("ben@ci")) },
        expect![[r#"
            error[P0503]: the state is held by ben@ci (apply, process 4711, run r1)
              note: since 2030-03-17T17:46:40Z
              help: wait for that run to end, then try again; `plan` and `state list` need no lock"#]],
    );
    check(
        StateError::Locked { holder: None },
        expect![[r#"
        error[P0503]: another run holds the state
          help: wait for that run to end, then try again; `plan` and `state list` need no lock"#]],
    );
}

#[test]
fn the_others() {
    check(
        StateError::Newer { file: "dev/snapshot.json".into(), what: "it has format 2".into() },
        expect![[r#"
        error[P0502]: dev/snapshot.json was written by a newer version of Purlin: it has format 2
          note: nothing was changed
          help: update the `purlin` crate: `cargo update -p purlin`"#]],
    );
    check(
        StateError::Fenced { why: "the lock of epoch 3 was taken away".into() },
        expect![[r#"
        error[P0503]: this run no longer holds the state: the lock of epoch 3 was taken away
          note: what this run had begun is in the state as open operations
          help: run `apply` again once the other run has ended: it settles them first"#]],
    );
    let source = std::io::Error::other("no space left on device");
    check(
        StateError::Io { what: "write dev/journal.ndjson".into(), source },
        expect![[r#"
        error[P0504]: cannot write dev/journal.ndjson
          cause: no space left on device
          help: check the path, its permissions and the free space, then try again"#]],
    );
    check(
        StateError::OtherStack { expected: "prod".into(), found: "dev".into() },
        expect![[r#"
        error[P0504]: the state is of stack "dev", not of "prod"
          help: use `--stack dev`, or put the state back where it belongs"#]],
    );
    check(
        StateError::ReadOnly,
        expect![[r#"
        error[P0504]: the state is open for reading only
          help: begin a run before the first change"#]],
    );
    check(
        StateError::Stopped,
        expect![[r#"
        error[P0504]: an earlier write to the state failed
          note: what was durable before is safe
          help: mend the cause, then run `apply` again: it goes on from what is durable"#]],
    );
    check(
        StateError::Misfit(Misfit::Absent { key: Box::new(key("net/vpc")) }),
        expect![[r#"
        error[P0507]: net/vpc is not in the state
          note: nothing was written
          help: run `state list` to see what the state holds"#]],
    );
    check(
        StateError::Misfit(Misfit::Present { key: Box::new(key("net/vpc")) }),
        expect![[r#"
        error[P0508]: net/vpc is in the state already
          note: nothing was written
          help: run `state list` to see what the state holds"#]],
    );
    check(
        StateError::NoRecord { seq: 9, first: 1, last: 4 },
        expect![[r#"
        error[P0507]: there is no record 9: the history has records 1 to 4
          help: run `state log` to see the records that there are"#]],
    );
    check(
        StateError::SealLocked { kind: None },
        expect![[r#"
            error[P0505]: secrets are sealed with a passphrase, and none was given
              help: set PURLIN_PASSPHRASE or PURLIN_PASSPHRASE_FILE, then try again"#]],
    );
    check(
        StateError::SealLocked { kind: Some("kms".into()) },
        expect![[r#"
            error[P0505]: the state's secrets are sealed by "kms", which this program cannot open
              help: update the `purlin` crate, or use a program that knows this way of sealing"#]],
    );
    check(
        StateError::SealWrong,
        expect![[r#"
        error[P0506]: the passphrase does not open the state's secrets
          note: nothing was changed
          help: set PURLIN_PASSPHRASE to the passphrase that the first secret of this stack was stored with"#]],
    );
}
