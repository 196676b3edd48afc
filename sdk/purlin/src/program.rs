//! [`main`] and [`Program`]: from a function that describes a stack to a command line.
use std::{ffi::OsString, marker::PhantomData, process::ExitCode};

use purlin_cli::{App, Edge};
use purlin_core::{Result, Stack, provider::ProviderKind, settings::Settings};

/// Runs the command line of a program: `cargo run -- plan`. `name` is that of the program and, unless `--stack` says
/// otherwise, of the stack. `describe` is a `fn(&mut Stack) -> Result<()>`, or a `fn(&mut Stack, &S) -> Result<()>`
/// where `S` is a struct with `#[derive(Settings)]`.
pub fn main<Form>(name: impl Into<String>, describe: impl Describe<Form>) -> ExitCode {
    Program::new(name, describe).run()
}

/// A function that describes a stack: with settings or without. Implemented for functions and closures.
#[diagnostic::on_unimplemented(
    message = "this does not describe a stack",
    label = "not a function of a stack",
    note = "write `fn name(stack: &mut Stack) -> Result<()>`, or `fn name(stack: &mut Stack, settings: &S) -> Result<()>` where `S` is a struct with `#[derive(Settings)]`"
)]
pub trait Describe<Form>: Send + Sync + 'static {
    /// Its settings; `()` for none.
    type Settings: Settings + Send + Sync + 'static;

    /// Describes the stack.
    ///
    /// # Errors
    /// The function's.
    fn describe(&self, stack: &mut Stack, settings: &Self::Settings) -> Result<()>;
}

/// The form of a function without settings.
pub struct WithoutSettings;

/// The form of a function with settings.
pub struct WithSettings<S>(PhantomData<S>);

impl<F> Describe<WithoutSettings> for F
where
    F: Fn(&mut Stack) -> Result<()> + Send + Sync + 'static,
{
    type Settings = ();

    fn describe(&self, stack: &mut Stack, (): &()) -> Result<()> {
        self(stack)
    }
}

impl<F, S> Describe<WithSettings<S>> for F
where
    F: Fn(&mut Stack, &S) -> Result<()> + Send + Sync + 'static,
    S: Settings + Send + Sync + 'static,
{
    type Settings = S;

    fn describe(&self, stack: &mut Stack, settings: &S) -> Result<()> {
        self(stack, settings)
    }
}

/// A program, to be set up further than [`main`] does.
pub struct Program(App);

impl Program {
    /// A program of a name; see [`main`].
    pub fn new<Form>(name: impl Into<String>, describe: impl Describe<Form>) -> Self {
        Self(app(name, describe))
    }

    /// Registers a kind of provider whose types the state may hold though the program no longer names any of them: so
    /// that what is left of it can still be deleted.
    #[must_use]
    pub fn provider(self, kind: &'static dyn ProviderKind) -> Self {
        Self(self.0.provider(kind))
    }

    /// Runs the command line of this process.
    pub fn run(self) -> ExitCode {
        purlin_cli::run(&self.0, Edge::of_process()).into()
    }

    /// Runs a command line that is given: for a binary that is more than the program, and took its own arguments off.
    /// The name of the binary is not among them.
    pub fn run_with(self, arguments: impl IntoIterator<Item = impl Into<OsString>>) -> ExitCode {
        let mut edge = Edge::of_process();
        edge.args.truncate(1);
        edge.args.extend(arguments.into_iter().map(Into::into));
        purlin_cli::run(&self.0, edge).into()
    }
}

/// The command line's view of a function.
pub(crate) fn app<Form, D: Describe<Form>>(name: impl Into<String>, describe: D) -> App {
    App::new::<D::Settings>(name, move |stack, settings| describe.describe(stack, settings))
}
