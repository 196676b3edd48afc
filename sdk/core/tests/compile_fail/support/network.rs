//! Two resource types for the cases, as a user's own crate would define them.
use purlin_core::{
    Lifecycle, Outputs, Ref, Resource, Secret,
    builtin::BUILTIN,
    provider::ProviderKind,
    types::{Arn, Cidr},
};

/// A network of its own.
#[derive(Resource)]
#[resource("test:net:Vpc", outputs = VpcOutputs)]
pub struct Vpc {
    /// Its range of addresses.
    pub cidr: Cidr,
    /// Give names to its machines.
    pub dns_hostnames: bool,
    /// What it is for.
    pub purpose: Option<String>,
}

/// What a network tells of itself.
#[derive(Outputs)]
pub struct VpcOutputs {
    /// Its ARN.
    pub arn: Arn<Vpc>,
    /// Its name in the DNS.
    pub name: String,
    /// Whether it is the account's default network.
    pub is_default: bool,
    /// The key to its console.
    pub key: Secret<String>,
}

impl Lifecycle for Vpc {
    const PROVIDER: &'static dyn ProviderKind = &BUILTIN;
}

/// A part of a network.
#[derive(Resource)]
#[resource("test:net:Subnet")]
pub struct Subnet {
    /// The network.
    #[field(replace)]
    pub vpc: Ref<Vpc>,
    /// Its range of addresses, within that of the network.
    #[field(replace)]
    pub cidr: Cidr,
}

impl Lifecycle for Subnet {
    const PROVIDER: &'static dyn ProviderKind = &BUILTIN;
}
