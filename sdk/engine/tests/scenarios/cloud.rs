//! The cloud of a scenario: objects in memory, a log of calls, and what goes wrong.
//!
//! It is strict, so that a wrong order shows: a link must lead to
//! an object that exists (and is ready, unless the link says that existing is enough), an object with links that cannot change in
//! place or have to be detached is not deleted from under them, and a unique value is held by one object.
//!
//! A call that changes something takes a second, every other one a tenth, of a clock that only tests move.
use std::{
    collections::{BTreeMap, HashMap},
    fmt::Write as _,
    sync::{
        Arc, LazyLock, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use purlin_core::{
    Map, Schema, SmolStr, Value,
    driver::{BoxFuture, Driver, Failure, Kind},
    provider::{Connection, Identity, ProviderKind},
};
use purlin_engine::Cancel;
use tokio::{sync::Notify, time::Instant};

use super::{driver::Verbs, types};

/// The kind of provider that has the types of the scenarios. Its settings name the cloud and the account.
pub(super) struct TestKind;

/// The only one.
pub(super) static TEST: TestKind = TestKind;

static CLOUDS: LazyLock<Mutex<HashMap<i64, Arc<Cloud>>>> = LazyLock::new(Mutex::default);
static NEXT: AtomicU64 = AtomicU64::new(1);

impl ProviderKind for TestKind {
    fn name(&self) -> &'static str {
        "test"
    }

    fn types(&self) -> &'static [&'static Schema] {
        types::all()
    }

    fn connect<'a>(&'a self, config: &'a Map) -> BoxFuture<'a, Result<Arc<dyn Connection>, Failure>> {
        Box::pin(async move {
            let number = config.get("cloud").and_then(Value::as_int).unwrap_or_default();
            let account = config.get("account").and_then(Value::as_str).unwrap_or_default().into();
            let clouds = CLOUDS.lock().unwrap_or_else(PoisonError::into_inner);
            let cloud = clouds.get(&number).expect("a scenario makes its cloud first").clone();
            Ok(Arc::new(Account { cloud, account }) as Arc<dyn Connection>)
        })
    }
}

/// An account of a cloud.
struct Account {
    cloud: Arc<Cloud>,
    account: SmolStr,
}

impl Connection for Account {
    fn identity(&self) -> BoxFuture<'_, Result<Identity, Failure>> {
        Box::pin(async { Ok(Identity { id: format!("test:{}", self.account).into(), facts: Map::new() }) })
    }

    fn driver(&self, schema: &'static Schema) -> Option<Arc<dyn Driver>> {
        Some(Arc::new(Verbs { cloud: self.cloud.clone(), schema }))
    }

    fn lookup<'a>(&'a self, name: &'a str, _: &'a Map) -> BoxFuture<'a, Result<Value, Failure>> {
        Box::pin(async move { Err(Failure::new(Kind::Invalid, format!("there is no lookup {name}"))) })
    }

    fn default_tags(&self) -> Map {
        self.cloud.lock().tags.clone()
    }
}

/// An object of the cloud.
#[derive(Clone, Debug)]
pub(super) struct Thing {
    pub(super) ty: &'static Schema,
    pub(super) fields: Map,
    pub(super) outputs: Map,
    /// `stack/path`; empty when nobody owns it.
    pub(super) owner: String,
    pub(super) op: SmolStr,
    /// Looks until it is ready.
    pub(super) looks: u32,
    pub(super) born: Instant,
}

/// What goes wrong.
#[derive(Clone, Debug)]
pub(super) enum Trouble {
    /// It fails without effect.
    Fail(Kind, String),
    /// It is done, and the answer is lost.
    Lose,
    /// It is not done, and nobody learns so.
    Drop,
    /// The run ends here, before it is done.
    CrashBefore,
    /// The run ends here, after it was done.
    CrashAfter,
    /// Somebody asks the run to stop.
    Cancel,
    /// It is done, and the answer takes longer.
    Hang(Duration),
}

/// Trouble with one verb of one resource (or type).
#[derive(Clone, Debug)]
pub(super) struct Fault {
    pub(super) verb: String,
    pub(super) name: String,
    pub(super) trouble: Trouble,
    pub(super) always: bool,
}

/// All that a cloud holds.
#[derive(Default)]
pub(super) struct Inner {
    pub(super) things: BTreeMap<String, Thing>,
    pub(super) faults: Vec<Fault>,
    /// So many calls that change something are refused for their rate.
    pub(super) throttled: u32,
    /// How late others see a new object.
    pub(super) lag: Duration,
    /// How many looks it takes until a cluster is ready.
    pub(super) looks: u32,
    /// Outputs of the next object, other than one would think.
    pub(super) next: Map,
    pub(super) tags: Map,
    pub(super) cancel: Cancel,
    calls: Vec<(Duration, String)>,
    began: Option<Instant>,
    pub(super) made: HashMap<SmolStr, u32>,
}

/// A cloud.
pub(super) struct Cloud {
    pub(super) number: i64,
    inner: Mutex<Inner>,
    crashed: Notify,
}

impl Cloud {
    /// An empty cloud, known by its number to providers.
    pub(super) fn new() -> Arc<Self> {
        let number = i64::try_from(NEXT.fetch_add(1, Ordering::Relaxed)).expect("few clouds");
        let inner = Mutex::new(Inner { looks: 2, ..Inner::default() });
        let cloud = Arc::new(Self { number, inner, crashed: Notify::new() });
        CLOUDS.lock().unwrap_or_else(PoisonError::into_inner).insert(number, cloud.clone());
        cloud
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Begins a new log of calls.
    pub(super) fn begin(&self, cancel: Cancel) {
        let mut inner = self.lock();
        inner.calls.clear();
        inner.began = Some(Instant::now());
        inner.cancel = cancel;
    }

    /// The calls since [`Self::begin`], by time and then by name: those of one moment have no order.
    pub(super) fn calls(&self) -> Vec<String> {
        let mut calls = self.lock().calls.clone();
        calls.sort();
        calls.into_iter().map(|(at, what)| format!("{:>5.1} {what}", at.as_secs_f64())).collect()
    }

    /// How many calls that change something began at each moment.
    pub(super) fn waves(&self) -> String {
        let mut waves = BTreeMap::<Duration, usize>::new();
        for (at, what) in &self.lock().calls {
            if !what.starts_with("read") {
                *waves.entry(*at).or_default() += 1;
            }
        }
        waves.iter().map(|(at, calls)| format!("{:>5.1} {calls} calls\n", at.as_secs_f64())).collect()
    }

    /// Waits until a call ends the run.
    pub(super) async fn crash(&self) {
        self.crashed.notified().await;
    }

    fn note(&self, what: String) -> usize {
        let mut inner = self.lock();
        let at = inner.began.map(|began| began.elapsed()).unwrap_or_default();
        inner.calls.push((at, what));
        inner.calls.len() - 1
    }

    fn amend(&self, call: usize, what: &str) {
        if let Some((_, text)) = self.lock().calls.get_mut(call) {
            text.push_str(what);
        }
    }

    fn troubles(&self, verb: &str, name: &str) -> Vec<Trouble> {
        let mut inner = self.lock();
        let hits = |f: &Fault| f.verb == verb && f.name == name;
        let found = inner.faults.iter().filter(|f| hits(f)).map(|f| f.trouble.clone()).collect();
        inner.faults.retain(|f| f.always || !hits(f));
        found
    }

    async fn end_the_run(&self) -> ! {
        self.crashed.notify_one();
        std::future::pending::<()>().await;
        unreachable!("a pending future never ends")
    }

    /// A call: its time, its trouble, its effect.
    pub(super) async fn call<T>(
        &self,
        verb: &str,
        name: &str,
        effect: impl FnOnce(&mut Inner) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        let call = self.note(format!("{verb} {name}"));
        let changes = matches!(verb, "create" | "sync" | "delete");
        let result = self.carry_out(verb, name, changes, effect).await;
        if let Err(failure) = &result {
            let doubt = if failure.effect == purlin_core::driver::Effect::Unknown { ", in doubt" } else { "" };
            self.amend(call, &format!(": {:?}{doubt}", failure.kind));
        }
        result
    }

    async fn carry_out<T>(
        &self,
        verb: &str,
        name: &str,
        changes: bool,
        effect: impl FnOnce(&mut Inner) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        let troubles = self.troubles(verb, name);
        for trouble in &troubles {
            if let Trouble::Cancel = trouble {
                self.lock().cancel.cancel();
            }
        }
        tokio::time::sleep(Duration::from_millis(if changes { 1000 } else { 100 })).await;
        for trouble in &troubles {
            match trouble {
                Trouble::Fail(kind, message) => return Err(Failure::new(*kind, message.clone())),
                Trouble::Drop => return Err(Failure::new(Kind::Unavailable, "the connection broke").in_doubt()),
                Trouble::CrashBefore => self.end_the_run().await,
                _ => {}
            }
        }
        if changes {
            let mut inner = self.lock();
            if inner.throttled > 0 {
                inner.throttled -= 1;
                return Err(Failure::new(Kind::Throttled, "slow down"));
            }
        }
        let result = effect(&mut self.lock());
        for trouble in &troubles {
            match trouble {
                Trouble::Lose => return Err(Failure::new(Kind::Unavailable, "the connection broke").in_doubt()),
                Trouble::CrashAfter => self.end_the_run().await,
                Trouble::Hang(long) => tokio::time::sleep(*long).await,
                _ => {}
            }
        }
        result
    }
}

impl Inner {
    /// True once others see the object.
    pub(super) fn shows(&self, id: &str) -> bool {
        self.things.get(id).is_some_and(|t| t.born.elapsed() >= self.lag)
    }

    pub(super) fn seen(&self, id: &str) -> Option<&Thing> {
        self.things.get(id).filter(|_| self.shows(id))
    }

    /// Who keeps an object from being deleted: by a link that cannot change in place, or has to be detached.
    pub(super) fn user(&self, target: &str) -> Option<&str> {
        let holds = |t: &Thing| {
            let strong = t.ty.fields.iter().filter(|f| f.refers_to.is_some() && (f.replace || f.detach));
            strong.into_iter().any(|f| t.fields.get(f.name).and_then(Value::as_str) == Some(target))
        };
        self.things.iter().find(|(_, t)| holds(t)).map(|(id, _)| id.as_str())
    }
}

/// The outputs of a new object.
pub(super) fn outputs(ty: &Schema, id: &str) -> Map {
    let mut outputs = Map::new();
    for spec in ty.outputs {
        let value = match spec.name {
            "dns" => format!("{id}.internal"),
            "arn" => format!("arn:{id}"),
            "url" => format!("https://{id}"),
            "version" => "v1".to_owned(),
            "token" => format!("token-of-{id}"),
            // Known once it is ready.
            _ => continue,
        };
        let value = Value::from(value);
        outputs.insert(spec.name.into(), if spec.secret { value.into_secret() } else { value });
    }
    outputs
}

impl Thing {
    /// One line: `id Type field=value`.
    pub(super) fn show(&self, id: &str) -> String {
        let mut text = format!("{id} {}", self.ty.name.rsplit(':').next().unwrap_or_default());
        for (name, value) in &self.fields {
            let secret = self.ty.field(name).is_some_and(|f| f.secret);
            let shown = if secret { "(secret)".to_owned() } else { value.display() };
            let _ = write!(text, " {name}={shown}");
        }
        text
    }
}
