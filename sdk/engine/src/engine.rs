//! [`Engine`]: a program, a world and its providers, put together. What the command line and the tests call.
use std::{collections::BTreeMap, sync::Arc};

use purlin_core::{
    Error, Graph, Result, SmolStr,
    lookup::Answers,
    provider::{Connection, ProviderKind},
    stack::Built,
};
use purlin_state::{Holder, Log, Outcome, State};

use crate::{
    apply::{self, ApplyOptions, Cancel, Report},
    connect::Connections,
    event::{Event, Observer},
    plan::{Plan, PlanOptions, make},
    recover,
    refresh::{self, LiveSet},
    saved::Binding,
    world::World,
};

/// A program that describes a stack.
pub trait Program: Send + Sync {
    /// The stack's name.
    fn stack(&self) -> &str;

    /// Runs it once with the answers that there are.
    ///
    /// # Errors
    /// What is wrong with what it describes.
    fn build(&self, answers: &Answers) -> Result<Built>;

    /// A digest of the settings, for the binding of plans.
    fn settings_digest(&self) -> SmolStr {
        SmolStr::default()
    }

    /// Kinds of providers whose types the state may hold though the program no longer names any.
    fn kinds(&self) -> Vec<&'static dyn ProviderKind> {
        Vec::new()
    }
}

/// A plan with all that is needed to carry it out.
pub struct Planned {
    /// What would be done.
    pub plan: Plan,
    /// What the program asked for.
    pub graph: Arc<Graph>,
    /// What the plan is bound to.
    pub binding: Binding,
    /// The answers that the program saw.
    pub answers: Answers,
    pub(crate) steps: make::Steps,
}

/// A program, a world and its providers.
pub struct Engine<'a> {
    program: &'a dyn Program,
    world: World,
    observer: Arc<dyn Observer>,
    connections: Connections,
    /// Lookups are asked once a run: the plan and the apply see the same answers.
    answers: Answers,
}

impl<'a> Engine<'a> {
    /// An engine that has not called anything yet.
    pub fn new(program: &'a dyn Program, world: World, observer: Arc<dyn Observer>) -> Self {
        let connections = Connections::new(program.kinds());
        Self { program, world, observer, connections, answers: Answers::new() }
    }

    /// Who is told of events.
    pub fn observer(&self) -> &Arc<dyn Observer> {
        &self.observer
    }

    /// Uses a given connection for all providers of a kind: for tests and simulations.
    pub fn use_connection(&mut self, kind: &'static str, connection: Arc<dyn Connection>) {
        self.connections.replace(kind, connection);
    }

    /// Runs the program until all its lookups are answered. `answers` go before those that this engine has got already.
    ///
    /// # Errors
    /// The program's, or a lookup that failed.
    pub async fn build(&mut self, answers: Answers) -> Result<(Graph, Answers)> {
        self.answers.extend(answers);
        loop {
            match self.program.build(&self.answers)? {
                Built::Graph(graph) => return Ok((graph, self.answers.clone())),
                Built::Pending { graph, pending } => {
                    self.observer.event(Event::Looking { count: pending.len() });
                    let before = self.answers.len();
                    self.connections.answer(&graph, &pending, &mut self.answers).await?;
                    if self.answers.len() == before {
                        return Err(Error::LookupPending);
                    }
                }
            }
        }
    }

    /// Makes a plan from a state; changes nothing. Open intents are settled in memory first, so the plan is what an apply would do.
    ///
    /// # Errors
    /// Everything that makes a plan impossible, found together where that can be.
    pub async fn plan(&mut self, state: &State, options: &PlanOptions, answers: Answers) -> Result<Planned> {
        let (graph, answers) = self.build(answers).await?;
        self.connections.connect(&graph, state).await?;
        if state.intents.is_empty() {
            return self.plan_settled(graph, answers, state, options).await;
        }
        let settled = recover::settle(&self.world, &self.connections, state, &*self.observer).await?;
        let state = recover::fold_in(state, settled)?;
        self.plan_settled(graph, answers, &state, options).await
    }

    async fn plan_settled(
        &mut self,
        graph: Graph,
        answers: Answers,
        state: &State,
        options: &PlanOptions,
    ) -> Result<Planned> {
        let graph = Arc::new(graph);
        let mut live = LiveSet::default();
        let wanted = refresh::select(options.refresh, state, self.world.now());
        refresh::read(&self.world, &self.connections, &graph, state, wanted, &mut live, &*self.observer).await?;
        let mut made = make::make(&graph, state, &live, &self.connections, options)?;
        // What a look brings to light may concern further objects.
        while let Some(more) = refresh::touched(options.refresh, &self.connections, state, &made.0, &live) {
            refresh::read(&self.world, &self.connections, &graph, state, more, &mut live, &*self.observer).await?;
            made = make::make(&graph, state, &live, &self.connections, options)?;
        }
        let (plan, steps) = made;
        let binding =
            Binding::new(state, &graph, self.program.settings_digest(), self.connections.identities(), options);
        Ok(Planned { plan, graph, binding, answers, steps })
    }

    /// Takes the lock and settles what an earlier run left open. Everything that changes things begins here.
    ///
    /// # Errors
    /// The lock is held, the state cannot be read, or an earlier operation's outcome needs a person.
    pub async fn begin(&mut self, log: &mut Log, holder: Holder, plan: Option<SmolStr>) -> Result<()> {
        let (graph, _) = self.build(Answers::new()).await?;
        self.connections.connect(&graph, log.state()).await?;
        log.begin(holder, plan, self.world.new_id(), self.world.now()).await.map_err(recover::state_error)?;
        let recovered = self.recover(log).await;
        if recovered.is_err() {
            // Why it could not begin is what counts; a lock that cannot be given back ends with the process.
            let _ = log.end(Outcome::Failed, self.world.now()).await;
        }
        recovered
    }

    async fn recover(&self, log: &mut Log) -> Result<()> {
        let settled = recover::settle(&self.world, &self.connections, log.state(), &*self.observer).await?;
        if settled.is_empty() {
            return Ok(());
        }
        log.commit(settled, self.world.now()).await.map_err(recover::state_error)
    }

    /// Carries a plan out. The log must have begun, and the plan must have been made from its state.
    ///
    /// # Errors
    /// Only what stops the run as a whole, such as a state that cannot be written; failed operations are in the report.
    pub async fn apply(
        &mut self,
        log: &mut Log,
        planned: Planned,
        options: &ApplyOptions,
        cancel: &Cancel,
    ) -> Result<Report> {
        apply::run(&self.world, &self.connections, log, planned, options, cancel, &self.observer).await
    }

    /// Reads everything that the state holds and writes what it found: outputs that changed, objects that are gone. Gives the
    /// number of objects read.
    ///
    /// # Errors
    /// A read failed, or the state cannot be written.
    pub async fn refresh(&mut self, log: &mut Log) -> Result<usize> {
        let (graph, _) = self.build(Answers::new()).await?;
        let graph = Arc::new(graph);
        let mut live = LiveSet::default();
        let all = refresh::select(crate::plan::Refresh::All, log.state(), self.world.now());
        let count = all.len();
        refresh::read(&self.world, &self.connections, &graph, log.state(), all, &mut live, &*self.observer).await?;
        let bodies = refresh::findings(log.state(), &live, self.world.now());
        log.commit(bodies, self.world.now()).await.map_err(recover::state_error)?;
        Ok(count)
    }

    /// Ends a run: writes how it ended, compacts, gives the lock back.
    ///
    /// # Errors
    /// The state cannot be written.
    pub async fn end(&mut self, log: &mut Log, outcome: Outcome) -> Result<()> {
        log.end(outcome, self.world.now()).await.map_err(recover::state_error)
    }

    /// The identities of the connected providers, by name.
    pub fn identities(&self) -> BTreeMap<SmolStr, SmolStr> {
        self.connections.identities()
    }
}
