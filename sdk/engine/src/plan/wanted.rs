//! What a node wants: its fields evaluated, completed and brought to one form.
use purlin_core::{
    Diagnostic, Graph, Map, NodeId, SmolStr, Value, codes,
    expr::{Attributes, EvalError},
    graph::Node,
    schema::FieldSpec,
};
use purlin_state::{Dependency, Key};

use super::names;
use crate::connect::Connected;

/// The wanted fields of a node. Fields at their absent value (none, false, empty) are left out.
///
/// `prior` are the fields of the same generation, if it exists: a physical name that was made once is kept.
pub(crate) fn fields(
    graph: &Graph,
    node: &Node,
    scope: &dyn Attributes,
    provider: &Connected,
    prior: Option<&Map>,
    generation: u32,
) -> Result<Map, Box<Diagnostic>> {
    let mut wanted = Map::new();
    for (spec, expr) in node.fields() {
        let value = expr.eval(scope).map_err(|e| fault(node, spec, &e))?;
        let value = if spec.secret { value.into_secret() } else { value };
        if !is_absent(spec, &value) {
            wanted.insert(SmolStr::new_static(spec.name), value);
        }
    }
    for spec in node.schema.fields {
        if spec.default_tags && !provider.default_tags.is_empty() {
            merge_tags(&mut wanted, spec, &provider.default_tags);
        }
        if let Some(rule) = &spec.name_rule
            && !wanted.contains_key(spec.name)
        {
            let kept = prior.and_then(|p| p.get(spec.name)).filter(|v| !v.is_null()).cloned();
            let name = kept.unwrap_or_else(|| {
                let key = Key::new(node.address.clone(), generation);
                Value::Str(names::physical(rule, &graph.stack, &provider.identity.id, &key))
            });
            wanted.insert(SmolStr::new_static(spec.name), name);
        }
    }
    Ok(wanted)
}

/// True when a value is what an unset field reads as.
pub(crate) fn is_absent(spec: &FieldSpec, value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Unknown(_) => false,
        other => *other == (spec.absent)(),
    }
}

/// The edges of a node: one for each resource and field. `generation` tells which generation of a node is meant.
pub(crate) fn dependencies(graph: &Graph, node: &Node, generation: impl Fn(NodeId) -> u32) -> Vec<Dependency> {
    let mut edges = Vec::new();
    visit(node, |on, field| {
        let target = graph.node(on);
        if target.existing.is_none() {
            let field = field.map(|f| SmolStr::new_static(f.name));
            edges.push(Dependency { on: Key::new(target.address.clone(), generation(on)), field });
        }
    });
    edges.sort();
    edges.dedup();
    edges
}

/// Calls `f` with each node that a node needs, and the field that needs it (none for an edge of order only).
pub(crate) fn visit(node: &Node, mut f: impl FnMut(NodeId, Option<&'static FieldSpec>)) {
    for (spec, expr) in node.fields() {
        expr.visit_attributes(&mut |on, _| f(on, Some(spec)));
    }
    if let Some(options) = &node.options {
        for on in &options.depends_on {
            f(*on, None);
        }
    }
}

fn merge_tags(wanted: &mut Map, spec: &FieldSpec, defaults: &Map) {
    let name = SmolStr::new_static(spec.name);
    match wanted.get_mut(&name) {
        None => {
            wanted.insert(name, Value::Map(defaults.clone()));
        }
        Some(Value::Map(own)) => {
            for (key, value) in defaults {
                own.entry(key.clone()).or_insert_with(|| value.clone());
            }
        }
        // Unknown as a whole: the defaults are merged once it is known.
        Some(_) => {}
    }
}

fn fault(node: &Node, spec: &FieldSpec, error: &EvalError) -> Box<Diagnostic> {
    let told = Diagnostic::new(codes::FIELD_VALUE, format!("the field `{}` cannot be computed", spec.name))
        .at(node.address.path.clone())
        .line(node.location.clone())
        .cause(error);
    Box::new(match &error.location {
        Some(line) => told.note(format!("in the closure at {line}")),
        None => told,
    })
}
