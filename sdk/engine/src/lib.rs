//! Purlin's engine: from a program and a state to a plan, and from a plan to the world.
//!
//! `build → recover → refresh → evaluate → diff → passes → plan → apply`: functions from plain data to plain data, with I/O at the
//! edges. It knows no cloud (it sees `dyn Driver`), no terminal (it tells [`Event`]s) and no clock of its own (it is given a
//! [`World`]), so a run can be simulated whole.
//!
//! Read it in this order: [`plan`] (what a plan is, and how it is made), [`refresh`], [`recover`], [`apply`] (how it is carried
//! out), [`saved`] (plan files and approval), [`Engine`] (all of it together).
pub mod apply;
pub mod connect;
pub mod engine;
pub mod event;
mod guard;
pub mod plan;
pub mod recover;
pub mod refresh;
pub mod saved;
pub mod world;

pub use apply::{ApplyOptions, Cancel, Report};
pub use engine::{Engine, Planned, Program};
pub use event::{Event, Observer, Phase};
pub use plan::{Action, Cause, Change, Need, Op, OpId, Plan, PlanOptions};
pub use world::World;
