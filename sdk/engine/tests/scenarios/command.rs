//! A command of a script, with what is said of it; and the names of kinds of failure.
use std::time::Duration;

use purlin_core::driver::Kind;
use purlin_engine::{
    ApplyOptions, PlanOptions,
    plan::{Goal, Refresh},
};

use super::parse::Words;

/// A command with what is said of it.
#[derive(Default)]
pub(super) struct Command {
    pub(super) plan: PlanOptions,
    pub(super) apply: ApplyOptions,
    pub(super) saved: bool,
    pub(super) waves: bool,
}

/// Reads what is said of a command.
pub(super) fn command(mut words: Words<'_>) -> Command {
    let mut command = Command::default();
    while let Some(word) = words.word() {
        let value = if words.take("=") { words.word().unwrap_or_default() } else { "" };
        let list = || value.split(',').map(str::to_owned).collect();
        let number = || value.parse().unwrap_or_else(|_| panic!("`{word}` needs a number"));
        match word {
            "saved" => command.saved = true,
            "waves" => command.waves = true,
            "refresh" => {
                command.plan.refresh = match value {
                    "all" => Refresh::All,
                    "auto" => Refresh::Auto,
                    "none" => Refresh::None,
                    other => panic!("there is no refresh `{other}`"),
                };
            }
            "target" => command.plan.target = list(),
            "exclude" => command.plan.exclude = list(),
            "replace" => command.plan.replace = list(),
            "max-delete" => command.plan.max_delete = Some(number()),
            "max-replace" => command.plan.max_replace = Some(number()),
            "destroy" => command.plan.goal = Goal::Destroy,
            "parallel" => command.apply.parallelism = number(),
            "fail-fast" => command.apply.fail_fast = true,
            "grace" => command.apply.grace = Duration::from_secs(number() as u64),
            other => panic!("there is nothing `{other}` to say of a command"),
        }
    }
    command
}

/// The kind of failure of a name.
pub(super) fn kind(name: &str) -> Kind {
    match name {
        "Throttled" => Kind::Throttled,
        "Unavailable" => Kind::Unavailable,
        "NotYet" => Kind::NotYet,
        "Denied" => Kind::Denied,
        "Quota" => Kind::Quota,
        "Invalid" => Kind::Invalid,
        "Broken" => Kind::Broken,
        other => panic!("there is no kind of failure `{other}`"),
    }
}
