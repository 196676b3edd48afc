//! The fields of an operation: what each was and will be.
use purlin_core::{Map, Schema, SmolStr, Value};
use purlin_engine::{Action, Change, Op};

use crate::views::{
    text::{Line, Page, Role},
    value,
};

/// A field that differs among alike operations shows at most so many values.
const LISTED: usize = 40;
/// Names of fields are aligned up to this width.
const NAMES: usize = 24;

/// A row of the table: a field, or an entry of a map in it.
struct Row<'a> {
    name: String,
    before: Option<&'a Value>,
    after: &'a Value,
    change: &'a Change,
}

/// Writes the fields of an operation, `indent` blanks from the left.
pub(super) fn fields(page: &mut Page, op: &Op, schema: Option<&Schema>, indent: usize) {
    table(page, op, schema, indent, 0);
}

/// The rows, with names at least `least` wide.
fn table(page: &mut Page, op: &Op, schema: Option<&Schema>, indent: usize, least: usize) {
    let made = matches!(op.action, Action::Create) && op.replaces.is_none();
    let mut rows = Vec::new();
    let changes: Vec<Change> = op.changes.iter().map(|change| guarded(change, schema)).collect();
    // The new leg of a replacement has all fields; those that stay the same explain nothing.
    for change in changes.iter().filter(|c| made || c.before != c.after) {
        let before = (!made).then_some(&change.before);
        spread(&change.field, before, &change.after, change, &mut rows);
    }
    let names = rows.iter().map(|r| r.name.chars().count()).max().unwrap_or(0).clamp(least, NAMES);
    for row in &rows {
        write(page, row, indent, names);
    }
}

/// The change with its values masked, where the type says that the field is a secret.
fn guarded(change: &Change, schema: Option<&Schema>) -> Change {
    if !schema.and_then(|s| s.field(&change.field)).is_some_and(|f| f.secret) {
        return change.clone();
    }
    let mask = |value: &Value| if value.is_null() { Value::Null } else { value.clone().into_secret() };
    Change { before: mask(&change.before), after: mask(&change.after), ..change.clone() }
}

/// The table of fields that several alike operations share, and for each other field the values of all.
pub(super) fn shared(page: &mut Page, ops: &[&Op], schema: Option<&Schema>, indent: usize) {
    let Some(first) = ops.first() else { return };
    let same = |field: &SmolStr| {
        let of =
            |op: &'_ Op| op.changes.iter().find(|c| c.field == *field).map(|c| (c.before.clone(), c.after.clone()));
        ops.iter().all(|op| of(op) == of(first))
    };
    let (alike, own): (Vec<&Change>, Vec<&Change>) = first.changes.iter().partition(|c| same(&c.field));
    let common = Op { changes: alike.into_iter().cloned().collect(), ..(*first).clone() };
    let names = first.changes.iter().map(|c| c.field.chars().count()).max().unwrap_or(0).min(NAMES);
    table(page, &common, schema, indent, names);
    for change in own {
        let all = ops.iter().filter_map(|op| op.changes.iter().find(|c| c.field == change.field));
        let shown: Vec<Value> = all.map(|c| guarded(c, schema).after).take(LISTED).collect();
        let more = if ops.len() > LISTED { format!(", … {} more", ops.len() - LISTED) } else { String::new() };
        let head = Line::text(" ".repeat(indent) + &change.field).padded(indent + names).with(Role::Plain, "  ");
        let line = head.with(Role::Plain, value::inline_list(&shown) + &more).with(Role::Dim, "  (in this order)");
        page.line(line, indent + names + 2);
    }
}

/// A map becomes a row for each entry that differs, as long as its entries fit on a line.
fn spread<'a>(name: &str, before: Option<&'a Value>, after: &'a Value, change: &'a Change, rows: &mut Vec<Row<'a>>) {
    static NONE: Value = Value::Null;
    let flat = |value: &Value| matches!(value, Value::Map(_)) && !value::is_block(value);
    let empty = Map::new();
    let entries = |value: &'a Value| value.as_map();
    let maps = match before {
        None => flat(after),
        Some(before) => {
            (flat(before) || before.is_null()) && (flat(after) || after.is_null()) && (flat(before) || flat(after))
        }
    };
    if !maps || entries(after).unwrap_or(&empty).is_empty() && before.and_then(entries).is_none_or(Map::is_empty) {
        rows.push(Row { name: name.to_owned(), before, after, change });
        return;
    }
    let mut keys: Vec<&SmolStr> = Vec::new();
    keys.extend(before.and_then(entries).into_iter().flat_map(Map::keys));
    keys.extend(entries(after).into_iter().flat_map(Map::keys));
    keys.sort();
    keys.dedup();
    for key in keys {
        let old = before.map(|b| entries(b).and_then(|m| m.get(key)).unwrap_or(&NONE));
        let new = entries(after).and_then(|m| m.get(key)).unwrap_or(&NONE);
        if old.is_none_or(|old| old != new) {
            spread(&format!("{name}.{key}"), old, new, change, rows);
        }
    }
}

fn write(page: &mut Page, row: &Row<'_>, indent: usize, names: usize) {
    let head =
        Line::text(" ".repeat(indent)).with(Role::Plain, &row.name).padded(indent + names).with(Role::Plain, "  ");
    let hang = indent + names + 2;
    let marks = marks(row.change);
    let block = value::is_block(row.after) || row.before.is_some_and(value::is_block);
    match row.before {
        None if block => {
            page.line(head.with(Role::Dim, "(new)").join(marks), hang);
            indented(page, value::block(row.after), indent + 2);
        }
        None => page.line(head.with(Role::Plain, value::inline(row.after)).join(marks), hang),
        Some(before) if block && before.is_null() => {
            page.line(head.with(Role::Dim, "(was none)").join(marks), hang);
            indented(page, value::block(row.after), indent + 2);
        }
        Some(before) if block && row.after.is_known() => {
            page.line(head.with(Role::Dim, "(differs)").join(marks), hang);
            indented(page, value::difference(before, row.after), indent + 2);
        }
        Some(before) if before.has_secret() && value::inline(before) == value::inline(row.after) => {
            page.line(head.with(Role::Plain, value::inline(before)).with(Role::Change, "  changes").join(marks), hang);
        }
        Some(before) => {
            let line = head
                .with(Role::Remove, value::inline(before))
                .with(Role::Dim, " → ")
                .with(Role::Add, value::inline(row.after))
                .join(marks);
            page.line(line, hang);
        }
    }
}

fn marks(change: &Change) -> Line {
    let mut marks = Line::new();
    if change.replace {
        marks.push(Role::Replace, "  replaces it");
    }
    if change.drift {
        marks.push(Role::Warning, "  drift: changed outside");
    }
    marks
}

fn indented(page: &mut Page, lines: Vec<Line>, indent: usize) {
    for line in lines {
        page.line(Line::text(" ".repeat(indent)).join(line), indent + 2);
    }
}
