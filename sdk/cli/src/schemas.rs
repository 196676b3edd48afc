//! [`Schemas`]: the resource types that a run knows, by name: what views need beside a plan.
use std::collections::BTreeMap;

use purlin_core::{Graph, Schema, provider::ProviderKind};

/// The types of a program's resources, and those of the provider kinds that it registers.
#[derive(Clone, Debug, Default)]
pub struct Schemas(BTreeMap<&'static str, &'static Schema>);

impl Schemas {
    /// The types of these kinds.
    pub fn of_kinds(kinds: &[&'static dyn ProviderKind]) -> Self {
        Self(kinds.iter().flat_map(|kind| kind.types()).map(|schema| (schema.name, *schema)).collect())
    }

    /// These types, and those that a graph uses.
    #[must_use]
    pub fn and_graph(mut self, graph: &Graph) -> Self {
        let kinds = graph.providers.iter().flat_map(|p| p.kind.types()).copied();
        self.0.extend(kinds.chain(graph.nodes.iter().map(|n| n.schema)).map(|s| (s.name, s)));
        self
    }

    /// The type of this name.
    pub fn get(&self, name: &str) -> Option<&'static Schema> {
        self.0.get(name).copied()
    }
}
