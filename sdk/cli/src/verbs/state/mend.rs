//! The verbs of `state` that change it: they take the lock and write records, as every run does. The world stays as it
//! is.
use purlin_core::{Address, Diagnostic, Result, SmolStr, codes};
use purlin_state::{Body, Departure, Key, Outcome, State};

use super::look::{at_or_below, known};
use crate::{
    ExitCode,
    session::Session,
    stop::Stop,
    views::text::{Line, Page, Role, count},
};

/// What `state move` does, for its `--help`.
pub(super) const ABOUT_MOVE: &str = "\
    Give an object, or all below a component, another path. Nothing in the world is changed.\n\n\
    In the program, `.formerly(\"old/path\")` does the same for everybody who runs it; this is for one state.";

/// Options of `state move`.
#[derive(Clone, Debug, clap::Args)]
pub(super) struct Move {
    /// The path as it is.
    #[arg(value_name = "OLD")]
    old: SmolStr,
    /// The path that it gets.
    #[arg(value_name = "NEW")]
    new: SmolStr,
}

/// What `state remove` does, for its `--help`.
pub(super) const ABOUT_REMOVE: &str = "\
    Forget an object, or all below a component. Nothing in the world is changed: the object stays, and is \
    nobody's.\n\n\
    If the program still has it, the next plan makes a new one; `.adopt(id)` takes the old one over.";

/// Options of `state remove`.
#[derive(Clone, Debug, clap::Args)]
pub(super) struct Remove {
    /// The object or component.
    #[arg(value_name = "PATH")]
    path: SmolStr,
    /// Do not ask.
    #[arg(long, short)]
    yes: bool,
}

/// `state move`
pub(super) async fn shift(args: &Move, session: &Session<'_>) -> Result<ExitCode, Stop> {
    check_path(&args.new)?;
    change(session, "state move", |state| {
        known(session, state, &args.old)?;
        let moved = keys(state, &args.old).map(|from| {
            let rest = from.address.path.strip_prefix(args.old.as_str()).unwrap_or_default();
            let address = Address::new(format!("{}{rest}", args.new), from.address.ty.clone());
            Body::Moved { to: Key::new(address, from.generation), from: from.clone() }
        });
        Ok(moved.collect())
    })
    .await
}

/// `state remove`
pub(super) async fn remove(args: &Remove, session: &Session<'_>) -> Result<ExitCode, Stop> {
    if !args.yes {
        let log = session.log().await?;
        known(session, log.state(), &args.path)?;
        let objects: Vec<String> = keys(log.state(), &args.path).map(|key| key.to_string()).collect();
        agree(session, &objects).await?;
    }
    change(session, "state remove", |state| {
        known(session, state, &args.path)?;
        let gone = |key: &Key| Body::Gone { op: None, took: None, key: key.clone(), why: Departure::Forgotten };
        Ok(keys(state, &args.path).map(gone).collect())
    })
    .await
}

fn keys<'s>(state: &'s State, path: &str) -> impl Iterator<Item = &'s Key> {
    state.objects.keys().filter(move |key| at_or_below(&key.address.path, path))
}

fn check_path(path: &str) -> Result<()> {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    if path.split('/').all(|name| !name.is_empty() && name.len() <= 128 && name.chars().all(plain)) {
        return Ok(());
    }
    Err(Diagnostic::new(codes::BAD_NAME, format!("`{path}` is not a path"))
        .note("nothing was changed")
        .help("a path is made of names with letters, digits, `-`, `_` and `.`, joined by `/`")
        .into())
}

async fn agree(session: &Session<'_>, objects: &[String]) -> Result<(), Stop> {
    let refused = |message: &str| Diagnostic::new(codes::NEEDS_APPROVAL, message).note("nothing was changed");
    let Some(ask) = session.edge.ask.clone() else {
        return Err(refused("nobody is there to agree: no terminal to ask on")
            .help("pass --yes to do it all the same")
            .into());
    };
    let err = &session.edge.err;
    let what = count(objects.len(), "object");
    err.line(&Line::text(format!("The state forgets {what}: {}", objects.join(", "))))?;
    err.text("They stay in the world and are nobody's. Type `yes` to agree: ")?;
    match tokio::task::spawn_blocking(move || ask()).await {
        Ok(Ok(text)) if text.trim() == "yes" => Ok(()),
        _ => Err(refused("not agreed").into()),
    }
}

/// Takes the lock, writes what `bodies` makes of the state of then, and gives the lock back.
async fn change(
    session: &Session<'_>,
    verb: &str,
    bodies: impl FnOnce(&State) -> Result<Vec<Body>>,
) -> Result<ExitCode, Stop> {
    let mut log = session.log().await?;
    let now = session.world().now();
    log.begin(session.holder(verb), None, session.world().new_id(), now).await?;
    let written = match bodies(log.state()) {
        Ok(bodies) => {
            let shown = shown(&bodies, session.edge.out.width);
            log.commit(bodies, now).await.map(|()| shown).map_err(Stop::from)
        }
        Err(told) => Err(told.into()),
    };
    let outcome = if written.is_ok() { Outcome::Done } else { Outcome::Failed };
    let ended = log.end(outcome, session.world().now()).await;
    let page = written?;
    ended?;
    session.edge.out.page(&page)?;
    Ok(ExitCode::Done)
}

fn shown(bodies: &[Body], width: usize) -> Page {
    let mut page = Page::new(width);
    for body in bodies {
        let line = match body {
            Body::Moved { from, to } => {
                Line::new().with(Role::Change, "→ moved ").with(Role::Plain, format!("{from} to {to}"))
            }
            Body::Gone { key, .. } => Line::new().with(Role::Remove, "x forgot ").with(Role::Plain, key.to_string()),
            _ => continue,
        };
        page.line(line, 4);
    }
    page
}
