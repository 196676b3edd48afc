//! Cuts a failing case down: parts are taken out while the same invariant still breaks.
use super::{
    case::{Case, Run, Step, Weather},
    invariants::Invariant,
    life,
};

/// The smallest case found that breaks the same invariant.
pub(crate) fn shrink(case: &Case, invariant: Invariant) -> Case {
    let mut best = case.clone();
    loop {
        let smaller = candidates(&best).into_iter().find(|c| breaks(c, invariant));
        match smaller {
            Some(case) => best = case,
            None => return best,
        }
    }
}

fn breaks(case: &Case, invariant: Invariant) -> bool {
    life::live(case, false).1.is_err_and(|b| b.invariant == invariant)
}

/// Every case with one part less, the large parts first.
fn candidates(case: &Case) -> Vec<Case> {
    let mut all = Vec::new();
    let mut with = |change: &dyn Fn(&mut Vec<Step>)| {
        let mut smaller = case.clone();
        change(&mut smaller.steps);
        if smaller != *case {
            all.push(smaller);
        }
    };
    for i in (0..case.steps.len()).rev() {
        with(&|steps| {
            steps.remove(i);
        });
        // The edits of a step that is not run by itself can wait for the next one.
        if i + 1 < case.steps.len() {
            with(&|steps| {
                let step = steps.remove(i);
                steps[i].edits.splice(0..0, step.edits);
            });
        }
    }
    for i in 0..case.steps.len() {
        for cut in [8, 4, 2, 1] {
            for at in (0..case.steps[i].edits.len()).step_by(cut).rev() {
                with(&|steps| {
                    let end = (at + cut).min(steps[i].edits.len());
                    steps[i].edits.drain(at..end);
                });
            }
        }
        for at in 0..case.steps[i].meddling.len() {
            with(&|steps| {
                steps[i].meddling.remove(at);
            });
        }
        with(&|steps| steps[i].run = Run::default());
        with(&|steps| steps[i].run.weather = Weather::default());
        with(&|steps| steps[i].run.weather.throttled = 0);
        with(&|steps| steps[i].run.weather.failed = 0);
        with(&|steps| steps[i].run.weather.lost = 0);
        with(&|steps| steps[i].run.weather.denied.clear());
        with(&|steps| steps[i].run.crash = None);
        with(&|steps| steps[i].run.cancel = None);
        with(&|steps| steps[i].run.between = None);
        with(&|steps| steps[i].run.approved = None);
        with(&|steps| steps[i].run.target.clear());
        with(&|steps| steps[i].run.exclude.clear());
        with(&|steps| steps[i].run.refresh.clear());
        with(&|steps| steps[i].run.destroy = false);
    }
    all
}
