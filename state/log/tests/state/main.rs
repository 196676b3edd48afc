//! Tests of the state as a whole, through its public face. What concerns one file alone is tested in that file.
mod bits;
mod compaction;
mod errors;
mod history;
mod life;
mod locks;
mod prefixes;
mod rules;
mod runs;
mod secrets;
mod support;
mod versions;
