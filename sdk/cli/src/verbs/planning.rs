//! What the verbs that make a plan share: the options of a plan, and the way to one.
use std::sync::Arc;

use clap::ValueEnum;
use purlin_core::lookup::Answers;
use purlin_engine::{
    Cancel, Engine, Observer, PlanOptions,
    engine::Planned,
    plan::{Goal, Refresh},
};
use purlin_state::State;

use crate::{
    app::Loaded,
    schemas::Schemas,
    session::Session,
    stop::{self, Stop},
    views::progress::Teller,
};

/// Options of a plan.
#[derive(Clone, Debug, clap::Args)]
#[group(skip)]
pub struct Args {
    /// What to read from the world before.
    #[arg(long, value_name = "WHAT", default_value = "all", help_heading = "Plan")]
    pub refresh: What,
    /// Only this resource, or all of this component, with what it needs. May be repeated.
    #[arg(long, value_name = "PATH", help_heading = "Selection")]
    pub target: Vec<String>,
    /// All but this resource or component, and what needs it. May be repeated.
    #[arg(long, value_name = "PATH", help_heading = "Selection")]
    pub exclude: Vec<String>,
    /// Replace this resource though nothing asks for it. May be repeated.
    #[arg(long, value_name = "PATH", help_heading = "Selection")]
    pub replace: Vec<String>,
    /// Refuse a plan that deletes more resources than this. Replacements count.
    #[arg(long, value_name = "N", help_heading = "Limits")]
    pub max_delete: Option<usize>,
    /// Refuse a plan that replaces more resources than this.
    #[arg(long, value_name = "N", help_heading = "Limits")]
    pub max_replace: Option<usize>,
}

/// What to read before a plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum What {
    /// Everything; it is batched by type, so it is cheap.
    All,
    /// What the plan would touch, and what was not seen for an hour.
    Auto,
    /// Nothing: plan from the state alone.
    None,
}

impl From<What> for Refresh {
    fn from(what: What) -> Self {
        match what {
            What::All => Self::All,
            What::Auto => Self::Auto,
            What::None => Self::None,
        }
    }
}

impl Args {
    /// The options for the engine.
    pub fn options(&self, goal: Goal) -> PlanOptions {
        PlanOptions {
            goal,
            refresh: self.refresh.into(),
            target: self.target.clone(),
            exclude: self.exclude.clone(),
            replace: self.replace.clone(),
            max_delete: self.max_delete,
            max_replace: self.max_replace,
        }
    }
}

/// A plan that was made, with what views need beside it.
pub struct Made {
    /// The plan.
    pub planned: Planned,
    /// The types of its resources.
    pub schemas: Schemas,
}

/// Plans from a state and tells about it meanwhile. A request to stop ends it at once: nothing was changed.
///
/// # Errors
/// Those of [`Engine::plan`], and that it was cancelled.
pub async fn plan(
    session: &Session<'_>,
    engine: &mut Engine<'_>,
    state: &State,
    options: &PlanOptions,
    answers: Answers,
    cancel: &Cancel,
) -> Result<Made, Stop> {
    let planned = tokio::select! {
        planned = engine.plan(state, options, answers) => planned?,
        () = cancel.cancelled() => return Err(stop::cancelled().into()),
    };
    let schemas = Schemas::of_kinds(&session.app.kinds).and_graph(&planned.graph);
    Ok(Made { planned, schemas })
}

/// A plan on its own, for verbs that change nothing.
///
/// # Errors
/// As [`plan`].
pub async fn look(
    session: &Session<'_>,
    loaded: &Loaded,
    state: &State,
    options: &PlanOptions,
    cancel: &Cancel,
) -> Result<Made, Stop> {
    let teller = Teller::start(session.edge.err.clone(), session.world().clone());
    let observer: Arc<dyn Observer> = teller.clone();
    let mut engine = Engine::new(&*loaded.program, session.world().clone(), observer);
    let made = plan(session, &mut engine, state, options, Answers::new(), cancel).await;
    teller.finish();
    made
}
