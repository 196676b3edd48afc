//! Buckets against moto.
//!
//! What moto does otherwise than AWS: a new bucket has no block of public access and no encryption; `NewerNoncurrentVersions` is
//! lost; a policy that refuses plain HTTP makes it refuse deletes of objects, which come by plain HTTP here.
use purlin_core::{
    Handle, Map, Ref, Resource as _, Value,
    driver::{Effect, Found, Kind, Progress},
    schema::Facts,
    types::{Days, Policy, Principal, Statement, Tags},
};
use purlin_tests::{AwsAccount, Fault, actions, harness::Cases, verbs};
use serde_json::json;

use super::{Bucket, BucketArgs, THIS};
use crate::{
    kms::Key,
    s3::{LifecycleRule, StorageClass},
    testing::{Bench, call, changes, provider},
};

fn bucket(aws: &AwsAccount) -> Bucket {
    Bucket {
        // Names of buckets are one space for all accounts, in moto too.
        name: Some(format!("models-{}", aws.id)),
        versioned: false,
        key: None,
        bucket_key: true,
        public_access: false,
        acls: false,
        tls_only: true,
        policy: None,
        lifecycle: Vec::new(),
        object_lock: false,
        force_destroy: false,
        tags: Tags::new(),
    }
}

fn put(aws: &AwsAccount, key: &str) {
    aws.call("s3", "PutObject", json!({"Bucket": bucket(aws).name, "Key": key, "Body": "x"})).expect("an object");
}

#[tokio::test]
async fn it_lives() {
    let aws = AwsAccount::fresh().expect("moto");
    let plain = || bucket(&aws);
    let key = |id: &str| Some(Ref::from_id(format!("arn:aws:kms:eu-west-1:{}:key/{id}", aws.id)));
    let readers = Statement::allow().principals([Principal::aws("123456789012")]).actions(["s3:GetObject"]);
    let readers = Policy::new().statement(readers.resources([format!("arn:aws:s3:::models-{}/*", aws.id)]));
    let logs = LifecycleRule::new("logs").prefix("logs/").expire(Days(30)).abort_multipart(Days(7));
    let old = LifecycleRule::new("old").expire_noncurrent(Days(7)).transition(Days(30), StorageClass::GlacierIr);
    let cases = [
        plain(),
        Bucket { versioned: true, key: key("1"), tags: [("Team", "ml"), ("Cost", "7")].into(), ..plain() },
        Bucket { versioned: true, key: key("2"), bucket_key: false, tags: [("Team", "data")].into(), ..plain() },
        Bucket { lifecycle: vec![logs.clone(), old], policy: Some(readers.clone()), ..plain() },
        Bucket { lifecycle: vec![logs], tls_only: false, policy: Some(readers), ..plain() },
        Bucket { public_access: true, acls: true, tls_only: false, ..plain() },
        plain(),
    ];
    Bench::new(&aws).await.lives(&aws, &cases).await;
    assert!(aws.inventory().expect("the inventory").is_empty());
}

#[tokio::test]
async fn a_new_bucket_is_closed_before_it_is_used() {
    let aws = AwsAccount::fresh().expect("moto");
    let bench = Bench::new(&aws).await;
    aws.mark().expect("the log");
    let id = bench.made(&call("models", "op1"), &Bucket { versioned: true, ..bucket(&aws) }).await;
    assert_eq!(changes(&aws), ["CreateBucket", "PutPublicAccessBlock", "PutBucketVersioning", "PutBucketPolicy"]);
    let calls = aws.calls().expect("the log");
    assert!(!calls.iter().any(|c| c.operation == "ListBuckets"), "the create's answer is enough for a sync");
    let block = aws.call("s3", "GetPublicAccessBlock", json!({"Bucket": id.as_str()})).expect("a block");
    let parts = block["PublicAccessBlockConfiguration"].as_object().expect("parts");
    assert!(parts.len() == 4 && parts.values().all(|on| on == true), "{parts:?}");
    let status = aws.call("s3", "GetBucketOwnershipControls", json!({"Bucket": id.as_str()})).expect("controls");
    assert_eq!(status["OwnershipControls"]["Rules"][0]["ObjectOwnership"], "BucketOwnerEnforced");
}

#[tokio::test]
async fn encryption_is_by_the_key_with_a_bucket_key_and_without_keys_of_customers() {
    let aws = AwsAccount::fresh().expect("moto");
    let bench = Bench::new(&aws).await;
    let arn = format!("arn:aws:kms:eu-west-1:{}:key/1", aws.id);
    let id =
        bench.made(&call("models", "op1"), &Bucket { key: Some(Ref::from_id(arn.as_str())), ..bucket(&aws) }).await;
    let live = aws.call("s3", "GetBucketEncryption", json!({"Bucket": id.as_str()})).expect("encryption");
    let rule = &live["ServerSideEncryptionConfiguration"]["Rules"][0];
    assert_eq!(rule["ApplyServerSideEncryptionByDefault"], json!({"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": arn}));
    assert_eq!(rule["BucketKeyEnabled"], true);
}

#[tokio::test]
async fn a_block_that_was_opened_in_part_shows_as_a_difference() {
    let aws = AwsAccount::fresh().expect("moto");
    let bench = Bench::new(&aws).await;
    let id = bench.made(&call("models", "op1"), &bucket(&aws)).await;
    let recorded = bench.recorded(&id).await;
    let partly = json!({"BlockPublicAcls": true, "IgnorePublicAcls": true, "BlockPublicPolicy": false, "RestrictPublicBuckets": true});
    let request = json!({"Bucket": id.as_str(), "PublicAccessBlockConfiguration": partly});
    aws.call("s3", "PutPublicAccessBlock", request).expect("a block");
    let live = bench.read_all(&[recorded]).await.remove(0).expect("it is there");
    assert_eq!(live.fields.get("public_access"), Some(&Value::Bool(true)));
}

#[tokio::test]
async fn a_policy_can_speak_of_its_own_bucket() {
    let aws = AwsAccount::fresh().expect("moto");
    let bench = Bench::new(&aws).await;
    let list =
        Statement::allow().principals([Principal::aws("123456789012")]).actions(["s3:ListBucket"]).resources([THIS]);
    let wanted = Bucket { policy: Some(Policy::new().statement(list)), ..bucket(&aws) };
    let id = bench.made(&call("models", "op1"), &wanted).await;
    let live = aws.call("s3", "GetBucketPolicy", json!({"Bucket": id.as_str()})).expect("a policy");
    let text = live["Policy"].as_str().expect("text");
    assert!(text.contains(&format!("\"Resource\":\"arn:aws:s3:::{id}\"")), "{text}");
    let mut recorded = bench.recorded(&id).await;
    recorded.fields = wanted.encode();
    assert_eq!(bench.read_all(&[recorded]).await.remove(0).expect("it is there").fields, wanted.encode());
}

/// moto loses how many noncurrent versions are kept, so here, and only here, it shows as a difference.
#[tokio::test]
async fn of_the_versions_that_are_kept_moto_loses_the_number() {
    let aws = AwsAccount::fresh().expect("moto");
    let bench = Bench::new(&aws).await;
    let rule = LifecycleRule::new("old").expire_noncurrent(Days(7));
    let kept = Bucket { lifecycle: vec![rule.clone().keep_noncurrent(3)], ..bucket(&aws) };
    let id = bench.made(&call("models", "op1"), &kept).await;
    let without = Bucket { lifecycle: vec![rule], ..bucket(&aws) };
    assert_eq!(bench.read(&id).await.expect("it is there").fields, without.encode());
}

#[tokio::test]
async fn tags_of_others_stay_when_ours_change() {
    let aws = AwsAccount::fresh().expect("moto");
    let bench = Bench::new(&aws).await;
    let id = bench.made(&call("old", "op1"), &Bucket { tags: [("Team", "ml")].into(), ..bucket(&aws) }).await;
    aws.mark().expect("the log");
    bench
        .sync(&call("ml/new", "op2"), &id, &Bucket { tags: [("Team", "data")].into(), ..bucket(&aws) })
        .await
        .expect("a sync");
    assert_eq!(changes(&aws), ["PutBucketTagging"]);
    let live = aws.call("s3", "GetBucketTagging", json!({"Bucket": id.as_str()})).expect("tags");
    let tag = |key: &str| {
        live["TagSet"].as_array().into_iter().flatten().find(|t| t["Key"] == key).map(|t| t["Value"].clone())
    };
    assert_eq!(tag("Team"), Some(json!("data")));
    assert_eq!(tag("purlin:path"), Some(json!("ml/new")));
    assert_eq!(tag("purlin:op"), Some(json!("op1")));
}

#[tokio::test]
async fn what_is_predicted_is_what_comes() {
    let aws = AwsAccount::fresh().expect("moto");
    let bench = Bench::new(&aws).await;
    let facts = [("account", aws.id.as_str()), ("region", "eu-west-1"), ("partition", "aws")];
    let facts: Map = facts.into_iter().map(|(k, v)| (k.into(), Value::from(v))).collect();
    let mut predicted =
        <Bucket as purlin_core::Lifecycle>::predict(&bucket(&aws).encode(), &Facts { provider: &facts });
    let id = bench.made(&call("models", "op1"), &bucket(&aws)).await;
    assert_eq!(predicted.remove("id"), Some(Value::Str(id.clone())));
    assert_eq!(bench.read(&id).await.expect("it is there").outputs, predicted);
    assert_eq!(predicted["domain"], Value::from(format!("{id}.s3.eu-west-1.amazonaws.com")));
}

#[tokio::test]
async fn buckets_that_are_not_there_are_told_by_one_listing() {
    let aws = AwsAccount::fresh().expect("moto");
    let bench = Bench::<Bucket>::new(&aws).await;
    aws.mark().expect("the log");
    assert_eq!(bench.read("nobody-has-this-bucket").await, None);
    let calls: Vec<String> = aws.calls().expect("the log").into_iter().map(|c| c.operation).collect();
    assert_eq!(calls, ["ListBuckets"]);
}

#[tokio::test]
async fn a_create_whose_answer_is_lost_is_found() {
    let aws = AwsAccount::fresh().expect("moto");
    let bench = Bench::new(&aws).await;
    let lost = call("models", "op1");
    aws.fault("s3", "CreateBucket", Fault::LoseResponse).expect("a rule");
    let failure = bench.create(&lost, &bucket(&aws)).await.expect_err("no answer");
    assert_eq!((failure.kind, failure.effect), (Kind::Unavailable, Effect::Unknown));
    assert!(matches!(bench.find(&lost, &bucket(&aws)).await, Found::One(_)));
}

#[tokio::test]
async fn a_bucket_that_says_nothing_of_its_owner_is_for_a_person_to_decide() {
    let aws = AwsAccount::fresh().expect("moto");
    let bench = Bench::new(&aws).await;
    let place = json!({"LocationConstraint": "eu-west-1"});
    let request = json!({"Bucket": bucket(&aws).name, "CreateBucketConfiguration": place});
    aws.call("s3", "CreateBucket", request).expect("a bucket");
    assert!(matches!(bench.find(&call("models", "op1"), &bucket(&aws)).await, Found::Ambiguous(_)));
    let failure = bench.create(&call("models", "op1"), &bucket(&aws)).await.expect_err("it is taken");
    assert_eq!(failure.kind, Kind::AlreadyExists);
    assert!(failure.help.as_ref().is_some_and(|h| h.contains(".adopt(")), "{failure:?}");
}

/// In its first region S3 answers a second create of the same bucket with "created": it would be taken from whoever made it.
#[tokio::test]
async fn in_the_first_region_a_bucket_of_another_is_not_taken() {
    let aws = AwsAccount::fresh().expect("moto").in_region("us-east-1");
    let bench = Bench::new(&aws).await;
    let id = bench.made(&call("theirs", "op1"), &bucket(&aws)).await;
    aws.mark().expect("the log");
    let failure = bench.create(&call("ours", "op2"), &bucket(&aws)).await.expect_err("it is taken");
    assert_eq!(failure.kind, Kind::AlreadyExists);
    assert!(failure.message.contains("`theirs` of the stack `shop/l1`"), "{failure:?}");
    assert_eq!(changes(&aws), [""; 0]);

    let (again, _) = bench.create(&call("theirs", "op1"), &bucket(&aws)).await.expect("its own");
    assert_eq!(again, id);
    assert_eq!(changes(&aws), [""; 0], "the same operation has made it already");
}

#[tokio::test]
async fn without_consent_objects_hold_the_bucket() {
    let aws = AwsAccount::fresh().expect("moto");
    let bench = Bench::new(&aws).await;
    let wanted = Bucket { tls_only: false, ..bucket(&aws) };
    let id = bench.made(&call("models", "op1"), &wanted).await;
    put(&aws, "a");
    put(&aws, "b");
    let failure = bench.delete(&call("models", "op2"), &id, &wanted).await.expect_err("not empty");
    assert!(failure.message.contains("2 object versions"), "{}", failure.message);
    assert!(failure.help.as_ref().is_some_and(|h| h.contains("force_destroy")), "{failure:?}");
    assert!(!failure.is_transient());
}

#[tokio::test]
async fn with_consent_versions_markers_and_uploads_go_along() {
    let aws = AwsAccount::fresh().expect("moto");
    let bench = Bench::new(&aws).await;
    let wanted = Bucket { versioned: true, force_destroy: true, tls_only: false, ..bucket(&aws) };
    let id = bench.made(&call("models", "op1"), &wanted).await;
    for _ in 0..3 {
        put(&aws, "a");
    }
    put(&aws, "b");
    aws.call("s3", "DeleteObject", json!({"Bucket": id.as_str(), "Key": "a"})).expect("a delete marker");
    aws.call("s3", "CreateMultipartUpload", json!({"Bucket": id.as_str(), "Key": "big"})).expect("an upload");
    // A statement that would forbid it goes with the bucket.
    let keep = json!({"Version": "2012-10-17", "Statement": [
        {"Effect": "Deny", "Principal": "*", "Action": "s3:DeleteObject", "Resource": format!("arn:aws:s3:::{id}/*")}]});
    aws.call("s3", "PutBucketPolicy", json!({"Bucket": id.as_str(), "Policy": keep.to_string()})).expect("a policy");
    aws.mark().expect("the log");
    assert_eq!(bench.delete(&call("models", "op2"), &id, &wanted).await, Ok(Progress::Done));
    let calls: Vec<String> = aws.calls().expect("the log").into_iter().map(|c| c.operation).collect();
    assert_eq!(
        calls,
        [
            "DeleteBucket",
            "DeleteBucketPolicy",
            "ListObjectVersions",
            "DeleteObjects",
            "ListMultipartUploads",
            "AbortMultipartUpload",
            "DeleteBucket",
        ]
    );
    assert!(aws.inventory().expect("the inventory").is_empty());
}

#[tokio::test]
async fn a_locked_object_holds_the_bucket_and_is_named() {
    let aws = AwsAccount::fresh().expect("moto");
    let bench = Bench::new(&aws).await;
    let wanted = Bucket { object_lock: true, force_destroy: true, tls_only: false, ..bucket(&aws) };
    let id = bench.made(&call("models", "op1"), &wanted).await;
    let mut recorded = bench.recorded(&id).await;
    recorded.fields = wanted.encode();
    let live = bench.read_all(&[recorded]).await.remove(0).expect("it is there");
    assert_eq!(live.fields, wanted.encode(), "versions that a lock brings are no difference");
    let locked = json!({"Bucket": id.as_str(), "Key": "a", "Body": "x", "ObjectLockMode": "GOVERNANCE", "ObjectLockRetainUntilDate": "2999-01-01T00:00:00Z"});
    aws.call("s3", "PutObject", locked).expect("an object");
    let failure = bench.delete(&call("models", "op2"), &id, &wanted).await.expect_err("it is locked");
    assert_eq!(failure.kind, Kind::Denied);
    assert!(failure.message.contains("\"a\""), "{}", failure.message);
}

fn cases() -> Cases<Handle<Key>, BucketArgs> {
    let readers = Statement::allow().principals([Principal::aws("123456789012")]).actions(["s3:ListBucket"]);
    let readers = Policy::new().statement(readers.resources(["arn:aws:s3:::shared"]));
    let bare = || Bucket::new().tls_only(false).force_destroy(true);
    Cases::new(provider, |stack| stack.add("key", Key::new()), move |_| bare().versioned(true))
        .update([Bucket::TAGS], |bucket, _| bucket.tags([("Team", "ml")]))
        .update([Bucket::VERSIONED], |bucket, _| bucket.versioned(false))
        .update([Bucket::KEY], |bucket, key| bucket.key(key))
        .update([Bucket::PUBLIC_ACCESS], |bucket, _| bucket.public_access(true))
        .update([Bucket::ACLS], |bucket, _| bucket.acls(true))
        .update([Bucket::LIFECYCLE], |bucket, _| bucket.lifecycle([LifecycleRule::new("old").expire(Days(30))]))
        .update([Bucket::POLICY], move |bucket, _| bucket.policy(readers.clone()))
        .replace([Bucket::OBJECT_LOCK], |bucket, _| bucket.object_lock(true))
        .fill(|aws, id| {
            aws.call("s3", "PutObject", json!({"Bucket": id, "Key": "a", "Body": "x"})).expect("an object");
            aws.call("s3", "CreateMultipartUpload", json!({"Bucket": id, "Key": "b"})).expect("an upload");
        })
}

#[test]
fn the_verbs_hold() {
    verbs(&cases()).unwrap_or_else(|broken| panic!("{broken}"));
}

#[test]
fn the_actions_are_those_that_are_declared() {
    actions(&cases()).unwrap_or_else(|broken| panic!("{broken}"));
}
