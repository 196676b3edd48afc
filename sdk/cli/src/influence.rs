//! Which settings a field depends on, found by trying: the program is run again with one setting changed, and the
//! field is compared.
//!
//! A program is a pure function that takes milliseconds, so this is exact where the changed value is one that the
//! program accepts. Where none of the tried values is accepted, a setting whose value the field holds is taken for its
//! source.
use std::collections::BTreeMap;

use purlin_core::{
    Expr, Graph, SmolStr, Value,
    expr::Part,
    lookup::Answers,
    settings::{Resolved, Setting},
    stack::Built,
};

use crate::session::Session;

/// A setting that a field depends on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Influence {
    /// The setting's name.
    pub setting: SmolStr,
    /// Its value and where it came from.
    pub value: Setting,
    /// The field changes when the setting does; false where only the values are equal.
    pub certain: bool,
}

/// A field of a resource: its path, and the field's name.
pub type Place = (SmolStr, SmolStr);

/// The settings that decide each of these fields.
pub fn on(
    session: &Session<'_>,
    settings: &Resolved,
    graph: &Graph,
    answers: &Answers,
    asked: Vec<Place>,
) -> BTreeMap<Place, Vec<Influence>> {
    let mut found: BTreeMap<Place, Vec<Influence>> = asked.into_iter().map(|place| (place, Vec::new())).collect();
    for (name, setting) in settings.iter() {
        let others = others(&setting.value);
        let tried: Vec<Graph> = others.into_iter().filter_map(|text| rebuilt(session, name, text, answers)).collect();
        for ((path, field), influences) in &mut found {
            let now = expression(graph, path, field);
            let certain = tried.iter().any(|other| !same(now, expression(other, path, field)));
            let likely = tried.is_empty() && now.is_some_and(|e| holds(e, &setting.value));
            if certain || likely {
                influences.push(Influence { setting: name.into(), value: setting.clone(), certain });
            }
        }
    }
    found
}

fn expression<'g>(graph: &'g Graph, path: &str, field: &str) -> Option<&'g Expr> {
    graph.node(graph.find(path)?).input(field)
}

fn rebuilt(session: &Session<'_>, name: &str, text: String, answers: &Answers) -> Option<Graph> {
    let mut sources = session.sources.clone();
    sources.sets.push((name.to_owned(), text));
    let loaded = session.app.describe.load(&sources, &session.app.kinds).ok()?;
    match loaded.program.build(answers).ok()? {
        Built::Graph(graph) => Some(graph),
        // It asks for other facts than before: then it is another program, and nothing can be compared.
        Built::Pending { .. } => None,
    }
}

/// Other values than this one, as `--set` takes them; the likeliest to be accepted first.
fn others(value: &Value) -> Vec<String> {
    match value {
        Value::Bool(b) => vec![(!b).to_string()],
        Value::Int(n) => [n.checked_add(1), n.checked_sub(1), n.checked_mul(2)]
            .into_iter()
            .flatten()
            .map(|n| n.to_string())
            .collect(),
        Value::Float(x) => vec![format!("{:?}", x + 1.0)],
        Value::Str(text) => texts(text),
        Value::Secret(inner) => others(inner),
        Value::List(items) => items.split_last().map(|(_, rest)| toml_list(rest)).into_iter().collect(),
        _ => Vec::new(),
    }
}

fn texts(text: &str) -> Vec<String> {
    let mut texts = vec![format!("{text}x")];
    if let Some((_, bits)) = text.split_once('/').filter(|(start, _)| start.parse::<std::net::Ipv4Addr>().is_ok()) {
        texts.insert(0, format!("172.16.0.0/{bits}"));
        texts.insert(1, format!("192.168.0.0/{bits}"));
    } else if let Some(at) = text.find(|c: char| c.is_ascii_digit()) {
        let end = text[at..].find(|c: char| !c.is_ascii_digit()).map_or(text.len(), |n| at + n);
        if let Ok(n) = text[at..end].parse::<u64>() {
            texts.insert(0, format!("{}{}{}", &text[..at], n.saturating_add(1), &text[end..]));
        }
    }
    texts.into_iter().map(|text| format!("{text:?}")).collect()
}

fn toml_list(items: &[Value]) -> String {
    let texts: Vec<String> = items.iter().map(|item| item.reveal().display()).collect();
    format!("[{}]", texts.join(", "))
}

/// True when a value that the program wrote into the expression is this one.
fn holds(expr: &Expr, wanted: &Value) -> bool {
    match expr {
        Expr::Value(value) => value == wanted && !matches!(value, Value::Bool(_) | Value::Null),
        Expr::Field(inner, _) | Expr::Index(inner, _) | Expr::Secret(inner) => holds(inner, wanted),
        Expr::Format(parts) => parts.iter().any(|part| match part {
            Part::Text(text) => wanted.as_str().is_some_and(|w| !w.is_empty() && text.contains(w)),
            Part::Expr(inner) => holds(inner, wanted),
        }),
        Expr::List(items) | Expr::Apply(_, items) => items.iter().any(|e| holds(e, wanted)),
        Expr::Map(entries) => entries.iter().any(|(_, e)| holds(e, wanted)),
        Expr::Or(pair) => holds(&pair.0, wanted) || holds(&pair.1, wanted),
        Expr::Attr(..) | Expr::Closure(_) => false,
    }
}

/// True when two expressions say the same. What a closure captured cannot be seen: two of the same line are the same.
fn same(a: Option<&Expr>, b: Option<&Expr>) -> bool {
    match (a, b) {
        (None, None) => true,
        (Some(a), Some(b)) => equal(a, b),
        _ => false,
    }
}

fn equal(a: &Expr, b: &Expr) -> bool {
    let all = |a: &[Expr], b: &[Expr]| a.len() == b.len() && a.iter().zip(b).all(|(a, b)| equal(a, b));
    match (a, b) {
        (Expr::Value(a), Expr::Value(b)) => a == b,
        (Expr::Attr(a, x), Expr::Attr(b, y)) => a == b && x == y,
        (Expr::Field(a, x), Expr::Field(b, y)) => x == y && equal(a, b),
        (Expr::Index(a, x), Expr::Index(b, y)) => x == y && equal(a, b),
        (Expr::Secret(a), Expr::Secret(b)) => equal(a, b),
        (Expr::List(a), Expr::List(b)) => all(a, b),
        (Expr::Apply(f, a), Expr::Apply(g, b)) => f == g && all(a, b),
        (Expr::Map(a), Expr::Map(b)) => {
            a.len() == b.len() && a.iter().zip(b.iter()).all(|((x, a), (y, b))| x == y && equal(a, b))
        }
        (Expr::Or(a), Expr::Or(b)) => equal(&a.0, &b.0) && equal(&a.1, &b.1),
        (Expr::Closure(a), Expr::Closure(b)) => a.location == b.location && all(&a.args, &b.args),
        (Expr::Format(a), Expr::Format(b)) => {
            a.len() == b.len()
                && a.iter().zip(b.iter()).all(|(a, b)| match (a, b) {
                    (Part::Text(a), Part::Text(b)) => a == b,
                    (Part::Expr(a), Part::Expr(b)) => equal(a, b),
                    _ => false,
                })
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_values_are_of_the_same_kind() {
        assert_eq!(others(&Value::from("10.0.0.0/16"))[0], "\"172.16.0.0/16\"");
        assert_eq!(others(&Value::from("30 days"))[0], "\"31 days\"");
        assert_eq!(others(&Value::Bool(true)), ["false"]);
        assert_eq!(others(&Value::List(vec!["a".into(), "b".into()])), ["[\"a\"]"]);
    }
}
