//! One run of the engine, as the command line makes it: begin, plan, compare with what was approved, apply, end. Until it dies.
use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use purlin_core::{Error, codes, diagnostic::Diagnostic, lookup::Answers};
use purlin_engine::{
    ApplyOptions, Cancel, Engine, Plan, PlanOptions, Report,
    plan::{Goal, Refresh},
    saved::{self, PlanFile},
};
use purlin_state::{Holder, Log, Outcome};
use tokio::time::Instant;

use super::{
    case::{Crash, Run},
    cloud::Cloud,
    invariants::{self, Breach, Invariant},
    life::HUNG,
    program::Spec,
};

/// What a run works with.
pub(crate) struct Work<'p> {
    pub(crate) engine: Engine<'p>,
    pub(crate) log: Log,
    pub(crate) options: PlanOptions,
    pub(crate) approved: Option<PlanFile>,
    pub(crate) destroy: bool,
    pub(crate) notes: Arc<Mutex<Notes>>,
}

/// What is known of a run though it died.
#[derive(Default)]
pub(crate) struct Notes {
    plan: Option<Plan>,
    applying: Option<Instant>,
}

/// How a run ended.
pub(crate) enum End {
    /// The process died.
    Died,
    /// It waits for ever.
    Hung,
    /// The state could not be written: for the run, that is the end.
    State(Vec<Diagnostic>),
    /// Nothing was begun.
    Refused(Vec<Diagnostic>, bool),
    /// It went through.
    Applied(Report),
}

/// The options of a run's plan.
pub(crate) fn options(run: &Run, spec: &Spec) -> PlanOptions {
    let paths = |ids: &[u32]| ids.iter().filter_map(|id| spec.node(*id)).map(|n| n.path.clone()).collect();
    PlanOptions {
        goal: if run.destroy { Goal::Destroy } else { Goal::Apply },
        refresh: match run.refresh.as_str() {
            "auto" => Refresh::Auto,
            "none" => Refresh::None,
            _ => Refresh::All,
        },
        target: paths(&run.target),
        exclude: paths(&run.exclude),
        ..PlanOptions::default()
    }
}

/// Runs until the end, whichever it is. Tells also whether there was a plan.
pub(crate) async fn live(work: Work<'_>, cloud: &Cloud, run: &Run) -> (End, bool) {
    let (cancel, notes) = (Cancel::default(), work.notes.clone());
    let approved = work.approved.as_ref().map(|a| a.plan.clone());
    let cancelling = async {
        match run.cancel {
            Some(after) => tokio::time::sleep(Duration::from_millis(after)).await,
            None => std::future::pending().await,
        }
        cancel.cancel();
        let asked = Instant::now();
        // The run has its grace from here; a breach is found when it ends too late.
        notes.lock().expect("one at a time").applying.get_or_insert(asked);
        std::future::pending::<()>().await;
    };
    let dying = async {
        match run.crash {
            Some(Crash::Time(after)) => tokio::time::sleep(Duration::from_millis(after)).await,
            _ => std::future::pending().await,
        }
    };
    let end = tokio::select! {
        biased;
        () = cloud.died() => End::Died,
        () = dying => End::Died,
        () = cancelling => End::Hung,
        end = tokio::time::timeout(HUNG, through(work, &cancel)) => end.unwrap_or(End::Hung),
    };
    let planned = check_calls(cloud, &notes, approved);
    if let End::Applied(report) = &end
        && report.cancelled
        && run.cancel.is_some()
    {
        let since = notes.lock().expect("one at a time").applying.map(|at| at.elapsed()).unwrap_or_default();
        if since > ApplyOptions::default().grace + Duration::from_secs(1) {
            cloud.lock().breach(Invariant::RunsEnd, format!("it went on for {since:?} after it was asked to stop"));
        }
    }
    (end, planned)
}

fn check_calls(cloud: &Cloud, notes: &Mutex<Notes>, approved: Option<Plan>) -> bool {
    let made = std::mem::take(&mut cloud.lock().made);
    let planned = notes.lock().expect("one at a time").plan.take();
    let nothing = Plan::default();
    for plan in [Some(planned.as_ref().unwrap_or(&nothing)), approved.as_ref()].into_iter().flatten() {
        if let Err(breach) = invariants::within(&made, plan) {
            cloud.lock().breach(breach.invariant, breach.what);
        }
    }
    planned.is_some()
}

async fn through(mut work: Work<'_>, cancel: &Cancel) -> End {
    let verb = if work.destroy { "destroy" } else { "apply" };
    let holder = Holder { who: "sim".into(), verb: verb.into(), ..Holder::default() };
    if let Err(error) = work.engine.begin(&mut work.log, holder, None).await {
        return refused(error, false);
    }
    let answers = work.approved.as_ref().map_or_else(Answers::new, PlanFile::answers);
    let planned = match work.engine.plan(work.log.state(), &work.options, answers).await {
        Ok(planned) => planned,
        Err(error) => return end_refused(&mut work, error).await,
    };
    if let Some(file) = &work.approved {
        let compared = file.check_place(&planned.binding).and_then(|()| saved::compare(file, &planned.plan));
        if let Err(error) = compared {
            return end_refused(&mut work, error).await;
        }
    }
    {
        let mut notes = work.notes.lock().expect("one at a time");
        notes.plan = Some(planned.plan.clone());
        // A stop that was asked for earlier counts from here.
        notes.applying = notes.applying.map(|_| Instant::now());
    }
    let report = work.engine.apply(&mut work.log, planned, &ApplyOptions::default(), cancel).await;
    let report = match report {
        Ok(report) => report,
        Err(error) => return refused(error, true),
    };
    let outcome = if report.is_complete() { Outcome::Done } else { Outcome::Failed };
    match work.engine.end(&mut work.log, outcome).await {
        Ok(()) => End::Applied(report),
        Err(error) => refused(error, true),
    }
}

async fn end_refused(work: &mut Work<'_>, error: Error) -> End {
    match work.engine.end(&mut work.log, Outcome::Failed).await {
        Ok(()) => refused(error, true),
        Err(error) => refused(error, true),
    }
}

fn refused(error: Error, begun: bool) -> End {
    let told = error.diagnostics().to_vec();
    let state = [codes::STATE_UNREADABLE, codes::STATE_LOCKED];
    if told.iter().all(|d| state.contains(&d.code)) { End::State(told) } else { End::Refused(told, begun) }
}

/// Whether an end is one that its run explains; true when the program asked for what is protected.
pub(crate) fn judge(run: &Run, end: &End) -> Result<bool, Breach> {
    let breach = |invariant, what| Err(Breach { invariant, what });
    let text = |told: &[Diagnostic]| told.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n");
    let stormy = run.weather != super::case::Weather::default();
    match end {
        End::Died => Ok(false),
        End::Hung => breach(Invariant::RunsEnd, "the run waits for ever".into()),
        End::State(_) if matches!(run.crash, Some(Crash::Write(..))) => Ok(false),
        End::State(told) => breach(Invariant::StateValid, text(told)),
        End::Refused(told, _) => {
            let fits = told.iter().all(|d| match d.code {
                codes::PROTECTED => true,
                codes::TARGET_UNSAFE => !run.target.is_empty(),
                codes::PLAN_CHANGED => run.approved.as_ref().is_some_and(|m| !m.is_empty()) || run.between.is_some(),
                codes::READ_FAILED | codes::DENIED => stormy,
                // Whether a bucket that says nothing of its owner is ours, only a person knows.
                codes::IN_DOUBT => true,
                _ => false,
            });
            if fits {
                Ok(told.iter().any(|d| d.code == codes::PROTECTED))
            } else {
                breach(Invariant::PlanPossible, text(told))
            }
        }
        End::Applied(report) => match report.failed.iter().find(|(_, d)| d.code == codes::OUTSIDE_PLAN) {
            Some((_, told)) => breach(Invariant::WithinPlan, told.to_string()),
            None => Ok(false),
        },
    }
}
