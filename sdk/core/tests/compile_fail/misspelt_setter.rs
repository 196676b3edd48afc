//! A setter that is not there.
#[path = "support/network.rs"]
mod network;

use network::Vpc;
use purlin_core::{Stack, types::Cidr};

fn program(stack: &mut Stack, block: Cidr) {
    stack.add("main", Vpc::new(block).dns_hostname(true));
}

fn main() {}
