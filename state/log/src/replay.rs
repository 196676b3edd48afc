//! From stored bytes to a state: snapshot, then the records after it, each verified, checked, opened and applied.
use purlin_core::SmolStr;
use serde::de::IgnoredAny;

use crate::{
    StateError,
    chain::{self, Head, Reader, Record},
    fold::{Check, Fold},
    record::Body,
    seal::{self, Sealer},
    store::{Loaded, Part, Position},
};

/// What was read.
#[derive(Debug)]
pub(crate) struct Replayed {
    pub(crate) fold: Fold,
    pub(crate) head: Head,
    pub(crate) extent: Extent,
}

/// How the stored bytes lie.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Extent {
    /// Bytes of whole records in the journal's last part.
    pub(crate) whole: u64,
    /// Bytes after them: the beginning of a line that a crash cut off.
    pub(crate) torn: u64,
    /// Bytes of whole records in all of the journal.
    pub(crate) journal: u64,
    /// Bytes of the snapshot.
    pub(crate) snapshot: u64,
    /// The first record in the journal; 0 for none.
    pub(crate) first: u64,
    /// The journal has no record that the snapshot lacks, and some that it has: a compaction was interrupted.
    pub(crate) covered: bool,
}

impl Extent {
    /// Where an append goes.
    pub(crate) fn position(&self, head: Head) -> Position {
        Position { seq: head.seq, bytes: self.whole }
    }
}

/// Reads a state as of record `upto`, or of the last one before; never earlier than the snapshot. All records are
/// verified.
pub(crate) fn replay(loaded: &Loaded, upto: u64, stack: &str, sealer: &mut Sealer) -> Result<Replayed, StateError> {
    let mut extent = Extent::default();
    let mut fold = Fold::new(crate::State { stack: stack.into(), ..Default::default() });
    let mut head = Head::START;
    if let Some(part) = &loaded.snapshot {
        extent.snapshot = part.bytes.len() as u64;
        (head, fold) = snapshot(part, stack, sealer)?;
    }
    let after = head;
    // The record that the journal's first one follows. A snapshot tells where it should be, and records before that may
    // be there.
    let mut at = loaded.snapshot.is_none().then_some(Head::START);
    for (i, part) in loaded.journal.iter().enumerate() {
        let mut reader = match at {
            Some(head) => Reader::after(part, head),
            None => behind_snapshot(part, after)?,
        };
        if extent.first == 0 {
            extent.first = reader.peek()?.unwrap_or_default();
        }
        skip(&mut reader, part, after)?;
        while let Some(record) = reader.read::<Body>()? {
            if record.seq > upto {
                continue;
            }
            head = Head { seq: record.seq, hash: record.hash };
            apply(&mut fold, record, part, stack, sealer)?;
        }
        at = reader.head();
        extent.whole = reader.offset();
        extent.torn = part.bytes.len() as u64 - extent.whole;
        extent.journal += extent.whole;
        if extent.torn > 0 && i + 1 < loaded.journal.len() {
            return Err(reader.damaged("it is incomplete, and others follow"));
        }
    }
    extent.covered = extent.first > 0 && at.is_some_and(|at| at.seq <= after.seq);
    fold.settle();
    Ok(Replayed { fold, head, extent })
}

/// A reader of the first part of the journal behind a snapshot, which ends with the record `after`.
fn behind_snapshot(part: &Part, after: Head) -> Result<Reader<'_>, StateError> {
    let reader = Reader::from_anywhere(part, after.next());
    match reader.peek()? {
        Some(first) if first == after.next() => Ok(Reader::after(part, after)),
        Some(first) if first > after.seq => {
            let why = format!("records {} to {} are missing before it", after.next(), first - 1);
            Err(StateError::Damaged { file: part.name.clone(), seq: first, offset: 0, why })
        }
        _ => Ok(reader),
    }
}

/// Passes over records that the snapshot has: verified, not applied.
fn skip(reader: &mut Reader<'_>, part: &Part, after: Head) -> Result<(), StateError> {
    loop {
        let next = match reader.head() {
            Some(head) => head.next(),
            None => match reader.peek()? {
                Some(first) => first,
                None => return Ok(()),
            },
        };
        if next > after.seq {
            return Ok(());
        }
        let Some(record) = reader.read::<IgnoredAny>()? else { return Ok(()) };
        if record.seq == after.seq && record.hash != after.hash {
            return Err(StateError::Damaged {
                file: part.name.clone(),
                seq: record.seq,
                offset: record.offset,
                why: "it is not the record that the snapshot ends with".to_owned(),
            });
        }
    }
}

fn snapshot(part: &Part, stack: &str, sealer: &mut Sealer) -> Result<(Head, Fold), StateError> {
    let (head, mut state) = chain::read_snapshot(part)?;
    let damaged = |why: String| StateError::Damaged { file: part.name.clone(), seq: 0, offset: 0, why };
    if state.lineage.is_empty() || state.serial == 0 {
        return Err(damaged("the snapshot is of no state".to_owned()));
    }
    same_stack(stack, &state.stack)?;
    if let Some(key) = &state.seal {
        sealer.open(&state.lineage, key)?;
    }
    seal::open_state(sealer, &mut state).map_err(damaged)?;
    Ok((head, Fold::new(state)))
}

/// Checks, opens and applies one record.
pub(crate) fn apply(
    fold: &mut Fold,
    mut record: Record,
    part: &Part,
    stack: &str,
    sealer: &mut Sealer,
) -> Result<(), StateError> {
    let (seq, offset) = (record.seq, record.offset);
    let damaged = |why: String| StateError::Damaged { file: part.name.clone(), seq, offset, why };
    Check::new(fold.state()).check(record.epoch, &record.body).map_err(|misfit| damaged(misfit.to_string()))?;
    if let Body::Made { stack: found, .. } = &record.body {
        same_stack(stack, found)?;
    }
    open(&mut record, &fold.state().lineage, sealer)?.map_err(damaged)?;
    fold.apply(record.seq, record.epoch, record.body);
    Ok(())
}

/// Opens the data key that a record brings, and the secrets in it. The inner error is what does not open.
pub(crate) fn open(
    record: &mut Record,
    lineage: &SmolStr,
    sealer: &mut Sealer,
) -> Result<Result<(), String>, StateError> {
    match &record.body {
        Body::Made { lineage, seal: Some(key), .. } => sealer.open(lineage, key)?,
        Body::Seal { key } => sealer.open(lineage, key)?,
        _ => {}
    }
    Ok(seal::open_body(sealer, &mut record.body))
}

fn same_stack(expected: &str, found: &str) -> Result<(), StateError> {
    if expected == found {
        return Ok(());
    }
    Err(StateError::OtherStack { expected: expected.to_owned(), found: found.to_owned() })
}
