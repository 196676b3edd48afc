//! The counterparts: one file or folder each, on top of [`crate::cache`], [`crate::python`] and [`crate::process`].
//!
//! Each is a type with `install(&Cache)`, `start()` and an endpoint on loopback, and knows how to be asked what it
//! saw and what it holds, by a way that the tested program does not use. What a counterpart does differently from the
//! real thing is written in its own header.

pub mod moto;
