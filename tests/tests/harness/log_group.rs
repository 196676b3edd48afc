//! A resource type for the tests of the harness: log groups of CloudWatch, with a driver that is right, and that can be
//! told to be wrong in one way ([`Flaw`]).
//!
//! Its calls go through the lab's own client, marked as the tested program's: so no SDK is needed, and faults meet them.
use std::sync::Arc;

use purlin_core::{
    Lifecycle, Map, Outputs, Resource, Schema, Value as Field,
    driver::{
        ApiCall, BoxFuture, Call, Created, Driver, Failure, Found, Kind, Known, OPERATION_TAG, Observed, Progress,
        Typed, TypedDriver, Wanted,
    },
    provider::{Connection, Identity, ProviderConfig, ProviderKind},
    schema::{Actions, FindBy},
    types::Tags,
};
use purlin_tests::{
    AwsAccount,
    counterpart::moto::{Admin, CallError},
};
use serde_json::{Value, json};

/// What the driver gets wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Flaw {
    /// Nothing.
    None,
    /// A sync that leaves the retention as it is.
    ForgetsRetention,
    /// A create that sets the tags in a second call.
    TagsLate,
    /// A find that sees nothing, so that the next create meets the name.
    NeverFinds,
    /// The same, with names that are new each time, so that the next create succeeds.
    MakesAnother,
    /// A delete for which "not found" is an error.
    DeletesOnce,
    /// A read that gives back what is recorded.
    EchoesTheRecord,
    /// A sync that takes no notice of a failed call.
    Swallows,
    /// A read that calls something that the type does not declare.
    Undeclared,
}

/// A log group.
#[derive(Clone, Debug, PartialEq, Eq, Resource)]
#[resource("lab:logs:LogGroup", outputs = LogGroupOutputs)]
pub(crate) struct LogGroup {
    /// Its name.
    #[field(replace, unique = "log-group", name(max = 100))]
    pub(crate) name: Option<String>,
    /// Days after which events are dropped.
    pub(crate) retention: Option<i64>,
    /// Tags.
    #[field(default_tags)]
    pub(crate) tags: Tags,
}

/// What a log group tells.
#[derive(Clone, Debug, PartialEq, Eq, Outputs)]
pub(crate) struct LogGroupOutputs {
    /// Its ARN.
    pub(crate) arn: String,
}

impl Lifecycle for LogGroup {
    const PROVIDER: &'static dyn ProviderKind = &LAB;
    const ACTIONS: Actions = Actions {
        create: &["logs:CreateLogGroup", "logs:TagResource"],
        read: &["logs:DescribeLogGroups", "logs:ListTagsForResource"],
        sync: &["logs:PutRetentionPolicy", "logs:DeleteRetentionPolicy", "logs:TagResource", "logs:UntagResource"],
        delete: &["logs:DeleteLogGroup", "logs:DeleteDataProtectionPolicy"],
    };
    const FIND: FindBy = FindBy::Name;
}

/// The kind of provider: an account of the lab.
pub(crate) static LAB: LabKind = LabKind;

pub(crate) struct LabKind;

/// The provider for an account, with a flaw.
pub(crate) fn provider(aws: &AwsAccount, flaw: Flaw) -> ProviderConfig {
    let settings = [("endpoint", aws.endpoint.clone()), ("account", aws.id.clone()), ("flaw", format!("{flaw:?}"))];
    let config = settings.map(|(name, value)| (name.into(), purlin_core::Expr::Value(value.into()))).to_vec();
    ProviderConfig { config, ..ProviderConfig::ambient(&LAB) }
}

impl ProviderKind for LabKind {
    fn name(&self) -> &'static str {
        "lab"
    }

    fn types(&self) -> &'static [&'static Schema] {
        static TYPES: std::sync::LazyLock<[&'static Schema; 1]> = std::sync::LazyLock::new(|| [LogGroup::schema()]);
        &*TYPES
    }

    fn connect<'a>(&'a self, config: &'a Map) -> BoxFuture<'a, Result<Arc<dyn Connection>, Failure>> {
        const FLAWS: [Flaw; 9] = [
            Flaw::None,
            Flaw::ForgetsRetention,
            Flaw::TagsLate,
            Flaw::NeverFinds,
            Flaw::MakesAnother,
            Flaw::DeletesOnce,
            Flaw::EchoesTheRecord,
            Flaw::Swallows,
            Flaw::Undeclared,
        ];
        let text = |name: &str| config.get(name).and_then(|v| v.as_str()).unwrap_or_default().to_owned();
        let flaw = FLAWS.into_iter().find(|f| format!("{f:?}") == text("flaw")).expect("a flaw of the list");
        let aws = Arc::new(AwsAccount::new(Admin::at(&text("endpoint")), text("account")));
        Box::pin(async move { Ok(Arc::new(Lab { aws, flaw }) as Arc<dyn Connection>) })
    }
}

struct Lab {
    aws: Arc<AwsAccount>,
    flaw: Flaw,
}

impl Connection for Lab {
    fn identity(&self) -> BoxFuture<'_, Result<Identity, Failure>> {
        Box::pin(async { Ok(Identity { id: format!("lab:{}", self.aws.id).into(), facts: Map::new() }) })
    }

    fn driver(&self, _: &'static Schema) -> Option<Arc<dyn Driver>> {
        Some(Arc::new(Typed(LogGroups { aws: self.aws.clone(), flaw: self.flaw })))
    }

    fn lookup<'a>(&'a self, name: &'a str, _: &'a Map) -> BoxFuture<'a, Result<Field, Failure>> {
        Box::pin(async move { Err(Failure::new(Kind::Invalid, format!("there is no lookup {name}"))) })
    }
}

struct LogGroups {
    aws: Arc<AwsAccount>,
    flaw: Flaw,
}

impl TypedDriver for LogGroups {
    type Resource = LogGroup;

    async fn create(&self, call: &Call, wanted: &LogGroup) -> Result<Created<Observed<LogGroup>>, Failure> {
        let name = match self.flaw {
            Flaw::MakesAnother => format!("{}.{}", name(wanted), call.operation),
            _ => name(wanted),
        };
        let mut tags = json!(wanted.tags.iter().collect::<std::collections::BTreeMap<_, _>>());
        tags[OPERATION_TAG] = json!(call.operation.as_str());
        if self.flaw == Flaw::TagsLate {
            self.send("CreateLogGroup", json!({"logGroupName": name}))?;
            self.send("TagResource", json!({"resourceArn": self.arn(&name), "tags": tags}))?;
        } else {
            self.send("CreateLogGroup", json!({"logGroupName": name, "tags": tags}))?;
        }
        Ok(Created::id(name))
    }

    async fn read(&self, objects: &[Known<LogGroup>]) -> Result<Vec<Option<Observed<LogGroup>>>, Failure> {
        if self.flaw == Flaw::Undeclared {
            self.send("DescribeDestinations", json!({}))?;
        }
        objects.iter().map(|object| self.look(object)).collect()
    }

    async fn sync(&self, _: &Call, id: &str, live: &LogGroup, wanted: &LogGroup) -> Result<(), Failure> {
        if live.retention != wanted.retention && self.flaw != Flaw::ForgetsRetention {
            let sent = match wanted.retention {
                Some(days) => self.send("PutRetentionPolicy", json!({"logGroupName": id, "retentionInDays": days})),
                None => self.send("DeleteRetentionPolicy", json!({"logGroupName": id})),
            };
            if self.flaw != Flaw::Swallows {
                sent?;
            }
        }
        let gone: Vec<_> = live.tags.iter().map(|(key, _)| key).filter(|key| wanted.tags.get(key).is_none()).collect();
        if !gone.is_empty() {
            self.send("UntagResource", json!({"resourceArn": self.arn(id), "tagKeys": gone}))?;
        }
        let new: serde_json::Map<_, _> = wanted
            .tags
            .iter()
            .filter(|(key, value)| live.tags.get(key) != Some(value))
            .map(|(key, value)| (key.to_owned(), json!(value)))
            .collect();
        if !new.is_empty() {
            self.send("TagResource", json!({"resourceArn": self.arn(id), "tags": new}))?;
        }
        Ok(())
    }

    async fn delete(&self, _: &Call, object: &Wanted<LogGroup>) -> Result<Progress, Failure> {
        match self.send("DeleteLogGroup", json!({"logGroupName": object.id.as_str()})) {
            Err(failure) if failure.kind == Kind::NotFound && self.flaw != Flaw::DeletesOnce => Ok(Progress::Done),
            other => other.map(|_| Progress::Done),
        }
    }

    async fn find(&self, call: &Call, wanted: &LogGroup) -> Result<Found, Failure> {
        let name = name(wanted);
        if matches!(self.flaw, Flaw::NeverFinds | Flaw::MakesAnother) || self.describe(&name)?.is_none() {
            return Ok(Found::Absent);
        }
        Ok(match self.tags(&name)?.get(OPERATION_TAG) {
            Some(op) if op == call.operation.as_str() => Found::One(name.into()),
            _ => Found::Ambiguous(format!("a log group {name} is there, and was not made by this operation")),
        })
    }
}

impl LogGroups {
    fn look(&self, object: &Known<LogGroup>) -> Result<Option<Observed<LogGroup>>, Failure> {
        let Some(group) = self.describe(&object.id)? else { return Ok(None) };
        let retention = match (&object.fields, self.flaw) {
            (record, Flaw::EchoesTheRecord) => record.as_ref().and_then(|fields| fields.retention),
            _ => group["retentionInDays"].as_i64(),
        };
        let name = match object.id.split_once('.') {
            Some((name, _)) if self.flaw == Flaw::MakesAnother => name.to_owned(),
            _ => object.id.to_string(),
        };
        let tags = self.tags(&object.id)?.without_reserved();
        let outputs = LogGroupOutputs { arn: self.arn(&object.id) };
        Ok(Some(Observed { fields: LogGroup { name: Some(name), retention, tags }, outputs }))
    }

    fn describe(&self, name: &str) -> Result<Option<Value>, Failure> {
        let answer = self.send("DescribeLogGroups", json!({"logGroupNamePrefix": name}))?;
        let groups = answer["logGroups"].as_array().cloned().unwrap_or_default();
        Ok(groups.into_iter().find(|group| group["logGroupName"] == name))
    }

    fn tags(&self, name: &str) -> Result<Tags, Failure> {
        let answer = self.send("ListTagsForResource", json!({"resourceArn": self.arn(name)}))?;
        let tags = answer["tags"].as_object().cloned().unwrap_or_default();
        Ok(tags.into_iter().map(|(key, value)| (key, value.as_str().unwrap_or_default().to_owned())).collect())
    }

    fn arn(&self, name: &str) -> String {
        format!("arn:aws:logs:{}:{}:log-group:{name}", self.aws.region, self.aws.id)
    }

    fn send(&self, operation: &str, params: Value) -> Result<Value, Failure> {
        self.aws.call_as_program("logs", operation, params).map_err(|error| {
            let (kind, lost) = match &error {
                CallError::Aws { status: 0, .. } | CallError::Admin(_) => (Kind::Unavailable, true),
                CallError::Aws { code, .. } if code == "ResourceNotFoundException" => (Kind::NotFound, false),
                CallError::Aws { code, .. } if code == "ResourceAlreadyExistsException" => (Kind::AlreadyExists, false),
                CallError::Aws { .. } => (Kind::Invalid, false),
            };
            let call = ApiCall {
                service: "logs".into(),
                operation: operation.into(),
                request_id: None,
                code: error.code().map(str::to_owned),
                status: None,
            };
            let failure = Failure::new(kind, error.to_string()).call(call);
            if lost { failure.in_doubt() } else { failure }
        })
    }
}

fn name(group: &LogGroup) -> String {
    group.name.clone().expect("the engine gives a name")
}
