//! The simulation at length: as many seeds as wanted, or one with its trace.
//!
//! `cargo run --release -p purlin-engine --example sim -- --seeds 1000000 [--from N]` lives seeds on all cores; the first that fails is
//! printed with the command that replays it. With `--keep-going` all are lived, and the first failure of each kind is printed. `--seed N
//! [--trace]` lives one, `--case FILE [--trace]` a case; a failure is shrunk. The last line has the counts.
#[path = "../tests/sim/mod.rs"]
#[expect(dead_code, reason = "a part of the simulation is for the tests only")]
mod sim;

use std::{
    collections::BTreeMap,
    error::Error,
    process::ExitCode,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    thread,
    time::Instant,
};

use sim::{
    case::Case,
    generate,
    invariants::Invariant,
    life::{self, Stats},
    shrink,
};

#[derive(Default)]
struct Arguments {
    seeds: u64,
    from: u64,
    case: Option<Case>,
    trace: bool,
    keep_going: bool,
    threads: usize,
}

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let arguments = arguments()?;
    Ok(match &arguments.case {
        Some(case) => one(case, arguments.trace),
        None => many(&arguments),
    })
}

fn arguments() -> Result<Arguments, Box<dyn Error>> {
    let cores = thread::available_parallelism().map_or(2, usize::from);
    let mut all = Arguments { seeds: 10_000, threads: cores, ..Arguments::default() };
    let mut args = std::env::args().skip(1);
    while let Some(arg) = args.next() {
        let mut value = || args.next().ok_or_else(|| format!("{arg} needs a value"));
        match arg.as_str() {
            "--trace" => all.trace = true,
            "--threads" => all.threads = value()?.parse()?,
            "--keep-going" => all.keep_going = true,
            "--seeds" => all.seeds = value()?.parse()?,
            "--from" => all.from = value()?.parse()?,
            "--seed" => all.case = Some(generate::case(value()?.parse()?)),
            "--case" => all.case = Some(Case::from_text(&std::fs::read_to_string(value()?)?)),
            _ => {
                return Err(
                    "usage: sim [--seeds N] [--from N] [--threads N] [--keep-going] | --seed N | --case FILE [--trace]"
                        .into(),
                );
            }
        }
    }
    Ok(all)
}

fn one(case: &Case, trace: bool) -> ExitCode {
    let (stats, lived, lines) = life::live(case, trace);
    say(&lines.join("\n"));
    match lived {
        Ok(()) => {
            say(&format!("{stats:?}"));
            ExitCode::SUCCESS
        }
        Err(breach) => {
            say(&format!("{breach}\n\nthe smallest case that breaks it:\n"));
            let smallest = shrink::shrink(case, breach.invariant);
            let (_, lived, lines) = life::live(&smallest, trace);
            say(&format!(
                "{}\n# {}\n{}",
                lines.join("\n"),
                lived.err().map(|b| b.to_string()).unwrap_or_default(),
                smallest.to_text()
            ));
            ExitCode::FAILURE
        }
    }
}

fn many(arguments: &Arguments) -> ExitCode {
    let (began, end) = (Instant::now(), arguments.from.saturating_add(arguments.seeds));
    let next = AtomicU64::new(arguments.from);
    let total: Mutex<(Stats, BTreeMap<Invariant, u64>)> = Mutex::default();
    thread::scope(|scope| {
        for _ in 0..arguments.threads {
            scope.spawn(|| {
                while let seed = next.fetch_add(1, Ordering::Relaxed)
                    && seed < end
                {
                    let (stats, lived) = sim::seed(seed);
                    let mut total = total.lock().unwrap_or_else(PoisonError::into_inner);
                    total.0.add(&stats);
                    let Err((invariant, told)) = lived else { continue };
                    let count = total.1.entry(invariant).or_default();
                    *count += 1;
                    if *count == 1 {
                        say(&told);
                    }
                    if !arguments.keep_going {
                        next.store(end, Ordering::Relaxed);
                    }
                }
            });
        }
    });
    let (stats, broken) = total.into_inner().unwrap_or_else(PoisonError::into_inner);
    say(&format!("{:.1} s: {stats:?}", began.elapsed().as_secs_f64()));
    if broken.is_empty() {
        return ExitCode::SUCCESS;
    }
    say(&format!("broken: {broken:?}"));
    ExitCode::FAILURE
}

#[expect(clippy::print_stdout, reason = "what it says is what it is for")]
fn say(text: &str) {
    if !text.is_empty() {
        println!("{text}");
    }
}
