//! `lab`: the counterparts by hand. Data on stdout, words on stderr, and it never talks to a real cloud.
#![forbid(unsafe_code)]

use std::{
    error::Error,
    io::{self, Read, Write},
    process::ExitCode,
};

use clap::{Args, Parser, Subcommand, ValueEnum};
use purlin_tests::{
    AwsAccount,
    cache::Cache,
    counterpart::moto::{Admin, Moto, Options},
};

/// Starts and watches the counterparts that Purlin's tests run against.
///
/// Counterparts are real programs that speak a cloud's protocol on loopback. They are installed on first use, by pinned
/// version, into a cache folder (PURLIN_LAB_CACHE, by default ~/.cache/purlin/lab).
#[derive(Parser)]
#[command(
    name = "lab",
    version,
    after_help = "Example, in two terminals:\n  lab up           # prints `export` lines; paste them into the other terminal\n  lab inventory    # what exists in that account now"
)]
struct Cli {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand)]
enum Verb {
    /// Start a counterpart, print the environment to use it by, and keep it until ctrl-C or the end of stdin
    Up {
        /// Which one
        #[arg(value_enum, default_value_t = Counterpart::Moto)]
        counterpart: Counterpart,
        /// Serve requests that break AWS's model too, and only note what is wrong with them
        #[arg(long)]
        lenient: bool,
        /// Region to work in
        #[arg(long, default_value = "eu-west-1")]
        region: String,
    },
    /// Install counterparts into the cache without starting them
    Install {
        /// Which ones; all by default
        #[arg(value_enum)]
        counterparts: Vec<Counterpart>,
    },
    /// Print the calls that a running counterpart has seen, one a line
    Calls {
        #[command(flatten)]
        target: Target,
        /// Only calls with this number or a later one
        #[arg(long, default_value_t = 0)]
        since: u64,
    },
    /// Print everything that exists in an account, one thing a line
    Inventory(Target),
    /// Empty an account: resources, idempotency tokens and fault rules; the call log stays
    Reset(Target),
}

#[derive(Clone, Copy, ValueEnum)]
enum Counterpart {
    /// AWS, emulated by moto, made strict
    Moto,
}

#[derive(Args)]
struct Target {
    /// Where the counterpart listens
    #[arg(long, env = "AWS_ENDPOINT_URL", value_name = "URL")]
    endpoint: String,
    /// The account, twelve digits
    #[arg(long, env = "PURLIN_LAB_ACCOUNT", value_name = "ID")]
    account: String,
}

fn main() -> ExitCode {
    match run(Cli::parse().verb) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let mut words = format!("lab: {error}");
            let mut cause = error.source();
            while let Some(inner) = cause {
                words = format!("{words}: {inner}");
                cause = inner.source();
            }
            say(&words);
            ExitCode::FAILURE
        }
    }
}

fn run(verb: Verb) -> Result<(), Box<dyn Error>> {
    match verb {
        Verb::Up { counterpart: Counterpart::Moto, lenient, region } => up(Options { lenient }, &region),
        Verb::Install { counterparts } => {
            let all = if counterparts.is_empty() { Counterpart::value_variants() } else { &counterparts };
            for counterpart in all {
                match counterpart {
                    Counterpart::Moto => drop(Moto::install(&Cache::from_env()?)?),
                }
            }
            say("lab: all there");
            Ok(())
        }
        Verb::Calls { target, since } => {
            let (calls, _) = Admin::at(&target.endpoint).calls(since, Some(&target.account))?;
            for call in calls {
                let status = call.status.map_or("-".to_owned(), |status| status.to_string());
                let by = if call.lab { " (lab)" } else { "" };
                let fault = call.fault.as_deref().map(|fault| format!(" fault={fault}")).unwrap_or_default();
                let wrong = call.violations.iter().chain(&call.crash).map(|w| format!("\n    {w}")).collect::<String>();
                let about = call.resource.as_deref().unwrap_or("");
                print(&format!("{:>6} {status:>3} {} {about}{by}{fault}{wrong}\n", call.n, call.name()))?;
            }
            Ok(())
        }
        Verb::Inventory(target) => {
            let found = Admin::at(&target.endpoint).inventory(&target.account, None)?;
            Ok(print(&found.to_string())?)
        }
        Verb::Reset(target) => Ok(Admin::at(&target.endpoint).reset(Some(&target.account))?),
    }
}

fn up(options: Options, region: &str) -> Result<(), Box<dyn Error>> {
    let moto = Moto::start_with(options)?;
    let account: AwsAccount = moto.account()?.in_region(region);
    let mut lines: String = account.env().iter().map(|(name, value)| format!("export {name}={value}\n")).collect();
    lines += &format!("export PURLIN_LAB_ACCOUNT={}\n", account.id);
    print(&lines)?;
    say(&format!("lab: moto listens at {}, log in {}", moto.endpoint(), moto.log().display()));
    say("lab: ctrl-C or the end of stdin stops it");
    let mut ignored = [0; 1024];
    while matches!(io::stdin().read(&mut ignored), Ok(1..)) {}
    Ok(())
}

/// Data, at once: whoever reads it may wait for it. A reader that has left is no error of ours.
fn print(text: &str) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    match stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        done => done,
    }
}

fn say(words: &str) {
    let _ = writeln!(io::stderr(), "{words}");
}
