//! Lookups: facts about the world that a program needs as plain values, such as the zones of a region.
//!
//! `stack.lookup(query)?` gives the answer, or leaves the program where there is none yet: the engine fetches it and runs the program
//! again. Answers are kept in the plan, so an apply sees what the plan saw; tests hand them in as data.
use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use smol_str::SmolStr;

use crate::{Map, Plain, Value, graph::ProviderId, provider::ProviderKind};

/// A question to a provider.
pub trait Lookup {
    /// The answer.
    type Answer: Plain;
    /// `aws:ec2:AvailabilityZones`
    const NAME: &'static str;
    /// Who answers.
    const PROVIDER: &'static dyn ProviderKind;
    /// IAM actions that the question needs: `ec2:DescribeAvailabilityZones`.
    const ACTIONS: &'static [&'static str] = &[];

    /// The question as data.
    fn query(&self) -> Map;
}

/// A question, as it is recorded.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Question {
    /// The provider's name in the program.
    pub provider: SmolStr,
    /// The lookup's name.
    pub lookup: SmolStr,
    /// The canonical text of the query.
    pub query: String,
}

/// Answers so far.
pub type Answers = BTreeMap<Question, Value>;

/// A question that the program asked and that has no answer yet.
#[derive(Clone, Debug)]
pub struct Pending {
    /// The question.
    pub question: Question,
    /// Whom to ask.
    pub provider: ProviderId,
    /// The query as data.
    pub query: Map,
}
