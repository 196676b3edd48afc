//! [`Broken`]: what a driver gets wrong.
use thiserror::Error;

/// `Result` of the harness.
pub type Result<T> = std::result::Result<T, Broken>;

/// What a driver gets wrong: the type, where in its life, and what. Or what kept the harness from finding out.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("{ty}, {step}: {what}")]
pub struct Broken {
    /// The type: `aws:ec2:Vpc`.
    pub ty: &'static str,
    /// Where in its life: `update tags`, `create, killed at call 3 (s3:PutBucketVersioning), its answer lost`.
    pub step: String,
    /// What is wrong, with all that is known about it.
    pub what: String,
}

impl Broken {
    /// The same, with more said about where it was.
    #[must_use]
    pub fn then(self, more: &str) -> Self {
        Self { step: format!("{}, {more}", self.step), ..self }
    }
}
