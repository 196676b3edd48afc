//! Resource types of a user's own crate, with every kind of field.
use std::{collections::BTreeMap, time::Duration};

use purlin_core::{
    Lifecycle, Map, Object, Outputs, Ref, Resource, Secret, Value,
    builtin::BUILTIN,
    provider::ProviderKind,
    schema::{Actions, Estimate, Facts, FindBy},
};

/// A queue of messages.
///
/// Messages are kept until they are taken.
#[derive(Clone, Resource)]
#[resource("test:msg:Queue", outputs = QueueOutputs, version = 2)]
pub(crate) struct Queue {
    /// Name, at most 40 characters.
    #[field(replace, unique = "queue", within = "region", cooldown_secs = 60, name(max = 40, lower, prefix = "q-"))]
    pub(crate) name: Option<String>,
    /// Region that it is in.
    #[field(replace)]
    pub(crate) region: String,
    /// Keep the order of messages.
    #[field(replace, outage = "data-loss")]
    pub(crate) fifo: bool,
    /// Days that a message is kept.
    #[field(default = 4)]
    pub(crate) retention_days: u32,
    /// Encrypt what is stored. On unless it is said otherwise.
    #[field(default = true)]
    pub(crate) encrypted: bool,
    /// Size of the largest message in KiB.
    #[field(computed, default = 256)]
    pub(crate) max_kib: Option<u32>,
    /// Where messages go that nobody could handle.
    #[field(detach, exists)]
    pub(crate) dead_letters: Option<Ref<Queue>>,
    /// Who may send.
    pub(crate) senders: Vec<Sender>,
    /// Password of the console.
    #[field(write_only)]
    pub(crate) password: Option<Secret<String>>,
    /// Labels.
    #[field(default_tags)]
    pub(crate) labels: BTreeMap<String, String>,
    /// The kind of queue.
    pub(crate) r#type: Option<String>,
}

/// Someone who may send.
#[derive(Clone, Debug, PartialEq, Object)]
pub(crate) struct Sender {
    /// The account.
    pub(crate) account: String,
    /// Messages a second, where there is a limit.
    pub(crate) rate: Option<u32>,
}

/// What a queue tells of itself.
#[derive(Clone, Outputs)]
pub(crate) struct QueueOutputs {
    /// Where to send to.
    pub(crate) url: String,
    /// Messages that wait.
    #[output(volatile)]
    pub(crate) waiting: Option<u32>,
    /// The key of its console.
    pub(crate) key: Secret<String>,
}

impl Lifecycle for Queue {
    const PROVIDER: &'static dyn ProviderKind = &BUILTIN;
    const ACTIONS: Actions = Actions { create: &["msg:CreateQueue"], ..Actions::NONE };
    const FIND: FindBy = FindBy::Name;
    const SETTLE: Duration = Duration::from_secs(3);
    const ESTIMATE: Estimate = Estimate::all(Duration::from_secs(9));
    const STATEFUL: bool = true;
    const CHILDREN: &'static [&'static str] = &["log group"];

    fn predict(fields: &Map, _: &Facts<'_>) -> Map {
        match fields.get("name") {
            Some(Value::Str(name)) => [("url".into(), format!("https://msg/{name}").into())].into(),
            _ => Map::new(),
        }
    }
}

/// A type without required fields and without outputs.
#[derive(Resource)]
#[resource("test:msg:Topic")]
pub(crate) struct Topic {
    /// A text for people.
    pub(crate) note: Option<String>,
}

impl Lifecycle for Topic {
    const PROVIDER: &'static dyn ProviderKind = &BUILTIN;
}
