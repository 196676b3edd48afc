//! Fault rules: which call goes wrong, and how. They act inside the server, on exact operations, not on connections.

use serde::{Deserialize, Serialize};

/// What happens to a call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "snake_case")]
pub enum Fault {
    /// The connection is reset before the call is served: nothing happened.
    LoseRequest,
    /// The call is served, then the connection is reset: it happened, and the caller does not know.
    LoseResponse,
    /// The service's own throttling answer, by its protocol. Nothing happened.
    Throttle,
    /// The answer comes late.
    Delay {
        /// Milliseconds before the call is served.
        ms: u64,
    },
    /// An error answer in the service's own protocol. Nothing happened.
    Status {
        /// HTTP status.
        status: u16,
        /// Error code, as the service writes it: `InsufficientInstanceCapacity`.
        code: String,
    },
}

/// A rule: of the calls that match, the `nth` (from 1) and the `times - 1` after it meet the fault. What is `None`
/// matches everything.
///
/// The lab's own calls ([`AwsAccount::call`](super::AwsAccount::call)) never meet one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rule {
    /// botocore's name of the service: `ec2`, `iam`, `s3`.
    pub service: Option<String>,
    /// AWS's name of the operation: `CreateVpc`.
    pub operation: Option<String>,
    /// Which account's calls.
    pub account: Option<String>,
    /// Which of the matching calls is the first to meet the fault.
    pub nth: u64,
    /// How many calls meet it.
    pub times: u64,
    /// What happens to them.
    #[serde(flatten)]
    pub fault: Fault,
}

impl Rule {
    /// The next call of this operation meets `fault`.
    pub fn on(service: &str, operation: &str, fault: Fault) -> Self {
        Self { service: Some(service.to_owned()), operation: Some(operation.to_owned()), ..Self::any(fault) }
    }

    /// The next call, whatever it is, meets `fault`.
    pub fn any(fault: Fault) -> Self {
        Self { service: None, operation: None, account: None, nth: 1, times: 1, fault }
    }

    /// Starts at the `nth` matching call, counted from 1.
    #[must_use]
    pub fn nth(mut self, nth: u64) -> Self {
        self.nth = nth;
        self
    }

    /// Acts on this many calls in a row.
    #[must_use]
    pub fn times(mut self, times: u64) -> Self {
        self.times = times;
        self
    }
}

/// A rule in force, with what it has met so far.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct PlacedRule {
    /// Number of the rule in this server.
    pub id: u64,
    /// How many calls matched.
    pub seen: u64,
    /// How many met the fault. A test whose rule has none here has tested nothing.
    pub hits: u64,
    /// The rule.
    #[serde(flatten)]
    pub rule: Rule,
}
