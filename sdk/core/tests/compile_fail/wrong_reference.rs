//! A subnet where a network belongs.
#[path = "support/network.rs"]
mod network;

use network::Subnet;
use purlin_core::{Handle, Stack, types::Cidr};

fn program(stack: &mut Stack, subnet: &Handle<Subnet>, block: Cidr) {
    stack.add("inner", Subnet::new(subnet, block));
}

fn main() {}
