//! `drift`: what was changed outside of this program.
use purlin_engine::{
    Cancel, PlanOptions,
    plan::{Goal, Refresh},
};

use super::planning;
use crate::{
    ExitCode,
    args::Format,
    session::Session,
    stop::Stop,
    views::{drift, json},
};

/// What it does, for its `--help`.
pub(crate) const ABOUT: &str = "\
    Read everything, and show field by field where the world is not as it was last applied. Changes nothing.\n\n\
    The exit code is 4 when there is drift and 0 when there is none, so it can run on a schedule. `apply` puts \
    things right; `ignore_changes` on a resource says that a field is none of its business.";

/// Options of `drift`.
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = "Examples:
  drift --stack prod
  drift --stack prod --format json")]
pub struct Args {
    /// The form of the answer.
    #[arg(long, value_name = "FORM", default_value = "text", help_heading = "Output")]
    pub(crate) format: Format,
}

/// Runs it.
pub(crate) async fn run(args: &Args, session: &Session<'_>, cancel: &Cancel) -> Result<ExitCode, Stop> {
    let loaded = session.load()?;
    let log = session.log().await?;
    let options = PlanOptions { goal: Goal::Apply, refresh: Refresh::All, ..PlanOptions::default() };
    let made = planning::look(session, &loaded, log.state(), &options, cancel).await?;
    let found = drift::of(&made.planned.plan);
    let out = &session.edge.out;
    match args.format {
        Format::Text => out.page(&drift::page(&found, log.state().objects.len(), session.stack(), out.width))?,
        Format::Json => out.text(&json::drift(session.stack(), &found))?,
    }
    Ok(if found.is_empty() { ExitCode::Done } else { ExitCode::Drift })
}
