//! What the drivers of KMS share: ids, tags.
use aws_sdk_kms::types::Tag;
use purlin_core::driver::{Failure, Kind};

/// How many keys are looked at at once. KMS allows some hundred reads a second for all that an account does.
pub(super) const AT_ONCE: usize = 8;

/// The bare id of a key, from its ARN: `arn:aws:kms:eu-west-1:123456789012:key/1234-…`. A bare one stays.
pub(super) fn bare(key: &str) -> &str {
    match key.split_once(":key/") {
        Some((_, id)) => id,
        None => key,
    }
}

/// Tags in the SDK's type.
pub(super) fn tags(tags: impl IntoIterator<Item = (String, String)>) -> Result<Vec<Tag>, Failure> {
    let tag = |(key, value)| Tag::builder().tag_key(key).tag_value(value).build();
    tags.into_iter().map(tag).collect::<Result<_, _>>().map_err(|e| Failure::new(Kind::Invalid, e.to_string()))
}

/// The SDK's tags as pairs.
pub(super) fn pairs(tags: &[Tag]) -> impl Iterator<Item = (&str, &str)> {
    tags.iter().map(|tag| (tag.tag_key(), tag.tag_value()))
}
