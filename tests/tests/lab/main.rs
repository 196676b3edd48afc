//! The lab, tested by itself: what a test built on it may rely on. The client is boto3, which is neither ours nor
//! moto's.
//!
//! Here: servers, accounts, the inventory. `names.rs`: the call log. `strict.rs`: refusals, tokens, faults.

mod names;
mod strict;

use std::{
    io::{BufRead, BufReader},
    net::TcpStream,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use purlin_tests::{AwsAccount, Moto, counterpart::moto::CallError};
use serde_json::{Value, json};

const TRUST: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole"}]}"#;
const ALLOW: &str =
    r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:GetObject","Resource":"*"}]}"#;

fn account() -> AwsAccount {
    AwsAccount::fresh().expect("moto can be installed and started")
}

fn ok(aws: &AwsAccount, service: &str, operation: &str, params: Value) -> Value {
    aws.call(service, operation, params).unwrap_or_else(|error| panic!("{error}"))
}

fn id(answer: &Value, path: &str) -> String {
    answer.pointer(path).and_then(Value::as_str).unwrap_or_else(|| panic!("no {path} in {answer}")).to_owned()
}

fn code(result: Result<Value, CallError>) -> String {
    match result {
        Ok(answer) => panic!("this should have been refused: {answer}"),
        Err(error) => error.code().unwrap_or_else(|| panic!("{error}")).to_owned(),
    }
}

fn vpc(aws: &AwsAccount) -> String {
    id(&ok(aws, "ec2", "CreateVpc", json!({"CidrBlock": "10.0.0.0/16"})), "/Vpc/VpcId")
}

fn subnet(aws: &AwsAccount, vpc: &str) -> String {
    id(&ok(aws, "ec2", "CreateSubnet", json!({"VpcId": vpc, "CidrBlock": "10.0.1.0/24"})), "/Subnet/SubnetId")
}

#[test]
fn two_servers_do_not_share() {
    let (one, other) = (Moto::start().expect("starts"), Moto::start().expect("starts a second time"));
    assert_ne!(one.endpoint(), other.endpoint());
    let (here, there) = (one.account().expect("answers"), other.account().expect("answers"));
    vpc(&here);
    assert_eq!(here.inventory().expect("answers").count("ec2:Vpc"), 1);
    assert!(there.inventory().expect("answers").is_empty());
    let log = std::fs::read_to_string(one.call_log()).expect("the log is there");
    assert!(log.contains(r#""operation": "CreateVpc""#), "{log}");
}

#[test]
fn accounts_do_not_share() {
    let (here, there) = (account(), account());
    assert_ne!(here.id, there.id);
    vpc(&here);
    ok(&here, "iam", "CreateRole", json!({"RoleName": "only-here", "AssumeRolePolicyDocument": TRUST}));
    assert!(there.inventory().expect("answers").is_empty());
    assert_eq!(code(there.call("iam", "GetRole", json!({"RoleName": "only-here"}))), "NoSuchEntity");
    assert_eq!(ok(&there, "sts", "GetCallerIdentity", json!({}))["Account"], json!(there.id));
    assert!(there.all_calls().expect("answers").iter().all(|call| call.account == there.id));

    here.reset().expect("answers");
    assert!(here.inventory().expect("answers").is_empty());
}

#[test]
fn a_managed_policy_can_be_attached() {
    let aws = account();
    ok(&aws, "iam", "CreateRole", json!({"RoleName": "node", "AssumeRolePolicyDocument": TRUST}));
    let arn = "arn:aws:iam::aws:policy/AmazonEKSWorkerNodePolicy";
    ok(&aws, "iam", "AttachRolePolicy", json!({"RoleName": "node", "PolicyArn": arn}));
    let found = aws.inventory().expect("answers");
    assert_eq!(found.of("iam:RolePolicyAttachment")[0].id, format!("node|{arn}"));
    assert_eq!(found.count("iam:Policy"), 0, "AWS's own policies are not the account's");
}

#[test]
fn the_inventory_has_everything_and_nothing_of_aws() {
    let aws = account();
    let vpc = vpc(&aws);
    let subnet = subnet(&aws, &vpc);
    let tags = json!([{"Key": "Name", "Value": "g"}, {"Key": "owner", "Value": "test"}]);
    let specification = json!([{"ResourceType": "security-group", "Tags": tags}]);
    let group = ok(
        &aws,
        "ec2",
        "CreateSecurityGroup",
        json!({"VpcId": vpc, "GroupName": "g", "Description": "d", "TagSpecifications": specification}),
    );
    let group = id(&group, "/GroupId");
    let open = json!([{"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "IpRanges": [{"CidrIp": "10.0.0.0/8"}]}]);
    ok(&aws, "ec2", "AuthorizeSecurityGroupIngress", json!({"GroupId": group, "IpPermissions": open}));
    let gateway = id(&ok(&aws, "ec2", "CreateInternetGateway", json!({})), "/InternetGateway/InternetGatewayId");
    ok(&aws, "ec2", "AttachInternetGateway", json!({"InternetGatewayId": gateway, "VpcId": vpc}));
    let table = id(&ok(&aws, "ec2", "CreateRouteTable", json!({"VpcId": vpc})), "/RouteTable/RouteTableId");
    ok(
        &aws,
        "ec2",
        "CreateRoute",
        json!({"RouteTableId": table, "DestinationCidrBlock": "0.0.0.0/0", "GatewayId": gateway}),
    );
    ok(&aws, "ec2", "AssociateRouteTable", json!({"RouteTableId": table, "SubnetId": subnet}));
    let address = id(&ok(&aws, "ec2", "AllocateAddress", json!({"Domain": "vpc"})), "/AllocationId");
    let nat = ok(&aws, "ec2", "CreateNatGateway", json!({"SubnetId": subnet, "AllocationId": address}));
    ok(
        &aws,
        "ec2",
        "CreateVpcEndpoint",
        json!({"VpcId": vpc, "ServiceName": "com.amazonaws.eu-west-1.s3", "RouteTableIds": [table]}),
    );
    ok(&aws, "iam", "CreateRole", json!({"RoleName": "r", "AssumeRolePolicyDocument": TRUST}));
    ok(&aws, "iam", "PutRolePolicy", json!({"RoleName": "r", "PolicyName": "p", "PolicyDocument": ALLOW}));
    let key =
        id(&ok(&aws, "kms", "CreateKey", json!({"Tags": [{"TagKey": "a", "TagValue": "b"}]})), "/KeyMetadata/KeyId");
    ok(&aws, "kms", "CreateAlias", json!({"AliasName": "alias/x", "TargetKeyId": key}));
    ok(
        &aws,
        "logs",
        "CreateLogGroup",
        json!({"logGroupName": "/x", "kmsKeyId": format!("arn:aws:kms:eu-west-1:{}:key/{key}", aws.id)}),
    );
    let bucket = json!({"Bucket": format!("inventory-{}", aws.id), "CreateBucketConfiguration": {"LocationConstraint": "eu-west-1"}});
    ok(&aws, "s3", "CreateBucket", bucket);

    let found = aws.inventory().expect("answers");
    let one_of_each = [
        "ec2:Eip",
        "ec2:InternetGateway",
        "ec2:NatGateway",
        "ec2:Route",
        "ec2:RouteTable",
        "ec2:RouteTableAssociation",
        "ec2:SecurityGroup",
        "ec2:SecurityGroupRule",
        "ec2:Subnet",
        "ec2:Vpc",
        "ec2:VpcEndpoint",
        "iam:Role",
        "iam:RolePolicy",
        "kms:Alias",
        "kms:Key",
        "logs:LogGroup",
        "s3:Bucket",
    ];
    assert!(found.kinds.keys().eq(&one_of_each), "{found}");
    assert!(found.kinds.values().all(|things| things.len() == 1), "{found}");
    let group = &found.of("ec2:SecurityGroup")[0];
    assert_eq!(
        (group.name.as_deref(), group.tags["owner"].as_str(), group.more["vpc"].as_str()),
        (Some("g"), "test", Some(&*vpc))
    );
    assert_eq!(found.of("kms:Key")[0].tags["a"], "b");

    // What is deleted, or waits for it, is gone.
    ok(&aws, "kms", "ScheduleKeyDeletion", json!({"KeyId": key, "PendingWindowInDays": 7}));
    ok(&aws, "ec2", "DeleteNatGateway", json!({"NatGatewayId": id(&nat, "/NatGateway/NatGatewayId")}));
    let found = aws.inventory().expect("answers");
    assert_eq!((found.count("kms:Key"), found.count("ec2:NatGateway")), (0, 0), "{found}");
}

#[test]
fn moto_goes_when_the_lab_is_killed() {
    let mut lab = Command::new(env!("CARGO_BIN_EXE_lab"))
        .args(["up", "moto", "--region", "eu-north-1"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("lab runs");
    let lines = BufReader::new(lab.stdout.take().expect("piped")).lines();
    let said: Vec<_> = lines.map_while(Result::ok).take_while(|line| !line.contains("PURLIN_LAB_ACCOUNT")).collect();
    assert!(said.contains(&"export AWS_REGION=eu-north-1".to_owned()), "{said:?}");
    let endpoint = said
        .iter()
        .find_map(|line| line.strip_prefix("export AWS_ENDPOINT_URL=http://"))
        .expect("an endpoint")
        .to_owned();
    assert!(TcpStream::connect(&endpoint).is_ok());

    lab.kill().expect("SIGKILL is sent"); // no destructor runs in there
    lab.wait().expect("it is dead");
    let deadline = Instant::now() + Duration::from_secs(20);
    while TcpStream::connect(&endpoint).is_ok() {
        assert!(Instant::now() < deadline, "moto outlived the process that started it");
        std::thread::sleep(Duration::from_millis(5));
    }
}
