//! [`Stop`]: why a verb ended early: something to tell a person, or nobody reads any more.
use std::io;

use purlin_core::{Diagnostic, Error, codes};
use purlin_state::StateError;

/// Why a verb ended early.
#[derive(Debug, thiserror::Error)]
pub enum Stop {
    /// Something to tell.
    #[error(transparent)]
    Told(#[from] Error),
    /// An output cannot be written.
    #[error("the output cannot be written")]
    Output(#[from] io::Error),
}

impl From<Diagnostic> for Stop {
    fn from(told: Diagnostic) -> Self {
        Self::Told(told.into())
    }
}

impl From<StateError> for Stop {
    fn from(error: StateError) -> Self {
        Self::Told(error.into())
    }
}

/// What is told when a run is stopped before it changed anything.
pub fn cancelled() -> Diagnostic {
    Diagnostic::new(codes::CANCELLED, "cancelled").note("nothing was changed")
}
