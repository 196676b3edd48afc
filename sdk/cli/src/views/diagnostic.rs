//! Diagnostics for people: what, where, which call, why, and what to do next.
use std::collections::BTreeSet;

use purlin_core::{Diagnostic, Error};

use super::text::{Line, Page, Role, count};

/// The diagnostics of an error, one below the other, with a line at the end that names the pages of their codes.
pub fn error(error: &Error, program: &str, width: usize) -> Page {
    let mut page = Page::new(width);
    let told = error.diagnostics();
    for diagnostic in told {
        page.gap();
        page.append(one(diagnostic, Level::Error, width));
    }
    if told.is_empty() {
        page.line(Line::new().with(Role::Error, "error").with(Role::Plain, format!(": {error}")), 7);
    }
    if told.len() > 1 {
        page.gap();
        page.line(Line::text(format!("{} in all", count(told.len(), "error"))), 0);
    }
    let codes: BTreeSet<_> = told.iter().map(|d| d.code).collect();
    if let Some(first) = codes.first() {
        page.gap();
        page.line(Line::new().with(Role::Dim, format!("For more about {first}: {program} explain {first}")), 4);
    }
    page
}

/// How serious a diagnostic is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// It stopped something.
    Error,
    /// It did not, but a person should know.
    Note,
}

/// One diagnostic.
pub fn one(told: &Diagnostic, level: Level, width: usize) -> Page {
    let mut page = Page::new(width);
    let (word, role) = match level {
        Level::Error => ("error", Role::Error),
        Level::Note => ("note", Role::Help),
    };
    let mut head = told.message.lines();
    let first = head.next().unwrap_or_default();
    page.line(
        Line::new().with(role, format!("{word}[{}]", told.code)).with(Role::Plain, ": ").with(Role::Strong, first),
        2,
    );
    for more in head {
        page.line(Line::text(format!("  {more}")), 4);
    }
    if let Some(address) = &told.address {
        labelled(&mut page, "at", Role::Dim, address);
    }
    if let Some(location) = &told.location {
        labelled(&mut page, "-->", Role::Dim, &location.to_string());
    }
    if let Some(call) = &told.call {
        labelled(&mut page, "call:", Role::Dim, &call.to_string());
    }
    for cause in &told.causes {
        labelled(&mut page, "cause:", Role::Dim, cause);
    }
    for note in &told.notes {
        labelled(&mut page, "note:", Role::Dim, note);
    }
    for help in &told.help {
        labelled(&mut page, "help:", Role::Help, help);
    }
    page
}

fn labelled(page: &mut Page, label: &str, role: Role, text: &str) {
    let indent = 2 + label.chars().count() + 1;
    for (i, line) in text.lines().enumerate() {
        let head = if i == 0 { format!("  {label} ") } else { " ".repeat(indent) };
        page.line(Line::new().with(role, head).with(Role::Plain, line), indent);
    }
}

#[cfg(test)]
mod tests {
    use expect_test::expect;
    use purlin_core::{SourceLine, codes, driver::ApiCall};

    use super::*;

    fn failed() -> Diagnostic {
        Diagnostic::new(codes::STEP_FAILED, "the bucket cannot be made")
            .at("store/models")
            .line(SourceLine { file: "src/main.rs".into(), line: 31 })
            .call(Some(ApiCall {
                service: "s3".into(),
                operation: "CreateBucket".into(),
                request_id: Some("4QZ7".into()),
                code: Some("TooManyBuckets".into()),
                status: Some(400),
            }))
            .cause("You have attempted to create more buckets than allowed")
            .note("nothing exists yet; what does not depend on it went on")
            .help("delete a bucket or ask for a higher quota, then apply again: it goes on from here")
    }

    #[test]
    fn everything_has_its_place_in_80_columns() {
        let page = error(&failed().into(), "platform", 80);
        expect![[r"
            error[P0401]: the bucket cannot be made
              at store/models
              --> src/main.rs:31
              call: s3:CreateBucket (TooManyBuckets, HTTP 400, request 4QZ7)
              cause: You have attempted to create more buckets than allowed
              note: nothing exists yet; what does not depend on it went on
              help: delete a bucket or ask for a higher quota, then apply again: it goes on
                    from here

            For more about P0401: platform explain P0401
        "]]
        .assert_eq(&page.plain());
    }

    #[test]
    fn several_are_counted() {
        let page = error(&Error::Many(vec![failed(), Diagnostic::new(codes::USAGE, "two\nlines")]), "p", 80);
        let text = page.plain();
        assert!(text.contains("error[P0701]: two\n  lines\n"), "{text}");
        assert!(text.contains("2 errors in all"), "{text}");
    }
}
