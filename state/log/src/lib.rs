//! Purlin's state: a log of records, and what follows from it.
//!
//! A stack's state **is** its log; the snapshot is the fold of a prefix. Every prefix is a valid state, each record is
//! chained to the one before by a hash, and an operation's intent is durable before its first call. This crate knows no
//! engine and no cloud.
//!
//! Read it in this order: [`model`] (what a state holds), [`record`] (what changes it), [`fold`], [`chain`] (the bytes),
//! [`seal`] (secrets), [`store`] (where the bytes live), [`log`] (all of it together: what the engine uses), [`history`]
//! (every record that was kept).
mod error;

pub mod chain;
pub mod fold;
pub mod history;
pub mod log;
pub mod model;
pub mod record;
mod replay;
pub mod seal;
pub mod store;

pub use error::StateError;
pub use history::{History, Record};
pub use log::Log;
pub use model::{Dependency, Intent, Key, Object, State, Status, Verb};
pub use record::{Body, Departure, Holder, Outcome};
pub use seal::Unseal;
