//! The demo's program: what a user would write.
use purlin::prelude::*;
use purlin_aws::{
    ec2::{AvailabilityZones, Subnet, Vpc},
    iam::Role,
    kms::Key,
    s3::{self, Bucket},
};

/// What differs from one environment to the next.
#[derive(Settings)]
struct Platform {
    /// Range of the network.
    cidr: Cidr,
    /// A block for the subnet of each zone.
    blocks: Vec<Cidr>,
    /// Keep every version of every model.
    #[setting(default = false)]
    versioned: bool,
    /// How long a training job keeps its credentials.
    #[setting(default = std::time::Duration::from_secs(3600))]
    session: std::time::Duration,
}

/// The program's command line.
pub(crate) fn program() -> purlin::Program {
    purlin::Program::new("platform", platform)
}

fn platform(stack: &mut Stack, settings: &Platform) -> Result<()> {
    let zones = stack.lookup(AvailabilityZones::standard())?;
    let vpc = stack.add("main", Vpc::new(settings.cidr).dns_hostnames(true));
    for (zone, block) in zones.iter().zip(&settings.blocks) {
        stack.add(format!("private-{}", zone.suffix()), Subnet::new(&vpc, *block).zone(zone));
    }

    let key = stack.add("objects", Key::new().rotation(true));
    let models = stack.add("models", Bucket::new().versioned(settings.versioned).key(&key).force_destroy(true));
    let trust = Trust::service("pods.eks.amazonaws.com");
    let trainer = stack.add("trainer", Role::new(trust).max_session(settings.session));
    s3::read_write(&models).grant(stack, &trainer);

    stack.export("models", fmt!("s3://{}/models", models.name));
    Ok(())
}
