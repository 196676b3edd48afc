//! Records of a state's log for people and as JSON: when, who or which object, and what.
use std::time::Duration;

use purlin_state::{Body, Departure, Record, Verb};
use serde_json::{Value as Json, json};

use super::{
    text::{Line, Page, Role},
    time,
};

/// The records, one a line.
pub fn page(records: &[Record], width: usize) -> Page {
    let mut page = Page::new(width);
    for record in records {
        let role = match &record.body {
            Body::Failed { .. } => Role::Error,
            Body::Begin { .. } | Body::End { .. } | Body::Made { .. } => Role::Strong,
            _ => Role::Plain,
        };
        let head = Line::new().with(Role::Dim, format!("{:>6}  {}  ", record.seq, time::moment(record.at)));
        let indent = head.width();
        page.line(head.with(role, words(&record.body)), indent);
    }
    page
}

/// The path that a record is about, if it is about one.
pub fn path(body: &Body) -> Option<String> {
    let key = match body {
        Body::Intent(intent) => &intent.key,
        Body::Put { object, .. } => &object.key,
        Body::Gone { key, .. } => key,
        Body::Moved { to, .. } => to,
        _ => return None,
    };
    Some(key.address.path.to_string())
}

/// The record as an object of a JSON document. It holds no values, so no secrets.
pub fn json(record: &Record) -> Json {
    let (is, run) = match &record.body {
        Body::Begin { holder, .. } => ("begin", Some(&holder.run)),
        body => (code(body), None),
    };
    json!({
        "seq": record.seq, "epoch": record.epoch, "at": record.at, "is": is, "path": path(&record.body), "run": run,
        "what": words(&record.body),
    })
}

fn code(body: &Body) -> &'static str {
    match body {
        Body::Made { .. } => "made",
        Body::Begin { .. } => "begin",
        Body::Seal { .. } => "seal",
        Body::Intent(_) => "intent",
        Body::Put { .. } => "put",
        Body::Gone { .. } => "gone",
        Body::Failed { .. } => "failed",
        Body::Moved { .. } => "moved",
        Body::Exports { .. } => "exports",
        Body::End { .. } => "end",
    }
}

fn words(body: &Body) -> String {
    match body {
        Body::Made { stack, lineage, .. } => format!("the state of stack {stack} was made (lineage {lineage})"),
        Body::Begin { holder, plan } => {
            let plan = plan
                .as_ref()
                .map_or_else(String::new, |digest| format!(", plan {}", digest.chars().take(12).collect::<String>()));
            format!("{} by {} began (run {}{plan})", holder.verb, holder.who, holder.run)
        }
        Body::Seal { .. } => "the key of its secrets was made".to_owned(),
        Body::Intent(intent) => {
            let doing = match intent.verb {
                Verb::Create => "create",
                Verb::Update => "update",
                Verb::Delete => "delete",
            };
            format!("about to {doing} {}", intent.key)
        }
        Body::Put { object, op, took } => {
            let status = format!("{:?}", object.status).to_lowercase();
            let how = match (op, took) {
                (Some(_), Some(ms)) if *ms >= 100 => format!(", after {}", time::span(Duration::from_millis(*ms))),
                _ => String::new(),
            };
            format!("{} is {} ({status}{how})", object.key, object.id)
        }
        Body::Gone { key, why, .. } => match why {
            Departure::Deleted => format!("{key} was deleted"),
            Departure::Missing => format!("{key} was found to be gone"),
            Departure::Forgotten => format!("{key} was forgotten"),
        },
        Body::Failed { failure, .. } => format!("an operation failed: {failure}"),
        Body::Moved { from, to } => format!("{from} is {to} now"),
        Body::Exports { values } => {
            format!("exported values: {}", values.keys().map(|k| k.as_str()).collect::<Vec<_>>().join(", "))
        }
        Body::End { outcome } => format!("ended: {}", format!("{outcome:?}").to_lowercase()),
    }
}
