//! The kills: each step that changes something is taken again, once for every API call that it makes, and the process
//! dies at that call. An ordinary run must then put all to right.
//!
//! - Steps: a create with everything set, an update of everything, a delete. A replacement is a create and a delete. An
//!   update goes through the same `sync` that ends a create: of its calls, only the first is killed, and those that the
//!   create did not make.
//! - A call that changes something is lost twice: before it is served, and after it was served but before its answer
//!   arrives. For one that only reads the two leave the same world behind, and so do all reads in a row of one verb, since
//!   nothing is written down between them: one kill, at the first, stands for them all.
//! - *Dies* means: the engine is dropped at the moment when the driver's verb fails, with whatever it had under way. What
//!   it had written is all that the next run knows.
//! - *Puts to right* means: the next run does all it plans, with no word from a person; one object is there, as wanted; a
//!   second plan is empty; and in the account there are as many things of each kind as without the kill, so nothing was
//!   made twice or left behind. That run takes place after the type's settle time.
use std::{
    collections::BTreeSet,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};

use super::{
    broken::Result,
    cases::Spec,
    iam,
    life::{Crossing, Life, block_on},
    run::{Killed, Run},
    watch::Seen,
};
use crate::{Call, Fault};

/// So many kills are tried at once, each in an account of its own.
const AT_ONCE: usize = 4;

/// A kill: at which call of which step, and on which side of the service.
struct Kill<'a> {
    crossing: &'a Crossing,
    /// Counted from 1, over the whole apply.
    nth: usize,
    call: &'a Call,
    fault: Fault,
}

/// Tries them all. Gives their number.
pub(super) fn all(spec: &Spec, life: &Life) -> Result<usize> {
    let mut kills: Vec<Kill<'_>> = life.crossings.iter().flat_map(kills_of).collect();
    let creating = kills.iter().filter(|kill| kill.crossing.is_create());
    let known: BTreeSet<&str> = creating.map(|kill| kill.call.operation.as_str()).collect();
    kills.retain(|kill| !kill.crossing.is_update() || kill.nth == 1 || !known.contains(kill.call.operation.as_str()));
    let (next, broken) = (AtomicUsize::new(0), Mutex::new(None));
    thread::scope(|scope| {
        for _ in 0..AT_ONCE.min(kills.len()) {
            scope.spawn(|| {
                while let Some(kill) = kills.get(next.fetch_add(1, Ordering::SeqCst)) {
                    if let Err(found) = block_on(spec, one(spec, kill)) {
                        // The rest is not tried: the first is what a person mends first.
                        next.store(kills.len(), Ordering::SeqCst);
                        broken.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(found);
                    }
                }
            });
        }
    });
    match broken.into_inner().unwrap_or_else(PoisonError::into_inner) {
        Some(found) => Err(found),
        None => Ok(kills.len()),
    }
}

/// The answer to a create is lost, and the process lives: the same run must find what was made and go on with it. Gives
/// what its verbs called.
pub(super) fn lost_answer(spec: &Spec, life: &Life) -> Result<Vec<Seen>> {
    let created = life.crossings.iter().find(|crossing| crossing.is_create());
    let lost = created.into_iter().flat_map(kills_of).find(|kill| kill.fault == Fault::LoseResponse);
    let Some(kill) = lost else { return Ok(Vec::new()) };
    block_on(spec, async {
        let mut run = before(spec, &kill).await?;
        run.enter(format!("{}, the answer to call {} ({}) lost", kill.crossing.name, kill.nth, kill.call.name()));
        run.watched.record();
        run.lose(kill.crossing.to.as_deref(), kill.nth, kill.fault.clone()).await?;
        is_right(&run, &kill).await?;
        Ok(std::mem::take(&mut run.log))
    })
}

fn kills_of(crossing: &Crossing) -> Vec<Kill<'_>> {
    let (mut kills, mut nth) = (Vec::new(), 0);
    for seen in &crossing.verbs {
        let mut reading = false;
        for call in &seen.calls {
            nth += 1;
            let faults: &[Fault] = match (iam::mutates(&call.operation), reading) {
                (true, _) => &[Fault::LoseRequest, Fault::LoseResponse],
                (false, false) => &[Fault::LoseRequest],
                (false, true) => &[],
            };
            reading = !iam::mutates(&call.operation);
            kills.extend(faults.iter().map(|fault| Kill { crossing, nth, call, fault: fault.clone() }));
        }
    }
    kills
}

impl Kill<'_> {
    fn name(&self) -> String {
        let (when, was) = match self.fault {
            Fault::LoseResponse => ("after", "served"),
            _ => ("before", "sent"),
        };
        format!("{}, killed {when} call {} ({}) was {was}", self.crossing.name, self.nth, self.call.name())
    }
}

/// A stack that stands before the step.
async fn before<'a>(spec: &'a Spec, kill: &Kill<'_>) -> Result<Run<'a>> {
    let mut run = Run::fresh(spec).await?;
    run.enter(kill.name());
    run.blind = true;
    for from in &kill.crossing.from {
        run.apply(from.as_deref()).await?;
    }
    if kill.crossing.filled
        && let Some(fill) = &spec.fill
    {
        fill(&run.account, &run.object().await?.id);
    }
    run.blind = false;
    Ok(run)
}

async fn one(spec: &Spec, kill: &Kill<'_>) -> Result<()> {
    let to = kill.crossing.to.as_deref();
    let mut run = before(spec, kill).await?;
    match run.kill(to, kill.nth, kill.fault.clone()).await? {
        Killed::Yes => {}
        Killed::No(report) => {
            let rules = run.account.rules().map_err(|e| run.broken(e.to_string()))?;
            let met = rules.iter().any(|rule| rule.hits > 0);
            let what = if met { "the driver took no notice of a lost call" } else { "the call was never made" };
            return Err(run.broken(format!("{what}: {report:?}")));
        }
    }
    run.later();
    run.apply(to).await.map_err(|broken| broken.then("the run after it"))?;
    is_right(&run, kill).await.map_err(|broken| broken.then("after the run after it"))
}

/// All is as it would be if nothing had happened.
async fn is_right(run: &Run<'_>, kill: &Kill<'_>) -> Result<()> {
    run.is_settled(kill.crossing.to.as_deref()).await?;
    if kill.crossing.to.is_some() {
        run.object().await?;
    }
    let counts = run.counts()?;
    if counts == kill.crossing.counts {
        return Ok(());
    }
    let (expected, found) = (&kill.crossing.counts, run.inventory()?);
    Err(run.broken(format!("{expected:?} should be there, but this is:\n{found}")))
}
