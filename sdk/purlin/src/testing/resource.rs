//! [`Planned`]: a resource of a plan, to look at.
use std::collections::BTreeSet;

use purlin_cli::views::graph;
use purlin_core::{Address, Graph, Map, NodeId, Plain, SmolStr, Value, expr::Attributes, options::Options};
use purlin_engine::{Action, Op, Plan};
use purlin_state::State;

/// A resource of a plan.
#[derive(Clone, Copy)]
pub struct Planned<'a> {
    graph: &'a Graph,
    plan: &'a Plan,
    state: &'a State,
    node: NodeId,
}

impl<'a> Planned<'a> {
    pub(super) fn new(graph: &'a Graph, plan: &'a Plan, state: &'a State, node: NodeId) -> Self {
        Self { graph, plan, state, node }
    }

    /// Path and type.
    pub fn address(&self) -> &'a Address {
        &self.graph.node(self.node).address
    }

    /// The path: `net/private-a`.
    pub fn path(&self) -> &'a str {
        &self.address().path
    }

    /// The type: `aws:ec2:Subnet`.
    pub fn ty(&self) -> &'a str {
        &self.address().ty
    }

    /// What is done to it; none when it stays as it is.
    pub fn action(&self) -> Option<&'a Action> {
        self.op().map(|op| &op.action)
    }

    /// The operation on it: with causes, changes and needs. Of a replacement, the create.
    pub fn op(&self) -> Option<&'a Op> {
        let mine = || self.plan.ops.iter().filter(|op| op.key.address == *self.address());
        mine()
            .find(|op| !matches!(op.action, Action::Delete | Action::Detach | Action::Record))
            .or_else(|| mine().next())
    }

    /// True when a new object takes the place of the old one.
    pub fn is_replaced(&self) -> bool {
        self.op().is_some_and(|op| op.replaces.is_some())
    }

    /// The value of a field as it is wanted, with unknowns where only an apply tells; null when it is not set.
    ///
    /// # Panics
    /// When the type has no such field.
    #[track_caller]
    pub fn field(&self, name: &str) -> Value {
        let node = self.graph.node(self.node);
        if node.schema.field(name).is_none() {
            let fields: Vec<&str> = node.schema.fields.iter().map(|f| f.name).collect();
            panic!("a {} has no field `{name}`; it has: {}", node.schema.name, fields.join(", "));
        }
        let planned = self.op().and_then(|op| op.changes.iter().find(|c| c.field == name)).map(|c| c.after.clone());
        let recorded = || self.recorded().and_then(|fields| fields.get(name)).cloned();
        let wanted = || node.input(name).and_then(|expr| expr.eval(&Shape(self.graph)).ok());
        planned.or_else(recorded).or_else(wanted).unwrap_or_default()
    }

    /// The same, as the type that it has in Rust.
    ///
    /// # Panics
    /// When the value is not known yet, or of another type.
    #[track_caller]
    pub fn get<T: Plain>(&self, name: &str) -> T {
        let value = self.field(name);
        match T::decode(&value) {
            Ok(typed) => typed,
            Err(mismatch) => panic!("`{}.{name}`: {mismatch}", self.path()),
        }
    }

    /// The paths of what it is made from or after, in order.
    pub fn needs(&self) -> Vec<&'a str> {
        let edges = graph::edges(self.graph);
        let targets: BTreeSet<NodeId> = edges.into_iter().filter(|e| e.0 == self.node).map(|e| e.1).collect();
        targets.into_iter().map(|id| self.graph.node(id).address.path.as_str()).collect()
    }

    /// The paths of what one field is made from, in order.
    pub fn needs_for(&self, field: &str) -> Vec<&'a str> {
        let edges = graph::edges(self.graph);
        let targets: BTreeSet<NodeId> =
            edges.into_iter().filter(|e| e.0 == self.node && e.2 == Some(field)).map(|e| e.1).collect();
        targets.into_iter().map(|id| self.graph.node(id).address.path.as_str()).collect()
    }

    /// The paths of what is made from it, in order.
    pub fn needed_by(&self) -> Vec<&'a str> {
        let edges = graph::edges(self.graph);
        let sources: BTreeSet<NodeId> = edges.into_iter().filter(|e| e.1 == self.node).map(|e| e.0).collect();
        sources.into_iter().map(|id| self.graph.node(id).address.path.as_str()).collect()
    }

    /// Its options; none when none was set.
    pub fn options(&self) -> Option<&'a Options> {
        self.graph.node(self.node).options.as_deref()
    }

    fn recorded(&self) -> Option<&'a Map> {
        if self.op().is_some_and(|op| op.replaces.is_some()) {
            return None;
        }
        self.state.current(self.address()).map(|object| &object.fields)
    }
}

/// Every output as its name.
struct Shape<'a>(&'a Graph);

impl Attributes for Shape<'_> {
    fn attribute(&self, node: NodeId, name: &str) -> Value {
        Value::unknown(SmolStr::from(format!("{}.{name}", self.0.node(node).address.path)))
    }
}
