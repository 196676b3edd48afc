//! An output with the name that every resource has.
use purlin_core::Outputs;

/// What a queue tells of itself.
#[derive(Outputs)]
pub struct QueueOutputs {
    /// Its id.
    pub id: String,
}

fn main() {}
