//! `apply`: make the world as the program says.
use std::path::{Path, PathBuf};

use purlin_core::{Diagnostic, Error, Result, codes};
use purlin_engine::{Cancel, plan::Goal, saved::PlanFile};

use super::{
    change::{self, Approval, Change},
    planning,
};
use crate::{ExitCode, session::Session, stop::Stop};

/// What it does, for its `--help`.
pub(crate) const ABOUT: &str = "\
    Make the world as the program says.\n\n\
    Shows the plan and asks before anything is changed. With a plan file nobody is asked: what was approved is \
    done, or less; where now is not then, it stops before the first step that differs. Where no terminal is there \
    to ask, a plan file or --yes is needed.\n\n\
    A failure holds back only what depends on it. It may be stopped or killed at any moment: the next run finds \
    what was made and goes on.";

/// Options of `apply`.
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = "Examples:
  apply --stack dev
  apply prod.plan --stack prod
  apply --yes --target net")]
pub struct Args {
    /// A plan that `plan --out` has saved.
    #[arg(value_name = "PLAN", conflicts_with_all = ["target", "exclude", "replace", "max_delete", "max_replace"])]
    plan: Option<PathBuf>,
    #[command(flatten)]
    planning: planning::Args,
    #[command(flatten)]
    pub(crate) how: change::Args,
}

/// Runs it.
pub(crate) async fn run(args: &Args, session: &Session<'_>, cancel: &Cancel) -> Result<ExitCode, Stop> {
    let change = match &args.plan {
        Some(file) => {
            let saved = read(session, file)?;
            Change { verb: "apply", options: saved.binding.options.clone(), approval: Approval::Saved(Box::new(saved)) }
        }
        None => {
            let approval = if args.how.yes { Approval::Given } else { Approval::Asked { phrase: "yes".to_owned() } };
            Change { verb: "apply", options: args.planning.options(Goal::Apply), approval }
        }
    };
    change::run(session, change, &args.how, cancel).await
}

fn read(session: &Session<'_>, file: &Path) -> Result<PlanFile> {
    let told = |why: String| {
        Diagnostic::new(codes::PLAN_UNREADABLE, format!("the plan file {} cannot be read", file.display()))
            .cause(why)
            .note("nothing was changed")
    };
    match session.edge.read(file) {
        Ok(Some(text)) => PlanFile::from_text(&text).map_err(|error| match error {
            Error::One(told) => told.note(format!("the file is {}", file.display())).note("nothing was changed").into(),
            other => other,
        }),
        Ok(None) => Err(told("there is no such file".to_owned()).help("make one with `plan --out FILE`").into()),
        Err(error) => Err(told(error.to_string()).help("make a new plan").into()),
    }
}
