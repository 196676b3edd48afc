//! STS: who we are and where, as lookups.
mod caller_identity;
mod region;

#[cfg(feature = "connection")]
pub(crate) use caller_identity::ask;
pub use caller_identity::{Caller, CallerIdentity};
pub use region::{Place, Region};
