//! More required fields than arguments can be told apart.
use purlin_core::{Lifecycle, Resource, builtin::BUILTIN, provider::ProviderKind};

/// A queue.
#[derive(Resource)]
#[resource("test:msg:Queue")]
pub struct Queue {
    /// Its name.
    pub name: String,
    /// Its size in messages.
    pub size: u32,
    /// Its owner.
    pub owner: String,
    /// Its region.
    pub region: String,
}

impl Lifecycle for Queue {
    const PROVIDER: &'static dyn ProviderKind = &BUILTIN;
}

fn main() {}
