//! [`History`]: every record that was kept, for `state log`, `show @seq`, `diff` and `verify`.
//!
//! A compaction keeps the journal that it replaces, so the history reaches back to the first record unless somebody
//! removed the oldest parts. It is read from the store when asked for; nothing of it is needed to plan or apply.
use purlin_core::SmolStr;

pub use crate::chain::Record;
use crate::{
    State, StateError,
    chain::Reader,
    fold::Fold,
    replay::{self, Replayed},
    seal::Sealer,
    store::{Loaded, Part},
};

/// Every record that was kept, in order.
pub struct History {
    stack: SmolStr,
    lineage: SmolStr,
    retired: Vec<Part>,
    loaded: Loaded,
    sealer: Sealer,
}

/// What [`History::verify`] has found to be right.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Verified {
    /// The first record that was kept; 0 for none.
    pub first: u64,
    /// The last record.
    pub last: u64,
    /// Bytes of all records.
    pub bytes: u64,
    /// Bytes after the last whole record, which a crash left behind and the next run cuts off.
    pub torn: u64,
    /// True when the whole history was folded again and gave the state that the snapshot and the journal give.
    pub refolded: bool,
}

impl History {
    /// The history of a state, of which the stack's name and the lineage count.
    pub(crate) fn new(state: &State, mut retired: Vec<Part>, loaded: Loaded, sealer: Sealer) -> Self {
        // A journal that was retired after it was loaded is in both. What cannot be read stays: reading it tells why.
        let first = |part: &Part| Reader::from_anywhere(part, 1).peek().ok().flatten();
        if let Some(journal) = loaded.journal.first().and_then(first) {
            retired.retain(|part| first(part).is_none_or(|first| first < journal));
        }
        Self { stack: state.stack.clone(), lineage: state.lineage.clone(), retired, loaded, sealer }
    }

    fn parts(&self) -> impl Iterator<Item = &Part> {
        self.retired.iter().chain(&self.loaded.journal)
    }

    /// The records, each verified and opened. The first error ends it.
    pub fn records(&self) -> Records<'_> {
        let sealer = self.sealer.clone();
        Records {
            parts: self.parts().collect(),
            at: 0,
            reader: None,
            sealer,
            lineage: self.lineage.clone(),
            failed: false,
        }
    }

    /// The state right after record `seq`; 0 gives the empty state.
    ///
    /// # Errors
    /// [`StateError::NoRecord`] when there is no such record or the history does not reach back so far.
    pub fn state_at(&self, seq: u64) -> Result<State, StateError> {
        let mut sealer = self.sealer.clone();
        let mut fold = Fold::new(State { stack: self.stack.clone(), ..State::default() });
        let (mut first, mut last) = (0, 0);
        let mut records = self.records();
        while let Some((record, part)) = records.next_in_part()? {
            if first == 0 {
                first = record.seq;
            }
            last = record.seq;
            if first == 1 && record.seq <= seq {
                replay::apply(&mut fold, record, part, &self.stack, &mut sealer)?;
            }
        }
        if first > 1 && seq <= last {
            // The beginning is gone: the snapshot stands for it, if it is not of a later record.
            let from_snapshot = self.replay(seq)?;
            if from_snapshot.head.seq == seq {
                return Ok(from_snapshot.fold.into_state());
            }
        }
        if first > 1 || seq > last {
            return Err(StateError::NoRecord { seq, first, last });
        }
        Ok(fold.into_state())
    }

    /// Verifies every record and, where the history is whole, that it gives the state that snapshot and journal give.
    ///
    /// # Errors
    /// [`StateError::Damaged`] with the first place that is wrong.
    pub fn verify(&self) -> Result<Verified, StateError> {
        let current = self.replay(u64::MAX)?;
        let mut verified =
            Verified { first: 0, last: current.head.seq, bytes: 0, torn: current.extent.torn, refolded: false };
        let mut records = self.records();
        while let Some((record, _)) = records.next_in_part()? {
            if verified.first == 0 {
                verified.first = record.seq;
            }
        }
        verified.bytes = self.parts().map(|part| part.bytes.len() as u64).sum::<u64>() - verified.torn;
        // Sealed anew in each snapshot, secrets can be compared only when they are open.
        let sealed = current.fold.state().seal.is_some() && !self.sealer.is_open();
        if verified.first == 1 && !sealed {
            let (folded, current) = (self.state_at(verified.last)?, current.fold.into_state());
            let same = folded.objects == current.objects
                && folded.intents == current.intents
                && folded.exports == current.exports;
            if !same {
                return Err(StateError::Damaged {
                    file: self.loaded.snapshot.as_ref().map(|part| part.name.clone()).unwrap_or_default(),
                    seq: verified.last,
                    offset: 0,
                    why: "the snapshot is not what the records give".to_owned(),
                });
            }
            verified.refolded = true;
        }
        Ok(verified)
    }

    fn replay(&self, upto: u64) -> Result<Replayed, StateError> {
        replay::replay(&self.loaded, upto, &self.stack, &mut self.sealer.clone())
    }
}

/// See [`History::records`].
pub struct Records<'a> {
    parts: Vec<&'a Part>,
    at: usize,
    reader: Option<Reader<'a>>,
    sealer: Sealer,
    lineage: SmolStr,
    failed: bool,
}

impl<'a> Records<'a> {
    /// The next record and the part that it stands in.
    fn next_in_part(&mut self) -> Result<Option<(Record, &'a Part)>, StateError> {
        loop {
            let Some(&part) = self.parts.get(self.at) else { return Ok(None) };
            let reader = self.reader.get_or_insert_with(|| Reader::from_anywhere(part, 1));
            let Some(mut record) = reader.read()? else {
                let head = reader.head();
                let torn = reader.offset() < part.bytes.len() as u64;
                if torn && self.at + 1 < self.parts.len() {
                    return Err(reader.damaged("it is incomplete, and others follow"));
                }
                self.at += 1;
                let next = self.parts.get(self.at);
                self.reader = next.zip(head).map(|(next, head)| Reader::after(next, head));
                continue;
            };
            let opened = replay::open(&mut record, &self.lineage, &mut self.sealer)?;
            opened.map_err(|why| StateError::Damaged {
                file: part.name.clone(),
                seq: record.seq,
                offset: record.offset,
                why,
            })?;
            return Ok(Some((record, part)));
        }
    }
}

impl Iterator for Records<'_> {
    type Item = Result<Record, StateError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.failed {
            return None;
        }
        let next = self.next_in_part().map(|found| found.map(|(record, _)| record)).transpose();
        self.failed = matches!(next, Some(Err(_)));
        next
    }
}
