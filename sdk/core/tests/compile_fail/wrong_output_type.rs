//! An output of text where true or false belongs.
#[path = "support/network.rs"]
mod network;

use network::Vpc;
use purlin_core::{Handle, Stack, types::Cidr};

fn program(stack: &mut Stack, vpc: &Handle<Vpc>, block: Cidr) {
    stack.add("other", Vpc::new(block).dns_hostnames(&vpc.name));
}

fn main() {}
