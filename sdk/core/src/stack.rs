//! [`Stack`]: what a program is given to put resources into. [`Component`]: what can be put there.
//!
//! Mistakes are collected, not thrown: `add` gives a handle even where the name is taken, and [`build`] reports everything at its
//! end, with source lines. So a program needs no `?` on its main path.
use std::{
    any::{Any, TypeId},
    collections::{BTreeMap, HashMap},
    marker::PhantomData,
    panic::Location,
};

use smol_str::SmolStr;

use crate::{
    Address, Diagnostic, Error, Expr, Graph, Handle, NodeId, Plain, Resource, Result, SourceLine, Value, address,
    codes,
    graph::{Export, Node, ProviderId},
    lookup::{Answers, Lookup, Pending, Question},
    provider::{ProviderConfig, ProviderKind},
    resource::Inputs,
    structure::Item,
    token,
};

/// A reusable part of a program: a plain struct with a constructor, setters and `build`. The arguments of a resource are one too.
///
/// `stack.add("net", Network::new(..))` runs `build` with the scope `net`: the names inside are `net/…`, and they are the
/// component's public API. A component adds resources, it never edits those of another.
pub trait Component {
    /// What the program gets: a [`Handle`] for a resource, a struct of handles and outputs for others (or a `Result` of one).
    type Handle;

    /// Adds what the component is made of.
    fn build(self, stack: &mut Stack) -> Self::Handle;
}

/// What is gathered from many lines of a program about one resource, and becomes resources at its end: the grants to a role
/// become one policy, whoever gave them. So nobody has to edit what another has added. See [`Stack::gather`].
pub trait Gathering: Any {
    /// Adds the resources. Runs once, when the program is through, in the scope of the resource that it was gathered for: for
    /// the role `trainer`, the name `grants` gives the path `trainer/grants`.
    fn finish(self: Box<Self>, stack: &mut Stack);
}

/// A gathering, with the line that opened it.
struct Gathered {
    location: SourceLine,
    what: Box<dyn Gathering>,
}

/// Tells the compiler's reader why a closure over a stack is refused: `map` takes `Send` closures, and a stack is not `Send`.
pub struct ResourcesAreNotCreatedInsideMap(PhantomData<*mut ()>);

/// A stack being described.
pub struct Stack {
    graph: Graph,
    paths: HashMap<SmolStr, SourceLine, rustc_hash::FxBuildHasher>,
    scope: SmolStr,
    caller: SourceLine,
    answers: Answers,
    pending: Vec<Pending>,
    errors: Vec<Diagnostic>,
    // By resource; several of one resource by the names of their types, so that the order is the same in every build.
    gathered: BTreeMap<(NodeId, &'static str, TypeId), Gathered>,
    /// While a gathering finishes: the line of the program that began it asked for what it adds.
    gathering: Option<SourceLine>,
    _not_send: ResourcesAreNotCreatedInsideMap,
}

/// A program was run.
pub enum Built {
    /// It is complete.
    Graph(Graph),
    /// It needs answers first.
    Pending {
        /// What it has described so far: names the providers to ask.
        graph: Graph,
        /// The questions.
        pending: Vec<Pending>,
    },
}

/// Runs a program once.
///
/// # Errors
/// Everything that is wrong with what it describes, or the error that it returned.
pub fn build(name: &str, answers: &Answers, program: impl FnOnce(&mut Stack) -> Result<()>) -> Result<Built> {
    token::reset();
    let mut stack = Stack {
        graph: Graph { stack: name.into(), ..Graph::default() },
        paths: HashMap::default(),
        scope: SmolStr::default(),
        caller: SourceLine { file: "program".into(), line: 0 },
        answers: answers.clone(),
        pending: Vec::new(),
        errors: Vec::new(),
        gathered: BTreeMap::new(),
        gathering: None,
        _not_send: ResourcesAreNotCreatedInsideMap(PhantomData),
    };
    let outcome = program(&mut stack);
    if outcome.is_ok() && stack.pending.is_empty() {
        stack.finish_gatherings();
    }
    if !stack.errors.is_empty() {
        return Err(Error::Many(stack.errors));
    }
    match outcome {
        Err(Error::LookupPending) => return Ok(Built::Pending { graph: stack.graph, pending: stack.pending }),
        Err(error) => return Err(error),
        Ok(()) if !stack.pending.is_empty() => {
            return Ok(Built::Pending { graph: stack.graph, pending: stack.pending });
        }
        Ok(()) => {}
    }
    let unread = token::unread();
    if !unread.is_empty() {
        let told = unread.into_iter().map(|line| {
            Diagnostic::new(codes::TOKEN_LOST, "a token was issued here but no resource holds it")
                .line(line)
                .help("a token must reach a field unchanged: not hashed, encoded or cut on the way")
        });
        return Err(Error::Many(told.collect()));
    }
    Ok(Built::Graph(stack.graph))
}

impl Stack {
    /// The stack's name.
    pub fn name(&self) -> &str {
        &self.graph.stack
    }

    /// Adds a resource or a component under a name that is unique in the present scope.
    #[track_caller]
    pub fn add<C: Component>(&mut self, name: impl Into<SmolStr>, component: C) -> C::Handle {
        let caller = SourceLine::from(Location::caller());
        let location = self.gathering.clone().unwrap_or(caller);
        let name = name.into();
        if let Some(fault) = address::name_fault(&name) {
            self.errors.push(Diagnostic::new(codes::BAD_NAME, fault).at(self.path_of(&name)).line(location.clone()));
        }
        let path = self.path_of(&name);
        if let Some(first) = self.paths.insert(path.clone(), location.clone()) {
            self.errors.push(
                Diagnostic::new(codes::DUPLICATE_NAME, format!("`{path}` is added twice"))
                    .at(path.clone())
                    .line(location.clone())
                    .note(format!("first added at {first}"))
                    .help("give one of them another name: a name is unique in its scope, whatever the type"),
            );
        }
        let scope = std::mem::replace(&mut self.scope, path);
        let caller = std::mem::replace(&mut self.caller, location);
        let handle = component.build(self);
        self.scope = scope;
        self.caller = caller;
        handle
    }

    /// A resource that exists and is not managed here: it is read, never changed. Gives the same handle as one that is made.
    #[track_caller]
    pub fn existing<R: Resource>(&mut self, name: impl Into<SmolStr>, id: impl Into<SmolStr>) -> Handle<R> {
        self.add(name, Existing { id: id.into(), resource: PhantomData })
    }

    /// Shows a value to people and to other stacks: an output, `&handle` (its id), or a plain value.
    #[track_caller]
    pub fn export(&mut self, name: impl Into<SmolStr>, value: impl Item) {
        let location = SourceLine::caller();
        let name = name.into();
        if let Some(first) = self.graph.exports.iter().find(|e| e.name == name) {
            self.errors.push(
                Diagnostic::new(codes::DUPLICATE_NAME, format!("`{name}` is exported twice"))
                    .line(location.clone())
                    .note(format!("first exported at {}", first.location)),
            );
        }
        self.graph.exports.push(Export { name, expr: value.item(), location });
    }

    /// Asks the stack's provider of the lookup's kind.
    ///
    /// # Errors
    /// [`Error::LookupPending`] where there is no answer yet: pass it on with `?`. A diagnostic where the answer cannot be read.
    #[track_caller]
    pub fn lookup<L: Lookup>(&mut self, lookup: L) -> Result<L::Answer> {
        let provider = self.provider_of(L::PROVIDER);
        self.lookup_with(provider, lookup)
    }

    /// Asks a given provider.
    ///
    /// # Errors
    /// As [`Stack::lookup`].
    #[track_caller]
    pub fn lookup_with<L: Lookup>(&mut self, provider: ProviderId, lookup: L) -> Result<L::Answer> {
        let location = SourceLine::caller();
        self.graph.lookup_actions.extend(L::ACTIONS);
        let query = lookup.query();
        let text = serde_json::to_string(&Value::Map(query.clone()))
            .map_err(|e| Diagnostic::new(codes::BAD_LOOKUP, format!("{}: {e}", L::NAME)).line(location.clone()))?;
        let question = Question {
            provider: self.graph.providers[provider.index()].name.clone(),
            lookup: L::NAME.into(),
            query: text,
        };
        if let Some(answer) = self.answers.get(&question) {
            return L::Answer::decode(answer).map_err(|e| {
                Diagnostic::new(codes::BAD_LOOKUP, format!("the answer to {} has another shape: {e}", L::NAME))
                    .line(location)
                    .into()
            });
        }
        self.pending.push(Pending { question, provider, query });
        Err(Error::LookupPending)
    }

    /// Makes `config` the stack's provider of its kind, for all resources that name no other.
    pub fn use_provider(&mut self, config: impl Into<ProviderConfig>) -> ProviderId {
        let config = ProviderConfig { name: "default".into(), ..config.into() };
        match self.default_provider(config.kind) {
            Some(id) => {
                self.graph.providers[id.index()] = config;
                id
            }
            None => self.push_provider(config),
        }
    }

    /// Adds a further provider, for resources that name it.
    #[track_caller]
    pub fn provider(&mut self, name: impl Into<SmolStr>, config: impl Into<ProviderConfig>) -> ProviderId {
        let config = ProviderConfig { name: name.into(), ..config.into() };
        let taken = self.graph.providers.iter().any(|p| p.name == config.name && p.kind.name() == config.kind.name());
        if taken {
            self.errors.push(
                Diagnostic::new(codes::DUPLICATE_NAME, format!("the provider `{}` is added twice", config.name))
                    .line(SourceLine::caller()),
            );
        }
        self.push_provider(config)
    }

    /// The expression of a field of a resource, if the program set it: so that a grant can find the key of a bucket.
    pub fn input_of<R: Resource>(&self, handle: &Handle<R>, field: &str) -> Option<&Expr> {
        self.graph.node(handle.node()).input(field)
    }

    /// The path of a resource of this stack.
    pub fn path(&self, node: NodeId) -> &str {
        &self.graph.node(node).address.path
    }

    /// The type of a node: for grants that follow a reference whose type they do not know.
    pub fn type_of(&self, node: NodeId) -> &'static str {
        self.graph.node(node).schema.name
    }

    /// A handle for a node of type `R`; none when the node is of another type.
    pub fn handle<R: Resource>(&self, node: NodeId) -> Option<Handle<R>> {
        (self.type_of(node) == R::schema().name).then(|| Handle::new(node))
    }

    /// The provider that makes a resource of this stack.
    pub fn made_by(&self, node: NodeId) -> ProviderId {
        self.graph.node(node).provider
    }

    /// What is gathered about a resource, kept by its type `G`; `open` begins it. It becomes resources when the program is
    /// through, in the order of the resources that it is about.
    #[track_caller]
    pub fn gather<G: Gathering>(&mut self, about: NodeId, open: impl FnOnce() -> G) -> &mut G {
        let location = SourceLine::caller();
        let key = (about, std::any::type_name::<G>(), TypeId::of::<G>());
        let gathered = self.gathered.entry(key).or_insert_with(|| Gathered { location, what: Box::new(open()) });
        let what: &mut dyn Any = &mut *gathered.what;
        match what.downcast_mut() {
            Some(what) => what,
            None => unreachable!("a gathering is kept by its type"),
        }
    }

    fn finish_gatherings(&mut self) {
        // A gathering that finishes may open another.
        while let Some(((about, ..), gathered)) = self.gathered.pop_first() {
            self.scope = self.graph.node(about).address.path.clone();
            self.gathering = Some(gathered.location);
            gathered.what.finish(self);
        }
        self.gathering = None;
        self.scope = SmolStr::default();
    }

    /// Tells the person who runs the program that something is wrong, without leaving the program.
    pub fn report(&mut self, diagnostic: Diagnostic) {
        self.errors.push(diagnostic);
    }

    /// Registers a resource at the present scope. Called by the arguments types that `#[derive(Resource)]` writes.
    pub fn declare<R: Resource>(&mut self, inputs: Inputs<R>) -> Handle<R> {
        let provider = inputs.options.as_ref().and_then(|o| o.provider);
        let provider = provider.unwrap_or_else(|| self.provider_of(R::schema().provider));
        self.node(R::schema(), inputs.fields, inputs.options, provider, None)
    }

    fn node<R: Resource>(
        &mut self,
        schema: &'static crate::Schema,
        inputs: Vec<(u16, Expr)>,
        options: Option<Box<crate::options::Options>>,
        provider: ProviderId,
        existing: Option<SmolStr>,
    ) -> Handle<R> {
        let address = Address::new(self.scope.clone(), SmolStr::new_static(schema.name));
        let node = NodeId::from_index(self.graph.nodes.len());
        let location = self.caller.clone();
        self.graph.nodes.push(Node { address, schema, inputs, options, provider, location, existing });
        Handle::new(node)
    }

    fn path_of(&self, name: &str) -> SmolStr {
        if self.scope.is_empty() { name.into() } else { SmolStr::from(format!("{}/{name}", self.scope)) }
    }

    fn default_provider(&self, kind: &dyn ProviderKind) -> Option<ProviderId> {
        let at = self.graph.providers.iter().position(|p| p.name == "default" && p.kind.name() == kind.name())?;
        u32::try_from(at).ok().map(ProviderId)
    }

    fn provider_of(&mut self, kind: &'static dyn ProviderKind) -> ProviderId {
        self.default_provider(kind).unwrap_or_else(|| self.push_provider(ProviderConfig::ambient(kind)))
    }

    fn push_provider(&mut self, config: ProviderConfig) -> ProviderId {
        let id = u32::try_from(self.graph.providers.len()).map(ProviderId).unwrap_or(ProviderId(u32::MAX));
        self.graph.providers.push(config);
        id
    }
}

struct Existing<R> {
    id: SmolStr,
    resource: PhantomData<fn() -> R>,
}

impl<R: Resource> Component for Existing<R> {
    type Handle = Handle<R>;
    fn build(self, stack: &mut Stack) -> Handle<R> {
        let provider = stack.provider_of(R::schema().provider);
        stack.node(R::schema(), Vec::new(), None, provider, Some(self.id))
    }
}
