//! [`run`]: one command, from its arguments to its exit code.
use std::io;

use purlin_core::{Diagnostic, Error, codes};
use purlin_engine::Cancel;

use crate::{
    App, Edge, ExitCode,
    args::{self, Cli, Format, Refused, Verb},
    exit_codes,
    panics::{self, Code},
    session::Session,
    stop::Stop,
    verbs,
    views::{diagnostic, json},
};

/// Runs a command line. Everything that it says was written when this returns.
pub fn run(app: &App, mut edge: Edge) -> ExitCode {
    let cli = match args::parse(app, &edge) {
        Ok(cli) => cli,
        Err(Refused::Help(text)) => {
            let text = if edge.out.colour { text.ansi().to_string() } else { text.to_string() };
            let text: String = text.lines().map(|line| line.trim_end().to_owned() + "\n").collect();
            return ended(edge.out.text(&text).map(|()| ExitCode::Done).map_err(Stop::from), app, &edge, Format::Text);
        }
        Err(Refused::Usage(told)) => return ended(Err(Stop::Told(Error::One(told))), app, &edge, Format::Text),
    };
    edge.out = cli.global.color.on(edge.out);
    edge.err = cli.global.color.on(edge.err);
    let format = cli.verb.format();
    // Closures of the program also run while values are evaluated: a panic there is the program's as well.
    let result = panics::caught(Code::Works, || drive(app, &edge, &cli)).unwrap_or_else(|error| Err(error.into()));
    ended(result, app, &edge, format)
}

fn drive(app: &App, edge: &Edge, cli: &Cli) -> Result<ExitCode, Stop> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .map_err(|e| Diagnostic::new(codes::USAGE, "the process cannot start its threads").cause(e))?;
    let cancel = Cancel::default();
    let result = runtime.block_on(async {
        (edge.signals)(cancel.clone(), edge.err.clone());
        verb(app, edge, cli, &cancel).await
    });
    // A question that nobody answers any more must not hold the process.
    runtime.shutdown_background();
    result
}

async fn verb(app: &App, edge: &Edge, cli: &Cli, cancel: &Cancel) -> Result<ExitCode, Stop> {
    match &cli.verb {
        Verb::Explain(args) => return verbs::explain::run(args, app, edge),
        Verb::Completions(args) => return verbs::completions::run(args, app, edge),
        Verb::Version(args) => return verbs::version::run(args, app, edge),
        _ => {}
    }
    let session = Session::new(app, edge, &cli.global)?;
    match &cli.verb {
        Verb::Plan(args) => verbs::plan::run(args, &session, cancel).await,
        Verb::Apply(args) => verbs::apply::run(args, &session, cancel).await,
        Verb::Destroy(args) => verbs::destroy::run(args, &session, cancel).await,
        Verb::Refresh(args) => verbs::refresh::run(args, &session, cancel).await,
        Verb::Drift(args) => verbs::drift::run(args, &session, cancel).await,
        Verb::Outputs(args) => verbs::outputs::run(args, &session).await,
        Verb::Why(args) => verbs::why::run(args, &session, cancel).await,
        Verb::Graph(args) => verbs::graph::run(args, &session, cancel).await,
        Verb::Permissions(args) => verbs::permissions::run(args, &session, cancel).await,
        Verb::State(args) => verbs::state::run(args, &session).await,
        Verb::Explain(_) | Verb::Completions(_) | Verb::Version(_) => Ok(ExitCode::Done),
    }
}

fn ended(result: Result<ExitCode, Stop>, app: &App, edge: &Edge, format: Format) -> ExitCode {
    match result {
        Ok(code) => code,
        // `plan | head` is no failure of the plan.
        Err(Stop::Output(error)) if error.kind() == io::ErrorKind::BrokenPipe => ExitCode::Done,
        Err(Stop::Output(error)) => {
            let told = Diagnostic::new(codes::USAGE, "the output cannot be written").cause(error);
            // Nothing is left to try when this cannot be written either.
            let _ = edge.err.page(&diagnostic::error(&told.into(), &app.name, edge.err.width));
            ExitCode::Failed
        }
        Err(Stop::Told(error)) => {
            let code = exit_codes::of_error(&error);
            let told = tell(&error, app, edge, format, code);
            if told.is_err() { ExitCode::Failed.max(code) } else { code }
        }
    }
}

fn tell(error: &Error, app: &App, edge: &Edge, format: Format, code: ExitCode) -> io::Result<()> {
    if format == Format::Json {
        edge.out.text(&json::error(error, code))?;
    }
    edge.err.page(&diagnostic::error(error, &app.name, edge.err.width))
}
