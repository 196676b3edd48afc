//! [`Test`]: a plan in a test, being set up. [`TestPlan`]: the plan, to look at.
use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use purlin_cli::{App, app::Loaded, schemas::Schemas, views};
use purlin_core::{
    Diagnostic, Error, Map, Result, SmolStr, Value, codes,
    lookup::{Answers, Lookup, Question},
    settings::Sources,
    stack::Built,
};
use purlin_engine::{ApplyOptions, Cancel, Engine, Plan, PlanOptions, World, engine::Planned as Made};
use purlin_state::{Holder, Log, Outcome, State, Unseal, store};

use super::{fake::Fake, resource::Planned};
use crate::program::{self, Describe};

/// The width of a plan's text in tests.
const WIDTH: usize = 100;
/// The stack's name, unless a test gives another.
const STACK: &str = "test";
/// When tests take place: 2026-01-01.
const NOW: u64 = 1_767_225_600_000;

/// Plans a program without a cloud. Set it up, then [`run`](Test::run) it.
pub fn plan<Form>(describe: impl Describe<Form>) -> Test {
    Test {
        app: program::app(STACK, describe),
        sources: Sources { stack: STACK.to_owned(), ..Sources::default() },
        answers: Answers::new(),
        facts: BTreeMap::new(),
        state: State { stack: STACK.into(), lineage: "test".into(), ..State::default() },
        options: PlanOptions::default(),
    }
}

/// A plan in a test, being set up.
pub struct Test {
    app: App,
    sources: Sources,
    answers: Answers,
    facts: BTreeMap<&'static str, Map>,
    state: State,
    options: PlanOptions,
}

impl Test {
    /// The stack's name. By default `test`.
    #[must_use]
    pub fn stack(mut self, name: &str) -> Self {
        self.sources.stack = name.to_owned();
        self.state.stack = name.into();
        self
    }

    /// The text of the settings file.
    #[must_use]
    pub fn settings(mut self, toml: &str) -> Self {
        self.sources.file = Some((self.sources.file_name(), toml.to_owned()));
        self
    }

    /// A setting, as `--set key=value` gives it.
    #[must_use]
    pub fn set(mut self, key: &str, value: &str) -> Self {
        self.sources.sets.push((key.to_owned(), value.to_owned()));
        self
    }

    /// The answer to a lookup of the stack's own provider.
    #[must_use]
    pub fn answer<L: Lookup>(self, lookup: L, answer: L::Answer) -> Self {
        self.answer_of("default", lookup, answer)
    }

    /// The answer to a lookup of the provider with this name in the program.
    #[must_use]
    pub fn answer_of<L: Lookup>(mut self, provider: &str, lookup: L, answer: L::Answer) -> Self {
        use purlin_core::Plain as _;
        // A query that has no text form is told when the program asks it.
        let query = serde_json::to_string(&Value::Map(lookup.query())).unwrap_or_default();
        let question = Question { provider: provider.into(), lookup: L::NAME.into(), query };
        self.answers.insert(question, answer.encode());
        self
    }

    /// What is known of the providers of a kind, such as `account` and `region` of `aws`. Others stay as they are: a
    /// test's AWS is `123456789012` in `eu-west-1`.
    #[must_use]
    pub fn facts<'f>(mut self, kind: &'static str, facts: impl IntoIterator<Item = (&'f str, &'f str)>) -> Self {
        let facts = facts.into_iter().map(|(name, value)| (SmolStr::from(name), Value::from(value)));
        self.facts.entry(kind).or_default().extend(facts);
        self
    }

    /// What exists already: of an earlier plan, [`TestPlan::applied`].
    #[must_use]
    pub fn state(mut self, state: State) -> Self {
        self.state = state;
        self
    }

    /// How the plan is made, where the defaults are not meant.
    #[must_use]
    pub fn options(mut self, options: PlanOptions) -> Self {
        self.options = options;
        self
    }

    /// Makes the plan.
    ///
    /// # Errors
    /// Everything that is wrong with the settings, the program or the plan; a lookup without an answer.
    pub fn run(self) -> Result<TestPlan> {
        let loaded = self.app.describe.load(&self.sources, &self.app.kinds)?;
        let mut engine = self.engine(&loaded)?;
        let made = block_on(engine.plan(&self.state, &self.options, self.answers.clone()))?;
        let schemas = Schemas::of_kinds(&self.app.kinds).and_graph(&made.graph);
        drop(engine);
        Ok(TestPlan { test: self, loaded, made, schemas })
    }

    /// An engine whose providers are stood in for.
    fn engine<'a>(&self, loaded: &'a Loaded) -> Result<Engine<'a>> {
        let graph = match loaded.program.build(&self.answers)? {
            Built::Graph(graph) => graph,
            Built::Pending { pending, .. } => return Err(unanswered(&pending)),
        };
        let mut engine = Engine::new(&*loaded.program, world(), Arc::new(()));
        // The resources without a cloud are as they ever are.
        for provider in graph.providers.iter().filter(|p| p.kind.name() != "purlin") {
            let kind = provider.kind.name();
            engine.use_connection(kind, Arc::new(Fake::new(kind, self.facts.get(kind))));
        }
        Ok(engine)
    }
}

fn unanswered(pending: &[purlin_core::lookup::Pending]) -> Error {
    let told = pending.iter().map(|ask| {
        let question = &ask.question;
        Diagnostic::new(
            codes::BAD_LOOKUP,
            format!("the test gives no answer to {} {}", question.lookup, question.query),
        )
        .help("give one: `testing::plan(..).answer(lookup, answer)`")
    });
    Error::Many(told.collect())
}

/// A plan, to look at.
pub struct TestPlan {
    test: Test,
    loaded: Loaded,
    made: Made,
    schemas: Schemas,
}

impl TestPlan {
    /// The resource at a path.
    ///
    /// # Panics
    /// When the program has none there; the message names those that it has.
    #[track_caller]
    pub fn resource(&self, path: &str) -> Planned<'_> {
        match self.find(path) {
            Some(resource) => resource,
            None => {
                let paths: Vec<&str> = self.made.graph.nodes.iter().map(|n| n.address.path.as_str()).collect();
                panic!("the program has no resource `{path}`; it has: {}", paths.join(", "))
            }
        }
    }

    /// The resource at a path, if there is one.
    pub fn find(&self, path: &str) -> Option<Planned<'_>> {
        let node = self.made.graph.find(path)?;
        Some(Planned::new(&self.made.graph, &self.made.plan, &self.test.state, node))
    }

    /// Every resource of the program, in its order.
    pub fn resources(&self) -> impl Iterator<Item = Planned<'_>> {
        let nodes = (0..self.made.graph.nodes.len()).map(purlin_core::NodeId::from_index);
        nodes.map(|node| Planned::new(&self.made.graph, &self.made.plan, &self.test.state, node))
    }

    /// The resources of a type: `aws:ec2:Subnet`.
    pub fn of_type<'a>(&'a self, ty: &'a str) -> impl Iterator<Item = Planned<'a>> {
        self.resources().filter(move |resource| resource.ty() == ty)
    }

    /// What the stack exports under this name, with unknowns where only an apply tells.
    ///
    /// # Panics
    /// When it exports no such thing.
    #[track_caller]
    pub fn export(&self, name: &str) -> Value {
        let planned = self.made.plan.exports.iter().find(|e| e.name == name).map(|e| e.after.clone());
        match planned.or_else(|| self.test.state.exports.get(name).cloned()) {
            Some(value) => value,
            None => panic!("the stack exports no `{name}`"),
        }
    }

    /// True when there is nothing to do.
    pub fn is_empty(&self) -> bool {
        self.made.plan.is_empty()
    }

    /// The plan itself: operations, causes, edges.
    pub fn plan(&self) -> &Plan {
        &self.made.plan
    }

    /// The plan as `plan` shows it, without source lines: for snapshots.
    pub fn tree(&self) -> String {
        let mut plan = self.made.plan.clone();
        plan.ops.iter_mut().for_each(|op| op.location = None);
        views::plan::page(&plan, &self.schemas, WIDTH).plain()
    }

    /// The state after an apply in which everything went well. Outputs that only a cloud could give are made up.
    ///
    /// # Errors
    /// The plan cannot be carried out, as when a value does not fit its field.
    pub fn applied(self) -> Result<State> {
        let Self { test, loaded, .. } = self;
        let mut engine = test.engine(&loaded)?;
        block_on(async {
            let mut log = log(&test.state).await?;
            let holder = Holder { who: "test".to_owned(), verb: "apply".to_owned(), ..Holder::default() };
            log.begin(holder, None, test.state.lineage.clone(), NOW).await?;
            let bodies = test.state.objects.values().map(|object| purlin_state::Body::Put {
                op: None,
                took: None,
                object: Box::new(object.clone()),
            });
            let exports = purlin_state::Body::Exports { values: test.state.exports.clone() };
            log.commit(bodies.chain([exports]).collect(), NOW).await?;
            let now = log.state().clone();
            let planned = engine.plan(&now, &test.options, test.answers.clone()).await?;
            let report = engine.apply(&mut log, planned, &ApplyOptions::default(), &Cancel::default()).await?;
            engine.end(&mut log, Outcome::Done).await?;
            if report.is_complete() {
                return Ok(log.state().clone());
            }
            Err(Error::Many(report.failed.into_iter().map(|(_, told)| told).collect()))
        })
    }
}

/// A log in memory. Its passphrase is no secret: neither is what is in it.
async fn log(state: &State) -> Result<Log> {
    let unseal = Unseal {
        passphrase: Some(purlin_core::Secret::new("test".to_owned())),
        cost: purlin_state::seal::Cost::NONE,
        ..Unseal::none()
    };
    Ok(Log::open(Box::new(store::Memory::new()), &state.stack, unseal).await?)
}

/// A clock that stands, and bytes that are the same in every test.
fn world() -> World {
    let drawn = AtomicU64::new(0);
    World::new(
        || NOW,
        move |bytes| {
            for chunk in bytes.chunks_mut(8) {
                // Steele, Lea and Flood's SplitMix64 over a counter.
                let mut z = drawn.fetch_add(1, Ordering::Relaxed).wrapping_add(1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
                z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
                z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
                chunk.copy_from_slice(&(z ^ (z >> 31)).to_le_bytes()[..chunk.len()]);
            }
        },
    )
}

/// Runs a future to its end. The clock of the runtime stands unless everything waits, so nothing takes real time.
fn block_on<T>(future: impl Future<Output = Result<T>>) -> Result<T> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build();
    let runtime = runtime.map_err(|e| Diagnostic::new(codes::USAGE, "the test cannot start a runtime").cause(e))?;
    runtime.block_on(future)
}
