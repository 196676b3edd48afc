//! A network in several zones, with settings.
//!
//! `cargo run -p purlin-examples --example 02-network -- plan --set cidr=10.20.0.0/16`
//!
//! Settings are a struct: they come from `purlin.<stack>.toml`, from `--set key=value` or from the environment, and a wrong one is told with
//! its file and line. The zones are looked up: the program asks, and is run again once the answer is there; the answer is kept in a
//! saved plan. Address blocks are a type that splits itself. References are handles, so a subnet can only be put where a subnet
//! belongs. A rule that refers to its own group needs no string.
use purlin::prelude::*;
use purlin_aws::ec2::{AvailabilityZones, Ports, SecurityGroup, SecurityGroupRule, Subnet, Vpc};

/// What differs from one network to the next.
#[derive(Settings)]
pub struct Network {
    /// The range of the network.
    cidr: Cidr,
    /// In how many zones it has subnets.
    #[setting(default = 2)]
    zones: usize,
}

fn main() -> ExitCode {
    purlin::main("network", network)
}

/// A VPC, a subnet in each zone, and a group whose members reach each other.
pub fn network(stack: &mut Stack, settings: &Network) -> Result<()> {
    let zones = stack.lookup(AvailabilityZones::standard())?;
    let vpc = stack.add("main", Vpc::new(settings.cidr).dns_hostnames(true));
    for (zone, block) in zones.iter().zip(settings.cidr.split(20)?).take(settings.zones) {
        stack.add(format!("private-{}", zone.suffix()), Subnet::new(&vpc, block).zone(zone));
    }
    let nodes = stack.add("nodes", SecurityGroup::new(&vpc).description("Nodes that reach each other"));
    stack.add("within", SecurityGroupRule::ingress(&nodes, Ports::all(), &nodes));

    stack.export("vpc", vpc.id());
    Ok(())
}
