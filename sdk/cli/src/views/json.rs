//! JSON documents: what `--format json` prints. Each is one object on standard output.
//!
//! Every document has `"format"` (the version of all documents, [`FORMAT`]) and `"kind"`. Within a version, keys are
//! only added. Values are in the text form of [`Value`]: plain JSON, except objects with one key that starts with `$`:
//! `{"$unknown":{"cause","shape","fresh","secret"}}` for a value that only the apply will know, `{"$sealed":"-"}` in
//! place of a secret, `{"$bytes":base64}`, `{"$float":text}`. Times are milliseconds since 1970, spans are
//! milliseconds.
//!
//! | kind | holds |
//! |---|---|
//! | `plan` | `stack`, `goal`, `summary` (counts), `takes`, `partial`, `operations`, `exports` (name, before, after), `notes` (diagnostics) |
//! | `report` | `stack`, `complete`, `cancelled`, `done`, `skipped`, `failed` (with diagnostic), `held` (with what held it), `open`, `untouched` |
//! | `drift` | `stack`, `drift`: path, type, id, missing, fields (field, applied, live) |
//! | `outputs` | `stack`, `outputs`: value by name |
//! | `objects` | `stack`, `lineage`, `serial`, `objects`, `open` (operations that were begun and not ended) |
//! | `records` | `stack`, `records`: seq, epoch, at, what, path, run |
//! | `permissions` | `plan`, `apply`, `destroy`: an IAM policy document each |
//! | `error` | `exit_code`, `diagnostics`: code, message, address, location, call, causes, notes, help |
//!
//! An *operation* has `id` (its position), `path`, `type`, `generation`, `action` (`create`, `update`, `detach`,
//! `delete`, `adopt`, `move`, `forget`, `record`), `from` (of a move), `object` (physical id), `causes` (`{"is",
//! "field", "on"}`), `changes` (`{"field", "before", "after", "drift", "replace"}`), `replaces` (`{"other",
//! "order"}`), `maybe`, `needs` (`{"op", "until"}`), `takes` and `location`.
use purlin_core::{Error, Map, Value};
use purlin_engine::{
    Action, Cause, Op, OpId, Plan, Report,
    plan::{Milestone, Replacement},
};
use serde_json::{Value as Json, json};

use super::{
    drift::Drifted,
    estimate,
    plan::{cause_code, order_code},
    value::masked,
};
use crate::ExitCode;

/// The version of all documents.
pub const FORMAT: u32 = 1;

fn document(kind: &str, body: Json) -> String {
    let mut whole = serde_json::Map::new();
    whole.insert("format".into(), FORMAT.into());
    whole.insert("kind".into(), kind.into());
    if let Json::Object(body) = body {
        whole.extend(body);
    }
    format!("{:#}\n", Json::Object(whole))
}

/// A value as JSON, with marks for secrets.
fn plain(value: &Value) -> Json {
    serde_json::to_value(masked(value)).unwrap_or_default()
}

fn plain_map(map: &Map) -> Json {
    Json::Object(map.iter().map(|(k, v)| (k.to_string(), plain(v))).collect())
}

/// The document `plan`.
pub fn plan(plan: &Plan) -> String {
    let exports: Vec<Json> = plan
        .exports
        .iter()
        .map(|e| json!({"name": e.name, "before": plain(&e.before), "after": plain(&e.after)}))
        .collect();
    document(
        "plan",
        json!({
            "stack": plan.stack,
            "goal": plan.goal,
            "summary": plan.summary(),
            "takes": millis(estimate::whole(plan)),
            "partial": plan.partial,
            "operations": plan.iter().map(|(id, op)| operation(id, op)).collect::<Vec<_>>(),
            "exports": exports,
            "notes": plan.notes,
        }),
    )
}

fn operation(id: OpId, op: &Op) -> Json {
    let changes: Vec<Json> = op
        .changes
        .iter()
        .map(|c| {
            json!({
                "field": c.field, "before": plain(&c.before), "after": plain(&c.after),
                "drift": c.drift, "replace": c.replace,
            })
        })
        .collect();
    let needs: Vec<Json> = op.needs.iter().map(|n| json!({"op": n.op.0, "until": until(n.until)})).collect();
    let from = match &op.action {
        Action::Move { from } => {
            json!({"path": from.address.path, "type": from.address.ty, "generation": from.generation})
        }
        _ => Json::Null,
    };
    json!({
        "id": id.0,
        "path": op.key.address.path,
        "type": op.key.address.ty,
        "generation": op.key.generation,
        "action": action(&op.action),
        "from": from,
        "object": op.id,
        "causes": op.causes.iter().map(cause).collect::<Vec<_>>(),
        "changes": changes,
        "replaces": op.replaces.map(replacement),
        "maybe": op.maybe,
        "needs": needs,
        "takes": op.estimate,
        "location": op.location,
    })
}

fn action(action: &Action) -> &'static str {
    match action {
        Action::Create => "create",
        Action::Update => "update",
        Action::Detach => "detach",
        Action::Delete => "delete",
        Action::Adopt => "adopt",
        Action::Move { .. } => "move",
        Action::Forget => "forget",
        Action::Record => "record",
    }
}

fn cause(cause: &Cause) -> Json {
    let mut json = json!({"is": cause_code(cause)});
    match cause {
        Cause::FieldChanged { field } | Cause::Drifted { field } | Cause::ReplacedBecause { field } => {
            json["field"] = json!(field);
        }
        Cause::MayChange { field, cause } => {
            json["field"] = json!(field);
            json["on"] = json!(cause);
        }
        Cause::DependencyReplaced { on } => json["on"] = json!(on.to_string()),
        Cause::ProviderChanged { from } => json["from"] = json!(from),
        _ => {}
    }
    json
}

fn replacement(replacement: Replacement) -> Json {
    json!({"other": replacement.other.0, "order": order_code(replacement.order)})
}

fn until(milestone: Milestone) -> &'static str {
    match milestone {
        Milestone::Exists => "exists",
        Milestone::Done => "done",
    }
}

fn millis(span: std::time::Duration) -> u64 {
    u64::try_from(span.as_millis()).unwrap_or(u64::MAX)
}

/// The document `report`.
pub fn report(plan: &Plan, report: &Report) -> String {
    let named = |id: &OpId| {
        let op = plan.op(*id);
        json!({"op": id.0, "path": op.key.address.path, "type": op.key.address.ty, "action": action(&op.action)})
    };
    let list = |ids: &[OpId]| ids.iter().map(named).collect::<Vec<_>>();
    let with = |id: &OpId, key: &str, more: Json| {
        let mut json = named(id);
        json[key] = more;
        json
    };
    document(
        "report",
        json!({
            "stack": plan.stack,
            "complete": report.is_complete(),
            "cancelled": report.cancelled,
            "done": list(&report.done),
            "skipped": list(&report.skipped),
            "failed": report.failed.iter().map(|(id, told)| with(id, "diagnostic", json!(told))).collect::<Vec<_>>(),
            "held": report.held.iter().map(|(id, by)| with(id, "by", named(by))).collect::<Vec<_>>(),
            "open": list(&report.open),
            "untouched": list(&report.untouched),
        }),
    )
}

/// The document `drift`.
pub fn drift(stack: &str, found: &[Drifted<'_>]) -> String {
    let drift: Vec<Json> = found
        .iter()
        .map(|d| {
            let fields: Vec<Json> = d
                .fields
                .iter()
                .map(|c| json!({"field": c.field, "applied": plain(&c.after), "live": plain(&c.before)}))
                .collect();
            let address = &d.op.key.address;
            json!({"path": address.path, "type": address.ty, "id": d.op.id, "missing": d.missing, "fields": fields})
        })
        .collect();
    document("drift", json!({"stack": stack, "drift": drift}))
}

/// The document `outputs`.
pub fn outputs(stack: &str, values: &Map) -> String {
    document("outputs", json!({"stack": stack, "outputs": plain_map(values)}))
}

/// The document `objects`. With `path`, only the objects at and below it.
pub fn objects(state: &purlin_state::State, path: Option<&str>) -> String {
    let within =
        |at: &str| path.is_none_or(|p| at == p || at.strip_prefix(p).is_some_and(|rest| rest.starts_with('/')));
    let objects: Vec<Json> = state
        .objects
        .values()
        .filter(|o| within(&o.key.address.path))
        .map(|o| {
            let needs: Vec<Json> =
                o.dependencies.iter().map(|d| json!({"on": d.on.to_string(), "field": d.field})).collect();
            json!({
                "path": o.key.address.path, "type": o.key.address.ty, "generation": o.key.generation, "id": o.id,
                "provider": o.provider, "status": o.status, "fields": plain_map(&o.fields),
                "outputs": plain_map(&o.outputs), "dependencies": needs, "protect": o.protect, "retain": o.retain,
                "location": o.location, "seen": o.seen,
            })
        })
        .collect();
    let open: Vec<Json> = state
        .intents
        .values()
        .map(|i| json!({"op": i.op, "path": i.key.address.path, "type": i.key.address.ty, "verb": i.verb, "at": i.at}))
        .collect();
    document(
        "objects",
        json!({
            "stack": state.stack,
            "lineage": state.lineage,
            "serial": state.serial,
            "objects": objects,
            "open": open,
        }),
    )
}

/// The document `records`, of records that are already JSON objects.
pub fn records(stack: &str, records: Vec<Json>) -> String {
    document("records", json!({"stack": stack, "records": records}))
}

/// The document `error`.
pub fn error(error: &Error, code: ExitCode) -> String {
    document("error", json!({"exit_code": code as u8, "diagnostics": error.diagnostics()}))
}
