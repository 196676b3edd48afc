//! Infrastructure as code in Rust: the crate that programs add.
//!
//! A program is a function that describes a stack of resources. [`main`] makes a command line of it: `cargo run --
//! plan`, `apply`, `destroy` and more, with the engine and the drivers in the same binary. Start with [`prelude`];
//! test with [`testing`].
//!
//! ```no_run
//! use purlin::prelude::*;
//!
//! fn main() -> ExitCode {
//!     purlin::main("greeting", greeting)
//! }
//!
//! fn greeting(stack: &mut Stack) -> Result<()> {
//!     let id = stack.add("id", RandomId::new().prefix("hello-"));
//!     stack.export("greeting", fmt!("{}, world", id.value));
//!     Ok(())
//! }
//! ```
//!
//! Settings are a struct, and the second argument of the function:
//!
//! ```no_run
//! use purlin::prelude::*;
//!
//! /// What differs from one environment to the next.
//! #[derive(Settings)]
//! struct Greeting {
//!     /// Whom to greet.
//!     name: String,
//!     /// How often.
//!     #[setting(default = 1)]
//!     times: usize,
//! }
//!
//! fn main() -> ExitCode {
//!     purlin::main("greeting", greeting)
//! }
//!
//! fn greeting(stack: &mut Stack, settings: &Greeting) -> Result<()> {
//!     for n in 0..settings.times {
//!         stack.add(format!("greeting-{n}"), Data::new(format!("Hello, {}", settings.name)));
//!     }
//!     Ok(())
//! }
//! ```
pub mod prelude;
mod program;
pub mod testing;

pub use program::{Describe, Program, WithSettings, WithoutSettings, main};
pub use purlin_core as core;
pub use purlin_core::{fmt, list, object, tags};
