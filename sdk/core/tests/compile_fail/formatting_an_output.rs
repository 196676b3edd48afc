//! An output in `format!`.
#[path = "support/network.rs"]
mod network;

use network::Vpc;
use purlin_core::Handle;

fn program(vpc: &Handle<Vpc>) -> String {
    format!("http://{}", vpc.name)
}

fn main() {}
