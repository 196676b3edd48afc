//! `Run`: one stack in an account of its own, with a state in memory and engines that come and go.
//!
//! Each apply is a new engine on the same store, as each run of the tool is a new process. The connection is kept: making
//! one costs time and no API call that a driver makes.
use std::{
    collections::BTreeMap,
    sync::Arc,
    time::{SystemTime, UNIX_EPOCH},
};

use purlin_core::{
    Expr, Map, Schema, SmolStr, Value,
    driver::{Call, Driver, Entropy, Failure, Owner, Recorded},
    lookup::Answers,
    provider::{Connection as _, Identity},
};
use purlin_engine::{
    ApplyOptions, Cancel, Engine, Plan, PlanOptions, Report, World,
    plan::{Goal, Refresh},
};
use purlin_state::{Holder, Log, Object, Outcome, State, Unseal, store::Memory};

use super::{
    broken::{Broken, Result},
    cases::{Declared, NAME, Spec},
    watch::{Seen, Watched},
};
use crate::{AwsAccount, Fault, Inventory, Rule};

/// How far the clock of a run that resumes is ahead: past every type's settle time, so that nothing is waited for that
/// only a distributed service needs.
const LATER: u64 = 3_600_000;

/// How many things of each kind there are.
pub(super) type Counts = BTreeMap<String, usize>;

/// One stack in an account of its own.
pub(super) struct Run<'a> {
    pub(super) spec: &'a Spec,
    pub(super) account: Arc<AwsAccount>,
    pub(super) watched: Arc<Watched>,
    /// Every verb so far, while it records.
    pub(super) log: Vec<Seen>,
    /// The verbs of the last apply, without those of its plan.
    pub(super) applied: Vec<Seen>,
    store: Memory,
    step: String,
    ahead: u64,
    /// Runs read nothing before they plan: where nobody else was at work, the state says it all.
    pub(super) blind: bool,
}

/// What became of an apply that was to be killed.
pub(super) enum Killed {
    /// At the call.
    Yes,
    /// The engine came to its end.
    No(Report),
}

impl<'a> Run<'a> {
    pub(super) async fn fresh(spec: &'a Spec) -> Result<Self> {
        let broken = |what: String| Broken { ty: spec.schema.name, step: "begin".to_owned(), what };
        let account = Arc::new(AwsAccount::fresh().map_err(|e| broken(format!("no account in the lab: {e}")))?);
        let config = (spec.provider)(&account);
        let settings: Map = config.config.iter().filter_map(|(name, expr)| literal(name, expr)).collect();
        let connection = config.kind.connect(&settings).await.map_err(|f| broken(format!("no connection: {f}")))?;
        let watched = Arc::new(Watched::new(connection, account.clone()));
        let (log, applied, step) = (Vec::new(), Vec::new(), "begin".to_owned());
        Ok(Self { spec, account, watched, log, applied, store: Memory::new(), step, ahead: 0, blind: false })
    }

    /// Says where in the life this is, for messages.
    pub(super) fn enter(&mut self, step: impl Into<String>) {
        self.step = step.into();
    }

    pub(super) fn broken(&self, what: impl Into<String>) -> Broken {
        Broken { ty: self.spec.schema.name, step: self.step.clone(), what: what.into() }
    }

    fn program(&self, which: Option<&[usize]>) -> Declared {
        let provider = (self.spec.provider)(&self.account);
        Declared { build: self.spec.build.clone(), provider, which: which.map(<[usize]>::to_vec) }
    }

    fn engine<'p>(&self, program: &'p Declared) -> Engine<'p> {
        let ahead = self.ahead;
        let world = World::new(move || now() + ahead, random);
        let mut engine = Engine::new(program, world, Arc::new(()));
        engine.use_connection(program.provider.kind.name(), self.watched.clone());
        engine
    }

    async fn open(&self) -> Result<Log> {
        let opened = Log::open(Box::new(self.store.clone()), "lab", Unseal::none()).await;
        opened.map_err(|e| self.broken(format!("the state cannot be opened: {e}")))
    }

    /// The plan of now, with everything read.
    pub(super) async fn plan(&self, which: Option<&[usize]>) -> Result<Plan> {
        let program = self.program(which);
        let log = self.open().await?;
        let planned = self.engine(&program).plan(log.state(), &PlanOptions::default(), Answers::new()).await;
        Ok(planned.map_err(|e| self.broken(format!("the plan failed:\n{e}")))?.plan)
    }

    /// Fails unless there is nothing to do.
    pub(super) async fn is_settled(&self, which: Option<&[usize]>) -> Result<()> {
        let plan = self.plan(which).await?;
        if plan.is_empty() { Ok(()) } else { Err(self.broken(format!("a second plan is not empty:\n{}", told(&plan)))) }
    }

    /// Plans and applies; all of it must be done. None is a program without the object.
    pub(super) async fn apply(&mut self, which: Option<&[usize]>) -> Result<()> {
        self.apply_if(which, |_| Ok(())).await
    }

    /// As [`apply`](Self::apply), if the plan is what it should be; else what is wrong with it.
    pub(super) async fn apply_if(
        &mut self,
        which: Option<&[usize]>,
        check: impl Fn(&Plan) -> std::result::Result<(), String>,
    ) -> Result<()> {
        let ended = self.run(which, Goal::Apply, check, None, false).await?;
        self.is_complete(&ended)
    }

    /// Removes everything.
    pub(super) async fn destroy(&mut self) -> Result<()> {
        let ended = self.run(None, Goal::Destroy, |_| Ok(()), None, false).await?;
        self.is_complete(&ended)
    }

    fn is_complete(&self, ended: &Killed) -> Result<()> {
        match ended {
            Killed::No(report) if report.is_complete() => Ok(()),
            Killed::No(report) => Err(self.broken(format!("the apply failed:\n{}", failures(report)))),
            Killed::Yes => Err(self.broken("a kill that nobody ordered")),
        }
    }

    /// Plans and applies with a fault at the nth call of the apply, and lets the engine die of it.
    pub(super) async fn kill(&mut self, which: Option<&[usize]>, nth: usize, fault: Fault) -> Result<Killed> {
        self.run(which, Goal::Apply, |_| Ok(()), Some(at(nth, fault)), true).await
    }

    /// Plans and applies with a fault at the nth call of the apply, which the engine survives.
    pub(super) async fn lose(&mut self, which: Option<&[usize]>, nth: usize, fault: Fault) -> Result<()> {
        let ended = self.run(which, Goal::Apply, |_| Ok(()), Some(at(nth, fault)), false).await?;
        self.is_complete(&ended)
    }

    async fn run(
        &mut self,
        which: Option<&[usize]>,
        goal: Goal,
        check: impl Fn(&Plan) -> std::result::Result<(), String>,
        fault: Option<Rule>,
        dies: bool,
    ) -> Result<Killed> {
        let program = self.program(which);
        let mut log = self.open().await?;
        let mut engine = self.engine(&program);
        let holder = Holder { who: "lab".into(), ..Holder::default() };
        let stopped = |e: purlin_core::Error| self.broken(format!("the run failed:\n{e}"));
        engine.begin(&mut log, holder, None).await.map_err(stopped)?;
        let refresh = if self.blind { Refresh::None } else { Refresh::All };
        let options = PlanOptions { goal, refresh, ..PlanOptions::default() };
        let planned = engine.plan(log.state(), &options, Answers::new()).await.map_err(stopped)?;
        check(&planned.plan).map_err(|what| self.broken(format!("{what}; the plan is\n{}", told(&planned.plan))))?;
        let read = self.watched.take();
        if let Some(rule) = fault {
            self.account.inject(rule).map_err(|e| self.broken(e.to_string()))?;
            self.watched.arm(dies);
        }
        let (options, cancel) = (ApplyOptions::default(), Cancel::default());
        let report = tokio::select! {
            biased;
            () = self.watched.killed(), if dies => None,
            report = engine.apply(&mut log, planned, &options, &cancel) => Some(report.map_err(stopped)?),
        };
        self.watched.arm(false);
        let ended = match report {
            // The process is gone, and its lock with it.
            None => {
                self.store.break_lock();
                Killed::Yes
            }
            Some(report) => {
                let outcome = if report.is_complete() { Outcome::Done } else { Outcome::Failed };
                engine.end(&mut log, outcome).await.map_err(stopped)?;
                Killed::No(report)
            }
        };
        let done = self.watched.take();
        self.applied.clone_from(&done);
        self.log.extend(read.into_iter().chain(done));
        Ok(ended)
    }

    /// From here on, runs take place later.
    pub(super) fn later(&mut self) {
        self.ahead += LATER;
    }

    pub(super) async fn state(&self) -> Result<State> {
        Ok(self.open().await?.state().clone())
    }

    /// The object as the state has it.
    pub(super) async fn object(&self) -> Result<Object> {
        let state = self.state().await?;
        let mut found: Vec<&Object> = state.objects.values().filter(|o| o.key.address.path == NAME).collect();
        match (found.pop(), found.is_empty()) {
            (Some(object), true) => Ok(object.clone()),
            (Some(_), false) => Err(self.broken(format!("the state has {} objects of one resource", found.len() + 1))),
            (None, _) => Err(self.broken("the state has no object")),
        }
    }

    pub(super) fn inventory(&self) -> Result<Inventory> {
        self.account.inventory().map_err(|e| self.broken(e.to_string()))
    }

    pub(super) fn counts(&self) -> Result<Counts> {
        Ok(self.inventory()?.kinds.iter().map(|(kind, things)| (kind.clone(), things.len())).collect())
    }

    /// The type's driver, to be asked without an engine between.
    pub(super) fn driver(&self) -> Result<Arc<dyn Driver>> {
        let missing = || self.broken("the provider has no driver for it");
        self.watched.driver(self.spec.schema).ok_or_else(missing)
    }

    pub(super) async fn identity(&self) -> Result<Identity> {
        self.watched.identity().await.map_err(|f| self.broken(format!("no identity: {f}")))
    }

    /// What a verb is told when there is no engine.
    pub(super) async fn call(&self) -> Result<Call> {
        let state = self.state().await?;
        let owner = Owner { stack: state.stack, lineage: state.lineage, path: SmolStr::new_static(NAME) };
        let address = purlin_core::Address::new(NAME, self.spec.schema.name);
        Ok(Call { address, owner, operation: "0harness".into(), entropy: Entropy([0; 32]) })
    }

    pub(super) fn failed(&self, verb: &'static str) -> impl Fn(Failure) -> Broken + '_ {
        move |f| {
            self.broken(format!("{verb} failed: {f}{}", f.call.as_ref().map_or(String::new(), |c| format!(" [{c}]"))))
        }
    }
}

/// An object of the state as a driver is told of it.
pub(super) fn recorded(object: &Object) -> Recorded {
    Recorded { id: object.id.clone(), fields: object.fields.clone(), outputs: object.outputs.clone() }
}

/// A field's value with what an absent one stands for, and secrets laid open: what is compared.
pub(super) fn field(schema: &Schema, fields: &Map, name: &str) -> Value {
    let absent = || schema.field(name).map_or(Value::Null, |spec| (spec.absent)());
    match fields.get(name).map(Value::reveal) {
        None | Some(Value::Null) => absent(),
        Some(value) => value,
    }
}

/// A plan in a message: one line an operation, with its causes and changes.
pub(super) fn told(plan: &Plan) -> String {
    let mut lines = Vec::new();
    for op in &plan.ops {
        lines.push(format!("  {:?} {} because {:?}", op.action, op.key, op.causes));
        lines.extend(op.changes.iter().map(|c| {
            let (before, after) = (c.before.display(), c.after.display());
            format!("    {}: {before} -> {after}{}", c.field, if c.drift { " (drift)" } else { "" })
        }));
    }
    lines.extend(plan.exports.iter().map(|e| format!("  export {}", e.name)));
    lines.join("\n")
}

fn failures(report: &Report) -> String {
    let mut lines: Vec<String> = report.failed.iter().map(|(_, d)| d.to_string()).collect();
    if lines.is_empty() {
        lines.push(format!("{report:?}"));
    }
    lines.join("\n")
}

fn at(nth: usize, fault: Fault) -> Rule {
    Rule::any(fault).nth(u64::try_from(nth).unwrap_or(u64::MAX))
}

fn literal(name: &SmolStr, expr: &Expr) -> Option<(SmolStr, Value)> {
    match expr {
        Expr::Value(value) => Some((name.clone(), value.clone())),
        _ => None,
    }
}

#[expect(clippy::disallowed_methods, reason = "the harness is an edge: it hands the clock to the engine")]
fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |d| u64::try_from(d.as_millis()).unwrap_or(0))
}

fn random(buffer: &mut [u8]) {
    getrandom::fill(buffer).unwrap_or_else(|e| panic!("the system has no randomness: {e}"));
}
