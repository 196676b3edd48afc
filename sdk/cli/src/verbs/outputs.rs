//! `outputs`: the values that the stack exports.
use purlin_core::{Diagnostic, Value, codes};

use crate::{
    ExitCode,
    args::Format,
    session::{self, Session},
    stop::Stop,
    views::{
        json,
        text::{Line, Page, Role},
        value,
    },
};

/// What it does, for its `--help`.
pub(crate) const ABOUT: &str = "\
    Print the values that the stack exports, as of the last run that changed things.\n\n\
    Secrets are masked, unless they are revealed one by one. With a name, only that value is printed, bare: for \
    scripts.";

/// Options of `outputs`.
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = "Examples:
  outputs
  outputs endpoint                      the bare value
  outputs password --reveal password
  outputs --format json")]
pub struct Args {
    /// Only this one, as its bare value.
    #[arg(value_name = "NAME")]
    name: Option<String>,
    /// Show this secret. May be repeated.
    #[arg(long, value_name = "NAME")]
    reveal: Vec<String>,
    /// The form of the answer.
    #[arg(long, value_name = "FORM", default_value = "text", help_heading = "Output")]
    pub(crate) format: Format,
}

/// Runs it.
pub(crate) async fn run(args: &Args, session: &Session<'_>) -> Result<ExitCode, Stop> {
    let log = session.log().await?;
    let exports = &log.state().exports;
    for name in args.reveal.iter().chain(&args.name) {
        if !exports.contains_key(name.as_str()) {
            let told = Diagnostic::new(codes::STATE_ABSENT, format!("the stack exports no `{name}`"));
            let near = session::nearest(name, exports.keys().map(|k| k.as_str()));
            return Err(match near {
                Some(near) => told.help(format!("did you mean `{near}`?")),
                None => told.help(format!("`{}` shows what there is", session.command("outputs"))),
            }
            .into());
        }
    }
    let mut shown = exports.clone();
    for name in &args.reveal {
        if let Some(value) = shown.get_mut(name.as_str()) {
            let open = value.reveal();
            if open.has_secret() {
                return Err(Diagnostic::new(
                    codes::SEAL_LOCKED,
                    format!("`{name}` is sealed, and the key to it is not here"),
                )
                .help("set PURLIN_PASSPHRASE or PURLIN_PASSPHRASE_FILE, then try again")
                .into());
            }
            *value = open;
        }
    }
    let out = &session.edge.out;
    if let Some(name) = &args.name {
        shown.retain(|key, _| key == name.as_str());
    }
    match (args.format, &args.name) {
        (Format::Json, _) => out.text(&json::outputs(session.stack(), &shown))?,
        (Format::Text, Some(name)) => {
            let value = shown.get(name.as_str()).cloned().unwrap_or_default();
            let text = match &value {
                Value::Str(text) => text.to_string(),
                other => other.display(),
            };
            out.text(&(text + "\n"))?;
        }
        (Format::Text, None) => {
            let names = shown.keys().map(|k| k.chars().count()).max().unwrap_or(0).min(32);
            let mut page = Page::new(out.width);
            for (name, value) in &shown {
                let head = Line::new().with(Role::Strong, name).padded(names).with(Role::Plain, "  ");
                page.line(head.with(Role::Plain, value::inline(value)), names + 2);
            }
            if page.is_empty() {
                session.edge.err.line(&Line::new().with(Role::Dim, "The stack exports nothing yet."))?;
            }
            out.page(&page)?;
        }
    }
    Ok(ExitCode::Done)
}
