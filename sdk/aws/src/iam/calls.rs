//! What the drivers of IAM share: documents as IAM sends them, tags, and one listing for many roles.
use std::collections::HashMap;

use aws_sdk_iam::{
    Client,
    types::{EntityType, RoleDetail, Tag},
};
use purlin_core::{
    driver::{Failure, Kind},
    types::{Arn, Policy},
};

use crate::connection::{failure, failure::incomplete};

/// Up to so many objects, a call for each is cheaper than a listing of the account: IAM has no filter by name.
pub(super) const FEW: usize = 4;
/// How many single calls are under way at once. IAM throttles an account at some tens of reads a second.
pub(super) const AT_ONCE: usize = 8;
/// The largest page that IAM gives.
pub(super) const PAGE: i32 = 1000;

/// A policy document as IAM sends it: JSON, percent-encoded (RFC 3986).
pub(super) fn document(operation: &'static str, text: &str) -> Result<Policy, Failure> {
    Policy::from_json(&decode_percent(text)).map_err(|e| Failure::new(Kind::Broken, format!("iam:{operation}: {e}")))
}

fn decode_percent(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        match (first, hex(tail)) {
            (b'%', Some(byte)) => {
                bytes.push(byte);
                rest = &tail[2..];
            }
            _ => {
                bytes.push(*first);
                rest = tail;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn hex(bytes: &[u8]) -> Option<u8> {
    let digits = std::str::from_utf8(bytes.get(..2)?).ok()?;
    u8::from_str_radix(digits, 16).ok()
}

/// Tags in the SDK's type.
pub(super) fn tags(tags: impl IntoIterator<Item = (String, String)>) -> Result<Vec<Tag>, Failure> {
    let tag = |(key, value)| Tag::builder().key(key).value(value).build();
    tags.into_iter().map(tag).collect::<Result<_, _>>().map_err(|e| Failure::new(Kind::Invalid, e.to_string()))
}

/// The SDK's tags as pairs.
pub(super) fn pairs(tags: &[Tag]) -> impl Iterator<Item = (&str, &str)> {
    tags.iter().map(|tag| (tag.key(), tag.value()))
}

/// The physical name that the engine has filled in.
pub(super) fn named<'a>(ty: &str, name: &'a Option<String>) -> Result<&'a str, Failure> {
    name.as_deref().ok_or_else(|| Failure::new(Kind::Invalid, format!("a name is needed to make an {ty}")))
}

/// A text that IAM gives empty where none was set. An empty one that was asked for stays as it was asked for.
pub(super) fn text(live: Option<&str>, recorded: Option<&String>) -> Option<String> {
    match live {
        None | Some("") => recorded.filter(|text| text.is_empty()).cloned(),
        Some(text) => Some(text.to_owned()),
    }
}

/// An ARN of an answer.
pub(super) fn arn<R>(operation: &'static str, text: &str) -> Result<Arn<R>, Failure> {
    Arn::parse(text).map_err(|e| Failure::new(Kind::Broken, format!("iam:{operation}: {e}")))
}

/// Every role of the account with its tags, boundary, inline policies and attachments, by name.
pub(super) async fn role_details(client: &Client) -> Result<HashMap<String, RoleDetail>, Failure> {
    const OPERATION: &str = "GetAccountAuthorizationDetails";
    let mut pages =
        client.get_account_authorization_details().filter(EntityType::Role).into_paginator().page_size(PAGE).send();
    let mut details = HashMap::new();
    while let Some(page) = pages.next().await {
        for detail in page.map_err(|e| failure("iam", OPERATION, e))?.role_detail_list.unwrap_or_default() {
            let name = detail.role_name.clone().ok_or_else(|| incomplete("iam", OPERATION, "role name"))?;
            details.insert(name, detail);
        }
    }
    Ok(details)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn documents_come_percent_encoded() {
        assert_eq!(decode_percent("%7B%22a%22%3A%20%22%C3%A9%2B%22%7D"), "{\"a\": \"é+\"}");
        assert_eq!(decode_percent("100% {plain} %zz %2"), "100% {plain} %zz %2");
    }
}
