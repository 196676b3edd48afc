//! `why`: where a resource or a field comes from, and why it would change.
use purlin_core::{Diagnostic, Graph, NodeId, Result, codes};
use purlin_engine::{
    Cancel, PlanOptions,
    plan::{Goal, Refresh},
};

use super::planning;
use crate::{
    ExitCode, influence,
    session::{self, Session},
    stop::Stop,
    views::why,
};

/// What it does, for its `--help`.
pub(crate) const ABOUT: &str = "\
    Explain where a resource or one of its fields comes from, and why it would change.\n\n\
    Shows the line of the program, the settings that decide the field, the outputs that it is made from, what the \
    plan would do, and the chain of replacements that leads to it.";

/// Options of `why`.
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = "Examples:
  why net/private-a
  why net/private-a.cidr")]
pub struct Args {
    /// The resource as the plan shows it, and a field of it if one is meant.
    #[arg(value_name = "PATH[.FIELD]")]
    what: String,
}

/// Runs it.
pub(crate) async fn run(args: &Args, session: &Session<'_>, cancel: &Cancel) -> Result<ExitCode, Stop> {
    let loaded = session.load()?;
    let log = session.log().await?;
    let options = PlanOptions { goal: Goal::Apply, refresh: Refresh::Auto, ..PlanOptions::default() };
    let made = planning::look(session, &loaded, log.state(), &options, cancel).await?;
    let graph = &made.planned.graph;
    let (node, field) = find(graph, &args.what)?;
    let plan = &made.planned.plan;
    let path = graph.node(node).address.path.clone();
    let mut asked: Vec<influence::Place> = match &field {
        Some(field) => vec![(path, field.as_str().into())],
        None => graph.node(node).fields().map(|(spec, _)| (path.clone(), spec.name.into())).collect(),
    };
    asked.extend(why::led_by(plan, &graph.node(node).address));
    let influences = influence::on(session, &loaded.settings, graph, &made.planned.answers, asked);
    let question = why::Question {
        graph,
        plan,
        state: log.state(),
        schemas: &made.schemas,
        node,
        field: field.as_deref(),
        influences: &influences,
    };
    let out = &session.edge.out;
    out.page(&why::page(&question, out.width))?;
    Ok(ExitCode::Done)
}

/// A resource by its path, or a field of one. Names may hold dots, so the longest path that fits is meant.
fn find(graph: &Graph, what: &str) -> Result<(NodeId, Option<String>)> {
    if let Some(node) = graph.find(what) {
        return Ok((node, None));
    }
    let found = what.rsplit_once('.').and_then(|(path, field)| Some((graph.find(path)?, field)));
    let Some((node, field)) = found else {
        let told = Diagnostic::new(codes::TARGET_UNKNOWN, format!("the program has no resource `{what}`"));
        let near = session::nearest(what, graph.nodes.iter().map(|n| n.address.path.as_str()));
        return Err(match near {
            Some(near) => told.help(format!("did you mean `{near}`?")),
            None => told.help("a path stands as `plan` and `graph` show it: components and the name, joined by `/`"),
        }
        .into());
    };
    let schema = graph.node(node).schema;
    if schema.field(field).is_some() {
        return Ok((node, Some(field.to_owned())));
    }
    let names = || schema.fields.iter().map(|f| f.name);
    let told = Diagnostic::new(codes::TARGET_UNKNOWN, format!("a {} has no field `{field}`", schema.name));
    Err(match session::nearest(field, names()) {
        Some(near) => told.help(format!("did you mean `{near}`?")),
        None => told.help(format!("its fields are: {}", names().collect::<Vec<_>>().join(", "))),
    }
    .into())
}
