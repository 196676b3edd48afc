//! How plans, reports, states and differences of the cloud are written in scripts: one line for each thing.
use std::fmt::Write as _;

use purlin_core::{Error, Value, options::ReplaceOrder};
use purlin_engine::{Action, Cause, Change, Op, OpId, Plan, Report, plan::Milestone};
use purlin_state::{Object, State, Status};

use super::cloud::Inner;

/// An operation's name: what it does, and to what.
pub(super) fn name(op: &Op) -> String {
    let verb = match &op.action {
        Action::Create => "create",
        Action::Update => "update",
        Action::Detach => "detach",
        Action::Delete => "delete",
        Action::Adopt => "adopt",
        Action::Move { from } => return format!("move {from} to {}", op.key),
        Action::Forget => "forget",
        Action::Record => "record",
    };
    format!("{verb} {}", op.key)
}

/// A plan: its operations, its exports, its summary.
pub(super) fn plan(plan: &Plan) -> String {
    let mut text = "plan\n".to_owned();
    for (_, op) in plan.iter() {
        let causes: Vec<String> = op.causes.iter().map(cause).collect();
        let maybe = if op.maybe { "maybe " } else { "" };
        let _ = writeln!(text, "  {maybe}{}: {}", name(op), causes.join(", "));
        if let Some(replaces) = op.replaces {
            let order = match replaces.order {
                ReplaceOrder::CreateFirst => "create-first",
                ReplaceOrder::DeleteFirst => "delete-first",
            };
            let _ = writeln!(text, "    {order} with {}", name(plan.op(replaces.other)));
        }
        for change in &op.changes {
            let _ = writeln!(text, "    {}", self::change(change));
        }
        for need in &op.needs {
            let until = if need.until == Milestone::Exists { " exists" } else { "" };
            let _ = writeln!(text, "    after {}{until}", name(plan.op(need.op)));
        }
    }
    for export in &plan.exports {
        let _ = writeln!(text, "  export {}: {} -> {}", export.name, export.before.display(), export.after.display());
    }
    for note in &plan.notes {
        let _ = writeln!(text, "  note: {}", note.message);
    }
    let partial = if plan.partial { " (a part)" } else { "" };
    let _ = writeln!(text, "  = {}{partial}", plan.summary());
    text
}

fn change(change: &Change) -> String {
    let (before, after) = (change.before.display(), change.after.display());
    let mut text = match (&change.before, before == after && !change.after.has_secret()) {
        (Value::Null, false) => format!("{} = {after}", change.field),
        (_, true) => format!("{} = {after} as before", change.field),
        _ => format!("{}: {before} -> {after}", change.field),
    };
    if let Some(unknown) = change.after.first_unknown() {
        let kind = if unknown.fresh { "new" } else { "may be as before" };
        let _ = write!(text, " ({kind}, waits for {})", unknown.cause);
    }
    if change.drift {
        text.push_str(" (drift)");
    }
    if change.replace {
        text.push_str(" (replaces)");
    }
    text
}

fn cause(cause: &Cause) -> String {
    match cause {
        Cause::New => "new".into(),
        Cause::Removed => "removed from the program".into(),
        Cause::Destroy => "destroy".into(),
        Cause::FieldChanged { field } => format!("{field} changed"),
        Cause::Drifted { field } => format!("{field} drifted"),
        Cause::MayChange { field, cause } => format!("{field} may change with {cause}"),
        Cause::ReplacedBecause { field } => format!("{field} replaces"),
        Cause::DependencyReplaced { on } => format!("{on} is replaced"),
        Cause::ProviderChanged { from } => format!("was made by {from}"),
        Cause::Missing => "missing".into(),
        Cause::Unfinished => "unfinished".into(),
        Cause::Deposed => "deposed".into(),
        Cause::Adopted => "adopted".into(),
        Cause::Moved => "moved".into(),
        Cause::MoveDetected => "move detected".into(),
        Cause::OptionsChanged => "options changed".into(),
        Cause::EdgesChanged => "edges changed".into(),
    }
}

/// What became of a plan, apart from what is simply done.
pub(super) fn report(plan: &Plan, report: &Report) -> String {
    let mut text = String::new();
    let op = |id: &OpId| name(plan.op(*id));
    let mut list = |what: &str, ids: &[OpId]| {
        let mut names: Vec<String> = ids.iter().map(op).collect();
        names.sort();
        names.iter().for_each(|name| {
            let _ = writeln!(text, "  {what} {name}");
        });
    };
    list("skipped", &report.skipped);
    list("open", &report.open);
    list("untouched", &report.untouched);
    for (id, told) in &report.failed {
        let _ = writeln!(text, "  failed {}", op(id));
        text.push_str(&indented(&told.to_string(), 4));
    }
    for (held, by) in &report.held {
        let _ = writeln!(text, "  held {} by {}", op(held), op(by));
    }
    if report.cancelled {
        text.push_str("  cancelled\n");
    }
    if text.is_empty() { text } else { format!("result\n{text}") }
}

/// Why something stopped.
pub(super) fn error(error: &Error) -> String {
    format!("error\n{}", indented(&error.to_string(), 2))
}

fn indented(text: &str, by: usize) -> String {
    text.lines().map(|line| format!("{:by$}{line}\n", "")).collect()
}

/// A state: its objects, open operations and exports.
pub(super) fn state(state: &State) -> String {
    let mut text = "state\n".to_owned();
    for object in state.objects.values() {
        let _ = writeln!(text, "  {}", self::object(object));
    }
    for intent in state.intents.values() {
        let _ = writeln!(text, "  open {} {}", intent.verb.as_str(), intent.key);
    }
    for (name, value) in &state.exports {
        let _ = writeln!(text, "  export {name} = {}", value.display());
    }
    if text == "state\n" { "state\n  empty\n".to_owned() } else { text }
}

fn object(object: &Object) -> String {
    let mut text = format!("{} {}", object.key, object.id);
    for (name, value) in &object.fields {
        let _ = write!(text, " {name}={}", value.display());
    }
    let outputs: Vec<String> = object
        .outputs
        .iter()
        .filter(|(name, _)| *name != "id")
        .map(|(name, value)| format!(" {name}={}", value.display()))
        .collect();
    if !outputs.is_empty() {
        let _ = write!(text, " ->{}", outputs.concat());
    }
    for dependency in &object.dependencies {
        let field = dependency.field.as_deref().unwrap_or("order");
        let _ = write!(text, " [{field}: {}]", dependency.on);
    }
    match object.status {
        Status::Ready => {}
        Status::Unfinished => text.push_str(" unfinished"),
        Status::Deposed => text.push_str(" deposed"),
    }
    for (flag, set) in [(" protected", object.protect), (" retained", object.retain)] {
        if set {
            text.push_str(flag);
        }
    }
    text
}

/// In what the cloud is not as the state says; nothing where it is.
pub(super) fn differences(cloud: &Inner, state: &State) -> String {
    let mut text = String::new();
    for (id, thing) in &cloud.things {
        let known = state.objects.values().find(|o| o.id == id.as_str());
        let same = known.is_some_and(|object| {
            thing.ty.fields.iter().all(|spec| {
                let (is, was) = (thing.fields.get(spec.name), object.fields.get(spec.name));
                is == was.map(Value::reveal).as_ref() || (spec.computed && was.is_none())
            })
        });
        if !same {
            let owner = match thing.owner.as_str() {
                "" => " of nobody".to_owned(),
                owner if known.is_none() => format!(" of {owner}"),
                _ => String::new(),
            };
            let _ = writeln!(text, "  {}{owner}", thing.show(id));
        }
    }
    for object in state.objects.values().filter(|o| !cloud.things.contains_key(o.id.as_str())) {
        let _ = writeln!(text, "  no {}", object.id);
    }
    if text.is_empty() { text } else { format!("cloud\n{text}") }
}
