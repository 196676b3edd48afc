//! [`Bucket`]: a place for objects.
//!
//! - this file: the declaration, and what is certain of a bucket before it exists;
//! - `bucket/driver.rs`: the verbs;
//! - `bucket/config.rs`: the configuration of a live bucket, read and written part by part;
//! - `bucket/drain.rs`: everything out of a bucket that is to be deleted;
//! - `bucket/policy.rs`: the bucket's policy, made of what the fields say.
#[cfg(feature = "s3")]
mod config;
#[cfg(feature = "s3")]
mod drain;
#[cfg(feature = "s3")]
mod driver;
#[cfg(feature = "s3")]
mod policy;
#[cfg(all(test, feature = "s3"))]
mod tests;

#[cfg(feature = "s3")]
pub(crate) use driver::BucketDriver;
use purlin_core::{
    Lifecycle, Map, Outputs, Ref, Resource,
    provider::ProviderKind,
    schema::{Actions, Facts, FindBy},
    types::{Arn, Policy, Tags},
};

use super::LifecycleRule;
use crate::{AWS, facts, kms::Key, sts::Place};

/// In a bucket's own `policy`, stands for the bucket: `THIS` is its ARN, and `"${bucket}/*"` is all its objects. So a policy can be
/// written for a bucket whose name Purlin makes.
pub const THIS: &str = "${bucket}";

/// A place for objects. Nobody outside of the account sees it, objects are encrypted, and requests without TLS are refused, unless
/// the fields say otherwise.
#[derive(Clone, Debug, PartialEq, Resource)]
#[resource("aws:s3:Bucket", outputs = BucketOutputs)]
pub struct Bucket {
    /// Name, 3 to 63 characters (lower-case letters, digits, `-`, `.`), unique in all of AWS. By default made from the names of the
    /// stack and the resource.
    #[field(replace, unique = "bucket", name(max = 63, lower))]
    pub name: Option<String>,
    /// Keep every version of every object. Turned off later, the versions that there are stay.
    pub versioned: bool,
    /// Key that encrypts the objects. By default the one that S3 manages.
    pub key: Option<Ref<Key>>,
    /// With a key of yours: derive from it a key for the bucket, which spares most calls to KMS and their cost.
    #[field(default = true)]
    pub bucket_key: bool,
    /// Let policies and access lists make it public. Off, S3 refuses and ignores those that do.
    pub public_access: bool,
    /// Let access lists of objects count. Off, whoever writes an object, it belongs to the bucket's account, and policies alone
    /// decide.
    pub acls: bool,
    /// Refuse requests without TLS.
    #[field(default = true)]
    pub tls_only: bool,
    /// Who else may do what: statements beside those that the other fields make. [`THIS`] stands for the bucket.
    pub policy: Option<Policy>,
    /// What happens to objects as they grow old.
    pub lifecycle: Vec<LifecycleRule>,
    /// Objects can be locked against deletion. Such a bucket always keeps versions.
    #[field(replace)]
    pub object_lock: bool,
    /// A delete takes all objects and their versions along. Off, a bucket that is not empty is not deleted. Must be applied before
    /// the delete.
    #[field(write_only)]
    pub force_destroy: bool,
    /// Tags.
    #[field(default_tags)]
    pub tags: Tags,
}

/// What a [`Bucket`] tells.
#[derive(Clone, Debug, PartialEq, Outputs)]
pub struct BucketOutputs {
    /// The name.
    pub name: String,
    /// The ARN: `arn:aws:s3:::models`.
    pub arn: Arn<Bucket>,
    /// The bucket's host in its region: `models.s3.eu-west-1.amazonaws.com`.
    pub domain: String,
    /// S3's host in that region, as KMS names it in `kms:ViaService`: `s3.eu-west-1.amazonaws.com`.
    pub service: String,
}

impl BucketOutputs {
    /// All of it follows from the name and the place.
    fn of(name: &str, region: &str, partition: &str) -> Option<Self> {
        let service = format!("s3.{region}.{}", Place::of(region).dns_suffix);
        let arn = Arn::build(partition, "s3", "", "", name).ok()?;
        Some(Self { name: name.to_owned(), arn, domain: format!("{name}.{service}"), service })
    }
}

impl Lifecycle for Bucket {
    const PROVIDER: &'static dyn ProviderKind = &AWS;
    const ACTIONS: Actions = Actions {
        create: &[
            "s3:CreateBucket",
            "s3:TagResource",
            "s3:PutBucketOwnershipControls",
            "s3:PutBucketObjectLockConfiguration",
            "s3:PutBucketVersioning",
        ],
        read: &[
            "s3:ListAllMyBuckets",
            "s3:GetBucketTagging",
            "s3:GetBucketPublicAccessBlock",
            "s3:GetBucketOwnershipControls",
            "s3:GetBucketVersioning",
            "s3:GetEncryptionConfiguration",
            "s3:GetLifecycleConfiguration",
            "s3:GetBucketPolicy",
            "s3:GetBucketObjectLockConfiguration",
        ],
        sync: &[
            "s3:PutBucketTagging",
            "s3:PutBucketPublicAccessBlock",
            "s3:PutBucketOwnershipControls",
            "s3:PutBucketVersioning",
            "s3:PutEncryptionConfiguration",
            "s3:PutLifecycleConfiguration",
            "s3:PutBucketPolicy",
            "s3:DeleteBucketPolicy",
        ],
        delete: &[
            "s3:DeleteBucket",
            "s3:DeleteBucketPolicy",
            "s3:ListBucketVersions",
            "s3:DeleteObject",
            "s3:DeleteObjectVersion",
            "s3:ListBucketMultipartUploads",
            "s3:AbortMultipartUpload",
        ],
    };
    const FIND: FindBy = FindBy::Name;
    const STATEFUL: bool = true;
    const CHILDREN: &'static [&'static str] = &["objects", "unfinished uploads"];

    fn predict(fields: &Map, facts: &Facts<'_>) -> Map {
        let mut outputs = Map::new();
        let Some(name) = facts::known(fields, "name") else { return outputs };
        outputs.insert("id".into(), name.into());
        outputs.insert("name".into(), name.into());
        if let (Some(region), Some(partition)) = (facts.get("region"), facts.get("partition")) {
            outputs.extend(BucketOutputs::of(name, region, partition).map(|all| all.encode()).unwrap_or_default());
        }
        outputs
    }
}
