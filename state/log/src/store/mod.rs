//! [`Store`]: where the bytes of a log live. Not what they mean: that is [`crate::chain`]'s and [`crate::fold`]'s.
//!
//! A store keeps two things: a *journal*, to which whole lines are appended, and a *snapshot*, which is replaced as a
//! whole and stands for a prefix of the log. Every change is conditional: it names the epoch of its lock and, for an
//! append, the record that it follows. A store refuses ([`StateError::Fenced`]) what comes from an old epoch or does not
//! follow the last record, so a run that lost its lock cannot write, however late it wakes up.
//!
//! How the calls map to a remote medium, whose store is to be written the same way:
//!
//! - **S3.** The lock is an object: created with `If-None-Match: *`, renewed and (once its lease has aged) taken over with
//!   `If-Match`; it holds the epoch, which counts up with each lock. An append is one segment object, named by the number
//!   of its first record and put with `If-None-Match: *`. That number is the fence: whoever takes the lock over begins with
//!   a record of its own, so the late holder finds its place taken. The snapshot is one object, put with `If-Match`.
//!   Segments up to the snapshot are the history, so `retire_journal` does nothing, and objects are whole or absent, so
//!   `cut` does nothing.
//! - **S3 with DynamoDB.** The lock is an item with lease, heartbeat and epoch. An append is an item keyed by stack and
//!   number, put in one transaction with a condition on the lease's epoch. The snapshot is as above.
//!
//! A store with a lease renews it by itself while the lock is held, and stops appending before the lease can have run out.
//! The two local stores, [`Memory`] and [`File`], do their work when first polled and are never pending.
mod file;
mod memory;

pub use file::File;
pub use memory::{Fault, Memory};
use purlin_core::driver::BoxFuture;

use crate::{StateError, record::Holder};

/// A stretch of stored bytes, with a name for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// A path or an object's URL.
    pub name: String,
    /// What it holds.
    pub bytes: Vec<u8>,
}

/// All that the state follows from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Loaded {
    /// The last snapshot, if one was written.
    pub snapshot: Option<Part>,
    /// The journal in order. Records that the snapshot has may still be in it. Only the last part can end inside a
    /// line.
    pub journal: Vec<Part>,
}

/// The end of the log as the writer knows it: an append is made only there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Position {
    /// The number of the last record; 0 for none.
    pub seq: u64,
    /// How many bytes of the journal's last part hold whole records.
    pub bytes: u64,
}

/// What every store does. Errors of the medium are [`StateError::Io`].
pub trait Store: Send + Sync {
    /// Reads snapshot and journal. Takes no lock and writes nothing; what is absent reads as empty. While another run
    /// writes, this gives a state that was durable at some moment of the call.
    fn load(&self) -> BoxFuture<'_, Result<Loaded, StateError>>;

    /// The parts of the journal that snapshots have replaced, oldest first, as far as they were kept.
    fn history(&self) -> BoxFuture<'_, Result<Vec<Part>, StateError>>;

    /// Takes the lock and gives its epoch: above `floor` (the last epoch in the log) and above that of every lock
    /// before. `now` is in milliseconds since 1970.
    ///
    /// # Errors
    /// [`StateError::Locked`] when another run holds it.
    fn lock<'a>(&'a mut self, holder: &'a Holder, floor: u64, now: u64) -> BoxFuture<'a, Result<u64, StateError>>;

    /// Appends whole lines after `at`. They are durable when this returns; after an error, some first part of them may
    /// be.
    ///
    /// # Errors
    /// [`StateError::Fenced`] when the epoch is old or the journal does not end at `at`.
    fn append<'a>(&'a mut self, epoch: u64, at: Position, lines: &'a [u8]) -> BoxFuture<'a, Result<(), StateError>>;

    /// Cuts an incomplete last line off, so that the journal ends at `at`.
    ///
    /// # Errors
    /// [`StateError::Fenced`] as for `append`.
    fn cut(&mut self, epoch: u64, at: Position) -> BoxFuture<'_, Result<(), StateError>>;

    /// Replaces the snapshot, as a whole or not at all. `upto` is the last record that it stands for.
    ///
    /// # Errors
    /// [`StateError::Fenced`] when the epoch is old.
    fn replace_snapshot<'a>(
        &'a mut self,
        epoch: u64,
        snapshot: &'a [u8],
        upto: u64,
    ) -> BoxFuture<'a, Result<(), StateError>>;

    /// Puts the journal, whose first record is `first` and which the snapshot has replaced, into the history; the new
    /// one is empty.
    ///
    /// # Errors
    /// [`StateError::Fenced`] when the epoch is old.
    fn retire_journal(&mut self, epoch: u64, first: u64) -> BoxFuture<'_, Result<(), StateError>>;

    /// Gives the lock of this epoch back. If another run has taken it since, this does nothing.
    fn unlock(&mut self, epoch: u64) -> BoxFuture<'_, Result<(), StateError>>;
}
