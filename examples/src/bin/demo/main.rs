//! `cargo demo`: a stack through its whole life, against a real AWS API.
//!
//! The lab installs and starts an AWS emulator that others wrote; the program in [`stack`] is run as a user would run it, by its command
//! line, in a folder of its own, with the real AWS SDK over HTTP. Each scene says what it is about to show, and fails the demo when it
//! shows something else. `--keep` leaves the emulator running and prints the environment to use it by hand.
mod scenes;
mod show;
mod stack;

use std::{env, process::ExitCode};

/// The first argument under which this binary is the user's program.
const PROGRAM: &str = "program";

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    match arguments.first().map(String::as_str) {
        Some(PROGRAM) => stack::program().run_with(arguments.into_iter().skip(1)),
        None => scenes::play(false),
        Some("--keep") if arguments.len() == 1 => scenes::play(true),
        Some(_) => {
            show::talk(
                "cargo demo [-- --keep]\n\n  --keep  leave the emulator running, and print the environment to use it by hand",
            );
            ExitCode::from(2)
        }
    }
}
