//! [`Log`]: one opened state. What the engine and the command line use.
//!
//! A run that changes things goes [`Log::open`] → [`Log::begin`] → [`Log::commit`], many times → [`Log::end`]; one that
//! only looks opens and reads. A commit is a group of records in one durable write. Its order is: check all, seal and
//! write all to one buffer, append, apply. So an error before the append has changed nothing, and the state in memory
//! is never ahead of the store.
use std::mem;

use purlin_core::SmolStr;

use crate::{
    State, StateError,
    chain::{self, Head},
    fold::{Check, Fold},
    history::History,
    record::{Body, Holder, Outcome},
    replay::{self, Extent, Replayed},
    seal::{self, Sealer, Unseal},
    store::{Loaded, Store},
};

/// A journal is folded into a new snapshot at the end of a run when it is longer than the last snapshot, and at least
/// this long. So the cost of snapshots stays in proportion to what was written, and a load reads at most twice the
/// state.
const COMPACT_FROM: u64 = 64 * 1024;

/// One opened state: a store, the state that follows from it, and the end of its chain.
pub struct Log {
    store: Box<dyn Store>,
    stack: SmolStr,
    fold: Fold,
    head: Head,
    extent: Extent,
    sealer: Sealer,
    mark: Mark,
    run: Run,
}

/// Whether this log may write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Run {
    Reading,
    Writing {
        epoch: u64,
    },
    /// A write failed: what the store holds is not known.
    Stopped {
        epoch: u64,
    },
}

impl Log {
    /// Opens a stack's state for reading: no lock, nothing written. An empty store gives the empty state.
    ///
    /// # Errors
    /// Of the store; [`StateError::Damaged`], [`StateError::Newer`], [`StateError::OtherStack`];
    /// [`StateError::SealWrong`] when the passphrase does not open the secrets. Without a passphrase they stay sealed.
    pub async fn open(store: Box<dyn Store>, stack: &str, unseal: Unseal) -> Result<Self, StateError> {
        let mut sealer = Sealer::new(unseal);
        let loaded = store.load().await?;
        let Replayed { fold, head, extent } = replay::replay(&loaded, u64::MAX, stack, &mut sealer)?;
        let mark = Mark::of(&loaded);
        Ok(Self { store, stack: stack.into(), fold, head, extent, sealer, mark, run: Run::Reading })
    }

    /// The state. Its secrets are [`purlin_core::Value::Secret`], or `Sealed` while the log [is
    /// locked](Self::is_locked).
    pub fn state(&self) -> &State {
        self.fold.state()
    }

    /// True when the store is empty: nothing was ever written for this stack.
    pub fn is_new(&self) -> bool {
        self.head.seq == 0
    }

    /// True when the state has secrets and they were not opened, for want of a passphrase. Such a log takes records
    /// without secrets only, and is never compacted.
    pub fn is_locked(&self) -> bool {
        self.state().seal.is_some() && !self.sealer.is_open()
    }

    /// Begins a run: takes the lock, reads again what another run may have written since, mends what a crash left (an
    /// incomplete line, an interrupted compaction), and writes `Made`, if the log is new, and `Begin`.
    ///
    /// `plan` is the digest of the approved plan; `lineage_if_new` is drawn by the caller; `now` in milliseconds since
    /// 1970.
    ///
    /// # Errors
    /// [`StateError::Locked`] with the holder; those of [`Self::open`]; of the store. The lock is not held then.
    pub async fn begin(
        &mut self,
        holder: Holder,
        plan: Option<SmolStr>,
        lineage_if_new: SmolStr,
        now: u64,
    ) -> Result<(), StateError> {
        let epoch = self.store.lock(&holder, self.state().epoch, now).await?;
        let begun = self.begin_locked(epoch, holder, plan, lineage_if_new, now).await;
        if begun.is_err() {
            self.run = Run::Reading;
            // The reason why it did not begin is what counts; a lock that cannot be given back ends with the process.
            let _ = self.store.unlock(epoch).await;
        }
        begun
    }

    async fn begin_locked(
        &mut self,
        epoch: u64,
        holder: Holder,
        plan: Option<SmolStr>,
        lineage_if_new: SmolStr,
        now: u64,
    ) -> Result<(), StateError> {
        let loaded = self.store.load().await?;
        let mark = Mark::of(&loaded);
        if mark != self.mark {
            let Replayed { fold, head, extent } = replay::replay(&loaded, u64::MAX, &self.stack, &mut self.sealer)?;
            (self.fold, self.head, self.extent, self.mark) = (fold, head, extent, mark);
        }
        if self.extent.torn > 0 {
            self.store.cut(epoch, self.extent.position(self.head)).await?;
            self.extent.torn = 0;
        }
        if self.extent.covered {
            self.store.retire_journal(epoch, self.extent.first).await?;
            self.extent = Extent { snapshot: self.extent.snapshot, ..Extent::default() };
        }
        self.run = Run::Writing { epoch };
        let made = self.is_new().then(|| Body::Made { stack: self.stack.clone(), lineage: lineage_if_new, seal: None });
        let bodies = made.into_iter().chain([Body::Begin { holder, plan }]).collect();
        self.commit(bodies, now).await
    }

    /// Appends records in one durable write and applies them. `now` in milliseconds since 1970.
    ///
    /// # Errors
    /// [`StateError::Misfit`], [`StateError::SealLocked`], [`StateError::ReadOnly`]: nothing was written, the log goes
    /// on. [`StateError::Fenced`] and those of the store: what was written is not known; the log takes nothing more,
    /// and the next run goes on from what is durable.
    pub async fn commit(&mut self, mut bodies: Vec<Body>, now: u64) -> Result<(), StateError> {
        let epoch = match self.run {
            Run::Writing { epoch } => epoch,
            Run::Reading => return Err(StateError::ReadOnly),
            Run::Stopped { .. } => return Err(StateError::Stopped),
        };
        self.prepare_seal(&mut bodies)?;
        let mut check = Check::new(self.fold.state());
        bodies.iter().try_for_each(|body| check.next(epoch, body))?;

        let mut lines = Vec::with_capacity(1024 * bodies.len());
        let mut heads = Vec::with_capacity(bodies.len());
        let mut head = self.head;
        for body in &mut bodies {
            let plain = seal::seal_body(&self.sealer, body)?;
            let written = chain::write_record(&mut lines, head, epoch, now, body);
            plain.restore(body);
            head = written.map_err(|e| StateError::Io { what: "write a record as JSON".into(), source: e.into() })?;
            heads.push(head);
        }
        let Some(first) = heads.first() else { return Ok(()) };
        if let Err(error) = self.store.append(epoch, self.extent.position(self.head), &lines).await {
            self.run = Run::Stopped { epoch };
            return Err(error);
        }
        if self.extent.first == 0 {
            self.extent.first = first.seq;
        }
        self.extent.whole += lines.len() as u64;
        self.extent.journal += lines.len() as u64;
        self.head = head;
        for (head, body) in heads.into_iter().zip(bodies) {
            self.fold.apply(head.seq, epoch, body);
        }
        self.fold.settle();
        Ok(())
    }

    /// Sees to the key of the secrets in a group: the first secret of a stack brings the record of its data key.
    fn prepare_seal(&mut self, bodies: &mut Vec<Body>) -> Result<(), StateError> {
        let mut secret = false;
        for body in bodies.iter_mut() {
            let findings = seal::survey(body)?;
            if findings.sealed {
                return Err(if self.is_locked() {
                    StateError::SealLocked { kind: None }
                } else {
                    seal::sealed_already(body).into()
                });
            }
            secret |= findings.secret;
        }
        if !secret || self.sealer.is_open() {
            return Ok(());
        }
        if self.state().seal.is_some() {
            return Err(StateError::SealLocked { kind: None });
        }
        let key = self.sealer.make(&self.state().lineage.clone())?;
        bodies.insert(0, Body::Seal { key });
        Ok(())
    }

    /// Ends the run: writes `End`, compacts when it is worthwhile, and gives the lock back, in any case. `now` in
    /// milliseconds since 1970.
    ///
    /// # Errors
    /// Those of [`Self::commit`]; an error of the compaction, after which nothing is lost and the next run compacts.
    pub async fn end(&mut self, outcome: Outcome, now: u64) -> Result<(), StateError> {
        let mut ended = self.commit(vec![Body::End { outcome }], now).await;
        if ended.is_ok() && self.is_worth_compacting() {
            ended = self.compact(now).await;
        }
        let unlocked = match mem::replace(&mut self.run, Run::Reading) {
            Run::Writing { epoch } | Run::Stopped { epoch } => self.store.unlock(epoch).await,
            Run::Reading => Ok(()),
        };
        // What was written is no longer what the mark stands for, so another run of this log reads it again.
        self.mark = Mark::default();
        ended.and(unlocked)
    }

    fn is_worth_compacting(&self) -> bool {
        !self.is_locked() && self.extent.journal > self.extent.snapshot.max(COMPACT_FROM)
    }

    /// Writes a snapshot of the state and begins a new journal. [`Self::end`] does so by itself where it is worthwhile.
    ///
    /// # Errors
    /// [`StateError::ReadOnly`] outside of a run; [`StateError::SealLocked`] while the log is locked; of the store.
    pub async fn compact(&mut self, now: u64) -> Result<(), StateError> {
        let epoch = match self.run {
            Run::Writing { epoch } => epoch,
            Run::Reading => return Err(StateError::ReadOnly),
            Run::Stopped { .. } => return Err(StateError::Stopped),
        };
        if self.is_locked() {
            return Err(StateError::SealLocked { kind: None });
        }
        let head = self.head;
        let snapshot = seal::with_sealed_state(&self.sealer, self.fold.state_mut(), |state| {
            chain::write_snapshot(head, now, state)
        })?
        .map_err(|e| StateError::Io { what: "write the state as JSON".into(), source: e.into() })?;
        let stored = self.store_snapshot(epoch, &snapshot).await;
        if stored.is_err() {
            self.run = Run::Stopped { epoch };
        }
        stored
    }

    async fn store_snapshot(&mut self, epoch: u64, snapshot: &[u8]) -> Result<(), StateError> {
        self.store.replace_snapshot(epoch, snapshot, self.head.seq).await?;
        if self.extent.first > 0 {
            self.store.retire_journal(epoch, self.extent.first).await?;
        }
        self.extent = Extent { snapshot: snapshot.len() as u64, ..Extent::default() };
        Ok(())
    }

    /// The records that were kept, read from the store now.
    ///
    /// # Errors
    /// Of the store. Damage is told by what reads the history.
    pub async fn history(&self) -> Result<History, StateError> {
        // The journal first: what is retired between the two reads is then read twice, not missed.
        let loaded = self.store.load().await?;
        let retired = self.store.history().await?;
        Ok(History::new(self.state(), retired, loaded, self.sealer.clone()))
    }
}

/// Tells whether stored bytes are the same as those that were read before. Each line holds the hash of all before it,
/// so lengths and last bytes are enough.
#[derive(Debug, Default, PartialEq, Eq)]
struct Mark(Vec<(usize, Vec<u8>)>);

impl Mark {
    fn of(loaded: &Loaded) -> Self {
        let end = |bytes: &[u8]| (bytes.len(), bytes[bytes.len().saturating_sub(256)..].to_vec());
        Self(loaded.snapshot.iter().chain(&loaded.journal).map(|part| end(&part.bytes)).collect())
    }
}
