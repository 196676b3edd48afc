//! A rule that is misspelt.
use purlin_core::{Lifecycle, Resource, Stack, builtin::BUILTIN, provider::ProviderKind};

/// A queue.
#[derive(Resource)]
#[resource("test:msg:Queue")]
pub struct Queue {
    /// Its name.
    #[field(replaces, unique = "queue")]
    pub name: String,
    /// Keep the order of messages.
    pub fifo: bool,
}

impl Lifecycle for Queue {
    const PROVIDER: &'static dyn ProviderKind = &BUILTIN;
}

fn program(stack: &mut Stack) {
    stack.add("jobs", Queue::new("jobs").fifo(true));
}

fn main() {}
