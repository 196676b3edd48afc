//! A subnet without its range.
#[path = "support/network.rs"]
mod network;

use network::{Subnet, Vpc};
use purlin_core::{Handle, Stack};

fn program(stack: &mut Stack, vpc: &Handle<Vpc>) {
    stack.add("private", Subnet::new(vpc));
}

fn main() {}
