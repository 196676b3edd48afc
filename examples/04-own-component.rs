//! A component of one's own: several resources under one name.
//!
//! `cargo run -p purlin-examples --example 04-own-component -- plan`
//!
//! A component is a plain struct with a constructor, setters and `build`. `stack.add("features", Store::new())` scopes the names
//! below it: `features/key`, `features/bucket`. Those names are its public API: a change of one is a change for its users, who
//! would say `.formerly("old/path")` to move without a replacement. What `build` returns is what the program gets: here a struct of
//! handles and outputs.
use purlin::prelude::*;
use purlin_aws::{kms::Key, s3::Bucket};

/// An encrypted store for objects.
pub struct Store {
    versioned: bool,
}

/// What a [`Store`] gives.
pub struct StoreHandle {
    /// The bucket.
    pub bucket: Handle<Bucket>,
    /// Where objects are put.
    pub url: Output<String>,
}

impl Store {
    /// A store that keeps versions.
    pub fn new() -> Self {
        Self { versioned: true }
    }

    /// Whether it keeps every version of every object.
    #[must_use]
    pub fn versioned(self, versioned: bool) -> Self {
        Self { versioned }
    }
}

impl Default for Store {
    fn default() -> Self {
        Self::new()
    }
}

impl Component for Store {
    type Handle = StoreHandle;

    fn build(self, stack: &mut Stack) -> StoreHandle {
        let key = stack.add("key", Key::new().rotation(true));
        let bucket = stack.add("bucket", Bucket::new().versioned(self.versioned).key(&key));
        let url = fmt!("s3://{}", bucket.name);
        StoreHandle { bucket, url }
    }
}

fn main() -> ExitCode {
    purlin::main("stores", stores)
}

/// Two stores.
pub fn stores(stack: &mut Stack) -> Result<()> {
    let features = stack.add("features", Store::new());
    let scratch = stack.add("scratch", Store::new().versioned(false));
    stack.export("features", features.url);
    stack.export("scratch", scratch.url);
    Ok(())
}
