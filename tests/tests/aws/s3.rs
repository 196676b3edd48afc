//! Buckets.
use purlin_aws::{
    kms::Key,
    s3::{Bucket, LifecycleRule, bucket::THIS},
};
use purlin_core::{
    Handle, Stack,
    types::{Days, Policy, Principal, Statement},
};
use purlin_tests::{AwsAccount, harness::Cases};
use serde_json::json;

use crate::{check, provider};

fn key(stack: &mut Stack) -> Handle<Key> {
    stack.add("key", Key::new())
}

/// Two versions of an object, a delete marker, and an upload that was not finished.
fn fill(aws: &AwsAccount, bucket: &str) {
    let send = |operation: &str, params| {
        aws.call("s3", operation, params).unwrap_or_else(|e| panic!("the bucket cannot be filled: {e}"));
    };
    send("PutObject", json!({"Bucket": bucket, "Key": "model", "Body": "first"}));
    send("PutObject", json!({"Bucket": bucket, "Key": "model", "Body": "second"}));
    send("DeleteObject", json!({"Bucket": bucket, "Key": "model"}));
    send("CreateMultipartUpload", json!({"Bucket": bucket, "Key": "unfinished"}));
}

#[test]
fn a_bucket() {
    let readers = || {
        let read = Statement::allow().actions(["s3:GetObject"]).resources([format!("{THIS}/*")]);
        Policy::new().statement(read.principals([Principal::aws("123456789012")]))
    };
    check(
        &Cases::new(provider, key, |_| Bucket::new())
            .update([Bucket::VERSIONED], |bucket, _| bucket.versioned(true))
            .update([Bucket::KEY], |bucket, key| bucket.key(key))
            .update([Bucket::PUBLIC_ACCESS], |bucket, _| bucket.public_access(true))
            .update([Bucket::ACLS], |bucket, _| bucket.acls(true))
            .update([Bucket::TLS_ONLY], |bucket, _| bucket.tls_only(false))
            .update([Bucket::POLICY], move |bucket, _| bucket.policy(readers()))
            .update([Bucket::LIFECYCLE], |bucket, _| {
                bucket.lifecycle([LifecycleRule::new("old").expire_noncurrent(Days(30))])
            })
            .update([Bucket::FORCE_DESTROY], |bucket, _| bucket.force_destroy(true))
            .update([Bucket::TAGS], |bucket, _| bucket.tags([("team", "data")]))
            .replace([Bucket::OBJECT_LOCK], |bucket, _| bucket.object_lock(true))
            .recorded(
                Bucket::POLICY,
                "without a record it names the bucket by its ARN: an adoption writes it once more",
            )
            .recorded(Bucket::VERSIONED, "locked objects need versions: they are on, whatever the program says of them")
            .fill(fill),
    );
}
