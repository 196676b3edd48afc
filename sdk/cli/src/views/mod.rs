//! Views: data in, lines of text or JSON out. None reads a terminal, an environment or a clock.
//!
//! [`text`] has the words of it: lines with roles, pages of a width. The rest is one view a file.
pub mod diagnostic;
pub mod drift;
pub mod estimate;
#[cfg(test)]
pub(crate) mod fixture;
pub mod graph;
pub mod json;
pub mod permissions;
pub mod plan;
pub mod progress;
pub mod records;
pub mod report;
pub mod state;
pub mod text;
pub mod time;
pub mod value;
pub mod why;
