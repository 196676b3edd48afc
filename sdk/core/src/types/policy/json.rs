//! The JSON text of a policy: what AWS takes and gives.
use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use smol_str::SmolStr;

use super::{Elements, Name, Policy, Statement, canonical};
use crate::{Plain, Value, plain::Mismatch};

/// A policy cannot be read or packed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PolicyError {
    /// The text is not JSON.
    #[error("the policy is not JSON: {0}")]
    Syntax(String),
    /// The JSON is not a policy.
    #[error("the policy cannot be read: {0}")]
    Shape(#[from] Mismatch),
    /// One statement alone is larger than the limit.
    #[error("a statement of {size} characters does not fit into a policy of {limit}: {statement}")]
    TooLarge {
        /// The size of a policy with this statement alone.
        size: usize,
        /// The limit.
        limit: usize,
        /// The start of the statement's JSON.
        statement: String,
    },
}

impl Policy {
    /// The shortest JSON text: without white space, and with one text where a list has one item.
    pub fn to_json(&self) -> String {
        let document = Document { version: canonical::VERSION, statement: self.statements().map(View::of).collect() };
        serde_json::to_string(&document).unwrap_or_default()
    }

    /// The JSON text for people: indented by two.
    pub fn to_json_pretty(&self) -> String {
        let document = Document { version: canonical::VERSION, statement: self.statements().map(View::of).collect() };
        serde_json::to_string_pretty(&document).unwrap_or_default()
    }

    /// Reads a policy as AWS gives it.
    ///
    /// # Errors
    /// The text is not JSON, or has other elements than a policy has.
    pub fn from_json(text: &str) -> Result<Self, PolicyError> {
        let value: Value = serde_json::from_str(text).map_err(|e| PolicyError::Syntax(e.to_string()))?;
        Ok(Self::decode(&value)?)
    }

    /// The size as IAM counts it: characters of the JSON text without white space.
    pub fn size(&self) -> usize {
        self.to_json().chars().filter(|c| !c.is_whitespace()).count()
    }
}

/// The JSON of one statement, cut for a message.
pub(super) fn excerpt(statement: &Statement) -> String {
    let text = serde_json::to_string(&View::of(statement)).unwrap_or_default();
    let mut short: String = text.chars().take(160).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    short
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Document<'a> {
    version: &'static str,
    statement: Vec<View<'a>>,
}

/// A statement in the order in which people write one.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct View<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    sid: Option<&'a str>,
    effect: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    principal: Option<BTreeMap<&'static str, Texts<'a>>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    not_principal: Option<BTreeMap<&'static str, Texts<'a>>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    action: Option<Texts<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    not_action: Option<Texts<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    resource: Option<Texts<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    not_resource: Option<Texts<'a>>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    condition: BTreeMap<&'a str, BTreeMap<&'a str, Texts<'a>>>,
}

/// One text, or a list.
#[derive(Serialize)]
#[serde(untagged)]
enum Texts<'a> {
    One(&'a str),
    Many(Vec<&'a str>),
}

impl<'a> Texts<'a> {
    fn of(items: Vec<&'a str>) -> Self {
        match items.as_slice() {
            [one] => Self::One(one),
            _ => Self::Many(items),
        }
    }
}

impl<'a> View<'a> {
    fn of(statement: &'a Statement) -> Self {
        let (principal, not_principal) = both(&statement.principals, |set| {
            canonical::by_kind(set).into_iter().map(|(kind, names)| (kind.as_str(), Texts::of(names))).collect()
        });
        let (action, not_action) = both(&statement.actions, |set| Texts::of(set.iter().map(Name::as_str).collect()));
        let (resource, not_resource) =
            both(&statement.resources, |set| Texts::of(set.iter().map(SmolStr::as_str).collect()));
        let condition = statement.conditions.iter().map(|(operator, keys)| {
            let keys = keys.iter().map(|(k, v)| (k.as_str(), Texts::of(v.iter().map(SmolStr::as_str).collect())));
            (operator.as_str(), keys.collect())
        });
        Self {
            sid: statement.sid.as_deref(),
            effect: statement.effect.as_str(),
            principal,
            not_principal,
            action,
            not_action,
            resource,
            not_resource,
            condition: condition.collect(),
        }
    }
}

/// The part as `Action` or as `NotAction`.
fn both<'a, T, V>(part: &'a Elements<T>, view: impl Fn(&'a BTreeSet<T>) -> V) -> (Option<V>, Option<V>) {
    match part {
        Elements::Only(set) if set.is_empty() => (None, None),
        Elements::Only(set) => (Some(view(set)), None),
        Elements::AllBut(set) => (None, Some(view(set))),
    }
}
