//! The stack that the README shows.
use purlin::prelude::*;
use purlin_aws::{
    iam::Role,
    kms::Key,
    s3::{self, Bucket},
};

/// What differs from one environment to the next.
#[derive(Settings)]
pub struct Models {
    /// Keep every version of every model.
    #[setting(default = true)]
    versioned: bool,
}

fn main() -> ExitCode {
    purlin::main("models", models)
}

pub fn models(stack: &mut Stack, settings: &Models) -> Result<()> {
    let key = stack.add("key", Key::new().rotation(true));
    let models = stack.add("models", Bucket::new().versioned(settings.versioned).key(&key));

    let trainer = stack.add("trainer", Role::new(Trust::service("pods.eks.amazonaws.com")));
    s3::read_write(&models).grant(stack, &trainer); // S3 and KMS statements: the grant finds the bucket's key

    stack.export("url", fmt!("s3://{}/models", models.name));
    Ok(())
}
