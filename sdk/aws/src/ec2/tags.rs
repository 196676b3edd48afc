//! Tags of EC2's objects: sent with the create, read, and changed by difference.
use aws_sdk_ec2::types::{ResourceType, Tag, TagSpecification};
use purlin_core::{
    driver::{Call, Failure, Found},
    types::Tags,
};

use super::calls::{failed, filter};
use crate::{
    connection::Clients,
    ownership::{self, TagChanges},
};

/// The tags that a create sends along: the resource's own, and whose it is.
pub(super) fn specification(kind: ResourceType, call: &Call, wanted: &Tags) -> TagSpecification {
    let tags = ownership::create_tags(call, wanted).into_iter().map(|(key, value)| tag(key, value));
    TagSpecification::builder().resource_type(kind).set_tags(Some(tags.collect())).build()
}

/// The resource's own tags among those of an object.
pub(super) fn own(tags: &[Tag]) -> Tags {
    ownership::strip(pairs(tags))
}

/// Tags as pairs.
pub(super) fn pairs(tags: &[Tag]) -> impl Iterator<Item = (&str, &str)> {
    tags.iter().filter_map(|tag| Some((tag.key()?, tag.value().unwrap_or_default())))
}

/// Makes the tags of an object what is wanted, and its ownership tags right. A read, and a call for what is to be set
/// or removed.
pub(super) async fn sync(clients: &Clients, call: &Call, id: &str, wanted: &Tags) -> Result<(), Failure> {
    let live = clients
        .ec2()
        .describe_tags()
        .filters(filter("resource-id", [id]))
        .into_paginator()
        .items()
        .send()
        .collect::<Result<Vec<_>, _>>()
        .await
        .map_err(failed("DescribeTags"))?;
    let live = live.into_iter().filter_map(|tag| Some((tag.key?, tag.value.unwrap_or_default())));
    let TagChanges { set, remove } = TagChanges::between(live, wanted, call);
    if !remove.is_empty() {
        let keys = remove.into_iter().map(|key| Tag::builder().key(key).build());
        let request = clients.ec2().delete_tags().resources(id).set_tags(Some(keys.collect()));
        request.send().await.map_err(failed("DeleteTags"))?;
    }
    if !set.is_empty() {
        let tags = set.into_iter().map(|(key, value)| tag(key, value));
        let request = clients.ec2().create_tags().resources(id).set_tags(Some(tags.collect()));
        request.send().await.map_err(failed("CreateTags"))?;
    }
    Ok(())
}

/// What a search by the operation's tag says: the tag is on an object from its first moment, and no other operation has
/// it.
pub(super) fn found(ids: impl IntoIterator<Item = Option<String>>) -> Found {
    let mut ids: Vec<String> = ids.into_iter().flatten().collect();
    match ids.len() {
        0 => Found::Absent,
        1 => Found::One(ids.remove(0).into()),
        _ => Found::Ambiguous(format!("several objects carry the tag of this operation: {}", ids.join(", "))),
    }
}

fn tag(key: impl Into<String>, value: impl Into<String>) -> Tag {
    Tag::builder().key(key).value(value).build()
}
