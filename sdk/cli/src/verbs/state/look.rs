//! The verbs of `state` that only read: they take no lock.
use purlin_core::{Diagnostic, Result, codes};
use purlin_state::{Record, State};

use crate::{
    ExitCode,
    args::Format,
    session::{self, Session},
    stop::Stop,
    views::{
        json, records, state,
        text::{Line, Page, Role, count},
    },
};

/// Options of `state list`.
#[derive(Clone, Debug, clap::Args)]
pub(super) struct List {
    /// Only this object, or those below this component.
    #[arg(value_name = "PATH")]
    path: Option<String>,
    /// The form of the answer.
    #[arg(long, value_name = "FORM", default_value = "text", help_heading = "Output")]
    pub(super) format: Format,
}

/// Options of `state show`.
#[derive(Clone, Debug, clap::Args)]
pub(super) struct Show {
    /// The object. Without one, the state as a whole.
    #[arg(value_name = "PATH")]
    path: Option<String>,
    /// The state as it was right after this record.
    #[arg(long, value_name = "RECORD")]
    at: Option<u64>,
    /// The form of the answer.
    #[arg(long, value_name = "FORM", default_value = "text", help_heading = "Output")]
    pub(super) format: Format,
}

/// Options of `state log`.
#[derive(Clone, Debug, clap::Args)]
pub(super) struct Log {
    /// Only records about this object, or those below this component.
    #[arg(value_name = "PATH")]
    path: Option<String>,
    /// Only so many, the newest.
    #[arg(long, short = 'n', value_name = "N")]
    last: Option<usize>,
    /// The form of the answer.
    #[arg(long, value_name = "FORM", default_value = "text", help_heading = "Output")]
    pub(super) format: Format,
}

/// Options of `state diff`.
#[derive(Clone, Debug, clap::Args)]
pub(super) struct Diff {
    /// From right after this record; 0 is the empty state.
    #[arg(value_name = "FROM")]
    from: u64,
    /// To right after this one. By default the newest.
    #[arg(value_name = "TO")]
    to: Option<u64>,
}

/// Options of `state verify`.
#[derive(Clone, Debug, clap::Args)]
pub(super) struct Verify {}

/// `state list`
pub(super) async fn list(args: &List, session: &Session<'_>) -> Result<ExitCode, Stop> {
    let log = session.log().await?;
    let path = args.path.as_deref();
    if let Some(path) = path {
        known(session, log.state(), path)?;
    }
    let out = &session.edge.out;
    match args.format {
        Format::Json => out.text(&json::objects(log.state(), path))?,
        Format::Text => {
            let page = state::list(log.state(), path, out.width);
            if page.is_empty() {
                session.edge.err.line(&Line::new().with(Role::Dim, "The state holds nothing."))?;
            }
            out.page(&page)?;
        }
    }
    Ok(ExitCode::Done)
}

/// `state show`
pub(super) async fn show(args: &Show, session: &Session<'_>) -> Result<ExitCode, Stop> {
    let log = session.log().await?;
    let then = match args.at {
        Some(seq) => log.history().await?.state_at(seq)?,
        None => log.state().clone(),
    };
    let out = &session.edge.out;
    if let Some(path) = &args.path {
        known(session, &then, path)?;
    }
    if args.format == Format::Json {
        out.text(&json::objects(&then, args.path.as_deref()))?;
        return Ok(ExitCode::Done);
    }
    let mut page = Page::new(out.width);
    match &args.path {
        None => page.append(state::summary(&then, out.width)),
        Some(path) => {
            for object in then.objects.values().filter(|o| at_or_below(&o.key.address.path, path)) {
                page.gap();
                page.append(state::object(object, out.width));
            }
        }
    }
    out.page(&page)?;
    Ok(ExitCode::Done)
}

/// `state log`
pub(super) async fn log(args: &Log, session: &Session<'_>) -> Result<ExitCode, Stop> {
    let log = session.log().await?;
    let history = log.history().await?;
    let about = |record: &Record| {
        args.path.as_ref().is_none_or(|path| records::path(&record.body).is_some_and(|at| at_or_below(&at, path)))
    };
    let mut found: Vec<Record> = Vec::new();
    for record in history.records() {
        let record = record?;
        if about(&record) {
            found.push(record);
        }
    }
    let skip = args.last.map_or(0, |last| found.len().saturating_sub(last));
    let shown = &found[skip..];
    let out = &session.edge.out;
    match args.format {
        Format::Json => out.text(&json::records(session.stack(), shown.iter().map(records::json).collect()))?,
        Format::Text => out.page(&records::page(shown, out.width))?,
    }
    Ok(ExitCode::Done)
}

/// `state diff`
pub(super) async fn diff(args: &Diff, session: &Session<'_>) -> Result<ExitCode, Stop> {
    let log = session.log().await?;
    let history = log.history().await?;
    let before = history.state_at(args.from)?;
    let after = match args.to {
        Some(seq) => history.state_at(seq)?,
        None => log.state().clone(),
    };
    let out = &session.edge.out;
    let page = state::difference(&before, &after, out.width);
    if page.is_empty() {
        session.edge.err.line(&Line::new().with(Role::Dim, "No difference."))?;
    }
    out.page(&page)?;
    Ok(ExitCode::Done)
}

/// `state verify`
pub(super) async fn verify(_: &Verify, session: &Session<'_>) -> Result<ExitCode, Stop> {
    let log = session.log().await?;
    let verified = log.history().await?.verify()?;
    let out = &session.edge.out;
    let mut page = Page::new(out.width);
    if verified.last == 0 {
        page.line(Line::text("The state is empty: nothing was ever written for this stack."), 2);
        out.page(&page)?;
        return Ok(ExitCode::Done);
    }
    let records = usize::try_from(verified.last - verified.first + 1).unwrap_or(usize::MAX);
    let span = format!(
        ": records {} to {} ({} bytes) are as they were written",
        verified.first, verified.last, verified.bytes
    );
    page.line(
        Line::new()
            .with(Role::Add, "Sound")
            .with(Role::Plain, format!("{span}, {} checked.", count(records, "record"))),
        2,
    );
    page.line(
        Line::text(if verified.refolded {
            "Together they give this state."
        } else {
            "That together they give this state could not be checked: the oldest are not kept, or secrets are sealed."
        }),
        2,
    );
    if verified.torn > 0 {
        let torn = format!(
            "{} at the end were not written whole; the next run cuts them off.",
            count(usize::try_from(verified.torn).unwrap_or(usize::MAX), "byte")
        );
        page.line(Line::new().with(Role::Warning, "note").with(Role::Plain, format!(": {torn}")), 2);
    }
    out.page(&page)?;
    Ok(ExitCode::Done)
}

/// True for the path itself and for what is in the component of that path.
pub(super) fn at_or_below(at: &str, path: &str) -> bool {
    at.strip_prefix(path).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// Refuses a path that names nothing in the state, and names the nearest.
pub(super) fn known(session: &Session<'_>, state: &State, path: &str) -> Result<()> {
    let paths = || state.objects.keys().map(|key| key.address.path.as_str());
    let open = || state.intents.values().map(|intent| intent.key.address.path.as_str());
    if paths().chain(open()).any(|at| at_or_below(at, path)) {
        return Ok(());
    }
    let told = Diagnostic::new(codes::STATE_ABSENT, format!("the state holds nothing at `{path}`"));
    Err(match session::nearest(path, paths()) {
        Some(near) => told.help(format!("did you mean `{near}`?")),
        None => told.help(format!("`{}` shows what it holds", session.command("state list"))),
    }
    .into())
}
