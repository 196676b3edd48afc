//! Providers: who makes resources. A provider is a value (an account and a region, a cluster), made by the program.
use std::{fmt, sync::Arc};

use serde::{Deserialize, Serialize};
use smol_str::SmolStr;

use crate::{
    Expr, Map, Schema, Value,
    driver::{BoxFuture, Driver, Failure},
};

/// A kind of provider: `aws`. One static value a cloud crate.
pub trait ProviderKind: Sync {
    /// `aws`
    fn name(&self) -> &'static str;

    /// Every resource type of this kind: the engine needs those too that a state holds and a program no longer names.
    fn types(&self) -> &'static [&'static Schema];

    /// Connects with a provider's settings. Makes no call that changes anything.
    ///
    /// # Errors
    /// The settings are wrong, or this build has no driver for them.
    fn connect<'a>(&'a self, config: &'a Map) -> BoxFuture<'a, Result<Arc<dyn Connection>, Failure>>;
}

impl fmt::Debug for dyn ProviderKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A connected provider.
pub trait Connection: Send + Sync {
    /// Who we are and where: asked once a run.
    fn identity(&self) -> BoxFuture<'_, Result<Identity, Failure>>;

    /// The driver of a type; none when this build leaves it out.
    fn driver(&self, schema: &'static Schema) -> Option<Arc<dyn Driver>>;

    /// Answers a lookup.
    fn lookup<'a>(&'a self, name: &'a str, query: &'a Map) -> BoxFuture<'a, Result<Value, Failure>>;

    /// Tags that go on everything this provider makes and that takes tags.
    fn default_tags(&self) -> Map {
        Map::new()
    }
}

/// What a provider is, apart from its credentials: resources belong to it, plans are bound to it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    /// `aws:123456789012:eu-west-1`
    pub id: SmolStr,
    /// Facts for [`crate::schema::Facts`]: `account`, `region`, `partition`.
    pub facts: Map,
}

/// A provider as the program describes it.
#[derive(Clone, Debug)]
pub struct ProviderConfig {
    /// `default`, or the name that the program gave.
    pub name: SmolStr,
    /// The kind.
    pub kind: &'static dyn ProviderKind,
    /// The settings; they may be outputs of the same program.
    pub config: Vec<(SmolStr, Expr)>,
}

impl ProviderConfig {
    /// The provider of a kind, with nothing set: credentials and place come from the environment.
    pub fn ambient(kind: &'static dyn ProviderKind) -> Self {
        Self { name: SmolStr::new_static("default"), kind, config: Vec::new() }
    }
}
