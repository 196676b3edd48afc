//! What a [`PolicyDraft`](super::PolicyDraft) evaluates to: the canonical value of its policy, with unknown parts in their places.
use std::{collections::BTreeMap, sync::Arc};

use smol_str::SmolStr;

use super::{Policy, canonical};
use crate::{Map, Plain, Unknown, Value, plain::Mismatch};

/// Marks a text that stands for an unknown while the policy is brought into its canonical form; no policy holds this character.
const MARK: char = '\u{f8ff}';

/// The canonical value of a policy from the statements of a draft and whether to minimize it. What is unknown stays so, each in
/// its place.
pub(crate) fn evaluate(args: &[Value]) -> Result<Value, Mismatch> {
    let statements = args.first().unwrap_or(&Value::Null);
    let minimized = args.get(1).and_then(Value::as_bool).unwrap_or_default();
    let secret = statements.has_secret();
    let mut unknowns = BTreeMap::new();
    let Value::List(statements) = known(&statements.reveal(), &mut unknowns) else {
        return Err(Mismatch::new("statements", statements));
    };
    let statements = statements.into_iter().map(with_conditions).collect();
    let document = [("Version".into(), canonical::VERSION.into()), ("Statement".into(), Value::List(statements))];
    let policy = Policy::decode(&Value::Map(document.into()))?;
    let policy = if minimized { policy.minimized() } else { policy };
    let value = unknown(policy.encode(), &unknowns);
    Ok(if secret { value.into_secret() } else { value })
}

/// Puts marked texts where unknowns are.
fn known(value: &Value, unknowns: &mut BTreeMap<SmolStr, Arc<Unknown>>) -> Value {
    match value {
        Value::Unknown(u) => {
            let text = SmolStr::from(format!("{MARK}{}", u.shape));
            unknowns.insert(text.clone(), u.clone());
            Value::Str(text)
        }
        Value::List(items) => Value::List(items.iter().map(|item| known(item, unknowns)).collect()),
        Value::Map(map) => Value::Map(map.iter().map(|(k, v)| (k.clone(), known(v, unknowns))).collect()),
        other => other.clone(),
    }
}

/// Puts unknowns back where marked texts are.
fn unknown(value: Value, unknowns: &BTreeMap<SmolStr, Arc<Unknown>>) -> Value {
    match value {
        Value::Str(text) => match unknowns.get(&text) {
            Some(u) => Value::Unknown(u.clone()),
            None => Value::Str(text),
        },
        Value::List(items) => Value::List(items.into_iter().map(|item| unknown(item, unknowns)).collect()),
        Value::Map(map) => Value::Map(map.into_iter().map(|(k, v)| unknown_entry(k, v, unknowns)).collect()),
        other => other,
    }
}

/// A key cannot be unknown, so with an unknown key the entry's value is.
fn unknown_entry(key: SmolStr, value: Value, unknowns: &BTreeMap<SmolStr, Arc<Unknown>>) -> (SmolStr, Value) {
    let value = unknown(value, unknowns);
    match unknowns.get(&key) {
        None => (key, value),
        Some(u) => {
            let all = Unknown { shape: value.display().into(), ..(**u).clone() };
            (u.shape.clone(), Value::Unknown(Arc::new(all)))
        }
    }
}

/// Brings the list of conditions into IAM's nested maps.
fn with_conditions(statement: Value) -> Value {
    let Value::Map(mut statement) = statement else { return statement };
    if let Some(Value::List(conditions)) = statement.remove("Condition") {
        let mut operators = Map::new();
        for condition in &conditions {
            let part = |name: &str| condition.as_map().and_then(|c| c.get(name));
            let text = |name: &str| part(name).and_then(Value::as_str).unwrap_or_default();
            let keys = operators.entry(text("operator").into()).or_insert_with(|| Value::Map(Map::new()));
            if let (Value::Map(keys), Some(Value::List(values))) = (keys, part("values")) {
                let known = keys.entry(issuer_key(text("key")).into()).or_insert_with(|| Value::List(Vec::new()));
                if let Value::List(known) = known {
                    known.extend(values.iter().cloned());
                }
            }
        }
        statement.insert("Condition".into(), Value::Map(operators));
    }
    Value::Map(statement)
}

/// `arn:aws:iam::123456789012:oidc-provider/HOST:sub` and `https://HOST:sub` mean `HOST:sub`.
fn issuer_key(key: &str) -> &str {
    if let Some(host) = key.strip_prefix("https://") {
        return host;
    }
    match key.split_once(":oidc-provider/") {
        Some((start, host)) if start.starts_with("arn:") => host,
        _ => key,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_provider_of_identities_stands_for_its_issuer_in_keys() {
        for (key, name) in [
            (
                "arn:aws:iam::123456789012:oidc-provider/oidc.eks.eu-west-1.amazonaws.com/id/AB:sub",
                "oidc.eks.eu-west-1.amazonaws.com/id/AB:sub",
            ),
            ("https://token.actions.githubusercontent.com:sub", "token.actions.githubusercontent.com:sub"),
            ("aws:SourceArn", "aws:SourceArn"),
        ] {
            assert_eq!(issuer_key(key), name);
        }
    }
}
