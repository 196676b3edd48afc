//! Where a resource or a field comes from, for people: line → settings → upstream outputs → what is planned → what led
//! to it.
use std::collections::BTreeMap;

use purlin_core::{Address, Expr, Graph, NodeId, SmolStr, Value, expr::Attributes};
use purlin_engine::{Action, Cause, Op, Plan};
use purlin_state::State;

use super::{
    graph,
    plan::{Chains, cause_words, items},
    text::{Line, Page, Role},
    time, value,
};
use crate::{
    influence::{Influence, Place},
    schemas::Schemas,
};

/// What is asked, and all that answers it.
pub struct Question<'a> {
    /// What the program asked for.
    pub graph: &'a Graph,
    /// What would be done.
    pub plan: &'a Plan,
    /// What is there.
    pub state: &'a State,
    /// The types.
    pub schemas: &'a Schemas,
    /// The resource.
    pub node: NodeId,
    /// The field, if one is meant.
    pub field: Option<&'a str>,
    /// The settings that decide a field, by path and field.
    pub influences: &'a BTreeMap<Place, Vec<Influence>>,
}

/// The fields that began the chain of replacements which leads to this resource: path and field.
pub fn led_by(plan: &Plan, address: &Address) -> Vec<Place> {
    let ops = plan.ops.iter().filter(|op| op.key.address == *address);
    let chains = Chains::of(plan);
    let begun = ops.flat_map(|op| chains.to(op)).flat_map(|op| {
        let fields = op.changes.iter().filter(|c| c.before != c.after);
        fields.map(|c| (op.key.address.path.clone(), c.field.clone()))
    });
    begun.collect()
}

/// The page of the answer.
pub fn page(question: &Question<'_>, width: usize) -> Page {
    let mut page = Page::new(width);
    let node = question.graph.node(question.node);
    page.line(Line::new().with(Role::Strong, &node.address.path).with(Role::Dim, format!("  {}", node.address.ty)), 2);
    row(&mut page, "program", &node.location.to_string());
    row(&mut page, "state", &there(question));
    for (spec, expr) in node.fields().filter(|(spec, _)| question.field.is_none_or(|f| f == spec.name)) {
        page.gap();
        field(&mut page, question, spec.name, expr, spec.secret);
    }
    if let Some(name) = question.field.filter(|name| node.input(name).is_none()) {
        page.gap();
        page.line(Line::new().with(Role::Strong, name).with(Role::Plain, "  is not set by the program"), 4);
    }
    edges(&mut page, question);
    planned(&mut page, question);
    page
}

fn row(page: &mut Page, name: &str, text: &str) {
    page.line(Line::new().with(Role::Dim, format!("  {name:<10}")).with(Role::Plain, text), 12);
}

fn there(question: &Question<'_>) -> String {
    let node = question.graph.node(question.node);
    if let Some(id) = &node.existing {
        return format!("only referred to: {id}");
    }
    match question.state.current(&node.address) {
        Some(object) if object.seen > 0 => format!("exists as {}, last seen {}", object.id, time::moment(object.seen)),
        Some(object) => format!("exists as {}", object.id),
        None => "does not exist yet".to_owned(),
    }
}

fn field(page: &mut Page, question: &Question<'_>, name: &str, expr: &Expr, secret: bool) {
    let shape = Shape(question.graph);
    let value = expr.eval(&shape).unwrap_or_else(|error| Value::from(format!("cannot be computed: {error}")));
    let value = if secret { value.into_secret() } else { value };
    let shown = match &value {
        Value::Unknown(u) if !u.secret => u.shape.to_string(),
        other if value::is_block(other) => String::new(),
        other => value::inline(other),
    };
    page.line(Line::new().with(Role::Strong, format!("  {name}  ")).with(Role::Plain, shown), 4 + name.len());
    if value::is_block(&value) {
        value::block(&value).into_iter().for_each(|line| page.line(Line::text("      ").join(line), 8));
    }
    influences(page, question, &question.graph.node(question.node).address.path, name, 4);
    let mut seen = Vec::new();
    expr.visit_attributes(&mut |node, output| {
        if !seen.contains(&(node, output.clone())) {
            seen.push((node, output.clone()));
        }
    });
    for (node, output) in seen {
        upstream(page, question, node, &output);
    }
}

/// The settings that decide a field, one a line.
fn influences(page: &mut Page, question: &Question<'_>, path: &SmolStr, field: &str, indent: usize) {
    for influence in question.influences.get(&(path.clone(), field.into())).into_iter().flatten() {
        let verb = if influence.certain { "depends on" } else { "has the value of" };
        let text = format!("{verb} the setting `{}` = {}", influence.setting, value::inline(&influence.value.value));
        page.line(
            Line::text(" ".repeat(indent) + &text).with(Role::Dim, format!("  ({})", influence.value.origin)),
            indent + 2,
        );
    }
}

fn upstream(page: &mut Page, question: &Question<'_>, node: NodeId, output: &SmolStr) {
    let from = question.graph.node(node);
    let known = question.state.current(&from.address).and_then(|o| match output.as_str() {
        "id" => Some(Value::Str(o.id.clone())),
        name => o.outputs.get(name).cloned(),
    });
    let now = known.map_or_else(|| "not known yet".to_owned(), |value| format!("now {}", value::inline(&value)));
    let doc = from.schema.output(output).map(|o| o.doc.trim().trim_end_matches('.')).filter(|doc| !doc.is_empty());
    let doc = doc.map_or_else(String::new, |doc| format!("; {}", doc.lines().next().unwrap_or_default()));
    page.line(
        Line::text(format!("    is made from {}.{output}: {now}", from.address.path))
            .with(Role::Dim, format!("  ({}{doc})", from.location)),
        6,
    );
}

fn edges(page: &mut Page, question: &Question<'_>) {
    let edges = graph::edges(question.graph);
    let path = |id: NodeId| question.graph.node(id).address.path.to_string();
    let mut needs: Vec<String> = edges.iter().filter(|e| e.0 == question.node).map(|e| path(e.1)).collect();
    let mut needed: Vec<String> = edges.iter().filter(|e| e.1 == question.node).map(|e| path(e.0)).collect();
    needs.dedup();
    needed.dedup();
    if !needs.is_empty() || !needed.is_empty() {
        page.gap();
    }
    if !needs.is_empty() {
        row(page, "needs", &needs.join(", "));
    }
    if !needed.is_empty() {
        row(page, "needed by", &needed.join(", "));
    }
}

fn planned(page: &mut Page, question: &Question<'_>) {
    let address = &question.graph.node(question.node).address;
    let all = items(question.plan, question.schemas);
    page.gap();
    let Some(item) = all.iter().find(|item| item.op.key.address == *address) else {
        row(page, "plan", "stays as it is");
        return;
    };
    let word = item.kind.word();
    row(page, "plan", &if item.op.maybe { format!("perhaps {word}") } else { word.to_owned() });
    for cost in &item.costs {
        page.line(Line::text("    ").with(Role::Warning, "! ").with(Role::Plain, cost), 6);
    }
    reasons(page, item.op, 4);
    for (depth, op) in Chains::of(question.plan).to(item.op).into_iter().enumerate() {
        let indent = 4 + 2 * depth;
        page.line(
            Line::text(" ".repeat(indent))
                .with(Role::Plain, "which follows from the replacement of ")
                .with(Role::Strong, &op.key.address.path),
            indent + 2,
        );
        reasons(page, op, indent + 2);
        for change in op.changes.iter().filter(|c| c.before != c.after) {
            influences(page, question, &op.key.address.path, &change.field, indent + 2);
        }
    }
}

/// Why an operation is in the plan, with what was and what will be.
fn reasons(page: &mut Page, op: &Op, indent: usize) {
    let blank = " ".repeat(indent);
    for cause in &op.causes {
        let words = match cause {
            Cause::FieldChanged { field } => Some(format!("because the program wants another `{field}`")),
            Cause::New => Some("because the program has it and the state does not".to_owned()),
            other => cause_words(other),
        };
        if let Some(words) = words {
            page.line(Line::text(blank.clone()).with(Role::Plain, words), indent + 2);
        }
    }
    if matches!(op.action, Action::Create) && op.replaces.is_none() {
        return;
    }
    for change in op.changes.iter().filter(|c| c.before != c.after) {
        let line = Line::text(format!("{blank}{}  ", change.field)).with(Role::Remove, value::inline(&change.before));
        page.line(line.with(Role::Dim, " → ").with(Role::Add, value::inline(&change.after)), indent + 2);
    }
}

/// Every output as its name: gives an expression's shape.
struct Shape<'a>(&'a Graph);

impl Attributes for Shape<'_> {
    fn attribute(&self, node: NodeId, name: &str) -> Value {
        Value::unknown(format!("{}.{name}", self.0.node(node).address.path))
    }
}
