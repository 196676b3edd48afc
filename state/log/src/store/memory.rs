//! [`Memory`]: a log in memory, for tests and simulations. What is in it outlives every [`crate::Log`], as a disk
//! outlives a process.
//!
//! It can be told to fail: the nth write from now is refused, torn, or done without an answer ([`Fault`]). A run that
//! is dropped keeps its lock, as a run on a remote store would until its lease ends; [`Memory::break_lock`] is the end
//! of the lease.
use std::{
    collections::BTreeMap,
    io,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use purlin_core::driver::BoxFuture;

use super::{Loaded, Part, Position, Store};
use crate::{StateError, record::Holder};

/// A store in memory. Clones share their content.
#[derive(Clone, Debug, Default)]
pub struct Memory {
    shared: Arc<Mutex<Shared>>,
}

#[derive(Clone, Debug, Default)]
struct Shared {
    snapshot: Option<Vec<u8>>,
    journal: Vec<u8>,
    retired: Vec<(u64, Vec<u8>)>,
    epoch: u64,
    holder: Option<Holder>,
    writes: u64,
    faults: BTreeMap<u64, Fault>,
}

/// What goes wrong with a write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Nothing is written, and the writer is told so.
    Refuse,
    /// Only so many bytes are written, and the writer is told that it failed. A snapshot is whole or absent: it is
    /// absent.
    Tear(usize),
    /// Everything is written, but the writer is told that it failed.
    LoseAnswer,
}

impl Memory {
    /// An empty store.
    pub fn new() -> Self {
        Self::default()
    }

    /// A store that holds these bytes.
    pub fn holding(snapshot: Option<Vec<u8>>, journal: Vec<u8>) -> Self {
        let shared = Shared { snapshot, journal, ..Shared::default() };
        Self { shared: Arc::new(Mutex::new(shared)) }
    }

    /// A copy that shares nothing with this one: what a crash at this moment leaves behind, lock and all. Faults are
    /// not copied.
    #[must_use]
    pub fn fork(&self) -> Self {
        let shared = Shared { faults: BTreeMap::new(), ..self.shared().clone() };
        Self { shared: Arc::new(Mutex::new(shared)) }
    }

    /// The bytes of the journal.
    pub fn journal(&self) -> Vec<u8> {
        self.shared().journal.clone()
    }

    /// The bytes of the snapshot.
    pub fn snapshot(&self) -> Option<Vec<u8>> {
        self.shared().snapshot.clone()
    }

    /// How many writes were tried: appends, cuts, snapshots, retired journals.
    pub fn writes(&self) -> u64 {
        self.shared().writes
    }

    /// Makes the nth write from now fail; 1 is the next one.
    pub fn fail_write(&self, nth: u64, fault: Fault) {
        let mut shared = self.shared();
        let write = shared.writes + nth;
        shared.faults.insert(write, fault);
    }

    /// Takes the lock from its holder, as when a lease ends. If it still lives, its next write is refused as soon as
    /// another run has the lock, and already before.
    pub fn break_lock(&self) {
        self.shared().holder = None;
    }

    fn shared(&self) -> MutexGuard<'_, Shared> {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// One write: fenced, counted, and failed where a fault was ordered. `change` is told how many bytes go through.
    fn write(
        &self,
        epoch: u64,
        change: impl FnOnce(&mut Shared, usize) -> Result<(), StateError>,
    ) -> Result<(), StateError> {
        let mut shared = self.shared();
        if shared.holder.is_none() || shared.epoch != epoch {
            return Err(StateError::Fenced { why: format!("the lock of epoch {epoch} was taken away") });
        }
        shared.writes += 1;
        let write = shared.writes;
        let failed =
            || StateError::Io { what: format!("write to memory (write {write})"), source: io::Error::other("fault") };
        match shared.faults.remove(&write) {
            None => change(&mut shared, usize::MAX),
            Some(Fault::Refuse) => Err(failed()),
            Some(Fault::Tear(bytes)) => change(&mut shared, bytes).and_then(|()| Err(failed())),
            Some(Fault::LoseAnswer) => change(&mut shared, usize::MAX).and_then(|()| Err(failed())),
        }
    }
}

fn at_end(shared: &Shared, at: Position) -> Result<(), StateError> {
    if shared.journal.len() as u64 == at.bytes {
        return Ok(());
    }
    Err(StateError::Fenced { why: format!("the journal has {} bytes, not {}", shared.journal.len(), at.bytes) })
}

impl Store for Memory {
    fn load(&self) -> BoxFuture<'_, Result<Loaded, StateError>> {
        Box::pin(async {
            let shared = self.shared();
            let part = |name: &str, bytes: &[u8]| Part { name: format!("memory:{name}"), bytes: bytes.to_vec() };
            let snapshot = shared.snapshot.as_deref().map(|bytes| part("snapshot", bytes));
            Ok(Loaded { snapshot, journal: vec![part("journal", &shared.journal)] })
        })
    }

    fn history(&self) -> BoxFuture<'_, Result<Vec<Part>, StateError>> {
        Box::pin(async {
            let part = |(first, bytes): &(u64, Vec<u8>)| Part {
                name: format!("memory:journal-{first}"),
                bytes: bytes.clone(),
            };
            Ok(self.shared().retired.iter().map(part).collect())
        })
    }

    fn lock<'a>(&'a mut self, holder: &'a Holder, floor: u64, _now: u64) -> BoxFuture<'a, Result<u64, StateError>> {
        Box::pin(async move {
            let mut shared = self.shared();
            if let Some(other) = &shared.holder {
                return Err(StateError::Locked { holder: Some(other.clone()) });
            }
            shared.epoch = shared.epoch.max(floor) + 1;
            shared.holder = Some(holder.clone());
            Ok(shared.epoch)
        })
    }

    fn append<'a>(&'a mut self, epoch: u64, at: Position, lines: &'a [u8]) -> BoxFuture<'a, Result<(), StateError>> {
        Box::pin(async move {
            self.write(epoch, |shared, bytes| {
                at_end(shared, at)?;
                shared.journal.extend_from_slice(&lines[..lines.len().min(bytes)]);
                Ok(())
            })
        })
    }

    fn cut(&mut self, epoch: u64, at: Position) -> BoxFuture<'_, Result<(), StateError>> {
        Box::pin(async move {
            self.write(epoch, |shared, _| {
                shared.journal.truncate(usize::try_from(at.bytes).unwrap_or(usize::MAX));
                at_end(shared, at)
            })
        })
    }

    fn replace_snapshot<'a>(
        &'a mut self,
        epoch: u64,
        snapshot: &'a [u8],
        _upto: u64,
    ) -> BoxFuture<'a, Result<(), StateError>> {
        Box::pin(async move {
            self.write(epoch, |shared, bytes| {
                if bytes >= snapshot.len() {
                    shared.snapshot = Some(snapshot.to_vec());
                }
                Ok(())
            })
        })
    }

    fn retire_journal(&mut self, epoch: u64, first: u64) -> BoxFuture<'_, Result<(), StateError>> {
        Box::pin(async move {
            self.write(epoch, |shared, _| {
                let journal = std::mem::take(&mut shared.journal);
                shared.retired.push((first, journal));
                Ok(())
            })
        })
    }

    fn unlock(&mut self, epoch: u64) -> BoxFuture<'_, Result<(), StateError>> {
        Box::pin(async move {
            let mut shared = self.shared();
            if shared.epoch == epoch {
                shared.holder = None;
            }
            Ok(())
        })
    }
}
