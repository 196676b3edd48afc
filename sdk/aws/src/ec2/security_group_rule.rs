//! `ec2::SecurityGroupRule`: what may come in to the members of a group, or go out from them.
use std::time::Duration;

use purlin_core::{
    IntoInput, Lifecycle, Ref, Resource,
    provider::ProviderKind,
    schema::{Actions, Estimate, FindBy},
    types::Tags,
};

use super::{Peer, Ports, SETTLE, SecurityGroup};
use crate::{AWS, choice::choice};

/// One thing that the members of a [`SecurityGroup`] may do: take connections from a peer, or open them to it. Answers
/// are always let through.
///
/// ```
/// use purlin_aws::ec2::{Ports, SecurityGroup, SecurityGroupRule, Vpc};
/// # fn program(stack: &mut purlin_core::Stack, vpc: &purlin_core::Handle<Vpc>, anywhere: purlin_core::types::Cidr) {
/// let balancer = stack.add("balancer", SecurityGroup::new(vpc));
/// let web = stack.add("web", SecurityGroup::new(vpc));
/// stack.add("web-in", SecurityGroupRule::ingress(&web, Ports::tcp(8080), &balancer));
/// stack.add("web-out", SecurityGroupRule::egress(&web, Ports::tcp(443), anywhere));
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Resource)]
#[resource("aws:ec2:SecurityGroupRule")]
pub struct SecurityGroupRule {
    /// The group.
    #[field(replace)]
    pub group: Ref<SecurityGroup>,
    /// The protocol and its ports: those of the member for what comes in, those of the peer for what goes out.
    #[field(replace)]
    pub ports: Ports,
    /// The other side.
    #[field(replace)]
    pub peer: Peer,
    /// Whether it comes in or goes out.
    #[field(replace, default = Direction::Ingress)]
    pub direction: Direction,
    /// What it is for, up to 255 characters.
    pub description: Option<String>,
    /// Tags.
    #[field(default_tags)]
    pub tags: Tags,
}

choice! {
    /// The way of a connection.
    pub enum Direction {
        /// The peer opens it.
        Ingress = "ingress",
        /// The member opens it.
        Egress = "egress",
    }
}

impl SecurityGroupRule {
    /// Members of `group` take connections on `ports` from `peer`: addresses, or the members of another group.
    pub fn ingress(
        group: impl IntoInput<Ref<SecurityGroup>>,
        ports: impl IntoInput<Ports>,
        peer: impl IntoInput<Peer>,
    ) -> SecurityGroupRuleArgs {
        Self::new(group, ports, peer)
    }

    /// Members of `group` open connections to `ports` of `peer`: addresses, or the members of another group.
    pub fn egress(
        group: impl IntoInput<Ref<SecurityGroup>>,
        ports: impl IntoInput<Ports>,
        peer: impl IntoInput<Peer>,
    ) -> SecurityGroupRuleArgs {
        Self::new(group, ports, peer).direction(Direction::Egress)
    }
}

impl Lifecycle for SecurityGroupRule {
    const PROVIDER: &'static dyn ProviderKind = &AWS;
    const ACTIONS: Actions = Actions {
        create: &["ec2:AuthorizeSecurityGroupIngress", "ec2:AuthorizeSecurityGroupEgress", "ec2:CreateTags"],
        read: &["ec2:DescribeSecurityGroupRules"],
        sync: &["ec2:ModifySecurityGroupRules", "ec2:DescribeTags", "ec2:CreateTags", "ec2:DeleteTags"],
        delete: &["ec2:RevokeSecurityGroupIngress", "ec2:RevokeSecurityGroupEgress"],
    };
    const FIND: FindBy = FindBy::NaturalKey;
    const SETTLE: Duration = SETTLE;
    const ESTIMATE: Estimate = Estimate::all(Duration::from_secs(1));
}

#[cfg(feature = "ec2")]
pub(crate) use driver::SecurityGroupRuleDriver;

#[cfg(feature = "ec2")]
mod driver {
    use std::collections::BTreeMap;

    use aws_sdk_ec2::types::{
        Filter, IpPermission, IpRange, Ipv6Range, PrefixListId, ResourceType, SecurityGroupRule as Live,
        SecurityGroupRuleRequest, SecurityGroupRuleUpdate, UserIdGroupPair,
    };
    use purlin_core::driver::{Call, Created, Failure, Found, Known, Observed, Progress, TypedDriver, Wanted};

    use super::*;
    use crate::{
        connection::{
            Clients,
            failure::{absent_is_done, unseen_is_not_yet},
        },
        ec2::{
            calls::{failed, filter, id_filters, lacks},
            tags,
        },
        ownership::{Ownership, owned_by},
    };

    pub(crate) struct SecurityGroupRuleDriver {
        pub(crate) clients: Clients,
    }

    impl TypedDriver for SecurityGroupRuleDriver {
        type Resource = SecurityGroupRule;

        async fn create(
            &self,
            call: &Call,
            wanted: &SecurityGroupRule,
        ) -> Result<Created<Observed<SecurityGroupRule>>, Failure> {
            let tags = tags::specification(ResourceType::SecurityGroupRule, call, &wanted.tags);
            let (operation, made) = match wanted.direction {
                Direction::Ingress => {
                    let operation = "AuthorizeSecurityGroupIngress";
                    let request = self.ec2().authorize_security_group_ingress().group_id(wanted.group.id());
                    let request = request.ip_permissions(permission(wanted)).tag_specifications(tags);
                    let answer = request.send().await.map_err(failed(operation)).map_err(unseen_is_not_yet)?;
                    (operation, answer.security_group_rules)
                }
                Direction::Egress => {
                    let operation = "AuthorizeSecurityGroupEgress";
                    let request = self.ec2().authorize_security_group_egress().group_id(wanted.group.id());
                    let request = request.ip_permissions(permission(wanted)).tag_specifications(tags);
                    let answer = request.send().await.map_err(failed(operation)).map_err(unseen_is_not_yet)?;
                    (operation, answer.security_group_rules)
                }
            };
            let rule = made.and_then(|rules| rules.into_iter().next()).ok_or_else(|| lacks(operation, "rule"))?;
            let id = rule.security_group_rule_id().ok_or_else(|| lacks(operation, "id"))?;
            Ok(match observe(operation, &rule) {
                Ok(observed) => Created::whole(id, observed.fields, ()),
                Err(_) => Created::id(id),
            })
        }

        async fn read(
            &self,
            objects: &[Known<SecurityGroupRule>],
        ) -> Result<Vec<Option<Observed<SecurityGroupRule>>>, Failure> {
            let mut live = BTreeMap::new();
            for ids in id_filters("security-group-rule-id", objects) {
                let rules = self.describe(ids).await?;
                live.extend(rules.into_iter().filter_map(|rule| Some((rule.security_group_rule_id.clone()?, rule))));
            }
            let seen = |object: &Known<SecurityGroupRule>| {
                live.get(object.id.as_str()).map(|rule| observe("DescribeSecurityGroupRules", rule)).transpose()
            };
            objects.iter().map(seen).collect()
        }

        async fn sync(
            &self,
            call: &Call,
            id: &str,
            live: &SecurityGroupRule,
            wanted: &SecurityGroupRule,
        ) -> Result<(), Failure> {
            if live.description != wanted.description {
                let update =
                    SecurityGroupRuleUpdate::builder().security_group_rule_id(id).security_group_rule(content(wanted));
                let request = self.ec2().modify_security_group_rules().group_id(wanted.group.id());
                let request = request.security_group_rules(update.build());
                request.send().await.map_err(failed("ModifySecurityGroupRules"))?;
            }
            tags::sync(&self.clients, call, id, &wanted.tags).await
        }

        async fn delete(&self, _: &Call, object: &Wanted<SecurityGroupRule>) -> Result<Progress, Failure> {
            let (id, group) = (object.id.as_str(), object.fields.group.id());
            let outcome = match object.fields.direction {
                Direction::Ingress => {
                    let request =
                        self.ec2().revoke_security_group_ingress().group_id(group).security_group_rule_ids(id);
                    request.send().await.map_err(failed("RevokeSecurityGroupIngress")).map(drop)
                }
                Direction::Egress => {
                    let request = self.ec2().revoke_security_group_egress().group_id(group).security_group_rule_ids(id);
                    request.send().await.map_err(failed("RevokeSecurityGroupEgress")).map(drop)
                }
            };
            absent_is_done(outcome)?;
            Ok(Progress::Done)
        }

        /// A group has no two rules of the same content, so there is at most one; ours it is if it says so.
        async fn find(&self, call: &Call, wanted: &SecurityGroupRule) -> Result<Found, Failure> {
            let live = self.describe(filter("group-id", [wanted.group.id()])).await?;
            let ours = live.into_iter().filter(|rule| {
                let same = observe("DescribeSecurityGroupRules", rule).is_ok_and(|o| allows_same(&o.fields, wanted));
                same && matches!(owned_by(tags::pairs(rule.tags()), call), Ownership::Ours { .. })
            });
            Ok(tags::found(ours.map(|rule| rule.security_group_rule_id)))
        }
    }

    impl SecurityGroupRuleDriver {
        fn ec2(&self) -> &aws_sdk_ec2::Client {
            self.clients.ec2()
        }

        async fn describe(&self, which: Filter) -> Result<Vec<Live>, Failure> {
            let pages = self.ec2().describe_security_group_rules().filters(which).into_paginator().items().send();
            pages.collect::<Result<_, _>>().await.map_err(failed("DescribeSecurityGroupRules"))
        }
    }

    fn allows_same(a: &SecurityGroupRule, b: &SecurityGroupRule) -> bool {
        (&a.group, a.direction, a.ports, &a.peer) == (&b.group, b.direction, b.ports, &b.peer)
    }

    /// The rule, as a create takes it.
    fn permission(rule: &SecurityGroupRule) -> IpPermission {
        let (protocol, from, to) = rule.ports.wire();
        let permission = IpPermission::builder().ip_protocol(protocol).from_port(from).to_port(to);
        let description = rule.description.clone();
        match &rule.peer {
            Peer::Cidr(cidr) if cidr.is_ipv4() => {
                permission.ip_ranges(IpRange::builder().cidr_ip(cidr.to_string()).set_description(description).build())
            }
            Peer::Cidr(cidr) => permission
                .ipv6_ranges(Ipv6Range::builder().cidr_ipv6(cidr.to_string()).set_description(description).build()),
            Peer::Group(group) => permission.user_id_group_pairs(
                UserIdGroupPair::builder().group_id(group.id()).set_description(description).build(),
            ),
            Peer::PrefixList(id) => permission
                .prefix_list_ids(PrefixListId::builder().prefix_list_id(id).set_description(description).build()),
        }
        .build()
    }

    /// The rule, as a change takes it: whole. An empty description removes the one that is there.
    fn content(rule: &SecurityGroupRule) -> SecurityGroupRuleRequest {
        let (protocol, from, to) = rule.ports.wire();
        let request = SecurityGroupRuleRequest::builder().ip_protocol(protocol).from_port(from).to_port(to);
        let request = request.description(rule.description.as_deref().unwrap_or_default());
        match &rule.peer {
            Peer::Cidr(cidr) if cidr.is_ipv4() => request.cidr_ipv4(cidr.to_string()),
            Peer::Cidr(cidr) => request.cidr_ipv6(cidr.to_string()),
            Peer::Group(group) => request.referenced_group_id(group.id()),
            Peer::PrefixList(id) => request.prefix_list_id(id),
        }
        .build()
    }

    /// What an answer tells. `operation` is the call that gave it.
    fn observe(operation: &'static str, rule: &Live) -> Result<Observed<SecurityGroupRule>, Failure> {
        let lacks = |what| lacks(operation, what);
        let cidr = rule.cidr_ipv4().or_else(|| rule.cidr_ipv6()).and_then(|cidr| cidr.parse().ok()).map(Peer::Cidr);
        let group =
            || rule.referenced_group_info().and_then(|group| group.group_id()).map(|id| Peer::Group(Ref::from_id(id)));
        let list = || rule.prefix_list_id().map(|id| Peer::PrefixList(id.to_owned()));
        let ports =
            rule.ip_protocol().and_then(|protocol| Ports::from_wire(protocol, rule.from_port(), rule.to_port()));
        let fields = SecurityGroupRule {
            group: Ref::from_id(rule.group_id().ok_or_else(|| lacks("group"))?),
            ports: ports.ok_or_else(|| lacks("protocol"))?,
            peer: cidr.or_else(group).or_else(list).ok_or_else(|| lacks("peer"))?,
            direction: if rule.is_egress() == Some(true) { Direction::Egress } else { Direction::Ingress },
            description: rule.description().filter(|text| !text.is_empty()).map(ToOwned::to_owned),
            tags: tags::own(rule.tags()),
        };
        Ok(Observed { fields, outputs: () })
    }
}

#[cfg(all(test, feature = "ec2"))]
mod tests {
    use purlin_core::driver::{Effect, Found, Kind};
    use purlin_tests::{AwsAccount, Fault};
    use serde_json::json;

    use super::*;
    use crate::testing::{Bench, call};

    /// An account with two groups, and a rule for the first.
    fn place() -> (AwsAccount, SecurityGroupRule, Ref<SecurityGroup>) {
        let aws = AwsAccount::fresh().expect("moto");
        let made = aws.call("ec2", "CreateVpc", json!({"CidrBlock": "10.0.0.0/16"})).expect("a network");
        let group = |name: &str| {
            let group = json!({"VpcId": made["Vpc"]["VpcId"], "GroupName": name, "Description": name});
            let group = aws.call("ec2", "CreateSecurityGroup", group).expect("a group");
            Ref::from_id(group["GroupId"].as_str().expect("an id"))
        };
        let (web, balancer) = (group("web"), group("balancer"));
        let rule = SecurityGroupRule {
            group: web,
            ports: Ports::tcp(8080),
            peer: Peer::Cidr("10.1.0.0/16".parse().expect("a block")),
            direction: Direction::Ingress,
            description: None,
            tags: Tags::new(),
        };
        (aws, rule, balancer)
    }

    fn described(rule: &SecurityGroupRule, text: &str) -> SecurityGroupRule {
        SecurityGroupRule { description: Some(text.into()), ..rule.clone() }
    }

    #[tokio::test]
    async fn it_lives() {
        let (aws, rule, _) = place();
        let cases = [
            described(&rule, "from the office"),
            described(&rule, "from the other office"),
            rule.clone(),
            SecurityGroupRule { tags: [("Name", "office")].into(), ..rule },
        ];
        Bench::new(&aws).await.lives(&aws, &cases).await;
        assert_eq!(aws.inventory().expect("the inventory").count("ec2:SecurityGroupRule"), 0);
    }

    #[tokio::test]
    async fn every_kind_lives() {
        let (aws, rule, balancer) = place();
        let bench = Bench::new(&aws).await;
        let v6 = || Peer::Cidr("2001:db8::/32".parse().expect("a block"));
        let kinds = [
            SecurityGroupRule { direction: Direction::Egress, ..rule.clone() },
            SecurityGroupRule { peer: v6(), ..rule.clone() },
            SecurityGroupRule { peer: v6(), direction: Direction::Egress, ports: Ports::all(), ..rule.clone() },
            SecurityGroupRule { peer: Peer::Group(balancer), ..rule.clone() },
            SecurityGroupRule { peer: Peer::Group(rule.group.clone()), ports: Ports::all(), ..rule.clone() },
            SecurityGroupRule {
                peer: Peer::PrefixList("pl-63a5400a".into()),
                direction: Direction::Egress,
                ..rule.clone()
            },
            SecurityGroupRule { ports: Ports::udp_range(1024..=65535), ..rule.clone() },
            SecurityGroupRule { ports: Ports::icmp_type(8), ..rule.clone() },
            SecurityGroupRule { ports: Ports::icmp6(), peer: v6(), ..rule.clone() },
            SecurityGroupRule { ports: Ports::protocol(50), ..rule },
        ];
        for kind in kinds {
            bench.lives(&aws, &[kind]).await;
        }
    }

    #[tokio::test]
    async fn a_description_of_a_rule_for_a_group_is_kept() {
        // moto loses it in the create, where AWS keeps it; the sync that follows puts it there.
        let (aws, rule, balancer) = place();
        let wanted = described(&SecurityGroupRule { peer: Peer::Group(balancer), ..rule }, "from the balancer");
        Bench::new(&aws).await.lives(&aws, &[wanted]).await;
    }

    #[tokio::test]
    async fn a_create_whose_answer_is_lost_is_found_by_its_owner_only() {
        let (aws, rule, _) = place();
        let bench = Bench::new(&aws).await;
        aws.fault("ec2", "AuthorizeSecurityGroupIngress", Fault::LoseResponse).expect("a rule");
        let lost = call("office", "op1");
        assert_eq!(bench.create(&lost, &rule).await.expect_err("no answer").effect, Effect::Unknown);
        assert!(matches!(bench.find(&lost, &rule).await, Found::One(_)));
        let other = call("other", "op2");
        assert_eq!(bench.create(&other, &rule).await.expect_err("there is one").kind, Kind::AlreadyExists);
        assert_eq!(bench.find(&other, &rule).await, Found::Absent);
    }

    #[tokio::test]
    async fn a_rule_goes_with_its_group() {
        let (aws, rule, _) = place();
        let bench = Bench::new(&aws).await;
        let id = bench.made(&call("office", "op1"), &rule).await;
        aws.call("ec2", "DeleteSecurityGroup", json!({"GroupId": rule.group.id()})).expect("no group");
        assert_eq!(bench.read(&id).await, None);
        assert!(bench.delete(&call("office", "op2"), &id, &rule).await.is_ok());
    }

    #[tokio::test]
    async fn many_are_read_in_one_call() {
        let (aws, rule, _) = place();
        let bench = Bench::new(&aws).await;
        let mut objects = Vec::new();
        for port in [80, 443, 8443] {
            let wanted = SecurityGroupRule { ports: Ports::tcp(port), ..rule.clone() };
            let id = bench.made(&call(&format!("p{port}"), &format!("op{port}")), &wanted).await;
            objects.push(bench.recorded(&id).await);
        }
        aws.mark().expect("the log");
        assert!(bench.read_all(&objects).await.iter().all(Option::is_some));
        assert_eq!(aws.calls().expect("the log").len(), 1);
    }
}
