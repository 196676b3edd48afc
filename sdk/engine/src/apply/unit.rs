//! A unit carries one operation out: it calls the driver, retries, waits, and reports. It never touches the state.
use std::{sync::Arc, time::Duration};

use purlin_core::{
    Map, Schema, SmolStr, Value,
    driver::{Call, Driver, Effect, Failure, Found, Kind, Live, Progress, Recorded},
    resource::ID,
};
use tokio::{sync::mpsc::UnboundedSender, time::Instant};

use super::Cancel;
use crate::{
    event::Phase,
    plan::{OpId, diff},
    world::World,
};

/// The first pause before a call is made again; it doubles up to the longest.
const FIRST_PAUSE: Duration = Duration::from_millis(200);
/// The longest pause between two attempts or two looks.
const LONGEST_PAUSE: Duration = Duration::from_secs(10);
/// How long a service that answers with server faults is tried.
const UNAVAILABLE: Duration = Duration::from_secs(60);

/// What a unit is to do.
pub(crate) enum Work {
    /// Make it.
    Create {
        /// What is wanted.
        wanted: Map,
    },
    /// Bring it to what is wanted.
    Update {
        /// As the state has it.
        object: Recorded,
        /// As it was read for the plan, if it was.
        live: Option<Live>,
        /// What is wanted.
        wanted: Map,
        /// Fields that keep what they have.
        kept: Vec<&'static str>,
    },
    /// Remove it.
    Delete {
        /// As the state has it.
        object: Recorded,
    },
}

/// What a unit tells while it works.
pub(crate) enum Message {
    /// It has come to another phase.
    Phase(OpId, Phase),
    /// A created object exists.
    Exists(OpId, SmolStr, Map),
    /// The provider throttles.
    Throttled(OpId),
}

/// How a unit ended.
pub(crate) enum Ended {
    /// It is as wanted and ready: id, outputs.
    Ready(SmolStr, Map),
    /// It is gone.
    Gone,
    /// The run was asked to stop while it waited: the next run goes on.
    Interrupted,
    /// It failed.
    Failed(Failure),
    /// What a create made is not clear.
    Ambiguous(Failure, String),
}

/// One operation under way.
pub(crate) struct Unit {
    pub(crate) op: OpId,
    pub(crate) call: Call,
    pub(crate) driver: Arc<dyn Driver>,
    pub(crate) schema: &'static Schema,
    /// Ids of the resource's other generations: one that has the same name is not what this operation made.
    pub(crate) others: Vec<SmolStr>,
    pub(crate) timeout: Duration,
    pub(crate) world: World,
    pub(crate) cancel: Cancel,
    pub(crate) tell: UnboundedSender<Message>,
}

/// Why a step of a unit did not end well.
enum Stop {
    Failure(Failure),
    Ambiguous(Failure, String),
    Interrupted,
}

impl From<Failure> for Stop {
    fn from(failure: Failure) -> Self {
        Self::Failure(failure)
    }
}

impl Unit {
    /// Carries the work out.
    pub(crate) async fn run(self, work: Work) -> (OpId, Ended) {
        let deadline = Instant::now() + self.timeout;
        let result = match work {
            Work::Create { wanted } => self.create(&wanted, deadline).await,
            Work::Update { object, live, wanted, kept } => self.update(&object, live, wanted, &kept, deadline).await,
            Work::Delete { object } => self.delete(&object, deadline).await,
        };
        let ended = match result {
            Ok(ended) => ended,
            Err(Stop::Failure(failure)) => Ended::Failed(failure),
            Err(Stop::Ambiguous(failure, why)) => Ended::Ambiguous(failure, why),
            Err(Stop::Interrupted) => Ended::Interrupted,
        };
        (self.op, ended)
    }

    async fn create(&self, wanted: &Map, deadline: Instant) -> Result<Ended, Stop> {
        let (id, live) = self.make(wanted, deadline).await?;
        let mut outputs = live.as_ref().map(|l| l.outputs.clone()).unwrap_or_default();
        outputs.insert(ID, Value::Str(id.clone()));
        self.send(Message::Exists(self.op, id.clone(), outputs.clone()));
        let mut object = Recorded { id: id.clone(), fields: wanted.clone(), outputs };
        let live = match live {
            Some(live) => live,
            None => {
                let live = self.look(&object, deadline, deadline).await?;
                object.outputs.extend(live.outputs.clone());
                live
            }
        };
        self.finish(object, live, wanted, deadline).await
    }

    /// The one call that is not idempotent. It is repeated only when it certainly had no effect; when its outcome is not known, what
    /// it made is looked for first.
    async fn make(&self, wanted: &Map, deadline: Instant) -> Result<(SmolStr, Option<Live>), Stop> {
        let mut pause = FIRST_PAUSE;
        let began = Instant::now();
        // Whether any of the calls may have had an effect.
        let mut doubt = false;
        loop {
            self.phase(Phase::Calling);
            let failure = match self.driver.create(&self.call, wanted).await {
                Ok(created) => return Ok((created.id, created.live)),
                Err(failure) => failure,
            };
            doubt |= failure.effect == Effect::Unknown;
            if failure.effect == Effect::Unknown || failure.kind == Kind::AlreadyExists {
                let found = match self.search(wanted, deadline).await {
                    // Nobody knows what the call made, and nobody can look: the operation stays open, and the next run looks.
                    Err(Stop::Failure(f)) if failure.effect == Effect::Unknown => {
                        return Err(Stop::Ambiguous(failure, format!("it could not be looked for: {f}")));
                    }
                    found => found?,
                };
                match found {
                    Found::One(id) if doubt => return Ok((id, None)),
                    Found::One(id) => return Err(left_behind(&failure, &id).into()),
                    Found::Ambiguous(why) if failure.effect == Effect::Unknown => {
                        return Err(Stop::Ambiguous(failure, why));
                    }
                    Found::Ambiguous(why) => {
                        return Err(Failure { message: format!("{}: {why}", failure.message), ..failure }.into());
                    }
                    Found::Absent if failure.kind == Kind::AlreadyExists => return Err(failure.into()),
                    Found::Absent => {}
                }
            } else if !self.may_retry(&failure, began, deadline) {
                return Err(failure.into());
            }
            self.pause(&failure, &mut pause, deadline).await?;
        }
    }

    /// Looks for what a create made whose answer was lost. An absence counts once the type's settle time has passed.
    async fn search(&self, wanted: &Map, deadline: Instant) -> Result<Found, Stop> {
        self.phase(Phase::Searching);
        let settled = Instant::now() + self.schema.settle;
        loop {
            let before = Instant::now();
            let found = match self.repeat(deadline, || self.driver.find(&self.call, wanted)).await? {
                Found::One(id) if self.others.contains(&id) => Found::Absent,
                found => found,
            };
            match found {
                Found::Absent if before < settled => self.sleep(settled - before).await?,
                found => return Ok(found),
            }
        }
    }

    async fn update(
        &self,
        object: &Recorded,
        live: Option<Live>,
        mut wanted: Map,
        kept: &[&'static str],
        deadline: Instant,
    ) -> Result<Ended, Stop> {
        let live = match live {
            Some(live) => live,
            None => {
                let live = self.look(object, Instant::now() + self.schema.settle, deadline).await?;
                diff::keep_ignored(self.schema, &object.fields, Some(&live.fields), &mut wanted, kept);
                live
            }
        };
        let mut outputs = live.outputs.clone();
        outputs.insert(ID, Value::Str(object.id.clone()));
        let object = Recorded { id: object.id.clone(), fields: wanted.clone(), outputs };
        self.finish(object, live, &wanted, deadline).await
    }

    /// From live to wanted, then until it is ready.
    async fn finish(&self, mut object: Recorded, live: Live, wanted: &Map, deadline: Instant) -> Result<Ended, Stop> {
        let synced = self.differs(&live.fields, wanted);
        if synced {
            self.phase(Phase::Syncing);
            self.repeat(deadline, || self.driver.sync(&self.call, &object.id, &live, wanted)).await?;
        }
        self.wait("ready", deadline, || self.driver.ready(&self.call, &object)).await?;
        let volatile = synced && self.schema.outputs.iter().any(|o| o.volatile);
        let lacking = self.schema.outputs.iter().any(|o| !object.outputs.contains_key(o.name));
        if volatile || lacking {
            object.outputs = self.look(&object, deadline, deadline).await?.outputs;
            object.outputs.insert(ID, Value::Str(object.id.clone()));
        }
        Ok(Ended::Ready(object.id, object.outputs))
    }

    fn differs(&self, live: &Map, wanted: &Map) -> bool {
        self.schema.fields.iter().any(|spec| {
            let (is, want) = (live.get(spec.name), wanted.get(spec.name));
            let absent = |v: Option<&Value>| v.is_none_or(|v| crate::plan::wanted::is_absent(spec, v));
            let same = match (is, want) {
                (Some(is), Some(want)) => is.reveal() == want.reveal(),
                (is, want) => absent(is) && absent(want),
            };
            !same && (!spec.computed || want.is_some())
        })
    }

    async fn delete(&self, object: &Recorded, deadline: Instant) -> Result<Ended, Stop> {
        self.phase(Phase::Calling);
        self.wait("gone", deadline, || self.driver.delete(&self.call, object)).await?;
        Ok(Ended::Gone)
    }

    /// Reads the object. One that was just made may not be visible at once: it is looked at again, for as long as that may last.
    async fn look(&self, object: &Recorded, until: Instant, deadline: Instant) -> Result<Live, Stop> {
        let mut pause = FIRST_PAUSE;
        loop {
            let seen = self.repeat(deadline, || self.driver.read(std::slice::from_ref(object))).await?;
            if let Some(live) = seen.into_iter().next().flatten() {
                return Ok(live);
            }
            let gone = Failure::new(Kind::NotFound, format!("{} cannot be seen", object.id));
            if Instant::now() + pause > until {
                return Err(gone.into());
            }
            self.phase(Phase::Waiting("until it can be seen".into()));
            self.pause(&gone, &mut pause, deadline).await?;
        }
    }

    /// Looks until done.
    async fn wait<F>(&self, what: &str, deadline: Instant, look: impl Fn() -> F) -> Result<(), Stop>
    where
        F: Future<Output = Result<Progress, Failure>>,
    {
        let mut pause = FIRST_PAUSE;
        loop {
            match self.repeat(deadline, &look).await? {
                Progress::Done => return Ok(()),
                Progress::Waiting(why) => {
                    if Instant::now() + pause > deadline {
                        let message = format!("not {what} after {} s: {why}", self.timeout.as_secs());
                        return Err(Failure::new(Kind::Timeout, message).into());
                    }
                    self.phase(Phase::Waiting(why));
                    self.sleep(pause).await?;
                    pause = (pause * 3 / 2).min(LONGEST_PAUSE);
                }
            }
        }
    }

    /// Makes an idempotent call until it works or fails for a reason that will not pass.
    async fn repeat<T, F>(&self, deadline: Instant, call: impl Fn() -> F) -> Result<T, Stop>
    where
        F: Future<Output = Result<T, Failure>>,
    {
        let mut pause = FIRST_PAUSE;
        let began = Instant::now();
        loop {
            match call().await {
                Ok(value) => return Ok(value),
                Err(failure) if failure.effect == Effect::Unknown || self.may_retry(&failure, began, deadline) => {
                    self.pause(&failure, &mut pause, deadline).await?;
                }
                Err(failure) => return Err(failure.into()),
            }
        }
    }

    fn may_retry(&self, failure: &Failure, began: Instant, deadline: Instant) -> bool {
        let now = Instant::now();
        failure.is_transient() && now < deadline && (failure.kind != Kind::Unavailable || now - began < UNAVAILABLE)
    }

    /// Waits before the next attempt; fails where there is no time left for one.
    async fn pause(&self, failure: &Failure, pause: &mut Duration, deadline: Instant) -> Result<(), Stop> {
        if failure.kind == Kind::Throttled {
            self.send(Message::Throttled(self.op));
        }
        // Full jitter over the upper half: those that were refused together do not come back together.
        let half = *pause / 2;
        let after = failure.retry_after.unwrap_or(half + half.mul_f64(f64::from(self.world.random::<1>()[0]) / 256.0));
        if Instant::now() + after > deadline {
            return Err(failure.clone().into());
        }
        let reason = failure.to_string();
        self.phase(Phase::Retrying { reason, after });
        self.sleep(after).await?;
        *pause = (*pause * 2).min(LONGEST_PAUSE);
        Ok(())
    }

    async fn sleep(&self, duration: Duration) -> Result<(), Stop> {
        tokio::select! {
            biased;
            () = self.cancel.cancelled() => Err(Stop::Interrupted),
            () = tokio::time::sleep(duration) => Ok(()),
        }
    }

    fn phase(&self, phase: Phase) {
        self.send(Message::Phase(self.op, phase));
    }

    fn send(&self, message: Message) {
        // The dispatcher has gone only when the run is over; then there is nobody to tell.
        let _ = self.tell.send(message);
    }
}

/// A create was refused, none of its calls had an effect, and yet there is an object with the resource's own tags: one that was
/// forgotten, or that somebody dropped from the state. Taking it would be more than was planned.
fn left_behind(refused: &Failure, id: &str) -> Failure {
    let message = format!("{}; {id} has the tags of this resource, but it is not in the state", refused.message);
    Failure { message, ..refused.clone() }.help(format!("to take it over: `.adopt({id:?})`"))
}
