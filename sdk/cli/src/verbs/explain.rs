//! `explain`: the page of an error code.
use purlin_core::{
    Diagnostic,
    codes::{self, PAGES},
};

use crate::{
    App, Edge, ExitCode, session,
    stop::Stop,
    views::text::{Line, Page, Role},
};

/// What it does, for its `--help`.
pub(crate) const ABOUT: &str = "Explain an error code: why it happens and what to do. Without a code, list them all.";

/// Options of `explain`.
#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    /// The code, as an error shows it: P0101.
    #[arg(value_name = "CODE")]
    code: Option<String>,
}

/// Runs it.
pub(crate) fn run(args: &Args, app: &App, edge: &Edge) -> Result<ExitCode, Stop> {
    let mut page = Page::new(edge.out.width);
    match &args.code {
        None => {
            for one in PAGES {
                page.line(
                    Line::new().with(Role::Strong, one.code.as_str()).with(Role::Plain, format!("  {}", one.title)),
                    7,
                );
            }
        }
        Some(code) => {
            let found = codes::find(code).ok_or_else(|| unknown(code, &app.name))?;
            page.line(Line::new().with(Role::Strong, format!("{}: {}", found.code, found.title)), 2);
            page.gap();
            page.prose(found.text);
        }
    }
    edge.out.page(&page)?;
    Ok(ExitCode::Done)
}

fn unknown(code: &str, program: &str) -> Diagnostic {
    let told = Diagnostic::new(codes::USAGE, format!("there is no code `{code}`"));
    match session::nearest(&code.to_uppercase(), PAGES.iter().map(|p| p.code.as_str())) {
        Some(near) => told.help(format!("did you mean {near}?")),
        None => told.help(format!("`{program} explain` lists them all")),
    }
}
