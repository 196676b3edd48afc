//! `version`: the versions of the program's parts.
use purlin_engine::saved;

use crate::{App, Edge, ExitCode, stop::Stop, views::json};

/// What it does, for its `--help`.
pub(crate) const ABOUT: &str = "\
    Print the version of Purlin that this program was built with, and of the formats that it reads and writes.";

/// Options of `version`.
#[derive(Clone, Debug, clap::Args)]
pub struct Args {}

/// Runs it.
pub(crate) fn run(_: &Args, app: &App, edge: &Edge) -> Result<ExitCode, Stop> {
    let kinds: Vec<&str> = app.kinds.iter().map(|kind| kind.name()).collect();
    edge.out.text(&format!(
        "{}: made with purlin {}\nplan files: format {}\ndocuments (--format json): format {}\n\
         providers registered: {}\n",
        app.name,
        env!("CARGO_PKG_VERSION"),
        saved::FORMAT,
        json::FORMAT,
        kinds.join(", ")
    ))?;
    Ok(ExitCode::Done)
}
