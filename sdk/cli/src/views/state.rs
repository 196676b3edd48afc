//! States for people: what they hold, one object in full, and what differs between two.
use purlin_core::Map;
use purlin_state::{Object, State, Status};

use super::{
    text::{Line, Page, Role, count},
    time, value,
};

/// The objects of a state, one a line.
pub fn list(state: &State, path: Option<&str>, width: usize) -> Page {
    let mut page = Page::new(width);
    let within =
        |at: &str| path.is_none_or(|p| at == p || at.strip_prefix(p).is_some_and(|rest| rest.starts_with('/')));
    let objects: Vec<&Object> = state.objects.values().filter(|o| within(&o.key.address.path)).collect();
    let column = |of: fn(&Object) -> usize, most: usize| objects.iter().map(|o| of(o)).max().unwrap_or(0).min(most);
    let paths = column(|o| o.key.to_string().chars().count(), 36);
    let types = column(|o| o.key.address.ty.chars().count(), 32);
    for object in &objects {
        let line = Line::new().with(Role::Strong, object.key.to_string()).padded(paths).with(Role::Plain, "  ");
        let line = line.with(Role::Dim, &object.key.address.ty).padded(paths + types + 2);
        page.line(line.with(Role::Plain, format!("  {}", object.id)).join(marks(object)), 4);
    }
    for intent in state.intents.values().filter(|i| within(&i.key.address.path)) {
        let verb = format!("{:?}", intent.verb).to_lowercase();
        let text = format!("  a {verb} is open since {}; the next apply settles it", time::moment(intent.at));
        page.line(
            Line::new().with(Role::Warning, "! ").with(Role::Strong, intent.key.to_string()).with(Role::Plain, text),
            4,
        );
    }
    page
}

fn marks(object: &Object) -> Line {
    let mut line = Line::new();
    match object.status {
        Status::Ready => {}
        Status::Unfinished => line.push(Role::Warning, "  unfinished"),
        Status::Deposed => line.push(Role::Warning, "  replaced, to be deleted"),
    }
    if object.protect {
        line.push(Role::Dim, "  protected");
    }
    if object.retain {
        line.push(Role::Dim, "  retained");
    }
    line
}

/// What a state is, in a few lines.
pub fn summary(state: &State, width: usize) -> Page {
    let mut page = Page::new(width);
    row(&mut page, "stack", &state.stack);
    row(&mut page, "lineage", &state.lineage);
    row(&mut page, "serial", &state.serial.to_string());
    row(&mut page, "objects", &state.objects.len().to_string());
    row(&mut page, "outputs", &state.exports.len().to_string());
    if !state.intents.is_empty() {
        row(&mut page, "open", &format!("{}; the next apply settles them", count(state.intents.len(), "operation")));
    }
    page
}

/// An object in full.
pub fn object(object: &Object, width: usize) -> Page {
    let mut page = Page::new(width);
    page.line(
        Line::new()
            .with(Role::Strong, object.key.to_string())
            .with(Role::Dim, format!("  {}", object.key.address.ty))
            .join(marks(object)),
        2,
    );
    row(&mut page, "id", &object.id);
    row(&mut page, "provider", &object.provider);
    if let Some(location) = &object.location {
        row(&mut page, "program", &location.to_string());
    }
    if object.seen > 0 {
        row(&mut page, "seen", &time::moment(object.seen));
    }
    values(&mut page, "fields", &object.fields);
    values(&mut page, "outputs", &object.outputs);
    if !object.dependencies.is_empty() {
        page.line(Line::new().with(Role::Dim, "  made from"), 2);
        for edge in &object.dependencies {
            let by = edge.field.as_ref().map_or_else(|| "order only".to_owned(), |field| format!("`{field}`"));
            page.line(Line::text(format!("    {}", edge.on)).with(Role::Dim, format!("  {by}")), 6);
        }
    }
    page
}

fn row(page: &mut Page, name: &str, text: &str) {
    page.line(Line::new().with(Role::Dim, format!("  {name:<10}")).with(Role::Plain, text), 12);
}

fn values(page: &mut Page, heading: &str, map: &Map) {
    if map.is_empty() {
        return;
    }
    page.line(Line::new().with(Role::Dim, format!("  {heading}")), 2);
    let names = map.keys().map(|k| k.chars().count()).max().unwrap_or(0).min(24);
    for (name, item) in map {
        let head = Line::text(format!("    {name}")).padded(4 + names).with(Role::Plain, "  ");
        if value::is_block(item) {
            page.line(head, 6);
            value::block(item).into_iter().for_each(|line| page.line(Line::text("      ").join(line), 8));
        } else {
            page.line(head.with(Role::Plain, value::inline(item)), 6 + names);
        }
    }
}

/// What differs from one state to another: objects that came, went or changed, and exported values.
pub fn difference(before: &State, after: &State, width: usize) -> Page {
    let mut page = Page::new(width);
    let keys: std::collections::BTreeSet<_> = before.objects.keys().chain(after.objects.keys()).collect();
    for key in keys {
        match (before.objects.get(key), after.objects.get(key)) {
            (None, Some(new)) => {
                entry(&mut page, "+", Role::Add, &key.to_string(), &format!("{}  {}", key.address.ty, new.id))
            }
            (Some(old), None) => {
                entry(&mut page, "-", Role::Remove, &key.to_string(), &format!("{}  {}", key.address.ty, old.id))
            }
            (Some(old), Some(new)) if differs(old, new) => {
                entry(&mut page, "~", Role::Change, &key.to_string(), &key.address.ty);
                changed(&mut page, "", &old.fields, &new.fields);
                changed(&mut page, "output ", &old.outputs, &new.outputs);
                let status = |o: &Object| format!("{:?}", o.status).to_lowercase();
                if old.status != new.status {
                    page.line(Line::text(format!("    status  {} → {}", status(old), status(new))), 6);
                }
            }
            _ => {}
        }
    }
    if before.exports != after.exports {
        page.line(Line::new().with(Role::Strong, "exported values"), 0);
        changed(&mut page, "", &before.exports, &after.exports);
    }
    page
}

/// When an object was last seen is no difference.
fn differs(old: &Object, new: &Object) -> bool {
    (&old.id, &old.fields, &old.outputs, old.status, old.protect, old.retain, &old.dependencies)
        != (&new.id, &new.fields, &new.outputs, new.status, new.protect, new.retain, &new.dependencies)
}

fn entry(page: &mut Page, sign: &str, role: Role, path: &str, more: &str) {
    page.line(
        Line::new().with(role, format!("{sign} ")).with(Role::Strong, path).with(Role::Dim, format!("  {more}")),
        4,
    );
}

fn changed(page: &mut Page, what: &str, old: &Map, new: &Map) {
    let (old, new) = (purlin_core::Value::Map(old.clone()), purlin_core::Value::Map(new.clone()));
    for (name, old, new) in value::entries("", &old, &new) {
        let name = name.trim_start_matches('.');
        let line = Line::text(format!("    {what}{name}  ")).with(Role::Remove, value::inline(&old));
        page.line(line.with(Role::Dim, " → ").with(Role::Add, value::inline(&new)), 6);
    }
}
