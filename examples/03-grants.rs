//! Grants: who may do what with a bucket, without writing a policy.
//!
//! `cargo run -p purlin-examples --example 03-grants -- plan`
//!
//! `s3::read_write(&models).grant(stack, &trainer)` gives the actions on the bucket and its objects, *and* those on the key that
//! encrypts it: the grant finds the key. All grants of a role are merged into one policy, split before IAM's size limits. Policies
//! are values: two that mean the same are equal, so the order of actions is never a change. `permissions` prints what the identity
//! that deploys this stack needs.
use purlin::prelude::*;
use purlin_aws::{
    iam::Role,
    kms::Key,
    s3::{self, Bucket},
};

fn main() -> ExitCode {
    purlin::main("training", training)
}

/// A trainer that reads data and writes models, and a server that only reads models.
pub fn training(stack: &mut Stack) -> Result<()> {
    let key = stack.add("key", Key::new().rotation(true));
    let data = stack.add("data", Bucket::new());
    let models = stack.add("models", Bucket::new().versioned(true).key(&key));

    let trainer = stack.add("trainer", Role::new(Trust::service("pods.eks.amazonaws.com")));
    s3::read(&data).grant(stack, &trainer);
    s3::read_write(&models).grant(stack, &trainer);

    let server = stack.add("server", Role::new(Trust::service("pods.eks.amazonaws.com")));
    s3::read(&models).prefix("released/").grant(stack, &server);
    Ok(())
}
