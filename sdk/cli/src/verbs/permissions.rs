//! `permissions`: the least policies that plan, apply and destroy of the stack need.
use clap::ValueEnum;
use purlin_core::{Diagnostic, codes};
use purlin_engine::{
    Action, Cancel, PlanOptions,
    plan::{Goal, Refresh},
};

use super::planning;
use crate::{
    ExitCode,
    session::Session,
    stop::Stop,
    views::{
        diagnostic::{self, Level},
        permissions::{self, Needs},
    },
};

/// What it does, for its `--help`.
pub(crate) const ABOUT: &str = "\
    Print the least policies that plan, apply and destroy of this stack need, as IAM policy documents.\n\n\
    They follow from what each resource type declares for its verbs: plan reads; apply reads, creates and updates \
    the types of the program, and deletes those of which the plan deletes or replaces something; destroy reads \
    and deletes. Resources in them are `*`: cut them down to your account's names where you can.";

/// Options of `permissions`.
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = "Examples:
  permissions --stack prod
  permissions --for apply > policy.json")]
pub struct Args {
    /// Only the policy for this verb, as one bare document.
    #[arg(long = "for", value_name = "VERB")]
    only: Option<Purpose>,
}

/// What a policy is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Purpose {
    /// To plan.
    Plan,
    /// To apply.
    Apply,
    /// To destroy.
    Destroy,
}

/// Runs it.
pub(crate) async fn run(args: &Args, session: &Session<'_>, cancel: &Cancel) -> Result<ExitCode, Stop> {
    let loaded = session.load()?;
    let log = session.log().await?;
    let options = PlanOptions { goal: Goal::Apply, refresh: Refresh::None, ..PlanOptions::default() };
    let made = planning::look(session, &loaded, log.state(), &options, cancel).await?;
    let mut needs = Needs::default();
    for node in &made.planned.graph.nodes {
        needs.wants(node.schema, node.existing.is_some());
    }
    needs.asks(made.planned.graph.lookup_actions.iter().copied());
    for object in log.state().objects.values() {
        match made.schemas.get(&object.key.address.ty) {
            Some(schema) => needs.holds(schema),
            None => {
                let ty = &object.key.address.ty;
                let told = Diagnostic::new(codes::DRIVER_MISSING, format!("this program has no resource type {ty}"))
                    .note("its permissions are not in the policies");
                session.edge.err.page(&diagnostic::one(&told, Level::Note, session.edge.err.width))?;
            }
        }
    }
    for op in made.planned.plan.ops.iter().filter(|op| matches!(op.action, Action::Delete)) {
        if let Some(schema) = made.schemas.get(&op.key.address.ty) {
            needs.deletes(schema);
        }
    }
    let out = &session.edge.out;
    match args.only {
        Some(Purpose::Plan) => out.text(&permissions::document(needs.plan()))?,
        Some(Purpose::Apply) => out.text(&permissions::document(needs.apply()))?,
        Some(Purpose::Destroy) => out.text(&permissions::document(needs.destroy()))?,
        None => out.text(&permissions::all(&needs))?,
    }
    Ok(ExitCode::Done)
}
