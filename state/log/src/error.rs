//! [`StateError`]: why a state cannot be read, locked, changed or unsealed; and how each is told to a person.
use std::io;

use jiff::Timestamp;
use purlin_core::{Diagnostic, Error, codes};

use crate::{fold::Misfit, record::Holder};

/// Why a state cannot be read, locked, changed or unsealed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StateError {
    /// Bytes are not what was written.
    #[error("the state is damaged{}: {why} ({file}, byte {offset})", at_record(*.seq))]
    Damaged {
        /// The file or object that holds the bytes.
        file: String,
        /// The first record that is not as it was written; 0 for a snapshot.
        seq: u64,
        /// Where that record starts, in bytes from the start of `file`.
        offset: u64,
        /// What is wrong with it.
        why: String,
    },
    /// A newer version of Purlin wrote this.
    #[error("{file} was written by a newer version of Purlin: {what}")]
    Newer {
        /// The file or object.
        file: String,
        /// What this version does not know.
        what: String,
    },
    /// Another run holds the lock.
    #[error("{}", locked_message(.holder.as_ref()))]
    Locked {
        /// Who, as far as it left a readable note.
        holder: Option<Holder>,
    },
    /// This run's lock was taken over, or the log was changed behind it: nothing more is written.
    #[error("this run no longer holds the state: {why}")]
    Fenced {
        /// How that was noticed.
        why: String,
    },
    /// The store refused.
    #[error("cannot {what}")]
    Io {
        /// What was tried, with the place: `read /state/dev/journal.ndjson`.
        what: String,
        /// The store's reason.
        source: io::Error,
    },
    /// The state in this place is another stack's.
    #[error("the state is of stack {found:?}, not of {expected:?}")]
    OtherStack {
        /// The stack that was asked for.
        expected: String,
        /// The stack that the state names.
        found: String,
    },
    /// The log is open for reading only: no run was begun, or it has ended.
    #[error("the state is open for reading only")]
    ReadOnly,
    /// A write failed earlier, so what the store holds is not known for certain.
    #[error("an earlier write to the state failed")]
    Stopped,
    /// A record that does not fit the state. Nothing was written.
    #[error("{0}")]
    Misfit(#[from] Misfit),
    /// There is no such record, or it is older than the history that was kept.
    #[error("there is no record {seq}: the history has records {first} to {last}")]
    NoRecord {
        /// The record that was asked for.
        seq: u64,
        /// The oldest that is there.
        first: u64,
        /// The newest.
        last: u64,
    },
    /// There are secrets to read or write, and no passphrase.
    #[error("{}", seal_locked_message(.kind.as_deref()))]
    SealLocked {
        /// How the data key is wrapped, when it is in a way that this version does not know.
        kind: Option<String>,
    },
    /// The passphrase is not the one that the secrets were sealed with.
    #[error("the passphrase does not open the state's secrets")]
    SealWrong,
}

fn at_record(seq: u64) -> String {
    if seq == 0 { String::new() } else { format!(" at record {seq}") }
}

fn locked_message(holder: Option<&Holder>) -> String {
    match holder {
        None => "another run holds the state".to_owned(),
        Some(h) => format!("the state is held by {} ({}, process {}, run {})", h.who, h.verb, h.pid, h.run),
    }
}

fn seal_locked_message(kind: Option<&str>) -> String {
    match kind {
        None => "secrets are sealed with a passphrase, and none was given".to_owned(),
        Some(kind) => format!("the state's secrets are sealed by {kind:?}, which this program cannot open"),
    }
}

impl StateError {
    /// A refusal of the store, for `map_err`.
    pub fn io(what: impl Into<String>) -> impl FnOnce(io::Error) -> Self {
        let what = what.into();
        move |source| Self::Io { what, source }
    }
}

impl From<StateError> for Diagnostic {
    fn from(error: StateError) -> Self {
        use StateError as E;
        let message = error.to_string();
        match error {
            E::Damaged { .. } => Self::new(codes::STATE_DAMAGED, message)
                .note("nothing was changed")
                .help("run `state verify` to check every record")
                .help("restore the state's files from a backup taken before the damage"),
            E::Newer { .. } => Self::new(codes::STATE_NEWER, message)
                .note("nothing was changed")
                .help("update the `purlin` crate: `cargo update -p purlin`"),
            E::Locked { holder } => {
                let told = Self::new(codes::STATE_LOCKED, message)
                    .help("wait for that run to end, then try again; `plan` and `state list` need no lock");
                match holder.and_then(|h| Timestamp::from_millisecond(i64::try_from(h.since).ok()?).ok()) {
                    Some(since) => told.note(format!("since {since:.0}")),
                    None => told,
                }
            }
            E::Fenced { .. } => Self::new(codes::STATE_LOCKED, message)
                .note("what this run had begun is in the state as open operations")
                .help("run `apply` again once the other run has ended: it settles them first"),
            E::Io { source, .. } => Self::new(codes::STATE_UNREADABLE, message)
                .cause(source)
                .help("check the path, its permissions and the free space, then try again"),
            E::OtherStack { found, .. } => Self::new(codes::STATE_UNREADABLE, message)
                .help(format!("use `--stack {found}`, or put the state back where it belongs")),
            E::ReadOnly => Self::new(codes::STATE_UNREADABLE, message).help("begin a run before the first change"),
            E::Stopped => Self::new(codes::STATE_UNREADABLE, message)
                .note("what was durable before is safe")
                .help("mend the cause, then run `apply` again: it goes on from what is durable"),
            E::Misfit(misfit) => {
                let absent = matches!(misfit, Misfit::Absent { .. });
                let code = if absent { codes::STATE_ABSENT } else { codes::STATE_MISFIT };
                Self::new(code, message)
                    .note("nothing was written")
                    .help("run `state list` to see what the state holds")
            }
            E::NoRecord { .. } => {
                Self::new(codes::STATE_ABSENT, message).help("run `state log` to see the records that there are")
            }
            E::SealLocked { kind: Some(_) } => Self::new(codes::SEAL_LOCKED, message)
                .help("update the `purlin` crate, or use a program that knows this way of sealing"),
            E::SealLocked { kind: None } => Self::new(codes::SEAL_LOCKED, message)
                .help("set PURLIN_PASSPHRASE or PURLIN_PASSPHRASE_FILE, then try again"),
            E::SealWrong => Self::new(codes::SEAL_WRONG, message)
                .note("nothing was changed")
                .help("set PURLIN_PASSPHRASE to the passphrase that the first secret of this stack was stored with"),
        }
    }
}

impl From<StateError> for Error {
    fn from(error: StateError) -> Self {
        Diagnostic::from(error).into()
    }
}
