//! Runs that do not go to their end: a failure, a cancelled run, a state that another run holds.
use std::sync::Arc;

use expect_test::expect;
use purlin_cli::ExitCode;
use purlin_state::{Holder, Log, Unseal, store};

use crate::{
    cloud::CANCELLED_BY_SLOW,
    environment::TestEnvironment,
    programs::{disks, note},
};

#[test]
fn a_failure_says_what_where_and_what_is_held_back() {
    let env = TestEnvironment::new();
    let said = env.run(&disks(&["a", "broken", "c"], "1", "none"), "apply --yes");
    assert_eq!(said.code, ExitCode::Failed);
    let report = said.out.split("Takes ").nth(1).and_then(|rest| rest.split_once('\n')).map(|(_, report)| report);
    expect![[r#"
        error[P0401]: `broken` (test:disk:Disk) could not be created
          at broken
          --> sdk/cli/tests/cli/programs.rs:71
          call: disk:CreateDisk (NoRoom, HTTP 400, request req-7)
          cause: no rack has room for it
          note: nothing was made
          help: choose another size

        held back: broken-device, c, c-device, because broken failed

        Failed: 2 created, 1 failed, 3 left.
        To go on from here: disks apply
    "#]]
    .assert_eq(report.unwrap_or(&said.out));
    // The next run goes on from there.
    let said = env.ok(&disks(&["a"], "1", "none"), "apply --yes");
    assert!(said.out.contains("Nothing to do"), "{}", said.out);
}

#[test]
fn a_cancelled_run_ends_and_the_next_goes_on() {
    let env = TestEnvironment::new().signals(Arc::new(|cancel, _| {
        *CANCELLED_BY_SLOW.lock().expect("only this test uses it") = Some(cancel);
    }));
    let said = env.run(&disks(&["slow", "next"], "1", "none"), "apply --yes");
    assert_eq!(said.code, ExitCode::Cancelled, "{}{}", said.out, said.err);
    assert!(said.err.contains("Stopping: nothing more is started"), "{}", said.err);
    let report = said.out.split("Takes ").nth(1).and_then(|rest| rest.split_once('\n')).map(|(_, report)| report);
    expect![[r#"
        under way: slow; the next run finds out what became of it

        not begun: slow-device, next, next-device

        Cancelled: 1 under way, 3 left.
        To go on from here: disks apply
    "#]]
    .assert_eq(report.unwrap_or(&said.out));
    let list = env.ok(&disks(&["slow", "next"], "1", "none"), "state list").out;
    assert!(list.contains("disk-slow"), "what was made is known:\n{list}");
}

#[test]
fn a_state_that_another_run_holds() {
    let env = TestEnvironment::new();
    env.ok(&note("a"), "apply --yes");
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    let store = store::File::new(env.path(".purlin"), "note");
    let mut log = runtime.block_on(Log::open(Box::new(store), "note", Unseal::none())).expect("it opens");
    let holder = Holder {
        who: "bob@ci".to_owned(),
        pid: 42,
        verb: "apply".to_owned(),
        run: "run-1".into(),
        since: 1_767_225_600_000,
    };
    runtime.block_on(log.begin(holder, None, "lineage".into(), 1_767_225_600_000)).expect("nobody holds it");
    let said = env.run(&note("b"), "apply --yes");
    assert_eq!(said.code, ExitCode::Locked);
    expect![[r#"
        error[P0503]: the state is held by bob@ci (apply, process 42, run run-1)
          note: since 2026-01-01T00:00:00Z
          help: wait for that run to end, then try again; `plan` and `state list` need
                no lock

        For more about P0503: note explain P0503
    "#]]
    .assert_eq(&said.err);
    // Looking needs no lock.
    assert_eq!(env.run(&note("b"), "plan --exit-code").code, ExitCode::Changes);
}
