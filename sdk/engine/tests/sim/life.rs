//! A life: edits, meddling and runs under faults; then the faults stop, everything settles, and all is destroyed.
use std::{
    collections::{BTreeMap, BTreeSet},
    panic::AssertUnwindSafe,
    sync::{Arc, Mutex},
    time::Duration,
};

use purlin_core::{SmolStr, Value, lookup::Answers};
use purlin_engine::{Engine, PlanOptions, World, saved::PlanFile};
use purlin_state::{
    Log, State, Unseal, seal,
    store::{Fault, Memory},
};
use rand::{Rng as _, RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;

use super::{
    case::{Case, Crash, Edit, Meddling, Run, Torn, Weather},
    cloud::{ADOPTABLE, Cloud, Thing},
    driver::Connected,
    invariants::{self, Breach, Invariant},
    kinds,
    program::{Fixed, STACK, Spec},
    run::{self, End, Work},
};

/// What lives went through, for the report.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Stats {
    pub(crate) lives: u64,
    pub(crate) runs: u64,
    pub(crate) calls: u64,
    pub(crate) crashes_at_calls: u64,
    pub(crate) crashes_at_writes: u64,
    pub(crate) crashes_at_times: u64,
    pub(crate) cancelled: u64,
    pub(crate) refused: u64,
    pub(crate) failed: u64,
}

impl Stats {
    /// Adds those of another life.
    pub(crate) fn add(&mut self, other: &Self) {
        self.lives += other.lives;
        self.runs += other.runs;
        self.calls += other.calls;
        self.crashes_at_calls += other.crashes_at_calls;
        self.crashes_at_writes += other.crashes_at_writes;
        self.crashes_at_times += other.crashes_at_times;
        self.cancelled += other.cancelled;
        self.refused += other.refused;
        self.failed += other.failed;
    }
}

/// So many ordinary runs may be needed once faults stop: one goes on with what was open, the others are for what that brings to light.
const SETTLING: usize = 5;

/// Lives a case. Gives what it went through, what broke, and the trace if one was asked for.
pub(crate) fn live(case: &Case, trace: bool) -> (Stats, Result<(), Breach>, Vec<String>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
    let runtime = runtime.expect("a runtime without I/O");
    runtime.block_on(async {
        let mut life = Life::new(case.seed, trace);
        let lived = futures_util::FutureExt::catch_unwind(AssertUnwindSafe(life.live(case))).await;
        let lived = lived.unwrap_or_else(|panic| {
            let text = panic.downcast_ref::<String>().cloned();
            let what = text.or_else(|| panic.downcast_ref::<&str>().map(ToString::to_string)).unwrap_or_default();
            Err(Breach { invariant: Invariant::RunsEnd, what: format!("panic: {what}") })
        });
        life.stats.lives = 1;
        let mut inner = life.cloud.lock();
        life.stats.calls = inner.total;
        let trace = inner.trace.take().unwrap_or_default();
        drop(inner);
        (life.stats, lived, trace)
    })
}

struct Life {
    cloud: Cloud,
    store: Memory,
    world: World,
    dice: ChaCha8Rng,
    spec: Spec,
    /// The last program whose plan was not refused.
    accepted: Spec,
    /// What the state held after the last run.
    state: State,
    forgotten: BTreeSet<SmolStr>,
    /// Something was ever retained: only then the history is read after each run.
    retains: bool,
    foreign: BTreeMap<SmolStr, Thing>,
    stats: Stats,
}

impl Life {
    fn new(seed: u64, trace: bool) -> Self {
        let cloud = Cloud::new(seed, trace);
        let clock = cloud.clone();
        let random = Mutex::new(ChaCha8Rng::seed_from_u64(seed ^ 0x5EED));
        let world = World::new(move || clock.clock(), move |b| random.lock().expect("one at a time").fill_bytes(b));
        Self {
            cloud,
            store: Memory::new(),
            world,
            dice: ChaCha8Rng::seed_from_u64(seed ^ 0xD1CE),
            spec: Spec::default(),
            accepted: Spec::default(),
            state: State::default(),
            forgotten: BTreeSet::new(),
            retains: false,
            foreign: BTreeMap::new(),
            stats: Stats::default(),
        }
    }

    async fn live(&mut self, case: &Case) -> Result<(), Breach> {
        for step in &case.steps {
            self.cloud.lock().note(|| format!("EDIT {:?}", step.edits));
            step.edits.iter().for_each(|edit| self.spec.edit(edit));
            self.meddle(&step.meddling);
            self.run(&step.run).await?;
        }
        self.settle().await?;
        self.destroy().await?;
        self.history().await
    }

    /// Faults stop; ordinary runs must make the world as the program says.
    async fn settle(&mut self) -> Result<(), Breach> {
        self.cloud.lock().note(|| "SETTLE".into());
        self.let_go();
        for _ in 0..SETTLING {
            self.run(&Run::default()).await?;
        }
        let (plan, _) = self
            .plan(&PlanOptions::default())
            .await
            .map_err(|e| Breach { invariant: Invariant::PlanPossible, what: e })?;
        if !plan.is_empty() {
            let ops: Vec<String> =
                plan.ops.iter().map(|o| format!("{:?} {} {:?} {:?}", o.action, o.key, o.causes, o.changes)).collect();
            let what = format!("the plan is not empty: {} {:?}", ops.join("; "), plan.exports);
            return Err(Breach { invariant: Invariant::Converges, what });
        }
        invariants::as_wanted(&self.cloud, &self.state, &self.spec)
    }

    async fn destroy(&mut self) -> Result<(), Breach> {
        self.cloud.lock().note(|| "DESTROY".into());
        let protected: Vec<u32> = self.spec.nodes.iter().filter(|n| n.protect).map(|n| n.id).collect();
        protected.into_iter().for_each(|id| self.spec.edit(&Edit::Protect(id, false)));
        self.run(&Run::default()).await?;
        self.run(&Run { destroy: true, ..Run::default() }).await?;
        invariants::nothing_left(&self.cloud, &self.state, &self.forgotten)
    }

    /// The whole log: what it must not have done, and any prefix of it.
    async fn history(&mut self) -> Result<(), Breach> {
        let log = self.open(&self.store).await?;
        let history = log.history().await.map_err(|e| invalid(&e))?;
        invariants::history(&history)?;
        let (journal, snapshot) = (self.store.journal(), self.store.snapshot());
        invariants::no_secret("the journal", &journal)?;
        invariants::no_secret("the snapshot", snapshot.as_deref().unwrap_or_default())?;
        for _ in 0..3 {
            let cut = self.dice.random_range(0..=journal.len());
            self.open(&Memory::holding(snapshot.clone(), journal[..cut].to_vec())).await?;
        }
        Ok(())
    }

    async fn open(&self, store: &Memory) -> Result<Log, Breach> {
        Log::open(Box::new(store.clone()), STACK, unseal()).await.map_err(|e| invalid(&e))
    }

    fn engine<'p>(&self, program: &'p Fixed) -> Engine<'p> {
        let mut engine = Engine::new(program, self.world.clone(), Arc::new(()));
        engine.use_connection("sim", Arc::new(Connected(self.cloud.clone())));
        engine
    }

    /// A plan in fair weather. It must change nothing.
    async fn plan(&mut self, options: &PlanOptions) -> Result<(purlin_engine::Plan, PlanFile), String> {
        let program = Fixed(self.spec.graph());
        let mut engine = self.engine(&program);
        let log = self.open(&self.store).await.map_err(|e| e.to_string())?;
        self.cloud.lock().made.clear();
        let planned = engine.plan(log.state(), options, Answers::new()).await.map_err(|e| e.to_string())?;
        Ok((planned.plan.clone(), PlanFile::new(&planned)))
    }

    /// Plans twice: the same plan, and nothing changed.
    async fn plan_twice(&mut self, options: &PlanOptions) -> Result<(), Breach> {
        let journal = self.store.journal();
        let Ok((first, file)) = self.plan(options).await else { return Ok(()) };
        let text = file.to_text().map_err(|e| Breach { invariant: Invariant::SecretsSealed, what: e.to_string() })?;
        invariants::no_secret("the plan file", text.as_bytes())?;
        let pure = self.cloud.lock().made.is_empty() && self.store.journal() == journal;
        if !pure {
            return Err(Breach {
                invariant: Invariant::PlanIsPure,
                what: "a plan made a call that changes things".into(),
            });
        }
        match self.plan(options).await {
            Ok((second, _)) if second == first => Ok(()),
            second => {
                let what = format!("{first:?}\nthen\n{:?}", second.map(|s| s.0));
                Err(Breach { invariant: Invariant::PlanDeterministic, what })
            }
        }
    }

    async fn run(&mut self, run: &Run) -> Result<(), Breach> {
        self.adoptables();
        let options = run::options(run, &self.spec);
        if run.refresh.is_empty() && self.dice.random_bool(0.2) {
            self.plan_twice(&options).await?;
        }
        let mut approved = None;
        if let Some(meddling) = &run.approved
            && let Ok((_, file)) = self.plan(&options).await
        {
            let text =
                file.to_text().map_err(|e| Breach { invariant: Invariant::SecretsSealed, what: e.to_string() })?;
            approved = PlanFile::from_text(&text).ok();
            self.meddle(meddling);
            if let Some(between) = &run.between {
                Box::pin(self.run(between)).await?;
            }
            self.adoptables();
        }
        self.cloud.lock().note(|| format!("RUN {}", serde_json::to_string(run).unwrap_or_default()));
        self.storm(run);
        let program = Fixed(self.spec.graph());
        let log = self.open(&self.store).await?;
        let work =
            Work { engine: self.engine(&program), log, options, approved, destroy: run.destroy, notes: Arc::default() };
        let (end, planned) = run::live(work, &self.cloud, run).await;
        // A plan of a part says nothing of the rest.
        if planned && run.target.is_empty() && run.exclude.is_empty() {
            self.accepted = self.spec.clone();
        }
        self.stats.runs += 1;
        self.calm(run, &end);
        self.judge(run, end).await
    }

    /// Faults begin.
    fn storm(&mut self, run: &Run) {
        if let Some(Crash::Write(nth, torn)) = run.crash {
            let fault = match torn {
                Torn::Nothing => Fault::Refuse,
                Torn::Part(bytes) => Fault::Tear(bytes),
                Torn::All => Fault::LoseAnswer,
            };
            self.store.fail_write(nth, fault);
        }
        let mut inner = self.cloud.lock();
        inner.store = self.store.clone();
        inner.made.clear();
        inner.weather = run.weather.clone();
        inner.crash = run.crash;
        inner.calls = 0;
        let ignored =
            self.spec.nodes.iter().flat_map(|n| n.ignore.iter().map(|f| (n.path.as_str().into(), f.as_str().into())));
        inner.ignored = ignored.collect();
    }

    /// Faults end, and a dead process is dead: its calls arrive or do not, its lock ages out.
    fn calm(&mut self, run: &Run, end: &End) {
        {
            let mut inner = self.cloud.lock();
            inner.weather = Weather::default();
            inner.crash = None;
        }
        match (end, run.crash) {
            (End::Died, Some(Crash::Time(_))) => self.stats.crashes_at_times += 1,
            (End::Died, _) => self.stats.crashes_at_calls += 1,
            (End::State(_), _) => self.stats.crashes_at_writes += 1,
            (End::Refused(..), _) => self.stats.refused += 1,
            (End::Applied(report), _) => {
                self.stats.cancelled += u64::from(report.cancelled);
                self.stats.failed += report.failed.len() as u64;
            }
            (End::Hung, _) => {}
        }
        self.cloud.deliver();
        self.store = self.store.fork();
        self.store.break_lock();
    }

    async fn judge(&mut self, run: &Run, end: End) -> Result<(), Breach> {
        let breach = self.cloud.lock().breach.clone();
        if let Some(breach) = breach {
            return Err(breach);
        }
        let log = self.open(&self.store).await?;
        self.state = log.state().clone();
        self.retains |= self.spec.nodes.iter().any(|n| n.retain);
        if self.retains {
            let history = log.history().await.map_err(|e| invalid(&e))?;
            self.forgotten = invariants::forgotten(&history)?;
        }
        invariants::at_rest(&self.cloud, &self.state, &self.forgotten)?;
        let foreign: BTreeMap<SmolStr, Thing> = self.strangers();
        if foreign != self.foreign {
            return Err(Breach {
                invariant: Invariant::ForeignUntouched,
                what: "objects of others are not as they were".into(),
            });
        }
        if run::judge(run, &end)? {
            // The program asks for what is protected: whoever wrote it takes it back.
            if !run.destroy {
                self.spec = self.accepted.clone();
            }
        }
        Ok(())
    }

    fn strangers(&self) -> BTreeMap<SmolStr, Thing> {
        let inner = self.cloud.lock();
        inner
            .things
            .iter()
            .filter(|(_, t)| !t.mine && !t.is_adoptable())
            .map(|(id, t)| (id.clone(), t.clone()))
            .collect()
    }

    /// What the program adopts is there.
    fn adoptables(&mut self) {
        for node in &self.spec.nodes {
            let Some(id) = &node.adopt else { continue };
            let held =
                self.state.current(&node.address()).is_some() || self.state.objects.values().any(|o| o.id == *id);
            let mut inner = self.cloud.lock();
            if held || inner.things.get(id.as_str()).is_some_and(|t| t.mine) {
                continue;
            }
            let mut fields =
                purlin_core::Map::from([("label".into(), Value::from("found")), ("size".into(), Value::Int(3))]);
            // What cannot be changed has to be as the program says.
            fields.extend(node.texts.get("cidr").map(|cidr| ("cidr".into(), cidr.as_str().into())));
            let outputs = [("arn".into(), format!("arn:{id}").into()), ("revision".into(), Value::Int(0))].into();
            let schema = (kinds::KINDS[0].schema)();
            let thing = Thing { op: ADOPTABLE, outputs, ..Thing::foreign(schema.name, fields, None) };
            inner.things.insert(id.into(), thing);
        }
    }

    fn meddle(&mut self, meddling: &[Meddling]) {
        for meddling in meddling {
            let mut inner = self.cloud.lock();
            inner.note(|| format!("MEDDLE {meddling:?}"));
            let mine: Vec<SmolStr> = inner.things.iter().filter(|(_, t)| t.mine).map(|(id, _)| id.clone()).collect();
            let nth = |n: usize| mine.get(n % mine.len().max(1)).cloned();
            match meddling {
                Meddling::Drift(n) => {
                    if let Some(thing) = nth(*n).and_then(|id| inner.things.get_mut(&id)) {
                        let labelled = kinds::of_type(thing.ty).is_some_and(|k| k.texts.contains(&("label", false)));
                        let (field, value) =
                            if labelled { ("label", "drifted".into()) } else { ("size", Value::Int(99)) };
                        thing.fields.insert(field.into(), value);
                    }
                }
                Meddling::Vanish(n) => {
                    if let Some(id) = nth(*n).filter(|id| inner.holder(id).is_none()) {
                        inner.things.remove(&id);
                    }
                }
                Meddling::Hold(n) => {
                    let Some(id) = nth(*n) else { continue };
                    let ty = inner.things[&id].ty;
                    let holds = |k: &&kinds::Traits| {
                        k.links
                            .iter()
                            .find(|(f, t, _)| k.is_hard(f) && kinds::kind(t).is_some_and(|t| (t.schema)().name == ty))
                            .map(|(f, ..)| *f)
                    };
                    let Some((kind, field)) = kinds::KINDS.iter().find_map(|k| Some((k, holds(&k)?))) else { continue };
                    let fields = [(field.into(), Value::Str(id.clone()))].into();
                    let holder =
                        Thing::foreign((kind.schema)().name, fields, Some(("other/1".into(), "holder".into())));
                    inner.things.insert(format!("holder-{id}").into(), holder);
                }
                Meddling::Squat(n) => {
                    let named =
                        self.spec.nodes.iter().filter(|n| n.kind == "Bucket").filter_map(|n| n.texts.get("name"));
                    // An object is known by its name: one that vanished and came back as another's cannot be told from ours.
                    let free = |n: &&String| {
                        !inner.things.contains_key(n.as_str())
                            && !self.state.objects.values().any(|o| o.id == n.as_str())
                    };
                    let names: Vec<&String> = named.filter(free).collect();
                    let Some(name) = names.get(n % names.len().max(1)) else { continue };
                    let fields = [("name".into(), Value::from(name.as_str()))].into();
                    let tags = (n % 2 == 0).then(|| ("sim/another-lineage".into(), "squatter".into()));
                    let ty = kinds::kind("Bucket").map_or("", |k| (k.schema)().name);
                    inner.things.insert(name.as_str().into(), Thing::foreign(ty, fields, tags));
                }
                Meddling::Litter => {
                    for node in &self.spec.nodes {
                        let Some(kind) = kinds::kind(&node.kind) else { continue };
                        let tags = Some(("sim/another-lineage".into(), node.path.clone()));
                        let thing = Thing::foreign((kind.schema)().name, purlin_core::Map::new(), tags);
                        inner.things.insert(format!("litter-{}", node.id).into(), thing);
                    }
                }
            }
            drop(inner);
            self.foreign = self.strangers();
        }
    }

    /// Other owners let go of what they hold, and somebody removes what was forgotten: it may have the name of something new.
    fn let_go(&mut self) {
        self.cloud.lock().things.retain(|id, _| !self.forgotten.contains(id));
        self.cloud.lock().things.retain(|id, t| t.mine || t.is_adoptable() || id.starts_with("litter-"));
        self.foreign = self.strangers();
    }
}

fn invalid(error: &purlin_state::StateError) -> Breach {
    Breach { invariant: Invariant::StateValid, what: error.to_string() }
}

/// A passphrase for tests: no work, and randomness from a seed.
fn unseal() -> Unseal {
    let passphrase = purlin_core::Secret::new("open sesame".to_owned());
    Unseal { random: seal::Random::seeded(1), cost: seal::Cost::NONE, ..Unseal::with(passphrase) }
}

/// How long a run may take before it counts as hung: far beyond every timeout of the engine.
pub(crate) const HUNG: Duration = Duration::from_secs(7 * 24 * 3600);
