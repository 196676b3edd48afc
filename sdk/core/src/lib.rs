//! Purlin's language: what a program says, before anything happens.
//!
//! A program is a pure function from settings to a [`Graph`] of resources. This crate holds the words of that function and
//! the contract between the engine and the drivers; it does no I/O, knows no cloud, reads no clock and needs no async runtime.
//!
//! Read it in this order:
//! 1. [`value`]: what a field can hold, with secrets and unknowns as values of their own;
//! 2. [`expr`], [`output`], [`structure`], [`input`]: lazy typed expressions over the outputs of resources, and what a setter takes;
//! 3. [`schema`], [`resource`]: a resource type as data, emitted by `#[derive(Resource)]`;
//! 4. [`stack`], [`graph`], [`options`], [`lookup`], [`provider`]: how a program puts resources together;
//! 5. [`driver`]: the verbs by which the engine talks to the world;
//! 6. [`types`]: ARNs, CIDR blocks, tags, policies, durations, sizes: types that normalise, so that no resource writes a diff;
//! 7. [`settings`], [`diagnostic`], [`codes`]: what goes in from a user, and what comes back;
//! 8. [`builtin`]: resources that need no cloud.
// So that what the derives write (`::purlin_core::…`) also holds inside this crate.
extern crate self as purlin_core;

pub mod address;
pub mod builtin;
pub mod codes;
pub mod diagnostic;
pub mod driver;
pub mod expr;
pub mod graph;
pub mod input;
pub mod lookup;
pub mod options;
pub mod output;
pub mod plain;
pub mod provider;
pub mod resource;
pub mod schema;
pub mod secret;
pub mod settings;
pub mod stack;
pub mod structure;
pub mod token;
pub mod types;
pub mod value;

pub use address::Address;
pub use diagnostic::{Diagnostic, Error, Result, SourceLine};
pub use expr::Expr;
pub use graph::{Graph, NodeId};
pub use input::IntoInput;
pub use options::Configure;
pub use output::Output;
pub use plain::Plain;
pub use purlin_derive::{Object, Outputs, Resource, Settings};
pub use resource::{Handle, Lifecycle, Outputs, Ref, Resource};
pub use schema::Schema;
pub use secret::Secret;
pub use stack::{Component, Stack};
pub use value::{Map, Unknown, Value};
// Strings of this crate are cheap to clone and mostly short: names, ids, ARNs.
pub use smol_str::SmolStr;
