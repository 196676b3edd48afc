//! The verbs, one file each: its options, and what it does. [`planning`] and [`change`] hold what several share.
pub mod apply;
pub mod change;
pub mod completions;
pub mod destroy;
pub mod drift;
pub mod explain;
pub mod graph;
pub mod outputs;
pub mod permissions;
pub mod plan;
pub mod planning;
pub mod refresh;
pub mod state;
pub mod version;
pub mod why;
