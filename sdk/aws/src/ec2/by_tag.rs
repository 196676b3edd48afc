//! `ec2::ByTag`: objects that somebody else made, by a tag on them.
//!
//! One API call answers for every type of EC2, so there is one lookup, with the type as a parameter.
use std::marker::PhantomData;

use purlin_core::{Map, Ref, Resource, Value, lookup::Lookup, provider::ProviderKind};

use super::{SecurityGroup, Subnet, Vpc};
use crate::AWS;

/// A type of EC2 that can be found by its tags.
pub trait Tagged: Resource {
    /// EC2's word for the type: `vpc`.
    const KIND: &'static str;
}

impl Tagged for Vpc {
    const KIND: &'static str = "vpc";
}

impl Tagged for Subnet {
    const KIND: &'static str = "subnet";
}

impl Tagged for SecurityGroup {
    const KIND: &'static str = "security-group";
}

/// Asks for the one object of a type that has a tag. None, or more than one, is an error.
///
/// ```
/// use purlin_aws::ec2::{ByTag, SecurityGroup, Vpc};
/// # fn program(stack: &mut purlin_core::Stack) -> purlin_core::Result<()> {
/// let shared = stack.lookup(ByTag::<Vpc>::new("Name", "shared"))?;
/// let vpc = stack.existing::<Vpc>("shared", shared.id());
/// stack.add("web", SecurityGroup::new(&vpc));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct ByTag<R> {
    tag: Tag<R>,
}

/// Asks for all objects of a type that have a tag, in the order of their ids. There may be none.
#[derive(Clone, Debug)]
pub struct AllByTag<R> {
    tag: Tag<R>,
}

/// [`ByTag`] for networks.
pub type VpcByTag = ByTag<Vpc>;

#[derive(Clone, Debug)]
struct Tag<R> {
    key: String,
    value: String,
    resource: PhantomData<fn() -> R>,
}

impl<R: Tagged> Tag<R> {
    fn new(key: impl Into<String>, value: impl Into<String>) -> Self {
        Self { key: key.into(), value: value.into(), resource: PhantomData }
    }

    fn query(&self, one: bool) -> Map {
        [
            ("key", Value::from(self.key.as_str())),
            ("kind", R::KIND.into()),
            ("one", Value::Bool(one)),
            ("value", self.value.as_str().into()),
        ]
        .into_iter()
        .map(|(name, value)| (name.into(), value))
        .collect()
    }
}

impl<R: Tagged> ByTag<R> {
    /// The object whose tag `key` is `value`; neither is a pattern.
    pub fn new(key: impl Into<String>, value: impl Into<String>) -> Self {
        Self { tag: Tag::new(key, value) }
    }
}

impl<R: Tagged> AllByTag<R> {
    /// The objects whose tag `key` is `value`; neither is a pattern.
    pub fn new(key: impl Into<String>, value: impl Into<String>) -> Self {
        Self { tag: Tag::new(key, value) }
    }
}

/// The name of both lookups.
pub(crate) const NAME: &str = "aws:ec2:ByTag";

impl<R: Tagged> Lookup for ByTag<R> {
    type Answer = Ref<R>;
    const NAME: &'static str = NAME;
    const ACTIONS: &'static [&'static str] = &["ec2:DescribeTags"];
    const PROVIDER: &'static dyn ProviderKind = &AWS;

    fn query(&self) -> Map {
        self.tag.query(true)
    }
}

impl<R: Tagged> Lookup for AllByTag<R> {
    type Answer = Vec<Ref<R>>;
    const NAME: &'static str = NAME;
    const ACTIONS: &'static [&'static str] = &["ec2:DescribeTags"];
    const PROVIDER: &'static dyn ProviderKind = &AWS;

    fn query(&self) -> Map {
        self.tag.query(false)
    }
}

/// Asks EC2.
#[cfg(feature = "ec2")]
pub(crate) async fn ask(
    clients: &crate::connection::Clients,
    query: &Map,
) -> Result<Value, purlin_core::driver::Failure> {
    use purlin_core::driver::{Failure, Kind};

    let text = |name: &str| query.get(name).and_then(Value::as_str).unwrap_or_default();
    let (kind, key, value) = (text("kind"), text("key"), text("value"));
    let pages = clients
        .ec2()
        .describe_tags()
        .filters(super::calls::filter("resource-type", [kind]))
        .filters(super::calls::filter("key", [key]))
        .filters(super::calls::filter("value", [value]))
        .into_paginator()
        .items()
        .send()
        .collect::<Result<Vec<_>, _>>()
        .await
        .map_err(super::calls::failed("DescribeTags"))?;
    // EC2 takes `*` and `?` in a filter for a pattern; here they are characters like any other.
    let exact = pages.into_iter().filter(|tag| tag.key() == Some(key) && tag.value() == Some(value));
    let mut ids: Vec<String> = exact.filter_map(|tag| tag.resource_id).collect();
    ids.sort();
    if query.get("one").and_then(Value::as_bool) != Some(true) {
        return Ok(Value::List(ids.into_iter().map(Value::from).collect()));
    }
    match ids.as_slice() {
        [id] => Ok(id.as_str().into()),
        [] => Err(Failure::new(Kind::NotFound, format!("no {kind} has the tag {key}={value}"))
            .help("check the tag, and that the provider's account and region are those of the object")),
        several => Err(Failure::new(
            Kind::Invalid,
            format!("several of type {kind} have the tag {key}={value}: {}", several.join(", ")),
        )
        .help("ask by a tag that only one has, or for all with `ec2::AllByTag`")),
    }
}

#[cfg(all(test, feature = "ec2"))]
mod tests {
    use purlin_core::{Plain, driver::Kind, provider::Connection as _};
    use purlin_tests::AwsAccount;
    use serde_json::json;

    use super::*;
    use crate::testing::connect;

    /// A network with a tag, made by somebody else.
    fn network(aws: &AwsAccount, name: &str) -> String {
        let tags = json!([{"ResourceType": "vpc", "Tags": [{"Key": "Name", "Value": name}]}]);
        let made = aws
            .call("ec2", "CreateVpc", json!({"CidrBlock": "10.0.0.0/16", "TagSpecifications": tags}))
            .expect("a network");
        made["Vpc"]["VpcId"].as_str().expect("an id").to_owned()
    }

    #[tokio::test]
    async fn the_one_with_the_tag_is_found() {
        let aws = AwsAccount::fresh().expect("moto");
        let shared = network(&aws, "shared");
        network(&aws, "other");
        let answer = connect(&aws).await.lookup(NAME, &VpcByTag::new("Name", "shared").query()).await;
        assert_eq!(Ref::<Vpc>::decode(&answer.expect("an answer")).expect("an id").id(), shared);
    }

    #[tokio::test]
    async fn a_star_is_no_pattern() {
        let aws = AwsAccount::fresh().expect("moto");
        network(&aws, "shared");
        let failure = connect(&aws).await.lookup(NAME, &VpcByTag::new("Name", "sh*").query()).await.expect_err("none");
        assert_eq!((failure.kind, failure.message.as_str()), (Kind::NotFound, "no vpc has the tag Name=sh*"));
    }

    #[tokio::test]
    async fn several_are_an_answer_only_where_all_are_asked_for() {
        let aws = AwsAccount::fresh().expect("moto");
        let mut made = [network(&aws, "x"), network(&aws, "x")];
        made.sort();
        let connection = connect(&aws).await;
        let failure = connection.lookup(NAME, &VpcByTag::new("Name", "x").query()).await.expect_err("two");
        assert_eq!(failure.message, format!("several of type vpc have the tag Name=x: {}, {}", made[0], made[1]));
        let answer = connection.lookup(NAME, &AllByTag::<Vpc>::new("Name", "x").query()).await.expect("a list");
        let found = Vec::<Ref<Vpc>>::decode(&answer).expect("ids");
        assert_eq!(found.iter().map(Ref::id).collect::<Vec<_>>(), made);
    }
}
