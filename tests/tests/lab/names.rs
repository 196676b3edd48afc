//! The call log has AWS's own name for every call, in each of AWS's protocols, and the judge has no false alarm.

use purlin_tests::{AwsAccount, counterpart::moto::CallError};
use serde_json::{Value, json};

use crate::{ALLOW, TRUST, account, id, ok, vpc};

/// Makes the calls, then finds each in the log under the name it was made by, without a violation.
fn check_names(aws: &AwsAccount, service: &str, calls: &[(&str, Value)]) {
    aws.mark().expect("answers");
    for (operation, params) in calls {
        // Whether it succeeds does not matter here, only what it is called.
        if let Err(CallError::Admin(error)) = aws.call(service, operation, params.clone()) {
            panic!("{operation}: {error}");
        }
    }
    let log = aws.all_calls().expect("answers");
    let seen: Vec<_> = log.iter().map(|call| call.operation.as_str()).collect();
    let made: Vec<_> = calls.iter().map(|(operation, _)| *operation).collect();
    assert_eq!(seen, made);
    for call in log {
        assert!(call.service == service && call.lab, "{call:?}");
        assert!(call.violations.is_empty(), "{call:?}");
        assert_eq!(call.region, aws.region);
    }
}

#[test]
fn names_of_s3_calls() {
    let aws = account();
    let name = format!("names-{}", aws.id);
    let with = |more: Value| {
        let mut params = json!({"Bucket": name});
        params.as_object_mut().expect("an object").extend(more.as_object().cloned().unwrap_or_default());
        params
    };
    let bucket = || with(json!({}));
    let key = || with(json!({"Key": "a/b"}));
    let upload = || with(json!({"Key": "a/b", "UploadId": "u"}));
    let block = json!({"BlockPublicAcls": true, "IgnorePublicAcls": true, "BlockPublicPolicy": true, "RestrictPublicBuckets": true});
    let rule = json!({"ID": "x", "Status": "Enabled", "Filter": {"Prefix": ""}, "Expiration": {"Days": 3}});
    let sse = json!({"Rules": [{"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms"}, "BucketKeyEnabled": true}]});
    let tags = || json!({"TagSet": [{"Key": "a", "Value": "b"}]});
    let calls = [
        ("ListBuckets", json!({})),
        ("HeadBucket", bucket()),
        ("CreateBucket", with(json!({"CreateBucketConfiguration": {"LocationConstraint": "eu-west-1"}}))),
        ("HeadBucket", bucket()),
        ("GetBucketLocation", bucket()),
        ("PutBucketVersioning", with(json!({"VersioningConfiguration": {"Status": "Enabled"}}))),
        ("GetBucketVersioning", bucket()),
        ("PutPublicAccessBlock", with(json!({"PublicAccessBlockConfiguration": block}))),
        ("GetPublicAccessBlock", bucket()),
        ("DeletePublicAccessBlock", bucket()),
        ("PutBucketLifecycleConfiguration", with(json!({"LifecycleConfiguration": {"Rules": [rule]}}))),
        ("GetBucketLifecycleConfiguration", bucket()),
        ("DeleteBucketLifecycle", bucket()),
        ("PutBucketEncryption", with(json!({"ServerSideEncryptionConfiguration": sse}))),
        ("GetBucketEncryption", bucket()),
        ("DeleteBucketEncryption", bucket()),
        (
            "PutBucketOwnershipControls",
            with(json!({"OwnershipControls": {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]}})),
        ),
        ("GetBucketOwnershipControls", bucket()),
        ("DeleteBucketOwnershipControls", bucket()),
        ("PutBucketTagging", with(json!({"Tagging": tags()}))),
        ("GetBucketTagging", bucket()),
        ("DeleteBucketTagging", bucket()),
        ("PutBucketPolicy", with(json!({"Policy": ALLOW}))),
        ("GetBucketPolicy", bucket()),
        ("GetBucketPolicyStatus", bucket()),
        ("DeleteBucketPolicy", bucket()),
        ("PutBucketNotificationConfiguration", with(json!({"NotificationConfiguration": {}}))),
        ("GetBucketNotificationConfiguration", bucket()),
        ("PutObjectLockConfiguration", bucket()),
        ("GetObjectLockConfiguration", bucket()),
        ("GetBucketCors", bucket()),
        ("GetBucketLogging", bucket()),
        ("GetBucketAccelerateConfiguration", bucket()),
        ("GetBucketRequestPayment", bucket()),
        ("ListBucketInventoryConfigurations", bucket()),
        ("GetBucketInventoryConfiguration", with(json!({"Id": "i"}))),
        ("PutObject", with(json!({"Key": "a/b", "Body": "hello"}))),
        ("CopyObject", with(json!({"Key": "c", "CopySource": format!("{name}/a/b")}))),
        ("GetObject", key()),
        ("HeadObject", key()),
        ("GetObjectAttributes", with(json!({"Key": "a/b", "ObjectAttributes": ["ETag"]}))),
        ("PutObjectTagging", with(json!({"Key": "a/b", "Tagging": tags()}))),
        ("GetObjectTagging", key()),
        ("CreateMultipartUpload", key()),
        ("ListMultipartUploads", bucket()),
        ("ListParts", upload()),
        ("UploadPart", with(json!({"Key": "a/b", "UploadId": "u", "PartNumber": 1, "Body": "x"}))),
        (
            "UploadPartCopy",
            with(json!({"Key": "a/b", "UploadId": "u", "PartNumber": 1, "CopySource": format!("{name}/c")})),
        ),
        (
            "CompleteMultipartUpload",
            with(
                json!({"Key": "a/b", "UploadId": "u", "MultipartUpload": {"Parts": [{"ETag": "e", "PartNumber": 1}]}}),
            ),
        ),
        ("AbortMultipartUpload", upload()),
        ("ListObjects", bucket()),
        ("ListObjectsV2", bucket()),
        ("ListObjectVersions", bucket()),
        ("DeleteObject", key()),
        ("DeleteObjects", with(json!({"Delete": {"Objects": [{"Key": "c"}]}}))),
        ("DeleteBucket", bucket()),
    ];
    check_names(&aws, "s3", &calls);
}

#[test]
fn names_of_query_calls() {
    let aws = account();
    let role = || json!({"RoleName": "r"});
    let inline = || json!({"RoleName": "r", "PolicyName": "p"});
    check_names(
        &aws,
        "iam",
        &[
            (
                "CreateRole",
                json!({"RoleName": "r", "AssumeRolePolicyDocument": TRUST, "Tags": [{"Key": "a", "Value": "b"}]}),
            ),
            ("GetRole", role()),
            ("ListRoles", json!({"PathPrefix": "/"})),
            ("UpdateRole", json!({"RoleName": "r", "Description": "", "MaxSessionDuration": 3600})),
            ("UpdateAssumeRolePolicy", json!({"RoleName": "r", "PolicyDocument": TRUST})),
            ("TagRole", json!({"RoleName": "r", "Tags": [{"Key": "c", "Value": ""}]})),
            ("UntagRole", json!({"RoleName": "r", "TagKeys": ["c"]})),
            ("PutRolePolicy", json!({"RoleName": "r", "PolicyName": "p", "PolicyDocument": ALLOW})),
            ("GetRolePolicy", inline()),
            ("ListRolePolicies", role()),
            ("DeleteRolePolicy", inline()),
            ("ListAttachedRolePolicies", role()),
            ("DeleteRole", role()),
        ],
    );
    check_names(&aws, "sts", &[("GetCallerIdentity", json!({}))]);
    check_names(&aws, "rds", &[("DescribeDBInstances", json!({})), ("DescribeDBSubnetGroups", json!({}))]);
    check_names(&aws, "elbv2", &[("DescribeLoadBalancers", json!({}))]);
}

#[test]
fn names_of_ec2_calls() {
    let aws = account();
    let vpc = vpc(&aws);
    let filter = || json!({"Filters": [{"Name": "vpc-id", "Values": [vpc]}]});
    check_names(
        &aws,
        "ec2",
        &[
            ("DescribeVpcs", json!({"VpcIds": [vpc]})),
            ("ModifyVpcAttribute", json!({"VpcId": vpc, "EnableDnsHostnames": {"Value": true}})),
            ("DescribeVpcAttribute", json!({"VpcId": vpc, "Attribute": "enableDnsHostnames"})),
            (
                "CreateSubnet",
                json!({"VpcId": vpc, "CidrBlock": "10.0.9.0/24", "TagSpecifications": [{"ResourceType": "subnet", "Tags": []}]}),
            ),
            ("DescribeSubnets", filter()),
            ("CreateTags", json!({"Resources": [vpc], "Tags": [{"Key": "a", "Value": ""}]})),
            ("DeleteTags", json!({"Resources": [vpc], "Tags": [{"Key": "a"}]})),
            ("CreateSecurityGroup", json!({"VpcId": vpc, "GroupName": "g", "Description": "d"})),
            ("DescribeSecurityGroups", filter()),
            ("DescribeSecurityGroupRules", json!({})),
            ("CreateRouteTable", json!({"VpcId": vpc})),
            ("DescribeRouteTables", filter()),
            ("DescribeAvailabilityZones", json!({})),
            ("DescribeInstanceTypes", json!({"InstanceTypes": ["g5.xlarge"]})),
            ("DeleteVpc", json!({"VpcId": vpc})),
        ],
    );
}

#[test]
fn names_of_json_calls() {
    let aws = account();
    let key = id(&ok(&aws, "kms", "CreateKey", json!({})), "/KeyMetadata/KeyId");
    let key_id = || json!({"KeyId": key});
    check_names(
        &aws,
        "kms",
        &[
            ("DescribeKey", key_id()),
            ("EnableKeyRotation", key_id()),
            ("GetKeyRotationStatus", key_id()),
            ("CreateAlias", json!({"AliasName": "alias/x", "TargetKeyId": key})),
            ("ListAliases", json!({})),
            ("UpdateAlias", json!({"AliasName": "alias/x", "TargetKeyId": key})),
            ("TagResource", json!({"KeyId": key, "Tags": [{"TagKey": "a", "TagValue": "b"}]})),
            ("ListResourceTags", key_id()),
            ("GetKeyPolicy", json!({"KeyId": key, "PolicyName": "default"})),
            ("DeleteAlias", json!({"AliasName": "alias/x"})),
            ("ScheduleKeyDeletion", json!({"KeyId": key, "PendingWindowInDays": 7})),
            ("CancelKeyDeletion", key_id()),
        ],
    );
    check_names(&aws, "logs", &[("CreateLogGroup", json!({"logGroupName": "/x"})), ("DescribeLogGroups", json!({}))]);
    check_names(&aws, "sqs", &[("CreateQueue", json!({"QueueName": "q"})), ("ListQueues", json!({}))]);
    check_names(&aws, "dynamodb", &[("ListTables", json!({})), ("DescribeTable", json!({"TableName": "ttt"}))]);
    check_names(&aws, "secretsmanager", &[("CreateSecret", json!({"Name": "s", "SecretString": "x"}))]);
    check_names(&aws, "ecr", &[("DescribeRepositories", json!({}))]);
}

#[test]
fn names_of_rest_json_calls() {
    let aws = account();
    let arn = format!("arn:aws:eks:eu-west-1:{}:cluster/c", aws.id);
    let cluster = || json!({"name": "c"});
    let group = || json!({"clusterName": "c", "nodegroupName": "n"});
    check_names(
        &aws,
        "eks",
        &[
            ("ListClusters", json!({"maxResults": 10})),
            ("DescribeCluster", cluster()),
            (
                "UpdateClusterConfig",
                json!({"name": "c", "logging": {"clusterLogging": [{"types": ["api"], "enabled": true}]}}),
            ),
            ("ListNodegroups", json!({"clusterName": "c"})),
            ("DescribeNodegroup", group()),
            ("UpdateNodegroupConfig", group()),
            ("UpdateNodegroupVersion", group()),
            ("TagResource", json!({"resourceArn": arn, "tags": {"a": "b"}})),
            ("ListTagsForResource", json!({"resourceArn": arn})),
            ("UntagResource", json!({"resourceArn": arn, "tagKeys": ["a"]})),
            ("DescribeUpdate", json!({"name": "c", "updateId": "u"})),
            (
                "CreateAccessEntry",
                json!({"clusterName": "c", "principalArn": format!("arn:aws:iam::{}:role/r", aws.id)}),
            ),
            ("DeleteNodegroup", group()),
            ("DeleteCluster", cluster()),
        ],
    );
}
