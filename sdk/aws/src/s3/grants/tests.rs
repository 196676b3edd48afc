//! Grants of access to buckets: what becomes of them in the graph.
use expect_test::{Expect, expect};
use purlin_core::{
    Graph, NodeId, Plain as _, Result, Value,
    expr::Attributes,
    lookup::Answers,
    stack::{Built, build},
    types::Policy,
};

use super::*;
use crate::iam::{
    Trust,
    grants::{INLINE, MANAGED},
};

fn graph(program: impl FnOnce(&mut Stack)) -> Graph {
    let built = build("shop", &Answers::default(), |stack| -> Result<()> {
        program(stack);
        Ok(())
    });
    match built.expect("the program is right") {
        Built::Graph(graph) => graph,
        Built::Pending { .. } => unreachable!("no lookups here"),
    }
}

fn role(stack: &mut Stack, name: &str) -> Handle<Role> {
    stack.add(name, Role::new(Trust::service("ec2.amazonaws.com")))
}

/// Outputs as they could be: as long as they can be, or their paths.
struct Outputs<'a> {
    graph: &'a Graph,
    longest: bool,
}

impl Attributes for Outputs<'_> {
    fn attribute(&self, node: NodeId, name: &str) -> Value {
        let path = &self.graph.node(node).address.path;
        match (self.longest, name) {
            (false, "service") => Value::from("s3.eu-west-1.amazonaws.com"),
            (false, name) => Value::from(format!("arn:{path}.{name}")),
            (true, "service") => Value::from("s3.us-gov-west-1.amazonaws.com"),
            (true, _) => Value::from(format!("arn:aws-us-gov:s3:::{path:x<63}")),
        }
    }
}

fn policy(graph: &Graph, path: &str, longest: bool) -> Policy {
    let node = graph.node(graph.find(path).unwrap_or_else(|| panic!("no {path} in {:?}", paths(graph))));
    let value = node.input("policy").expect("a policy").eval(&Outputs { graph, longest }).expect("all is known");
    Policy::decode(&value).expect("a policy")
}

fn paths(graph: &Graph) -> Vec<String> {
    graph.nodes.iter().map(|n| n.address.to_string()).collect()
}

fn check(graph: &Graph, path: &str, expected: Expect) {
    expected.assert_eq(&policy(graph, path, false).to_json_pretty());
}

#[test]
fn a_grant_on_an_encrypted_bucket_gives_the_key_too() {
    let graph = graph(|stack| {
        let key = stack.add("key", Key::new());
        let models = stack.add("models", Bucket::new().key(&key));
        let trainer = role(stack, "trainer");
        read_write(&models).grant(stack, &trainer);
    });
    check(
        &graph,
        "trainer/grants",
        expect![[r#"
        {
          "Version": "2012-10-17",
          "Statement": [
            {
              "Effect": "Allow",
              "Action": [
                "kms:Decrypt",
                "kms:GenerateDataKey"
              ],
              "Resource": "arn:key.arn",
              "Condition": {
                "StringEquals": {
                  "kms:ViaService": "s3.eu-west-1.amazonaws.com"
                }
              }
            },
            {
              "Effect": "Allow",
              "Action": [
                "s3:AbortMultipartUpload",
                "s3:DeleteObject",
                "s3:GetObject",
                "s3:GetObjectVersion",
                "s3:ListMultipartUploadParts",
                "s3:PutObject"
              ],
              "Resource": "arn:models.arn/*"
            },
            {
              "Effect": "Allow",
              "Action": [
                "s3:GetBucketLocation",
                "s3:ListBucket",
                "s3:ListBucketMultipartUploads"
              ],
              "Resource": "arn:models.arn"
            }
          ]
        }"#]],
    );
}

#[test]
fn without_a_key_of_yours_there_is_nothing_to_be_given_of_kms() {
    let graph = graph(|stack| {
        let logs = stack.add("logs", Bucket::new());
        let writer = role(stack, "writer");
        write(&logs).prefix("app/").grant(stack, &writer);
        read(&logs).prefix("app/").grant(stack, &writer);
    });
    check(
        &graph,
        "writer/grants",
        expect![[r#"
        {
          "Version": "2012-10-17",
          "Statement": [
            {
              "Effect": "Allow",
              "Action": [
                "s3:AbortMultipartUpload",
                "s3:DeleteObject",
                "s3:GetObject",
                "s3:GetObjectVersion",
                "s3:ListMultipartUploadParts",
                "s3:PutObject"
              ],
              "Resource": "arn:logs.arn/app/*"
            },
            {
              "Effect": "Allow",
              "Action": [
                "s3:GetBucketLocation",
                "s3:ListBucketMultipartUploads"
              ],
              "Resource": "arn:logs.arn"
            },
            {
              "Effect": "Allow",
              "Action": "s3:ListBucket",
              "Resource": "arn:logs.arn",
              "Condition": {
                "StringLike": {
                  "s3:prefix": [
                    "app/",
                    "app/*"
                  ]
                }
              }
            }
          ]
        }"#]],
    );
}

#[test]
fn many_grants_to_one_role_are_one_policy() {
    let graph = graph(|stack| {
        let key = stack.add("key", Key::new());
        let server = role(stack, "server");
        let buckets = ["a", "b", "c"].map(|name| stack.add(name, Bucket::new().key(&key)));
        for bucket in &buckets {
            read(bucket).grant(stack, &server);
        }
        read(&buckets[0]).grant(stack, &server);
    });
    let made: Vec<String> = paths(&graph).split_off(5);
    assert_eq!(made, ["server/grants (aws:iam:RolePolicy)"]);
    check(
        &graph,
        "server/grants",
        expect![[r#"
        {
          "Version": "2012-10-17",
          "Statement": [
            {
              "Effect": "Allow",
              "Action": "kms:Decrypt",
              "Resource": "arn:key.arn",
              "Condition": {
                "StringEquals": {
                  "kms:ViaService": "s3.eu-west-1.amazonaws.com"
                }
              }
            },
            {
              "Effect": "Allow",
              "Action": [
                "s3:GetBucketLocation",
                "s3:ListBucket"
              ],
              "Resource": [
                "arn:a.arn",
                "arn:b.arn",
                "arn:c.arn"
              ]
            },
            {
              "Effect": "Allow",
              "Action": [
                "s3:GetObject",
                "s3:GetObjectVersion"
              ],
              "Resource": [
                "arn:a.arn/*",
                "arn:b.arn/*",
                "arn:c.arn/*"
              ]
            }
          ]
        }"#]],
    );
}

#[test]
fn each_role_has_a_policy_of_its_own_wherever_the_grant_stands() {
    struct Reader(Handle<Bucket>, Handle<Role>);
    impl purlin_core::Component for Reader {
        type Handle = ();
        fn build(self, stack: &mut Stack) {
            read(&self.0).grant(stack, &self.1);
        }
    }
    let graph = graph(|stack| {
        let bucket = stack.add("bucket", Bucket::new());
        let (a, b) = (role(stack, "a"), role(stack, "b"));
        stack.add("one", Reader(bucket.clone(), b));
        stack.add("two", Reader(bucket, a));
    });
    assert_eq!(paths(&graph).split_off(3), ["a/grants (aws:iam:RolePolicy)", "b/grants (aws:iam:RolePolicy)"]);
}

#[test]
fn a_bucket_from_elsewhere_has_its_key_named() {
    let graph = graph(|stack| {
        let bucket = stack.existing::<Bucket>("bucket", "shared");
        let key = stack.existing::<Key>("key", "arn:aws:kms:eu-west-1:123456789012:key/1");
        let reader = role(stack, "reader");
        read(&bucket).key(&key).grant(stack, &reader);
    });
    let actions = policy(&graph, "reader/grants", false).to_json();
    assert!(actions.contains("kms:Decrypt") && actions.contains("arn:key.arn"), "{actions}");
}

#[test]
fn what_is_not_known_yet_stands_alone_as_unknown() {
    struct Nothing;
    impl Attributes for Nothing {
        fn attribute(&self, node: NodeId, name: &str) -> Value {
            Value::fresh(format!("{node:?}.{name}"))
        }
    }
    let graph = graph(|stack| {
        let bucket = stack.add("bucket", Bucket::new());
        let reader = role(stack, "reader");
        read(&bucket).grant(stack, &reader);
    });
    let node = graph.node(graph.find("reader/grants").expect("a policy"));
    let value = node.input("policy").expect("a policy").eval(&Nothing).expect("unknowns are no errors");
    let shown = value.display();
    assert!(shown.contains("s3:GetObject") && shown.contains("${#0.arn}/*"), "{shown}");
}

fn wide(buckets: usize) -> Graph {
    graph(|stack| {
        let server = role(stack, "server");
        for n in 0..buckets {
            let key = stack.add(format!("key-{n}"), Key::new());
            let bucket = stack.add(format!("bucket-{n}"), Bucket::new().key(&key));
            read_write(&bucket).grant(stack, &server);
        }
    })
}

#[test]
fn what_is_too_much_for_one_policy_becomes_several_within_the_limits() {
    let graph = wide(60);
    let policies: Vec<String> = paths(&graph).into_iter().filter(|p| p.starts_with("server/")).collect();
    assert_eq!(
        policies[..3],
        [
            "server/grants (aws:iam:RolePolicy)",
            "server/grants-2 (aws:iam:ManagedPolicy)",
            "server/grants-2-attachment (aws:iam:PolicyAttachment)",
        ]
    );
    let size = |path: &str| policy(&graph, path, true).size();
    assert!((INLINE * 3 / 4..=INLINE).contains(&size("server/grants")), "{}", size("server/grants"));
    assert!((MANAGED * 3 / 4..=MANAGED).contains(&size("server/grants-2")), "{}", size("server/grants-2"));
}

#[test]
fn a_grant_more_moves_no_other() {
    let (before, after) = (wide(60), wide(61));
    for path in ["server/grants", "server/grants-2"] {
        let (before, after) = (policy(&before, path, false), policy(&after, path, false));
        assert!(before.to_json().len() <= after.to_json().len());
        for resource in before.statements().flat_map(|s| s.resources.set()) {
            assert!(after.statements().any(|s| s.resources.set().contains(resource)), "{resource} has left {path}");
        }
    }
}
