//! `refresh`: read everything again and write what is found into the state.
use std::sync::Arc;

use purlin_engine::{Cancel, Engine, Observer};
use purlin_state::Outcome;

use crate::{
    ExitCode,
    session::Session,
    stop::{self, Stop},
    views::{self, progress::Teller, text},
};

/// What it does, for its `--help`.
pub(crate) const ABOUT: &str = "\
    Read everything that the state holds and write what is found: outputs that changed, objects that are gone.\n\n\
    Nothing in the world is changed. A plan reads by itself, so this is seldom needed: after a change that others \
    made on purpose, for instance, before `outputs` is asked.";

/// Options of `refresh`.
#[derive(Clone, Debug, clap::Args)]
pub struct Args {}

/// Runs it.
pub(crate) async fn run(_: &Args, session: &Session<'_>, cancel: &Cancel) -> Result<ExitCode, Stop> {
    let loaded = session.load()?;
    let mut log = session.log().await?;
    let teller = Teller::start(session.edge.err.clone(), session.world().clone());
    let observer: Arc<dyn Observer> = teller.clone();
    let mut engine = Engine::new(&*loaded.program, session.world().clone(), observer);
    let mut before = log.state().clone();
    let read = async {
        engine.begin(&mut log, session.holder("refresh"), None).await?;
        before = log.state().clone();
        engine.refresh(&mut log).await
    };
    let read = tokio::select! {
        read = read => read.map_err(Stop::from),
        () = cancel.cancelled() => Err(stop::cancelled().into()),
    };
    let ended = engine.end(&mut log, if read.is_ok() { Outcome::Done } else { Outcome::Failed }).await;
    teller.finish();
    let count = read?;
    ended?;
    let out = &session.edge.out;
    let mut page = views::state::difference(&before, log.state(), out.width);
    page.gap();
    page.line(text::Line::text(format!("Read {}; the state says what was found.", text::count(count, "resource"))), 2);
    out.page(&page)?;
    Ok(ExitCode::Done)
}
