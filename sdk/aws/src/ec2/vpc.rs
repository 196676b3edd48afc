//! `ec2::Vpc`: a network of its own.
use std::time::Duration;

use purlin_core::{
    Lifecycle, Outputs, Ref, Resource,
    provider::ProviderKind,
    schema::{Actions, Estimate, FindBy},
    types::{Arn, Cidr, Tags},
};

use super::{SETTLE, SecurityGroup};
use crate::{AWS, choice::choice};

/// A network of its own: private addresses in one region, which [`Subnet`](super::Subnet)s divide among its zones.
#[derive(Clone, Debug, PartialEq, Eq, Resource)]
#[resource("aws:ec2:Vpc", outputs = VpcOutputs)]
pub struct Vpc {
    /// Its range of IPv4 addresses, `/16` to `/28`.
    #[field(replace)]
    pub cidr: Cidr,
    /// Whether instances share machines with other accounts.
    #[field(replace, default = Tenancy::Shared)]
    pub tenancy: Tenancy,
    /// Whether the network has a DNS server, at its second address. True by default.
    #[field(default = true)]
    pub dns_support: bool,
    /// Whether instances with a public address get a public name. Needs `dns_support`; private endpoints need both.
    pub dns_hostnames: bool,
    /// Whether Amazon gives it a range of IPv6 addresses (`/56`).
    pub ipv6: bool,
    /// Tags.
    #[field(default_tags)]
    pub tags: Tags,
}

choice! {
    /// Whether instances share machines with other accounts.
    pub enum Tenancy {
        /// They do, unless an instance asks for more.
        Shared = "default",
        /// Every instance has a machine that no other account uses. It costs more.
        Dedicated = "dedicated",
    }
}

/// What a [`Vpc`] gives.
#[derive(Clone, Debug, PartialEq, Eq, Outputs)]
pub struct VpcOutputs {
    /// Its ARN.
    pub arn: Arn<Vpc>,
    /// The group of members that name no other. AWS makes it, and it goes with the network.
    pub default_security_group: Ref<SecurityGroup>,
    /// Its range of IPv6 addresses, if it has one.
    #[output(volatile)]
    pub ipv6_cidr: Option<Cidr>,
}

impl Lifecycle for Vpc {
    const PROVIDER: &'static dyn ProviderKind = &AWS;
    const ACTIONS: Actions = Actions {
        create: &["ec2:CreateVpc", "ec2:CreateTags"],
        read: &["ec2:DescribeVpcs", "ec2:DescribeVpcAttribute", "ec2:DescribeSecurityGroups"],
        sync: &[
            "ec2:ModifyVpcAttribute",
            "ec2:AssociateVpcCidrBlock",
            "ec2:DisassociateVpcCidrBlock",
            "ec2:DescribeTags",
            "ec2:CreateTags",
            "ec2:DeleteTags",
        ],
        delete: &["ec2:DeleteVpc"],
    };
    const FIND: FindBy = FindBy::Tag;
    const SETTLE: Duration = SETTLE;
    const ESTIMATE: Estimate = Estimate::all(Duration::from_secs(2));
    // Each lives in a subnet or in the network itself, and is made on behalf of something else.
    const CHILDREN: &'static [&'static str] = &[
        "network interfaces of load balancers, clusters and functions",
        "security groups of load balancers and clusters",
    ];
}

#[cfg(feature = "ec2")]
pub(crate) use driver::VpcDriver;

#[cfg(feature = "ec2")]
mod driver {
    use std::collections::BTreeMap;

    use aws_sdk_ec2::types::{
        AttributeBooleanValue, ResourceType, Tenancy as SdkTenancy, Vpc as Live, VpcAttributeName,
        VpcCidrBlockStateCode as State, VpcIpv6CidrBlockAssociation, VpcState,
    };
    use purlin_core::{
        driver::{Call, Created, Failure, Found, Kind, Known, OPERATION_TAG, Observed, Progress, TypedDriver, Wanted},
        plain::decode_entry,
    };

    use super::*;
    use crate::{
        connection::{Clients, failure::absent_is_done},
        ec2::{
            calls::{FILTER_VALUES, failed, filter, id_filters, lacks},
            tags,
        },
    };

    pub(crate) struct VpcDriver {
        pub(crate) clients: Clients,
    }

    impl TypedDriver for VpcDriver {
        type Resource = Vpc;

        async fn create(&self, call: &Call, wanted: &Vpc) -> Result<Created<Observed<Vpc>>, Failure> {
            let answer = self
                .ec2()
                .create_vpc()
                .cidr_block(wanted.cidr.to_string())
                .instance_tenancy(SdkTenancy::from(wanted.tenancy.as_str()))
                .set_amazon_provided_ipv6_cidr_block(wanted.ipv6.then_some(true))
                .tag_specifications(tags::specification(ResourceType::Vpc, call, &wanted.tags))
                .send()
                .await
                .map_err(failed("CreateVpc"))?;
            let id = answer.vpc.and_then(|vpc| vpc.vpc_id).ok_or_else(|| lacks("CreateVpc", "id"))?;
            Ok(Created::id(id))
        }

        /// One call for all networks, and two for each: EC2 gives the DNS settings of one network at a time.
        async fn read(&self, objects: &[Known<Vpc>]) -> Result<Vec<Option<Observed<Vpc>>>, Failure> {
            let mut live = BTreeMap::new();
            for ids in id_filters("vpc-id", objects) {
                live.extend(self.describe(ids).await?.into_iter().filter_map(|vpc| Some((vpc.vpc_id.clone()?, vpc))));
            }
            let groups = self.default_groups(objects, &live).await?;
            let mut observed = Vec::with_capacity(objects.len());
            for object in objects {
                observed.push(match live.get(object.id.as_str()) {
                    Some(vpc) => self.observe(&object.id, vpc, groups.get(object.id.as_str())).await?,
                    None => None,
                });
            }
            Ok(observed)
        }

        async fn sync(&self, call: &Call, id: &str, live: &Vpc, wanted: &Vpc) -> Result<(), Failure> {
            use VpcAttributeName::{EnableDnsHostnames as Hostnames, EnableDnsSupport as Support};

            // Names need the server: it is switched on before them and off after them.
            let support = (live.dns_support != wanted.dns_support).then_some((Support, wanted.dns_support));
            let hostnames = (live.dns_hostnames != wanted.dns_hostnames).then_some((Hostnames, wanted.dns_hostnames));
            let order = if wanted.dns_support { [support, hostnames] } else { [hostnames, support] };
            for (attribute, value) in order.into_iter().flatten() {
                self.modify(id, attribute, value).await?;
            }
            match (live.ipv6, wanted.ipv6) {
                (false, true) => self.add_ipv6(id).await?,
                (true, false) => self.remove_ipv6(id).await?,
                _ => {}
            }
            tags::sync(&self.clients, call, id, &wanted.tags).await
        }

        async fn ready(&self, _: &Call, object: &Wanted<Vpc>) -> Result<Progress, Failure> {
            let Some(vpc) = self.one(&object.id).await? else {
                return Ok(Progress::Waiting("the network to be seen".into()));
            };
            if let Some(state) = vpc.state().filter(|state| **state != VpcState::Available) {
                return Ok(Progress::Waiting(format!("state {state}")));
            }
            match ipv6(&vpc).and_then(|range| range.ipv6_cidr_block_state()?.state()) {
                Some(state) if *state != State::Associated => Ok(Progress::Waiting(format!("IPv6 range {state}"))),
                _ => Ok(Progress::Done),
            }
        }

        async fn delete(&self, _: &Call, object: &Wanted<Vpc>) -> Result<Progress, Failure> {
            let outcome = self.ec2().delete_vpc().vpc_id(object.id.as_str()).send().await;
            absent_is_done(outcome.map_err(failed("DeleteVpc")))?;
            Ok(Progress::Done)
        }

        async fn find(&self, call: &Call, _: &Vpc) -> Result<Found, Failure> {
            let operation = filter(&format!("tag:{OPERATION_TAG}"), [call.operation.as_str()]);
            let live = self.describe(operation).await?;
            Ok(tags::found(live.into_iter().map(|vpc| vpc.vpc_id)))
        }
    }

    impl VpcDriver {
        fn ec2(&self) -> &aws_sdk_ec2::Client {
            self.clients.ec2()
        }

        async fn describe(&self, which: aws_sdk_ec2::types::Filter) -> Result<Vec<Live>, Failure> {
            let pages = self.ec2().describe_vpcs().filters(which).into_paginator().items().send();
            pages.collect::<Result<_, _>>().await.map_err(failed("DescribeVpcs"))
        }

        async fn one(&self, id: &str) -> Result<Option<Live>, Failure> {
            Ok(self.describe(filter("vpc-id", [id])).await?.into_iter().next())
        }

        /// The default groups by network: recorded, as they never change, or asked for in one call.
        async fn default_groups(
            &self,
            objects: &[Known<Vpc>],
            live: &BTreeMap<String, Live>,
        ) -> Result<BTreeMap<String, Ref<SecurityGroup>>, Failure> {
            let mut groups: BTreeMap<String, Ref<SecurityGroup>> = objects
                .iter()
                .filter_map(|o| Some((o.id.to_string(), decode_entry(&o.outputs, "default_security_group").ok()?)))
                .collect();
            let unknown: Vec<&String> = live.keys().filter(|id| !groups.contains_key(*id)).collect();
            for ids in unknown.chunks(FILTER_VALUES) {
                let answer = self
                    .ec2()
                    .describe_security_groups()
                    .filters(filter("vpc-id", ids.iter().copied()))
                    .filters(filter("group-name", ["default"]))
                    .into_paginator()
                    .items()
                    .send()
                    .collect::<Result<Vec<_>, _>>()
                    .await
                    .map_err(failed("DescribeSecurityGroups"))?;
                groups.extend(answer.into_iter().filter_map(|g| Some((g.vpc_id?, Ref::from_id(g.group_id?)))));
            }
            Ok(groups)
        }

        /// None where it goes away between two calls.
        async fn observe(
            &self,
            id: &str,
            vpc: &Live,
            default_group: Option<&Ref<SecurityGroup>>,
        ) -> Result<Option<Observed<Vpc>>, Failure> {
            let support = self.attribute(id, VpcAttributeName::EnableDnsSupport);
            let hostnames = self.attribute(id, VpcAttributeName::EnableDnsHostnames);
            let (dns_support, dns_hostnames) = match tokio::try_join!(support, hostnames) {
                Ok(both) => both,
                Err(failure) if failure.kind == Kind::NotFound => return Ok(None),
                Err(failure) => return Err(failure),
            };
            let lacks = |what| lacks("DescribeVpcs", what);
            let owner = vpc.owner_id().ok_or_else(|| lacks("owner"))?;
            let arn = Arn::build(self.clients.partition(), "ec2", self.clients.region(), owner, &format!("vpc/{id}"));
            let range = ipv6(vpc);
            let fields = Vpc {
                cidr: vpc.cidr_block().and_then(|c| c.parse().ok()).ok_or_else(|| lacks("CIDR block"))?,
                tenancy: vpc.instance_tenancy().and_then(|t| Tenancy::of(t.as_str())).unwrap_or(Tenancy::Shared),
                dns_support,
                dns_hostnames,
                ipv6: range.is_some(),
                tags: tags::own(vpc.tags()),
            };
            let outputs = VpcOutputs {
                arn: arn.map_err(|_| lacks("owner"))?,
                default_security_group: default_group.cloned().ok_or_else(|| lacks("default security group"))?,
                ipv6_cidr: range.and_then(|r| r.ipv6_cidr_block()?.parse().ok()),
            };
            Ok(Some(Observed { fields, outputs }))
        }

        async fn attribute(&self, id: &str, attribute: VpcAttributeName) -> Result<bool, Failure> {
            let request = self.ec2().describe_vpc_attribute().vpc_id(id).attribute(attribute.clone());
            let answer = request.send().await.map_err(failed("DescribeVpcAttribute"))?;
            let value = match attribute {
                VpcAttributeName::EnableDnsSupport => answer.enable_dns_support,
                _ => answer.enable_dns_hostnames,
            };
            Ok(value.and_then(|v| v.value).unwrap_or_default())
        }

        async fn modify(&self, id: &str, attribute: VpcAttributeName, value: bool) -> Result<(), Failure> {
            let request = self.ec2().modify_vpc_attribute().vpc_id(id);
            let value = AttributeBooleanValue::builder().value(value).build();
            let request = match attribute {
                VpcAttributeName::EnableDnsSupport => request.enable_dns_support(value),
                _ => request.enable_dns_hostnames(value),
            };
            request.send().await.map_err(failed("ModifyVpcAttribute"))?;
            Ok(())
        }

        async fn add_ipv6(&self, id: &str) -> Result<(), Failure> {
            let request = self.ec2().associate_vpc_cidr_block().vpc_id(id).amazon_provided_ipv6_cidr_block(true);
            request.send().await.map_err(failed("AssociateVpcCidrBlock"))?;
            Ok(())
        }

        async fn remove_ipv6(&self, id: &str) -> Result<(), Failure> {
            let vpc = self.one(id).await?;
            let Some(association) = vpc.as_ref().and_then(ipv6).and_then(|range| range.association_id()) else {
                return Ok(());
            };
            let request = self.ec2().disassociate_vpc_cidr_block().association_id(association);
            absent_is_done(request.send().await.map_err(failed("DisassociateVpcCidrBlock")))
        }
    }

    /// The range of IPv6 addresses from Amazon that the network has or is getting; not one that is going away.
    fn ipv6(vpc: &Live) -> Option<&VpcIpv6CidrBlockAssociation> {
        let gone = |state: &State| {
            matches!(state, State::Disassociating | State::Disassociated | State::Failed | State::Failing)
        };
        vpc.ipv6_cidr_block_association_set().iter().find(|range| {
            let state = range.ipv6_cidr_block_state().and_then(|s| s.state());
            matches!(range.ipv6_pool(), None | Some("Amazon")) && !state.is_some_and(gone)
        })
    }
}

#[cfg(all(test, feature = "ec2"))]
mod tests {
    use purlin_core::driver::{Effect, Found, Kind, Progress};
    use purlin_tests::{AwsAccount, Fault};
    use serde_json::json;

    use super::*;
    use crate::testing::{Bench, call, changes};

    fn vpc() -> Vpc {
        Vpc {
            cidr: "10.0.0.0/16".parse().expect("a block"),
            tenancy: Tenancy::Shared,
            dns_support: true,
            dns_hostnames: false,
            ipv6: false,
            tags: Tags::new(),
        }
    }

    #[tokio::test]
    async fn it_lives() {
        let aws = AwsAccount::fresh().expect("moto");
        let cases = [
            vpc(),
            Vpc { dns_hostnames: true, ..vpc() },
            Vpc { dns_support: false, tags: [("Name", "main"), ("Team", "ml")].into(), ..vpc() },
            Vpc { dns_hostnames: true, tags: [("Name", "core")].into(), ..vpc() },
            Vpc { ipv6: true, ..vpc() },
            vpc(),
        ];
        Bench::new(&aws).await.lives(&aws, &cases).await;
        assert!(aws.inventory().expect("the inventory").is_empty());
    }

    #[tokio::test]
    async fn the_outputs_are_those_of_the_network() {
        let aws = AwsAccount::fresh().expect("moto");
        let bench = Bench::new(&aws).await;
        let id = bench.made(&call("main", "op1"), &Vpc { ipv6: true, ..vpc() }).await;
        let outputs = bench.read(&id).await.expect("it was made").outputs;
        let text = |name: &str| outputs.get(name).and_then(|v| v.as_str()).unwrap_or_default().to_owned();
        assert_eq!(text("arn"), format!("arn:aws:ec2:eu-west-1:{}:vpc/{id}", aws.id));
        assert!(text("default_security_group").starts_with("sg-"), "{outputs:?}");
        assert!(text("ipv6_cidr").ends_with("::/56"), "{outputs:?}");
    }

    #[tokio::test]
    async fn many_are_read_in_one_call_and_two_for_each() {
        let aws = AwsAccount::fresh().expect("moto");
        let bench = Bench::new(&aws).await;
        let mut objects = Vec::new();
        for n in 0..3 {
            let id = bench.made(&call(&format!("v{n}"), &format!("op{n}")), &vpc()).await;
            objects.push(bench.recorded(&id).await);
        }
        aws.mark().expect("the log");
        assert!(bench.read_all(&objects).await.iter().all(Option::is_some));
        let mut calls: Vec<String> = aws.calls().expect("the log").into_iter().map(|c| c.operation).collect();
        calls.dedup();
        assert_eq!(calls, ["DescribeVpcs", "DescribeVpcAttribute"]);
    }

    #[tokio::test]
    async fn a_create_whose_answer_is_lost_is_found() {
        let aws = AwsAccount::fresh().expect("moto");
        let bench = Bench::new(&aws).await;
        let lost = call("main", "op1");
        aws.fault("ec2", "CreateVpc", Fault::LoseResponse).expect("a rule");
        let failure = bench.create(&lost, &vpc()).await.expect_err("no answer");
        assert_eq!((failure.kind, failure.effect), (Kind::Unavailable, Effect::Unknown));
        let Found::One(id) = bench.find(&lost, &vpc()).await else { panic!("it was made") };
        assert_eq!(aws.inventory().expect("the inventory").of("ec2:Vpc")[0].id, id.as_str());
    }

    #[tokio::test]
    async fn a_move_changes_the_owner_and_nothing_else() {
        let aws = AwsAccount::fresh().expect("moto");
        let bench = Bench::new(&aws).await;
        let id = bench.made(&call("old", "op1"), &vpc()).await;
        aws.mark().expect("the log");
        bench.sync(&call("net/new", "op2"), &id, &vpc()).await.expect("a sync");
        assert_eq!(changes(&aws), ["CreateTags"]);
        let inventory = aws.inventory().expect("the inventory");
        let tags = &inventory.of("ec2:Vpc")[0].tags;
        assert_eq!((tags["purlin:path"].as_str(), tags["purlin:op"].as_str()), ("net/new", "op1"));
    }

    #[tokio::test]
    async fn a_network_in_use_is_not_deleted_yet() {
        let aws = AwsAccount::fresh().expect("moto");
        let bench = Bench::new(&aws).await;
        let id = bench.made(&call("main", "op1"), &vpc()).await;
        let subnet = json!({"VpcId": id.as_str(), "CidrBlock": "10.0.0.0/24", "AvailabilityZone": "eu-west-1a"});
        let made = aws.call("ec2", "CreateSubnet", subnet).expect("a subnet");
        let failure = bench.delete(&call("main", "op2"), &id, &vpc()).await.expect_err("in use");
        assert_eq!(failure.kind, Kind::NotYet);
        aws.call("ec2", "DeleteSubnet", json!({"SubnetId": made["Subnet"]["SubnetId"]})).expect("no subnet");
        assert_eq!(bench.delete(&call("main", "op3"), &id, &vpc()).await, Ok(Progress::Done));
    }
}
