//! Values for people: on one line, over several, and what differs between two.
//!
//! Secrets are masked by [`Value::display`] and never leave it; unknowns show what they will look like.
use std::fmt::Write as _;

use purlin_core::Value;
use similar::{ChangeTag, TextDiff};

use super::text::{Line, Role};

/// Longer than this, a value on one line is cut in the middle.
const INLINE: usize = 240;
/// More lines than this of a new text are not shown.
const BLOCK: usize = 12;

/// The value on one line. A long text is cut in its middle, and says how long it is.
pub fn inline(value: &Value) -> String {
    let text = match value {
        Value::Unknown(u) if !u.secret => format!("{} (known after apply)", u.shape),
        other => other.display(),
    };
    let length = text.chars().count();
    if length <= INLINE {
        return text;
    }
    let head: String = text.chars().take(INLINE * 2 / 3).collect();
    let tail: String = text.chars().skip(length - INLINE / 6).collect();
    format!("{head}…{tail} ({length} characters)")
}

/// Several values on one line, each as short as it can be.
pub fn inline_list<'v>(values: impl IntoIterator<Item = &'v Value>) -> String {
    let short = |value: &Value| match value {
        Value::Unknown(_) => value.display(),
        other => inline(other),
    };
    values.into_iter().map(short).collect::<Vec<_>>().join(", ")
}

/// True when a value is shown over several lines: text with line breaks, lists of maps, deep maps.
pub fn is_block(value: &Value) -> bool {
    match value {
        Value::Str(s) => s.trim_end().contains('\n'),
        Value::List(items) => items.iter().any(|i| matches!(i, Value::Map(_) | Value::List(_))),
        Value::Map(map) => map.values().any(is_block),
        _ => false,
    }
}

/// The value over several lines.
pub fn block(value: &Value) -> Vec<Line> {
    let text = lines(value);
    let all = text.lines().count();
    let mut shown: Vec<Line> = text.lines().take(BLOCK).map(Line::text).collect();
    if all > BLOCK {
        shown.push(Line::new().with(Role::Dim, format!("… {} more lines", all - BLOCK)));
    }
    shown
}

/// What differs, line by line, with two lines of what stays the same around it.
pub fn difference(before: &Value, after: &Value) -> Vec<Line> {
    let (old, new) = (lines(before), lines(after));
    if old == new {
        return vec![Line::new().with(Role::Dim, "(a secret in it changes)")];
    }
    let diff = TextDiff::from_lines(&old, &new);
    let mut shown = Vec::new();
    for (i, group) in diff.grouped_ops(2).iter().enumerate() {
        if i > 0 {
            shown.push(Line::new().with(Role::Dim, "…"));
        }
        for op in group {
            for change in diff.iter_changes(op) {
                let (sign, role) = match change.tag() {
                    ChangeTag::Delete => ("-", Role::Remove),
                    ChangeTag::Insert => ("+", Role::Add),
                    ChangeTag::Equal => (" ", Role::Dim),
                };
                let text = change.to_string();
                shown.push(Line::new().with(role, format!("{sign} {}", text.trim_end_matches(['\n', '\r']))));
            }
        }
    }
    shown
}

/// The text that [`difference`] compares: a text as it is, anything else laid out. Ends in a line break.
fn lines(value: &Value) -> String {
    match value {
        Value::Str(s) => {
            let mut text = s.to_string();
            if !text.ends_with('\n') {
                text.push('\n');
            }
            text
        }
        other => {
            let mut text = String::new();
            lay_out(other, 0, &mut text);
            text.push('\n');
            text
        }
    }
}

fn lay_out(value: &Value, depth: usize, out: &mut String) {
    let short = value.display();
    let indent = "  ".repeat(depth + 1);
    let close = "  ".repeat(depth);
    match value {
        Value::Map(map) if short.len() > 60 || is_block(value) => {
            out.push_str("{\n");
            for (key, item) in map {
                let _ = write!(out, "{indent}{key}: ");
                lay_out(item, depth + 1, out);
                out.push('\n');
            }
            let _ = write!(out, "{close}}}");
        }
        Value::List(items) if short.len() > 60 || is_block(value) => {
            out.push_str("[\n");
            for item in items {
                out.push_str(&indent);
                lay_out(item, depth + 1, out);
                out.push('\n');
            }
            let _ = write!(out, "{close}]");
        }
        _ => out.push_str(&short),
    }
}

/// What differs between two values: of two maps the entries that do, named with their path; else the values
/// themselves.
pub fn entries(name: &str, one: &Value, other: &Value) -> Vec<(String, Value, Value)> {
    let (Value::Map(a), Value::Map(b)) = (one, other) else {
        return vec![(name.to_owned(), one.clone(), other.clone())];
    };
    let keys: std::collections::BTreeSet<_> = a.keys().chain(b.keys()).collect();
    let pair = |key| (a.get(key).unwrap_or(&Value::Null), b.get(key).unwrap_or(&Value::Null));
    keys.into_iter()
        .map(|key| (format!("{name}.{key}"), pair(key)))
        .filter(|(_, (a, b))| a != b)
        .flat_map(|(name, (a, b))| entries(&name, a, b))
        .collect()
}

/// A value in which each secret is a mark: for JSON documents, which hold no secret.
#[must_use]
pub fn masked(value: &Value) -> Value {
    match value {
        Value::Secret(_) | Value::Sealed(_) => Value::Sealed("-".into()),
        Value::List(items) => Value::List(items.iter().map(masked).collect()),
        Value::Map(map) => Value::Map(map.iter().map(|(k, v)| (k.clone(), masked(v))).collect()),
        other => other.clone(),
    }
}

#[cfg(test)]
mod tests {
    use expect_test::expect;
    use purlin_core::Map;

    use super::*;

    fn map(entries: &[(&str, Value)]) -> Value {
        Value::Map(entries.iter().map(|(k, v)| ((*k).into(), v.clone())).collect::<Map>())
    }

    fn shown(lines: &[Line]) -> String {
        lines.iter().map(|l| l.plain() + "\n").collect()
    }

    #[test]
    fn texts_differ_line_by_line() {
        let before = Value::from("#!/bin/sh\nset -e\napt update\nmount /data\nstart\n");
        let after = Value::from("#!/bin/sh\nset -e\napt update\nmount /models\nstart\n");
        expect![[r"
              set -e
              apt update
            - mount /data
            + mount /models
              start
        "]]
        .assert_eq(&shown(&difference(&before, &after)));
    }

    #[test]
    fn a_policy_differs_where_it_differs() {
        let statement = |actions: &[&str]| {
            map(&[
                ("Action", Value::List(actions.iter().map(|a| (*a).into()).collect())),
                ("Effect", "Allow".into()),
                ("Resource", "arn:aws:s3:::models/*".into()),
            ])
        };
        let policy = |actions: &[&str]| map(&[("Statement", Value::List(vec![statement(actions)]))]);
        let before = policy(&["s3:GetObject"]);
        assert!(is_block(&before));
        expect![[r#"
                Statement: [
                  {
            -       Action: ["s3:GetObject"]
            +       Action: ["s3:GetObject", "s3:PutObject"]
                    Effect: "Allow"
                    Resource: "arn:aws:s3:::models/*"
        "#]]
        .assert_eq(&shown(&difference(&before, &policy(&["s3:GetObject", "s3:PutObject"]))));
    }

    #[test]
    fn a_secret_is_never_shown() {
        let secret = |text: &str| map(&[("password", Value::from(text).into_secret()), ("n", Value::Int(1))]);
        let lines = shown(&difference(&secret("hunter2"), &secret("hunter3")));
        assert_eq!(lines, "(a secret in it changes)\n");
        assert!(!inline(&secret("hunter2")).contains("hunter2"));
        assert!(!serde_json::to_string(&masked(&secret("hunter2"))).expect("no secret is left").contains("hunter2"));
    }

    #[test]
    fn long_texts_say_how_long_they_are() {
        let text = inline(&Value::from("x".repeat(5000)));
        assert!(text.ends_with("(5002 characters)"), "{text}");
        assert!(text.chars().count() < 300);
    }
}
