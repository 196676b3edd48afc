//! A TOML text as values, with the line of each.
use std::collections::BTreeMap;

use toml::{
    Spanned,
    de::{DeTable, DeValue},
};

use crate::{Diagnostic, Error, Map, Result, SourceLine, Value, codes};

/// A settings file that was read.
#[derive(Debug, Default)]
pub(super) struct File {
    /// The values by key.
    pub(super) values: Map,
    /// The line of each value, by its path as [`Mismatch`](crate::plain::Mismatch) writes it: `rules[0].days`.
    lines: BTreeMap<String, u32>,
    name: String,
}

impl File {
    /// Reads the text of a settings file.
    pub(super) fn read(name: &str, text: &str) -> Result<Self> {
        let table = DeTable::parse(text).map_err(|e| syntax(name, text, &e))?;
        let mut file = Self { name: name.to_owned(), ..Self::default() };
        for (key, value) in table.get_ref() {
            let path = key.get_ref().to_string();
            // A table of its own starts where its key stands; the value's span is only its heading.
            let at = key.span().start;
            let value = file.value(text, value, &path, at)?;
            file.values.insert(path.into(), value);
        }
        Ok(file)
    }

    /// The line of a value, or of the nearest that holds it.
    pub(super) fn line(&self, path: &str) -> Option<SourceLine> {
        let mut path = path;
        loop {
            if let Some(line) = self.lines.get(path) {
                return Some(SourceLine { file: self.name.as_str().into(), line: *line });
            }
            path = &path[..path.rfind(['.', '['])?];
        }
    }

    fn value(&mut self, text: &str, value: &Spanned<DeValue<'_>>, path: &str, at: usize) -> Result<Value> {
        let line = position(text, at).0;
        self.lines.insert(path.to_owned(), line);
        Ok(match value.get_ref() {
            DeValue::Array(items) => {
                let items = items.iter().enumerate();
                Value::List(
                    items
                        .map(|(i, item)| self.value(text, item, &format!("{path}[{i}]"), item.span().start))
                        .collect::<Result<_>>()?,
                )
            }
            DeValue::Table(table) => {
                let entries = table.iter().map(|(key, value)| {
                    let name = key.get_ref().to_string();
                    let value = self.value(text, value, &format!("{path}.{name}"), key.span().start)?;
                    Ok((name.into(), value))
                });
                Value::Map(entries.collect::<Result<_>>()?)
            }
            scalar => self::scalar(scalar).ok_or_else(|| {
                let line = SourceLine { file: self.name.as_str().into(), line };
                Diagnostic::new(codes::SETTING_TYPE, format!("`{path}`: the number does not fit into 64 bits"))
                    .line(line)
            })?,
        })
    }
}

/// Reads the text of `--set` or of a variable: TOML where it is TOML, else the text itself.
pub(super) fn loose(text: &str) -> Value {
    DeValue::parse(text).ok().and_then(|value| plain(value.get_ref())).unwrap_or_else(|| text.into())
}

fn plain(value: &DeValue<'_>) -> Option<Value> {
    match value {
        DeValue::Array(items) => items.iter().map(|item| plain(item.get_ref())).collect::<Option<_>>().map(Value::List),
        DeValue::Table(table) => {
            let entries = table.iter().map(|(k, v)| Some((k.get_ref().to_string().into(), plain(v.get_ref())?)));
            entries.collect::<Option<_>>().map(Value::Map)
        }
        value => scalar(value),
    }
}

/// A value without parts; none for a number that does not fit.
fn scalar(value: &DeValue<'_>) -> Option<Value> {
    match value {
        DeValue::String(text) => Some(Value::Str(text.as_ref().into())),
        DeValue::Integer(n) => i64::from_str_radix(n.as_str(), n.radix()).ok().map(Value::Int),
        DeValue::Float(x) => x.as_str().parse().ok().map(Value::Float),
        DeValue::Boolean(b) => Some(Value::Bool(*b)),
        // Purlin has no dates of its own: the text is kept, as RFC 3339 writes it.
        DeValue::Datetime(date) => Some(date.to_string().into()),
        DeValue::Array(_) | DeValue::Table(_) => None,
    }
}

/// Only the parser's reason is told, never the line itself: it may hold a secret.
fn syntax(name: &str, text: &str, error: &toml::de::Error) -> Error {
    let (line, column) = position(text, error.span().map_or(text.len(), |span| span.start));
    let reason = error.message().trim_end_matches(", expected nothing");
    Diagnostic::new(codes::SETTING_SYNTAX, format!("{name}:{line}:{column}: {reason}"))
        .line(SourceLine { file: name.into(), line })
        .help("see https://toml.io for the syntax; text stands in quotes: key = \"value\"")
        .into()
}

/// Line and column, counted from 1, the column in characters.
fn position(text: &str, at: usize) -> (u32, u32) {
    let before = &text.as_bytes()[..at.min(text.len())];
    let start = before.iter().rposition(|b| *b == b'\n').map_or(0, |i| i + 1);
    let line = before.iter().filter(|b| **b == b'\n').count() + 1;
    let column = String::from_utf8_lossy(&before[start..]).chars().count() + 1;
    (u32::try_from(line).unwrap_or(u32::MAX), u32::try_from(column).unwrap_or(u32::MAX))
}
