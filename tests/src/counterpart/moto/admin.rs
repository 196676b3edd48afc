//! The lab's own interface to a running moto, under `/_lab/`: a small JSON client, no AWS.

use std::time::Duration;

use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Value, json};
use thiserror::Error;
use ureq::Agent;

use super::{Call, Inventory, PlacedRule, Rule};

/// The lab's interface did not do what it was asked.
#[derive(Debug, Error)]
pub enum AdminError {
    /// No answer: most likely nothing listens there (any more).
    #[error("the lab at {endpoint} does not answer")]
    Unreachable {
        /// Who was asked.
        endpoint: String,
        /// What came instead of an answer.
        source: Box<ureq::Error>,
    },
    /// An answer that says what went wrong.
    #[error("the lab refused {what}: {answer}")]
    Refused {
        /// What was asked.
        what: String,
        /// What it said.
        answer: String,
    },
    /// An answer of another shape than this client knows.
    #[error("the lab's answer to {what} is not understood")]
    Shape {
        /// What was asked.
        what: String,
        /// What is wrong with it.
        source: serde_json::Error,
    },
}

/// A client of `/_lab/`. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Admin {
    endpoint: String,
    agent: Agent,
}

impl Admin {
    /// A client for the moto that listens at `endpoint`, for instance one that `lab up` started.
    pub fn at(endpoint: &str) -> Self {
        let config = Agent::config_builder()
            .proxy(None) // loopback only, whatever the environment says
            .http_status_as_error(false)
            .timeout_global(Some(Duration::from_secs(60)))
            .build();
        Self { endpoint: endpoint.trim_end_matches('/').to_owned(), agent: config.into() }
    }

    /// Whom it asks.
    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// The id of an account that nobody has used yet: twelve digits.
    pub fn new_account(&self) -> Result<String, AdminError> {
        #[derive(Deserialize)]
        struct Fresh {
            account: String,
        }
        let Fresh { account } = self.post("account", &json!({}))?;
        Ok(account)
    }

    /// Calls with number `since` or later, of one account or of all, and the number that the next call will have.
    pub fn calls(&self, since: u64, account: Option<&str>) -> Result<(Vec<Call>, u64), AdminError> {
        #[derive(Deserialize)]
        struct Log {
            calls: Vec<Call>,
            next: u64,
        }
        let Log { calls, next } = self.get(&with_account(&format!("calls?since={since}"), account))?;
        Ok((calls, next))
    }

    /// What exists in an account, in one region or in all.
    pub fn inventory(&self, account: &str, region: Option<&str>) -> Result<Inventory, AdminError> {
        let region = region.map(|r| format!("&region={r}")).unwrap_or_default();
        self.get(&format!("inventory?account={account}{region}"))
    }

    /// Forgets everything of an account, or of all: resources, tokens, fault rules. The call log stays.
    pub fn reset(&self, account: Option<&str>) -> Result<(), AdminError> {
        let _: Value = self.post(&with_account("reset?", account), &json!({}))?;
        Ok(())
    }

    /// Adds a fault rule.
    pub fn add_rule(&self, rule: &Rule) -> Result<PlacedRule, AdminError> {
        self.post("rules", &json!(rule))
    }

    /// The fault rules of an account, or all.
    pub fn rules(&self, account: Option<&str>) -> Result<Vec<PlacedRule>, AdminError> {
        #[derive(Deserialize)]
        struct Placed {
            rules: Vec<PlacedRule>,
        }
        let Placed { rules } = self.get(&with_account("rules?", account))?;
        Ok(rules)
    }

    /// Removes the fault rules of an account, or all.
    pub fn clear_rules(&self, account: Option<&str>) -> Result<(), AdminError> {
        let what = with_account("rules?", account);
        let url = format!("{}/_lab/{what}", self.endpoint);
        let _: Value = self.read(&what, self.agent.delete(url).call())?;
        Ok(())
    }

    /// Has the lab's own client make one call. The answer is `{"ok": ...}` or `{"error": {...}}`.
    pub(super) fn call(&self, request: &Value) -> Result<Value, AdminError> {
        self.post("call", request)
    }

    fn get<T: DeserializeOwned>(&self, what: &str) -> Result<T, AdminError> {
        let url = format!("{}/_lab/{what}", self.endpoint);
        self.read(what, self.agent.get(url).call())
    }

    fn post<T: DeserializeOwned>(&self, what: &str, body: &Value) -> Result<T, AdminError> {
        let url = format!("{}/_lab/{what}", self.endpoint);
        self.read(what, self.agent.post(url).send_json(body))
    }

    fn read<T: DeserializeOwned>(
        &self,
        what: &str,
        answer: Result<ureq::http::Response<ureq::Body>, ureq::Error>,
    ) -> Result<T, AdminError> {
        let unreachable =
            |source| AdminError::Unreachable { endpoint: self.endpoint.clone(), source: Box::new(source) };
        let mut answer = answer.map_err(unreachable)?;
        let status = answer.status();
        let text = answer.body_mut().read_to_string().map_err(unreachable)?;
        if !status.is_success() {
            return Err(AdminError::Refused { what: what.to_owned(), answer: text });
        }
        serde_json::from_str(&text).map_err(|source| AdminError::Shape { what: what.to_owned(), source })
    }
}

fn with_account(path: &str, account: Option<&str>) -> String {
    account.map_or_else(|| path.to_owned(), |account| format!("{path}&account={account}"))
}
