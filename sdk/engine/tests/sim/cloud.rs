//! [`Cloud`]: a cloud in memory, with the manners of a real one.
//!
//! It keeps to referential integrity, answers late, hides new objects for a while, refuses for the rate, loses answers, and dies with
//! the process at a chosen call. All its dice come from the case's seed, and its time is tokio's paused clock. What it sees of the
//! engine it checks at once against [`super::invariants`].
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, MutexGuard},
    time::Duration,
};

use purlin_core::{
    Map, SmolStr, Value,
    driver::{ApiCall, Failure, Kind},
};
use purlin_state::store::Memory;
use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use tokio::sync::Notify;

use super::{
    case::{Crash, Weather},
    invariants::{Breach, Invariant},
    kinds,
};

/// An object in the cloud.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Thing {
    pub(crate) ty: &'static str,
    /// Fields, secrets laid open.
    pub(crate) fields: Map,
    pub(crate) outputs: Map,
    /// Stack and path, as its tags say; none where the type has no tags, or nobody tagged it.
    pub(crate) tags: Option<(String, String)>,
    /// The operation that made it. Types without tags have it too: this is the truth, not what can be seen.
    pub(crate) op: SmolStr,
    /// The engine made it, or took it over.
    pub(crate) mine: bool,
    pub(crate) visible_at: u64,
    pub(crate) ready_at: u64,
    pub(crate) drains: u32,
    /// Fields that the engine has set.
    pub(crate) applied: BTreeSet<SmolStr>,
}

/// A call, as it is counted, traced and judged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Made {
    pub(crate) verb: &'static str,
    pub(crate) ty: &'static str,
    pub(crate) path: SmolStr,
    /// The field, for a part of a sync.
    pub(crate) field: Option<SmolStr>,
}

impl Made {
    pub(crate) fn mutates(&self) -> bool {
        matches!(self.verb, "create" | "sync" | "delete")
    }
}

type Effect = Box<dyn FnOnce(&mut Inner) + Send>;

pub(crate) struct Inner {
    pub(crate) rng: ChaCha8Rng,
    pub(crate) things: BTreeMap<SmolStr, Thing>,
    pub(crate) next: u64,
    pub(crate) now: u64,
    /// What the run under way has called.
    pub(crate) made: Vec<Made>,
    pub(crate) weather: Weather,
    pub(crate) crash: Option<Crash>,
    /// Calls of the run under way.
    pub(crate) calls: u64,
    /// Calls of the whole life.
    pub(crate) total: u64,
    inflight: BTreeMap<u64, Effect>,
    pub(crate) breach: Option<Breach>,
    pub(crate) store: Memory,
    /// Path and field of what the program ignores.
    pub(crate) ignored: BTreeSet<(SmolStr, SmolStr)>,
    pub(crate) trace: Option<Vec<String>>,
}

impl Inner {
    pub(crate) fn note(&mut self, line: impl FnOnce() -> String) {
        let now = self.now;
        if let Some(trace) = &mut self.trace {
            let line = line();
            trace.push(format!("{now:>9} {line}"));
        }
    }

    pub(crate) fn breach(&mut self, invariant: Invariant, what: impl Into<String>) {
        let breach = Breach { invariant, what: what.into() };
        self.note(|| format!("BREACH {breach}"));
        self.breach.get_or_insert(breach);
    }

    /// True when nothing keeps a delete of this object back, and who does otherwise.
    pub(crate) fn holder(&self, id: &str) -> Option<(&SmolStr, &Thing)> {
        self.things.iter().find(|(_, t)| {
            let hard = |f: &SmolStr| kinds::of_type(t.ty).is_some_and(|k| k.is_hard(f));
            t.fields.iter().any(|(field, value)| value.as_str() == Some(id) && hard(field))
        })
    }

    fn chance(&mut self, percent: u32) -> bool {
        percent > 0 && self.rng.random_range(0..100) < percent
    }
}

/// A cloud in memory. Clones share it.
#[derive(Clone)]
pub(crate) struct Cloud {
    inner: Arc<Mutex<Inner>>,
    died: Arc<Notify>,
    base: tokio::time::Instant,
}

/// Milliseconds since 1970 at which every life begins.
const EPOCH: u64 = 1_700_000_000_000;

/// What becomes of a call.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Fate {
    Well,
    Throttled,
    Failed,
    Denied,
    LostBefore,
    LostAfter,
    DeadBefore,
    DeadAfter,
}

impl Cloud {
    pub(crate) fn new(seed: u64, trace: bool) -> Self {
        let inner = Inner {
            rng: ChaCha8Rng::seed_from_u64(seed),
            things: BTreeMap::new(),
            next: 0,
            now: 0,
            made: Vec::new(),
            weather: Weather::default(),
            crash: None,
            calls: 0,
            total: 0,
            inflight: BTreeMap::new(),
            breach: None,
            store: Memory::new(),
            ignored: BTreeSet::new(),
            trace: trace.then(Vec::new),
        };
        Self { inner: Arc::new(Mutex::new(inner)), died: Arc::new(Notify::new()), base: tokio::time::Instant::now() }
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, Inner> {
        let mut inner = self.inner.lock().expect("a breach is noted, not thrown");
        inner.now = u64::try_from(self.base.elapsed().as_millis()).unwrap_or(u64::MAX);
        inner
    }

    /// Milliseconds since 1970.
    pub(crate) fn clock(&self) -> u64 {
        EPOCH + u64::try_from(self.base.elapsed().as_millis()).unwrap_or(0)
    }

    /// Ends when the process dies at a call.
    pub(crate) async fn died(&self) {
        self.died.notified().await;
    }

    /// The process is dead: what was on its way arrives, or not.
    pub(crate) fn deliver(&self) {
        let mut inner = self.lock();
        let effects = std::mem::take(&mut inner.inflight);
        for effect in effects.into_values() {
            if inner.chance(50) {
                inner.note(|| "  (arrives late)".into());
                effect(&mut inner);
            }
        }
    }

    fn fate(inner: &mut Inner, made: &Made) -> Fate {
        inner.calls += 1;
        inner.total += 1;
        if let Some(Crash::Call(nth, after)) = inner.crash
            && nth == inner.calls
        {
            return if after { Fate::DeadAfter } else { Fate::DeadBefore };
        }
        let weather = inner.weather.clone();
        let name = made.ty.rsplit(':').next().unwrap_or_default();
        if weather.denied.iter().any(|d| d.split_once(' ') == Some((made.verb, name))) {
            return Fate::Denied;
        }
        if inner.chance(weather.throttled) {
            Fate::Throttled
        } else if inner.chance(weather.failed) {
            Fate::Failed
        } else if inner.chance(weather.lost) {
            if inner.chance(50) { Fate::LostBefore } else { Fate::LostAfter }
        } else {
            Fate::Well
        }
    }

    /// One call: on its way, takes effect, is answered; or one of the things that can go wrong.
    pub(crate) async fn call<T: Send + 'static>(
        &self,
        made: Made,
        effect: impl FnOnce(&mut Inner) -> Result<T, Failure> + Send + 'static,
    ) -> Result<T, Failure> {
        let slot: Arc<Mutex<Option<Result<T, Failure>>>> = Arc::default();
        let (fate, there, back, number) = {
            let mut inner = self.lock();
            let fate = Self::fate(&mut inner, &made);
            let slow = if made.mutates() { 300 } else { 80 };
            let (there, back) = (inner.rng.random_range(5..slow), inner.rng.random_range(1..slow));
            let number = inner.total;
            if made.mutates() {
                inner.made.push(made.clone());
            }
            if matches!(fate, Fate::Well | Fate::LostAfter | Fate::DeadAfter) {
                let slot = slot.clone();
                let run = move |inner: &mut Inner| {
                    *slot.lock().expect("one at a time") = Some(effect(inner));
                };
                inner.inflight.insert(number, Box::new(run));
            }
            (fate, Duration::from_millis(there), Duration::from_millis(back), number)
        };
        let failure = |kind, what: &str| {
            let call = ApiCall {
                service: "sim".into(),
                operation: made.verb.into(),
                request_id: None,
                code: None,
                status: None,
            };
            Failure::new(kind, format!("{} {}: {what}", made.verb, made.path)).call(call)
        };
        if fate == Fate::DeadBefore {
            self.die(&made, "before").await;
        }
        tokio::time::sleep(there).await;
        let effect = self.lock().inflight.remove(&number);
        if let Some(effect) = effect {
            effect(&mut self.lock());
        }
        if fate == Fate::DeadAfter {
            self.die(&made, "after").await;
        }
        tokio::time::sleep(back).await;
        let answer = match fate {
            Fate::Throttled => Err(failure(Kind::Throttled, "too many calls")),
            Fate::Failed => Err(failure(Kind::Unavailable, "not well")),
            Fate::Denied => Err(failure(Kind::Denied, "not allowed")),
            Fate::LostBefore | Fate::LostAfter if made.mutates() => {
                Err(failure(Kind::Unavailable, "no answer").in_doubt())
            }
            Fate::LostBefore | Fate::LostAfter => Err(failure(Kind::Unavailable, "no answer")),
            _ => slot.lock().expect("one at a time").take().expect("the effect was run"),
        };
        self.lock().note(|| {
            let result = match &answer {
                Ok(_) => "ok".to_owned(),
                Err(f) => format!("{:?} ({:?} effect): {f}", f.kind, f.effect),
            };
            let field = made.field.as_ref().map(|f| format!(".{f}")).unwrap_or_default();
            format!("  {} {} {}{field}: {result}", made.verb, made.ty, made.path)
        });
        answer
    }

    async fn die(&self, made: &Made, when: &str) {
        self.lock()
            .note(|| format!("  {} {} {}: the process dies {when} it takes effect", made.verb, made.ty, made.path));
        self.died.notify_one();
        std::future::pending::<()>().await;
    }
}

/// The text of a value, for comparisons with what a program wrote.
pub(crate) fn text(value: Option<&Value>) -> Option<String> {
    value.filter(|v| !v.is_null()).map(|v| v.reveal().display())
}

/// The operation of an object that stands ready to be adopted: nobody made it.
pub(crate) const ADOPTABLE: SmolStr = SmolStr::new_static("nobody");

impl Thing {
    /// An object that the engine did not make.
    pub(crate) fn foreign(ty: &'static str, fields: Map, tags: Option<(String, String)>) -> Self {
        let applied = fields.keys().cloned().collect();
        let op = SmolStr::new_static("foreign");
        let outputs = Map::new();
        Self { ty, fields, outputs, tags, op, mine: false, visible_at: 0, ready_at: 0, drains: 0, applied }
    }

    /// True for one that nobody owns and a program may adopt.
    pub(crate) fn is_adoptable(&self) -> bool {
        self.op == ADOPTABLE
    }
}
