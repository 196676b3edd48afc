//! [`Spec`]: the program of a life, as data that can be edited, and the graph that it stands for.
use std::collections::{BTreeMap, BTreeSet};

use purlin_core::{
    Address, Expr, Graph, NodeId, Resource as _, Result, Schema, SmolStr, SourceLine, Value,
    builtin::Data,
    expr::Part,
    graph::{self, Export, ProviderId},
    lookup::Answers,
    options::{Formerly, Options, ReplaceOrder},
    provider::ProviderKind,
    resource::ID,
    stack::{self, Built},
};
use purlin_engine::Program;

use super::{case::Edit, driver::SIM, kinds};

/// The name of every stack here.
pub(crate) const STACK: &str = "sim";

/// A resource of a program.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Node {
    pub(crate) id: u32,
    pub(crate) kind: String,
    pub(crate) path: String,
    pub(crate) texts: BTreeMap<String, String>,
    pub(crate) size: Option<i64>,
    pub(crate) links: BTreeMap<String, u32>,
    pub(crate) quote: Option<(u32, String)>,
    pub(crate) formerly: Vec<String>,
    pub(crate) protect: bool,
    pub(crate) retain: bool,
    pub(crate) ignore: BTreeSet<String>,
    pub(crate) after: BTreeSet<u32>,
    pub(crate) create_first: Option<bool>,
    pub(crate) adopt: Option<String>,
}

impl Node {
    pub(crate) fn address(&self) -> Address {
        Address::new(self.path.clone(), self.schema().name)
    }

    fn schema(&self) -> &'static Schema {
        kinds::kind(&self.kind).map_or_else(Data::schema, |k| (k.schema)())
    }

    fn requires(&self, field: &str) -> bool {
        kinds::kind(&self.kind).is_some_and(|k| k.links.iter().any(|(f, _, required)| *f == field && *required))
    }
}

/// What a field of an object should be, for the comparison with the cloud.
pub(crate) enum Should {
    Text(String),
    Number(i64),
    Link(Address),
    /// The cloud or another resource decides.
    Any,
    None,
}

/// A program.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Spec {
    pub(crate) nodes: Vec<Node>,
}

impl Spec {
    fn position(&self, id: u32) -> Option<usize> {
        self.nodes.iter().position(|n| n.id == id)
    }

    pub(crate) fn node(&self, id: u32) -> Option<&Node> {
        self.position(id).map(|i| &self.nodes[i])
    }

    /// True when `id` stands before `of`, so that `of` may refer to it.
    fn is_before(&self, id: u32, of: u32) -> bool {
        self.position(id).zip(self.position(of)).is_some_and(|(a, b)| a < b)
    }

    fn with(&mut self, id: u32, change: impl FnOnce(&mut Node)) {
        if let Some(i) = self.position(id) {
            change(&mut self.nodes[i]);
        }
    }

    fn is_free(&self, path: &str) -> bool {
        self.nodes.iter().all(|n| n.path != path)
    }

    /// Changes the program; an edit that does not fit is passed over.
    pub(crate) fn edit(&mut self, edit: &Edit) {
        match edit.clone() {
            Edit::Add { id, kind, path, links } => self.add(id, &kind, path, &links),
            Edit::Adopt { id, path } => {
                self.add(id, "Net", path, &[]);
                self.with(id, |n| n.adopt = Some(format!("adopt-{id}")));
            }
            Edit::Remove(id) => self.remove(id),
            Edit::Set(id, field, text) => self.with(id, |n| {
                match text.filter(|_| kinds::kind(&n.kind).is_some()) {
                    Some(text) => n.texts.insert(field, text),
                    None if field == "block" => None,
                    None => n.texts.remove(&field),
                };
            }),
            Edit::Size(id, size) => self.with(id, |n| n.size = size.filter(|_| n.schema().field("size").is_some())),
            Edit::Link(id, field, to) => self.link(id, field, to),
            Edit::Quote(id, of, output) => {
                let tells = self
                    .node(of)
                    .and_then(|n| kinds::kind(&n.kind))
                    .is_some_and(|k| k.tells.contains(&output.as_str()));
                let reads = self.node(id).is_some_and(|n| n.kind == "Data" || n.kind == "Note");
                if tells && reads && self.is_before(of, id) {
                    self.with(id, |n| n.quote = Some((of, output)));
                }
            }
            Edit::Rename(id, path, told) => {
                if self.is_free(&path) {
                    self.with(id, |n| {
                        let old = std::mem::replace(&mut n.path, path);
                        if told {
                            n.formerly.push(old);
                        }
                    });
                }
            }
            Edit::Retype(id, kind) => {
                if let Some(path) = self.node(id).map(|n| n.path.clone()) {
                    self.remove(id);
                    self.add(id, &kind, path, &[]);
                }
            }
            Edit::Protect(id, on) => {
                self.with(id, |n| n.protect = on && matches!(n.kind.as_str(), "Net" | "Key" | "Bucket"))
            }
            Edit::Retain(id, on) => self.with(id, |n| {
                n.retain = on && n.links.is_empty() && matches!(n.kind.as_str(), "Net" | "Key" | "Bucket");
            }),
            Edit::Ignore(id, field) => self.with(id, |n| {
                let spec = n.schema().field(&field).filter(|f| f.refers_to.is_none() && f.name_rule.is_none());
                n.ignore.extend(spec.map(|f| f.name.to_owned()));
            }),
            Edit::After(id, other) => {
                if self.is_before(other, id) {
                    self.with(id, |n| {
                        n.after.insert(other);
                    });
                }
            }
            Edit::CreateFirst(id, first) => self.with(id, |n| {
                // Create-first where two objects cannot stand side by side is the program's own fault.
                let alone = n.schema().fields.iter().any(|f| f.unique.is_some()) || n.kind == "Attach";
                n.create_first = (!first || !alone).then_some(first);
            }),
        }
    }

    fn add(&mut self, id: u32, kind: &str, path: String, links: &[(String, u32)]) {
        let node = Node { id, kind: kind.to_owned(), path, ..Node::default() };
        let known = kind == "Data" || kinds::kind(kind).is_some();
        if self.node(id).is_some() || !known || !self.is_free(&node.path) {
            return;
        }
        self.nodes.push(node);
        if kind == "Sub" {
            self.with(id, |n| {
                n.texts.insert("block".into(), format!("block-{id}"));
            });
        }
        for (field, to) in links {
            self.link(id, field.clone(), Some(*to));
        }
        let lacks = |n: &Node| {
            kinds::kind(&n.kind).is_some_and(|k| k.links.iter().any(|(f, _, r)| *r && !n.links.contains_key(*f)))
        };
        if self.node(id).is_some_and(lacks) {
            self.remove(id);
        }
    }

    fn link(&mut self, id: u32, field: String, to: Option<u32>) {
        let Some(kind) = self.node(id).and_then(|n| kinds::kind(&n.kind)) else { return };
        let Some((_, target, required)) = kind.links.iter().find(|(f, ..)| *f == field) else { return };
        let retained = self.node(id).is_some_and(|n| n.retain);
        match to {
            Some(to) if !retained && self.is_before(to, id) && self.node(to).is_some_and(|n| n.kind == *target) => {
                let mut links = self.node(id).map(|n| n.links.clone()).unwrap_or_default();
                links.insert(field, to);
                // Two attachments of the same two things are one object.
                if kind.name == "Attach" && self.nodes.iter().any(|n| n.kind == "Attach" && n.links == links) {
                    return;
                }
                self.with(id, |n| n.links = links);
            }
            None if !required => self.with(id, |n| {
                n.links.remove(&field);
            }),
            _ => {}
        }
    }

    fn remove(&mut self, id: u32) {
        let mut gone = BTreeSet::from([id]);
        loop {
            let bound = |n: &&Node| n.links.iter().any(|(f, to)| gone.contains(to) && n.requires(f));
            let more: Vec<u32> =
                self.nodes.iter().filter(|n| !gone.contains(&n.id)).filter(bound).map(|n| n.id).collect();
            if more.is_empty() {
                break;
            }
            gone.extend(more);
        }
        self.nodes.retain(|n| !gone.contains(&n.id));
        for node in &mut self.nodes {
            node.links.retain(|_, to| !gone.contains(to));
            node.after.retain(|to| !gone.contains(to));
            node.quote.take_if(|(of, _)| gone.contains(of));
        }
    }

    /// What the fields of a resource should be.
    pub(crate) fn wanted<'a>(&'a self, node: &'a Node) -> impl Iterator<Item = (&'static str, Should)> + 'a {
        node.schema().fields.iter().map(move |spec| {
            let value = if let Some(to) = node.links.get(spec.name) {
                self.node(*to).map_or(Should::None, |n| Should::Link(n.address()))
            } else if let Some(text) = node.texts.get(spec.name) {
                Should::Text(text.clone())
            } else if spec.name == "size" && node.size.is_some() {
                node.size.map_or(Should::None, Should::Number)
            } else if spec.name == "password" {
                Should::Text(format!("hunter2-{}", node.id))
            } else if spec.computed || spec.name_rule.is_some() || spec.name == "text" {
                Should::Any
            } else {
                Should::None
            };
            (spec.name, value)
        })
    }

    /// The graph of the program.
    pub(crate) fn graph(&self) -> Graph {
        let mut graph = frame();
        for node in &self.nodes {
            let provider = provider(node.kind == "Data");
            let schema = node.schema();
            let at = |id: u32| NodeId::from_index(self.position(id).unwrap_or_default());
            let mut inputs = Vec::new();
            for (i, spec) in schema.fields.iter().enumerate() {
                let expr = if let Some(to) = node.links.get(spec.name) {
                    Some(Expr::Attr(at(*to), ID))
                } else if let Some(text) = node.texts.get(spec.name) {
                    Some(Expr::Value(text.as_str().into()))
                } else if spec.name == "size" {
                    node.size.map(|n| Expr::Value(Value::Int(n)))
                } else if spec.name == "password" {
                    Some(Expr::Value(Value::from(format!("hunter2-{}", node.id)).into_secret()))
                } else if let Some((of, output)) = node.quote.as_ref().filter(|_| matches!(spec.name, "text" | "value"))
                {
                    let attr = Expr::Attr(at(*of), output.into());
                    Some(Expr::Format([Part::Text("of ".into()), Part::Expr(attr)].into()))
                } else {
                    (spec.name == "value").then(|| Expr::Value("plain".into()))
                };
                let index = u16::try_from(i).expect("few fields");
                inputs.extend(expr.map(|e| (index, e)));
            }
            let location = SourceLine { file: "program".into(), line: node.id };
            if node.kind == "Data" {
                let expr = Expr::Attr(NodeId::from_index(graph.nodes.len()), "value".into());
                graph.exports.push(Export { name: format!("e{}", node.id).into(), expr, location: location.clone() });
            }
            let options = Some(Box::new(self.options(node)));
            graph.nodes.push(graph::Node {
                address: node.address(),
                schema,
                inputs,
                options,
                provider,
                location,
                existing: None,
            });
        }
        graph
    }

    fn options(&self, node: &Node) -> Options {
        let names = |f: &String| node.schema().field(f).map(|s| s.name);
        Options {
            depends_on: node.after.iter().filter_map(|id| self.position(*id)).map(NodeId::from_index).collect(),
            protect: node.protect,
            ignore_changes: node.ignore.iter().filter_map(names).collect(),
            retain: node.retain,
            replace_order: node
                .create_first
                .map(|c| if c { ReplaceOrder::CreateFirst } else { ReplaceOrder::DeleteFirst }),
            formerly: node.formerly.iter().map(|p| Formerly { path: Some(p.into()), ty: None }).collect(),
            adopt: node.adopt.as_ref().map(SmolStr::from),
            ..Options::default()
        }
    }
}

/// A graph with both providers and nothing else. Only a stack can number providers, so one is built.
fn frame() -> Graph {
    let built = stack::build(STACK, &Answers::new(), |stack| {
        stack.add("data", Data::new("x"));
        stack.add("net", kinds::Net::new());
        Ok(())
    });
    match built {
        Ok(Built::Graph(graph)) => {
            let providers = graph.providers.clone();
            NUMBERS.get_or_init(|| (graph.nodes[0].provider, graph.nodes[1].provider));
            Graph { stack: STACK.into(), providers, ..Graph::default() }
        }
        _ => panic!("two plain resources"),
    }
}

static NUMBERS: std::sync::OnceLock<(ProviderId, ProviderId)> = std::sync::OnceLock::new();

fn provider(builtin: bool) -> ProviderId {
    let (data, sim) = NUMBERS.get().expect("the frame was built");
    if builtin { *data } else { *sim }
}

/// A program for the engine.
pub(crate) struct Fixed(pub(crate) Graph);

impl Program for Fixed {
    fn stack(&self) -> &str {
        STACK
    }

    fn build(&self, _: &Answers) -> Result<Built> {
        Ok(Built::Graph(self.0.clone()))
    }

    fn kinds(&self) -> Vec<&'static dyn ProviderKind> {
        vec![&SIM, &purlin_core::builtin::BUILTIN]
    }
}
