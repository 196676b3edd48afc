//! `Watched`: a provider's connection whose drivers are watched from verb to verb.
//!
//! It does two things, and changes nothing that a driver does:
//! - while it *records*, verbs come one after the other, and each is noted with the API calls of the account's log that
//!   fall between its start and its end, that is, with its own;
//! - while it is *armed*, the first verb that fails never returns. Whoever waits for `Watched::killed` then drops the
//!   engine: for the engine and its journal the process has died at that very call.
use std::sync::{
    Arc, Mutex, PoisonError,
    atomic::{AtomicBool, Ordering},
};

use purlin_core::{
    Map, Schema, Value,
    driver::{BoxFuture, Call as Told, Created, Driver, Failure, Found, Live, Progress, Recorded},
    provider::{Connection, Identity},
};
use tokio::sync::{Mutex as Turn, Notify, OnceCell};

use crate::{AwsAccount, Call};

/// A verb of a driver.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verb {
    /// Makes the object.
    Create,
    /// Looks at many objects.
    Read,
    /// Brings the object to what is wanted.
    Sync,
    /// Looks whether it can be used.
    Ready,
    /// Removes it.
    Delete,
    /// Looks for what an interrupted create made.
    Find,
}

impl Verb {
    /// The verb in a message: `create`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Read => "read",
            Self::Sync => "sync",
            Self::Ready => "ready",
            Self::Delete => "delete",
            Self::Find => "find",
        }
    }
}

/// A verb that ran, with its API calls.
#[derive(Clone, Debug)]
pub struct Seen {
    /// The type whose verb it was.
    pub ty: &'static str,
    /// Which.
    pub verb: Verb,
    /// Its calls, in the order of arrival.
    pub calls: Vec<Call>,
}

/// A watched connection.
pub(super) struct Watched {
    inner: Arc<dyn Connection>,
    identity: OnceCell<Identity>,
    eye: Arc<Eye>,
}

/// What all drivers of a connection share.
struct Eye {
    account: Arc<AwsAccount>,
    recording: AtomicBool,
    turn: Turn<()>,
    log: Mutex<Vec<Seen>>,
    armed: AtomicBool,
    killed: Notify,
}

impl Watched {
    pub(super) fn new(inner: Arc<dyn Connection>, account: Arc<AwsAccount>) -> Self {
        let eye = Eye {
            account,
            recording: AtomicBool::new(false),
            turn: Turn::new(()),
            log: Mutex::default(),
            armed: AtomicBool::new(false),
            killed: Notify::new(),
        };
        Self { inner, identity: OnceCell::new(), eye: Arc::new(eye) }
    }

    /// Notes every verb from now on.
    pub(super) fn record(&self) {
        self.eye.recording.store(true, Ordering::SeqCst);
    }

    /// What was noted since the last time.
    pub(super) fn take(&self) -> Vec<Seen> {
        std::mem::take(&mut *self.eye.log.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// The next verb that fails never returns.
    pub(super) fn arm(&self, armed: bool) {
        self.eye.armed.store(armed, Ordering::SeqCst);
    }

    /// Waits for the verb that fails.
    pub(super) async fn killed(&self) {
        self.eye.killed.notified().await;
    }
}

impl Connection for Watched {
    /// Asked once: a run of the harness has many engines, and the account of one stays what it is.
    fn identity(&self) -> BoxFuture<'_, Result<Identity, Failure>> {
        Box::pin(async { self.identity.get_or_try_init(|| self.inner.identity()).await.cloned() })
    }

    fn driver(&self, schema: &'static Schema) -> Option<Arc<dyn Driver>> {
        let inner = self.inner.driver(schema)?;
        Some(Arc::new(WatchedDriver { inner, ty: schema.name, eye: self.eye.clone() }))
    }

    fn lookup<'a>(&'a self, name: &'a str, query: &'a Map) -> BoxFuture<'a, Result<Value, Failure>> {
        self.inner.lookup(name, query)
    }

    fn default_tags(&self) -> Map {
        self.inner.default_tags()
    }
}

struct WatchedDriver {
    inner: Arc<dyn Driver>,
    ty: &'static str,
    eye: Arc<Eye>,
}

impl WatchedDriver {
    async fn watch<T>(&self, verb: Verb, call: BoxFuture<'_, Result<T, Failure>>) -> Result<T, Failure> {
        let eye = &*self.eye;
        let recording = eye.recording.load(Ordering::SeqCst);
        let _turn = if recording { Some(eye.turn.lock().await) } else { None };
        if recording {
            lab(eye.account.mark())?;
        }
        let result = call.await;
        if recording {
            let calls = lab(eye.account.calls())?;
            eye.log.lock().unwrap_or_else(PoisonError::into_inner).push(Seen { ty: self.ty, verb, calls });
        }
        if result.is_err() && eye.armed.swap(false, Ordering::SeqCst) {
            eye.killed.notify_one();
            std::future::pending::<()>().await;
        }
        result
    }
}

/// A lab that cannot be asked fails the verb, and so the test.
fn lab<T>(asked: Result<T, crate::counterpart::moto::AdminError>) -> Result<T, Failure> {
    asked.map_err(|e| Failure::new(purlin_core::driver::Kind::Invalid, format!("the lab's call log: {e}")))
}

impl Driver for WatchedDriver {
    fn create<'a>(&'a self, call: &'a Told, wanted: &'a Map) -> BoxFuture<'a, Result<Created, Failure>> {
        Box::pin(self.watch(Verb::Create, self.inner.create(call, wanted)))
    }

    fn read<'a>(&'a self, objects: &'a [Recorded]) -> BoxFuture<'a, Result<Vec<Option<Live>>, Failure>> {
        Box::pin(self.watch(Verb::Read, self.inner.read(objects)))
    }

    fn sync<'a>(
        &'a self,
        call: &'a Told,
        id: &'a str,
        live: &'a Live,
        wanted: &'a Map,
    ) -> BoxFuture<'a, Result<(), Failure>> {
        Box::pin(self.watch(Verb::Sync, self.inner.sync(call, id, live, wanted)))
    }

    fn ready<'a>(&'a self, call: &'a Told, object: &'a Recorded) -> BoxFuture<'a, Result<Progress, Failure>> {
        Box::pin(self.watch(Verb::Ready, self.inner.ready(call, object)))
    }

    fn delete<'a>(&'a self, call: &'a Told, object: &'a Recorded) -> BoxFuture<'a, Result<Progress, Failure>> {
        Box::pin(self.watch(Verb::Delete, self.inner.delete(call, object)))
    }

    fn find<'a>(&'a self, call: &'a Told, wanted: &'a Map) -> BoxFuture<'a, Result<Found, Failure>> {
        Box::pin(self.watch(Verb::Find, self.inner.find(call, wanted)))
    }
}
