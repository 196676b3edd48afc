//! `ec2::SecurityGroup`: members with rules about whom they talk to.
use std::time::Duration;

use purlin_core::{
    Lifecycle, Outputs, Ref, Resource,
    provider::ProviderKind,
    schema::{Actions, Estimate, FindBy},
    types::{Arn, Tags},
};

use super::{SETTLE, Vpc};
use crate::AWS;

/// Members with rules about whom they talk to. It starts closed in both directions; each way is a
/// [`SecurityGroupRule`](super::SecurityGroupRule).
#[derive(Clone, Debug, PartialEq, Eq, Resource)]
#[resource("aws:ec2:SecurityGroup", outputs = SecurityGroupOutputs)]
pub struct SecurityGroup {
    /// The network.
    #[field(replace)]
    pub vpc: Ref<Vpc>,
    /// Its name, unique in the network, up to 255 characters. By default made from the names of the stack and the
    /// resource.
    #[field(replace, unique = "security-group-name", within = "vpc", name(max = 255))]
    pub name: Option<String>,
    /// What it is for, up to 255 characters.
    #[field(replace, default = "Managed by Purlin".to_owned())]
    pub description: String,
    /// Keep the rule that AWS puts into every new group: everything may go out. False by default: the rule is removed,
    /// so that what goes out is what the program says. A rule of the program's own that lets everything out is not
    /// meant by this.
    pub default_egress: bool,
    /// Tags.
    #[field(default_tags)]
    pub tags: Tags,
}

/// What a [`SecurityGroup`] gives.
#[derive(Clone, Debug, PartialEq, Eq, Outputs)]
pub struct SecurityGroupOutputs {
    /// Its ARN.
    pub arn: Arn<SecurityGroup>,
}

impl Lifecycle for SecurityGroup {
    const PROVIDER: &'static dyn ProviderKind = &AWS;
    const ACTIONS: Actions = Actions {
        create: &["ec2:CreateSecurityGroup", "ec2:CreateTags"],
        read: &["ec2:DescribeSecurityGroups", "ec2:DescribeSecurityGroupRules"],
        sync: &[
            "ec2:RevokeSecurityGroupEgress",
            "ec2:AuthorizeSecurityGroupEgress",
            "ec2:DescribeTags",
            "ec2:CreateTags",
            "ec2:DeleteTags",
        ],
        delete: &["ec2:DeleteSecurityGroup"],
    };
    const FIND: FindBy = FindBy::Name;
    const SETTLE: Duration = SETTLE;
    const ESTIMATE: Estimate = Estimate::all(Duration::from_secs(1));
    const CHILDREN: &'static [&'static str] = &["network interfaces of load balancers, clusters and functions"];
}

#[cfg(feature = "ec2")]
pub(crate) use driver::SecurityGroupDriver;

#[cfg(feature = "ec2")]
mod driver {
    use std::collections::{BTreeMap, BTreeSet};

    use aws_sdk_ec2::types::{
        Filter, IpPermission, IpRange, ResourceType, SecurityGroup as Live, SecurityGroupRule as LiveRule,
    };
    use purlin_core::driver::{Call, Created, Failure, Found, Kind, Known, Observed, Progress, TypedDriver, Wanted};

    use super::*;
    use crate::{
        connection::{
            Clients,
            failure::{absent_is_done, unseen_is_not_yet},
        },
        ec2::{
            calls::{FILTER_VALUES, failed, filter, id_filters, lacks},
            tags,
        },
        ownership::{Ownership, owned_by},
    };

    /// Everywhere, in IPv4 and in IPv6.
    const ANYWHERE: [&str; 2] = ["0.0.0.0/0", "::/0"];

    pub(crate) struct SecurityGroupDriver {
        pub(crate) clients: Clients,
    }

    impl TypedDriver for SecurityGroupDriver {
        type Resource = SecurityGroup;

        async fn create(
            &self,
            call: &Call,
            wanted: &SecurityGroup,
        ) -> Result<Created<Observed<SecurityGroup>>, Failure> {
            let answer = self
                .ec2()
                .create_security_group()
                .vpc_id(wanted.vpc.id())
                .group_name(name(wanted)?)
                .description(&wanted.description)
                .tag_specifications(tags::specification(ResourceType::SecurityGroup, call, &wanted.tags))
                .send()
                .await
                .map_err(failed("CreateSecurityGroup"))
                .map_err(unseen_is_not_yet)?;
            let id = answer.group_id.ok_or_else(|| lacks("CreateSecurityGroup", "id"))?;
            Ok(match answer.security_group_arn.and_then(|arn| arn.parse().ok()) {
                // All that differs from what was asked for is the rule that AWS puts in.
                Some(arn) => {
                    let fields = SecurityGroup { default_egress: true, ..wanted.clone() };
                    Created::whole(id, fields, SecurityGroupOutputs { arn })
                }
                None => Created::id(id),
            })
        }

        async fn read(
            &self,
            objects: &[Known<SecurityGroup>],
        ) -> Result<Vec<Option<Observed<SecurityGroup>>>, Failure> {
            let mut live = BTreeMap::new();
            for ids in id_filters("group-id", objects) {
                live.extend(self.describe([ids]).await?.into_iter().filter_map(|g| Some((g.group_id.clone()?, g))));
            }
            // Only where something may go everywhere has to be asked whose rule that is.
            let open: Vec<&str> = live
                .iter()
                .filter(|(_, group)| group.ip_permissions_egress().iter().any(is_open))
                .map(|(id, _)| id.as_str())
                .collect();
            let mut default_egress = BTreeSet::new();
            for ids in open.chunks(FILTER_VALUES) {
                let rules = self.rules(ids).await?;
                default_egress.extend(rules.into_iter().filter(is_default_egress).filter_map(|rule| rule.group_id));
            }
            let seen = |object: &Known<SecurityGroup>| {
                let group = live.get(object.id.as_str())?;
                Some(self.observe(&object.id, group, default_egress.contains(object.id.as_str())))
            };
            objects.iter().map(|object| seen(object).transpose()).collect()
        }

        async fn sync(
            &self,
            call: &Call,
            id: &str,
            live: &SecurityGroup,
            wanted: &SecurityGroup,
        ) -> Result<(), Failure> {
            match (live.default_egress, wanted.default_egress) {
                (true, false) => self.close(id).await?,
                (false, true) => self.open(id).await?,
                _ => {}
            }
            tags::sync(&self.clients, call, id, &wanted.tags).await
        }

        async fn delete(&self, _: &Call, object: &Wanted<SecurityGroup>) -> Result<Progress, Failure> {
            let outcome = self.ec2().delete_security_group().group_id(object.id.as_str()).send().await;
            absent_is_done(outcome.map_err(failed("DeleteSecurityGroup")))?;
            Ok(Progress::Done)
        }

        async fn find(&self, call: &Call, wanted: &SecurityGroup) -> Result<Found, Failure> {
            let which = [filter("vpc-id", [wanted.vpc.id()]), filter("group-name", [name(wanted)?])];
            let live = self.describe(which).await?;
            let ours = live
                .into_iter()
                .filter(|group| matches!(owned_by(tags::pairs(group.tags()), call), Ownership::Ours { .. }));
            Ok(tags::found(ours.map(|group| group.group_id)))
        }
    }

    impl SecurityGroupDriver {
        fn ec2(&self) -> &aws_sdk_ec2::Client {
            self.clients.ec2()
        }

        async fn describe(&self, which: impl Into<Vec<Filter>>) -> Result<Vec<Live>, Failure> {
            let pages =
                self.ec2().describe_security_groups().set_filters(Some(which.into())).into_paginator().items().send();
            pages.collect::<Result<_, _>>().await.map_err(failed("DescribeSecurityGroups"))
        }

        async fn rules(&self, groups: &[&str]) -> Result<Vec<LiveRule>, Failure> {
            let which = filter("group-id", groups.iter().copied());
            let pages = self.ec2().describe_security_group_rules().filters(which).into_paginator().items().send();
            pages.collect::<Result<_, _>>().await.map_err(failed("DescribeSecurityGroupRules"))
        }

        /// Removes AWS's own rules that let everything out: for IPv4 and, in a network that has it, for IPv6.
        async fn close(&self, id: &str) -> Result<(), Failure> {
            let rules = self.rules(&[id]).await?;
            let ids: Vec<String> =
                rules.into_iter().filter(is_default_egress).filter_map(|r| r.security_group_rule_id).collect();
            if ids.is_empty() {
                return Ok(());
            }
            let request = self.ec2().revoke_security_group_egress().group_id(id).set_security_group_rule_ids(Some(ids));
            absent_is_done(request.send().await.map_err(failed("RevokeSecurityGroupEgress")))
        }

        /// Puts AWS's rule back.
        async fn open(&self, id: &str) -> Result<(), Failure> {
            let range = IpRange::builder().cidr_ip(ANYWHERE[0]).build();
            let everything = IpPermission::builder().ip_protocol("-1").ip_ranges(range).build();
            let request = self.ec2().authorize_security_group_egress().group_id(id).ip_permissions(everything);
            match request.send().await.map_err(failed("AuthorizeSecurityGroupEgress")) {
                Err(failure) if failure.kind != Kind::AlreadyExists => Err(failure),
                _ => Ok(()),
            }
        }

        fn observe(&self, id: &str, group: &Live, default_egress: bool) -> Result<Observed<SecurityGroup>, Failure> {
            let lacks = |what| lacks("DescribeSecurityGroups", what);
            let owner = group.owner_id().ok_or_else(|| lacks("owner"))?;
            let path = format!("security-group/{id}");
            let arn = Arn::build(self.clients.partition(), "ec2", self.clients.region(), owner, &path);
            let fields = SecurityGroup {
                vpc: Ref::from_id(group.vpc_id().ok_or_else(|| lacks("network"))?),
                name: group.group_name().map(ToOwned::to_owned),
                description: group.description().unwrap_or_default().to_owned(),
                default_egress,
                tags: tags::own(group.tags()),
            };
            Ok(Observed { fields, outputs: SecurityGroupOutputs { arn: arn.map_err(|_| lacks("owner"))? } })
        }
    }

    fn name(group: &SecurityGroup) -> Result<&str, Failure> {
        group.name.as_deref().ok_or_else(|| Failure::new(Kind::Invalid, "a security group has no name"))
    }

    /// Whether something may go everywhere, whoever said so.
    fn is_open(permission: &IpPermission) -> bool {
        let v4 = permission.ip_ranges().iter().filter_map(|range| range.cidr_ip());
        let v6 = permission.ipv6_ranges().iter().filter_map(|range| range.cidr_ipv6());
        permission.ip_protocol() == Some("-1") && v4.chain(v6).any(|range| ANYWHERE.contains(&range))
    }

    /// Whether a rule lets everything out and no stack has made it: AWS's own, or one that was made by hand.
    fn is_default_egress(rule: &LiveRule) -> bool {
        let range = rule.cidr_ipv4().or_else(|| rule.cidr_ipv6());
        rule.is_egress() == Some(true)
            && rule.ip_protocol() == Some("-1")
            && range.is_some_and(|range| ANYWHERE.contains(&range))
            && !tags::pairs(rule.tags()).any(|(key, _)| key.starts_with(purlin_core::driver::TAG_PREFIX))
    }
}

#[cfg(all(test, feature = "ec2"))]
mod tests {
    use purlin_core::{
        Plain as _,
        driver::{Effect, Found, Kind},
    };
    use purlin_tests::{AwsAccount, Fault};
    use serde_json::{Value as Json, json};

    use super::*;
    use crate::testing::{Bench, call, changes};

    /// An account with a network, and a group for it.
    fn place(ipv6: bool) -> (AwsAccount, SecurityGroup) {
        let aws = AwsAccount::fresh().expect("moto");
        let network = json!({"CidrBlock": "10.0.0.0/16", "AmazonProvidedIpv6CidrBlock": ipv6});
        let made = aws.call("ec2", "CreateVpc", network).expect("a network");
        let vpc = made["Vpc"]["VpcId"].as_str().expect("an id");
        let group = SecurityGroup {
            vpc: Ref::from_id(vpc),
            name: Some("web".into()),
            description: "Web servers".into(),
            default_egress: false,
            tags: Tags::new(),
        };
        (aws, group)
    }

    fn rules(aws: &AwsAccount, group: &str) -> Vec<Json> {
        let which = json!({"Filters": [{"Name": "group-id", "Values": [group]}]});
        let answer = aws.call("ec2", "DescribeSecurityGroupRules", which).expect("rules");
        answer["SecurityGroupRules"].as_array().expect("a list").clone()
    }

    #[tokio::test]
    async fn it_lives() {
        let (aws, group) = place(false);
        let cases = [
            group.clone(),
            SecurityGroup { tags: [("Name", "web")].into(), ..group.clone() },
            SecurityGroup { default_egress: true, ..group.clone() },
            group,
        ];
        Bench::new(&aws).await.lives(&aws, &cases).await;
        assert_eq!(aws.inventory().expect("the inventory").count("ec2:SecurityGroup"), 0);
    }

    #[tokio::test]
    async fn it_starts_closed() {
        let (aws, group) = place(true);
        let bench = Bench::new(&aws).await;
        let (id, live) = bench.create(&call("web", "op1"), &group).await.expect("a create");
        assert_eq!(live.fields.get("default_egress"), Some(&true.encode()), "as AWS makes it");
        assert_eq!(rules(&aws, &id).len(), 2, "one for IPv4, one for IPv6");
        aws.mark().expect("the log");
        bench.sync(&call("web", "op2"), &id, &group).await.expect("a sync");
        assert_eq!(changes(&aws), ["RevokeSecurityGroupEgress"]);
        assert_eq!(rules(&aws, &id), [Json::Null; 0]);
    }

    #[tokio::test]
    async fn a_rule_of_a_stack_that_lets_everything_out_is_left_alone() {
        let (aws, group) = place(false);
        let bench = Bench::new(&aws).await;
        let id = bench.made(&call("web", "op1"), &group).await;
        let rule = json!({
            "GroupId": id.as_str(),
            "IpPermissions": [{"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}],
            "TagSpecifications": [{
                "ResourceType": "security-group-rule", "Tags": [{"Key": "purlin:path", "Value": "out"}],
            }],
        });
        aws.call("ec2", "AuthorizeSecurityGroupEgress", rule).expect("a rule");
        assert_eq!(bench.read(&id).await.expect("it is there").fields, group.encode());
        bench.sync(&call("web", "op2"), &id, &group).await.expect("a sync");
        assert_eq!(rules(&aws, &id).len(), 1);
    }

    #[tokio::test]
    async fn a_rule_by_hand_that_lets_everything_out_is_seen_and_removed() {
        let (aws, group) = place(false);
        let bench = Bench::new(&aws).await;
        let id = bench.made(&call("web", "op1"), &group).await;
        let rule = json!({
            "GroupId": id.as_str(),
            "IpPermissions": [{"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}],
        });
        aws.call("ec2", "AuthorizeSecurityGroupEgress", rule).expect("a rule");
        assert_eq!(bench.read(&id).await.expect("it is there").fields.get("default_egress"), Some(&true.encode()));
        bench.sync(&call("web", "op2"), &id, &group).await.expect("a sync");
        assert_eq!(rules(&aws, &id), [Json::Null; 0]);
    }

    #[tokio::test]
    async fn a_create_whose_answer_is_lost_is_found_by_its_owner_only() {
        let (aws, group) = place(false);
        let bench = Bench::new(&aws).await;
        aws.fault("ec2", "CreateSecurityGroup", Fault::LoseResponse).expect("a rule");
        let lost = call("web", "op1");
        assert_eq!(bench.create(&lost, &group).await.expect_err("no answer").effect, Effect::Unknown);
        assert!(matches!(bench.find(&lost, &group).await, Found::One(_)));
        // To another resource the name is taken, by something that is not its own.
        let other = call("other", "op2");
        assert_eq!(bench.create(&other, &group).await.expect_err("the name is taken").kind, Kind::AlreadyExists);
        assert_eq!(bench.find(&other, &group).await, Found::Absent);
    }

    #[tokio::test]
    async fn a_group_without_tags_is_nobodys() {
        let (aws, group) = place(false);
        let by_hand = json!({"VpcId": group.vpc.id(), "GroupName": "web", "Description": "by hand"});
        aws.call("ec2", "CreateSecurityGroup", by_hand).expect("a group");
        assert_eq!(Bench::new(&aws).await.find(&call("web", "op1"), &group).await, Found::Absent);
    }

    #[tokio::test]
    async fn many_are_read_in_one_call() {
        let (aws, group) = place(false);
        let bench = Bench::new(&aws).await;
        let mut objects = Vec::new();
        for n in 0..3 {
            let wanted = SecurityGroup { name: Some(format!("g{n}")), ..group.clone() };
            let id = bench.made(&call(&format!("g{n}"), &format!("op{n}")), &wanted).await;
            objects.push(bench.recorded(&id).await);
        }
        aws.mark().expect("the log");
        assert!(bench.read_all(&objects).await.iter().all(Option::is_some));
        assert_eq!(aws.calls().expect("the log").len(), 1);
    }
}
