//! The harness: one call that takes a resource type through everything that its driver must get right, against a real
//! API.
//!
//! - [`verbs`]: the whole life of one object through the engine, every change of [`Cases`] on the way, and then the same
//!   again with a kill at each API call, each followed by an ordinary run that must put all to right.
//! - [`actions()`]: the calls that each verb really made, against the IAM actions that the type declares for it.
//! - [`all`]: both, with one straight life for the two.
//!
//! ```ignore
//! let cases = Cases::new(provider, |stack| stack.add("vpc", Vpc::new(range)), |vpc| Subnet::new(vpc, block))
//!     .update([Subnet::TAGS], |subnet, _| subnet.tags(Tags::new([("team", "data")])))
//!     .replace([Subnet::CIDR], |_, vpc| Subnet::new(vpc, another))
//!     .unseen("ec2:DescribeTags", "only read when an ownership tag is wrong");
//! all(&cases)?;
//! ```
//!
//! Neither knows a cloud: they see a provider's connection, which they watch ([`watch`]), and the account of the lab, whose
//! call log is the outside witness. What the engine does between two calls is proved by the engine's own simulation; here
//! stands what only a driver can get wrong.
//!
//! Reading order: [`cases`] (what a test says), [`life`] (the straight way), [`kills`], [`mod@actions`] with its table
//! [`iam`], and what they stand on: [`run`] (a stack in an account) and [`watch`].
pub mod actions;
pub mod broken;
pub mod cases;
pub mod iam;
pub mod kills;
pub mod life;
pub mod run;
pub mod watch;

use std::time::{Duration, Instant};

pub use self::{actions::actions, broken::Broken, cases::Cases};
use self::{
    broken::Result,
    cases::{Spec, Subject},
    watch::Seen,
};

/// What the harness did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Verified {
    /// Steps of the straight life: create, every change and the way back, delete.
    pub steps: usize,
    /// API calls of the straight life.
    pub calls: usize,
    /// Kills, each followed by a run that put all to right.
    pub kills: usize,
    /// IAM actions that were declared and needed; 0 where that was not asked.
    pub actions: usize,
    /// How long all of it took.
    pub took: Duration,
}

impl std::fmt::Display for Verified {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { steps, calls, kills, actions, took } = self;
        write!(f, "{steps} steps, {calls} calls, {kills} kills, {actions} actions, {:.1} s", took.as_secs_f64())
    }
}

/// The verbs of a type, from create to delete, straight and with a kill at each API call.
///
/// The straight life, in a fresh account: create → what was wanted reads back equal → a second plan is empty; then for
/// each change the plan shows exactly that, and after the apply and a look, the way back; then delete → nothing is left →
/// a second delete is no error. On the way: a create makes one mutating call, and reads make none; an object can be read
/// by its id alone, and many at once; outputs that were predicted come true.
///
/// Then the kills, and a create whose answer is lost while the process lives: see [`kills`].
///
/// # Errors
/// The first thing that the driver gets wrong, with the step and the calls of it.
pub fn verbs<S: Subject + ?Sized>(cases: &S) -> Result<Verified> {
    let began = Instant::now();
    verified(cases.spec(), began).map(|(verified, _)| verified)
}

/// [`verbs`], then [`actions()`].
///
/// # Errors
/// Those of both.
pub fn all<S: Subject + ?Sized>(cases: &S) -> Result<Verified> {
    let began = Instant::now();
    let (verified, log) = verified(cases.spec(), began)?;
    let actions = actions::compare(cases.spec(), log.iter())?;
    Ok(Verified { actions, ..verified })
}

fn verified(spec: &Spec, began: Instant) -> Result<(Verified, Vec<Seen>)> {
    let life = life::live(spec)?;
    let calls = life.log.iter().map(|seen| seen.calls.len()).sum();
    let kills = kills::all(spec, &life)?;
    let lost = kills::lost_answer(spec, &life)?;
    let verified = Verified { steps: life.steps.len(), calls, kills, actions: 0, took: began.elapsed() };
    Ok((verified, life.log.into_iter().chain(lost).collect()))
}
