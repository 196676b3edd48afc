//! Where the lab is stricter than moto: wrong requests, missing operations, idempotency tokens; and where it fails on
//! purpose.

use std::time::{Duration, Instant};

use purlin_tests::{Fault, Moto, Rule, counterpart::moto::Options};
use serde_json::json;

use crate::{TRUST, account, code, id, ok, subnet, vpc};

#[test]
fn a_request_that_breaks_the_model_is_refused() {
    let aws = account();
    let bucket = format!("refused-{}", aws.id);
    ok(
        &aws,
        "s3",
        "CreateBucket",
        json!({"Bucket": bucket, "CreateBucketConfiguration": {"LocationConstraint": "eu-west-1"}}),
    );
    let role = "arn:aws:iam::123456789012:role/r";
    let wrong = [
        ("ec2", "RunInstances", json!({"MinCount": 1, "MaxCount": 1, "InstanceType": "zz9.huge"})),
        ("iam", "CreateRole", json!({"RoleName": "r".repeat(70), "AssumeRolePolicyDocument": TRUST})),
        ("kms", "CreateKey", json!({"KeyUsage": "NOPE"})),
        ("s3", "PutBucketVersioning", json!({"Bucket": bucket, "VersioningConfiguration": {"Status": "Maybe"}})),
        (
            "eks",
            "CreateNodegroup",
            json!({"clusterName": "c", "nodegroupName": "n", "subnets": [], "nodeRole": role, "capacityType": "SPOTTY"}),
        ),
        ("rds", "CreateDBInstance", json!({"DBInstanceIdentifier": "d", "Engine": "postgres"})),
    ];
    for (service, operation, params) in wrong {
        assert_eq!(code(aws.call_as_program(service, operation, params)), "ValidationException", "{operation}");
    }
    let calls = aws.calls().expect("answers");
    assert!(
        calls.iter().all(|call| call.status == Some(400) && !call.violations.is_empty() && !call.lab),
        "{calls:#?}"
    );
    assert!(aws.inventory().expect("answers").count("iam:Role") == 0);
}

#[test]
fn a_lenient_server_only_notes_it() {
    let moto = Moto::start_with(Options { lenient: true }).expect("starts");
    let aws = moto.account().expect("answers");
    aws.call_as_program("kms", "CreateKey", json!({"Description": "d".repeat(9000)})).expect("is served");
    assert_eq!(
        aws.calls().expect("answers")[0].violations,
        ["CreateKey.Description: length 9000 is over the maximum of 8192"]
    );
}

#[test]
fn what_moto_lacks_is_a_typed_error() {
    let aws = account();
    let role = "arn:aws:iam::123456789012:role/r";
    assert_eq!(code(aws.call("eks", "ListUpdates", json!({"name": "c"}))), "NotImplemented");
    assert_eq!(
        code(aws.call("iam", "SimulatePrincipalPolicy", json!({"PolicySourceArn": role, "ActionNames": ["s3:*"]}))),
        "NotImplemented"
    );
    assert!(aws.all_calls().expect("answers").iter().all(|call| call.status == Some(501)));
}

#[test]
fn a_token_means_what_it_says() {
    let aws = account();
    let vpc = vpc(&aws);
    let subnet = subnet(&aws, &vpc);
    let create = |kind: &str| {
        aws.call_as_program(
            "ec2",
            "CreateNatGateway",
            json!({"SubnetId": subnet, "ClientToken": "t", "ConnectivityType": kind}),
        )
    };
    std::thread::scope(|threads| {
        let racing: Vec<_> =
            (0..4).map(|_| threads.spawn(|| create("private").expect("each gets the first answer"))).collect();
        let ids: Vec<_> =
            racing.into_iter().map(|t| id(&t.join().expect("no panic"), "/NatGateway/NatGatewayId")).collect();
        assert!(ids.iter().all(|id| *id == ids[0]), "{ids:?}");
    });
    assert_eq!(aws.inventory().expect("answers").count("ec2:NatGateway"), 1);
    assert_eq!(code(create("public")), "IdempotentParameterMismatch");

    let calls = aws.calls().expect("answers");
    assert!(calls.iter().all(|call| call.token.as_deref() == Some("t")));
    assert_eq!(calls.iter().filter(|call| call.replayed).count(), 3);
}

#[test]
fn faults_meet_the_call_they_are_meant_for() {
    let (aws, other) = (account(), account());
    let create = || aws.call_as_program("ec2", "CreateInternetGateway", json!({}));
    let count = || aws.inventory().expect("answers").count("ec2:InternetGateway");

    aws.inject(Rule::on("ec2", "CreateInternetGateway", Fault::LoseResponse).nth(2)).expect("answers");
    create().expect("the first is not meant");
    other.call_as_program("ec2", "CreateInternetGateway", json!({})).expect("the other account is not meant");
    assert_eq!((code(create()).as_str(), count()), ("ConnectionClosedError", 2), "served, then lost");
    create().expect("only once");
    assert_eq!(aws.rules().expect("answers")[0].hits, 1);
    aws.clear_rules().expect("answers");

    aws.fault("ec2", "CreateInternetGateway", Fault::LoseRequest).expect("answers");
    assert_eq!((code(create()).as_str(), count()), ("ConnectionClosedError", 3), "lost, not served");
    aws.fault("ec2", "CreateInternetGateway", Fault::Status { status: 500, code: "InternalError".into() })
        .expect("answers");
    assert_eq!(code(create()), "InternalError");
    aws.inject(Rule::any(Fault::Delay { ms: 50 })).expect("answers");
    let before = Instant::now();
    create().expect("late, but served");
    assert!(before.elapsed() >= Duration::from_millis(50));

    let throttled = [
        ("ec2", "DescribeVpcs", "RequestLimitExceeded"),
        ("iam", "ListRoles", "Throttling"),
        ("kms", "ListKeys", "ThrottlingException"),
        ("s3", "ListBuckets", "SlowDown"),
        ("eks", "ListClusters", "TooManyRequestsException"),
    ];
    for (service, operation, expected) in throttled {
        aws.fault(service, operation, Fault::Throttle).expect("answers");
        assert_eq!(code(aws.call_as_program(service, operation, json!({}))), expected);
    }
    let faults: Vec<_> = aws.calls().expect("answers").into_iter().filter_map(|call| call.fault).collect();
    assert_eq!(faults[..4], ["lose_response", "lose_request", "status", "delay"]);
}
