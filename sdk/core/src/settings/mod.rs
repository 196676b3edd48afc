//! Settings: what differs from one environment of a program to the next.
//!
//! A struct with `#[derive(Settings)]` says what there is; [`resolve`] reads it. Texts come in as data ([`Sources`]): nothing here
//! opens a file or looks at the environment.
//!
//! A setting comes from `--set key=value`, else from the environment (`PURLIN_SET_KEY`), else from `purlin.<stack>.toml`, else from
//! its default. All that is wrong is reported together. What was read is kept with its place ([`Resolved`]), so that a plan can
//! say why a field has its value.
mod file;
mod resolve;
mod resolved;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

pub use resolve::resolve;
pub use resolved::{Origin, Resolved, Setting};

use crate::{Map, Value, plain::Mismatch};

/// The start of the names of environment variables that hold settings.
pub const ENV_PREFIX: &str = "PURLIN_SET_";

/// A setting of a program.
#[derive(Clone, Copy, Debug)]
pub struct SettingSpec {
    /// Its name.
    pub name: &'static str,
    /// Its doc comment.
    pub doc: &'static str,
    /// Its Rust type, for people.
    pub ty: &'static str,
    /// True when there is neither a default nor a meaning of its absence.
    pub required: bool,
    /// What it is when it is not given.
    pub default: Option<fn() -> Value>,
}

impl SettingSpec {
    /// The environment variable that it may be given in: `PURLIN_SET_ZONES`.
    pub fn variable(&self) -> String {
        format!("{ENV_PREFIX}{}", self.name.to_uppercase().replace('-', "_"))
    }

    /// True when its type is a `Secret`: then no view shows what was given.
    pub fn is_secret(&self) -> bool {
        self.ty.contains("Secret<") || self.ty.contains("Secret <")
    }
}

/// The settings of a program: a struct with `#[derive(Settings)]`, or `()` for none.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be the settings of a program",
    note = "settings are a struct with `#[derive(Settings)]`, or `()` for a program without any"
)]
pub trait Settings: Sized {
    /// What there is, in the order of the struct.
    fn specs() -> &'static [SettingSpec];

    /// Reads the settings. Those that are not in the map have their default.
    ///
    /// # Errors
    /// A setting is missing or has another type.
    fn from_map(map: &Map) -> Result<Self, Mismatch>;

    /// The settings as values, with secrets marked as such; the derive writes it. From it [`resolve`] knows which parts of a nested
    /// setting are secrets and which keys it has. Without it, only whole settings are known to be secrets.
    fn to_map(&self) -> Map {
        Map::new()
    }
}

impl Settings for () {
    fn specs() -> &'static [SettingSpec] {
        &[]
    }
    fn from_map(_: &Map) -> Result<Self, Mismatch> {
        Ok(())
    }
}

/// Where settings are read from, as data.
#[derive(Clone, Debug, Default)]
pub struct Sources {
    /// The stack's name. It names the settings file in messages.
    pub stack: String,
    /// The settings file, if there is one: its name and its text.
    pub file: Option<(String, String)>,
    /// Keys and values of `--set`, in order: the last of a key counts. `a.b` sets the entry `b` of the setting `a`.
    pub sets: Vec<(String, String)>,
    /// Environment variables. Those that do not start with [`ENV_PREFIX`] are passed over.
    pub env: BTreeMap<String, String>,
}

impl Sources {
    /// The name of the settings file of the stack, whether it exists or not.
    pub fn file_name(&self) -> String {
        match &self.file {
            Some((name, _)) => name.clone(),
            None => format!("purlin.{}.toml", self.stack),
        }
    }
}
