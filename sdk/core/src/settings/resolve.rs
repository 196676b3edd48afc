//! [`resolve`]: from texts to the typed settings of a program.
use std::collections::{BTreeMap, BTreeSet};

use smol_str::SmolStr;

use super::{
    ENV_PREFIX, Origin, Resolved, Setting, SettingSpec, Settings, Sources,
    file::{self, File},
};
use crate::{Diagnostic, Error, Map, Result, Value, codes, plain::Mismatch};

/// Reads the settings of a program.
///
/// # Errors
/// All that is wrong, together: a key that the program does not have, a required setting that is missing, a value of another type;
/// or a file that is not TOML.
pub fn resolve<S: Settings>(sources: &Sources) -> Result<(S, Resolved)> {
    let specs = S::specs();
    let mut reading = Reading { specs, sources, file: File::default(), given: BTreeMap::new(), errors: Vec::new() };
    if let Some((name, text)) = &sources.file {
        reading.file = File::read(name, text)?;
    }
    reading.take_file();
    reading.take_environment();
    reading.take_arguments();
    let missing = reading.report_missing();
    let settings = reading.typed::<S>(&missing);
    let typed = settings.as_ref().map(S::to_map).unwrap_or_default();
    reading.report_unread(&typed);
    match settings {
        Some(settings) if reading.errors.is_empty() => Ok((settings, reading.resolved(&typed))),
        _ => Err(match <[Diagnostic; 1]>::try_from(reading.errors) {
            Ok([one]) => one.into(),
            Err(many) => Error::Many(many),
        }),
    }
}

/// A value that was given.
#[derive(Clone, Debug)]
struct Given {
    value: Value,
    origin: Origin,
    /// The text, where it was given as one: it is the value itself where the type is text.
    text: Option<String>,
}

struct Reading<'a> {
    specs: &'static [SettingSpec],
    sources: &'a Sources,
    file: File,
    given: BTreeMap<SmolStr, Given>,
    errors: Vec<Diagnostic>,
}

impl Reading<'_> {
    fn take_file(&mut self) {
        for (key, value) in std::mem::take(&mut self.file.values) {
            let Some(line) = self.file.line(&key) else { continue };
            if self.spec(&key).is_none() {
                let error = self.unknown(&key).line(line);
                self.errors.push(error);
                continue;
            }
            self.given.insert(key, Given { value, origin: Origin::File(line), text: None });
        }
    }

    fn take_environment(&mut self) {
        for (name, text) in &self.sources.env {
            let Some(key) = name.strip_prefix(ENV_PREFIX) else { continue };
            let Some(spec) = self.specs.iter().find(|spec| spec.variable() == *name) else {
                let error = self.unknown(&key.to_lowercase()).note(format!("given as environment variable {name}"));
                self.errors.push(error);
                continue;
            };
            let origin = Origin::Environment(name.clone());
            self.given.insert(spec.name.into(), Given { value: file::loose(text), origin, text: Some(text.clone()) });
        }
    }

    fn take_arguments(&mut self) {
        for (key, text) in &self.sources.sets {
            let mut path = key.split('.');
            let name = path.next().unwrap_or_default();
            if self.spec(name).is_none() {
                let error = self.unknown(name).note(format!("given as `--set {key}=…`"));
                self.errors.push(error);
                continue;
            }
            let path: Vec<&str> = path.collect();
            let given = if path.is_empty() {
                Given { value: file::loose(text), origin: Origin::Argument, text: Some(text.clone()) }
            } else {
                let mut value = self.given.get(name).map(|g| g.value.clone()).or_else(|| self.default(name));
                insert_at(value.get_or_insert_default(), &path, file::loose(text));
                Given { value: value.unwrap_or_default(), origin: Origin::Argument, text: None }
            };
            self.given.insert(name.into(), given);
        }
    }

    fn default(&self, name: &str) -> Option<Value> {
        self.spec(name)?.default.map(|default| default())
    }

    fn report_missing(&mut self) -> BTreeSet<&'static str> {
        let missing: Vec<&SettingSpec> =
            self.specs.iter().filter(|spec| spec.required && !self.given.contains_key(spec.name)).collect();
        for spec in &missing {
            let SettingSpec { name, doc, ty, .. } = spec;
            self.errors.push(
                Diagnostic::new(codes::SETTING_MISSING, format!("the setting `{name}` is missing"))
                    .note(format!("{name}: {} ({ty})", doc.trim().trim_end_matches('.')))
                    .help(format!("write it into {}: {name} = …", self.sources.file_name()))
                    .help(format!("or pass it: --set {name}=…"))
                    .help(format!("or set the environment variable {}", spec.variable())),
            );
        }
        missing.into_iter().map(|spec| spec.name).collect()
    }

    /// Reads the types. After a value of the wrong type it goes on with the default, where there is one, to find further errors.
    fn typed<S: Settings>(&mut self, missing: &BTreeSet<&'static str>) -> Option<S> {
        let mut map: Map = self.given.iter().map(|(key, given)| (key.clone(), given.value.clone())).collect();
        loop {
            let mismatch = match S::from_map(&map) {
                Ok(settings) => return Some(settings),
                Err(mismatch) => mismatch,
            };
            let key = SmolStr::from(mismatch.path.split(['.', '[']).next().unwrap_or_default());
            if missing.contains(key.as_str()) {
                return None;
            }
            let bare = self.given.get(&key).and_then(|given| given.text.clone());
            match bare {
                // `--set version=12` of a setting that is text.
                Some(text) if map.get(&key).is_some_and(|v| !matches!(v, Value::Str(_))) => {
                    if let Some(given) = self.given.get_mut(&key) {
                        given.value = Value::from(text);
                        map.insert(key, given.value.clone());
                    }
                }
                _ => {
                    let error = self.wrong_type(&key, &mismatch);
                    self.errors.push(error);
                    let default = self.spec(&key).filter(|spec| !spec.required);
                    if default.is_none() || map.remove(&key).is_none() {
                        return None;
                    }
                }
            }
        }
    }

    fn wrong_type(&self, key: &str, mismatch: &Mismatch) -> Diagnostic {
        let spec = self.spec(key);
        let mut mismatch = mismatch.clone();
        if spec.is_some_and(SettingSpec::is_secret) {
            mismatch.found = "(secret)".to_owned();
        }
        self.placed(Diagnostic::new(codes::SETTING_TYPE, mismatch.to_string()), key, &mismatch.path)
    }

    /// Says where a setting, or a part of it, was given.
    fn placed(&self, error: Diagnostic, key: &str, path: &str) -> Diagnostic {
        match self.given.get(key).map(|given| &given.origin) {
            Some(Origin::File(line)) => error.line(self.file.line(path).unwrap_or_else(|| line.clone())),
            Some(Origin::Environment(name)) => error.note(format!("given as environment variable {name}")),
            Some(Origin::Argument) => error.note(format!("given as `--set {key}=…`")),
            Some(Origin::Default) | None => error.note("this is the program's own default"),
        }
    }

    /// Keys inside of a setting that its type passed over.
    fn report_unread(&mut self, typed: &Map) {
        let mut unread = Vec::new();
        for (key, given) in &self.given {
            if let Some(value) = typed.get(key) {
                find_unread(key, &given.value, value, &mut unread);
            }
        }
        for (holder, key) in unread {
            let path = format!("{holder}.{key}");
            let error = Diagnostic::new(codes::SETTING_UNKNOWN, format!("`{holder}` has no entry `{key}`"));
            let error = self.placed(error, path.split(['.', '[']).next().unwrap_or_default(), &path);
            self.errors.push(error);
        }
    }

    fn resolved(&self, typed: &Map) -> Resolved {
        let settings = self.specs.iter().filter_map(|spec| {
            let setting = match self.given.get(spec.name) {
                Some(given) => Setting { value: given.value.clone(), origin: given.origin.clone() },
                None => Setting { value: spec.default?(), origin: Origin::Default },
            };
            let value = match typed.get(spec.name) {
                // The typed value marks what is secret in it.
                Some(typed) if typed.has_secret() => typed.clone(),
                _ if spec.is_secret() => setting.value.into_secret(),
                _ => setting.value,
            };
            Some((SmolStr::new_static(spec.name), Setting { value, ..setting }))
        });
        Resolved { settings: settings.collect() }
    }

    fn spec(&self, name: &str) -> Option<&'static SettingSpec> {
        self.specs.iter().find(|spec| spec.name == name)
    }

    fn unknown(&self, key: &str) -> Diagnostic {
        let error = Diagnostic::new(codes::SETTING_UNKNOWN, format!("the program has no setting `{key}`"));
        if self.specs.is_empty() {
            return error.help("this program has no settings");
        }
        suggest(error, key, &self.specs.iter().map(|spec| spec.name).collect::<Vec<_>>())
    }
}

/// Names the known key that was probably meant, or all of them.
fn suggest(error: Diagnostic, key: &str, known: &[&str]) -> Diagnostic {
    match known.iter().map(|name| (strsim::damerau_levenshtein(name, key), *name)).min() {
        // Up to a third of the letters may be wrong: beyond that it is another word.
        Some((distance, name)) if distance * 3 <= name.len().max(key.len()) => {
            error.help(format!("did you mean `{name}`?"))
        }
        Some(_) => error.help(format!("there are: {}", known.join(", "))),
        None => error,
    }
}

/// Pairs of a path and a key below it that the type has not read.
fn find_unread(path: &str, given: &Value, typed: &Value, unread: &mut Vec<(String, SmolStr)>) {
    match (given, typed) {
        (Value::Map(given), Value::Map(typed)) => {
            for (key, value) in given {
                match typed.get(key) {
                    Some(typed) => find_unread(&format!("{path}.{key}"), value, typed, unread),
                    None => unread.push((path.to_owned(), key.clone())),
                }
            }
        }
        (Value::List(given), Value::List(typed)) if given.len() == typed.len() => {
            for (i, (given, typed)) in given.iter().zip(typed).enumerate() {
                find_unread(&format!("{path}[{i}]"), given, typed, unread);
            }
        }
        _ => {}
    }
}

fn insert_at(value: &mut Value, path: &[&str], new: Value) {
    let Some((first, rest)) = path.split_first() else {
        *value = new;
        return;
    };
    if !matches!(value, Value::Map(_)) {
        *value = Value::Map(Map::new());
    }
    if let Value::Map(map) = value {
        insert_at(map.entry((*first).into()).or_default(), rest, new);
    }
}
