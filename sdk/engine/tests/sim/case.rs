//! [`Case`]: a life as data. It is drawn from a seed, written as text, cut down while it still fails, and checked in.
//!
//! Every part of a case can be taken out and the rest still means something: an edit that does not apply is passed over.
use serde::{Deserialize, Serialize};

/// A life: what is done, in order. What follows is always the same: faults stop, ordinary runs settle everything, then all is destroyed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Case {
    /// Seeds latencies and the dice of faults.
    pub(crate) seed: u64,
    /// The steps.
    pub(crate) steps: Vec<Step>,
}

/// The program is edited, the world moves, and a run is made.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Step {
    /// Changes of the program.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) edits: Vec<Edit>,
    /// What others do in the cloud.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) meddling: Vec<Meddling>,
    /// The run.
    #[serde(default)]
    pub(crate) run: Run,
}

/// A change of the program. Resources are named by a number that they keep for life.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Edit {
    /// A new resource. Required links go to the given ones.
    Add {
        /// Its number.
        id: u32,
        /// Its type: a short name of [`super::kinds`], or `Data`.
        kind: String,
        /// Its path.
        path: String,
        /// Its links: field and number.
        links: Vec<(String, u32)>,
    },
    /// A resource goes; those that cannot be without it go too, others lose the link.
    Remove(u32),
    /// A field gets a text, or none.
    Set(u32, String, Option<String>),
    /// A field gets a number, or none.
    Size(u32, Option<i64>),
    /// A link goes elsewhere, or nowhere.
    Link(u32, String, Option<u32>),
    /// A text is made of an output of another resource.
    Quote(u32, u32, String),
    /// It has another path; told to the engine or not.
    Rename(u32, String, bool),
    /// It is of another type from now on, at the same path.
    Retype(u32, String),
    /// It must not be deleted.
    Protect(u32, bool),
    /// It is forgotten instead of deleted.
    Retain(u32, bool),
    /// Changes of a field outside are left alone.
    Ignore(u32, String),
    /// It is made after another one.
    After(u32, u32),
    /// Whether its replacement is made before (true) or after the delete.
    CreateFirst(u32, bool),
    /// A new resource takes over an object that exists and that nobody owns.
    Adopt {
        /// Its number.
        id: u32,
        /// Its path.
        path: String,
    },
}

/// What others do in the cloud.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Meddling {
    /// The label of our nth object is changed.
    Drift(usize),
    /// Our nth object is deleted, if nothing refers to it.
    Vanish(usize),
    /// An object of another owner refers to our nth object until the faults stop.
    Hold(usize),
    /// Another owner, or nobody that one could tell, has a bucket with a name that the program gives, until the faults stop.
    Squat(usize),
    /// Another owner makes objects with the paths of ours.
    Litter,
}

/// A run of the engine.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Run {
    /// Everything is removed.
    #[serde(default, skip_serializing_if = "is_false")]
    pub(crate) destroy: bool,
    /// `all`, `auto` or `none`; empty for `all`.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(crate) refresh: String,
    /// Only these.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) target: Vec<u32>,
    /// All but these.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) exclude: Vec<u32>,
    /// A plan is saved before; this happens between it and the run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) approved: Option<Vec<Meddling>>,
    /// Between the saved plan and its run there is another run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) between: Option<Box<Run>>,
    /// What fails.
    #[serde(default, skip_serializing_if = "Weather::is_fair")]
    pub(crate) weather: Weather,
    /// Where the process dies.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) crash: Option<Crash>,
    /// When it is asked to stop, in milliseconds after its begin.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) cancel: Option<u64>,
}

/// Faults, in calls of a hundred.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Weather {
    /// Refused for the rate.
    pub(crate) throttled: u32,
    /// The service fails, without effect, and says so.
    pub(crate) failed: u32,
    /// The answer is lost; whether it had an effect is a coin's throw.
    pub(crate) lost: u32,
    /// Verbs of types that are denied: `create Net`.
    pub(crate) denied: Vec<String>,
}

impl Weather {
    fn is_fair(&self) -> bool {
        *self == Self::default()
    }
}

/// Where a process dies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Crash {
    /// At the nth call of the run, before it takes effect or after, without an answer.
    Call(u64, bool),
    /// At the nth write of the state: nothing, a part, or all of it is durable.
    Write(u64, Torn),
    /// After so many milliseconds.
    Time(u64),
}

/// How much of a write is durable.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Torn {
    /// Nothing.
    Nothing,
    /// So many bytes.
    Part(usize),
    /// All.
    All,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
fn is_false(b: &bool) -> bool {
    !*b
}

impl Case {
    /// The text of a case: the seed, then one step a line.
    pub(crate) fn to_text(&self) -> String {
        let steps = self.steps.iter().map(|s| serde_json::to_string(s).expect("plain data"));
        std::iter::once(format!("seed {}", self.seed)).chain(steps).map(|line| line + "\n").collect()
    }

    /// Reads the text of a case. Lines that begin with `#` are comments.
    pub(crate) fn from_text(text: &str) -> Self {
        let mut lines = text.lines().filter(|l| !l.is_empty() && !l.starts_with('#'));
        let seed = lines.next().and_then(|l| l.strip_prefix("seed ")).and_then(|s| s.parse().ok());
        let steps = lines.map(|l| serde_json::from_str(l).unwrap_or_else(|e| panic!("{e}: {l}"))).collect();
        Self { seed: seed.expect("the first line is `seed N`"), steps }
    }
}
