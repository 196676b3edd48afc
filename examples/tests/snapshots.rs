//! Each example is planned with no cloud, and its plan compared with what stands here. `UPDATE_EXPECT=1` writes it anew.
use expect_test::{Expect, expect};
use purlin::testing::{self, Test, TestPlan};
use purlin_aws::ec2::{AvailabilityZones, Zone};

#[path = "../01-bucket.rs"]
#[expect(
    dead_code,
    unreachable_pub,
    reason = "an example is a program: its `main` is for people, and it is pub for this test"
)]
mod bucket;
#[path = "../03-grants.rs"]
#[expect(
    dead_code,
    unreachable_pub,
    reason = "an example is a program: its `main` is for people, and it is pub for this test"
)]
mod grants;
#[path = "../02-network.rs"]
#[expect(
    dead_code,
    unreachable_pub,
    reason = "an example is a program: its `main` is for people, and it is pub for this test"
)]
mod network;
#[path = "../04-own-component.rs"]
#[expect(
    dead_code,
    unreachable_pub,
    reason = "an example is a program: its `main` is for people, and it is pub for this test"
)]
mod own_component;
#[path = "../05-own-resource-type.rs"]
#[expect(
    dead_code,
    unreachable_pub,
    reason = "an example is a program: its `main` is for people, and it is pub for this test"
)]
mod own_resource_type;
#[path = "../06-secrets.rs"]
#[expect(
    dead_code,
    unreachable_pub,
    reason = "an example is a program: its `main` is for people, and it is pub for this test"
)]
mod secrets;

fn check(test: Test, expected: &Expect) -> TestPlan {
    let plan = test.run().expect("the example plans");
    expected.assert_eq(&plan.tree());
    plan
}

#[test]
fn a_bucket() {
    let plan = check(
        testing::plan(bucket::models).stack("models"),
        &expect![[r#"
        Plan: stack models

          + create   key     aws:kms:Key
          + create   models  aws:s3:Bucket
              key        ${key.id} (known after apply)
              name       "models-models-evafm3j"
              versioned  true

        outputs
          + url  "s3://models-models-evafm3j/models"

        Plan: 2 to create, 0 unchanged. Takes a moment.
    "#]],
    );
    assert_eq!(plan.resource("models").needs(), ["key"]);
    assert!(plan.resource("models").options().is_some_and(|o| o.protect));
}

#[test]
fn a_network() {
    let zones = ["a", "b", "c"].map(|z| Zone::new(format!("eu-west-1{z}"), format!("euw1-az-{z}"))).to_vec();
    let test = testing::plan(network::network)
        .stack("network")
        .settings("cidr = \"10.20.0.0/16\"")
        .answer(AvailabilityZones::standard(), zones);
    let plan = check(
        test,
        &expect![[r#"
        Plan: stack network

          + create   main       aws:ec2:Vpc
              cidr           "10.20.0.0/16"
              dns_hostnames  true
          + create   2 × aws:ec2:Subnet: private-a, private-b
              vpc   ${main.id} (known after apply)
              cidr  "10.20.0.0/20", "10.20.16.0/20"  (in this order)
              zone  "eu-west-1a", "eu-west-1b"  (in this order)
          + create   nodes      aws:ec2:SecurityGroup
              description  "Nodes that reach each other"
              name         "network-nodes-e7z642z"
              vpc          ${main.id} (known after apply)
          + create   within     aws:ec2:SecurityGroupRule
              group       ${nodes.id} (known after apply)
              peer.group  ${nodes.id} (known after apply)
              ports       "all"

        outputs
          + vpc  ${main.id} (known after apply)

        Plan: 5 to create, 0 unchanged. Takes a moment.
    "#]],
    );
    assert_eq!(plan.of_type("aws:ec2:Subnet").count(), 2);
    assert_eq!(plan.resource("private-b").get::<String>("cidr"), "10.20.16.0/20");
}

#[test]
fn grants_of_a_role() {
    let plan = check(
        testing::plan(grants::training).stack("training"),
        &expect![[r#"
        Plan: stack training

          + create   key      aws:kms:Key
          + create   data     aws:s3:Bucket
              name  "training-data-kz4nt7p"
          + create   models   aws:s3:Bucket
              key        ${key.id} (known after apply)
              name       "training-models-eqa5nwk"
              versioned  true
          + create   2 × aws:iam:Role: trainer, server
              trust  (new)
                {
                  Statement: [
                    {
                      Action: ["sts:AssumeRole", "sts:TagSession"]
                      Effect: "Allow"
                      Principal: {Service: ["pods.eks.amazonaws.com"]}
                    }
                  ]
                  Version: "2012-10-17"
                }
              name   "training-trainer-704hfng", "training-server-78qqxa5"  (in this order)

        trainer/
            + create   grants  aws:iam:RolePolicy
                name    "training-trainer-grants-ppqqcdz"
                policy  (new)
                  {
                    Statement: [
                      {
                        Action: ["kms:Decrypt", "kms:GenerateDataKey"]
                        Condition: {
                          StringEquals: {kms:ViaService: ["s3.eu-west-1.amazonaws.com"]}
                        }
                        Effect: "Allow"
                        Resource: [${key.arn}]
                      }
                      {
                        Action: [
                  … 32 more lines
                role    "training-trainer-704hfng"

        server/
            + create   grants  aws:iam:RolePolicy
                name    "training-server-grants-6gnchz7"
                policy  (new)
                  {
                    Statement: [
                      {
                        Action: ["kms:Decrypt"]
                        Condition: {
                          StringEquals: {kms:ViaService: ["s3.eu-west-1.amazonaws.com"]}
                        }
                        Effect: "Allow"
                        Resource: [${key.arn}]
                      }
                      {
                        Action: ["s3:GetBucketLocation"]
                  … 17 more lines
                role    "training-server-78qqxa5"

        Plan: 7 to create, 0 unchanged. Takes a moment.
    "#]],
    );
    let policies: Vec<_> = plan.of_type("aws:iam:RolePolicy").collect();
    assert_eq!(policies.len(), 2, "one policy a role");
}

#[test]
fn a_component() {
    let plan = check(
        testing::plan(own_component::stores).stack("stores"),
        &expect![[r#"
        Plan: stack stores

        features/
            + create   key     aws:kms:Key
            + create   bucket  aws:s3:Bucket
                key        ${features/key.id} (known after apply)
                name       "stores-features-bucket-wwg490n"
                versioned  true

        scratch/
            + create   key     aws:kms:Key
            + create   bucket  aws:s3:Bucket
                key   ${scratch/key.id} (known after apply)
                name  "stores-scratch-bucket-sxsg4e0"

        outputs
          + features  "s3://stores-features-bucket-wwg490n"
          + scratch   "s3://stores-scratch-bucket-sxsg4e0"

        Plan: 4 to create, 0 unchanged. Takes a moment.
    "#]],
    );
    assert_eq!(plan.resource("features/bucket").needs(), ["features/key"]);
}

#[test]
fn a_resource_type() {
    let plan = check(
        testing::plan(own_resource_type::files).stack("files"),
        &expect![[r#"
        Plan: stack files

          + create   greeting  local:fs:TextFile
              path  "greeting.txt"
              text  "Hello\n"
          + create   about     local:fs:TextFile
              path  "about.txt"
              text  greeting.txt has ${greeting.bytes} bytes\n (known after apply)

        Plan: 2 to create, 0 unchanged. Takes a moment.
    "#]],
    );
    assert_eq!(plan.resource("about").needs_for("text"), ["greeting"]);
}

#[test]
fn secrets_are_never_shown() {
    let plan = check(
        testing::plan(secrets::secrets).stack("secrets"),
        &expect![[r#"
        Plan: stack secrets

          + create   password  purlin:builtin:Password
              length   24
              rotate   "2026-11"
              special  false
          + create   config    purlin:builtin:Data
              value  (secret, known after apply)

        outputs
          + database-url  (secret, known after apply)

        Plan: 2 to create, 0 unchanged.
    "#]],
    );
    let again = testing::plan(secrets::secrets).stack("secrets").state(plan.applied().expect("a state"));
    assert!(again.run().expect("it plans").is_empty());
}
