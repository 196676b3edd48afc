//! Words for the person who waits, on stderr: installing takes seconds to minutes and must not look like a hang.

use std::{fmt::Arguments, io::Write};

/// Says one line about what the lab does and why. Never fails: a closed stderr is no reason to stop.
pub(crate) fn line(words: Arguments<'_>) {
    let _ = writeln!(std::io::stderr(), "lab: {words}");
}
