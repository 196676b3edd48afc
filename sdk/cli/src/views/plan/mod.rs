//! A plan for people: what hurts first and explained, then a tree by component, exported values, notes, one line in
//! sum.
//!
//! Only what changes is shown. Each entry has a sign and a word, so nothing rests on colour. Nothing is left out to
//! save space but the middle of very long values; the JSON document has all of it.
mod causes;
mod changes;
mod items;
mod tree;

pub use causes::{Chains, code as cause_code, order_code, words as cause_words};
pub use items::{Item, Kind, items};
use purlin_engine::{Plan, plan::Goal};

use super::{
    diagnostic::{self, Level},
    estimate,
    text::{Line, Page, Role, count},
    time, value,
};
use crate::schemas::Schemas;

/// The page of a plan.
pub fn page(plan: &Plan, schemas: &Schemas, width: usize) -> Page {
    let mut page = Page::new(width);
    let all = items(plan, schemas);
    let purpose = match plan.goal {
        Goal::Apply => "Plan",
        Goal::Destroy => "Plan to destroy everything",
    };
    let painful: Vec<&Item<'_>> = all.iter().filter(|item| item.is_painful()).collect();
    if !plan.is_empty() {
        page.line(Line::new().with(Role::Strong, format!("{purpose}: stack {}", plan.stack)), 0);
    }
    if !painful.is_empty() {
        page.gap();
        page.line(Line::new().with(Role::Warning, "Look at these first: replacements, outages, lost data"), 0);
        tree::explained(&mut page, plan, &painful, schemas);
    }
    tree::write(&mut page, &all, schemas);
    exports(&mut page, plan);
    for note in &plan.notes {
        page.gap();
        page.append(diagnostic::one(note, Level::Note, width));
    }
    page.gap();
    page.append(summary(plan, width));
    page
}

/// The line in sum: `Plan: 2 to create, 1 to replace, 7 unchanged. Takes about 3 min.`
pub fn summary(plan: &Plan, width: usize) -> Page {
    let mut page = Page::new(width);
    if plan.is_empty() {
        let unchanged = count(plan.unchanged, "resource");
        page.line(
            Line::new()
                .with(Role::Add, "Nothing to do")
                .with(Role::Plain, format!(": {unchanged} in stack {} as the program says.", plan.stack)),
            2,
        );
        return page;
    }
    let mut line = Line::new().with(Role::Strong, "Plan").with(Role::Plain, format!(": {}.", plan.summary()));
    let kept = items::bookkeeping(plan);
    if kept > 0 {
        line.push(Role::Plain, format!(" {} in the state only.", count(kept, "change")));
    }
    let changed = plan.exports.len();
    if changed > 0 && plan.ops.is_empty() {
        line.push(Role::Plain, format!(" {} changes.", count(changed, "output")));
    }
    let takes = estimate::whole(plan);
    if !takes.is_zero() {
        line.push(Role::Plain, format!(" Takes {}.", time::rough(takes)));
    }
    if plan.partial {
        line.push(Role::Warning, " Partial: the selection leaves changes out.");
    }
    page.line(line, 2);
    page
}

fn exports(page: &mut Page, plan: &Plan) {
    if plan.exports.is_empty() {
        return;
    }
    page.gap();
    page.line(Line::new().with(Role::Strong, "outputs"), 0);
    let names = plan.exports.iter().map(|e| e.name.chars().count()).max().unwrap_or(0).min(32);
    for export in &plan.exports {
        let (sign, role) = match (export.before.is_null(), export.after.is_null()) {
            (true, _) => ("+", Role::Add),
            (_, true) => ("-", Role::Remove),
            _ => ("~", Role::Change),
        };
        let head = Line::new().with(role, format!("  {sign} ")).with(Role::Plain, &export.name).padded(4 + names);
        let mut line = head.with(Role::Plain, "  ");
        if !export.before.is_null() {
            line = line.with(Role::Remove, value::inline(&export.before)).with(Role::Dim, " → ");
        }
        line = line.with(if sign == "+" { Role::Plain } else { Role::Add }, value::inline(&export.after));
        page.line(line, 6 + names);
    }
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};
    use purlin_core::{Value, codes, options::ReplaceOrder};
    use purlin_engine::{Action, Cause, plan::ExportChange};

    use super::*;
    use crate::views::fixture::{Made, key, map, op, plan};

    fn check(plan: &Plan, expected: Expect) {
        let text = page(plan, &Schemas::default(), 80).plain();
        assert!(text.lines().all(|line| line.chars().count() <= 80), "a line is too long:\n{text}");
        expected.assert_eq(&text);
    }

    fn update(path: &str) -> Made {
        op(path).action(Action::Update, Cause::FieldChanged { field: "value".into() })
    }

    #[test]
    fn nothing_to_do_is_one_line() {
        let mut plan = plan(Vec::new());
        plan.unchanged = 1;
        check(
            &plan,
            expect![[r"
            Nothing to do: 1 resource in stack dev as the program says.
        "]],
        );
    }

    #[test]
    fn a_new_stack_is_a_tree_with_alike_ones_grouped() {
        let subnet = |name: &str, cidr: &str| {
            op(&format!("net/{name}"))
                .ty("aws:ec2:Subnet")
                .field("vpc", Value::Null, Value::fresh("net/main.id"))
                .field("cidr", Value::Null, cidr)
                .takes(2000)
        };
        let mut plan = plan(vec![
            op("net/main").ty("aws:ec2:Vpc").field("cidr", Value::Null, "10.0.0.0/16").takes(8000),
            subnet("private-a", "10.0.0.0/20").needs(0),
            subnet("private-b", "10.0.16.0/20").needs(0),
            op("net/dns/zone").ty("aws:route53:Zone").field(
                "tags",
                Value::Null,
                map(&[("owner", "ana"), ("purlin:stack", "dev/01")]),
            ),
            op("key").ty("aws:kms:Key").field("secret", Value::Null, Value::from("hunter2").into_secret()),
        ]);
        plan.exports.push(ExportChange { name: "vpc".into(), before: Value::Null, after: Value::fresh("net/main.id") });
        check(
            &plan,
            expect![[r#"
                Plan: stack dev

                  + create   key  aws:kms:Key  src/main.rs:12
                      secret  (secret)

                net/
                    + create   main       aws:ec2:Vpc  src/main.rs:12
                        cidr  "10.0.0.0/16"
                    + create   2 × aws:ec2:Subnet: private-a, private-b
                        vpc   ${net/main.id} (known after apply)
                        cidr  "10.0.0.0/20", "10.0.16.0/20"  (in this order)
                  dns/
                      + create   zone  aws:route53:Zone  src/main.rs:12
                          tags.owner         "ana"
                          tags.purlin:stack  "dev/01"

                outputs
                  + vpc  ${net/main.id} (known after apply)

                Plan: 5 to create, 0 unchanged. Takes about 10 s.
            "#]],
        );
    }

    #[test]
    fn replacements_come_first_and_say_why() {
        let plan = plan(vec![
            op("db")
                .ty("aws:rds:Instance")
                .action(Action::Create, Cause::ReplacedBecause { field: "engine".into() })
                .field("engine", "postgres 15", "postgres 16")
                .mark(|c| c.replace = true)
                .replaces(1, ReplaceOrder::DeleteFirst),
            op("db")
                .ty("aws:rds:Instance")
                .action(Action::Delete, Cause::Removed)
                .replaces(0, ReplaceOrder::DeleteFirst),
            op("app/config")
                .action(Action::Create, Cause::ReplacedBecause { field: "triggers".into() })
                .field("triggers", "db-0", Value::fresh("db.id"))
                .mark(|c| c.replace = true)
                .replaces(3, ReplaceOrder::CreateFirst),
            op("app/config").action(Action::Delete, Cause::Removed).replaces(2, ReplaceOrder::CreateFirst),
            update("app/web").field("value", Value::Int(2), Value::Int(3)),
        ]);
        check(
            &plan,
            expect![[r#"
                Plan: stack dev

                Look at these first: replacements, outages, lost data
                  ± replace  db  aws:rds:Instance  src/main.rs:12
                      ! the old one is deleted first: it is away until the new one is made
                      because `engine` can only be set when it is made
                      engine  "postgres 15" → "postgres 16"  replaces it
                  ± replace  app/config  purlin:builtin:Data  src/main.rs:12
                      the new one is made first, then the old one is deleted
                      because `triggers` can only be set when it is made
                      triggers  "db-0" → ${db.id} (known after apply)  replaces it
                      follows from the replacement of db

                  ± replace  db  aws:rds:Instance  (see above)

                app/
                    ± replace  config  purlin:builtin:Data  (see above)
                    ~ update   web     purlin:builtin:Data  src/main.rs:12
                        value  2 → 3

                Plan: 1 to update, 2 to replace, 0 unchanged.
            "#]],
        );
    }

    #[test]
    fn changes_show_before_and_after() {
        let script = |device: &str| format!("#!/bin/sh\nset -e\nmount /dev/{device} /data\nstart\n");
        let drifted = op("bucket")
            .ty("aws:s3:Bucket")
            .action(Action::Update, Cause::Drifted { field: "tags".into() })
            .field("tags", map(&[("a", "1"), ("owner", "mallory")]), map(&[("a", "1"), ("owner", "ana")]))
            .mark(|c| c.drift = true);
        let plan = plan(vec![
            update("web").field("user_data", script("xvda"), script("nvme1n1")),
            update("token").field("value", Value::from("a").into_secret(), Value::from("b").into_secret()),
            drifted,
            op("link")
                .action(Action::Update, Cause::MayChange { field: "value".into(), cause: "web.id".into() })
                .field("value", "i-0", Value::unknown("web.id"))
                .maybe(),
            op("old").action(Action::Delete, Cause::Removed),
            op("new/name").action(Action::Move { from: key("old/name", "purlin:builtin:Data") }, Cause::Moved),
            op("gone").action(Action::Create, Cause::Missing).field("value", Value::Null, "x"),
            op("note").action(Action::Record, Cause::OptionsChanged),
        ]);
        check(
            &plan,
            expect![[r#"
                Plan: stack dev

                  ~ update   web     purlin:builtin:Data  src/main.rs:12
                      user_data  (differs)
                          #!/bin/sh
                          set -e
                        - mount /dev/xvda /data
                        + mount /dev/nvme1n1 /data
                          start
                  ~ update   token   purlin:builtin:Data  src/main.rs:12
                      value  (secret)  changes
                  ~ update   bucket  aws:s3:Bucket  src/main.rs:12
                      tags.owner  "mallory" → "ana"  drift: changed outside
                  ~ update?  link    purlin:builtin:Data  src/main.rs:12
                      only if `value` turns out different: it waits for web.id
                      value  "i-0" → ${web.id} (known after apply)
                  - delete   old     purlin:builtin:Data  src/main.rs:12
                      because the program no longer has it
                  + create   gone    purlin:builtin:Data  src/main.rs:12
                      because it is gone from the world
                      value  "x"

                new/
                    → move     name  purlin:builtin:Data  src/main.rs:12
                        it was old/name (purlin:builtin:Data)
                        because the program says that it had another address

                Plan: 1 to create, 4 to update, 1 to delete, 1 to move, 0 unchanged. 1 change in
                  the state only.
            "#]],
        );
    }

    #[test]
    fn notes_and_a_partial_plan_are_said() {
        let mut plan = plan(vec![op("a")]);
        plan.partial = true;
        plan.notes.push(
            purlin_core::Diagnostic::new(codes::MOVE_AMBIGUOUS, "`a` may be what was `b` or `c`")
                .help("say which with `.formerly(..)`"),
        );
        check(
            &plan,
            expect![[r#"
                Plan: stack dev

                  + create   a  purlin:builtin:Data  src/main.rs:12

                note[P0312]: `a` may be what was `b` or `c`
                  help: say which with `.formerly(..)`

                Plan: 1 to create, 0 unchanged. Partial: the selection leaves changes out.
            "#]],
        );
    }
}
