//! Exit codes: a public table. A script may rely on each; `--help` shows them all.
//!
//! Not a place for decisions: a verb says how it ended ([`ExitCode`]), and [`of_error`] maps the codes of diagnostics.
use purlin_core::{
    Error,
    codes::{self, Code},
};

/// How a command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum ExitCode {
    /// Done; also: there was nothing to do.
    Done = 0,
    /// Something failed; the message says what, and what state things are in.
    Failed = 1,
    /// The command line, a setting, a selection or a plan file is not understood. Nothing was changed.
    Usage = 2,
    /// `plan --exit-code`: there are changes to apply.
    Changes = 3,
    /// `drift`: the world is not as it was last applied.
    Drift = 4,
    /// The run was cancelled. What was under way is in the state; the next run goes on.
    Cancelled = 5,
    /// Another run holds the state. Nothing was changed.
    Locked = 6,
    /// What would be done was not approved: declined, nobody to ask, past a limit, or not what the plan file says.
    NotApproved = 7,
    /// The state cannot be used: damaged, newer than this version, or its secrets are sealed. Nothing was changed.
    State = 8,
    /// A provider cannot be used: no credentials, the wrong account, unreachable. Nothing was changed.
    Provider = 9,
}

/// Every exit code in order, with one line of what it means.
pub const TABLE: &[(ExitCode, &str)] = &[
    (ExitCode::Done, "done, or nothing to do"),
    (ExitCode::Failed, "something failed; the message says what and where things stand"),
    (ExitCode::Usage, "the command line, a setting, a selection or a plan file is not understood"),
    (ExitCode::Changes, "plan --exit-code: there are changes"),
    (ExitCode::Drift, "drift: the world is not as it was last applied"),
    (ExitCode::Cancelled, "cancelled; the next run goes on from there"),
    (ExitCode::Locked, "another run holds the state"),
    (ExitCode::NotApproved, "declined, nobody to ask, past a limit, or not what was approved"),
    (ExitCode::State, "the state cannot be used: damaged, newer, or sealed"),
    (ExitCode::Provider, "no credentials, the wrong account, or unreachable"),
];

/// Exit code of a process that a second signal ended at once: 128 and the number of SIGINT, as shells do it.
pub const KILLED: u8 = 130;

impl From<ExitCode> for std::process::ExitCode {
    fn from(code: ExitCode) -> Self {
        Self::from(code as u8)
    }
}

/// The exit code of an error: that of its first diagnostic.
pub fn of_error(error: &Error) -> ExitCode {
    error.diagnostics().first().map_or(ExitCode::Failed, |d| of_code(d.code))
}

/// The exit code that goes with a diagnostic's code.
pub fn of_code(code: Code) -> ExitCode {
    match code {
        codes::SETTING_UNKNOWN
        | codes::SETTING_MISSING
        | codes::SETTING_TYPE
        | codes::SETTING_SYNTAX
        | codes::TARGET_UNKNOWN
        | codes::USAGE
        | codes::UNKNOWN_STACK
        | codes::PLAN_UNREADABLE
        | codes::STATE_ABSENT => ExitCode::Usage,
        codes::CANCELLED => ExitCode::Cancelled,
        codes::STATE_LOCKED => ExitCode::Locked,
        codes::PROTECTED
        | codes::PLAN_CHANGED
        | codes::PLAN_FOREIGN
        | codes::LIMIT
        | codes::OUTSIDE_PLAN
        | codes::NEEDS_APPROVAL => ExitCode::NotApproved,
        codes::STATE_DAMAGED
        | codes::STATE_NEWER
        | codes::STATE_UNREADABLE
        | codes::STATE_MISFIT
        | codes::SEAL_LOCKED
        | codes::SEAL_WRONG => ExitCode::State,
        codes::NO_CREDENTIALS | codes::WRONG_ACCOUNT | codes::UNREACHABLE => ExitCode::Provider,
        _ => ExitCode::Failed,
    }
}

/// The table as text, for `--help`.
pub(crate) fn help() -> String {
    let lines = TABLE.iter().map(|(code, what)| format!("  {:>3}  {what}", *code as u8));
    let killed = format!("  {KILLED:>3}  a second signal ended it at once; that is safe too");
    lines.chain([killed]).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_has_every_code_once_and_in_order() {
        let numbers: Vec<u8> = TABLE.iter().map(|(code, _)| *code as u8).collect();
        assert_eq!(numbers, (0..=9).collect::<Vec<u8>>());
    }

    #[test]
    fn the_first_diagnostic_decides() {
        let many = Error::Many(vec![
            purlin_core::Diagnostic::new(codes::STATE_LOCKED, "held"),
            purlin_core::Diagnostic::new(codes::USAGE, "and more"),
        ]);
        assert_eq!(of_error(&many), ExitCode::Locked);
        assert_eq!(of_error(&Error::LookupPending), ExitCode::Failed);
    }
}
