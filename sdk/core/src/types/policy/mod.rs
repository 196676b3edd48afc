//! [`Policy`]: an IAM policy document, equal to another exactly when it means the same.
//!
//! Two forms. [`Policy`] is plain: what drivers see and states keep. [`PolicyDraft`] is what a program writes: its resources and
//! principals may be outputs. A field of type `Policy` takes either.
//!
//! - [`statement`]: the parts of a statement, each of which has one form for each meaning;
//! - [`canonical`]: a policy as a [`Value`](crate::Value), and reading every spelling of one;
//! - [`json`]: the text that AWS takes and gives, and its size;
//! - [`pack`]: fewer statements with the same meaning, and several policies within a size limit;
//! - [`draft`]: policies of programs; [`trust`]: policies that say who may take a role.
pub mod canonical;
pub mod draft;
pub(crate) mod evaluate;
pub mod json;
pub mod pack;
pub mod statement;
#[cfg(test)]
mod tests;
pub mod trust;

use std::collections::BTreeSet;

pub use draft::{PolicyDraft, StatementDraft};
pub use json::PolicyError;
pub use statement::{Conditions, Effect, Elements, Name, Principal, PrincipalKind, Statement};
pub use trust::Trust;

/// A policy document of version `2012-10-17`.
///
/// These differences mean nothing, so two policies that differ in them only are equal: the order of statements, actions,
/// resources, principals and condition values; doubles; one text or a list of one; the case of actions and of condition keys;
/// `"*"` or `{"AWS": "*"}`; an account's id or the ARN of its root; a number or truth value in a condition or its text. The
/// document's `Id` is a label without meaning and is not kept.
///
/// The spelling of actions is kept as it was written, for people who read it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Policy {
    statements: BTreeSet<Statement>,
}

impl Policy {
    /// A policy without statements: it allows nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// A policy to be written by a program, whose resources and principals may be outputs.
    pub fn draft() -> PolicyDraft {
        PolicyDraft::default()
    }

    /// Adds a statement.
    #[must_use]
    pub fn statement(mut self, statement: Statement) -> Self {
        self.statements.insert(statement);
        self
    }

    /// Adds a statement that allows actions on resources.
    #[must_use]
    pub fn allow<A: Into<Name>, R: Into<smol_str::SmolStr>>(
        self,
        actions: impl IntoIterator<Item = A>,
        resources: impl IntoIterator<Item = R>,
    ) -> Self {
        self.statement(Statement::allow().actions(actions).resources(resources))
    }

    /// Adds a statement that denies actions on resources, whatever else allows them.
    #[must_use]
    pub fn deny<A: Into<Name>, R: Into<smol_str::SmolStr>>(
        self,
        actions: impl IntoIterator<Item = A>,
        resources: impl IntoIterator<Item = R>,
    ) -> Self {
        self.statement(Statement::deny().actions(actions).resources(resources))
    }

    /// The statements, in a fixed order.
    pub fn statements(&self) -> impl ExactSizeIterator<Item = &Statement> {
        self.statements.iter()
    }

    /// True when there are no statements.
    pub fn is_empty(&self) -> bool {
        self.statements.is_empty()
    }
}

impl FromIterator<Statement> for Policy {
    fn from_iter<I: IntoIterator<Item = Statement>>(statements: I) -> Self {
        Self { statements: statements.into_iter().collect() }
    }
}

impl Extend<Statement> for Policy {
    fn extend<I: IntoIterator<Item = Statement>>(&mut self, statements: I) {
        self.statements.extend(statements);
    }
}

impl IntoIterator for Policy {
    type Item = Statement;
    type IntoIter = std::collections::btree_set::IntoIter<Statement>;
    fn into_iter(self) -> Self::IntoIter {
        self.statements.into_iter()
    }
}
