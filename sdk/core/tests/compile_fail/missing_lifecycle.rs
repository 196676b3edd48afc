//! A resource type without a provider.
use purlin_core::Resource;

/// A queue.
#[derive(Resource)]
#[resource("test:msg:Queue")]
pub struct Queue {
    /// Its name.
    pub name: String,
}

fn main() {}
