//! The configuration of a live bucket: S3 has a call for each part, to read it and to write it.
use aws_sdk_s3::{
    Client,
    error::SdkError,
    types::{
        self, BlockedEncryptionTypes, BucketVersioningStatus, EncryptionType, ObjectLockEnabled, ObjectOwnership,
        ServerSideEncryption, Tag,
    },
};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use futures_util::future::{try_join, try_join4};
use purlin_core::{
    Ref,
    driver::{Failure, Kind, Observed},
    types::Policy,
};

use super::{Bucket, BucketOutputs, policy};
use crate::{connection::failure, ownership, s3::lifecycle};

/// The name by which S3 calls the key that KMS manages for it.
const MANAGED_KEY: &str = "alias/aws/s3";

/// A bucket as it is. `recorded` says how the program says things that can be said in several ways.
///
/// # Errors
/// [`Kind::NotFound`] when there is no such bucket.
pub(super) async fn read(
    client: &Client,
    name: &str,
    recorded: Option<&Bucket>,
    outputs: BucketOutputs,
) -> Result<Observed<Bucket>, Failure> {
    let access = try_join4(
        tags(client, name),
        public_access(client, name, recorded),
        acls(client, name),
        live_policy(client, name),
    );
    let storage =
        try_join4(versioned(client, name), encryption(client, name), rules(client, name), object_lock(client, name));
    let ((tags, public_access, acls, live_policy), (versioned, (key, bucket_key), rules, object_lock)) =
        try_join(access, storage).await?;
    let (tls_only, policy) = policy::split(live_policy.as_ref(), outputs.arn.as_str(), recorded);
    let fields = Bucket {
        name: Some(name.to_owned()),
        // A bucket with locks keeps versions whether the program says so or not.
        versioned: recorded.filter(|_| object_lock).map_or(versioned, |r| r.versioned),
        bucket_key: if key.is_some() { bucket_key } else { recorded.is_none_or(|r| r.bucket_key) },
        key: key.map(|key| as_recorded(key, recorded)),
        public_access,
        acls,
        tls_only,
        policy,
        lifecycle: lifecycle::from_sdk(&rules, recorded.map(|r| r.lifecycle.as_slice()).unwrap_or_default()),
        object_lock,
        force_destroy: recorded.is_some_and(|r| r.force_destroy),
        tags: ownership::strip(pairs(&tags)),
    };
    Ok(Observed { fields, outputs })
}

/// The answer to the question for a part of the configuration; none where that part is not set.
fn unset<T, E>(operation: &'static str, answer: Result<T, SdkError<E, HttpResponse>>) -> Result<Option<T>, Failure>
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
{
    match answer.map_err(|e| failure("s3", operation, e)) {
        Ok(answer) => Ok(Some(answer)),
        Err(failed) => match &failed.call {
            Some(call) if call.status == Some(404) && call.code.as_deref() != Some("NoSuchBucket") => Ok(None),
            _ => Err(failed),
        },
    }
}

/// All tags, also those of Purlin and of AWS.
pub(super) async fn tags(client: &Client, name: &str) -> Result<Vec<Tag>, Failure> {
    let answer = unset("GetBucketTagging", client.get_bucket_tagging().bucket(name).send().await)?;
    Ok(answer.map(|a| a.tag_set).unwrap_or_default())
}

/// Tags in the SDK's type.
pub(super) fn sdk_tags(tags: impl IntoIterator<Item = (String, String)>) -> Result<Vec<Tag>, Failure> {
    tags.into_iter()
        .map(|(key, value)| Tag::builder().key(key).value(value).build())
        .collect::<Result<_, _>>()
        .map_err(invalid)
}

/// The SDK's tags as pairs.
pub(super) fn pairs(tags: &[Tag]) -> impl Iterator<Item = (&str, &str)> {
    tags.iter().map(|tag| (tag.key(), tag.value()))
}

/// A block that is on in part only is neither: it shows as the opposite of what was recorded, and so as a difference.
async fn public_access(client: &Client, name: &str, recorded: Option<&Bucket>) -> Result<bool, Failure> {
    let answer = unset("GetPublicAccessBlock", client.get_public_access_block().bucket(name).send().await)?;
    let Some(block) = answer.and_then(|a| a.public_access_block_configuration) else { return Ok(true) };
    let parts =
        [block.block_public_acls, block.ignore_public_acls, block.block_public_policy, block.restrict_public_buckets];
    let on = parts.iter().filter(|part| **part == Some(true)).count();
    Ok(match on {
        4 => false,
        0 => true,
        _ => recorded.is_none_or(|r| !r.public_access),
    })
}

async fn acls(client: &Client, name: &str) -> Result<bool, Failure> {
    let answer = unset("GetBucketOwnershipControls", client.get_bucket_ownership_controls().bucket(name).send().await)?;
    let rules = answer.and_then(|a| a.ownership_controls).map(|c| c.rules).unwrap_or_default();
    Ok(rules.first().map(types::OwnershipControlsRule::object_ownership) != Some(&ObjectOwnership::BucketOwnerEnforced))
}

async fn live_policy(client: &Client, name: &str) -> Result<Option<Policy>, Failure> {
    let answer = unset("GetBucketPolicy", client.get_bucket_policy().bucket(name).send().await)?;
    let text = answer.and_then(|a| a.policy);
    let broken = |e| Failure::new(Kind::Broken, format!("s3:GetBucketPolicy: {e}"));
    text.map(|text| Policy::from_json(&text).map_err(broken)).transpose()
}

async fn versioned(client: &Client, name: &str) -> Result<bool, Failure> {
    let answer = client
        .get_bucket_versioning()
        .bucket(name)
        .send()
        .await
        .map_err(|e| failure("s3", "GetBucketVersioning", e))?;
    Ok(answer.status() == Some(&BucketVersioningStatus::Enabled))
}

/// The key, none for the one that S3 manages, and whether a key for the bucket is derived from it.
async fn encryption(client: &Client, name: &str) -> Result<(Option<String>, bool), Failure> {
    let answer = unset("GetBucketEncryption", client.get_bucket_encryption().bucket(name).send().await)?;
    let rules = answer.and_then(|a| a.server_side_encryption_configuration).map(|c| c.rules).unwrap_or_default();
    let Some(rule) = rules.first() else { return Ok((None, false)) };
    let default = rule.apply_server_side_encryption_by_default();
    let key = default.filter(|d| *d.sse_algorithm() != ServerSideEncryption::Aes256);
    let key = key.map(|d| d.kms_master_key_id().unwrap_or(MANAGED_KEY).to_owned());
    Ok((key, rule.bucket_key_enabled().unwrap_or(false)))
}

/// A key is known by its ARN; S3 gives what it was given, which another may have written as a bare id.
fn as_recorded(key: String, recorded: Option<&Bucket>) -> Ref<crate::kms::Key> {
    match recorded.and_then(|r| r.key.as_ref()) {
        Some(known) if known.id().rsplit('/').next() == Some(key.as_str()) => known.clone(),
        _ => Ref::from_id(key),
    }
}

async fn rules(client: &Client, name: &str) -> Result<Vec<types::LifecycleRule>, Failure> {
    let answer = client.get_bucket_lifecycle_configuration().bucket(name).send().await;
    Ok(unset("GetBucketLifecycleConfiguration", answer)?.and_then(|a| a.rules).unwrap_or_default())
}

async fn object_lock(client: &Client, name: &str) -> Result<bool, Failure> {
    let answer = unset("GetObjectLockConfiguration", client.get_object_lock_configuration().bucket(name).send().await)?;
    let enabled = answer.and_then(|a| a.object_lock_configuration).and_then(|c| c.object_lock_enabled);
    Ok(enabled == Some(ObjectLockEnabled::Enabled))
}

/// Replaces all tags: S3 has no call for single ones.
pub(super) async fn put_tags(client: &Client, name: &str, tags: Vec<Tag>) -> Result<(), Failure> {
    let tagging = types::Tagging::builder().set_tag_set(Some(tags)).build().map_err(invalid)?;
    let done = client.put_bucket_tagging().bucket(name).tagging(tagging).send().await;
    done.map(drop).map_err(|e| failure("s3", "PutBucketTagging", e))
}

pub(super) async fn put_public_access(client: &Client, name: &str, allowed: bool) -> Result<(), Failure> {
    if allowed {
        let done = client.delete_public_access_block().bucket(name).send().await;
        return done.map(drop).map_err(|e| failure("s3", "DeletePublicAccessBlock", e));
    }
    let block = types::PublicAccessBlockConfiguration::builder()
        .block_public_acls(true)
        .ignore_public_acls(true)
        .block_public_policy(true)
        .restrict_public_buckets(true)
        .build();
    let done = client.put_public_access_block().bucket(name).public_access_block_configuration(block).send().await;
    done.map(drop).map_err(|e| failure("s3", "PutPublicAccessBlock", e))
}

/// How S3 calls the two ways of `acls`.
pub(super) fn ownership(acls: bool) -> ObjectOwnership {
    if acls { ObjectOwnership::BucketOwnerPreferred } else { ObjectOwnership::BucketOwnerEnforced }
}

pub(super) async fn put_acls(client: &Client, name: &str, acls: bool) -> Result<(), Failure> {
    let rule = types::OwnershipControlsRule::builder().object_ownership(ownership(acls)).build().map_err(invalid)?;
    let controls = types::OwnershipControls::builder().rules(rule).build().map_err(invalid)?;
    let done = client.put_bucket_ownership_controls().bucket(name).ownership_controls(controls).send().await;
    done.map(drop).map_err(|e| failure("s3", "PutBucketOwnershipControls", e))
}

pub(super) async fn put_versioned(client: &Client, name: &str, versioned: bool) -> Result<(), Failure> {
    let status = if versioned { BucketVersioningStatus::Enabled } else { BucketVersioningStatus::Suspended };
    let config = types::VersioningConfiguration::builder().status(status).build();
    let done = client.put_bucket_versioning().bucket(name).versioning_configuration(config).send().await;
    done.map(drop).map_err(|e| failure("s3", "PutBucketVersioning", e))
}

/// Uploads that bring their own key (SSE-C) are refused, as S3 does by default since 2026: nobody else could read the objects.
pub(super) async fn put_encryption(client: &Client, name: &str, wanted: &Bucket) -> Result<(), Failure> {
    let algorithm = if wanted.key.is_some() { ServerSideEncryption::AwsKms } else { ServerSideEncryption::Aes256 };
    let default = types::ServerSideEncryptionByDefault::builder()
        .sse_algorithm(algorithm)
        .set_kms_master_key_id(wanted.key.as_ref().map(|key| key.id().to_owned()))
        .build()
        .map_err(invalid)?;
    let rule = types::ServerSideEncryptionRule::builder()
        .apply_server_side_encryption_by_default(default)
        .bucket_key_enabled(wanted.key.is_some() && wanted.bucket_key)
        .blocked_encryption_types(BlockedEncryptionTypes::builder().encryption_type(EncryptionType::SseC).build())
        .build();
    let config = types::ServerSideEncryptionConfiguration::builder().rules(rule).build().map_err(invalid)?;
    let done = client.put_bucket_encryption().bucket(name).server_side_encryption_configuration(config).send().await;
    done.map(drop).map_err(|e| failure("s3", "PutBucketEncryption", e))
}

pub(super) async fn put_lifecycle(client: &Client, name: &str, wanted: &Bucket) -> Result<(), Failure> {
    if wanted.lifecycle.is_empty() {
        let done = client.delete_bucket_lifecycle().bucket(name).send().await;
        return done.map(drop).map_err(|e| failure("s3", "DeleteBucketLifecycle", e));
    }
    let rules = wanted.lifecycle.iter().map(lifecycle::to_sdk).collect::<Result<Vec<_>, _>>()?;
    let config = types::BucketLifecycleConfiguration::builder().set_rules(Some(rules)).build().map_err(invalid)?;
    let done = client.put_bucket_lifecycle_configuration().bucket(name).lifecycle_configuration(config).send().await;
    done.map(drop).map_err(|e| failure("s3", "PutBucketLifecycleConfiguration", e))
}

pub(super) async fn put_policy(client: &Client, name: &str, policy: &Policy) -> Result<(), Failure> {
    if policy.is_empty() {
        return delete_policy(client, name).await;
    }
    let done = client.put_bucket_policy().bucket(name).policy(policy.to_json()).send().await;
    done.map(drop).map_err(|e| failure::unseen_principal_is_not_yet(failure("s3", "PutBucketPolicy", e)))
}

/// Idempotent.
pub(super) async fn delete_policy(client: &Client, name: &str) -> Result<(), Failure> {
    let done = client.delete_bucket_policy().bucket(name).send().await;
    failure::absent_is_done(done.map_err(|e| failure("s3", "DeleteBucketPolicy", e)))
}

/// The request lacks what the model requires.
pub(super) fn invalid(error: aws_smithy_types::error::operation::BuildError) -> Failure {
    Failure::new(Kind::Invalid, error.to_string())
}
