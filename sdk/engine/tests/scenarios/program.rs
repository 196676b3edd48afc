//! The program of a scenario: its lines, made into a graph each time the engine runs it.
use purlin_core::{
    Address, Expr, Graph, NodeId, Result, SmolStr, SourceLine, Value,
    graph::{Export, Node, ProviderId},
    lookup::Answers,
    options::{Formerly, Options, ReplaceOrder},
    provider::{ProviderConfig, ProviderKind},
    stack::{self, Built},
};
use purlin_engine::Program;

use super::{
    cloud::TEST,
    parse::{Words, duration},
    types,
};

/// The name of every stack here.
pub(super) const STACK: &str = "s";

/// A program as lines of a script.
#[derive(Clone, Debug, Default)]
pub(super) struct Lines {
    pub(super) lines: Vec<String>,
    /// The number of the cloud.
    pub(super) cloud: i64,
    /// The account of the default provider.
    pub(super) account: SmolStr,
    /// The digest of the settings.
    pub(super) settings: SmolStr,
}

impl Program for Lines {
    fn stack(&self) -> &str {
        STACK
    }

    fn build(&self, answers: &Answers) -> Result<Built> {
        let mut providers = Vec::new();
        let built = stack::build(STACK, answers, |stack| {
            providers.push(("default", stack.use_provider(self.provider(&self.account))));
            for line in &self.lines {
                if let Some((name, account)) = line.trim().strip_prefix("provider ").and_then(|l| l.split_once(' ')) {
                    providers.push((name, stack.provider(name, self.provider(account))));
                }
            }
            Ok(())
        })?;
        let Built::Graph(mut graph) = built else { return Ok(built) };
        for (i, line) in self.lines.iter().enumerate() {
            let location = SourceLine { file: "main".into(), line: u32::try_from(i + 1).unwrap_or(u32::MAX) };
            for line in many(line) {
                add(&mut graph, &providers, &line, location.clone());
            }
        }
        Ok(Built::Graph(graph))
    }

    fn settings_digest(&self) -> SmolStr {
        self.settings.clone()
    }

    fn kinds(&self) -> Vec<&'static dyn ProviderKind> {
        vec![&TEST]
    }
}

impl Lines {
    fn provider(&self, account: &str) -> ProviderConfig {
        let config = vec![
            ("account".into(), Expr::Value(account.into())),
            ("cloud".into(), Expr::Value(Value::Int(self.cloud))),
        ];
        ProviderConfig { config, ..ProviderConfig::ambient(&TEST) }
    }
}

/// `k{1..3}: Key` is three lines.
fn many(line: &str) -> Vec<String> {
    let range = line.split_once('{').and_then(|(start, rest)| {
        let (range, end) = rest.split_once('}')?;
        let (from, to) = range.split_once("..")?;
        Some((start, from.parse::<u32>().ok()?..=to.parse().ok()?, end))
    });
    match range {
        Some((start, numbers, end)) => numbers.map(|n| format!("{start}{n}{end}")).collect(),
        None => vec![line.to_owned()],
    }
}

fn add(graph: &mut Graph, providers: &[(&str, ProviderId)], line: &str, location: SourceLine) {
    let made = graph.clone();
    let nodes = |path: &str| made.find(path);
    let mut words = Words::new(line, &nodes);
    if words.take("provider ") {
        return;
    }
    if words.take("export ") {
        let (name, expr) = words.pair().expect("an export has a name and a value");
        graph.exports.push(Export { name: name.into(), expr, location });
        return;
    }
    let path = words.need("a path").strip_suffix(':').expect("a resource is `path: Type field=value`");
    let is_existing = words.take("existing ");
    let schema = types::named(words.need("a type"));
    let mut node = Node {
        address: Address::new(path, schema.name),
        schema,
        inputs: Vec::new(),
        options: None,
        provider: providers[0].1,
        location,
        existing: None,
    };
    if is_existing {
        node.existing = Some(words.need("an id").into());
    } else {
        while !words.is_done() && !words.take("| ") {
            let (name, expr) = words.pair().expect("a field");
            let field = schema.fields.iter().position(|f| f.name == name);
            let field = field.unwrap_or_else(|| panic!("{} has no field `{name}`", schema.name));
            node.inputs.push((u16::try_from(field).expect("few fields"), expr));
        }
        node.inputs.sort_by_key(|(field, _)| *field);
        while let Some(word) = words.word() {
            let value = if words.take("=") { words.word().unwrap_or_default() } else { "" };
            if word == "provider" {
                node.provider = providers.iter().find(|(name, _)| *name == value).expect("a provider above").1;
            } else {
                option(node.options.get_or_insert_default(), &nodes, schema, word, value);
            }
        }
    }
    graph.nodes.push(node);
}

fn option(
    options: &mut Options,
    nodes: &dyn Fn(&str) -> Option<NodeId>,
    schema: &purlin_core::Schema,
    name: &str,
    value: &str,
) {
    let list = || value.split(',');
    match name {
        "protect" => options.protect = true,
        "retain" => options.retain = true,
        "create-first" => options.replace_order = Some(ReplaceOrder::CreateFirst),
        "delete-first" => options.replace_order = Some(ReplaceOrder::DeleteFirst),
        "depends" => options.depends_on.extend(list().map(|path| nodes(path).expect("a resource above"))),
        "ignore" => options.ignore_changes.extend(list().map(|f| schema.field(f).expect("a field").name)),
        "adopt" => options.adopt = Some(value.into()),
        "formerly" => options.formerly.push(Formerly { path: Some(value.into()), ty: None }),
        "formerly-type" => {
            options.formerly.push(Formerly { path: None, ty: Some(types::named(value).name.into()) });
        }
        "timeout" => {
            let timeout = Some(duration(value));
            options.timeouts = purlin_core::options::Timeouts { create: timeout, update: timeout, delete: timeout };
        }
        other => panic!("there is no option `{other}`"),
    }
}
