//! The command line as a whole, run in this process with everything around it given as values; and a few runs of a
//! real process.
#[path = "cli/bad_input.rs"]
mod bad_input;
#[path = "cli/cloud.rs"]
mod cloud;
#[path = "cli/environment.rs"]
mod environment;
#[path = "cli/help.rs"]
mod help;
#[path = "cli/json.rs"]
mod json;
#[path = "cli/life.rs"]
mod life;
#[path = "cli/process.rs"]
mod process;
#[path = "cli/programs.rs"]
mod programs;
#[path = "cli/trouble.rs"]
mod trouble;
