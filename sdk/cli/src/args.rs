//! The command line: options that every verb takes, and the verbs. Each verb's own options are in its file.
use clap::{Args, CommandFactory as _, FromArgMatches as _, Parser, Subcommand, ValueEnum, builder::styling};
use purlin_core::{Diagnostic, codes};

use crate::{app::App, console::Stream, edge::Edge, exit_codes, verbs};

/// A command line that was understood.
#[derive(Debug, Parser)]
#[command(disable_version_flag = true, max_term_width = 100, arg_required_else_help = true, subcommand_required = true)]
pub struct Cli {
    /// Options of every verb.
    #[command(flatten)]
    pub global: Global,
    /// What to do.
    #[command(subcommand)]
    pub verb: Verb,
}

/// Options of every verb.
#[derive(Clone, Debug, Args)]
pub struct Global {
    /// The stack to work on. Its settings are in purlin.NAME.toml. By default the program's own name.
    #[arg(long, short, global = true, value_name = "NAME", help_heading = "Stack")]
    pub stack: Option<String>,
    /// Gives a setting a value, before the settings file and the environment. May be repeated.
    #[arg(long = "set", global = true, value_name = "KEY=VALUE", value_parser = key_value, help_heading = "Stack")]
    pub sets: Vec<(String, String)>,
    /// Where the state is kept: file:DIR. By default the environment's PURLIN_STATE, else file:.purlin
    #[arg(long, global = true, value_name = "PLACE", help_heading = "Stack")]
    pub state: Option<String>,
    /// When to use colours. They never carry a meaning of their own.
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto", help_heading = "Output")]
    pub color: When,
}

/// When to use colours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum When {
    /// On a terminal, unless NO_COLOR is set.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// In which form a verb gives its answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people.
    #[default]
    Text,
    /// For programs: one versioned JSON document.
    Json,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Show what an apply would do, field by field. Changes nothing.
    #[command(long_about = verbs::plan::ABOUT)]
    Plan(verbs::plan::Args),
    /// Make the world as the program says.
    #[command(long_about = verbs::apply::ABOUT)]
    Apply(verbs::apply::Args),
    /// Remove everything that the stack's state holds.
    #[command(long_about = verbs::destroy::ABOUT)]
    Destroy(verbs::destroy::Args),
    /// Read everything again and write what is found into the state. Changes nothing else.
    #[command(long_about = verbs::refresh::ABOUT)]
    Refresh(verbs::refresh::Args),
    /// Show what was changed outside of this program. Changes nothing.
    #[command(long_about = verbs::drift::ABOUT)]
    Drift(verbs::drift::Args),
    /// Print the values that the stack exports.
    #[command(long_about = verbs::outputs::ABOUT)]
    Outputs(verbs::outputs::Args),
    /// Explain where a resource or one of its fields comes from, and why it would change.
    #[command(long_about = verbs::why::ABOUT)]
    Why(verbs::why::Args),
    /// Print the graph of resources.
    #[command(long_about = verbs::graph::ABOUT)]
    Graph(verbs::graph::Args),
    /// Print the least permissions that plan, apply and destroy need.
    #[command(long_about = verbs::permissions::ABOUT)]
    Permissions(verbs::permissions::Args),
    /// Look at the state, check it, mend it.
    #[command(long_about = verbs::state::ABOUT)]
    State(verbs::state::Args),
    /// Explain an error code.
    #[command(long_about = verbs::explain::ABOUT)]
    Explain(verbs::explain::Args),
    /// Print a completion script for a shell.
    #[command(long_about = verbs::completions::ABOUT)]
    Completions(verbs::completions::Args),
    /// Print versions of the program's parts.
    #[command(long_about = verbs::version::ABOUT)]
    Version(verbs::version::Args),
}

impl Verb {
    /// The form that was asked for: decides how an error is told.
    pub fn format(&self) -> Format {
        match self {
            Self::Plan(args) => args.format,
            Self::Apply(args) => args.how.format,
            Self::Destroy(args) => args.how.format,
            Self::Drift(args) => args.format,
            Self::Outputs(args) => args.format,
            Self::State(args) => args.format(),
            _ => Format::Text,
        }
    }
}

/// The command, with the program's name and settings in its help.
pub fn command(app: &App) -> clap::Command {
    let about = format!(
        "{}: infrastructure as code.\n\n\
         The program describes a stack of resources; these verbs compare it with the world, and change the world.",
        app.name
    );
    Cli::command()
        .name(app.name.clone())
        .bin_name(app.name.clone())
        .styles(styles())
        .about(format!("{}: infrastructure as code", app.name))
        .long_about(about)
        .after_help(format!("{}Exit codes:\n{}", settings(app), exit_codes::help()))
}

/// Reads the command line.
///
/// # Errors
/// What to print instead: the help that was asked for, or what is not understood.
pub fn parse(app: &App, edge: &Edge) -> Result<Cli, Refused> {
    let mut command = command(app).term_width(edge.err.width);
    let matches = command.try_get_matches_from_mut(&edge.args);
    matches.and_then(|matches| Cli::from_arg_matches(&matches)).map_err(|error| refused(&error))
}

/// Why there is nothing to run.
#[derive(Debug)]
pub enum Refused {
    /// Help was asked for: the text, with escapes for colours.
    Help(clap::builder::StyledStr),
    /// The command line is not understood.
    Usage(Box<Diagnostic>),
}

fn refused(error: &clap::Error) -> Refused {
    use clap::error::ErrorKind;
    if matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand) {
        return Refused::Help(error.render());
    }
    let text = error.render().to_string();
    let text = text.trim_start_matches("error: ").trim();
    let mut parts = text.split("\n\n");
    let mut told = Diagnostic::new(codes::USAGE, parts.next().unwrap_or_default().trim());
    for part in parts {
        let part = part.trim();
        match part.strip_prefix("tip: ") {
            Some(tip) => told = told.help(tip),
            None if part.starts_with("Usage:") => told = told.note(part),
            None => told = told.help(part),
        }
    }
    Refused::Usage(told.into())
}

impl When {
    /// The stream with colours as this says.
    #[must_use]
    pub fn on(self, mut stream: Stream) -> Stream {
        stream.colour = match self {
            Self::Auto => stream.colour,
            Self::Always => true,
            Self::Never => false,
        };
        stream
    }
}

fn key_value(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((key, value)) if !key.is_empty() => Ok((key.to_owned(), value.to_owned())),
        _ => Err("write KEY=VALUE".to_owned()),
    }
}

fn settings(app: &App) -> String {
    use std::fmt::Write as _;
    let specs = app.describe.specs();
    if specs.is_empty() {
        return String::new();
    }
    let mut text =
        String::from("Settings of this program (purlin.<stack>.toml, --set, or the environment's PURLIN_SET_…):\n");
    let names = specs.iter().map(|spec| spec.name.len()).max().unwrap_or(0);
    for spec in specs {
        let doc = spec.doc.lines().next().unwrap_or_default().trim();
        let default = match spec.default {
            Some(default) => format!(" [default: {}]", default().display()),
            None if spec.required => " [required]".to_owned(),
            None => String::new(),
        };
        let _ = writeln!(text, "  {:<names$}  {doc}{default}", spec.name);
    }
    text.push('\n');
    text
}

fn styles() -> styling::Styles {
    styling::Styles::styled()
        .header(anstyle::Style::new().bold())
        .usage(anstyle::Style::new().bold())
        .literal(anstyle::AnsiColor::Cyan.on_default())
        .placeholder(anstyle::Style::new().dimmed())
}
