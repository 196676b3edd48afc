//! A graph of resources in the languages of drawing programs: dot and Mermaid. Also [`edges`], which other views use.
use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
};

use purlin_core::{Graph, NodeId};

/// An edge: a resource, what it is made from, and the field that refers to it (none for `depends_on`).
pub type Edge = (NodeId, NodeId, Option<&'static str>);

/// The edges of a graph, in order, each once.
pub fn edges(graph: &Graph) -> BTreeSet<Edge> {
    let mut edges = BTreeSet::new();
    for (i, node) in graph.nodes.iter().enumerate() {
        let from = NodeId::from_index(i);
        for (field, expr) in node.fields() {
            expr.visit_attributes(&mut |to, _| {
                edges.insert((from, to, Some(field.name)));
            });
        }
        let order = node.options.as_ref().into_iter().flat_map(|o| o.depends_on.iter());
        edges.extend(order.map(|to| (from, *to, None)));
    }
    edges
}

/// Nodes by the component that holds them.
fn scopes(graph: &Graph) -> BTreeMap<&str, Vec<NodeId>> {
    let mut scopes: BTreeMap<&str, Vec<NodeId>> = BTreeMap::new();
    for (i, node) in graph.nodes.iter().enumerate() {
        scopes.entry(node.address.scope().unwrap_or_default()).or_default().push(NodeId::from_index(i));
    }
    scopes
}

/// The graph for Graphviz.
pub fn dot(graph: &Graph) -> String {
    let mut out = String::from("digraph {\n  rankdir = LR\n  node [shape = box, fontname = \"sans-serif\"]\n");
    for (i, (scope, nodes)) in scopes(graph).into_iter().enumerate() {
        let indent = if scope.is_empty() { "  " } else { "    " };
        if !scope.is_empty() {
            let _ = writeln!(out, "  subgraph cluster_{i} {{\n    label = \"{scope}\"");
        }
        for id in nodes {
            let address = &graph.node(id).address;
            let style = if graph.node(id).existing.is_some() { ", style = dashed" } else { "" };
            let _ =
                writeln!(out, "{indent}\"{}\" [label = \"{}\\n{}\"{style}]", address.path, address.name(), address.ty);
        }
        if !scope.is_empty() {
            out.push_str("  }\n");
        }
    }
    for (from, to, field) in edges(graph) {
        let label = field.map_or(" [style = dotted]".to_owned(), |field| format!(" [label = \"{field}\"]"));
        let _ = writeln!(out, "  \"{}\" -> \"{}\"{label}", graph.node(from).address.path, graph.node(to).address.path);
    }
    out.push_str("}\n");
    out
}

/// The graph for Mermaid.
pub fn mermaid(graph: &Graph) -> String {
    let mut out = String::from("flowchart LR\n");
    for (i, (scope, nodes)) in scopes(graph).into_iter().enumerate() {
        let indent = if scope.is_empty() { "  " } else { "    " };
        if !scope.is_empty() {
            let _ = writeln!(out, "  subgraph s{i} [\"{scope}\"]");
        }
        for id in nodes {
            let address = &graph.node(id).address;
            let _ = writeln!(out, "{indent}n{}[\"{}<br/>{}\"]", id.index(), address.name(), address.ty);
        }
        if !scope.is_empty() {
            out.push_str("  end\n");
        }
    }
    for (from, to, field) in edges(graph) {
        let arrow = field.map_or("-.->".to_owned(), |field| format!("-->|{field}|"));
        let _ = writeln!(out, "  n{} {arrow} n{}", from.index(), to.index());
    }
    out
}

#[cfg(test)]
mod tests {
    use expect_test::expect;
    use purlin_core::{
        Configure as _,
        builtin::{Data, RandomId},
        lookup::Answers,
        stack::{self, Built},
    };

    use super::*;

    fn graph() -> Graph {
        let built = stack::build("dev", &Answers::new(), |stack| {
            let id = stack.add("id", RandomId::new());
            let kept = stack.add("kept", Data::new(id.value.untyped()));
            stack.add("last", Data::new("x").depends_on(&kept));
            Ok(())
        });
        match built {
            Ok(Built::Graph(graph)) => graph,
            _ => panic!("the program has no lookups and no faults"),
        }
    }

    #[test]
    fn drawings_have_nodes_and_edges() {
        expect![[r#"
            digraph {
              rankdir = LR
              node [shape = box, fontname = "sans-serif"]
              "id" [label = "id\npurlin:builtin:RandomId"]
              "kept" [label = "kept\npurlin:builtin:Data"]
              "last" [label = "last\npurlin:builtin:Data"]
              "kept" -> "id" [label = "value"]
              "last" -> "kept" [style = dotted]
            }
        "#]]
        .assert_eq(&dot(&graph()));
        expect![[r#"
            flowchart LR
              n0["id<br/>purlin:builtin:RandomId"]
              n1["kept<br/>purlin:builtin:Data"]
              n2["last<br/>purlin:builtin:Data"]
              n1 -->|value| n0
              n2 -.-> n1
        "#]]
        .assert_eq(&mermaid(&graph()));
    }
}
