//! `state`: look at the state, check it, mend it. `look` reads only; `mend` takes the lock.
mod look;
mod mend;

use clap::Subcommand;

use crate::{ExitCode, args::Format, session::Session, stop::Stop};

/// What it does, for its `--help`.
pub(crate) const ABOUT: &str = "\
    Look at the state, check it, mend it.\n\n\
    A stack's state is its log: every record that was ever written, each chained to the one before. The objects \
    are what follows from it.";

/// Options of `state`.
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = "Examples:
  state list
  state show net/main
  state log --last 20
  state diff 12 40
  state move net/a net/private-a")]
pub struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Clone, Debug, Subcommand)]
enum Verb {
    /// List the objects: path, type, physical id, and what is unusual about them.
    List(look::List),
    /// Show one object in full, or what the state as a whole is.
    Show(look::Show),
    /// List the records: what happened, in order.
    Log(look::Log),
    /// Show what differs between two moments of the state.
    Diff(look::Diff),
    /// Check every record: its hash, its place in the chain, and that all together give this state.
    Verify(look::Verify),
    /// Give an object, or all below a component, another path. Nothing in the world is changed.
    #[command(long_about = mend::ABOUT_MOVE)]
    Move(mend::Move),
    /// Forget an object, or all below a component. Nothing in the world is changed: it is then nobody's.
    #[command(long_about = mend::ABOUT_REMOVE)]
    Remove(mend::Remove),
}

impl Args {
    /// The form that was asked for.
    pub(crate) fn format(&self) -> Format {
        match &self.verb {
            Verb::List(args) => args.format,
            Verb::Show(args) => args.format,
            Verb::Log(args) => args.format,
            Verb::Diff(_) | Verb::Verify(_) | Verb::Move(_) | Verb::Remove(_) => Format::Text,
        }
    }
}

/// Runs it.
pub(crate) async fn run(args: &Args, session: &Session<'_>) -> Result<ExitCode, Stop> {
    match &args.verb {
        Verb::List(args) => look::list(args, session).await,
        Verb::Show(args) => look::show(args, session).await,
        Verb::Log(args) => look::log(args, session).await,
        Verb::Diff(args) => look::diff(args, session).await,
        Verb::Verify(args) => look::verify(args, session).await,
        Verb::Move(args) => mend::shift(args, session).await,
        Verb::Remove(args) => mend::remove(args, session).await,
    }
}
