//! [`Diagnostic`]: what a person is told when something is wrong. [`Error`]: how it travels.
//!
//! A diagnostic is data: a stable code, one line of what, where in the user's program, which API call, what the causes were and
//! what to do next. The command line renders it; nothing here knows a terminal.
use std::{fmt, panic::Location};

use serde::{Deserialize, Serialize};
use smol_str::SmolStr;

use crate::{codes::Code, driver::ApiCall};

/// `Result` with Purlin's [`Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// A line of the user's program.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct SourceLine {
    /// The file as the compiler named it.
    pub file: SmolStr,
    /// Counted from 1.
    pub line: u32,
}

impl SourceLine {
    /// The line that called the nearest function with `#[track_caller]`.
    #[track_caller]
    pub fn caller() -> Self {
        Location::caller().into()
    }
}

impl From<&'static Location<'static>> for SourceLine {
    fn from(location: &'static Location<'static>) -> Self {
        Self { file: SmolStr::new_static(location.file()), line: location.line() }
    }
}

impl fmt::Display for SourceLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.file, self.line)
    }
}

/// Something to tell a person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Diagnostic {
    /// Stable; `explain CODE` tells more.
    pub code: Code,
    /// One line: what is wrong.
    pub message: String,
    /// The path of the resource that it is about.
    pub address: Option<SmolStr>,
    /// Where the user's program asked for it.
    pub location: Option<SourceLine>,
    /// The API call that failed.
    pub call: Option<ApiCall>,
    /// From the nearest cause to the farthest.
    pub causes: Vec<String>,
    /// Facts that help to understand, such as the state that things are in now.
    pub notes: Vec<String>,
    /// What to do next; each a sentence or a command.
    pub help: Vec<String>,
}

impl Diagnostic {
    /// A diagnostic with a code and a line of what.
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            address: None,
            location: None,
            call: None,
            causes: Vec::new(),
            notes: Vec::new(),
            help: Vec::new(),
        }
    }

    /// Names the resource.
    #[must_use]
    pub fn at(mut self, path: impl Into<SmolStr>) -> Self {
        self.address = Some(path.into());
        self
    }

    /// Names the line of the user's program.
    #[must_use]
    pub fn line(mut self, line: impl Into<SourceLine>) -> Self {
        self.location = Some(line.into());
        self
    }

    /// Names the API call.
    #[must_use]
    pub fn call(mut self, call: Option<ApiCall>) -> Self {
        self.call = call;
        self
    }

    /// Adds a cause.
    #[must_use]
    pub fn cause(mut self, cause: impl fmt::Display) -> Self {
        self.causes.push(cause.to_string());
        self
    }

    /// Adds a fact.
    #[must_use]
    pub fn note(mut self, note: impl Into<String>) -> Self {
        self.notes.push(note.into());
        self
    }

    /// Adds a next step.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help.push(help.into());
        self
    }
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "error[{}]: {}", self.code, self.message)?;
        if let Some(address) = &self.address {
            write!(f, "\n  at {address}")?;
        }
        if let Some(location) = &self.location {
            write!(f, "\n  --> {location}")?;
        }
        if let Some(call) = &self.call {
            write!(f, "\n  call: {call}")?;
        }
        for cause in &self.causes {
            write!(f, "\n  cause: {cause}")?;
        }
        for note in &self.notes {
            write!(f, "\n  note: {note}")?;
        }
        for help in &self.help {
            write!(f, "\n  help: {help}")?;
        }
        Ok(())
    }
}

/// Why a program, a plan or an apply stopped.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// One thing to tell.
    #[error("{0}")]
    One(Box<Diagnostic>),
    /// Several, found together.
    #[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))]
    Many(Vec<Diagnostic>),
    /// Not a failure: the program asked for a lookup that has no answer yet, and is run again once it has.
    #[error("a lookup has no answer yet")]
    LookupPending,
}

impl Error {
    /// The diagnostics in it.
    pub fn diagnostics(&self) -> &[Diagnostic] {
        match self {
            Self::One(one) => std::slice::from_ref(one),
            Self::Many(many) => many,
            Self::LookupPending => &[],
        }
    }
}

impl From<Diagnostic> for Error {
    fn from(diagnostic: Diagnostic) -> Self {
        Self::One(Box::new(diagnostic))
    }
}
