//! A text where true or false belongs.
#[path = "support/network.rs"]
mod network;

use network::Vpc;
use purlin_core::{Stack, types::Cidr};

fn program(stack: &mut Stack, block: Cidr) {
    stack.add("main", Vpc::new(block).dns_hostnames("yes"));
}

fn main() {}
