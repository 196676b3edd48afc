//! [`Graph`]: what a program asked for. Plain data, in the order in which the program said it.
use std::{collections::BTreeSet, fmt};

use smol_str::SmolStr;

use crate::{Address, Expr, Schema, SourceLine, options::Options, provider::ProviderConfig, schema::FieldSpec};

/// A resource of a graph.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeId(u32);

impl NodeId {
    /// The position in [`Graph::nodes`].
    pub fn index(self) -> usize {
        self.0 as usize
    }

    /// The node at a position.
    ///
    /// # Panics
    /// Past four thousand million resources.
    pub fn from_index(index: usize) -> Self {
        Self(u32::try_from(index).unwrap_or_else(|_| panic!("a graph holds at most {} resources", u32::MAX)))
    }
}

impl fmt::Debug for NodeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "#{}", self.0)
    }
}

/// A provider of a graph; an index into [`Graph::providers`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ProviderId(pub(crate) u32);

impl ProviderId {
    /// The position in [`Graph::providers`].
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// A resource as the program asked for it.
#[derive(Clone, Debug)]
pub struct Node {
    /// Path and type.
    pub address: Address,
    /// The type.
    pub schema: &'static Schema,
    /// The fields that were set: position in [`Schema::fields`], and expression. In the order of the schema.
    pub inputs: Vec<(u16, Expr)>,
    /// The options, if any was set.
    pub options: Option<Box<Options>>,
    /// Who makes it.
    pub provider: ProviderId,
    /// The line that asked for it.
    pub location: SourceLine,
    /// The physical id, for an object that is only referred to: it is read, never changed.
    pub existing: Option<SmolStr>,
}

impl Node {
    /// The fields that were set, with their specification.
    pub fn fields(&self) -> impl Iterator<Item = (&'static FieldSpec, &Expr)> {
        self.inputs.iter().map(|(i, e)| (&self.schema.fields[*i as usize], e))
    }

    /// The expression of a field, if it was set.
    pub fn input(&self, name: &str) -> Option<&Expr> {
        self.fields().find(|(f, _)| f.name == name).map(|(_, e)| e)
    }
}

/// A value that a stack shows to people and to other stacks.
#[derive(Clone, Debug)]
pub struct Export {
    /// Its name.
    pub name: SmolStr,
    /// Its value.
    pub expr: Expr,
    /// The line that exported it.
    pub location: SourceLine,
}

/// A stack as the program describes it.
#[derive(Clone, Debug, Default)]
pub struct Graph {
    /// The name of the stack.
    pub stack: SmolStr,
    /// The resources, in the order of the program; a resource refers only to earlier ones.
    pub nodes: Vec<Node>,
    /// The providers: explicit ones and the default of each kind that is used.
    pub providers: Vec<ProviderConfig>,
    /// What is exported.
    pub exports: Vec<Export>,
    /// IAM actions that the program's lookups need.
    pub lookup_actions: BTreeSet<&'static str>,
}

impl Graph {
    /// The node.
    pub fn node(&self, id: NodeId) -> &Node {
        &self.nodes[id.index()]
    }

    /// The node at a path.
    pub fn find(&self, path: &str) -> Option<NodeId> {
        self.nodes.iter().position(|n| n.address.path == path).map(NodeId::from_index)
    }
}
