//! A field of a type that has no value.
use purlin_core::{Lifecycle, Resource, builtin::BUILTIN, provider::ProviderKind};

/// A queue.
#[derive(Resource)]
#[resource("test:msg:Queue")]
pub struct Queue {
    /// Its address.
    pub address: std::net::IpAddr,
}

impl Lifecycle for Queue {
    const PROVIDER: &'static dyn ProviderKind = &BUILTIN;
}

fn main() {}
