//! The dispatcher: owns state, journal and schedule, in one loop.
//!
//! A tick: take what is ready, write its intents with the results of the last tick in **one** durable commit, begin it, then wait for
//! whatever ends first. So an operation costs no write of its own, and no call is made whose intent is not on disk.
use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
    time::Duration,
};

use futures_util::{FutureExt as _, StreamExt as _, future::BoxFuture, stream::FuturesUnordered};
use purlin_core::{Diagnostic, Result, SmolStr, codes};
use purlin_state::{Body, Log, State, fold::Fold};
use tokio::{
    sync::mpsc,
    time::{Instant, sleep_until},
};

use super::{
    ApplyOptions, Cancel, Report,
    limiter::Limiter,
    prepare::{Prepared, Preparer},
    results,
    schedule::Schedule,
    unit::{Ended, Message},
};
use crate::{
    connect::Connections,
    engine::Planned,
    event::{Event, Observer},
    plan::OpId,
    recover::state_error,
    world::World,
};

/// An operation under way.
pub(crate) struct Running {
    pub(crate) token: SmolStr,
    pub(crate) provider: SmolStr,
    pub(crate) began: u64,
    /// The object as it will be stored once it is ready; none for a delete.
    pub(crate) object: Option<purlin_state::Object>,
    pub(crate) exists: bool,
}

type Units<'a> = FuturesUnordered<BoxFuture<'a, (OpId, Ended)>>;

/// Carries a plan out.
pub(crate) async fn run(
    world: &World,
    connections: &Connections,
    log: &mut Log,
    planned: Planned,
    options: &ApplyOptions,
    cancel: &Cancel,
    observer: &Arc<dyn Observer>,
) -> Result<Report> {
    let plan = Arc::new(planned.plan);
    observer.event(Event::Applying { plan: plan.clone() });
    let (tell, inbox) = mpsc::unbounded_channel();
    let preparer =
        Preparer { world, connections, graph: &planned.graph, plan: &plan, steps: &planned.steps, cancel, tell };
    let outputs = results::outputs(log.state(), &plan, &planned.steps.outputs);
    let mut dispatcher = Dispatcher {
        world,
        options,
        cancel,
        observer,
        schedule: Schedule::new(&plan),
        limiter: Limiter::new(options.parallelism),
        preparer: &preparer,
        running: HashMap::new(),
        ahead: Fold::new(log.state().clone()),
        outbox: Vec::new(),
        report: Report::default(),
        stopping: false,
        give_up: None,
    };
    dispatcher.write(outputs);
    dispatcher.run(log, inbox).await
}

struct Dispatcher<'a> {
    world: &'a World,
    options: &'a ApplyOptions,
    cancel: &'a Cancel,
    observer: &'a Arc<dyn Observer>,
    schedule: Schedule,
    limiter: Limiter,
    preparer: &'a Preparer<'a>,
    running: HashMap<OpId, Running>,
    /// The state with the records of the next commit in it: what is prepared next builds on results that are not durable yet, and is
    /// begun only once they are.
    ahead: Fold,
    /// Records of the next commit.
    outbox: Vec<Body>,
    report: Report,
    /// Nothing more is begun.
    stopping: bool,
    /// When first answers are no longer awaited.
    give_up: Option<Instant>,
}

impl<'a> Dispatcher<'a> {
    async fn run(mut self, log: &mut Log, mut inbox: mpsc::UnboundedReceiver<Message>) -> Result<Report> {
        let mut units: Units<'a> = FuturesUnordered::new();
        loop {
            // A unit may have seen the request first and be over already: then nothing below would notice it.
            if self.cancel.is_cancelled() && !self.report.cancelled {
                self.stop();
            }
            let starts = if self.stopping { Vec::new() } else { self.gather() };
            self.commit(log).await?;
            let idle = starts.is_empty();
            for (op, unit) in starts {
                self.observer.event(Event::Started { op });
                units.push(unit);
            }
            if units.is_empty() {
                if idle {
                    break;
                }
                continue;
            }
            tokio::select! {
                biased;
                () = self.cancel.cancelled(), if !self.report.cancelled => self.stop(),
                () = sleep_until(self.give_up.unwrap_or_else(Instant::now)), if self.give_up.is_some() => break,
                Some(message) = inbox.recv() => self.message(message),
                Some((op, ended)) = units.next() => {
                    self.messages(&mut inbox);
                    self.ended(op, ended);
                }
            }
            // Whatever else has happened by now goes into the same commit.
            self.messages(&mut inbox);
            while let Some(Some((op, ended))) = units.next().now_or_never() {
                self.messages(&mut inbox);
                self.ended(op, ended);
            }
        }
        drop(units);
        self.close(log).await
    }

    /// Takes what is ready and has a place to run; state-only operations are done on the spot.
    fn gather(&mut self) -> Vec<(OpId, BoxFuture<'a, (OpId, Ended)>)> {
        let mut starts = Vec::new();
        let mut back = Vec::new();
        while let Some(op) = self.schedule.next() {
            if self.schedule.is_settled(op) {
                continue;
            }
            let provider = self.preparer.provider(op);
            let external = self.preparer.plan.op(op).action.is_external();
            if external && !self.limiter.take(&provider) {
                back.push(op);
                continue;
            }
            match self.preparer.prepare(self.ahead.state(), op, &self.schedule) {
                Prepared::Start { bodies, running, unit } => {
                    self.write(bodies);
                    self.running.insert(op, *running);
                    starts.push((op, unit));
                }
                Prepared::Written { bodies } => {
                    self.write(bodies);
                    self.free(external, &provider);
                    self.done(op, Duration::ZERO);
                }
                Prepared::Nothing { bodies, also } => {
                    self.write(bodies);
                    self.free(external, &provider);
                    for op in [Some(op), also].into_iter().flatten() {
                        if !self.schedule.is_settled(op) {
                            self.observer.event(Event::Skipped { op });
                            self.report.skipped.push(op);
                            self.schedule.skip(op);
                        }
                    }
                }
                Prepared::Refused(diagnostic) => {
                    self.free(external, &provider);
                    let outside = diagnostic.code == codes::OUTSIDE_PLAN;
                    self.failed(op, *diagnostic);
                    self.stopping |= outside;
                }
            }
            if self.stopping {
                break;
            }
        }
        self.schedule.put_back(back);
        starts
    }

    fn free(&mut self, external: bool, provider: &SmolStr) {
        if external {
            self.limiter.give(provider);
        }
    }

    /// Notes records for the next commit.
    fn write(&mut self, bodies: Vec<Body>) {
        for body in bodies {
            let State { serial, epoch, .. } = *self.ahead.state();
            self.ahead.apply(serial + 1, epoch, body.clone());
            self.outbox.push(body);
        }
        self.ahead.settle();
    }

    async fn commit(&mut self, log: &mut Log) -> Result<()> {
        if self.outbox.is_empty() {
            return Ok(());
        }
        let bodies = std::mem::take(&mut self.outbox);
        log.commit(bodies, self.world.now()).await.map_err(state_error)
    }

    /// What units told so far. A unit tells that its object exists before it ends, maybe in one go: so this comes before its end.
    fn messages(&mut self, inbox: &mut mpsc::UnboundedReceiver<Message>) {
        while let Ok(message) = inbox.try_recv() {
            self.message(message);
        }
    }

    fn message(&mut self, message: Message) {
        match message {
            Message::Phase(op, phase) => self.observer.event(Event::Phase { op, phase }),
            Message::Throttled(op) => {
                if let Some(running) = self.running.get(&op) {
                    self.limiter.throttled(&running.provider);
                }
            }
            Message::Exists(op, id, outputs) => {
                if let Some(running) = self.running.get_mut(&op) {
                    running.exists = true;
                    let bodies = results::exists(self.ahead.state(), self.preparer, op, running, id.clone(), outputs);
                    self.write(bodies);
                    self.observer.event(Event::Exists { op, id });
                    self.schedule.exists(op);
                }
            }
        }
    }

    fn ended(&mut self, op: OpId, ended: Ended) {
        let Some(running) = self.running.remove(&op) else { return };
        self.limiter.give(&running.provider);
        let took = Duration::from_millis(self.world.now().saturating_sub(running.began));
        match results::ended(self.ahead.state(), self.preparer, op, running, ended, self.world.now()) {
            results::Result::Done(bodies) => {
                self.write(bodies);
                self.done(op, took);
            }
            results::Result::Failed(bodies, diagnostic) => {
                self.write(bodies);
                self.failed(op, *diagnostic);
            }
            results::Result::Open(bodies) => {
                self.write(bodies);
                self.report.open.push(op);
            }
        }
    }

    fn done(&mut self, op: OpId, took: Duration) {
        self.observer.event(Event::Done { op, took });
        self.report.done.push(op);
        self.schedule.done(op);
    }

    fn failed(&mut self, op: OpId, diagnostic: Diagnostic) {
        self.observer.event(Event::Failed { op, diagnostic: Box::new(diagnostic.clone()) });
        self.report.failed.push((op, diagnostic));
        for held in self.schedule.fail(op) {
            self.observer.event(Event::Held { op: held, by: op });
            self.report.held.push((held, op));
        }
        self.stopping |= self.options.fail_fast;
    }

    fn stop(&mut self) {
        self.observer.event(Event::Stopping);
        self.report.cancelled = true;
        self.stopping = true;
        self.give_up = Some(Instant::now() + self.options.grace);
    }

    /// What is open now stays open in the journal; the rest of the plan was not begun.
    async fn close(mut self, log: &mut Log) -> Result<Report> {
        self.report.open.extend(self.running.keys().copied());
        self.report.open.sort_unstable();
        let open: BTreeMap<OpId, ()> = self.report.open.iter().map(|op| (*op, ())).collect();
        for (op, _) in self.preparer.plan.iter() {
            if !self.schedule.is_settled(op) && !open.contains_key(&op) {
                self.report.untouched.push(op);
            }
        }
        if let Some(body) = results::exports(self.ahead.state(), self.preparer, self.report.is_complete()) {
            self.write(vec![body]);
        }
        self.commit(log).await?;
        Ok(self.report)
    }
}
