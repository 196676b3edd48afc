//! `completions`: a completion script for a shell.
use clap_complete::Shell;

use crate::{App, Edge, ExitCode, args, stop::Stop};

/// What it does, for its `--help`.
pub(crate) const ABOUT: &str = "Print a completion script for a shell.";

/// Options of `completions`.
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = "Examples:
  completions bash > ~/.local/share/bash-completion/completions/NAME
  completions fish > ~/.config/fish/completions/NAME.fish")]
pub struct Args {
    /// The shell.
    #[arg(value_name = "SHELL")]
    shell: Shell,
}

/// Runs it.
pub(crate) fn run(args: &Args, app: &App, edge: &Edge) -> Result<ExitCode, Stop> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut args::command(app), &app.name, &mut script);
    edge.out.with(|out| out.write_all(&script))?;
    Ok(ExitCode::Done)
}
