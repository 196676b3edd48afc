//! What is certain before anything exists: account, region, partition, and the ARNs that follow from them.
//!
//! `Lifecycle::predict` is given [`Facts`] by the engine; with a name and these, most ARNs can be shown in a plan
//! before the create.
use purlin_core::{Map, schema::Facts, types::Arn};

/// The facts of a connection, as [`Facts`] holds them.
#[cfg(feature = "connection")]
pub(crate) fn map(account: &str, region: &str, partition: &str) -> Map {
    [("account", account), ("region", region), ("partition", partition)]
        .into_iter()
        .map(|(name, value)| (name.into(), value.into()))
        .collect()
}

/// The ARN of an object that belongs to the account and region: `arn:aws:ec2:eu-west-1:123456789012:vpc/vpc-0ab`.
pub fn regional_arn<R: 'static>(facts: &Facts<'_>, service: &str, resource: &str) -> Option<Arn<R>> {
    Arn::build(facts.get("partition")?, service, facts.get("region")?, facts.get("account")?, resource).ok()
}

/// The ARN of an object that belongs to the account, in no region: `arn:aws:iam::123456789012:role/trainer`.
pub fn global_arn<R: 'static>(facts: &Facts<'_>, service: &str, resource: &str) -> Option<Arn<R>> {
    Arn::build(facts.get("partition")?, service, "", facts.get("account")?, resource).ok()
}

/// The ARN of an object whose name is enough: `arn:aws:s3:::models`.
pub fn bare_arn<R: 'static>(facts: &Facts<'_>, service: &str, resource: &str) -> Option<Arn<R>> {
    Arn::build(facts.get("partition")?, service, "", "", resource).ok()
}

/// The text of a field, if it is set and known.
pub fn known<'a>(fields: &'a Map, name: &str) -> Option<&'a str> {
    fields.get(name)?.as_str()
}

/// The partition that a region is in: AWS names the regions of each partition alike.
pub fn partition_of(region: &str) -> &'static str {
    const PREFIXES: [(&str, &str); 7] = [
        ("cn-", "aws-cn"),
        ("us-gov-", "aws-us-gov"),
        ("us-iso-", "aws-iso"),
        ("us-isob-", "aws-iso-b"),
        ("eu-isoe-", "aws-iso-e"),
        ("us-isof-", "aws-iso-f"),
        ("eusc-", "aws-eusc"),
    ];
    PREFIXES.iter().find(|(prefix, _)| region.starts_with(prefix)).map_or("aws", |(_, partition)| partition)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arns_follow_from_facts_and_a_name() {
        let map: Map = [("account", "123456789012"), ("region", "cn-north-1"), ("partition", "aws-cn")]
            .into_iter()
            .map(|(k, v)| (k.into(), v.into()))
            .collect();
        let facts = Facts { provider: &map };
        let text = |arn: Option<Arn>| arn.expect("all facts are there").to_string();
        assert_eq!(text(regional_arn(&facts, "ec2", "vpc/v")), "arn:aws-cn:ec2:cn-north-1:123456789012:vpc/v");
        assert_eq!(text(global_arn(&facts, "iam", "role/r")), "arn:aws-cn:iam::123456789012:role/r");
        assert_eq!(text(bare_arn(&facts, "s3", "b")), "arn:aws-cn:s3:::b");
    }

    #[test]
    fn without_a_fact_there_is_no_arn() {
        let none = Map::new();
        assert!(regional_arn::<()>(&Facts { provider: &none }, "ec2", "vpc/v").is_none());
    }

    #[test]
    fn a_region_tells_its_partition() {
        assert_eq!(partition_of("eu-west-1"), "aws");
        assert_eq!(partition_of("us-gov-west-1"), "aws-us-gov");
        assert_eq!(partition_of("us-isob-east-1"), "aws-iso-b");
        assert_eq!(partition_of("eusc-de-east-1"), "aws-eusc");
    }
}
