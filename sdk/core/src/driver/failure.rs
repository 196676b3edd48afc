//! [`Failure`]: why a verb did not do what it should, in terms that the engine can act on.
use std::{fmt, time::Duration};

use serde::{Deserialize, Serialize};

/// An API call, for messages.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApiCall {
    /// `ec2`
    pub service: String,
    /// `CreateVpc`
    pub operation: String,
    /// The service's id of the request, where it gave one.
    pub request_id: Option<String>,
    /// The service's error code: `VpcLimitExceeded`.
    pub code: Option<String>,
    /// The HTTP status.
    pub status: Option<u16>,
}

impl fmt::Display for ApiCall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.service, self.operation)?;
        let parts = [
            self.code.clone(),
            self.status.map(|s| format!("HTTP {s}")),
            self.request_id.as_ref().map(|id| format!("request {id}")),
        ];
        let parts: Vec<String> = parts.into_iter().flatten().collect();
        if parts.is_empty() { Ok(()) } else { write!(f, " ({})", parts.join(", ")) }
    }
}

/// What kind of failure: decides what the engine does next.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Kind {
    /// Too many calls: slow down and try again.
    Throttled,
    /// The service is not well (5xx), or the network broke: try again.
    Unavailable,
    /// Something it needs is not visible yet or still in use: try again for a while.
    NotYet,
    /// The object does not exist.
    NotFound,
    /// Something of that name exists already.
    AlreadyExists,
    /// Credentials are missing or expired.
    Credentials,
    /// The identity lacks a permission.
    Denied,
    /// A limit of the account is reached.
    Quota,
    /// The request is wrong and will be wrong again.
    Invalid,
    /// The object itself reports that it failed.
    Broken,
    /// It took longer than it may.
    Timeout,
}

/// What a failed call may have done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Effect {
    /// Certainly nothing.
    None,
    /// Nobody knows: the answer was lost.
    Unknown,
}

/// A verb did not do what it should.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
#[error("{message}")]
pub struct Failure {
    /// What kind.
    pub kind: Kind,
    /// What the call may have done.
    pub effect: Effect,
    /// One line for people; never the content of a secret.
    pub message: String,
    /// The call.
    pub call: Option<ApiCall>,
    /// What to do, where the driver knows.
    pub help: Option<String>,
    /// How long the service asks to wait.
    pub retry_after: Option<Duration>,
}

impl Failure {
    /// A failure that certainly changed nothing.
    pub fn new(kind: Kind, message: impl Into<String>) -> Self {
        Self { kind, effect: Effect::None, message: message.into(), call: None, help: None, retry_after: None }
    }

    /// The outcome is unknown.
    #[must_use]
    pub fn in_doubt(mut self) -> Self {
        self.effect = Effect::Unknown;
        self
    }

    /// Names the call.
    #[must_use]
    pub fn call(mut self, call: ApiCall) -> Self {
        self.call = Some(call);
        self
    }

    /// Adds a next step.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// True when the same call may succeed later.
    pub fn is_transient(&self) -> bool {
        matches!(self.kind, Kind::Throttled | Kind::Unavailable | Kind::NotYet)
    }
}
