//! `destroy`: remove everything that the state holds.
use purlin_engine::{Cancel, plan::Goal};

use super::{
    change::{self, Approval, Change},
    planning,
};
use crate::{ExitCode, session::Session, stop::Stop};

/// What it does, for its `--help`.
pub(crate) const ABOUT: &str = "\
    Remove everything that the stack's state holds, in the reverse of the order in which it was made.\n\n\
    Shows what goes and asks for the stack's name. Protected resources stop it before anything is removed; \
    retained ones are left in the world and forgotten.";

/// Options of `destroy`.
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = "Examples:
  destroy --stack dev
  destroy --stack dev --target app --yes
  plan --destroy                        to look first")]
pub struct Args {
    #[command(flatten)]
    planning: planning::Args,
    #[command(flatten)]
    pub(crate) how: change::Args,
}

/// Runs it.
pub(crate) async fn run(args: &Args, session: &Session<'_>, cancel: &Cancel) -> Result<ExitCode, Stop> {
    let approval = if args.how.yes { Approval::Given } else { Approval::Asked { phrase: session.stack().to_owned() } };
    let change = Change { verb: "destroy", options: args.planning.options(Goal::Destroy), approval };
    change::run(session, change, &args.how, cancel).await
}
