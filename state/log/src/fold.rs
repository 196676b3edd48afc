//! From records to a [`State`]: what each record does, and the rules that it has to keep.
//!
//! A record is checked against the state before it ([`Check`]), then applied ([`Fold::apply`]), which cannot fail. The
//! writer checks a whole group before it writes the first byte of it; the reader checks every record again. So a state
//! that loads at all keeps every rule, and a rule that is broken is a fault of the writer, found before it is stored.
use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

use purlin_core::SmolStr;

use crate::{
    model::{Dependency, Key, State, Verb},
    record::Body,
};

/// A record breaks a rule.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Misfit {
    /// The first record of a log is `made`.
    #[error("the log does not begin with its making")]
    NotMade,
    /// `made` is the first record only.
    #[error("the state is made a second time")]
    MadeTwice,
    /// A run begins with an epoch above all before; its records keep it.
    #[error("epoch {found} does not follow epoch {last}")]
    Epoch {
        /// The epoch before.
        last: u64,
        /// The record's.
        found: u64,
    },
    /// An operation's id is used once at a time.
    #[error("operation {op} is begun twice")]
    OpenTwice {
        /// The operation.
        op: SmolStr,
    },
    /// Only an operation that was begun can end.
    #[error("operation {op} is ended but was not begun")]
    NotOpen {
        /// The operation.
        op: SmolStr,
    },
    /// An operation ends with the object that it was begun for.
    #[error("operation {op} was begun for another object than {found}")]
    OtherObject {
        /// The operation.
        op: SmolStr,
        /// The object that its end names.
        found: Box<Key>,
    },
    /// What is updated, deleted, moved or gone has to be there.
    #[error("{key} is not in the state")]
    Absent {
        /// The object.
        key: Box<Key>,
    },
    /// What is created, or the target of a move, must not be there yet.
    #[error("{key} is in the state already")]
    Present {
        /// The object.
        key: Box<Key>,
    },
    /// An object with an open operation keeps its key.
    #[error("{key} has an open operation and cannot be moved")]
    Busy {
        /// The object.
        key: Box<Key>,
    },
    /// A value is nested deeper than a reader can follow.
    #[error("a value of {place} is nested more than {limit} deep")]
    TooDeep {
        /// The object, or `exports`.
        place: String,
        /// The limit.
        limit: usize,
    },
    /// A sealed text is written only by the sealing itself, which binds it to its place.
    #[error("a value of {place} is sealed already")]
    Sealed {
        /// The object, or `exports`.
        place: String,
    },
}

impl Misfit {
    fn absent(key: &Key) -> Self {
        Self::Absent { key: Box::new(key.clone()) }
    }

    fn present(key: &Key) -> Self {
        Self::Present { key: Box::new(key.clone()) }
    }
}

/// Checks records one after the other, as if those before had been applied, and changes nothing.
pub struct Check<'a> {
    state: &'a State,
    serial: u64,
    epoch: u64,
    /// What the records so far do: an operation opened (with its object) or ended, an object put or gone.
    operations: BTreeMap<SmolStr, Option<Key>>,
    objects: BTreeMap<Key, bool>,
}

impl<'a> Check<'a> {
    /// Begins at a state.
    pub fn new(state: &'a State) -> Self {
        Self { state, serial: state.serial, epoch: state.epoch, operations: BTreeMap::new(), objects: BTreeMap::new() }
    }

    /// Checks one more record.
    ///
    /// # Errors
    /// The rule that it breaks.
    pub fn next(&mut self, epoch: u64, body: &Body) -> Result<(), Misfit> {
        self.check(epoch, body)?;
        self.note(epoch, body);
        Ok(())
    }

    /// Checks the only record, or the last one.
    pub(crate) fn check(&self, epoch: u64, body: &Body) -> Result<(), Misfit> {
        let epoch_fits = match body {
            Body::Made { .. } if self.serial > 0 => return Err(Misfit::MadeTwice),
            Body::Made { .. } => true,
            _ if self.serial == 0 => return Err(Misfit::NotMade),
            // The run that made the state begins right after, in the same epoch.
            Body::Begin { .. } if self.serial == 1 => epoch >= self.epoch,
            Body::Begin { .. } => epoch > self.epoch,
            _ => epoch == self.epoch,
        };
        if !epoch_fits {
            return Err(Misfit::Epoch { last: self.epoch, found: epoch });
        }
        match body {
            Body::Made { .. } | Body::Begin { .. } | Body::Seal { .. } | Body::Exports { .. } | Body::End { .. } => {
                Ok(())
            }
            Body::Intent(intent) => {
                if self.operation(&intent.op).is_some() {
                    return Err(Misfit::OpenTwice { op: intent.op.clone() });
                }
                match (intent.verb, self.has(&intent.key)) {
                    (Verb::Create, true) => Err(Misfit::present(&intent.key)),
                    (Verb::Update | Verb::Delete, false) => Err(Misfit::absent(&intent.key)),
                    _ => Ok(()),
                }
            }
            Body::Put { op, object, .. } => self.ends(op.as_ref(), &object.key),
            Body::Gone { op, key, .. } if self.has(key) => self.ends(op.as_ref(), key),
            Body::Gone { key, .. } => Err(Misfit::absent(key)),
            Body::Failed { op, .. } => match self.operation(op) {
                Some(_) => Ok(()),
                None => Err(Misfit::NotOpen { op: op.clone() }),
            },
            Body::Moved { from, .. } if !self.has(from) => Err(Misfit::absent(from)),
            Body::Moved { to, .. } if self.has(to) => Err(Misfit::present(to)),
            Body::Moved { from, to } => match [from, to].into_iter().find(|key| self.is_busy(key)) {
                Some(key) => Err(Misfit::Busy { key: Box::new(key.clone()) }),
                None => Ok(()),
            },
        }
    }

    fn note(&mut self, epoch: u64, body: &Body) {
        self.serial += 1;
        self.epoch = epoch;
        match body {
            Body::Made { .. } | Body::Begin { .. } | Body::Seal { .. } | Body::Exports { .. } | Body::End { .. } => {}
            Body::Intent(intent) => {
                self.operations.insert(intent.op.clone(), Some(intent.key.clone()));
            }
            Body::Put { op, object, .. } => {
                self.objects.insert(object.key.clone(), true);
                self.operations.extend(op.clone().map(|op| (op, None)));
            }
            Body::Gone { op, key, .. } => {
                self.objects.insert(key.clone(), false);
                self.operations.extend(op.clone().map(|op| (op, None)));
            }
            Body::Failed { op, .. } => {
                self.operations.insert(op.clone(), None);
            }
            Body::Moved { from, to } => {
                self.objects.insert(from.clone(), false);
                self.objects.insert(to.clone(), true);
            }
        }
    }

    /// The object of an open operation.
    fn operation(&self, op: &str) -> Option<&Key> {
        match self.operations.get(op) {
            Some(noted) => noted.as_ref(),
            None => self.state.intents.get(op).map(|intent| &intent.key),
        }
    }

    fn has(&self, key: &Key) -> bool {
        self.objects.get(key).copied().unwrap_or_else(|| self.state.objects.contains_key(key))
    }

    fn is_busy(&self, key: &Key) -> bool {
        let before = self.state.intents.iter().filter(|(op, _)| !self.operations.contains_key(*op));
        before.map(|(_, intent)| &intent.key).chain(self.operations.values().flatten()).any(|busy| busy == key)
    }

    fn ends(&self, op: Option<&SmolStr>, key: &Key) -> Result<(), Misfit> {
        let Some(op) = op else { return Ok(()) };
        match self.operation(op) {
            None => Err(Misfit::NotOpen { op: op.clone() }),
            Some(begun) if begun != key => Err(Misfit::OtherObject { op: op.clone(), found: Box::new(key.clone()) }),
            Some(_) => Ok(()),
        }
    }
}

/// A state in the making.
#[derive(Clone, Default)]
pub struct Fold {
    state: State,
    /// Moves whose effect on the edges of other objects is still due. Each would be a walk over the whole state; moves
    /// come in runs, when a component is renamed, and a run takes one walk.
    moves: BTreeMap<Key, Key>,
    moved_to: BTreeSet<Key>,
}

impl fmt::Debug for Fold {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Fold({} at {})", self.state.stack, self.state.serial)
    }
}

impl Fold {
    /// Begins at a state, as one from a snapshot.
    pub fn new(state: State) -> Self {
        Self { state, ..Self::default() }
    }

    /// The state so far. Edges follow a run of moves once [`Self::settle`] was called.
    pub fn state(&self) -> &State {
        &self.state
    }

    pub(crate) fn state_mut(&mut self) -> &mut State {
        &mut self.state
    }

    /// The state.
    pub fn into_state(mut self) -> State {
        self.settle();
        self.state
    }

    /// Applies a record that has been checked.
    pub fn apply(&mut self, seq: u64, epoch: u64, body: Body) {
        self.state.serial = seq;
        self.state.epoch = epoch;
        if !matches!(body, Body::Moved { .. }) {
            self.settle();
        }
        let state = &mut self.state;
        match body {
            Body::Made { stack, lineage, seal } => {
                state.stack = stack;
                state.lineage = lineage;
                state.seal = seal;
            }
            Body::Begin { .. } | Body::End { .. } => {}
            Body::Seal { key } => state.seal = Some(key),
            Body::Intent(intent) => {
                state.intents.insert(intent.op.clone(), *intent);
            }
            Body::Put { op, took, object } => {
                end(state, op.as_ref(), took);
                state.objects.insert(object.key.clone(), *object);
            }
            Body::Gone { op, took, key, .. } => {
                end(state, op.as_ref(), took);
                state.objects.remove(&key);
            }
            Body::Failed { op, .. } => end(state, Some(&op), None),
            Body::Moved { from, to } => self.apply_move(from, to),
            Body::Exports { values } => state.exports = values,
        }
    }

    fn apply_move(&mut self, from: Key, to: Key) {
        // One walk can do several moves only while none of them continues another, or fills the place that one left.
        let touched = |key: &Key| self.moves.contains_key(key) || self.moved_to.contains(key);
        if touched(&from) || touched(&to) {
            self.settle();
        }
        if let Some(mut object) = self.state.objects.remove(&from) {
            object.key = to.clone();
            self.state.objects.insert(to.clone(), object);
        }
        self.moved_to.insert(to.clone());
        self.moves.insert(from, to);
    }

    /// Lets the edges of all objects follow the moves so far.
    pub fn settle(&mut self) {
        if self.moves.is_empty() {
            return;
        }
        self.moved_to.clear();
        let moves = std::mem::take(&mut self.moves);
        let follow = |dependencies: &mut Vec<Dependency>| {
            for dependency in dependencies {
                if let Some(to) = moves.get(&dependency.on) {
                    dependency.on = to.clone();
                }
            }
        };
        self.state.objects.values_mut().for_each(|object| follow(&mut object.dependencies));
        self.state.intents.values_mut().for_each(|intent| follow(&mut intent.dependencies));
    }
}

/// Ends an operation. Its duration goes into the mean of its type and verb, in which each new one weighs a quarter: a
/// stack's estimates follow its cloud, and the state needs one number for each.
fn end(state: &mut State, op: Option<&SmolStr>, took: Option<u64>) {
    let Some(intent) = op.and_then(|op| state.intents.remove(op)) else { return };
    let Some(took) = took else { return };
    let name = SmolStr::from(format!("{} {}", intent.key.address.ty, intent.verb.as_str()));
    let mean = state.durations.entry(name).or_insert(took);
    *mean = (mean.saturating_mul(3)).saturating_add(took) / 4;
}
