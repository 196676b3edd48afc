//! A resource that is made once an output is known.
#[path = "support/network.rs"]
mod network;

use network::Vpc;
use purlin_core::{Handle, Stack, types::Cidr};

fn program(stack: &mut Stack, vpc: &Handle<Vpc>, block: Cidr) {
    vpc.name.map(|name| {
        stack.add("second", Vpc::new(block));
        name
    });
}

fn main() {}
