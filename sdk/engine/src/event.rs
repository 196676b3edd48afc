//! [`Event`]: what a run tells while it goes on. One stream feeds every view.
use std::time::Duration;

use purlin_core::{Diagnostic, SmolStr};
use purlin_state::Key;

use crate::plan::{OpId, Plan};

/// Something that happened in a run.
#[derive(Clone, Debug)]
pub enum Event {
    /// Lookups are being asked.
    Looking {
        /// How many.
        count: usize,
    },
    /// Live state is being read.
    Reading {
        /// How many objects.
        objects: usize,
        /// Of how many types.
        types: usize,
    },
    /// Live state was read.
    Read {
        /// How many objects exist.
        found: usize,
        /// How many are gone.
        missing: usize,
    },
    /// An operation of an earlier run was settled.
    Recovered {
        /// The object.
        key: Key,
        /// What was found: `exists, and goes on`, `was never made`.
        what: String,
    },
    /// An apply begins.
    Applying {
        /// What is applied.
        plan: std::sync::Arc<Plan>,
    },
    /// An operation began: its intent is durable.
    Started {
        /// Which.
        op: OpId,
    },
    /// An operation has come to another phase.
    Phase {
        /// Which.
        op: OpId,
        /// The phase.
        phase: Phase,
    },
    /// A created object exists.
    Exists {
        /// Which.
        op: OpId,
        /// Its physical id.
        id: SmolStr,
    },
    /// An operation is done.
    Done {
        /// Which.
        op: OpId,
        /// From its intent until it was ready.
        took: Duration,
    },
    /// An operation turned out to have nothing to do: a value that was unknown is as before.
    Skipped {
        /// Which.
        op: OpId,
    },
    /// An operation failed.
    Failed {
        /// Which.
        op: OpId,
        /// Why, and what state things are in now.
        diagnostic: Box<Diagnostic>,
    },
    /// An operation is held back by one that failed.
    Held {
        /// Which.
        op: OpId,
        /// The one that failed.
        by: OpId,
    },
    /// The run was asked to stop: it starts nothing more.
    Stopping,
}

/// What an operation is doing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Its call is under way.
    Calling,
    /// It exists and is brought to what is wanted.
    Syncing,
    /// It waits, and for what.
    Waiting(String),
    /// A call failed and will be made again.
    Retrying {
        /// Why.
        reason: String,
        /// After how long.
        after: Duration,
    },
    /// The outcome of a call is not known: what it made is looked for.
    Searching,
}

/// Who is told.
pub trait Observer: Send + Sync {
    /// Told of each event, in order. Must not block.
    fn event(&self, event: Event);
}

/// Tells nobody.
impl Observer for () {
    fn event(&self, _: Event) {}
}
