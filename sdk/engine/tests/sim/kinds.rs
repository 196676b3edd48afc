//! The resource types of the fake cloud: between them they have every trait that the engine treats in a way of its own.
//!
//! | type | found by | name | readiness | links |
//! |---|---|---|---|---|
//! | `Net` | tag, with read lag | none | at once | none |
//! | `Bucket` | unique name, which is its id | given or made | at once | `key`, detachable |
//! | `Key` | token | none | slow | none |
//! | `Sub` | tag, with read lag | unique block within its net | at once | `net`, replaces |
//! | `Attach` | natural key: no tags | none | at once | `bucket` and `sub`, both replace |
//! | `Server` | token | none | slow, and needs several calls; drains on delete | `sub` replaces, `disk` detachable |
//! | `Note` | tag | none | at once | `about`, which need only exist; `text` of outputs |
use std::{sync::LazyLock, time::Duration};

use purlin_core::{
    Lifecycle, Map, Outputs, Ref, Resource, Schema, Secret, Value,
    provider::ProviderKind,
    schema::{Estimate, Facts, FindBy},
};

use super::driver::SIM;

/// How long a new object of a lagging type may stay unseen.
pub(crate) const SETTLE: Duration = Duration::from_secs(4);

/// A network.
#[derive(Resource)]
#[resource("sim:x:Net", outputs = NetOutputs)]
pub(crate) struct Net {
    /// Its range.
    #[field(replace)]
    pub(crate) cidr: Option<String>,
    /// A text for people.
    pub(crate) label: Option<String>,
    /// How large it is; the cloud picks one.
    #[field(computed)]
    pub(crate) size: Option<i64>,
}

/// What a network tells.
#[derive(Outputs)]
pub(crate) struct NetOutputs {
    /// Its name in the world.
    pub(crate) arn: String,
    /// Counts its changes.
    #[output(volatile)]
    pub(crate) revision: i64,
}

/// A place for objects.
#[derive(Resource)]
#[resource("sim:x:Bucket", outputs = BucketOutputs)]
pub(crate) struct Bucket {
    /// Its name.
    #[field(replace, unique = "bucket", name(max = 40, lower))]
    pub(crate) name: Option<String>,
    /// Where it is.
    #[field(replace)]
    pub(crate) zone: Option<String>,
    /// A text for people.
    pub(crate) label: Option<String>,
    /// How large it is.
    pub(crate) size: Option<i64>,
    /// What encrypts it.
    #[field(detach)]
    pub(crate) key: Option<Ref<Key>>,
}

/// What a bucket tells.
#[derive(Outputs)]
pub(crate) struct BucketOutputs {
    /// Its name in the world.
    pub(crate) arn: String,
}

/// A key.
#[derive(Resource)]
#[resource("sim:x:Key", outputs = KeyOutputs)]
pub(crate) struct Key {
    /// What it is for.
    #[field(replace)]
    pub(crate) usage: Option<String>,
    /// A text for people.
    pub(crate) label: Option<String>,
}

/// What a key tells.
#[derive(Outputs)]
pub(crate) struct KeyOutputs {
    /// Its name in the world.
    pub(crate) arn: String,
    /// What must never be seen.
    pub(crate) material: Secret<String>,
    /// Counts its changes.
    #[output(volatile)]
    pub(crate) revision: i64,
}

/// A part of a network.
#[derive(Resource)]
#[resource("sim:x:Sub", outputs = SubOutputs)]
pub(crate) struct Sub {
    /// Its network.
    #[field(replace)]
    pub(crate) net: Ref<Net>,
    /// Which part.
    #[field(replace, unique = "block", within = "net")]
    pub(crate) block: String,
    /// A text for people.
    pub(crate) label: Option<String>,
}

/// What a part of a network tells.
#[derive(Outputs)]
pub(crate) struct SubOutputs {
    /// Its name in the world.
    pub(crate) arn: String,
}

/// A bucket in a part of a network: has no tags of its own.
#[derive(Resource)]
#[resource("sim:x:Attach")]
pub(crate) struct Attach {
    /// The bucket.
    #[field(replace)]
    pub(crate) bucket: Ref<Bucket>,
    /// The part of a network.
    #[field(replace)]
    pub(crate) sub: Ref<Sub>,
    /// How strongly.
    pub(crate) size: Option<i64>,
}

/// A machine.
#[derive(Resource)]
#[resource("sim:x:Server", outputs = ServerOutputs)]
pub(crate) struct Server {
    /// Where it stands.
    #[field(replace)]
    pub(crate) sub: Ref<Sub>,
    /// What it reads.
    #[field(detach)]
    pub(crate) disk: Option<Ref<Bucket>>,
    /// A text for people.
    pub(crate) label: Option<String>,
    /// How large it is.
    pub(crate) size: Option<i64>,
    /// How to enter it.
    #[field(write_only)]
    pub(crate) password: Option<Secret<String>>,
}

/// What a machine tells.
#[derive(Outputs)]
pub(crate) struct ServerOutputs {
    /// Its address.
    #[output(volatile)]
    pub(crate) ip: String,
    /// Its name in the world.
    pub(crate) arn: String,
}

/// A text about other things.
#[derive(Resource)]
#[resource("sim:x:Note")]
pub(crate) struct Note {
    /// What it is about.
    #[field(exists)]
    pub(crate) about: Option<Ref<Server>>,
    /// What it says.
    pub(crate) text: Option<String>,
    /// A text for people.
    pub(crate) label: Option<String>,
}

macro_rules! lifecycle {
    ($($ty:ty, $find:expr, $settle:expr, $seconds:expr;)*) => {$(
        impl Lifecycle for $ty {
            const PROVIDER: &'static dyn ProviderKind = &SIM;
            const FIND: FindBy = $find;
            const SETTLE: Duration = $settle;
            const ESTIMATE: Estimate = Estimate::all(Duration::from_secs($seconds));
        }
    )*};
}
lifecycle! {
    Net, FindBy::Tag, SETTLE, 2;
    Key, FindBy::Token, Duration::ZERO, 9;
    Sub, FindBy::Tag, SETTLE, 1;
    Attach, FindBy::NaturalKey, Duration::ZERO, 1;
    Server, FindBy::Token, Duration::ZERO, 30;
    Note, FindBy::Tag, SETTLE, 1;
}

impl Lifecycle for Bucket {
    const PROVIDER: &'static dyn ProviderKind = &SIM;
    const FIND: FindBy = FindBy::Name;

    fn predict(fields: &Map, _: &Facts<'_>) -> Map {
        match fields.get("name") {
            Some(Value::Str(name)) => {
                [("id".into(), Value::Str(name.clone())), ("arn".into(), format!("arn:{name}").into())].into()
            }
            _ => Map::new(),
        }
    }
}

/// What the fake cloud knows of a type beside its schema.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Traits {
    /// The short name, as cases write it.
    pub(crate) name: &'static str,
    /// The type as data.
    pub(crate) schema: fn() -> &'static Schema,
    /// How long it takes until it is ready, in milliseconds.
    pub(crate) slow: u64,
    /// How many calls its delete needs before the last.
    pub(crate) drains: u32,
    /// Fields that the create call does not take: they are set one by one.
    pub(crate) late: &'static [&'static str],
    /// Fields of text that a change may set, with whether it replaces.
    pub(crate) texts: &'static [(&'static str, bool)],
    /// Links: field, type, required.
    pub(crate) links: &'static [(&'static str, &'static str, bool)],
    /// Outputs that a text may be made of.
    pub(crate) tells: &'static [&'static str],
}

impl Traits {
    /// True when the cloud keeps to it that the target of this field exists.
    pub(crate) fn is_hard(&self, field: &str) -> bool {
        (self.schema)().field(field).is_some_and(|f| f.refers_to.is_some() && (f.replace || f.detach))
    }
}

/// Every type.
pub(crate) static KINDS: &[Traits] = &[
    Traits {
        name: "Net",
        schema: Net::schema,
        slow: 0,
        drains: 0,
        late: &[],
        texts: &[("cidr", true), ("label", false)],
        links: &[],
        tells: &["arn", "revision"],
    },
    Traits {
        name: "Bucket",
        schema: Bucket::schema,
        slow: 0,
        drains: 1,
        late: &["label"],
        texts: &[("zone", true), ("label", false)],
        links: &[("key", "Key", false)],
        tells: &["arn"],
    },
    Traits {
        name: "Key",
        schema: Key::schema,
        slow: 6_000,
        drains: 0,
        late: &[],
        texts: &[("usage", true), ("label", false)],
        links: &[],
        tells: &["arn", "revision", "material"],
    },
    Traits {
        name: "Sub",
        schema: Sub::schema,
        slow: 0,
        drains: 0,
        late: &[],
        texts: &[("block", true), ("label", false)],
        links: &[("net", "Net", true)],
        tells: &["arn"],
    },
    Traits {
        name: "Attach",
        schema: Attach::schema,
        slow: 0,
        drains: 0,
        late: &[],
        texts: &[],
        links: &[("bucket", "Bucket", true), ("sub", "Sub", true)],
        tells: &[],
    },
    Traits {
        name: "Server",
        schema: Server::schema,
        slow: 20_000,
        drains: 2,
        late: &["label", "size"],
        texts: &[("label", false)],
        links: &[("sub", "Sub", true), ("disk", "Bucket", false)],
        tells: &["ip", "arn"],
    },
    Traits {
        name: "Note",
        schema: Note::schema,
        slow: 0,
        drains: 0,
        late: &[],
        texts: &[("label", false)],
        links: &[("about", "Server", false)],
        tells: &[],
    },
];

/// The type of a short name.
pub(crate) fn kind(name: &str) -> Option<&'static Traits> {
    KINDS.iter().find(|k| k.name == name)
}

/// The type of a full name.
pub(crate) fn of_type(ty: &str) -> Option<&'static Traits> {
    ty.strip_prefix("sim:x:").and_then(kind)
}

/// The types as a provider lists them.
pub(crate) fn schemas() -> &'static [&'static Schema] {
    static ALL: LazyLock<Vec<&'static Schema>> = LazyLock::new(|| KINDS.iter().map(|k| (k.schema)()).collect());
    &ALL
}
