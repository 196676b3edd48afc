//! One encrypted bucket: the smallest stack that is of use.
//!
//! `cargo run -p purlin-examples --example 01-bucket -- plan`
//!
//! A program is a function that describes a stack. `stack.add` gives a handle: `&key` where a bucket wants a key, `models.name` where a
//! text is made of an output. Nothing has a physical name here, so names are made of the stack's and the resource's own, and a
//! second stack (`--stack other`) can live beside this one. `protect` holds even when the code is gone. What is exported is what
//! `outputs` shows.
use purlin::prelude::*;
use purlin_aws::{kms::Key, s3::Bucket};

fn main() -> ExitCode {
    purlin::main("models", models)
}

/// A bucket for models, its versions kept, encrypted with a key of its own.
pub fn models(stack: &mut Stack) -> Result<()> {
    let key = stack.add("key", Key::new().rotation(true));
    let models = stack.add("models", Bucket::new().versioned(true).key(&key).protect(true));

    stack.export("url", fmt!("s3://{}/models", models.name));
    Ok(())
}
