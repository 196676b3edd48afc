//! The three-way diff of one resource: what was last applied, what is live, what is wanted.
//!
//! Equality is plain equality: where two values can mean the same, the field's type has one canonical form.
use purlin_core::{Map, Schema, SmolStr, Value, schema::FieldSpec};

use super::{Cause, Change, wanted::is_absent};

/// The fields of an object in which the world or the program differs from what was last applied.
///
/// `recorded` is what was last applied; `live` is what was read, if it was; fields in `ignored` keep what they have.
pub(crate) fn changes(
    schema: &'static Schema,
    recorded: &Map,
    live: Option<&Map>,
    wanted: &Map,
    ignored: &[&'static str],
) -> Vec<Change> {
    let mut changes = Vec::new();
    for spec in schema.fields {
        if ignored.contains(&spec.name) {
            continue;
        }
        if let Some(change) = field(spec, recorded, live, wanted) {
            changes.push(change);
        }
    }
    changes
}

fn field(spec: &FieldSpec, recorded: &Map, live: Option<&Map>, wanted: &Map) -> Option<Change> {
    let want = wanted.get(spec.name);
    if spec.computed && want.is_none() {
        return None;
    }
    let last = recorded.get(spec.name);
    // A driver leaves out what it cannot read back; what it can read and is not there reads as none.
    let seen = match live {
        Some(live) if !spec.write_only => Some(live.get(spec.name)),
        _ => None,
    };
    let base = seen.unwrap_or(last);
    if same(spec, base, want) {
        return None;
    }
    // A secret that is sealed cannot be compared; it was applied as it is.
    if let (Some(Value::Sealed(_)), None) = (base, seen) {
        return None;
    }
    let value = |v: Option<&Value>| v.cloned().unwrap_or_else(|| (spec.absent)());
    // A service shows in plain what was made from a secret.
    let secret = spec.secret || [last, want].into_iter().flatten().any(Value::has_secret);
    let before = value(base);
    Some(Change {
        field: SmolStr::new_static(spec.name),
        before: if secret && !before.is_null() { before.into_secret() } else { before },
        after: value(want),
        drift: seen.is_some() && same(spec, last, want),
        replace: spec.replace,
    })
}

fn same(spec: &FieldSpec, a: Option<&Value>, b: Option<&Value>) -> bool {
    match (a, b) {
        (None, None) => true,
        (Some(x), None) | (None, Some(x)) => is_absent(spec, x),
        (Some(a), Some(b)) => {
            let revealed = || (a.has_secret() || b.has_secret()) && a.reveal() == b.reveal();
            a == b || revealed() || (is_absent(spec, a) && is_absent(spec, b))
        }
    }
}

/// Ignored fields keep what they have, so that an update of another field does not take them along.
pub(crate) fn keep_ignored(
    schema: &'static Schema,
    recorded: &Map,
    live: Option<&Map>,
    wanted: &mut Map,
    ignored: &[&'static str],
) {
    for spec in schema.fields.iter().filter(|f| ignored.contains(&f.name)) {
        let last = recorded.get(spec.name);
        let has = match live {
            Some(live) if !spec.write_only => live.get(spec.name),
            _ => last,
        };
        let secret = last.is_some_and(Value::has_secret);
        match has.cloned() {
            Some(value) => wanted.insert(spec.name.into(), if secret { value.into_secret() } else { value }),
            None => wanted.remove(spec.name),
        };
    }
}

/// True when a change is certain: it does not wait for a value that may turn out as before.
pub(crate) fn is_certain(change: &Change) -> bool {
    change.after.first_unknown().is_none_or(|u| u.fresh)
}

/// Why each change is there.
pub(crate) fn causes(changes: &[Change]) -> Vec<Cause> {
    let cause = |c: &Change| match c.after.first_unknown() {
        Some(u) if !u.fresh => Cause::MayChange { field: c.field.clone(), cause: u.cause.clone() },
        _ if c.replace => Cause::ReplacedBecause { field: c.field.clone() },
        _ if c.drift => Cause::Drifted { field: c.field.clone() },
        _ => Cause::FieldChanged { field: c.field.clone() },
    };
    changes.iter().map(cause).collect()
}

/// The changes of a create: every field that is set.
pub(crate) fn creation(wanted: &Map) -> Vec<Change> {
    let change = |(field, after): (&SmolStr, &Value)| Change {
        field: field.clone(),
        before: Value::Null,
        after: after.clone(),
        drift: false,
        replace: false,
    };
    wanted.iter().map(change).collect()
}

/// The changes of a replacement: every field that the new object has, with what the old one has. Those that are equal are part of what
/// is approved, and views leave them out.
pub(crate) fn replacement(schema: &Schema, old: &Map, wanted: &Map, compared: Vec<Change>) -> Vec<Change> {
    let mut changes: Vec<Change> = Vec::new();
    for spec in schema.fields {
        let differs = compared.iter().find(|c| c.field == spec.name);
        let Some(after) = wanted.get(spec.name) else {
            changes.extend(differs.cloned());
            continue;
        };
        changes.push(match differs {
            Some(c) => Change { after: after.clone(), ..c.clone() },
            None => Change {
                field: SmolStr::new_static(spec.name),
                before: old.get(spec.name).cloned().unwrap_or_else(|| (spec.absent)()),
                after: after.clone(),
                drift: false,
                replace: false,
            },
        });
    }
    changes
}
