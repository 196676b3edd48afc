//! The resource types that scripts are written with: each has a few of the rules that a type can have.
//!
//! | type | what is special about it |
//! |---|---|
//! | `Net` | `cidr` replaces; `tags` take the provider's default tags; the output `dns` stays through updates |
//! | `Sub` | the link `net` replaces; `cidr` is unique within the net |
//! | `Host` | the link `sub` replaces; nothing is unique |
//! | `Key` | the output `arn` is only known once it is made |
//! | `Bucket` | `name` is unique and made by the engine; id and `arn` are certain before the create; `key` can be changed in place |
//! | `Policy` | an update may change the output `version` (a change of `text` does, one of `note` does not) |
//! | `Group` | `pin` and `name` replace, `name` is unique; an interrupted create is told by its natural key only |
//! | `App` | links: `net` changes in place, `key` can be detached, `cluster` only has to exist; `pin` replaces |
//! | `Login` | `password` is secret and cannot be read back; the output `token` is secret |
//! | `Cluster` | takes three looks until it is ready; `endpoint` is known only then; its create tells no more than the id |
//! | `Disk` | the service picks `size` where the program does not |
//! | `Topic` | takes up to 30 seconds to be seen by others |
//! | `Channel` | a later name of the type `Topic` |
use std::time::Duration;

use purlin_core::{
    Lifecycle, Map, Outputs, Ref, Resource, Schema, Secret, Value,
    provider::ProviderKind,
    schema::{Estimate, Facts, FindBy},
    types::Tags,
};

use super::cloud::TEST;

/// A network.
#[derive(Resource)]
#[resource("test:net:Net", outputs = NetOutputs)]
pub(super) struct Net {
    /// Its range.
    #[field(replace)]
    cidr: String,
    /// A remark.
    note: Option<String>,
    /// Tags.
    #[field(default_tags)]
    tags: Tags,
}

/// What a network tells.
#[derive(Outputs)]
pub(super) struct NetOutputs {
    /// Its resolver.
    dns: String,
}

impl Lifecycle for Net {
    const PROVIDER: &'static dyn ProviderKind = &TEST;
}

/// A part of a network.
#[derive(Resource)]
#[resource("test:net:Sub")]
pub(super) struct Sub {
    /// Its network.
    #[field(replace)]
    net: Ref<Net>,
    /// Its range.
    #[field(replace, unique = "sub-cidr", within = "net")]
    cidr: String,
    /// Where it is.
    #[field(replace)]
    zone: Option<String>,
    /// A remark.
    note: Option<String>,
}

impl Lifecycle for Sub {
    const PROVIDER: &'static dyn ProviderKind = &TEST;
}

/// A machine.
#[derive(Resource)]
#[resource("test:net:Host")]
pub(super) struct Host {
    /// Where it stands.
    #[field(replace)]
    sub: Ref<Sub>,
    /// A remark.
    note: Option<String>,
}

impl Lifecycle for Host {
    const PROVIDER: &'static dyn ProviderKind = &TEST;
    const ESTIMATE: Estimate = Estimate::all(Duration::from_secs(60));
}

/// A key.
#[derive(Resource)]
#[resource("test:kms:Key", outputs = KeyOutputs)]
pub(super) struct Key {
    /// Its kind.
    #[field(replace)]
    spec: Option<String>,
    /// Change it once a year.
    rotation: bool,
}

/// What a key tells.
#[derive(Outputs)]
pub(super) struct KeyOutputs {
    /// Its name in full.
    arn: String,
}

impl Lifecycle for Key {
    const PROVIDER: &'static dyn ProviderKind = &TEST;
}

/// A place for objects.
#[derive(Resource)]
#[resource("test:s3:Bucket", outputs = BucketOutputs)]
pub(super) struct Bucket {
    /// Its name, which is its id.
    #[field(replace, unique = "bucket", name(max = 40, lower))]
    name: Option<String>,
    /// Where it is.
    #[field(replace)]
    zone: Option<String>,
    /// Keep old versions.
    versioned: bool,
    /// Key that encrypts.
    key: Option<Ref<Key>>,
}

/// What a bucket tells.
#[derive(Outputs)]
pub(super) struct BucketOutputs {
    /// Its name in full.
    arn: String,
    /// Where it is reached.
    url: String,
}

impl Lifecycle for Bucket {
    const PROVIDER: &'static dyn ProviderKind = &TEST;
    const FIND: FindBy = FindBy::Name;

    fn predict(fields: &Map, _: &Facts<'_>) -> Map {
        match fields.get("name") {
            Some(Value::Str(name)) => {
                [("id".into(), name.clone().into()), ("arn".into(), format!("arn:{name}").into())].into()
            }
            _ => Map::new(),
        }
    }
}

/// A document with versions.
#[derive(Resource)]
#[resource("test:iam:Policy", outputs = PolicyOutputs)]
pub(super) struct Policy {
    /// What it says.
    text: String,
    /// A remark.
    note: Option<String>,
}

/// What a document tells.
#[derive(Outputs)]
pub(super) struct PolicyOutputs {
    /// Counts up with the text.
    #[output(volatile)]
    version: String,
}

impl Lifecycle for Policy {
    const PROVIDER: &'static dyn ProviderKind = &TEST;
}

/// A group.
#[derive(Resource)]
#[resource("test:iam:Group")]
pub(super) struct Group {
    /// Its name.
    #[field(replace, unique = "group")]
    name: Option<String>,
    /// What it is made for.
    #[field(replace)]
    pin: Option<String>,
    /// A remark.
    note: Option<String>,
}

impl Lifecycle for Group {
    const PROVIDER: &'static dyn ProviderKind = &TEST;
    const FIND: FindBy = FindBy::NaturalKey;
}

/// A program that runs.
#[derive(Resource)]
#[resource("test:run:App", outputs = AppOutputs)]
pub(super) struct App {
    /// What runs.
    image: String,
    /// What it is made for.
    #[field(replace)]
    pin: Option<String>,
    /// Its network.
    net: Option<Ref<Net>>,
    /// Its key.
    #[field(detach)]
    key: Option<Ref<Key>>,
    /// Its cluster.
    #[field(exists)]
    cluster: Option<Ref<Cluster>>,
}

/// What a program tells.
#[derive(Outputs)]
pub(super) struct AppOutputs {
    /// Where it answers.
    url: String,
}

impl Lifecycle for App {
    const PROVIDER: &'static dyn ProviderKind = &TEST;
}

/// An account of a person.
#[derive(Resource)]
#[resource("test:iam:Login", outputs = LoginOutputs)]
pub(super) struct Login {
    /// Who.
    user: String,
    /// The word to enter.
    #[field(write_only)]
    password: Secret<String>,
}

/// What an account tells.
#[derive(Outputs)]
pub(super) struct LoginOutputs {
    /// Lets in without the word.
    token: Secret<String>,
}

impl Lifecycle for Login {
    const PROVIDER: &'static dyn ProviderKind = &TEST;
}

/// Something slow.
#[derive(Resource)]
#[resource("test:run:Cluster", outputs = ClusterOutputs)]
pub(super) struct Cluster {
    /// Its name.
    #[field(replace, unique = "cluster")]
    name: Option<String>,
    /// What it is made for.
    #[field(replace)]
    pin: Option<String>,
    /// How many machines.
    size: Option<i64>,
}

/// What a cluster tells.
#[derive(Outputs)]
pub(super) struct ClusterOutputs {
    /// Where it answers, once it is ready.
    endpoint: Option<String>,
}

impl Lifecycle for Cluster {
    const PROVIDER: &'static dyn ProviderKind = &TEST;
    const ESTIMATE: Estimate = Estimate::all(Duration::from_secs(600));
}

/// Storage.
#[derive(Resource)]
#[resource("test:run:Disk")]
pub(super) struct Disk {
    /// GiB.
    #[field(computed)]
    size: Option<i64>,
    /// Encrypt it.
    encrypted: bool,
}

impl Lifecycle for Disk {
    const PROVIDER: &'static dyn ProviderKind = &TEST;
}

/// A channel.
#[derive(Resource)]
#[resource("test:msg:Topic")]
pub(super) struct Topic {
    /// A remark.
    note: Option<String>,
}

impl Lifecycle for Topic {
    const PROVIDER: &'static dyn ProviderKind = &TEST;
    const SETTLE: Duration = Duration::from_secs(30);
}

/// What a channel is called now.
#[derive(Resource)]
#[resource("test:msg:Channel")]
pub(super) struct Channel {
    /// A remark.
    note: Option<String>,
}

impl Lifecycle for Channel {
    const PROVIDER: &'static dyn ProviderKind = &TEST;
}

/// All of them.
pub(super) fn all() -> &'static [&'static Schema] {
    static ALL: std::sync::LazyLock<Vec<&'static Schema>> = std::sync::LazyLock::new(|| {
        vec![
            Net::schema(),
            Sub::schema(),
            Host::schema(),
            Key::schema(),
            Bucket::schema(),
            Policy::schema(),
            Group::schema(),
            App::schema(),
            Login::schema(),
            Cluster::schema(),
            Disk::schema(),
            Topic::schema(),
            Channel::schema(),
        ]
    });
    &ALL
}

/// The type of a short name.
pub(super) fn named(short: &str) -> &'static Schema {
    let found = all().iter().find(|s| s.name.rsplit(':').next() == Some(short));
    found.unwrap_or_else(|| panic!("there is no type `{short}`"))
}
