//! Keys against moto.
use purlin_core::{
    driver::{Effect, Found, Kind, Progress},
    types::{Principal, Statement},
};
use purlin_tests::{AwsAccount, Fault, actions, harness::Cases, verbs};
use serde_json::json;

use super::*;
use crate::testing::{Bench, call, changes, provider};

fn key() -> Key {
    Key {
        description: None,
        policy: None,
        rotation: true,
        rotation_period: ROTATION_PERIOD,
        enabled: true,
        multi_region: false,
        spec: KeySpec::SymmetricDefault,
        usage: KeyUsage::EncryptDecrypt,
        deletion_window: DELETION_WINDOW,
        tags: Tags::new(),
    }
}

fn policy(account: &str) -> Policy {
    let admin = Statement::allow().sid("Admin").principals([Principal::aws(account)]).actions(["kms:*"]);
    let logs = Statement::allow().principals([Principal::service("logs.eu-west-1.amazonaws.com")]);
    Policy::new()
        .statement(admin.resources(["*"]))
        .statement(logs.actions(["kms:Encrypt", "kms:Decrypt"]).resources(["*"]))
}

#[tokio::test]
async fn it_lives() {
    let aws = AwsAccount::fresh().expect("moto");
    let cases = [
        Key { description: Some("Objects.".into()), policy: Some(policy(&aws.id)), ..key() },
        Key { tags: [("Team", "ml"), ("Cost", "7")].into(), ..key() },
        Key { rotation: false, tags: [("Team", "data")].into(), ..key() },
        Key { description: Some("All objects.".into()), enabled: false, ..key() },
        key(),
    ];
    Bench::new(&aws).await.lives(&aws, &cases).await;
}

#[tokio::test]
async fn keys_that_cannot_be_renewed_take_no_notice() {
    let aws = AwsAccount::fresh().expect("moto");
    let bench = Bench::new(&aws).await;
    let wanted = Key { spec: KeySpec::EccNistP256, usage: KeyUsage::SignVerify, ..key() };
    aws.mark().expect("the log");
    let id = bench.made(&call("signer", "op1"), &wanted).await;
    assert_eq!(changes(&aws), ["CreateKey"]);
    assert_eq!(bench.read(&id).await.expect("it is there").fields, wanted.encode());
}

/// moto keeps no period: AWS tells it with the status, here what was recorded stands for it.
#[tokio::test]
async fn a_period_that_is_not_told_is_the_recorded_one() {
    let aws = AwsAccount::fresh().expect("moto");
    let bench = Bench::new(&aws).await;
    let wanted = Key { rotation_period: Days(90), ..key() };
    aws.mark().expect("the log");
    let id = bench.made(&call("key", "op1"), &wanted).await;
    assert_eq!(changes(&aws), ["CreateKey", "EnableKeyRotation"]);
    let mut recorded = bench.recorded(&id).await;
    recorded.fields = wanted.encode();
    let live = bench.read_all(&[recorded]).await.remove(0).expect("it is there");
    assert_eq!(live.fields, wanted.encode());
}

#[tokio::test]
async fn the_default_policy_in_words_stays_in_words() {
    let aws = AwsAccount::fresh().expect("moto");
    let bench = Bench::new(&aws).await;
    let everything =
        Statement::allow().principals([Principal::aws(aws.id.as_str())]).actions(["kms:*"]).resources(["*"]);
    let wanted = Key { policy: Some(Policy::new().statement(everything)), ..key() };
    let id = bench.made(&call("key", "op1"), &wanted).await;
    let mut recorded = bench.recorded(&id).await;
    assert_eq!(recorded.fields.get("policy"), None, "nothing says that it was asked for");
    recorded.fields = wanted.encode();
    let live = bench.read_all(&[recorded]).await.remove(0).expect("it is there");
    assert_eq!(live.fields, wanted.encode());
}

#[tokio::test]
async fn a_create_whose_answer_is_lost_is_found_among_others() {
    let aws = AwsAccount::fresh().expect("moto");
    let bench = Bench::new(&aws).await;
    bench.made(&call("other", "op0"), &key()).await;
    aws.call("kms", "CreateKey", json!({})).expect("a key of nobody");
    let lost = call("key", "op1");
    aws.fault("kms", "CreateKey", Fault::LoseResponse).expect("a rule");
    let failure = bench.create(&lost, &key()).await.expect_err("no answer");
    assert_eq!((failure.kind, failure.effect), (Kind::Unavailable, Effect::Unknown));
    let Found::One(id) = bench.find(&lost, &key()).await else { panic!("it was made") };
    assert!(id.starts_with("arn:aws:kms:eu-west-1:"), "{id}");
    assert_eq!(bench.find(&call("key", "op2"), &key()).await, Found::Absent, "another operation made none");
}

#[tokio::test]
async fn a_key_that_is_about_to_go_is_gone() {
    let aws = AwsAccount::fresh().expect("moto");
    let bench = Bench::new(&aws).await;
    let wanted = Key { deletion_window: Days(7), ..key() };
    let id = bench.made(&call("key", "op1"), &wanted).await;
    assert_eq!(bench.delete(&call("key", "op2"), &id, &wanted).await, Ok(Progress::Done));
    assert_eq!(bench.read(&id).await, None);
    // AWS refuses to schedule twice; moto does it again, so the refusal is put in by a rule.
    let refusal = Fault::Status { status: 400, code: "KMSInvalidStateException".into() };
    aws.fault("kms", "ScheduleKeyDeletion", refusal).expect("a rule");
    assert_eq!(bench.delete(&call("key", "op2"), &id, &wanted).await, Ok(Progress::Done));
}

fn cases() -> Cases<(), KeyArgs> {
    Cases::new(provider, |_| (), |()| Key::new())
        .update([Key::TAGS], |key, ()| key.tags([("Team", "ml")]))
        .update([Key::DESCRIPTION], |key, ()| key.description("Objects."))
        .update([Key::POLICY], |key, ()| key.policy(policy("123456789012")))
        .update([Key::ROTATION], |key, ()| key.rotation(false))
        .update([Key::ENABLED], |key, ()| key.enabled(false))
        .update([Key::DELETION_WINDOW], |key, ()| key.deletion_window(Days(7)))
        .replace([Key::MULTI_REGION], |key, ()| key.multi_region(true))
}

#[test]
fn the_verbs_hold() {
    verbs(&cases()).unwrap_or_else(|broken| panic!("{broken}"));
}

#[test]
fn the_actions_are_those_that_are_declared() {
    actions(&cases()).unwrap_or_else(|broken| panic!("{broken}"));
}
