//! What became of a plan, for people: what failed and where things stand, what was held back, what is left, and what
//! to do next.
use std::collections::BTreeMap;

use purlin_engine::{Op, OpId, Plan, Report};

use super::{
    diagnostic::{self, Level},
    progress,
    text::{Line, Page, Role, count},
};

/// At most so many paths are listed in a line.
const LISTED: usize = 12;

/// The page of a report. `again` is the command that goes on.
pub fn page(plan: &Plan, report: &Report, again: &str, width: usize) -> Page {
    let mut page = Page::new(width);
    for (_, told) in &report.failed {
        page.gap();
        page.append(diagnostic::one(told, Level::Error, width));
    }
    let mut held: BTreeMap<OpId, Vec<OpId>> = BTreeMap::new();
    for (op, by) in &report.held {
        held.entry(*by).or_default().push(*op);
    }
    if !held.is_empty() {
        page.gap();
    }
    for (by, ops) in &held {
        let paths = paths(plan, ops);
        page.line(
            Line::new()
                .with(Role::Warning, "held back")
                .with(Role::Plain, format!(": {paths}, because {} failed", plan.op(*by).key)),
            4,
        );
    }
    if !report.open.is_empty() {
        page.gap();
        let them = if report.open.len() == 1 { "it" } else { "them" };
        let text = format!(": {}; the next run finds out what became of {them}", paths(plan, &report.open));
        page.line(Line::new().with(Role::Warning, "under way").with(Role::Plain, text), 4);
    }
    if !report.untouched.is_empty() {
        page.gap();
        let text = format!(": {}", paths(plan, &report.untouched));
        page.line(Line::new().with(Role::Warning, "not begun").with(Role::Plain, text), 4);
    }
    page.gap();
    page.line(sum(plan, report), 2);
    if !report.is_complete() {
        page.line(Line::new().with(Role::Help, format!("To go on from here: {again}")), 2);
    }
    page
}

fn sum(plan: &Plan, report: &Report) -> Line {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for op in report.done.iter().map(|id| plan.op(*id)) {
        *counts.entry(word(op)).or_default() += 1;
    }
    let order = ["created", "updated", "replaced", "deleted", "adopted", "moved", "forgotten"];
    let mut parts: Vec<String> =
        order.iter().filter_map(|word| counts.get(word).map(|n| format!("{n} {word}"))).collect();
    let failed = report.failed.len();
    let left = report.held.len() + report.untouched.len();
    if parts.is_empty() && report.open.is_empty() {
        parts.push("nothing changed".to_owned());
    }
    if !report.open.is_empty() {
        parts.push(format!("{} under way", report.open.len()));
    }
    if failed > 0 {
        parts.push(format!("{failed} failed"));
    }
    if left > 0 {
        parts.push(format!("{left} left"));
    }
    let (word, role) = match (report.cancelled, report.is_complete()) {
        (true, _) => ("Cancelled", Role::Warning),
        (false, true) => ("Done", Role::Add),
        (false, false) => ("Failed", Role::Error),
    };
    let mut line = Line::new().with(role, word).with(Role::Plain, format!(": {}.", parts.join(", ")));
    let kept = plan.exports.len();
    if kept > 0 && report.is_complete() {
        line.push(Role::Plain, format!(" {} changed.", count(kept, "output")));
    }
    line
}

/// A replacement counts once, when its new leg is done; bookkeeping does not count.
fn word(op: &Op) -> &'static str {
    use purlin_engine::Action;
    match (&op.action, op.replaces) {
        (Action::Create, Some(_)) => "replaced",
        (Action::Delete, Some(_)) | (Action::Detach | Action::Record, _) => "",
        (action, _) => progress::done(action),
    }
}

fn paths(plan: &Plan, ops: &[OpId]) -> String {
    let mut names: Vec<String> = ops.iter().map(|id| plan.op(*id).key.to_string()).collect();
    names.dedup();
    let more = names.len().saturating_sub(LISTED);
    names.truncate(LISTED);
    if more > 0 {
        names.push(format!("… {more} more"));
    }
    names.join(", ")
}

#[cfg(test)]
mod tests {
    use expect_test::expect;
    use purlin_core::{Diagnostic, codes};

    use super::*;
    use crate::views::fixture::{op, plan};

    #[test]
    fn a_failure_says_where_things_stand() {
        let plan = plan(vec![op("key"), op("store/models"), op("app"), op("web")]);
        let report = Report {
            done: vec![OpId(0)],
            failed: vec![(
                OpId(1),
                Diagnostic::new(codes::STEP_FAILED, "the bucket cannot be made")
                    .at("store/models")
                    .note("nothing exists yet"),
            )],
            held: vec![(OpId(2), OpId(1)), (OpId(3), OpId(1))],
            ..Report::default()
        };
        expect![[r#"
            error[P0401]: the bucket cannot be made
              at store/models
              note: nothing exists yet

            held back: app, web, because store/models failed

            Failed: 1 created, 1 failed, 2 left.
            To go on from here: platform apply --stack dev
        "#]]
        .assert_eq(&page(&plan, &report, "platform apply --stack dev", 80).plain());
    }

    #[test]
    fn a_cancelled_run_says_what_is_left() {
        let plan = plan(vec![op("a"), op("b"), op("c")]);
        let report = Report {
            done: vec![OpId(0)],
            open: vec![OpId(1)],
            untouched: vec![OpId(2)],
            cancelled: true,
            ..Report::default()
        };
        expect![[r#"
            under way: b; the next run finds out what became of it

            not begun: c

            Cancelled: 1 created, 1 under way, 1 left.
            To go on from here: platform apply
        "#]]
        .assert_eq(&page(&plan, &report, "platform apply", 80).plain());
    }

    #[test]
    fn all_done_is_one_line() {
        let plan = plan(vec![op("a")]);
        let report = Report { done: vec![OpId(0)], ..Report::default() };
        assert_eq!(page(&plan, &report, "x", 80).plain(), "Done: 1 created.\n");
    }
}
