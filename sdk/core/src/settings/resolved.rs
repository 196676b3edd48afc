//! [`Resolved`]: the settings of a run, each with the place that it came from.
use std::{collections::BTreeMap, fmt};

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use smol_str::SmolStr;

use crate::{SourceLine, Value};

/// Where a setting came from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    /// A line of the settings file.
    File(SourceLine),
    /// The environment variable of this name.
    Environment(String),
    /// `--set`
    Argument,
    /// The program's own default.
    Default,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(line) => line.fmt(f),
            Self::Environment(name) => write!(f, "environment variable {name}"),
            Self::Argument => f.write_str("--set"),
            Self::Default => f.write_str("default"),
        }
    }
}

/// A setting of a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setting {
    /// What it is; a [`Value::Secret`] where its type is a secret.
    pub value: Value,
    /// Where it came from.
    pub origin: Origin,
}

/// The settings of a run, by name. Those that were not given and have no default are not among them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Resolved {
    pub(super) settings: BTreeMap<SmolStr, Setting>,
}

impl Resolved {
    /// A setting by name.
    pub fn get(&self, name: &str) -> Option<&Setting> {
        self.settings.get(name)
    }

    /// All settings, in the order of their names.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&str, &Setting)> {
        self.settings.iter().map(|(name, setting)| (name.as_str(), setting))
    }

    /// SHA-256 in hexadecimal over names and values, whatever their origin. Secrets do not enter it, as a digest of a short
    /// secret would give it away: a changed secret is seen in the fields that hold it.
    pub fn digest(&self) -> String {
        let values = self.settings.iter().map(|(name, s)| (name.clone(), redacted(&s.value))).collect();
        // Without secrets every value has a text form.
        let text = serde_json::to_string(&Value::Map(values)).unwrap_or_default();
        Sha256::digest(text.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

fn redacted(value: &Value) -> Value {
    match value {
        Value::Secret(_) | Value::Sealed(_) => Value::Sealed(SmolStr::default()),
        Value::List(items) => Value::List(items.iter().map(redacted).collect()),
        Value::Map(map) => Value::Map(map.iter().map(|(k, v)| (k.clone(), redacted(v))).collect()),
        other => other.clone(),
    }
}
