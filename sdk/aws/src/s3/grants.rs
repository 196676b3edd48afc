//! What a role may do with a bucket: [`read`], [`write()`], [`read_write`].
//!
//! An encrypted bucket takes two permissions: on the objects, and on the key that encrypts them. A grant finds the key of the bucket
//! and gives both. What becomes of grants is told in [`iam::grants`](crate::iam::grants).
use purlin_core::{Expr, Handle, Output, SmolStr, Stack, resource::ID};

use super::Bucket;
use crate::{
    iam::{
        Role,
        grants::{self, Permission, Target},
    },
    kms::Key,
};

/// `arn:aws-us-gov:s3:::` and a name of 63 characters.
const LONGEST_BUCKET: usize = 83;
/// `arn:aws-us-gov:kms:us-gov-west-1:123456789012:key/` and an id of 36 characters, with room for longer regions.
const LONGEST_KEY: usize = 100;
/// `s3.us-gov-west-1.amazonaws.com`, with room for longer regions and suffixes.
const LONGEST_SERVICE: usize = 56;

/// Permissions on a bucket, to be given to a role.
#[derive(Clone)]
#[must_use = "nothing is given until `.grant(stack, &role)`"]
pub struct BucketGrant {
    bucket: Handle<Bucket>,
    read: bool,
    write: bool,
    prefix: SmolStr,
    key: Option<Handle<Key>>,
}

/// To list the bucket and to read its objects.
///
/// ```
/// use purlin_aws::{iam::{Role, Trust}, s3::{self, Bucket}};
/// # fn program(stack: &mut purlin_core::Stack) {
/// let models = stack.add("models", Bucket::new());
/// let server = stack.add("server", Role::new(Trust::service("pods.eks.amazonaws.com")));
/// s3::read(&models).prefix("released/").grant(stack, &server);
/// # }
/// ```
pub fn read(bucket: &Handle<Bucket>) -> BucketGrant {
    BucketGrant { bucket: bucket.clone(), read: true, write: false, prefix: SmolStr::default(), key: None }
}

/// To write and to delete objects, but not to read them.
pub fn write(bucket: &Handle<Bucket>) -> BucketGrant {
    BucketGrant { read: false, write: true, ..read(bucket) }
}

/// To list the bucket, and to read, write and delete objects.
pub fn read_write(bucket: &Handle<Bucket>) -> BucketGrant {
    BucketGrant { write: true, ..read(bucket) }
}

impl BucketGrant {
    /// Only objects whose key starts so: `released/`. Listing is bound to it too.
    pub fn prefix(mut self, prefix: impl Into<SmolStr>) -> Self {
        self.prefix = prefix.into();
        self
    }

    /// The key of a bucket that this stack does not make: its configuration is not known here.
    pub fn key(mut self, key: &Handle<Key>) -> Self {
        self.key = Some(key.clone());
        self
    }

    /// Gives it to a role. The key's own policy must leave the decision to IAM, as it does by default.
    #[track_caller]
    pub fn grant(self, stack: &mut Stack, role: &Handle<Role>) {
        let key = self.key_arn(stack);
        let permissions = self.permissions(key);
        grants::give(stack, role, permissions);
    }

    /// The ARN of the key that encrypts the bucket; none where S3 manages it.
    fn key_arn(&self, stack: &Stack) -> Option<Output<String>> {
        if let Some(key) = &self.key {
            return Some(Output::from_expr(key.arn.expr().clone()));
        }
        let expr = stack.input_of(&self.bucket, Bucket::KEY.name())?;
        match expr {
            Expr::Value(value) if value.is_null() => None,
            Expr::Attr(node, name) if *name == ID => {
                stack.handle::<Key>(*node).map(|key| Output::from_expr(key.arn.expr().clone()))
            }
            // The id of a key is its ARN.
            other => Some(Output::from_expr(other.clone())),
        }
    }

    fn permissions(&self, key: Option<Output<String>>) -> Vec<Permission> {
        let bucket = Target::new(&self.bucket.arn, LONGEST_BUCKET);
        let objects = bucket.below(format!("/{}*", self.prefix));
        let mut given = vec![Permission::new(&["s3:GetBucketLocation"], bucket.clone())];
        if self.read {
            given.push(self.list(bucket.clone()));
            given.push(Permission::new(&["s3:GetObject", "s3:GetObjectVersion"], objects.clone()));
        }
        if self.write {
            given.push(Permission::new(&["s3:ListBucketMultipartUploads"], bucket));
            let actions = ["s3:PutObject", "s3:DeleteObject", "s3:AbortMultipartUpload", "s3:ListMultipartUploadParts"];
            given.push(Permission::new(&actions, objects));
        }
        if let Some(key) = key {
            // To put the parts of an upload together, S3 decrypts them: so those who write need to decrypt too.
            let actions: &[&str] = if self.write { &["kms:Decrypt", "kms:GenerateDataKey"] } else { &["kms:Decrypt"] };
            let through_s3 = Target::new(&self.bucket.service, LONGEST_SERVICE);
            let key = Permission::new(actions, Target::new(&key, LONGEST_KEY));
            given.push(key.when("StringEquals", "kms:ViaService", [through_s3]));
        }
        given
    }

    fn list(&self, bucket: Target) -> Permission {
        let list = Permission::new(&["s3:ListBucket"], bucket);
        if self.prefix.is_empty() {
            return list;
        }
        let prefixes = [self.prefix.to_string(), format!("{}*", self.prefix)];
        list.when("StringLike", "s3:prefix", prefixes.iter().map(|p| Target::from(p.as_str())))
    }
}

#[cfg(test)]
mod tests;
