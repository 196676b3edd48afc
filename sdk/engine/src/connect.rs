//! [`Connections`]: the providers of a run, connected; and the types that they know.
use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, Mutex, PoisonError},
};

use purlin_core::{
    Diagnostic, Error, Graph, Map, NodeId, Result, Schema, SmolStr, Value, codes,
    driver::{Driver, Failure, Kind},
    expr::Attributes,
    graph::ProviderId,
    lookup::{Answers, Pending},
    provider::{Connection, Identity, ProviderConfig, ProviderKind},
};
use purlin_state::State;

use crate::guard::Guarded;

/// A provider that was connected.
#[derive(Clone)]
pub struct Connected {
    /// Who we are there.
    pub identity: Identity,
    /// Tags that go on everything.
    pub default_tags: Map,
    connection: Arc<dyn Connection>,
    kind: &'static str,
}

/// By the provider's identity and the type.
type Drivers = HashMap<(SmolStr, &'static str), Arc<dyn Driver>>;

/// The providers of a run.
pub struct Connections {
    kinds: Vec<&'static dyn ProviderKind>,
    overrides: BTreeMap<&'static str, Arc<dyn Connection>>,
    cache: BTreeMap<(&'static str, String), Connected>,
    providers: Vec<Connected>,
    names: Vec<SmolStr>,
    types: HashMap<&'static str, &'static Schema, rustc_hash::FxBuildHasher>,
    drivers: Mutex<Drivers>,
}

impl Connections {
    /// Nothing is connected yet. `kinds` are those that the state may need though the program names none of their types.
    pub fn new(kinds: Vec<&'static dyn ProviderKind>) -> Self {
        Self {
            kinds,
            overrides: BTreeMap::new(),
            cache: BTreeMap::new(),
            providers: Vec::new(),
            names: Vec::new(),
            types: HashMap::default(),
            drivers: Mutex::default(),
        }
    }

    /// Uses a given connection for a kind: for tests and simulations.
    pub fn replace(&mut self, kind: &'static str, connection: Arc<dyn Connection>) {
        self.overrides.insert(kind, connection);
    }

    /// Connects the providers of a graph, and those that only the state needs.
    pub(crate) async fn connect(&mut self, graph: &Graph, state: &State) -> Result<()> {
        self.connect_graph(graph).await?;
        let known: Vec<SmolStr> = self.providers.iter().map(|p| p.identity.id.clone()).collect();
        let mut missing: Vec<&SmolStr> = state.objects.values().map(|o| &o.provider).collect();
        missing.extend(state.intents.values().map(|i| &i.provider));
        missing.sort();
        missing.dedup();
        missing.retain(|id| !known.contains(id));
        if missing.is_empty() {
            return Ok(());
        }
        // The program names no provider of that kind any more: the ambient one of a registered kind may be it.
        for kind in self.kinds.clone() {
            if !self.providers.iter().any(|p| p.kind == kind.name()) {
                self.push(&ProviderConfig::ambient(kind)).await?;
            }
        }
        Ok(())
    }

    async fn connect_graph(&mut self, graph: &Graph) -> Result<()> {
        self.providers.clear();
        self.names.clear();
        for config in &graph.providers {
            self.push(config).await?;
        }
        Ok(())
    }

    async fn push(&mut self, config: &ProviderConfig) -> Result<()> {
        let connected = self.connected(config).await?;
        for schema in config.kind.types() {
            self.types.insert(schema.name, schema);
        }
        self.names.push(SmolStr::from(format!("{}:{}", config.kind.name(), config.name)));
        self.providers.push(connected);
        Ok(())
    }

    async fn connected(&mut self, config: &ProviderConfig) -> Result<Connected> {
        let settings = settings(config)?;
        let text = settings.iter().map(|(k, v)| format!("{k}={v:?};")).collect::<String>();
        let key = (config.kind.name(), text);
        if let Some(found) = self.cache.get(&key) {
            return Ok(found.clone());
        }
        let connection = match self.overrides.get(config.kind.name()) {
            Some(given) => given.clone(),
            None => config.kind.connect(&settings).await.map_err(|f| provider_error(config, f))?,
        };
        let identity = connection.identity().await.map_err(|f| provider_error(config, f))?;
        let default_tags = connection.default_tags();
        let connected = Connected { identity, default_tags, connection, kind: config.kind.name() };
        self.cache.insert(key, connected.clone());
        Ok(connected)
    }

    /// Asks the providers what the program wants to know.
    pub(crate) async fn answer(&mut self, graph: &Graph, pending: &[Pending], answers: &mut Answers) -> Result<()> {
        self.connect_graph(graph).await?;
        for ask in pending {
            let provider = &self.providers[ask.provider.index()];
            let answer = provider.connection.lookup(&ask.question.lookup, &ask.query).await.map_err(|f| {
                let told = Diagnostic::new(codes::LOOKUP_FAILED, format!("the lookup {} failed", ask.question.lookup));
                let told = told.call(f.call.clone()).cause(&f).note("nothing was changed");
                match &f.help {
                    Some(help) => told.help(help.clone()),
                    None => told,
                }
            })?;
            answers.insert(ask.question.clone(), answer);
        }
        Ok(())
    }

    /// The provider of a node.
    pub fn provider(&self, id: ProviderId) -> &Connected {
        &self.providers[id.index()]
    }

    /// The provider with an identity.
    pub fn by_identity(&self, id: &str) -> Option<&Connected> {
        self.providers.iter().find(|p| p.identity.id == id)
    }

    /// The identities, by `kind:name`.
    pub fn identities(&self) -> BTreeMap<SmolStr, SmolStr> {
        self.names.iter().cloned().zip(self.providers.iter().map(|p| p.identity.id.clone())).collect()
    }

    /// The type of this name.
    pub fn schema(&self, ty: &str) -> Option<&'static Schema> {
        self.types.get(ty).copied()
    }

    /// The driver for an object of a type that a provider made.
    ///
    /// # Errors
    /// The provider is not connected here (another account), or this build has no driver for the type.
    pub(crate) fn driver(
        &self,
        identity: &SmolStr,
        ty: &str,
    ) -> Result<(Arc<dyn Driver>, &'static Schema), Box<Diagnostic>> {
        let schema = self.schema(ty).ok_or_else(|| {
            Box::new(
                Diagnostic::new(codes::DRIVER_MISSING, format!("this program has no resource type {ty}"))
                    .help("register the provider that has it: `purlin::Program::new(..).provider(..)`"),
            )
        })?;
        let provider = self.by_identity(identity).ok_or_else(|| self.wrong_place(identity, schema))?;
        let key = (identity.clone(), schema.name);
        let mut drivers = self.drivers.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(driver) = drivers.get(&key) {
            return Ok((driver.clone(), schema));
        }
        let driver = provider.connection.driver(schema).ok_or_else(|| {
            Box::new(
                Diagnostic::new(codes::DRIVER_MISSING, format!("this build has no driver for {ty}"))
                    .help("turn on the Cargo feature of its service"),
            )
        })?;
        let driver: Arc<dyn Driver> = Arc::new(Guarded { driver, schema });
        drivers.insert(key, driver.clone());
        Ok((driver, schema))
    }

    fn wrong_place(&self, identity: &SmolStr, schema: &Schema) -> Box<Diagnostic> {
        let kind = schema.provider.name();
        let here: Vec<&str> =
            self.providers.iter().filter(|p| p.kind == kind).map(|p| p.identity.id.as_str()).collect();
        Box::new(
            Diagnostic::new(codes::WRONG_ACCOUNT, format!("the state holds resources of {identity}"))
                .cause(format!(
                    "the credentials of now are for {}",
                    if here.is_empty() { "none".into() } else { here.join(", ") }
                ))
                .note("nothing was changed")
                .help(format!("use credentials and a region for {identity}")),
        )
    }
}

fn settings(config: &ProviderConfig) -> Result<Map> {
    let mut map = Map::new();
    for (name, expr) in &config.config {
        let told =
            || Diagnostic::new(codes::FIELD_VALUE, format!("the setting `{name}` of the provider `{}`", config.name));
        let value = expr.eval(&Nothing).map_err(|e| told().cause(e))?;
        if let Some(unknown) = value.first_unknown() {
            let why = format!("it waits for {}, which only an apply makes", unknown.cause);
            return Err(told().cause(why).help("a provider of this kind is connected before the plan").into());
        }
        map.insert(name.clone(), value);
    }
    Ok(map)
}

/// No resource is known when providers are connected.
struct Nothing;

impl Attributes for Nothing {
    fn attribute(&self, node: NodeId, name: &str) -> Value {
        Value::unknown(format!("{node:?}.{name}"))
    }
}

fn provider_error(config: &ProviderConfig, failure: Failure) -> Error {
    let code = match failure.kind {
        Kind::Credentials => codes::NO_CREDENTIALS,
        Kind::Denied => codes::DENIED,
        _ => codes::UNREACHABLE,
    };
    let told = Diagnostic::new(code, format!("the provider `{}` ({}) cannot be used", config.name, config.kind.name()))
        .call(failure.call.clone())
        .cause(&failure)
        .note("nothing was changed");
    match failure.help {
        Some(help) => told.help(help),
        None => told,
    }
    .into()
}
