//! The seeded simulation: the engine lives whole lives in a fake cloud that fails, and the invariants hold at every moment.
//!
//! 1. [`generate`] draws a [`case`] from a seed: a program, edits, meddling, runs with their faults, and where each run dies.
//! 2. [`life`] lives it: [`program`] makes the graphs, [`run`] makes the runs, [`cloud`] and [`driver`] are the world, of the types in
//!    [`kinds`]. Time is tokio's paused clock and all dice are seeded, so a seed is a life.
//! 3. [`invariants`] says what holds, in one place.
//! 4. A seed that fails prints the command that replays it; [`shrink`] cuts the case down to one that can be checked in under `cases/`.
//!
//! `cargo test -p purlin-engine` lives thousands of seeds; `cargo run --release -p purlin-engine --example sim -- --seeds 1000000` lives
//! as many as wanted. The patches under `sabotage/` each break the engine in one way; see `sabotage/run`.
pub(crate) mod case;
pub(crate) mod cloud;
pub(crate) mod driver;
pub(crate) mod generate;
pub(crate) mod invariants;
pub(crate) mod kinds;
pub(crate) mod life;
pub(crate) mod program;
pub(crate) mod run;
pub(crate) mod shrink;

use case::Case;
use invariants::Invariant;
use life::Stats;

/// Lives a seed. A failure names what broke, and the command that replays it.
pub(crate) fn seed(seed: u64) -> (Stats, Result<(), (Invariant, String)>) {
    let (stats, lived, _) = life::live(&generate::case(seed), false);
    let command = format!("cargo run --release -p purlin-engine --example sim -- --seed {seed} --trace");
    (stats, lived.map_err(|b| (b.invariant, format!("seed {seed}: {b}\nto replay and shrink it: {command}"))))
}

/// Lives a case that was checked in.
///
/// # Errors
/// What broke.
pub(crate) fn text(text: &str) -> Result<(), String> {
    life::live(&Case::from_text(text), false).1.map_err(|b| b.to_string())
}
