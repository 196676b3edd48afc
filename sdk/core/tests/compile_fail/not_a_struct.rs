//! A resource type that is no struct.
use purlin_core::{Lifecycle, Resource, builtin::BUILTIN, provider::ProviderKind};

/// A queue.
#[derive(Resource)]
#[resource("test:msg:Queue")]
pub enum Queue {
    /// One that keeps the order of messages.
    Fifo,
}

impl Lifecycle for Queue {
    const PROVIDER: &'static dyn ProviderKind = &BUILTIN;
}

fn main() {}
