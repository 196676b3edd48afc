//! What is known of each resource's outputs while a plan is made.
use purlin_core::{Graph, Map, NodeId, SmolStr, Value, expr::Attributes, resource::ID};

/// The outputs of a node, as far as a plan knows them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Known {
    /// Outputs that are certain.
    pub(crate) outputs: Map,
    /// What an output is that is not among them.
    pub(crate) rest: Rest,
}

/// What an output is that is not known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Rest {
    /// The object has all its outputs: another name is none of them.
    #[default]
    None,
    /// The object changes or is not finished: the output may turn out as before.
    Unknown,
    /// The object is new: its id certainly differs from any earlier one, other outputs may.
    Fresh,
}

/// The outputs of all nodes that were planned so far.
pub(crate) struct PlanScope<'a> {
    graph: &'a Graph,
    known: Vec<Known>,
}

impl<'a> PlanScope<'a> {
    pub(crate) fn new(graph: &'a Graph) -> Self {
        Self { graph, known: Vec::with_capacity(graph.nodes.len()) }
    }

    /// The next node's outputs, in the order of the graph.
    pub(crate) fn push(&mut self, known: Known) {
        self.known.push(known);
    }
}

impl Attributes for PlanScope<'_> {
    fn attribute(&self, node: NodeId, name: &str) -> Value {
        let Some(known) = self.known.get(node.index()) else {
            return Value::unknown(SmolStr::from(format!("{node:?}.{name}")));
        };
        if let Some(value) = known.outputs.get(name) {
            return value.clone();
        }
        let cause = || SmolStr::from(format!("{}.{name}", self.graph.node(node).address.path));
        let value = match known.rest {
            Rest::None => Value::Null,
            Rest::Fresh if name == ID => Value::fresh(cause()),
            Rest::Fresh | Rest::Unknown => Value::unknown(cause()),
        };
        let secret = self.graph.node(node).schema.output(name).is_some_and(|o| o.secret);
        if secret && !value.is_null() { value.into_secret() } else { value }
    }
}
