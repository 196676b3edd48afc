//! A field without a comment.
use purlin_core::{Lifecycle, Resource, Stack, builtin::BUILTIN, provider::ProviderKind};

/// A queue.
#[derive(Resource)]
#[resource("test:msg:Queue")]
pub struct Queue {
    /// Its name.
    pub name: String,
    pub fifo: bool,
}

impl Lifecycle for Queue {
    const PROVIDER: &'static dyn ProviderKind = &BUILTIN;
}

fn program(stack: &mut Stack) {
    stack.add("jobs", Queue::new("jobs").fifo(true));
}

fn main() {}
