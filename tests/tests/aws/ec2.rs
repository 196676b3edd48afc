//! Networks, subnets, security groups and their rules.
use purlin_aws::ec2::{Direction, Ports, SecurityGroup, SecurityGroupRule, Subnet, Tenancy, Vpc};
use purlin_core::{Handle, Stack};
use purlin_tests::harness::Cases;

use crate::{check, cidr, provider};

const TAGS: [(&str, &str); 2] = [("team", "data"), ("stage", "test")];

fn vpc(stack: &mut Stack) -> Handle<Vpc> {
    stack.add("vpc", Vpc::new(cidr("10.0.0.0/16")))
}

#[test]
fn a_vpc() {
    check(
        &Cases::new(provider, |_| (), |()| Vpc::new(cidr("10.0.0.0/16")))
            .update([Vpc::DNS_SUPPORT], |vpc, ()| vpc.dns_support(false))
            .update([Vpc::DNS_HOSTNAMES], |vpc, ()| vpc.dns_hostnames(true))
            .update([Vpc::IPV6], |vpc, ()| vpc.ipv6(true))
            .update([Vpc::TAGS], |vpc, ()| vpc.tags(TAGS))
            .replace([Vpc::CIDR], |_, ()| Vpc::new(cidr("10.1.0.0/16")))
            .replace([Vpc::TENANCY], |vpc, ()| vpc.tenancy(Tenancy::Dedicated)),
    );
}

#[test]
fn a_subnet() {
    check(
        &Cases::new(provider, vpc, |vpc| Subnet::new(vpc, cidr("10.0.0.0/24")).zone("eu-west-1a"))
            .update([Subnet::MAP_PUBLIC_IP], |subnet, _| subnet.map_public_ip(true))
            .update([Subnet::TAGS], |subnet, _| subnet.tags(TAGS))
            .replace([Subnet::CIDR], |_, vpc| Subnet::new(vpc, cidr("10.0.1.0/24")).zone("eu-west-1a"))
            .replace([Subnet::ZONE], |subnet, _| subnet.zone("eu-west-1b")),
    );
}

#[test]
fn a_security_group() {
    check(
        &Cases::new(provider, vpc, |vpc| SecurityGroup::new(vpc))
            .update([SecurityGroup::DEFAULT_EGRESS], |group, _| group.default_egress(true))
            .update([SecurityGroup::TAGS], |group, _| group.tags(TAGS))
            .replace([SecurityGroup::DESCRIPTION], |group, _| group.description("Another"))
            .replace([SecurityGroup::NAME], |group, _| group.name("another")),
    );
}

fn groups(stack: &mut Stack) -> (Handle<SecurityGroup>, Handle<SecurityGroup>) {
    let vpc = vpc(stack);
    (stack.add("web", SecurityGroup::new(&vpc)), stack.add("balancer", SecurityGroup::new(&vpc)))
}

#[test]
fn a_security_group_rule() {
    check(
        &Cases::new(provider, groups, |(web, _)| SecurityGroupRule::ingress(web, Ports::tcp(443), cidr("10.0.0.0/8")))
            .update([SecurityGroupRule::DESCRIPTION], |rule, _| rule.description("from inside"))
            .update([SecurityGroupRule::TAGS], |rule, _| rule.tags(TAGS))
            .replace([SecurityGroupRule::GROUP], |_, (_, balancer)| {
                SecurityGroupRule::ingress(balancer, Ports::tcp(443), cidr("10.0.0.0/8"))
            })
            .replace([SecurityGroupRule::PORTS], |_, (web, _)| {
                SecurityGroupRule::ingress(web, Ports::tcp(80), cidr("10.0.0.0/8"))
            })
            .replace([SecurityGroupRule::PEER], |_, (web, balancer)| {
                SecurityGroupRule::ingress(web, Ports::tcp(443), balancer)
            })
            .replace([SecurityGroupRule::DIRECTION], |rule, _| rule.direction(Direction::Egress)),
    );
}
