//! `ec2::Subnet`: a part of a network, in one zone.
use std::time::Duration;

use purlin_core::{
    Lifecycle, Map, Outputs, Ref, Resource,
    provider::ProviderKind,
    schema::{Actions, Estimate, Facts, FindBy},
    types::{Arn, Cidr, Tags},
};

use super::{SETTLE, Vpc, ZoneName};
use crate::AWS;

/// A part of a [`Vpc`]: a range of its addresses in one zone.
#[derive(Clone, Debug, PartialEq, Eq, Resource)]
#[resource("aws:ec2:Subnet", outputs = SubnetOutputs)]
pub struct Subnet {
    /// The network.
    #[field(replace)]
    pub vpc: Ref<Vpc>,
    /// Its range of addresses, `/16` to `/28`, in that of the network. Ranges of one network do not overlap.
    #[field(replace, unique = "subnet-cidr", within = "vpc")]
    pub cidr: Cidr,
    /// The zone that it is in. By default AWS picks one.
    #[field(replace, computed)]
    pub zone: Option<ZoneName>,
    /// Whether instances get a public address when they start.
    pub map_public_ip: bool,
    /// Tags.
    #[field(default_tags)]
    pub tags: Tags,
}

/// What a [`Subnet`] gives.
#[derive(Clone, Debug, PartialEq, Eq, Outputs)]
pub struct SubnetOutputs {
    /// Its ARN.
    pub arn: Arn<Subnet>,
    /// The zone that it is in.
    pub zone: ZoneName,
}

impl Lifecycle for Subnet {
    const PROVIDER: &'static dyn ProviderKind = &AWS;
    const ACTIONS: Actions = Actions {
        create: &["ec2:CreateSubnet", "ec2:CreateTags"],
        read: &["ec2:DescribeSubnets"],
        sync: &["ec2:ModifySubnetAttribute", "ec2:DescribeTags", "ec2:CreateTags", "ec2:DeleteTags"],
        delete: &["ec2:DeleteSubnet"],
    };
    const FIND: FindBy = FindBy::Tag;
    const SETTLE: Duration = SETTLE;
    const ESTIMATE: Estimate = Estimate::all(Duration::from_secs(2));
    const CHILDREN: &'static [&'static str] = &["network interfaces of load balancers, clusters and functions"];

    fn predict(fields: &Map, _: &Facts<'_>) -> Map {
        fields
            .get("zone")
            .filter(|zone| zone.as_str().is_some())
            .map(|zone| ("zone".into(), zone.clone()))
            .into_iter()
            .collect()
    }
}

#[cfg(feature = "ec2")]
pub(crate) use driver::SubnetDriver;

#[cfg(feature = "ec2")]
mod driver {
    use std::collections::BTreeMap;

    use aws_sdk_ec2::types::{AttributeBooleanValue, Filter, ResourceType, Subnet as Live, SubnetState};
    use purlin_core::driver::{
        Call, Created, Failure, Found, Known, OPERATION_TAG, Observed, Progress, TypedDriver, Wanted,
    };

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
    };

    pub(crate) struct SubnetDriver {
        pub(crate) clients: Clients,
    }

    impl TypedDriver for SubnetDriver {
        type Resource = Subnet;

        async fn create(&self, call: &Call, wanted: &Subnet) -> Result<Created<Observed<Subnet>>, Failure> {
            let answer = self
                .ec2()
                .create_subnet()
                .vpc_id(wanted.vpc.id())
                .cidr_block(wanted.cidr.to_string())
                .set_availability_zone(wanted.zone.as_ref().map(ToString::to_string))
                .tag_specifications(tags::specification(ResourceType::Subnet, call, &wanted.tags))
                .send()
                .await
                .map_err(failed("CreateSubnet"))
                .map_err(unseen_is_not_yet)?;
            let subnet = answer.subnet.ok_or_else(|| lacks("CreateSubnet", "subnet"))?;
            let id = subnet.subnet_id().ok_or_else(|| lacks("CreateSubnet", "id"))?.to_owned();
            Ok(match observe("CreateSubnet", &subnet) {
                Ok(Observed { fields, outputs }) => Created::whole(id, fields, outputs),
                Err(_) => Created::id(id),
            })
        }

        async fn read(&self, objects: &[Known<Subnet>]) -> Result<Vec<Option<Observed<Subnet>>>, Failure> {
            let mut live = BTreeMap::new();
            for ids in id_filters("subnet-id", objects) {
                live.extend(self.describe(ids).await?.into_iter().filter_map(|s| Some((s.subnet_id.clone()?, s))));
            }
            let seen = |object: &Known<Subnet>| {
                live.get(object.id.as_str()).map(|s| observe("DescribeSubnets", s)).transpose()
            };
            objects.iter().map(seen).collect()
        }

        async fn sync(&self, call: &Call, id: &str, live: &Subnet, wanted: &Subnet) -> Result<(), Failure> {
            if live.map_public_ip != wanted.map_public_ip {
                let value = AttributeBooleanValue::builder().value(wanted.map_public_ip).build();
                let request = self.ec2().modify_subnet_attribute().subnet_id(id).map_public_ip_on_launch(value);
                request.send().await.map_err(failed("ModifySubnetAttribute"))?;
            }
            tags::sync(&self.clients, call, id, &wanted.tags).await
        }

        async fn ready(&self, _: &Call, object: &Wanted<Subnet>) -> Result<Progress, Failure> {
            let live = self.describe(filter("subnet-id", [object.id.as_str()])).await?;
            Ok(match live.first().map(Live::state) {
                None => Progress::Waiting("the subnet to be seen".into()),
                Some(Some(state)) if *state != SubnetState::Available => Progress::Waiting(format!("state {state}")),
                Some(_) => Progress::Done,
            })
        }

        async fn delete(&self, _: &Call, object: &Wanted<Subnet>) -> Result<Progress, Failure> {
            let outcome = self.ec2().delete_subnet().subnet_id(object.id.as_str()).send().await;
            absent_is_done(outcome.map_err(failed("DeleteSubnet")))?;
            Ok(Progress::Done)
        }

        async fn find(&self, call: &Call, _: &Subnet) -> Result<Found, Failure> {
            let operation = filter(&format!("tag:{OPERATION_TAG}"), [call.operation.as_str()]);
            let live = self.describe(operation).await?;
            Ok(tags::found(live.into_iter().map(|subnet| subnet.subnet_id)))
        }
    }

    impl SubnetDriver {
        fn ec2(&self) -> &aws_sdk_ec2::Client {
            self.clients.ec2()
        }

        async fn describe(&self, which: Filter) -> Result<Vec<Live>, Failure> {
            let pages = self.ec2().describe_subnets().filters(which).into_paginator().items().send();
            pages.collect::<Result<_, _>>().await.map_err(failed("DescribeSubnets"))
        }
    }

    /// What an answer tells. `operation` is the call that gave it.
    fn observe(operation: &'static str, subnet: &Live) -> Result<Observed<Subnet>, Failure> {
        let lacks = |what| lacks(operation, what);
        let zone = ZoneName::from(subnet.availability_zone().ok_or_else(|| lacks("zone"))?);
        let fields = Subnet {
            vpc: Ref::from_id(subnet.vpc_id().ok_or_else(|| lacks("network"))?),
            cidr: subnet.cidr_block().and_then(|c| c.parse().ok()).ok_or_else(|| lacks("CIDR block"))?,
            zone: Some(zone.clone()),
            map_public_ip: subnet.map_public_ip_on_launch().unwrap_or_default(),
            tags: tags::own(subnet.tags()),
        };
        let arn = subnet.subnet_arn().and_then(|arn| arn.parse().ok()).ok_or_else(|| lacks("ARN"))?;
        Ok(Observed { fields, outputs: SubnetOutputs { arn, zone } })
    }
}

#[cfg(all(test, feature = "ec2"))]
mod tests {
    use purlin_core::driver::{Effect, Found, Kind};
    use purlin_tests::{AwsAccount, Fault};
    use serde_json::json;

    use super::*;
    use crate::testing::{Bench, call};

    /// An account with a network, and a subnet for it.
    fn place() -> (AwsAccount, Subnet) {
        let aws = AwsAccount::fresh().expect("moto");
        let made = aws.call("ec2", "CreateVpc", json!({"CidrBlock": "10.0.0.0/16"})).expect("a network");
        let vpc = made["Vpc"]["VpcId"].as_str().expect("an id");
        let subnet = Subnet {
            vpc: Ref::from_id(vpc),
            cidr: "10.0.16.0/20".parse().expect("a block"),
            // moto takes a zone of another region where none is named; AWS picks one of its own.
            zone: Some("eu-west-1b".into()),
            map_public_ip: false,
            tags: Tags::new(),
        };
        (aws, subnet)
    }

    #[tokio::test]
    async fn it_lives() {
        let (aws, subnet) = place();
        let cases = [
            subnet.clone(),
            Subnet { map_public_ip: true, ..subnet.clone() },
            Subnet { tags: [("Name", "private-b"), ("Tier", "private")].into(), ..subnet.clone() },
            Subnet { map_public_ip: true, tags: [("Name", "b")].into(), ..subnet },
        ];
        Bench::new(&aws).await.lives(&aws, &cases).await;
        assert_eq!(aws.inventory().expect("the inventory").count("ec2:Subnet"), 0);
    }

    #[tokio::test]
    async fn the_create_tells_the_outputs() {
        let (aws, subnet) = place();
        let (id, live) = Bench::new(&aws).await.create(&call("b", "op1"), &subnet).await.expect("a create");
        let arn = format!("arn:aws:ec2:eu-west-1:{}:subnet/{id}", aws.id);
        assert_eq!(live.outputs, Map::from([("arn".into(), arn.into()), ("zone".into(), "eu-west-1b".into())]));
    }

    #[tokio::test]
    async fn many_are_read_in_one_call() {
        let (aws, subnet) = place();
        let bench = Bench::new(&aws).await;
        let mut objects = Vec::new();
        for (n, cidr) in ["10.0.0.0/24", "10.0.1.0/24", "10.0.2.0/24"].iter().enumerate() {
            let wanted = Subnet { cidr: cidr.parse().expect("a block"), ..subnet.clone() };
            let id = bench.made(&call(&format!("s{n}"), &format!("op{n}")), &wanted).await;
            objects.push(bench.recorded(&id).await);
        }
        objects.push(purlin_core::driver::Recorded { id: "subnet-0123456789abcdef0".into(), ..objects[0].clone() });
        aws.mark().expect("the log");
        let seen: Vec<bool> = bench.read_all(&objects).await.iter().map(Option::is_some).collect();
        assert_eq!(seen, [true, true, true, false]);
        assert_eq!(aws.calls().expect("the log").len(), 1);
    }

    #[tokio::test]
    async fn a_create_whose_answer_is_lost_is_found() {
        let (aws, subnet) = place();
        let bench = Bench::new(&aws).await;
        let lost = call("b", "op1");
        aws.fault("ec2", "CreateSubnet", Fault::LoseResponse).expect("a rule");
        assert_eq!(bench.create(&lost, &subnet).await.expect_err("no answer").effect, Effect::Unknown);
        assert!(matches!(bench.find(&lost, &subnet).await, Found::One(_)));
        let again = bench.create(&lost, &subnet).await.expect_err("its range is taken");
        assert_eq!((again.kind, again.effect), (Kind::AlreadyExists, Effect::None));
    }

    #[tokio::test]
    async fn a_network_that_is_not_seen_is_waited_for() {
        let (aws, subnet) = place();
        let wanted = Subnet { vpc: Ref::from_id("vpc-0123456789abcdef0"), ..subnet };
        let failure = Bench::new(&aws).await.create(&call("b", "op1"), &wanted).await.expect_err("no network");
        assert_eq!((failure.kind, failure.effect), (Kind::NotYet, Effect::None));
    }

    #[test]
    fn a_zone_that_is_named_is_certain() {
        let none = Map::new();
        let facts = Facts { provider: &none };
        let named = Map::from([("zone".into(), "eu-west-1a".into())]);
        assert_eq!(Subnet::predict(&named, &facts), named);
        assert_eq!(Subnet::predict(&none, &facts), none);
    }
}
