//! An output compared with a text.
#[path = "support/network.rs"]
mod network;

use network::Vpc;
use purlin_core::Handle;

fn program(vpc: &Handle<Vpc>) -> bool {
    vpc.name == "main"
}

fn main() {}
