//! The engine's tests from outside: scripts that say what it does, and a simulation of many lives in a cloud that fails.
mod scenarios;
#[expect(dead_code, reason = "a part of the simulation is for its command line only")]
mod sim;
mod simulation;
