//! Panics of the user's program become diagnostics.
//!
//! The hook is installed once and looks at the thread: where [`caught`] runs, message and line are kept and nothing is
//! printed; elsewhere the hook before it goes on as ever. A message that holds a known secret is masked.
use std::{
    cell::RefCell,
    panic::{self, AssertUnwindSafe, PanicHookInfo},
    sync::Once,
};

use purlin_core::{Diagnostic, Result, SourceLine, codes};

/// What is known of the code that is run, in case that it panics.
#[derive(Clone, Copy, Debug)]
pub enum Code<'a> {
    /// The program describes its stack: nothing was changed, and these texts are the only secrets that it knows.
    Describes(&'a [String]),
    /// Anything may be under way, and the message may hold any secret.
    Works,
}

/// What a panic said.
#[derive(Default)]
struct Said {
    message: String,
    line: Option<SourceLine>,
}

thread_local! {
    /// The panics of this thread are kept here while it is set.
    static KEPT: RefCell<Option<Said>> = const { RefCell::new(None) };
}

/// Runs `f`; its panic becomes a diagnostic, which shows no secret.
///
/// # Errors
/// `P0106` with the line, when `f` panicked.
pub fn caught<T>(code: Code<'_>, f: impl FnOnce() -> T) -> Result<T> {
    static INSTALL: Once = Once::new();
    INSTALL.call_once(|| {
        let before = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            if !keep(info) {
                before(info);
            }
        }));
    });
    let outer = KEPT.replace(Some(Said::default()));
    let result = panic::catch_unwind(AssertUnwindSafe(f));
    let said = KEPT.replace(outer).unwrap_or_default();
    result.map_err(|_| diagnostic(said, code).into())
}

fn keep(info: &PanicHookInfo<'_>) -> bool {
    KEPT.with_borrow_mut(|kept| {
        let Some(said) = kept else { return false };
        said.message = info.payload_as_str().unwrap_or("no message").to_owned();
        said.line = info.location().map(|l| SourceLine { file: l.file().into(), line: l.line() });
        // Whoever asks for a backtrace gets the panic as Rust prints it, and decides who sees it.
        !matches!(std::backtrace::Backtrace::capture().status(), std::backtrace::BacktraceStatus::Captured)
    })
}

fn diagnostic(said: Said, code: Code<'_>) -> Diagnostic {
    let told = Diagnostic::new(codes::PROGRAM_FAILED, "the program panicked");
    let told = match code {
        Code::Describes(secrets) => told
            .cause(secrets.iter().fold(said.message, |text, secret| text.replace(secret, "(secret)")))
            .note("nothing was changed")
            .help("mend that line; with RUST_BACKTRACE=1 the calls that led to it are shown"),
        Code::Works => told
            .note("its message may hold a secret, so it is not shown; what was under way is in the state")
            .help("mend that line, then run the same command again: it goes on from there")
            .help("RUST_BACKTRACE=1 shows the message and the calls that led to it"),
    };
    match said.line {
        Some(line) => told.line(line),
        None => told,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_tells_its_line_and_no_secret() {
        let (line, boom) = (line!(), || panic!("cannot use hunter2"));
        let error = caught::<()>(Code::Describes(&["hunter2".into()]), boom).expect_err("it panics");
        let [told] = error.diagnostics() else { panic!("one diagnostic, not {error}") };
        assert_eq!(told.code, codes::PROGRAM_FAILED);
        assert_eq!(told.causes, ["cannot use (secret)"]);
        assert_eq!(told.location.as_ref().map(|l| l.line), Some(line));
    }

    #[test]
    fn while_it_works_the_message_is_not_shown() {
        let error = caught::<()>(Code::Works, || panic!("cannot use hunter2")).expect_err("it panics");
        assert!(!error.to_string().contains("hunter2"), "{error}");
    }

    #[test]
    fn without_a_panic_nothing_happens() {
        assert_eq!(caught(Code::Works, || 3).ok(), Some(3));
    }
}
