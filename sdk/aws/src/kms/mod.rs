//! KMS: keys and their aliases.
//!
//! Keys that encrypt what other services keep: objects, volumes, databases, secrets. A key never leaves KMS, and one that was
//! deleted takes all that it encrypted with it; so a delete only schedules, and the key can be brought back for days.
pub mod alias;
#[cfg(feature = "kms")]
mod calls;
pub mod key;
mod spec;

pub use alias::Alias;
pub use key::Key;
pub use spec::{KeySpec, KeyUsage};
