//! A program that chooses by what only the apply will know.
#[path = "support/network.rs"]
mod network;

use network::Vpc;
use purlin_core::{Handle, Stack, types::Cidr};

fn program(stack: &mut Stack, vpc: &Handle<Vpc>, block: Cidr) {
    if vpc.is_default {
        stack.add("second", Vpc::new(block));
    }
}

fn main() {}
