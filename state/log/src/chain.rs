//! The bytes of a log: lines of JSON, each chained to the one before by a hash.
//!
//! ```json
//! {"v":1,"seq":7,"epoch":2,"at":1790000000000,"prev":"9f86…","body":{"is":"gone",…},"hash":"60d0…"}
//! ```
//!
//! `hash` is the SHA-256, in lower-case hex, of all bytes of the line before `,"hash":`; `prev` is the `hash` of the
//! record before, 64 zeros in the first. A line is written once, in one form, and its bytes are never made again from
//! what was read: whatever a newer version adds to a body stays in the journal as it was written.
//!
//! One rule holds in every version: `v` stands first, and `hash` last and over the bytes before it. So any version can
//! tell a damaged line from one that it is too old for. `v` counts up when an older program must not go on; a field
//! that may be lost without harm is added without (see `tests/state/versions.rs`).
use std::{fmt, str};

use serde::{Deserialize, de::IgnoredAny};
use sha2::{Digest as _, Sha256};

use crate::{StateError, model::State, record::Body, store::Part};

/// The version of the format that this crate writes, and the newest that it reads.
pub const VERSION: u32 = 1;

const OPENING: &[u8] = br#"{"v":"#;
const BEFORE_HASH: &[u8] = b",\"hash\":\"";
const AFTER_HASH: &[u8] = b"\"}";

/// A SHA-256 in lower-case hex.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Hash([u8; 64]);

impl Hash {
    /// What stands before the first record.
    pub const ZERO: Self = Self([b'0'; 64]);

    fn of(bytes: &[u8]) -> Self {
        const DIGITS: &[u8; 16] = b"0123456789abcdef";
        let mut hex = [0; 64];
        for (pair, byte) in hex.chunks_exact_mut(2).zip(Sha256::digest(bytes)) {
            pair[0] = DIGITS[usize::from(byte >> 4)];
            pair[1] = DIGITS[usize::from(byte & 15)];
        }
        Self(hex)
    }

    fn read(text: &str) -> Option<Self> {
        text.as_bytes().try_into().ok().map(Self)
    }

    /// The hex digits.
    pub fn as_str(&self) -> &str {
        str::from_utf8(&self.0).unwrap_or_default()
    }
}

impl fmt::Display for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The last record of a chain: what the next one is chained to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    /// Its number; 0 before the first.
    pub seq: u64,
    /// Its hash.
    pub hash: Hash,
}

impl Head {
    /// Before the first record.
    pub const START: Self = Self { seq: 0, hash: Hash::ZERO };

    /// The number of the record that follows.
    pub fn next(self) -> u64 {
        self.seq.saturating_add(1)
    }
}

/// Appends the record after `head` to `out`, with its newline, and gives the new head.
///
/// # Errors
/// When the body cannot be written as JSON, as a secret that was not sealed. `out` then ends in an incomplete line.
pub fn write_record(
    out: &mut Vec<u8>,
    head: Head,
    epoch: u64,
    at: u64,
    body: &Body,
) -> Result<Head, serde_json::Error> {
    let start = out.len();
    let seq = head.next();
    let opening = format!(r#"{{"v":{VERSION},"seq":{seq},"epoch":{epoch},"at":{at},"prev":"{}","body":"#, head.hash);
    out.extend_from_slice(opening.as_bytes());
    serde_json::to_writer(&mut *out, body)?;
    let hash = finish(out, start);
    Ok(Head { seq, hash })
}

/// Writes the snapshot of a state whose last record is `head`: one line of JSON that ends in its hash, as a record
/// does.
///
/// # Errors
/// When the state cannot be written as JSON, as a secret that was not sealed.
pub fn write_snapshot(head: Head, at: u64, state: &State) -> Result<Vec<u8>, serde_json::Error> {
    let mut out = format!(r#"{{"v":{VERSION},"at":{at},"head":"{}","state":"#, head.hash).into_bytes();
    serde_json::to_writer(&mut out, state)?;
    finish(&mut out, 0);
    Ok(out)
}

fn finish(out: &mut Vec<u8>, start: usize) -> Hash {
    let hash = Hash::of(&out[start..]);
    out.extend_from_slice(BEFORE_HASH);
    out.extend_from_slice(&hash.0);
    out.extend_from_slice(AFTER_HASH);
    out.push(b'\n');
    hash
}

/// The hash of a line (without its newline), if it is the right one.
fn verified_hash(line: &[u8]) -> Option<Hash> {
    let rest = line.strip_suffix(AFTER_HASH)?;
    let (rest, hash) = rest.split_last_chunk::<64>()?;
    let hashed = rest.strip_suffix(BEFORE_HASH)?;
    let hash = Hash(*hash);
    (Hash::of(hashed) == hash).then_some(hash)
}

/// The outside of a line, with what `B` takes of its body.
#[derive(Deserialize)]
struct Envelope<'a, B> {
    seq: u64,
    epoch: u64,
    at: u64,
    prev: &'a str,
    body: B,
}

#[derive(Deserialize)]
struct Snapshot<'a> {
    head: &'a str,
    state: State,
}

/// A verified record.
#[derive(Clone, Debug, PartialEq)]
pub struct Record<B = Body> {
    /// Its number, counted from 1.
    pub seq: u64,
    /// The epoch of the lock that it was written under.
    pub epoch: u64,
    /// When it was written, in milliseconds since 1970.
    pub at: u64,
    /// Its hash.
    pub hash: Hash,
    /// Where it starts in its part, in bytes.
    pub offset: u64,
    /// What it says.
    pub body: B,
}

/// Reads the records of one part in order, each verified: its own hash, and that it follows the one before.
pub struct Reader<'a> {
    part: &'a Part,
    offset: usize,
    /// Nothing while the record before the first one is not known: its link is then taken as it is.
    head: Option<Head>,
    /// The number to name when the first record is damaged and no other tells its number.
    likely: u64,
}

impl<'a> Reader<'a> {
    /// A reader of a part whose first record follows `head`.
    pub fn after(part: &'a Part, head: Head) -> Self {
        Self { part, offset: 0, head: Some(head), likely: head.next() }
    }

    /// A reader of a part whose first record may follow any: as a rule, it has the number `likely`.
    pub fn from_anywhere(part: &'a Part, likely: u64) -> Self {
        Self { part, offset: 0, head: None, likely }
    }

    /// The last record that was read.
    pub fn head(&self) -> Option<Head> {
        self.head
    }

    /// Where the next record would start: after the last one, the length of what is whole.
    pub fn offset(&self) -> u64 {
        self.offset as u64
    }

    /// The next record, its body read as `B`; nothing at the end, or before an incomplete last line.
    ///
    /// # Errors
    /// [`StateError::Damaged`] and [`StateError::Newer`]; the reader then stays where it is.
    pub fn read<B: Deserialize<'a>>(&mut self) -> Result<Option<Record<B>>, StateError> {
        let rest = &self.part.bytes[self.offset..];
        let Some(length) = rest.iter().position(|b| *b == b'\n') else {
            // What a crash leaves behind is the beginning of a line. A whole line and one byte more is a newline that
            // changed.
            return match rest.split_last() {
                Some((_, line)) if verified_hash(line).is_some() => {
                    Err(self.damaged("the newline at its end was changed"))
                }
                _ => Ok(None),
            };
        };
        let line = &rest[..length];
        let hash = verified_hash(line).ok_or_else(|| self.damaged("its hash is wrong"))?;
        let read = self.parse::<B>(line)?;
        let prev = Hash::read(read.prev);
        if let Some(head) = self.head {
            if read.seq != head.next() {
                return Err(self.damaged(&format!("record {} stands in its place", read.seq)));
            }
            if prev != Some(head.hash) {
                return Err(self.damaged("it does not continue the record before it"));
            }
        } else if read.seq == 0 || prev.is_none() {
            return Err(self.damaged("it is no record"));
        }
        let offset = self.offset();
        self.head = Some(Head { seq: read.seq, hash });
        self.offset += length + 1;
        Ok(Some(Record { seq: read.seq, epoch: read.epoch, at: read.at, hash, offset, body: read.body }))
    }

    /// The number of the next record, verified. The reader does not move.
    ///
    /// # Errors
    /// As [`Self::read`].
    pub fn peek(&self) -> Result<Option<u64>, StateError> {
        let mut ahead = Reader { ..*self };
        Ok(ahead.read::<IgnoredAny>()?.map(|record| record.seq))
    }

    fn parse<B: Deserialize<'a>>(&self, line: &'a [u8]) -> Result<Envelope<'a, B>, StateError> {
        match version(line) {
            Some(VERSION) => {}
            Some(v) if v > VERSION => return Err(too_new(self.part, v)),
            _ => return Err(self.damaged("it is no record")),
        }
        // The hash is right, so these are the bytes that were written: what cannot be read was written by a newer
        // version.
        serde_json::from_slice(line).map_err(|e| StateError::Newer {
            file: self.part.name.clone(),
            what: format!("the record at byte {}: {e}", self.offset),
        })
    }

    /// The number that the next record should have. Without a record before it, one after it tells.
    fn expected(&self) -> u64 {
        if let Some(head) = self.head {
            return head.next();
        }
        let rest = &self.part.bytes[self.offset..];
        let mut start = 0;
        for line in rest.split(|b| *b == b'\n') {
            if verified_hash(line).is_some()
                && let Ok(record) = serde_json::from_slice::<Envelope<'_, IgnoredAny>>(line)
            {
                // Nothing in a body begins so. Newlines are not counted: one of them may be what is damaged.
                let between = rest[..start].windows(OPENING.len()).skip(1).filter(|window| *window == OPENING).count();
                return record.seq.saturating_sub(between as u64 + u64::from(start > 0));
            }
            start += line.len() + 1;
        }
        self.likely
    }

    pub(crate) fn damaged(&self, why: &str) -> StateError {
        StateError::Damaged {
            file: self.part.name.clone(),
            seq: self.expected(),
            offset: self.offset(),
            why: why.to_owned(),
        }
    }
}

/// Reads a snapshot: the state, and the last record that it stands for. The state is as it was written: sealed, not
/// checked.
///
/// # Errors
/// [`StateError::Damaged`] and [`StateError::Newer`].
pub fn read_snapshot(part: &Part) -> Result<(Head, State), StateError> {
    let damaged = |why: &str| StateError::Damaged { file: part.name.clone(), seq: 0, offset: 0, why: why.to_owned() };
    let line = part.bytes.strip_suffix(b"\n").ok_or_else(|| damaged("the snapshot does not end in a newline"))?;
    verified_hash(line).ok_or_else(|| damaged("the snapshot's hash is wrong"))?;
    match version(line) {
        Some(VERSION) => {}
        Some(v) if v > VERSION => return Err(too_new(part, v)),
        _ => return Err(damaged("it is no snapshot")),
    }
    let snapshot: Snapshot<'_> = serde_json::from_slice(line)
        .map_err(|e| StateError::Newer { file: part.name.clone(), what: format!("the snapshot: {e}") })?;
    let hash = Hash::read(snapshot.head).ok_or_else(|| damaged("it is no snapshot"))?;
    Ok((Head { seq: snapshot.state.serial, hash }, snapshot.state))
}

fn too_new(part: &Part, v: u32) -> StateError {
    StateError::Newer {
        file: part.name.clone(),
        what: format!("it has format {v}, and this version knows formats up to {VERSION}"),
    }
}

/// `v` stands first in every version, so it is read without reading the line.
fn version(line: &[u8]) -> Option<u32> {
    let rest = line.strip_prefix(OPENING)?;
    let digits = rest.iter().take_while(|b| b.is_ascii_digit()).count();
    str::from_utf8(&rest[..digits]).ok()?.parse().ok()
}
