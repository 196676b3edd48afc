//! An output in `{:?}`.
#[path = "support/network.rs"]
mod network;

use network::Vpc;
use purlin_core::Handle;

fn program(vpc: &Handle<Vpc>) -> String {
    format!("{:?}", vpc.name)
}

fn main() {}
