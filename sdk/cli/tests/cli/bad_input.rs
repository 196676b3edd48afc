//! Bad input: each is told with a code, changes nothing and never panics.
use expect_test::{Expect, expect};
use purlin_cli::{App, ExitCode};
use sha2::{Digest as _, Sha256};

use crate::{
    environment::TestEnvironment,
    programs::{disks, note, panics, site},
};

/// Runs a command that has to be refused: with this exit code, as this text says, and with every file as it was.
#[track_caller]
fn refused(env: &TestEnvironment, app: &App, line: &str, code: ExitCode, told: Expect) {
    let before = env.files();
    let said = env.run(app, line);
    assert_eq!(said.code, code, "{}{}", said.out, said.err);
    assert_eq!(said.out, "", "what is refused gives no data");
    assert!(said.err.lines().all(|line| line.chars().count() <= 80), "a line is too long:\n{}", said.err);
    assert_eq!(env.files(), before, "something was changed");
    told.assert_eq(&said.err);
}

#[test]
fn a_settings_file_that_is_not_toml() {
    let env = TestEnvironment::new();
    env.file("purlin.site.toml", "region = \"north\npages = 3\n");
    refused(
        &env,
        &site(),
        "plan",
        ExitCode::Usage,
        expect![[r#"
        error[P0204]: purlin.site.toml:1:16: invalid basic string, expected `"`
          --> purlin.site.toml:1
          help: see https://toml.io for the syntax; text stands in quotes: key = "value"

        For more about P0204: site explain P0204
    "#]],
    );
}

#[test]
fn settings_that_are_unknown_missing_or_of_another_type() {
    let env = TestEnvironment::new();
    env.file("purlin.site.toml", "pages = \"many\"\ntitel = \"Hello\"\n");
    refused(
        &env,
        &site(),
        "apply --yes",
        ExitCode::Usage,
        expect![[r#"
        error[P0201]: the program has no setting `titel`
          --> purlin.site.toml:2
          help: did you mean `title`?

        error[P0202]: the setting `region` is missing
          note: region: Where it is (String)
          help: write it into purlin.site.toml: region = …
          help: or pass it: --set region=…
          help: or set the environment variable PURLIN_SET_REGION

        2 errors in all

        For more about P0201: site explain P0201
    "#]],
    );
}

#[test]
fn a_stack_that_is_not_there() {
    let env = TestEnvironment::new();
    env.file("purlin.prod.toml", "region = \"north\"\n");
    refused(
        &env,
        &site(),
        "plan --stack prdo",
        ExitCode::Usage,
        expect![[r#"
        error[P0702]: there is no stack `prdo`
          note: neither the file purlin.prdo.toml nor a state of that name exists in
                $DIR
          help: did you mean `--stack prod`?
          help: to begin a new stack, make the file purlin.prdo.toml

        For more about P0702: site explain P0702
    "#]],
    );
}

#[test]
fn a_state_that_is_no_folder() {
    let env = TestEnvironment::new();
    env.file("state", "not a folder");
    refused(
        &env,
        &note("a"),
        "plan --state file:state",
        ExitCode::State,
        expect![[r#"
        error[P0504]: cannot read $DIR/state/note/journal.ndjson
          cause: Not a directory (os error 20)
          help: check the path, its permissions and the free space, then try again

        For more about P0504: note explain P0504
    "#]],
    );
}

#[test]
fn a_place_that_is_no_place() {
    let env = TestEnvironment::new().var("PURLIN_STATE", "s3://bucket/state");
    refused(
        &env,
        &note("a"),
        "plan",
        ExitCode::Usage,
        expect![[r#"
        error[P0701]: `s3://bucket/state` is not a place for a state
          help: write file:DIR, as in --state file:.purlin

        For more about P0701: note explain P0701
    "#]],
    );
}

/// A stack that exists, with one byte sequence of its journal replaced.
fn altered(from: &str, to: &str) -> TestEnvironment {
    let env = TestEnvironment::new();
    env.ok(&note("a"), "apply --yes");
    let journal = env.read(".purlin/note/journal.ndjson");
    assert!(journal.contains(from), "{journal}");
    env.file(".purlin/note/journal.ndjson", &journal.replacen(from, to, 1));
    env
}

#[test]
fn a_damaged_state() {
    let env = altered("ana@laptop", "eve@laptop");
    refused(
        &env,
        &note("a"),
        "apply --yes",
        ExitCode::State,
        expect![[r#"
        error[P0501]: the state is damaged at record 2: its hash is wrong
          ($DIR/.purlin/note/journal.ndjson, byte 280)
          note: nothing was changed
          help: run `state verify` to check every record
          help: restore the state's files from a backup taken before the damage

        For more about P0501: note explain P0501
    "#]],
    );
}

#[test]
fn a_newer_state() {
    let env = TestEnvironment::new();
    env.ok(&note("a"), "apply --yes");
    let journal = env.read(".purlin/note/journal.ndjson");
    // A newer version writes another format, and hashes what it writes, as every version does.
    let line = journal.lines().next().and_then(|line| line.split_once(",\"hash\":")).map(|(line, _)| line);
    let line = line.expect("a record ends in its hash").replacen("{\"v\":1,", "{\"v\":9,", 1);
    let hash: String = Sha256::digest(&line).iter().map(|byte| format!("{byte:02x}")).collect();
    env.file(".purlin/note/journal.ndjson", &format!("{line},\"hash\":\"{hash}\"}}\n"));
    refused(
        &env,
        &note("a"),
        "apply --yes",
        ExitCode::State,
        expect![[r#"
        error[P0502]: $DIR/.purlin/note/journal.ndjson was written by a newer
          version of Purlin: it has format 9, and this version knows formats up to 1
          note: nothing was changed
          help: update the `purlin` crate: `cargo update -p purlin`

        For more about P0502: note explain P0502
    "#]],
    );
}

#[test]
fn a_plan_file_that_is_none_damaged_newer_or_absent() {
    let env = TestEnvironment::new();
    env.ok(&note("a"), "plan --out good.plan");
    let good = env.read("good.plan");
    env.file("none.plan", "hello");
    refused(
        &env,
        &note("a"),
        "apply none.plan",
        ExitCode::Usage,
        expect![[r#"
            error[P0305]: the plan file cannot be read
              cause: expected value at line 1 column 1
              note: the file is none.plan
              note: nothing was changed
              help: make a new plan

            For more about P0305: note explain P0305
        "#]],
    );
    env.file("short.plan", &good[..good.len() / 2]);
    refused(
        &env,
        &note("a"),
        "apply short.plan",
        ExitCode::Usage,
        expect![[r#"
            error[P0305]: the plan file cannot be read
              cause: EOF while parsing a string at line 30 column 9
              note: the file is short.plan
              note: nothing was changed
              help: make a new plan

            For more about P0305: note explain P0305
        "#]],
    );
    env.file("newer.plan", &good.replacen("\"format\": 1", "\"format\": 99", 1));
    refused(
        &env,
        &note("a"),
        "apply newer.plan",
        ExitCode::Usage,
        expect![[r#"
            error[P0305]: the plan file cannot be read
              cause: it has format 99, this version knows 1
              note: the file is newer.plan
              note: nothing was changed
              help: make a new plan

            For more about P0305: note explain P0305
        "#]],
    );
    refused(
        &env,
        &note("a"),
        "apply absent.plan",
        ExitCode::Usage,
        expect![[r#"
        error[P0305]: the plan file absent.plan cannot be read
          cause: there is no such file
          note: nothing was changed
          help: make one with `plan --out FILE`

        For more about P0305: note explain P0305
    "#]],
    );
}

#[test]
fn a_plan_of_another_stack_or_for_less_than_is_done_now() {
    let env = TestEnvironment::new();
    env.ok(&note("a"), "plan --out note.plan");
    refused(
        &env,
        &note("b"),
        "apply note.plan",
        ExitCode::NotApproved,
        expect![[r#"
        error[P0303]: what would be done now is more than what was approved
          cause: create `note`: `value` becomes "b", approved was "a"
          cause: the exported value `text` becomes "b", approved was "a"
          help: make a new plan, review it, and apply that

        For more about P0303: note explain P0303
    "#]],
    );
    refused(
        &env,
        &note("a"),
        "apply note.plan --stack other",
        ExitCode::NotApproved,
        expect![[r#"
        error[P0304]: the plan was made for another place
          cause: the plan is for the stack `note`, this is `other`
          help: make a new plan here

        For more about P0304: note explain P0304
    "#]],
    );
}

#[test]
fn a_wrong_passphrase_or_none() {
    let env = TestEnvironment::new().var("PURLIN_PASSPHRASE", "right");
    env.file("purlin.site.toml", "region = \"north\"\n");
    env.ok(&site(), "apply --yes");
    let env = env.var("PURLIN_PASSPHRASE", "wrong");
    refused(
        &env,
        &site(),
        "apply --yes",
        ExitCode::State,
        expect![[r#"
        error[P0506]: the passphrase does not open the state's secrets
          note: nothing was changed
          help: set PURLIN_PASSPHRASE to the passphrase that the first secret of this
                stack was stored with

        For more about P0506: site explain P0506
    "#]],
    );
    let env = env.var("PURLIN_PASSPHRASE", "");
    refused(
        &env,
        &site(),
        "outputs --reveal password",
        ExitCode::State,
        expect![[r#"
        error[P0505]: `password` is sealed, and the key to it is not here
          help: set PURLIN_PASSPHRASE or PURLIN_PASSPHRASE_FILE, then try again

        For more about P0505: site explain P0505
    "#]],
    );
    let env = env.var("PURLIN_PASSPHRASE_FILE", "absent");
    refused(
        &env,
        &site(),
        "plan",
        ExitCode::State,
        expect![[r#"
        error[P0505]: the file with the passphrase cannot be read
          cause: there is no such file
          note: PURLIN_PASSPHRASE_FILE is absent

        For more about P0505: site explain P0505
    "#]],
    );
    // The right one in a file opens it.
    env.file("absent", "right\n");
    assert!(env.ok(&site(), "plan").out.starts_with("Nothing to do"));
}

#[test]
fn no_credentials() {
    let env = TestEnvironment::new();
    refused(
        &env,
        &disks(&["a"], "1", "no-credentials"),
        "apply --yes",
        ExitCode::Provider,
        expect![[r#"
        error[P0601]: the provider `default` (test) cannot be used
          cause: no credentials were found
          note: nothing was changed
          help: looked at the environment and at ~/.test/credentials

        For more about P0601: disks explain P0601
    "#]],
    );
}

#[test]
fn an_endpoint_that_cannot_be_reached() {
    let env = TestEnvironment::new();
    refused(
        &env,
        &disks(&["a"], "1", "unreachable"),
        "apply --yes",
        ExitCode::Provider,
        expect![[r#"
        error[P0603]: the provider `default` (test) cannot be used
          cause: https://disk.test:443 refused the connection
          note: nothing was changed

        For more about P0603: disks explain P0603
    "#]],
    );
}

#[test]
fn the_wrong_account() {
    let env = TestEnvironment::new();
    env.ok(&disks(&["a"], "1", "none"), "apply --yes");
    let before = env.files();
    let said = env.run(&disks(&["a"], "2", "none"), "apply --yes");
    assert_eq!(said.code, ExitCode::Provider, "{}{}", said.out, said.err);
    assert_eq!(env.files(), before, "something was changed");
    expect![[r#"
        reading 1 resource of 1 type
        read 0 resources
        error[P0602]: the state holds resources of test:1
          cause: the credentials of now are for test:2
          note: nothing was changed
          help: use credentials and a region for test:1

        For more about P0602: disks explain P0602
    "#]]
    .assert_eq(&said.err);
}

#[test]
fn a_program_that_panics() {
    let env = TestEnvironment::new().var("PURLIN_SET_KEY", "hunter2");
    let line = "apply --yes --set region=north";
    let said = env.run(&panics(), line);
    assert!(!said.err.contains("hunter2"), "{}", said.err);
    let before = env.files();
    assert_eq!(said.code, ExitCode::Failed);
    let told: String = said.err.lines().filter(|line| !line.starts_with("  -->")).map(|l| format!("{l}\n")).collect();
    expect![[r#"
        error[P0106]: the program panicked
          cause: no lock takes the key (secret)
          note: nothing was changed
          help: mend that line; with RUST_BACKTRACE=1 the calls that led to it are shown

        For more about P0106: site explain P0106
    "#]]
    .assert_eq(&told);
    assert_eq!(env.files(), before);
}

#[test]
fn a_selection_of_nothing() {
    let env = TestEnvironment::new();
    refused(
        &env,
        &note("a"),
        "plan --target nte",
        ExitCode::Usage,
        expect![[r#"
        error[P0308]: `--target nte` names nothing: neither the program nor the state
          has such a path
          note: nothing was changed
          help: write a path as the plan shows it; a component's path selects all below
                it

        For more about P0308: note explain P0308
    "#]],
    );
}

#[test]
fn more_deletes_than_are_allowed() {
    let env = TestEnvironment::new();
    env.ok(&disks(&["a", "b"], "1", "none"), "apply --yes");
    let said = env.run(&disks(&[], "1", "none"), "apply --yes --max-delete 3");
    assert_eq!(said.code, ExitCode::NotApproved, "{}{}", said.out, said.err);
    assert!(said.err.contains("error[P0306]"), "{}", said.err);
}

#[test]
fn nobody_to_ask() {
    let env = TestEnvironment::new();
    refused(
        &env,
        &note("a"),
        "apply",
        ExitCode::NotApproved,
        expect![[r#"
        error[P0703]: nobody is there to approve the plan: no terminal to ask on
          note: nothing was changed
          help: review a saved plan: note plan --out FILE
          help: then apply it: note apply FILE
          help: or pass --yes to apply whatever the plan says

        For more about P0703: note explain P0703
    "#]],
    );
    refused(
        &env,
        &note("a"),
        "destroy",
        ExitCode::NotApproved,
        expect![[r#"
        error[P0703]: nobody is there to approve the plan: no terminal to ask on
          note: nothing was changed
          help: pass --yes to do it all the same

        For more about P0703: note explain P0703
    "#]],
    );
}

#[test]
fn a_command_line_that_is_not_understood() {
    let env = TestEnvironment::new();
    refused(
        &env,
        &note("a"),
        "aply",
        ExitCode::Usage,
        expect![[r#"
        error[P0701]: unrecognized subcommand 'aply'
          note: Usage: note [OPTIONS] <COMMAND>
          help: a similar subcommand exists: 'apply'
          help: For more information, try '--help'.

        For more about P0701: note explain P0701
    "#]],
    );
    refused(
        &env,
        &note("a"),
        "plan --targt net",
        ExitCode::Usage,
        expect![[r#"
        error[P0701]: unexpected argument '--targt' found
          note: Usage: note plan --target <PATH>
          help: a similar argument exists: '--target'
          help: For more information, try '--help'.

        For more about P0701: note explain P0701
    "#]],
    );
    refused(
        &env,
        &note("a"),
        "plan --set nothing",
        ExitCode::Usage,
        expect![[r#"
        error[P0701]: invalid value 'nothing' for '--set <KEY=VALUE>': write KEY=VALUE
          help: For more information, try '--help'.

        For more about P0701: note explain P0701
    "#]],
    );
}

#[test]
fn objects_that_the_state_does_not_hold() {
    let env = TestEnvironment::new();
    env.ok(&note("a"), "apply --yes");
    refused(
        &env,
        &note("a"),
        "state show nte",
        ExitCode::Usage,
        expect![[r#"
        error[P0507]: the state holds nothing at `nte`
          help: did you mean `note`?

        For more about P0507: note explain P0507
    "#]],
    );
    refused(
        &env,
        &note("a"),
        "state diff 90",
        ExitCode::Usage,
        expect![[r#"
        error[P0507]: there is no record 90: the history has records 1 to 7
          help: run `state log` to see the records that there are

        For more about P0507: note explain P0507
    "#]],
    );
}
