//! A policy as a [`Value`], in the shape of IAM's JSON: what plans show and states keep. Reading takes every spelling of it.
use std::collections::{BTreeMap, BTreeSet};

use smol_str::SmolStr;

use super::{Conditions, Effect, Elements, Name, Policy, Principal, PrincipalKind, Statement, statement::distinct};
use crate::{Map, Plain, Value, plain::Mismatch};

/// The version of the policy language that Purlin writes.
pub(super) const VERSION: &str = "2012-10-17";
/// The version that a document without one has; it knows no policy variables.
const OLD_VERSION: &str = "2008-10-17";

const ELEMENTS: &[&str] =
    &["Sid", "Effect", "Principal", "NotPrincipal", "Action", "NotAction", "Resource", "NotResource", "Condition"];

/// The canonical value has lists everywhere, sorted and without doubles, and always the version `2012-10-17`.
impl Plain for Policy {
    fn encode(&self) -> Value {
        let statements = self.statements().map(encode_statement).collect();
        Value::Map([("Version".into(), VERSION.into()), ("Statement".into(), Value::List(statements))].into())
    }

    fn decode(value: &Value) -> Result<Self, Mismatch> {
        let value = value.reveal();
        let document = value.as_map().ok_or_else(|| Mismatch::new("a policy document", &value))?;
        refuse_others(document, &["Version", "Id", "Statement"], "an element of a policy")?;
        let old = match document.get("Version") {
            None | Some(Value::Null) => true,
            Some(version) => match version.as_str() {
                Some(VERSION) => false,
                Some(OLD_VERSION) => true,
                _ => return Err(Mismatch::new(format!("\"{VERSION}\""), version).within("Version")),
            },
        };
        let statements: Vec<(String, &Value)> = match document.get("Statement") {
            None | Some(Value::Null) => Vec::new(),
            Some(Value::List(items)) => {
                items.iter().enumerate().map(|(i, item)| (format!("Statement[{i}]"), item)).collect()
            }
            Some(one) => vec![("Statement".to_owned(), one)],
        };
        statements
            .into_iter()
            .map(|(path, value)| decode_statement(value, old).map_err(|e| e.within(&path)))
            .collect::<Result<_, _>>()
    }
}

fn encode_statement(statement: &Statement) -> Value {
    let mut map = Map::new();
    if let Some(sid) = &statement.sid {
        map.insert("Sid".into(), sid.clone().into());
    }
    map.insert("Effect".into(), statement.effect.as_str().into());
    insert(&mut map, ["Principal", "NotPrincipal"], &statement.principals, |set| {
        let kinds = by_kind(set).into_iter();
        Value::Map(kinds.map(|(kind, names)| (kind.as_str().into(), texts(names))).collect())
    });
    insert(&mut map, ["Action", "NotAction"], &statement.actions, |set| texts(set.iter().map(Name::as_str)));
    insert(&mut map, ["Resource", "NotResource"], &statement.resources, |set| texts(set.iter().map(SmolStr::as_str)));
    if !statement.conditions.is_empty() {
        let condition = statement.conditions.iter().map(|(operator, keys)| {
            let keys =
                keys.iter().map(|(key, values)| (key.as_str().into(), texts(values.iter().map(SmolStr::as_str))));
            (operator.clone(), Value::Map(keys.collect()))
        });
        map.insert("Condition".into(), Value::Map(condition.collect()));
    }
    Value::Map(map)
}

fn insert<T>(map: &mut Map, names: [&'static str; 2], part: &Elements<T>, encode: impl Fn(&BTreeSet<T>) -> Value) {
    match part {
        Elements::Only(set) if set.is_empty() => {}
        Elements::Only(set) => drop(map.insert(SmolStr::new_static(names[0]), encode(set))),
        Elements::AllBut(set) => drop(map.insert(SmolStr::new_static(names[1]), encode(set))),
    }
}

/// The names of each kind.
pub(super) fn by_kind(principals: &BTreeSet<Principal>) -> BTreeMap<PrincipalKind, Vec<&str>> {
    let mut kinds: BTreeMap<PrincipalKind, Vec<&str>> = BTreeMap::new();
    for principal in principals {
        kinds.entry(principal.kind()).or_default().push(principal.name());
    }
    kinds
}

fn texts<'a>(items: impl IntoIterator<Item = &'a str>) -> Value {
    Value::List(items.into_iter().map(Value::from).collect())
}

fn decode_statement(value: &Value, old: bool) -> Result<Statement, Mismatch> {
    let map = value.as_map().ok_or_else(|| Mismatch::new("a statement", value))?;
    refuse_others(map, ELEMENTS, "an element of a statement")?;
    let effect = map.get("Effect").unwrap_or(&Value::Null);
    let effect = match effect.as_str() {
        Some("Allow") => Effect::Allow,
        Some("Deny") => Effect::Deny,
        _ => return Err(Mismatch::new("\"Allow\" or \"Deny\"", effect).within("Effect")),
    };
    let sid = match map.get("Sid") {
        None | Some(Value::Null) => None,
        // IAM takes an empty label for none.
        Some(sid) => Some(SmolStr::decode(sid).map_err(|e| e.within("Sid"))?).filter(|sid| !sid.is_empty()),
    };
    let text = |text: SmolStr| if old { without_variables(&text) } else { text };
    Ok(Statement {
        sid,
        effect,
        principals: decode_part(map, ["Principal", "NotPrincipal"], decode_principals)?,
        actions: decode_part(map, ["Action", "NotAction"], |v| {
            Ok(distinct(decode_texts(v)?.into_iter().map(Name::from)))
        })?,
        resources: decode_part(map, ["Resource", "NotResource"], |v| {
            Ok(decode_texts(v)?.into_iter().map(text).collect())
        })?,
        conditions: match map.get("Condition") {
            None | Some(Value::Null) => Conditions::new(),
            Some(value) => decode_conditions(value, old).map_err(|e| e.within("Condition"))?,
        },
    })
}

/// In the old version of the language `${` is text; in the new one `${$}` stands for `$`.
fn without_variables(text: &SmolStr) -> SmolStr {
    if text.contains("${") { text.replace("${", "${$}{").into() } else { text.clone() }
}

fn decode_part<T: Ord>(
    map: &Map,
    names: [&str; 2],
    decode: impl Fn(&Value) -> Result<BTreeSet<T>, Mismatch>,
) -> Result<Elements<T>, Mismatch> {
    let [only, all_but] = names;
    let entry = |name: &str| map.get(name).filter(|v| !v.is_null());
    match (entry(only), entry(all_but)) {
        (None, None) => Ok(Elements::default()),
        (Some(value), None) => decode(value).map(Elements::Only).map_err(|e| e.within(only)),
        (None, Some(value)) => decode(value).map(Elements::AllBut).map_err(|e| e.within(all_but)),
        (Some(_), Some(value)) => Err(Mismatch::new(format!("either `{only}` or `{all_but}`"), value).within(all_but)),
    }
}

fn decode_principals(value: &Value) -> Result<BTreeSet<Principal>, Mismatch> {
    let kinds = match value {
        Value::Str(text) if text == "*" => return Ok([Principal::anyone()].into()),
        Value::Map(kinds) => kinds,
        other => return Err(Mismatch::new("\"*\" or a map such as {\"Service\": \"ec2.amazonaws.com\"}", other)),
    };
    let mut principals = BTreeSet::new();
    for (name, value) in kinds {
        let kind = PrincipalKind::ALL
            .into_iter()
            .find(|kind| kind.as_str() == name)
            .ok_or_else(|| Mismatch::new("AWS, Service, Federated or CanonicalUser", &Value::from(name.clone())))?;
        let names = decode_texts(value).map_err(|e| e.within(name))?;
        principals.extend(names.into_iter().map(|name| Principal::new(kind, name)));
    }
    Ok(principals)
}

fn decode_conditions(value: &Value, old: bool) -> Result<Conditions, Mismatch> {
    let operators = value.as_map().ok_or_else(|| Mismatch::new("a map of operators", value))?;
    let mut conditions = Conditions::new();
    for (operator, value) in operators {
        let keys = value.as_map().ok_or_else(|| Mismatch::new("a map of keys", value).within(operator))?;
        let known = conditions.entry(operator.clone()).or_default();
        for (key, value) in keys {
            let values = decode_texts(value).map_err(|e| e.within(key).within(operator))?;
            let values = values.into_iter().map(|text| if old { without_variables(&text) } else { text });
            known.entry(Name::from(key.clone())).or_default().extend(values);
        }
    }
    Ok(conditions)
}

/// One text or a list of them. Numbers and truth values stand for their text.
fn decode_texts(value: &Value) -> Result<Vec<SmolStr>, Mismatch> {
    let one = |value: &Value| match value {
        Value::Str(text) => Ok(text.clone()),
        Value::Bool(b) => Ok(SmolStr::new_static(if *b { "true" } else { "false" })),
        Value::Int(n) => Ok(n.to_string().into()),
        Value::Float(x) => Ok(x.to_string().into()),
        other => Err(Mismatch::new("text", other)),
    };
    match value {
        Value::List(items) => {
            items.iter().enumerate().map(|(i, item)| one(item).map_err(|e| e.within(&format!("[{i}]")))).collect()
        }
        value => one(value).map(|text| vec![text]),
    }
}

fn refuse_others(map: &Map, known: &[&str], what: &str) -> Result<(), Mismatch> {
    match map.keys().find(|key| !known.contains(&key.as_str())) {
        None => Ok(()),
        Some(key) => Err(Mismatch::new(format!("{what} ({})", known.join(", ")), &Value::from(key.clone()))),
    }
}
