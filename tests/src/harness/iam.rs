//! Which IAM actions an API call needs.
//!
//! Most operations are authorised by the action of their own name. The exceptions, and what a call needs along, stand in
//! the tables here, from the [Service Authorization Reference]; a service that is added later adds its lines.
//!
//! [Service Authorization Reference]: https://docs.aws.amazon.com/service-authorization/latest/reference/

/// True when a call of this operation may change something.
pub fn mutates(operation: &str) -> bool {
    const READS: [&str; 7] = ["Describe", "Get", "List", "Head", "Lookup", "Search", "BatchGet"];
    !READS.iter().any(|verb| operation.starts_with(verb))
}

/// What a call needs to be allowed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Needed {
    /// The action that authorises it: `s3:ListBucketVersions`.
    pub action: String,
    /// The action that it needs along when it sets tags.
    pub tagging: Option<&'static str>,
    /// Actions that it needs along with some parameters.
    pub along: &'static [&'static str],
}

/// What a call of `service` and `operation` (in botocore's names, as the lab's log has them) needs.
pub fn needed(service: &str, operation: &str) -> Needed {
    let action = renamed(service, operation).map_or_else(|| format!("{service}:{operation}"), str::to_owned);
    Needed { action, tagging: tagging(service, operation), along: along(service, operation) }
}

/// Operations that have an action of another name.
fn renamed(service: &str, operation: &str) -> Option<&'static str> {
    let table: &[(&str, &str)] = match service {
        "s3" => S3,
        _ => &[],
    };
    table.iter().find(|(name, _)| *name == operation).map(|(_, action)| *action)
}

const S3: &[(&str, &str)] = &[
    ("DeleteBucketCors", "s3:PutBucketCORS"),
    ("DeleteBucketEncryption", "s3:PutEncryptionConfiguration"),
    ("DeleteBucketLifecycle", "s3:PutLifecycleConfiguration"),
    ("DeleteBucketOwnershipControls", "s3:PutBucketOwnershipControls"),
    ("DeleteBucketReplication", "s3:PutReplicationConfiguration"),
    ("DeleteBucketTagging", "s3:PutBucketTagging"),
    ("DeleteObjects", "s3:DeleteObject"),
    ("DeletePublicAccessBlock", "s3:PutBucketPublicAccessBlock"),
    ("GetBucketCors", "s3:GetBucketCORS"),
    ("GetBucketEncryption", "s3:GetEncryptionConfiguration"),
    ("GetBucketLifecycle", "s3:GetLifecycleConfiguration"),
    ("GetBucketLifecycleConfiguration", "s3:GetLifecycleConfiguration"),
    ("GetBucketNotificationConfiguration", "s3:GetBucketNotification"),
    ("GetBucketReplication", "s3:GetReplicationConfiguration"),
    ("GetObjectLockConfiguration", "s3:GetBucketObjectLockConfiguration"),
    ("GetPublicAccessBlock", "s3:GetBucketPublicAccessBlock"),
    ("HeadBucket", "s3:ListBucket"),
    ("HeadObject", "s3:GetObject"),
    ("ListBuckets", "s3:ListAllMyBuckets"),
    ("ListMultipartUploads", "s3:ListBucketMultipartUploads"),
    ("ListObjectVersions", "s3:ListBucketVersions"),
    ("ListObjects", "s3:ListBucket"),
    ("ListObjectsV2", "s3:ListBucket"),
    ("PutBucketCors", "s3:PutBucketCORS"),
    ("PutBucketEncryption", "s3:PutEncryptionConfiguration"),
    ("PutBucketLifecycle", "s3:PutLifecycleConfiguration"),
    ("PutBucketLifecycleConfiguration", "s3:PutLifecycleConfiguration"),
    ("PutBucketNotificationConfiguration", "s3:PutBucketNotification"),
    ("PutBucketReplication", "s3:PutReplicationConfiguration"),
    ("PutObjectLockConfiguration", "s3:PutBucketObjectLockConfiguration"),
    ("PutPublicAccessBlock", "s3:PutBucketPublicAccessBlock"),
];

/// Calls that can set tags as they make something.
fn tagging(service: &str, operation: &str) -> Option<&'static str> {
    match (service, operation) {
        ("ec2", "CreateTags") => None,
        ("ec2", _) if ["Create", "Authorize", "Allocate", "Run"].iter().any(|verb| operation.starts_with(verb)) => {
            Some("ec2:CreateTags")
        }
        ("iam", "CreateRole") => Some("iam:TagRole"),
        ("iam", "CreatePolicy") => Some("iam:TagPolicy"),
        ("kms", "CreateKey") => Some("kms:TagResource"),
        ("logs", "CreateLogGroup") => Some("logs:TagResource"),
        ("s3", "CreateBucket") => Some("s3:TagResource"),
        _ => None,
    }
}

/// Calls that need more with some parameters.
fn along(service: &str, operation: &str) -> &'static [&'static str] {
    match (service, operation) {
        ("s3", "CreateBucket") => {
            &["s3:PutBucketObjectLockConfiguration", "s3:PutBucketOwnershipControls", "s3:PutBucketVersioning"]
        }
        ("s3", "DeleteObject" | "DeleteObjects") => &["s3:DeleteObjectVersion"],
        _ => &[],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn most_actions_have_the_name_of_their_operation() {
        assert_eq!(needed("ec2", "DescribeVpcs").action, "ec2:DescribeVpcs");
        assert_eq!(needed("s3", "ListObjectVersions").action, "s3:ListBucketVersions");
        assert_eq!(needed("ec2", "CreateVpc").tagging, Some("ec2:CreateTags"));
        assert_eq!(needed("ec2", "CreateTags").tagging, None);
    }

    #[test]
    fn the_table_can_be_searched_by_eye() {
        assert!(S3.is_sorted_by_key(|(operation, _)| *operation));
    }

    #[test]
    fn reading_is_not_changing() {
        assert!(!mutates("DescribeVpcs") && !mutates("HeadBucket") && !mutates("GetRole"));
        assert!(mutates("CreateVpc") && mutates("ModifyVpcAttribute") && mutates("ScheduleKeyDeletion"));
    }
}
