//! The way of a change, for `apply` and `destroy`: plan → approval → lock → the same plan still? → apply → report.
//!
//! 1. The plan is made without the lock, so that others may work while a person thinks.
//! 2. After the approval the lock is taken, and what an earlier run left open is settled.
//! 3. If the state is then not what the plan was made from, it is planned again and must not do more than was approved.
use std::sync::Arc;

use purlin_core::{Diagnostic, Result, codes};
use purlin_engine::{
    ApplyOptions, Cancel, Engine, Observer, PlanOptions, Report,
    engine::Planned,
    saved::{self, PlanFile},
};
use purlin_state::{Log, Outcome, State};

use super::planning::{self, Made};
use crate::{
    ExitCode,
    args::Format,
    session::Session,
    stop::{self, Stop},
    views::{
        json, plan,
        progress::Teller,
        report,
        text::{Line, Role},
    },
};

/// Options of verbs that change things.
#[derive(Clone, Debug, clap::Args)]
#[group(skip)]
pub struct Args {
    /// Do not ask.
    #[arg(long, short, help_heading = "Apply")]
    pub(crate) yes: bool,
    /// At most so many operations at once for each provider.
    #[arg(long, value_name = "N", default_value_t = ApplyOptions::default().parallelism, help_heading = "Apply")]
    parallelism: usize,
    /// Begin nothing more after the first failure.
    #[arg(long, help_heading = "Apply")]
    fail_fast: bool,
    /// The form of the answer.
    #[arg(long, value_name = "FORM", default_value = "text", help_heading = "Output")]
    pub(crate) format: Format,
}

/// What is to be done.
pub(crate) struct Change {
    /// The verb's name.
    pub verb: &'static str,
    /// How the plan is made.
    pub options: PlanOptions,
    /// Who approves it.
    pub approval: Approval,
}

/// Who approves a plan.
pub(crate) enum Approval {
    /// A person, who has to type this.
    Asked {
        /// What approves it.
        phrase: String,
    },
    /// `--yes`
    Given,
    /// A saved plan.
    Saved(Box<PlanFile>),
}

/// Runs it.
pub(crate) async fn run(session: &Session<'_>, change: Change, args: &Args, cancel: &Cancel) -> Result<ExitCode, Stop> {
    // What cannot work is refused before anything is read.
    if matches!(change.approval, Approval::Asked { .. }) && session.edge.ask.is_none() {
        return Err(nobody_to_ask(session, change.verb).into());
    }
    let loaded = session.load()?;
    let mut log = session.log().await?;
    let before = log.state().clone();
    let teller = Teller::start(session.edge.err.clone(), session.world().clone());
    let observer: Arc<dyn Observer> = teller.clone();
    let mut engine = Engine::new(&*loaded.program, session.world().clone(), observer);

    let answers = match &change.approval {
        Approval::Saved(file) => file.answers(),
        _ => purlin_core::lookup::Answers::new(),
    };
    let made = planning::plan(session, &mut engine, &before, &change.options, answers, cancel).await;
    let made = told(&teller, made)?;
    if let Approval::Saved(file) = &change.approval {
        file.check_place(&made.planned.binding)?;
        saved::compare(file, &made.planned.plan)?;
    }
    let out = &session.edge.out;
    if args.format == Format::Text {
        out.page(&plan::page(&made.planned.plan, &made.schemas, out.width))?;
    }
    if made.planned.plan.is_empty() && before.intents.is_empty() {
        if args.format == Format::Json {
            out.text(&json::report(&made.planned.plan, &Report::default()))?;
        }
        return Ok(ExitCode::Done);
    }
    if let Approval::Asked { phrase } = &change.approval {
        ask(session, change.verb, phrase, cancel).await?;
    }

    let teller = Teller::start(session.edge.err.clone(), session.world().clone());
    let observer: Arc<dyn Observer> = teller.clone();
    let mut engine = Engine::new(&*loaded.program, session.world().clone(), observer);
    let carried = carry_out(session, &mut engine, &mut log, &before, made, &change, args, cancel).await;
    let (plan, report) = told(&teller, carried)?;
    match args.format {
        Format::Text => out.page(&report::page(&plan, &report, &session.command(change.verb), out.width))?,
        Format::Json => out.text(&json::report(&plan, &report))?,
    }
    Ok(if report.cancelled {
        ExitCode::Cancelled
    } else if report.is_complete() {
        ExitCode::Done
    } else {
        ExitCode::Failed
    })
}

/// Ends the talk before a result is passed on, so that what follows stands below it.
fn told<T>(teller: &Teller, result: Result<T, Stop>) -> Result<T, Stop> {
    teller.finish();
    result
}

#[expect(clippy::too_many_arguments, reason = "the steps of one run share all of it, and nothing else does")]
async fn carry_out(
    session: &Session<'_>,
    engine: &mut Engine<'_>,
    log: &mut Log,
    before: &State,
    made: Made,
    change: &Change,
    args: &Args,
    cancel: &Cancel,
) -> Result<(purlin_engine::Plan, Report), Stop> {
    let approved = PlanFile::new(&made.planned);
    let begun = tokio::select! {
        begun = engine.begin(log, session.holder(change.verb), Some(approved.digest())) => begun.map_err(Stop::from),
        () = cancel.cancelled() => Err(stop::cancelled().into()),
    };
    let applied = match begun {
        Ok(()) => apply(session, engine, log, before, made.planned, &approved, change, args, cancel).await,
        Err(stop) => Err(stop),
    };
    let outcome = match &applied {
        Ok((_, report)) if report.cancelled => Outcome::Cancelled,
        Ok((_, report)) if report.is_complete() => Outcome::Done,
        Err(_) if cancel.is_cancelled() => Outcome::Cancelled,
        Ok(_) | Err(_) => Outcome::Failed,
    };
    let ended = engine.end(log, outcome).await;
    // The first error is the one to tell: that a run which never began cannot be ended is no news.
    let applied = applied?;
    ended?;
    Ok(applied)
}

#[expect(clippy::too_many_arguments, reason = "as its caller")]
async fn apply(
    session: &Session<'_>,
    engine: &mut Engine<'_>,
    log: &mut Log,
    before: &State,
    planned: Planned,
    approved: &PlanFile,
    change: &Change,
    args: &Args,
    cancel: &Cancel,
) -> Result<(purlin_engine::Plan, Report), Stop> {
    let now = log.state();
    let same = now.objects == before.objects && now.intents == before.intents && now.exports == before.exports;
    let planned = if same && before.intents.is_empty() {
        planned
    } else {
        let state = now.clone();
        let again = planning::plan(session, engine, &state, &change.options, planned.answers, cancel).await?.planned;
        saved::compare(approved, &again.plan)?;
        again
    };
    let options =
        ApplyOptions { parallelism: args.parallelism.max(1), fail_fast: args.fail_fast, ..ApplyOptions::default() };
    let plan = planned.plan.clone();
    let report = engine.apply(log, planned, &options, cancel).await?;
    Ok((plan, report))
}

/// Asks until the phrase was typed; anything else declines.
async fn ask(session: &Session<'_>, verb: &str, phrase: &str, cancel: &Cancel) -> Result<(), Stop> {
    let Some(ask) = session.edge.ask.clone() else { return Err(nobody_to_ask(session, verb).into()) };
    let err = &session.edge.err;
    let question = Line::new()
        .with(Role::Strong, format!("To {verb} this, type `{phrase}`"))
        .with(Role::Plain, "; anything else changes nothing:");
    err.text(&format!("\n{} ", question.rendered(err.colour).trim_end()))?;
    let typed = tokio::select! {
        typed = tokio::task::spawn_blocking(move || ask()) => typed,
        () = cancel.cancelled() => {
            err.text("\n")?;
            return Err(stop::cancelled().into());
        }
    };
    match typed {
        Ok(Ok(text)) if text.trim() == phrase => Ok(()),
        _ => {
            Err(Diagnostic::new(codes::NEEDS_APPROVAL, "the plan was not approved").note("nothing was changed").into())
        }
    }
}

fn nobody_to_ask(session: &Session<'_>, verb: &str) -> Diagnostic {
    let told = Diagnostic::new(codes::NEEDS_APPROVAL, "nobody is there to approve the plan: no terminal to ask on")
        .note("nothing was changed");
    match verb {
        "apply" => told
            .help(format!("review a saved plan: {}", session.command("plan --out FILE")))
            .help(format!("then apply it: {}", session.command("apply FILE")))
            .help("or pass --yes to apply whatever the plan says"),
        _ => told.help("pass --yes to do it all the same"),
    }
}
