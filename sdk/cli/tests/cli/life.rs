//! The whole life of a stack: plan, saved plan, apply, nothing to do, changes, the verbs that look, destroy.
use expect_test::expect;
use purlin_cli::ExitCode;

use crate::{
    environment::TestEnvironment,
    programs::{disks, note, site},
};

fn begun() -> TestEnvironment {
    let env = TestEnvironment::new().var("PURLIN_PASSPHRASE", "correct horse");
    env.file("purlin.site.toml", "region = \"north\"\n");
    env
}

#[test]
fn a_stack_is_planned_applied_and_then_as_the_program_says() {
    let env = begun();
    let plan = env.ok(&site(), "plan");
    expect![[r#"
        Plan: stack site

          + create   id        purlin:builtin:RandomId  sdk/cli/tests/cli/programs.rs:29
              prefix  "north-"
          + create   password  purlin:builtin:Password  sdk/cli/tests/cli/programs.rs:30
              length  12
          + create   2 × purlin:builtin:Data: page-0, page-1
              triggers  ${id.value} (known after apply)
              value     "Welcome"
          + create   config    purlin:builtin:Data  sdk/cli/tests/cli/programs.rs:36
              value.id     ${id.value} (known after apply)
              value.pages  2
              value.title  "Welcome"
          + create   login     purlin:builtin:Data  sdk/cli/tests/cli/programs.rs:37
              value  (secret, known after apply)

        outputs
          + name      ${id.value} (known after apply)
          + password  (secret, known after apply)

        Plan: 6 to create, 0 unchanged.
    "#]]
    .assert_eq(&plan.out);
    expect![[r#"
        Nothing was changed. To do it: site apply
    "#]]
    .assert_eq(&plan.err);
    let apply = env.ok(&site(), "apply --yes");
    assert!(apply.out.ends_with("\nDone: 6 created. 2 outputs changed.\n"), "{}", apply.out);
    assert!(apply.err.contains("+ id created\n"), "{}", apply.err);
    expect![[r#"
        Nothing to do: 6 resources in stack site as the program says.
    "#]]
    .assert_eq(&env.ok(&site(), "plan --exit-code").out);
}

#[test]
fn changes_wait_for_an_exit_code() {
    let env = TestEnvironment::new();
    assert_eq!(env.run(&note("a"), "plan --exit-code").code, ExitCode::Changes);
    env.ok(&note("a"), "apply --yes");
    assert_eq!(env.run(&note("a"), "plan --exit-code").code, ExitCode::Done);
    assert_eq!(env.run(&note("b"), "plan --exit-code").code, ExitCode::Changes);
}

#[test]
fn a_saved_plan_is_applied_as_it_was_reviewed() {
    let env = begun();
    let saved = env.ok(&site(), "plan --out first.plan");
    assert!(saved.err.contains("site apply first.plan"), "{}", saved.err);
    assert!(!env.read("first.plan").contains("correct horse"));
    let apply = env.ok(&site(), "apply first.plan");
    assert!(apply.out.contains("Done: 6 created."), "{}", apply.out);
    // What was approved is done already: less than that is fine.
    assert!(env.ok(&site(), "apply first.plan").out.starts_with("Nothing to do"));
}

#[test]
fn a_changed_setting_shows_what_it_changes() {
    let env = begun();
    env.ok(&site(), "apply --yes");
    let said = env.ok(&site(), "plan --set region=south --set pages=1");
    expect![[r#"
        Plan: stack site

        Look at these first: replacements, outages, lost data
          ± replace  id  purlin:builtin:RandomId  sdk/cli/tests/cli/programs.rs:29
              the new one is made first, then the old one is deleted
              because `prefix` can only be set when it is made
              prefix  "north-" → "south-"  replaces it
          ± replace? page-0  purlin:builtin:Data  sdk/cli/tests/cli/programs.rs:32
              the new one is made first, then the old one is deleted
              only if `triggers` turns out different: it waits for id.value
              triggers  "north-" → ${id.value} (known after apply)  replaces it
              follows from the replacement of id

          ± replace  id      purlin:builtin:RandomId  (see above)
          ± replace? page-0  purlin:builtin:Data  (see above)
          ~ update   config  purlin:builtin:Data  sdk/cli/tests/cli/programs.rs:36
              only if `value` turns out different: it waits for id.value
              value.id     "north-" → ${id.value} (known after apply)
              value.pages  2 → 1
          - delete   page-1  purlin:builtin:Data  sdk/cli/tests/cli/programs.rs:32
              because the program no longer has it

        outputs
          ~ name  "north-" → ${id.value} (known after apply)

        Plan: 1 to update, 2 to replace, 1 to delete, 2 unchanged.
    "#]]
    .assert_eq(&without_times(&said.out));
}

#[test]
fn a_person_is_asked() {
    let env = TestEnvironment::new().person(&["no"]);
    let before = env.files();
    let said = env.run(&note("a"), "apply");
    assert_eq!(said.code, ExitCode::NotApproved);
    assert_eq!(env.files(), before, "a declined plan changes nothing");
    expect![[r#"

        To apply this, type `yes`; anything else changes nothing: error[P0703]: the plan was not approved
          note: nothing was changed

        For more about P0703: note explain P0703
    "#]]
    .assert_eq(&said.err);
    let env = env.person(&["yes"]);
    assert!(env.ok(&note("a"), "apply").out.ends_with("Done: 1 created. 1 output changed.\n"));
    let env = env.person(&["yes"]);
    assert_eq!(env.run(&note("a"), "destroy").code, ExitCode::NotApproved, "a destroy wants the stack's name");
    let env = env.person(&["note"]);
    env.ok(&note("a"), "destroy");
}

#[test]
fn a_destroy_removes_all_and_says_what() {
    let env = TestEnvironment::new();
    env.ok(&disks(&["a", "b"], "1", "none"), "apply --yes");
    let said = env.ok(&disks(&["a", "b"], "1", "none"), "destroy --yes");
    expect![[r#"
        Plan to destroy everything: stack disks

        Look at these first: replacements, outages, lost data
          - delete   2 × test:disk:Disk: a, b
              ! the data in it is deleted with it

          - delete   2 × test:disk:Disk: a, b  (see above)
          - delete   2 × purlin:builtin:Data: a-device, b-device

        Plan: 4 to delete, 0 unchanged. Takes a moment.
        Done: 4 deleted.
    "#]]
    .assert_eq(&said.out);
    assert_eq!(env.ok(&disks(&["a", "b"], "1", "none"), "state list").out, "");
}

#[test]
fn protected_resources_are_not_destroyed() {
    let env = begun();
    env.ok(&site(), "apply --yes");
    let before = env.files();
    let said = env.run(&site(), "destroy --yes");
    assert_eq!(said.code, ExitCode::NotApproved);
    assert!(said.err.contains("error[P0302]"), "{}", said.err);
    assert_eq!(env.files(), before);
}

#[test]
fn outputs_are_masked_unless_revealed() {
    let env = begun();
    env.ok(&site(), "apply --yes");
    let said = env.ok(&site(), "outputs");
    assert!(said.out.contains("password  (secret)\n"), "{}", said.out);
    let revealed = env.ok(&site(), "outputs password --reveal password").out;
    assert_eq!(revealed.trim_end().len(), 12, "the bare password: {revealed}");
    assert!(!env.ok(&site(), "outputs --format json").out.contains(revealed.trim_end()));
    assert!(env.ok(&site(), "outputs name").out.starts_with("north-"));
    let said = env.run(&site(), "outputs nam");
    assert_eq!(said.code, ExitCode::Usage);
    assert!(said.err.contains("did you mean `name`?"), "{}", said.err);
}

#[test]
fn why_goes_from_the_line_to_the_setting_and_up_the_chain() {
    let env = begun();
    env.ok(&site(), "apply --yes");
    let said = env.ok(&site(), "why page-0.triggers --set region=south");
    expect![[r#"
        page-0  purlin:builtin:Data
          program   sdk/cli/tests/cli/programs.rs:32
          state     exists as …

          triggers  ${id.value}
            is made from id.value: now "north-"
              (sdk/cli/tests/cli/programs.rs:29; The prefix and the digits)

          needs     id

          plan      perhaps replace
            only if `triggers` turns out different: it waits for id.value
            triggers  "north-" → ${id.value} (known after apply)
            which follows from the replacement of id
              because `prefix` can only be set when it is made
              prefix  "north-" → "south-"
              depends on the setting `region` = "south"  (--set)
    "#]]
    .assert_eq(&without_times(&said.out));
    let said = env.ok(&site(), "why config");
    expect![[r#"
        config  purlin:builtin:Data
          program   sdk/cli/tests/cli/programs.rs:36
          state     exists as …

          value  {id: ${id.value}, pages: 2, title: "Welcome"}
            depends on the setting `pages` = 2  (default)
            depends on the setting `title` = "Welcome"  (default)
            is made from id.value: now "north-"
              (sdk/cli/tests/cli/programs.rs:29; The prefix and the digits)

          needs     id

          plan      stays as it is
    "#]]
    .assert_eq(&without_times(&said.out));
    let said = env.run(&site(), "why confg");
    assert!(said.err.contains("did you mean `config`?"), "{}", said.err);
}

/// Without ids and what is random, as both follow from the order in which operations ended.
fn without_times(text: &str) -> String {
    let line = |line: &str| match line.split_once("exists as ") {
        Some((before, _)) => format!("{before}exists as …\n"),
        None => {
            let mut parts = line.split("\"north-");
            let first = parts.next().unwrap_or_default().to_owned();
            parts.fold(first, |out, part| out + "\"north-" + part.trim_start_matches(|c: char| c.is_ascii_hexdigit()))
                + "\n"
        }
    };
    text.lines().map(line).collect()
}

#[test]
fn the_graph_can_be_drawn() {
    let env = TestEnvironment::new();
    expect![[r#"
        digraph {
          rankdir = LR
          node [shape = box, fontname = "sans-serif"]
          "a" [label = "a\ntest:disk:Disk"]
          "a-device" [label = "a-device\npurlin:builtin:Data"]
          "b" [label = "b\ntest:disk:Disk"]
          "b-device" [label = "b-device\npurlin:builtin:Data"]
          "a-device" -> "a" [label = "value"]
          "b" -> "a" [style = dotted]
          "b-device" -> "b" [label = "value"]
        }
    "#]]
    .assert_eq(&env.ok(&disks(&["a", "b"], "1", "none"), "graph").out);
    assert!(env.ok(&disks(&["a"], "1", "none"), "graph --format mermaid").out.starts_with("flowchart LR\n"));
}

#[test]
fn permissions_are_the_least() {
    let env = TestEnvironment::new();
    env.ok(&disks(&["a", "b"], "1", "none"), "apply --yes");
    expect![[r#"
        {
          "apply": {
            "Statement": [
              {
                "Action": [
                  "disk:CreateDisk",
                  "disk:DescribeDisks",
                  "disk:ResizeDisk",
                  "disk:TagDisk"
                ],
                "Effect": "Allow",
                "Resource": "*"
              }
            ],
            "Version": "2012-10-17"
          },
          "destroy": {
            "Statement": [
              {
                "Action": [
                  "disk:DeleteDisk",
                  "disk:DescribeDisks"
                ],
                "Effect": "Allow",
                "Resource": "*"
              }
            ],
            "Version": "2012-10-17"
          },
          "format": 1,
          "kind": "permissions",
          "plan": {
            "Statement": [
              {
                "Action": "disk:DescribeDisks",
                "Effect": "Allow",
                "Resource": "*"
              }
            ],
            "Version": "2012-10-17"
          }
        }
    "#]]
    .assert_eq(&env.ok(&disks(&["a", "b"], "1", "none"), "permissions").out);
    let apply = env.ok(&disks(&["a"], "1", "none"), "permissions --for apply").out;
    assert!(apply.contains("disk:DeleteDisk"), "the plan deletes a disk:\n{apply}");
}

#[test]
fn drift_is_shown_field_by_field() {
    let env = TestEnvironment::new();
    env.ok(&disks(&["a"], "1", "none"), "apply --yes");
    expect![[r#"
        No drift: 2 resources of stack disks as applied.
    "#]]
    .assert_eq(&env.ok(&disks(&["a"], "1", "none"), "drift").out);
    let said = env.run(&disks(&["a"], "1", "drift"), "drift");
    assert_eq!(said.code, ExitCode::Drift);
    expect![[r#"
        ~ a  changed outside  test:disk:Disk  disk-a
            owner  applied "ana", now "mallory"

        Drift: 1 of 2 resources of stack disks. `apply` puts it right.
    "#]]
    .assert_eq(&said.out);
    let said = env.run(&disks(&["a"], "1", "gone"), "drift");
    assert_eq!(said.code, ExitCode::Drift);
    assert!(said.out.contains("- a  gone  test:disk:Disk"), "{}", said.out);
}

#[test]
fn a_refresh_writes_what_it_finds() {
    let env = TestEnvironment::new();
    env.ok(&disks(&["a"], "1", "none"), "apply --yes");
    let said = env.ok(&disks(&["a"], "1", "gone"), "refresh");
    expect![[r#"
        - a  test:disk:Disk  disk-a

        Read 2 resources; the state says what was found.
    "#]]
    .assert_eq(&said.out);
    assert!(!env.ok(&disks(&["a"], "1", "none"), "state list").out.contains("test:disk:Disk"));
}

#[test]
fn the_state_can_be_looked_at_and_mended() {
    let env = TestEnvironment::new();
    let app = note("a");
    env.ok(&app, "apply --yes");
    env.ok(&note("b"), "apply --yes");
    assert!(env.ok(&app, "state show note").out.contains("  fields\n    value  \"b\"\n"));
    assert!(env.ok(&app, "state show").out.contains("objects   1\n"));
    expect![[r#"
        + note  purlin:builtin:Data  01kdvdna00d5p78z4zc0ahezq8
        exported values
            text  none → "a"
    "#]]
    .assert_eq(&env.ok(&app, "state diff 0 6").out);
    expect![[r#"
        records
             7  2026-01-01 00:00:00Z  ended: done
             8  2026-01-01 00:00:00Z  apply by ana@laptop began (run
                                      01kdvdna00wxa36y7r79hcsz6g, plan 3654fdb07c36)
             9  2026-01-01 00:00:00Z  about to update note
            10  2026-01-01 00:00:00Z  note is 01kdvdna00d5p78z4zc0ahezq8 (ready)
            11  2026-01-01 00:00:00Z  exported values: text
            12  2026-01-01 00:00:00Z  ended: done
    "#]]
    .assert_eq(&format!("records\n{}", env.ok(&app, "state log --last 6").out));
    assert!(env.ok(&app, "state verify").out.starts_with("Sound: records 1 to "));
    assert_eq!(env.ok(&app, "state move note old/note").out, "→ moved note to old/note\n");
    assert!(env.ok(&app, "state list").out.starts_with("old/note"));
    let said = env.run(&app, "state remove old");
    assert!(said.err.contains("error[P0703]"), "{}", said.err);
    assert_eq!(env.ok(&app, "state remove old --yes").out, "x forgot old/note\n");
    assert_eq!(env.ok(&app, "state list").out, "");
}

#[test]
fn codes_are_explained() {
    let env = TestEnvironment::new();
    let said = env.ok(&note("a"), "explain p0703");
    assert!(said.out.starts_with("P0703: Nobody is there to approve the plan.\n"), "{}", said.out);
    let all = env.ok(&note("a"), "explain").out;
    assert!(purlin_core::codes::PAGES.iter().all(|page| all.contains(page.code.as_str())));
    assert_eq!(env.run(&note("a"), "explain P9999").code, ExitCode::Usage);
}
