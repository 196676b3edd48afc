//! An account in moto: what one test works in. Settings for the tested program, and four ways to look and act from
//! outside.

use std::{
    collections::BTreeMap,
    fmt,
    sync::atomic::{AtomicU64, Ordering},
};

use serde::Deserialize;
use serde_json::{Map, Value, json};
use thiserror::Error;

use super::{Admin, AdminError, Fault, Moto, MotoError, PlacedRule, Rule};

/// Where accounts are unless told otherwise. Not `us-east-1`, which S3 treats unlike every other region.
const REGION: &str = "eu-west-1";

/// An account of its own in a running moto.
#[derive(Debug)]
pub struct AwsAccount {
    /// Twelve digits.
    pub id: String,
    /// The region that the tested program works in.
    pub region: String,
    /// Where moto listens, for every service.
    pub endpoint: String,
    /// Selects the account: moto reads it from the key, signatures are not checked.
    pub access_key: String,
    /// Any value does.
    pub secret_key: String,
    admin: Admin,
    mark: AtomicU64,
}

impl AwsAccount {
    /// A fresh account in the server that this test process shares.
    pub fn fresh() -> Result<Self, MotoError> {
        Moto::shared()?.account()
    }

    /// An account by its id, in the server behind `admin`. It need not have been used.
    pub fn new(admin: Admin, id: String) -> Self {
        Self {
            region: REGION.to_owned(),
            endpoint: admin.endpoint().to_owned(),
            access_key: format!("LABK0000{id}"),
            secret_key: "lab".to_owned(),
            mark: AtomicU64::new(0),
            admin,
            id,
        }
    }

    /// The same account, seen from another region.
    #[must_use]
    pub fn in_region(self, region: &str) -> Self {
        Self { region: region.to_owned(), ..self }
    }

    /// The environment for a program that should work in this account, and in no other that the machine may know of.
    pub fn env(&self) -> Vec<(String, String)> {
        let pairs = [
            ("AWS_ENDPOINT_URL", self.endpoint.as_str()),
            ("AWS_REGION", &self.region),
            ("AWS_DEFAULT_REGION", &self.region),
            ("AWS_ACCESS_KEY_ID", &self.access_key),
            ("AWS_SECRET_ACCESS_KEY", &self.secret_key),
            // Profiles, and the metadata service, which an SDK would otherwise ask and wait for.
            ("AWS_CONFIG_FILE", "/dev/null"),
            ("AWS_SHARED_CREDENTIALS_FILE", "/dev/null"),
            ("AWS_EC2_METADATA_DISABLED", "true"),
        ];
        pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec()
    }

    /// From here on, [`calls`](Self::calls) begins anew.
    pub fn mark(&self) -> Result<(), AdminError> {
        let (_, next) = self.admin.calls(u64::MAX, Some(&self.id))?;
        self.mark.store(next, Ordering::SeqCst);
        Ok(())
    }

    /// The calls of the tested program in this account since the last [`mark`](Self::mark), in order of arrival. The
    /// lab's own are not among them.
    pub fn calls(&self) -> Result<Vec<Call>, AdminError> {
        Ok(self.all_calls()?.into_iter().filter(|call| !call.lab).collect())
    }

    /// As [`calls`](Self::calls), with those that the lab made itself.
    pub fn all_calls(&self) -> Result<Vec<Call>, AdminError> {
        Ok(self.admin.calls(self.mark.load(Ordering::SeqCst), Some(&self.id))?.0)
    }

    /// What exists in this account, in every region: from moto's memory, not by way of its API.
    pub fn inventory(&self) -> Result<Inventory, AdminError> {
        self.admin.inventory(&self.id, None)
    }

    /// One call by its AWS name, with boto3 as the client: to change something behind the tested program's back, or
    /// to ask for what the inventory does not hold. Parameters and answer are as in the AWS API reference.
    pub fn call(&self, service: &str, operation: &str, params: Value) -> Result<Value, CallError> {
        self.send(service, operation, params, true, true)
    }

    /// As [`call`](Self::call), but sent and logged like a call of the tested program, without boto3's own check of the
    /// parameters: meets fault rules, and reaches the judge with whatever is wrong with it.
    pub fn call_as_program(&self, service: &str, operation: &str, params: Value) -> Result<Value, CallError> {
        self.send(service, operation, params, false, false)
    }

    fn send(
        &self,
        service: &str,
        operation: &str,
        params: Value,
        validate: bool,
        lab: bool,
    ) -> Result<Value, CallError> {
        #[derive(Deserialize)]
        #[serde(rename_all = "lowercase")]
        enum Said {
            Ok(Value),
            Error { code: String, message: String, status: u16 },
        }
        let answer = self.admin.call(&json!({
            "account": self.id, "region": self.region, "service": service, "operation": operation,
            "params": params, "validate": validate, "lab": lab,
        }))?;
        match serde_json::from_value(answer) {
            Ok(Said::Ok(value)) => Ok(value),
            Ok(Said::Error { code, message, status }) => {
                Err(CallError::Aws { operation: operation.to_owned(), code, message, status })
            }
            Err(source) => Err(AdminError::Shape { what: "call".to_owned(), source }.into()),
        }
    }

    /// Has calls of this account go wrong, by a rule. Rules of other accounts are not touched.
    pub fn inject(&self, rule: Rule) -> Result<PlacedRule, AdminError> {
        self.admin.add_rule(&Rule { account: Some(self.id.clone()), ..rule })
    }

    /// The next call of this operation meets `fault`: [`inject`](Self::inject), for the most common rule.
    pub fn fault(&self, service: &str, operation: &str, fault: Fault) -> Result<PlacedRule, AdminError> {
        self.inject(Rule::on(service, operation, fault))
    }

    /// The rules of this account, with how often each was met.
    pub fn rules(&self) -> Result<Vec<PlacedRule>, AdminError> {
        self.admin.rules(Some(&self.id))
    }

    /// Removes the rules of this account.
    pub fn clear_rules(&self) -> Result<(), AdminError> {
        self.admin.clear_rules(Some(&self.id))
    }

    /// Empties the account: resources, tokens and rules. The call log stays.
    pub fn reset(&self) -> Result<(), AdminError> {
        self.admin.reset(Some(&self.id))
    }
}

/// Why a call of the lab's own client failed.
#[derive(Debug, Error)]
pub enum CallError {
    /// The service refused, or the connection was lost (then `status` is 0).
    #[error("{operation}: {code} ({status}): {message}")]
    Aws {
        /// The operation.
        operation: String,
        /// The error's code, as the service writes it.
        code: String,
        /// What it said.
        message: String,
        /// HTTP status.
        status: u16,
    },
    /// The lab could not be asked.
    #[error(transparent)]
    Admin(#[from] AdminError),
}

impl CallError {
    /// The service's error code, if it was the service that refused.
    pub fn code(&self) -> Option<&str> {
        match self {
            Self::Aws { code, .. } => Some(code),
            Self::Admin(_) => None,
        }
    }
}

/// One call that moto was asked to serve.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Call {
    /// Number of the call in this server, from 0, by arrival.
    pub n: u64,
    /// botocore's name of the service. For EC2, IAM, KMS, S3, STS and most others it is also the prefix of IAM actions.
    pub service: String,
    /// AWS's name of the operation; method and path where there is none.
    pub operation: String,
    /// In which account.
    pub account: String,
    /// In which region.
    pub region: String,
    /// What the call is about, as far as its parameters say.
    pub resource: Option<String>,
    /// The idempotency token.
    pub token: Option<String>,
    /// Made by the lab itself, not by the tested program.
    pub lab: bool,
    /// The fault that it met: `lose_response`, ...
    pub fault: Option<String>,
    /// Answered with the first answer to the same token.
    pub replayed: bool,
    /// HTTP status of the answer; none while it is served, and for good where the request was lost.
    pub status: Option<u16>,
    /// What AWS's model does not allow about it.
    pub violations: Vec<String>,
    /// An exception inside moto, which answered 500: a defect of moto, on what is most often a request for something
    /// that is not there.
    pub crash: Option<String>,
}

impl Call {
    /// Service and operation as an IAM policy would write them: `ec2:CreateVpc`. Some IAM actions have another name.
    pub fn name(&self) -> String {
        format!("{}:{}", self.service, self.operation)
    }
}

/// What exists in an account, by kind (`ec2:Vpc`). What AWS makes by itself is left out.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct Inventory {
    /// Kinds with at least one thing, in order.
    pub kinds: BTreeMap<String, Vec<Thing>>,
}

/// One thing that exists.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Thing {
    /// How AWS identifies it: id, ARN or name, by kind; `parent|child` where that takes two.
    pub id: String,
    /// Its name, where the kind has one: for EC2, the tag `Name`.
    pub name: Option<String>,
    /// Where it is; `global` where the kind has no region.
    pub region: String,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
    /// A few more facts, by kind: `vpc`, `cidr`, `key`, ...
    #[serde(flatten)]
    pub more: Map<String, Value>,
}

impl Inventory {
    /// The things of one kind.
    pub fn of(&self, kind: &str) -> &[Thing] {
        self.kinds.get(kind).map_or(&[], Vec::as_slice)
    }

    /// How many there are of one kind.
    pub fn count(&self, kind: &str) -> usize {
        self.of(kind).len()
    }

    /// Nothing exists.
    pub fn is_empty(&self) -> bool {
        self.kinds.is_empty()
    }
}

impl fmt::Display for Inventory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (kind, things) in &self.kinds {
            for thing in things {
                let tags: Vec<_> = thing.tags.iter().map(|(key, value)| format!(" {key}={value}")).collect();
                writeln!(f, "{kind} {} [{}]{}", thing.id, thing.region, tags.concat())?;
            }
        }
        Ok(())
    }
}
