//! `graph`: the graph of resources, for drawing.
use std::sync::Arc;

use clap::ValueEnum;
use purlin_core::lookup::Answers;
use purlin_engine::{Cancel, Engine, Observer};

use crate::{
    ExitCode,
    session::Session,
    stop::{self, Stop},
    views::{graph, progress::Teller},
};

/// What it does, for its `--help`.
pub(crate) const ABOUT: &str = "\
    Print the graph of resources: components as boxes, an arrow from each resource to what it is made from, with \
    the field that refers to it.";

/// Options of `graph`.
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = "Examples:
  graph | dot -Tsvg > graph.svg
  graph --format mermaid               for Markdown")]
pub struct Args {
    /// The language of the drawing.
    #[arg(long, value_name = "LANGUAGE", default_value = "dot")]
    format: Language,
}

/// The language of a drawing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Language {
    /// Graphviz.
    Dot,
    /// Mermaid, which Markdown on code hosts draws.
    Mermaid,
}

/// Runs it.
pub(crate) async fn run(args: &Args, session: &Session<'_>, cancel: &Cancel) -> Result<ExitCode, Stop> {
    let loaded = session.load()?;
    let teller = Teller::start(session.edge.err.clone(), session.world().clone());
    let observer: Arc<dyn Observer> = teller.clone();
    let mut engine = Engine::new(&*loaded.program, session.world().clone(), observer);
    let built = tokio::select! {
        built = engine.build(Answers::new()) => built.map_err(Stop::from),
        () = cancel.cancelled() => Err(stop::cancelled().into()),
    };
    teller.finish();
    let (built, _) = built?;
    let text = match args.format {
        Language::Dot => graph::dot(&built),
        Language::Mermaid => graph::mermaid(&built),
    };
    session.edge.out.text(&text)?;
    Ok(ExitCode::Done)
}
