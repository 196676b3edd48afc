//! What the tests of IAM's drivers share.
use purlin_tests::AwsAccount;
use serde_json::json;

/// Makes a role behind the drivers' backs.
pub(super) fn add_role(aws: &AwsAccount, name: &str) {
    let trust = json!({
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}],
    });
    let role = json!({"RoleName": name, "AssumeRolePolicyDocument": trust.to_string()});
    aws.call("iam", "CreateRole", role).expect("a role");
}
