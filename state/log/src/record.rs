//! [`Body`]: what one record of a state's log says. The envelope (sequence number, epoch, hash) is [`crate::chain`]'s.
use purlin_core::{Map, SmolStr, driver::Failure};
use serde::{Deserialize, Serialize};

use crate::model::{Intent, Key, Object};

/// Who holds a state.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holder {
    /// A person or a CI run: `ana@laptop`, or the run's URL.
    pub who: String,
    /// The process id on its host.
    pub pid: u32,
    /// The verb of the command line: `apply`.
    pub verb: String,
    /// The run's id.
    pub run: SmolStr,
    /// When it took the lock, in milliseconds since 1970.
    pub since: u64,
}

/// What a record says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "kebab-case")]
pub enum Body {
    /// The first record of every log.
    Made {
        /// The stack's name.
        stack: SmolStr,
        /// The lineage.
        lineage: SmolStr,
        /// The wrapped data key, where secrets are sealed with a passphrase. Opaque here; see `seal`.
        #[serde(default)]
        seal: Option<SmolStr>,
    },
    /// A run that changes things began.
    Begin {
        /// By whom.
        holder: Holder,
        /// The digest of the plan that was approved, where there was one.
        #[serde(default)]
        plan: Option<SmolStr>,
    },
    /// From here on secrets are sealed with this key.
    Seal {
        /// The wrapped data key. Opaque here; see `seal`.
        key: SmolStr,
    },
    /// An operation is about to make its first call.
    Intent(Box<Intent>),
    /// An object is as this says. Ends the operation, where one is named.
    Put {
        /// The operation that this ends.
        #[serde(default)]
        op: Option<SmolStr>,
        /// How long the operation took in milliseconds: from the intent until it was ready.
        #[serde(default)]
        took: Option<u64>,
        /// The object.
        object: Box<Object>,
    },
    /// An object is gone. Ends the operation, where one is named.
    Gone {
        /// The operation that this ends.
        #[serde(default)]
        op: Option<SmolStr>,
        /// How long the operation took in milliseconds.
        #[serde(default)]
        took: Option<u64>,
        /// The object.
        key: Key,
        /// Why.
        why: Departure,
    },
    /// An operation ended without effect, or its effect is now in the object's own record.
    Failed {
        /// The operation that this ends.
        op: SmolStr,
        /// Why.
        failure: Failure,
    },
    /// An object has another key from here on.
    Moved {
        /// The old key.
        from: Key,
        /// The new key.
        to: Key,
    },
    /// The exported values.
    Exports {
        /// All of them.
        values: Map,
    },
    /// The run ended.
    End {
        /// How.
        outcome: Outcome,
    },
}

/// Why an object left a state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Departure {
    /// It was deleted.
    Deleted,
    /// It was found to be gone.
    Missing,
    /// It is left in the world, and is ours no more.
    Forgotten,
}

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// All that was planned is done.
    Done,
    /// Something failed.
    Failed,
    /// It was cancelled.
    Cancelled,
}
