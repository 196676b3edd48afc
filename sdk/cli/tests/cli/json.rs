//! JSON documents: their format and kind, and that they hold what they say.
use expect_test::expect;
use serde_json::Value as Json;

use crate::{
    environment::{Said, TestEnvironment},
    programs::{disks, note, site, value},
};

#[track_caller]
fn document(said: &Said, kind: &str) -> Json {
    let json: Json = serde_json::from_str(&said.out).expect("standard output is one JSON document");
    assert_eq!(json["format"], 1);
    assert_eq!(json["kind"], kind);
    json
}

#[test]
fn a_plan_is_a_document() {
    let env = TestEnvironment::new();
    let said = env.ok(&note("a"), "plan --format json");
    document(&said, "plan");
    expect![[r#"
        {
          "exports": [
            {
              "after": "a",
              "before": null,
              "name": "text"
            }
          ],
          "format": 1,
          "goal": "apply",
          "kind": "plan",
          "notes": [],
          "operations": [
            {
              "action": "create",
              "causes": [
                {
                  "is": "new"
                }
              ],
              "changes": [
                {
                  "after": "a",
                  "before": null,
                  "drift": false,
                  "field": "value",
                  "replace": false
                }
              ],
              "from": null,
              "generation": 0,
              "id": 0,
              "location": {
                "file": "sdk/cli/tests/cli/programs.rs",
                "line": 47
              },
              "maybe": false,
              "needs": [],
              "object": null,
              "path": "note",
              "replaces": null,
              "takes": 0,
              "type": "purlin:builtin:Data"
            }
          ],
          "partial": false,
          "stack": "note",
          "summary": {
            "adopt": 0,
            "create": 1,
            "delete": 0,
            "forget": 0,
            "moved": 0,
            "replace": 0,
            "unchanged": 0,
            "update": 0
          },
          "takes": 0
        }
    "#]]
    .assert_eq(&said.out);
}

#[test]
fn a_report_is_a_document() {
    let env = TestEnvironment::new();
    let report = document(&env.run(&disks(&["a", "broken"], "1", "none"), "apply --yes --format json"), "report");
    assert_eq!(report["complete"], false);
    assert_eq!(report["failed"][0]["path"], "broken");
    assert_eq!(report["failed"][0]["diagnostic"]["call"]["request_id"], "req-7");
    assert_eq!(report["held"][0]["by"]["path"], "broken");
    let report = document(&env.ok(&disks(&["a"], "1", "none"), "apply --yes --format json"), "report");
    assert_eq!(report["complete"], true);
}

#[test]
fn drift_outputs_objects_and_records_are_documents() {
    let env = TestEnvironment::new();
    env.ok(&disks(&["a"], "1", "none"), "apply --yes");
    let drift = document(&env.run(&disks(&["a"], "1", "drift"), "drift --format json"), "drift");
    assert_eq!(drift["drift"][0]["fields"][0]["live"], "mallory");
    let objects = document(&env.ok(&disks(&["a"], "1", "none"), "state list --format json"), "objects");
    assert_eq!(objects["objects"][0]["id"], "disk-a");
    let records = document(&env.ok(&disks(&["a"], "1", "none"), "state log --format json"), "records");
    assert_eq!(records["records"][0]["is"], "made");
    env.ok(&note("a"), "apply --yes");
    assert_eq!(document(&env.ok(&note("a"), "outputs --format json"), "outputs")["outputs"]["text"], "a");
}

#[test]
fn an_error_is_a_document_too() {
    let env = TestEnvironment::new();
    let said = env.run(&site(), "plan --format json");
    let error = document(&said, "error");
    assert_eq!(error["exit_code"], said.code as u8);
    assert_eq!(error["diagnostics"][0]["code"], "P0202");
    assert!(said.err.contains("error[P0202]"), "and people are told as ever");
}

#[test]
fn secrets_are_marks() {
    let env = TestEnvironment::new().var("PURLIN_PASSPHRASE", "x");
    let secret = || value(purlin_core::Value::from("hunter2").into_secret());
    for line in
        ["plan --format json", "apply --yes --format json", "state show --format json", "plan", "state show note"]
    {
        let said = env.ok(&secret(), line);
        assert!(!format!("{}{}", said.out, said.err).contains("hunter2"), "`{line}` shows a secret");
    }
}
