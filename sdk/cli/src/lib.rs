//! Purlin's command line. A program links it, so the program is the tool: `cargo run -- plan`.
//!
//! 1. [`Edge`] finds what is around: arguments, environment, folder, terminal, clock. Nothing else looks at those.
//! 2. [`args`] understands the command line; [`session`] finds the stack, its settings and its state.
//! 3. A verb (one file each in [`verbs`]) calls the engine and hands what it gives to a view.
//! 4. [`views`] turn data into lines or JSON; [`exit_codes`] says how it ended.
//!
//! Data goes to standard output, talk to standard error. Read [`run`] first, then `verbs/plan.rs`.
pub mod app;
pub mod args;
pub mod console;
pub mod edge;
pub mod exit_codes;
pub mod influence;
pub mod panics;
mod run;
pub mod schemas;
pub mod session;
pub mod stop;
pub mod verbs;
pub mod views;

pub use app::App;
pub use edge::Edge;
pub use exit_codes::ExitCode;
pub use run::run;
