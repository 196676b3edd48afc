//! The kills: each step that changes something is taken again, once for every API call that it makes, and the process
//! dies at that call. An ordinary run must then put all to right.
//!
//! - Steps: a create with everything set, an update of everything, a delete. A replacement is a create and a delete.
//! - A call that changes something is lost twice: before it is served, and after it was served but before its answer
//!   arrives. For one that only reads the two leave the same world behind, so one is enough.
//! - *Dies* means: the engine is dropped at the moment when the driver's verb fails, with whatever it had under way. What
//!   it had written is all that the next run knows.
//! - *Puts to right* means: the next run does all it plans, with no word from a person; one object is there, as wanted; a
//!   second plan is empty; and in the account there are as many things of each kind as without the kill, so nothing was
//!   made twice or left behind. That run takes place after the type's settle time.
use std::{
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
    life::{Crossing, Life, block_on, is_as_wanted},
    run::{Killed, Run},
    watch::Seen,
};
use crate::Fault;

/// So many kills are tried at once, each in an account of its own.
const AT_ONCE: usize = 4;

/// A kill: at which call of which step, and on which side of the service.
struct Kill<'a> {
    crossing: &'a Crossing,
    nth: usize,
    fault: Fault,
}

/// Tries them all. Gives their number.
pub(super) fn all(spec: &Spec, life: &Life) -> Result<usize> {
    let kills: Vec<Kill<'_>> = life.crossings.iter().flat_map(kills_of).collect();
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

/// What the verbs call when a create was made and nobody knows: the run that finds it again.
pub(super) fn found_again(spec: &Spec, life: &Life) -> Result<Vec<Seen>> {
    let created = life.crossings.iter().find(|c| c.from.is_none());
    let nth = created.and_then(|c| c.calls.iter().position(|call| iam::mutates(&call.operation)));
    let Some((crossing, nth)) = created.zip(nth) else { return Ok(Vec::new()) };
    let kill = Kill { crossing, nth: nth + 1, fault: Fault::LoseResponse };
    block_on(spec, async {
        let mut run = killed(spec, &kill).await?;
        run.watched.record();
        run.apply(crossing.to.as_deref()).await?;
        Ok(std::mem::take(&mut run.log))
    })
}

fn kills_of(crossing: &Crossing) -> impl Iterator<Item = Kill<'_>> {
    crossing.calls.iter().enumerate().flat_map(move |(i, call)| {
        let faults = if iam::mutates(&call.operation) {
            vec![Fault::LoseRequest, Fault::LoseResponse]
        } else {
            vec![Fault::LoseRequest]
        };
        faults.into_iter().map(move |fault| Kill { crossing, nth: i + 1, fault })
    })
}

impl Kill<'_> {
    fn name(&self) -> String {
        let call = self.crossing.calls[self.nth - 1].name();
        let side = if self.fault == Fault::LoseResponse { "was served" } else { "was sent" };
        let when = if self.fault == Fault::LoseResponse { "after" } else { "before" };
        format!("{}, killed {when} call {} ({call}) {side}", self.crossing.name, self.nth)
    }
}

/// A stack whose run has died, some time later.
async fn killed<'a>(spec: &'a Spec, kill: &Kill<'_>) -> Result<Run<'a>> {
    let Crossing { from, to, .. } = kill.crossing;
    let (from, to) = (from.as_deref(), to.as_deref());
    let mut run = Run::fresh(spec).await?;
    run.enter(kill.name());
    run.apply(from).await?;
    if kill.crossing.filled
        && let Some(fill) = &spec.fill
    {
        fill(&run.account, &run.object().await?.id);
    }
    let nth = u64::try_from(kill.nth).unwrap_or(u64::MAX);
    match run.kill(to, nth, kill.fault.clone()).await? {
        Killed::Yes => {}
        Killed::No(report) => {
            let rules = run.account.rules().map_err(|e| run.broken(e.to_string()))?;
            let met = rules.iter().any(|rule| rule.hits > 0);
            let what = if met { "the driver took no notice of a lost call" } else { "the call was never made" };
            return Err(run.broken(format!("{what}: {report:?}")));
        }
    }
    run.later();
    Ok(run)
}

async fn one(spec: &Spec, kill: &Kill<'_>) -> Result<()> {
    let to = kill.crossing.to.as_deref();
    let mut run = killed(spec, kill).await?;
    put_right(&mut run, to).await.map_err(|broken| broken.then("the run after it"))?;
    let counts = run.counts()?;
    if counts == kill.crossing.counts {
        return Ok(());
    }
    let (expected, found) = (&kill.crossing.counts, run.inventory()?);
    Err(run.broken(format!("{expected:?} should be there, but this is:\n{found}")))
}

async fn put_right(run: &mut Run<'_>, to: Option<&[usize]>) -> Result<()> {
    run.apply(to).await?;
    match to {
        Some(which) => is_as_wanted(run, which).await,
        None => run.is_settled(None).await,
    }
}
