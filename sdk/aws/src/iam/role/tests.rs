//! Roles against moto.
use purlin_core::{
    driver::{Effect, Found, Kind, Progress},
    types::{Principal, Statement},
};
use purlin_tests::{AwsAccount, Fault, actions, harness::Cases, verbs};
use serde_json::json;

use super::*;
use crate::testing::{Bench, call, changes, provider};

const BOUNDARY: &str = "arn:aws:iam::aws:policy/PowerUserAccess";

fn trust(service: &str) -> Policy {
    Policy::new().statement(Statement::allow().principals([Principal::service(service)]).actions(["sts:AssumeRole"]))
}

fn role(name: &str) -> Role {
    Role {
        trust: trust("ec2.amazonaws.com"),
        name: Some(name.into()),
        path: "/".into(),
        description: None,
        max_session: Duration::from_secs(3600),
        permissions_boundary: None,
        tags: Tags::new(),
    }
}

#[tokio::test]
async fn it_lives() {
    let aws = AwsAccount::fresh().expect("moto");
    let plain = || Role { path: "/team/".into(), ..role("trainer") };
    let cases = [
        Role {
            description: Some("Trains models.".into()),
            max_session: Duration::from_secs(7200),
            permissions_boundary: Some(BOUNDARY.parse().expect("an ARN")),
            tags: [("Team", "ml"), ("Cost", "7")].into(),
            ..plain()
        },
        Role { trust: trust("pods.eks.amazonaws.com"), tags: [("Team", "data")].into(), ..plain() },
        Role { description: Some("Trains.".into()), ..plain() },
        Role { max_session: Duration::from_secs(43_200), ..plain() },
        plain(),
    ];
    Bench::new(&aws).await.lives(&aws, &cases).await;
    assert!(aws.inventory().expect("the inventory").is_empty());
}

#[tokio::test]
async fn few_are_asked_for_one_by_one_and_many_are_listed() {
    let aws = AwsAccount::fresh().expect("moto");
    let bench = Bench::new(&aws).await;
    let mut objects = Vec::new();
    for n in 0..6 {
        let wanted = Role {
            description: (n % 2 == 0).then(|| format!("Role {n}.")),
            permissions_boundary: (n % 2 == 1).then(|| BOUNDARY.parse().expect("an ARN")),
            tags: [("N", n.to_string().as_str())].into(),
            ..role(&format!("r{n}"))
        };
        let id = bench.made(&call(&format!("r{n}"), &format!("op{n}")), &wanted).await;
        let recorded = bench.recorded(&id).await;
        assert_eq!(recorded.fields, wanted.encode());
        objects.push(recorded);
    }
    aws.mark().expect("the log");
    let listed = bench.read_all(&objects).await;
    let calls: Vec<String> = aws.calls().expect("the log").into_iter().map(|c| c.operation).collect();
    assert_eq!(calls, ["GetAccountAuthorizationDetails", "ListRoles"]);
    for (object, live) in objects.iter().zip(&listed) {
        let live = live.as_ref().expect("it was made");
        assert_eq!((&live.fields, &live.outputs), (&object.fields, &object.outputs));
    }
}

#[tokio::test]
async fn what_is_predicted_is_what_comes() {
    let aws = AwsAccount::fresh().expect("moto");
    let bench = Bench::new(&aws).await;
    let wanted = Role { path: "/team/".into(), ..role("trainer") };
    let facts = [("account", aws.id.as_str()), ("region", "eu-west-1"), ("partition", "aws")];
    let facts: Map = facts.into_iter().map(|(k, v)| (k.into(), Value::from(v))).collect();
    let mut predicted = Role::predict(&wanted.encode(), &Facts { provider: &facts });
    let id = bench.made(&call("trainer", "op1"), &wanted).await;
    let live = bench.read(&id).await.expect("it was made");
    assert_eq!(predicted.remove("id"), Some(Value::Str(id)));
    for (name, value) in predicted {
        assert_eq!(live.outputs.get(&name), Some(&value), "{name}");
    }
}

#[tokio::test]
async fn a_create_whose_answer_is_lost_is_found() {
    let aws = AwsAccount::fresh().expect("moto");
    let bench = Bench::new(&aws).await;
    let lost = call("trainer", "op1");
    aws.fault("iam", "CreateRole", Fault::LoseResponse).expect("a rule");
    let failure = bench.create(&lost, &role("trainer")).await.expect_err("no answer");
    assert_eq!((failure.kind, failure.effect), (Kind::Unavailable, Effect::Unknown));
    assert_eq!(bench.find(&lost, &role("trainer")).await, Found::One("trainer".into()));
}

#[tokio::test]
async fn a_name_that_is_taken_says_by_whom() {
    let aws = AwsAccount::fresh().expect("moto");
    let bench = Bench::new(&aws).await;
    bench.made(&call("theirs", "op1"), &role("trainer")).await;
    let failure = bench.create(&call("ours", "op2"), &role("trainer")).await.expect_err("it is taken");
    assert_eq!(failure.kind, Kind::AlreadyExists);
    assert!(failure.message.contains("`theirs` of the stack `shop/l1`"), "{failure:?}");

    let document = trust("ec2.amazonaws.com").to_json();
    aws.call("iam", "CreateRole", json!({"RoleName": "manual", "AssumeRolePolicyDocument": document})).expect("a role");
    let failure = bench.create(&call("ours", "op3"), &role("manual")).await.expect_err("it is taken");
    assert!(failure.help.as_ref().is_some_and(|h| h.contains(".adopt(\"manual\")")), "{failure:?}");
    assert_eq!(bench.find(&call("ours", "op3"), &role("manual")).await, Found::Absent);
}

#[tokio::test]
async fn what_hangs_on_it_is_named_and_left_alone() {
    let aws = AwsAccount::fresh().expect("moto");
    let bench = Bench::new(&aws).await;
    let id = bench.made(&call("trainer", "op1"), &role("trainer")).await;
    let attached = json!({"RoleName": "trainer", "PolicyArn": BOUNDARY});
    aws.call("iam", "AttachRolePolicy", attached.clone()).expect("an attachment");
    let failure = bench.delete(&call("trainer", "op2"), &id, &role("trainer")).await.expect_err("in use");
    assert_eq!(failure.kind, Kind::NotYet);
    assert!(failure.message.contains(BOUNDARY), "{}", failure.message);
    aws.call("iam", "DetachRolePolicy", attached).expect("no attachment");
    assert_eq!(bench.delete(&call("trainer", "op3"), &id, &role("trainer")).await, Ok(Progress::Done));
}

#[tokio::test]
async fn a_move_changes_the_owner_and_nothing_else() {
    let aws = AwsAccount::fresh().expect("moto");
    let bench = Bench::new(&aws).await;
    let id = bench.made(&call("old", "op1"), &role("trainer")).await;
    aws.mark().expect("the log");
    bench.sync(&call("ml/new", "op2"), &id, &role("trainer")).await.expect("a sync");
    assert_eq!(changes(&aws), ["TagRole"]);
    assert_eq!(bench.find(&call("ml/new", "op2"), &role("trainer")).await, Found::One(id));
}

fn cases() -> Cases<(), RoleArgs> {
    let boundary = || Arn::parse(BOUNDARY).expect("an ARN");
    let policies = "only asked when something of others holds the role";
    Cases::new(provider, |_| (), |()| Role::new(trust("ec2.amazonaws.com")))
        .update([Role::TAGS], |role, ()| role.tags([("Team", "ml")]))
        .update([Role::DESCRIPTION], |role, ()| role.description("Trains models."))
        .update([Role::MAX_SESSION], |role, ()| role.max_session(Duration::from_secs(7200)))
        .update([Role::PERMISSIONS_BOUNDARY], move |role, ()| role.permissions_boundary(boundary()))
        .update([Role::TRUST], |_, ()| Role::new(trust("pods.eks.amazonaws.com")))
        .replace([Role::NAME], |role, ()| role.name("another"))
        .replace([Role::PATH], |role, ()| role.path("/team/"))
        .unseen("iam:ListRolePolicies", policies)
        .unseen("iam:ListAttachedRolePolicies", policies)
        .unseen("iam:ListInstanceProfilesForRole", policies)
}

#[test]
fn the_verbs_hold() {
    verbs(&cases()).unwrap_or_else(|broken| panic!("{broken}"));
}

#[test]
fn the_actions_are_those_that_are_declared() {
    actions(&cases()).unwrap_or_else(|broken| panic!("{broken}"));
}
