//! The tree of a plan: components as headings, entries below them, alike ones as one.
use std::collections::BTreeMap;

use purlin_core::options::ReplaceOrder;
use purlin_engine::{Action, Plan};

use super::{
    causes::{self, Chains},
    changes,
    items::{self, Item, Kind},
};
use crate::{
    schemas::Schemas,
    views::text::{Line, Page, Role},
};

/// A group shows at most so many names.
const LISTED: usize = 40;
/// Names are aligned up to this width.
const NAMES: usize = 28;

/// A component and what is in it.
#[derive(Default)]
struct Scope<'a> {
    name: &'a str,
    items: Vec<&'a Item<'a>>,
    scopes: Vec<Scope<'a>>,
    /// The positions in `scopes`, by name.
    index: BTreeMap<&'a str, usize>,
}

impl<'a> Scope<'a> {
    fn insert(&mut self, path: &'a str, item: &'a Item<'a>) {
        match path.split_once('/') {
            None => self.items.push(item),
            Some((name, rest)) => {
                let at = *self.index.entry(name).or_insert_with(|| {
                    self.scopes.push(Scope { name, ..Scope::default() });
                    self.scopes.len() - 1
                });
                self.scopes[at].insert(rest, item);
            }
        }
    }
}

/// Writes the tree of all entries.
pub(super) fn write(page: &mut Page, all: &[Item<'_>], schemas: &Schemas) {
    let mut root = Scope::default();
    for item in all {
        root.insert(&item.op.key.address.path, item);
    }
    page.gap();
    scope(page, &root, schemas, 0);
}

fn scope(page: &mut Page, scope_: &Scope<'_>, schemas: &Schemas, depth: usize) {
    let names = scope_.items.iter().map(|i| label(i).chars().count()).max().unwrap_or(0).min(NAMES);
    for group in grouped(&scope_.items) {
        match group.as_slice() {
            [item] => one(page, item, schemas, depth, names),
            group => several(page, group, label, schemas, depth),
        }
    }
    for inner in &scope_.scopes {
        if depth == 0 {
            page.gap();
        }
        page.line(Line::new().with(Role::Strong, format!("{}{}/", "  ".repeat(depth), inner.name)), 4);
        scope(page, inner, schemas, depth + 1);
    }
}

/// Entries that are shown as one are together, where the first of them stands; each other one is alone.
pub(super) fn grouped<'a>(all: &[&'a Item<'a>]) -> Vec<Vec<&'a Item<'a>>> {
    let mut alike: BTreeMap<items::Likeness, Vec<&Item<'_>>> = BTreeMap::new();
    for item in all {
        alike.entry(items::likeness(item)).or_default().push(item);
    }
    alike.retain(|_, group| items::groups(group));
    let mut groups = Vec::new();
    for item in all {
        match alike.get(&items::likeness(item)) {
            Some(group) if std::ptr::eq(group[0], *item) => groups.push(group.clone()),
            Some(_) => {}
            None => groups.push(vec![*item]),
        }
    }
    groups
}

fn head(item: &Item<'_>, depth: usize) -> Line {
    let word = if item.op.maybe { format!("{}?", item.kind.word()) } else { item.kind.word().to_owned() };
    Line::text(" ".repeat(2 + 2 * depth)).with(item.kind.role(), format!("{} {word:<8} ", item.kind.sign()))
}

fn label(item: &Item<'_>) -> String {
    let generation = item.op.key.generation;
    let name = item.op.key.address.name();
    let old = matches!(item.op.action, Action::Delete) && generation > 0;
    if old { format!("{name}@{generation}") } else { name.to_owned() }
}

fn one(page: &mut Page, item: &Item<'_>, schemas: &Schemas, depth: usize, names: usize) {
    let ty = &item.op.key.address.ty;
    let before = head(item, depth);
    let column = before.width() + names;
    let mut line = before.with(Role::Strong, label(item)).padded(column).with(Role::Dim, format!("  {ty}"));
    if item.is_painful() {
        page.line(line.with(Role::Warning, "  (see above)"), 13 + 2 * depth);
        return;
    }
    line = with_location(line, item, page.width());
    page.line(line, 13 + 2 * depth);
    details(page, item, schemas, 6 + 2 * depth);
}

fn details(page: &mut Page, item: &Item<'_>, schemas: &Schemas, indent: usize) {
    if let Action::Move { from } = &item.op.action {
        reason(page, indent, &format!("it was {} ({})", from, from.address.ty));
    }
    let drifted = |field: &str| item.op.changes.iter().any(|c| c.field == field && c.drift);
    for cause in &item.op.causes {
        // The row of a field that drifted says so itself.
        if matches!(cause, purlin_engine::Cause::Drifted { field } if drifted(field)) {
            continue;
        }
        if let Some(text) = causes::words(cause) {
            reason(page, indent, &text);
        }
    }
    changes::fields(page, item.op, schemas.get(&item.op.key.address.ty), indent);
}

fn reason(page: &mut Page, indent: usize, text: &str) {
    page.line(Line::text(" ".repeat(indent)).with(Role::Dim, text), indent + 2);
}

fn with_location(line: Line, item: &Item<'_>, width: usize) -> Line {
    let Some(location) = &item.op.location else { return line };
    let text = location.to_string();
    let used = line.width() + 2 + text.chars().count();
    if used > width { line } else { line.with(Role::Dim, format!("  {text}")) }
}

fn several(page: &mut Page, group: &[&Item<'_>], name: fn(&Item<'_>) -> String, schemas: &Schemas, depth: usize) {
    let Some(first) = group.first() else { return };
    let line = heading(group, name, depth);
    if first.is_painful() {
        page.line(line.with(Role::Warning, "  (see above)"), 13 + 2 * depth);
        return;
    }
    page.line(line, 13 + 2 * depth);
    together(page, group, schemas, 6 + 2 * depth);
}

fn heading(group: &[&Item<'_>], name: fn(&Item<'_>) -> String, depth: usize) -> Line {
    let Some(first) = group.first() else { return Line::new() };
    let mut names: Vec<String> = group.iter().take(LISTED).map(|i| name(i)).collect();
    if group.len() > LISTED {
        names.push(format!("… {} more", group.len() - LISTED));
    }
    head(first, depth)
        .with(Role::Strong, format!("{} × ", group.len()))
        .with(Role::Dim, format!("{}: ", first.op.key.address.ty))
        .with(Role::Strong, names.join(", "))
}

fn together(page: &mut Page, group: &[&Item<'_>], schemas: &Schemas, indent: usize) {
    let Some(first) = group.first() else { return };
    for text in first.op.causes.iter().filter_map(causes::words) {
        reason(page, indent, &text);
    }
    let ops: Vec<_> = group.iter().map(|i| i.op).collect();
    changes::shared(page, &ops, schemas.get(&first.op.key.address.ty), indent);
}

/// What leads to replacements, and what happens along.
struct Leading<'a> {
    chains: Chains<'a>,
    detached: String,
}

/// Entries with their costs, fields and what led to them; alike ones as one.
pub(super) fn explained(page: &mut Page, plan: &Plan, painful: &[&Item<'_>], schemas: &Schemas) {
    let detached = plan.ops.iter().filter(|op| matches!(op.action, Action::Detach));
    let detached: Vec<String> = detached.map(|op| op.key.to_string()).collect();
    // Which of several replacements unlinks what is not in the plan, so it is said only where it is certain.
    let certain = plan.summary().replace == 1;
    let leading =
        Leading { chains: Chains::of(plan), detached: if certain { detached.join(", ") } else { String::new() } };
    for group in grouped(painful) {
        match group.as_slice() {
            [item] => explained_one(page, &leading, item, schemas),
            group => {
                page.line(heading(group, |item| item.op.key.to_string(), 0), 13);
                costs(page, group[0]);
                together(page, group, schemas, 6);
                led(page, &leading, group[0]);
            }
        }
    }
}

fn costs(page: &mut Page, item: &Item<'_>) {
    for cost in &item.costs {
        page.line(Line::text("      ").with(Role::Warning, "! ").with(Role::Plain, cost), 8);
    }
    if item.kind == Kind::Replace(ReplaceOrder::CreateFirst) {
        reason(page, 6, "the new one is made first, then the old one is deleted");
    }
}

fn explained_one(page: &mut Page, leading: &Leading<'_>, item: &Item<'_>, schemas: &Schemas) {
    let ty = &item.op.key.address.ty;
    let line = head(item, 0).with(Role::Strong, &item.op.key.address.path).with(Role::Dim, format!("  {ty}"));
    page.line(with_location(line, item, page.width()), 13);
    costs(page, item);
    details(page, item, schemas, 6);
    led(page, leading, item);
}

/// The replacements that led to this one, and what is unlinked meanwhile.
fn led(page: &mut Page, leading: &Leading<'_>, item: &Item<'_>) {
    let chain = leading.chains.to(item.op);
    if !chain.is_empty() {
        let links: Vec<String> = chain.iter().map(|op| op.key.address.path.to_string()).collect();
        let text = format!("follows from the replacement of {}", links.join(", which follows from that of "));
        reason(page, 6, &text);
    }
    if matches!(item.kind, Kind::Replace(_)) && !leading.detached.is_empty() {
        reason(page, 6, &format!("meanwhile unlinked, and linked again after: {}", leading.detached));
    }
}
