//! [`App`]: a program with its name and its provider kinds: what a command line is made for.
//!
//! The type of the settings ends here: verbs see a [`Describe`], which reads settings and gives the engine a program.
use std::sync::Arc;

use purlin_core::{
    Result, SmolStr, Stack, Value,
    builtin::BUILTIN,
    lookup::Answers,
    provider::ProviderKind,
    settings::{self, Resolved, SettingSpec, Settings, Sources},
    stack::{self, Built},
};
use purlin_engine::Program;

use crate::panics::{self, Code};

/// A program: its name, how it is described, and which providers its state may need.
pub struct App {
    /// The name: of the command and, unless `--stack` says otherwise, of the stack.
    pub name: String,
    /// The program.
    pub describe: Arc<dyn Describe>,
    /// Kinds of providers whose types the state may hold though the program no longer names any.
    pub kinds: Vec<&'static dyn ProviderKind>,
}

/// A program whose settings were not read yet.
pub trait Describe: Send + Sync {
    /// The settings that it has.
    fn specs(&self) -> &'static [SettingSpec];

    /// Reads the settings and makes the engine's program of them.
    ///
    /// # Errors
    /// All that is wrong with the settings.
    fn load(&self, sources: &Sources, kinds: &[&'static dyn ProviderKind]) -> Result<Loaded>;
}

/// A program with its settings.
pub struct Loaded {
    /// What the engine runs.
    pub program: Box<dyn Program>,
    /// The settings, with where each came from.
    pub settings: Resolved,
}

impl App {
    /// A program of a name, described by a function. `S` is `()` where it has no settings.
    pub fn new<S>(
        name: impl Into<String>,
        describe: impl Fn(&mut Stack, &S) -> Result<()> + Send + Sync + 'static,
    ) -> Self
    where
        S: Settings + Send + Sync + 'static,
    {
        Self {
            name: name.into(),
            describe: Arc::new(Typed::<S> { function: Arc::new(describe) }),
            kinds: vec![&BUILTIN],
        }
    }

    /// Adds a kind of provider whose types the state may hold though the program no longer names any of them.
    #[must_use]
    pub fn provider(mut self, kind: &'static dyn ProviderKind) -> Self {
        self.kinds.push(kind);
        self
    }
}

type Function<S> = dyn Fn(&mut Stack, &S) -> Result<()> + Send + Sync;

struct Typed<S> {
    function: Arc<Function<S>>,
}

impl<S: Settings + Send + Sync + 'static> Describe for Typed<S> {
    fn specs(&self) -> &'static [SettingSpec] {
        S::specs()
    }

    fn load(&self, sources: &Sources, kinds: &[&'static dyn ProviderKind]) -> Result<Loaded> {
        let (typed, resolved) = settings::resolve::<S>(sources)?;
        let program = Described {
            stack: sources.stack.as_str().into(),
            digest: resolved.digest().into(),
            secrets: secrets(&resolved),
            kinds: kinds.to_vec(),
            function: self.function.clone(),
            settings: typed,
        };
        Ok(Loaded { program: Box::new(program), settings: resolved })
    }
}

/// A program that the engine can run.
struct Described<S> {
    stack: SmolStr,
    digest: SmolStr,
    secrets: Vec<String>,
    kinds: Vec<&'static dyn ProviderKind>,
    function: Arc<Function<S>>,
    settings: S,
}

impl<S: Send + Sync> Program for Described<S> {
    fn stack(&self) -> &str {
        &self.stack
    }

    fn build(&self, answers: &Answers) -> Result<Built> {
        let build = || stack::build(&self.stack, answers, |stack| (self.function)(stack, &self.settings));
        panics::caught(Code::Describes(&self.secrets), build).unwrap_or_else(Err)
    }

    fn settings_digest(&self) -> SmolStr {
        self.digest.clone()
    }

    fn kinds(&self) -> Vec<&'static dyn ProviderKind> {
        self.kinds.clone()
    }
}

/// The secret texts among the settings: a panic's message may hold one.
fn secrets(settings: &Resolved) -> Vec<String> {
    fn collect(value: &Value, secret: bool, found: &mut Vec<String>) {
        match value {
            Value::Secret(inner) => collect(inner, true, found),
            Value::Str(text) if secret && !text.is_empty() => found.push(text.to_string()),
            Value::List(items) => items.iter().for_each(|item| collect(item, secret, found)),
            Value::Map(map) => map.values().for_each(|item| collect(item, secret, found)),
            _ => {}
        }
    }
    let mut found = Vec::new();
    settings.iter().for_each(|(_, setting)| collect(&setting.value, false, &mut found));
    found
}
