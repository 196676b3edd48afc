//! `plan`: what an apply would do.
use std::path::PathBuf;

use purlin_core::{Diagnostic, codes};
use purlin_engine::{Cancel, plan::Goal, saved::PlanFile};

use super::planning;
use crate::{
    ExitCode,
    args::Format,
    session::Session,
    stop::Stop,
    views::{
        json, plan,
        text::{Line, Role},
    },
};

/// What it does, for its `--help`.
pub(crate) const ABOUT: &str = "\
    Show what an apply would do, field by field. Changes nothing.\n\n\
    Replacements, outages and lost data come first and are explained; then a tree by component with the changes \
    only; then one line in sum. A plan that is saved with --out can be reviewed and applied later: apply does \
    then what was approved, or less, or stops.";

/// Options of `plan`.
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = "Examples:
  plan --stack dev
  plan --stack prod --out prod.plan     then: apply prod.plan
  plan --target net --max-replace 0
  plan --exit-code                      in a script: 3 when there are changes")]
pub struct Args {
    #[command(flatten)]
    planning: planning::Args,
    /// Plan the removal of everything.
    #[arg(long, help_heading = "Plan")]
    destroy: bool,
    /// Save the plan in this file, to be applied as it was reviewed.
    #[arg(long, short, value_name = "FILE", help_heading = "Output")]
    out: Option<PathBuf>,
    /// The form of the answer.
    #[arg(long, value_name = "FORM", default_value = "text", help_heading = "Output")]
    pub(crate) format: Format,
    /// End with exit code 3 when there are changes.
    #[arg(long, help_heading = "Output")]
    exit_code: bool,
}

/// Runs it.
pub(crate) async fn run(args: &Args, session: &Session<'_>, cancel: &Cancel) -> Result<ExitCode, Stop> {
    let goal = if args.destroy { Goal::Destroy } else { Goal::Apply };
    let loaded = session.load()?;
    let log = session.log().await?;
    let options = args.planning.options(goal);
    let made = planning::look(session, &loaded, log.state(), &options, cancel).await?;
    let (out, err) = (&session.edge.out, &session.edge.err);
    match args.format {
        Format::Text => out.page(&plan::page(&made.planned.plan, &made.schemas, out.width))?,
        Format::Json => out.text(&json::plan(&made.planned.plan))?,
    }
    if let Some(file) = &args.out {
        save(session, file, &PlanFile::new(&made.planned))?;
        let verb = format!("apply {}", file.display());
        err.line(
            &Line::new().with(Role::Help, format!("Saved. To apply what this plan says: {}", session.command(&verb))),
        )?;
    } else if args.format == Format::Text && !made.planned.plan.is_empty() {
        let verb = if args.destroy { "destroy" } else { "apply" };
        err.line(&Line::new().with(Role::Dim, format!("Nothing was changed. To do it: {}", session.command(verb))))?;
    }
    let pending = args.exit_code && !made.planned.plan.is_empty();
    Ok(if pending { ExitCode::Changes } else { ExitCode::Done })
}

fn save(session: &Session<'_>, file: &PathBuf, plan: &PlanFile) -> Result<(), Stop> {
    let text = plan.to_text()?;
    session.edge.write(file, &text).map_err(|e| {
        Diagnostic::new(codes::PLAN_UNREADABLE, format!("the plan cannot be saved in {}", file.display()))
            .cause(e)
            .note("nothing was changed")
            .into()
    })
}
