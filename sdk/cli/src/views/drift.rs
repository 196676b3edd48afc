//! Drift for people: where the world is not as it was last applied.
use purlin_engine::{Cause, Change, Op, Plan};

use super::{
    text::{Line, Page, Role, count},
    value,
};

/// A resource that is not as it was last applied.
#[derive(Clone, Debug)]
pub struct Drifted<'a> {
    /// What a plan would do about it.
    pub op: &'a Op,
    /// It is gone.
    pub missing: bool,
    /// The fields that were changed outside: `before` is live, `after` is what was applied.
    pub fields: Vec<&'a Change>,
}

/// The drift in a plan.
pub fn of(plan: &Plan) -> Vec<Drifted<'_>> {
    let drifted = plan.ops.iter().map(|op| Drifted {
        op,
        missing: op.causes.contains(&Cause::Missing),
        fields: op.changes.iter().filter(|c| c.drift).collect(),
    });
    drifted.filter(|d| d.missing || !d.fields.is_empty()).collect()
}

/// The page of it. `objects` is how many the state holds.
pub fn page(found: &[Drifted<'_>], objects: usize, stack: &str, width: usize) -> Page {
    let mut page = Page::new(width);
    if found.is_empty() {
        let objects = count(objects, "resource");
        page.line(
            Line::new()
                .with(Role::Add, "No drift")
                .with(Role::Plain, format!(": {objects} of stack {stack} as applied.")),
            2,
        );
        return page;
    }
    for drifted in found {
        let address = &drifted.op.key.address;
        let (sign, role, what) =
            if drifted.missing { ("-", Role::Remove, "gone") } else { ("~", Role::Change, "changed outside") };
        let id = drifted.op.id.as_ref().map_or(String::new(), |id| format!("  {id}"));
        let head = Line::new().with(role, format!("{sign} ")).with(Role::Strong, &address.path);
        page.line(head.with(role, format!("  {what}")).with(Role::Dim, format!("  {}{id}", address.ty)), 4);
        for change in &drifted.fields {
            fields(&mut page, change);
        }
    }
    page.gap();
    let all = count(objects, "resource");
    page.line(
        Line::new()
            .with(Role::Strong, "Drift")
            .with(Role::Plain, format!(": {} of {all} of stack {stack}. `apply` puts it right.", found.len())),
        2,
    );
    page
}

fn fields(page: &mut Page, change: &Change) {
    let (applied, live) = (&change.after, &change.before);
    if value::is_block(applied) || value::is_block(live) {
        page.line(Line::text(format!("    {}  (- applied, + now)", change.field)), 6);
        for line in value::difference(applied, live) {
            page.line(Line::text("      ").join(line), 8);
        }
        return;
    }
    for (name, applied, live) in value::entries(&change.field, applied, live) {
        let line = Line::text(format!("    {name}  applied "));
        let line = line.with(Role::Add, value::inline(&applied)).with(Role::Plain, ", now ");
        page.line(line.with(Role::Remove, value::inline(&live)), 6);
    }
}

#[cfg(test)]
mod tests {
    use expect_test::expect;
    use purlin_core::Value;
    use purlin_engine::Action;

    use super::*;
    use crate::views::fixture::{map, op, plan};

    #[test]
    fn only_what_others_changed_is_drift() {
        let plan = plan(vec![
            op("a").field("value", Value::Null, "new"),
            op("b")
                .action(Action::Update, Cause::Drifted { field: "tags".into() })
                .field("tags", map(&[("owner", "mallory"), ("x", "1")]), map(&[("owner", "ana"), ("x", "1")]))
                .mark(|c| c.drift = true)
                .field("value", "1", "2"),
            op("c").action(Action::Create, Cause::Missing),
        ]);
        let text = page(&of(&plan), 3, "dev", 80).plain();
        expect![[r#"
            ~ b  changed outside  purlin:builtin:Data
                tags.owner  applied "ana", now "mallory"
            - c  gone  purlin:builtin:Data

            Drift: 2 of 3 resources of stack dev. `apply` puts it right.
        "#]]
        .assert_eq(&text);
        assert_eq!(page(&[], 3, "dev", 80).plain(), "No drift: 3 resources of stack dev as applied.\n");
    }
}
