//! Scenarios: scripts of text that say what the engine does, run against a cloud in memory.
//!
//! `cargo test -p purlin-engine scenarios` runs them; with `UPDATE_EXPECT=1` set it writes what the engine does now into the
//! scripts, so that a change shows as a diff of text. One file of `scripts/` holds the scenarios of one matter.
//!
//! # The language
//! `== title` begins a scenario: an empty state, an empty cloud, the clock at zero. Then come steps, each a line that is not
//! indented. Under a step that tells something stand `----` and what it told, up to the next empty line. `#` begins a comment.
//!
//! **The program** is what stands indented under `program`; it holds until the next one:
//! ```text
//! program
//!   vpc: Net cidr=10.0.0.0/16 tags={team=ml}
//!   a: Sub net=@vpc cidr=10.0.1.0/24 | protect
//!   log: existing Bucket logs
//!   export where = "http://@{vpc.dns}/"
//! ```
//! The types are those of [`types`]; `k{1..9}: Key` stands for nine lines. A value is a word, a number, `true`, `none`, `"text"`, `[a, b]`, `{k=v}`, `@path` (the id of
//! a resource), `@path.output`, `secret(x)`, or a closure: `upper(x)`, `fail(x)`. After `|` come options: `protect`, `retain`,
//! `ignore=a,b`, `depends=a,b`, `create-first`, `delete-first`, `adopt=ID`, `formerly=PATH`, `formerly-type=TYPE`, `timeout=10m`,
//! `provider=NAME` (of a line `provider NAME ACCOUNT`).
//!
//! **Commands**
//! - `plan`, `apply`, `destroy`, `save` (a plan into a file), `apply saved`, `refresh`; `state` shows the state, `setup` is an apply
//!   that has to do all it planned and tells nothing;
//! - with `refresh=all|auto|none`, `target=a,b`, `exclude=a,b`, `replace=a,b`, `max-delete=N`, `max-replace=N`, `parallel=N`,
//!   `fail-fast`; with `waves`, no more is told than how many calls that change something began at each moment.
//!
//! An apply that did all of a whole plan is followed by a plan that has to be empty; what it is otherwise stands under `again`.
//!
//! **The world**
//! - `cloud set ID a=b`, `cloud remove ID`, `cloud add TYPE ID a=b` (with `owner=stack/path`): what others do;
//! - `fail VERB NAME KIND message`, once (`always fail ..`: each time); `lose VERB NAME` (done, the answer is lost), `drop VERB NAME`
//!   (not done, and no answer), `crash before VERB NAME`, `crash after VERB NAME`, `cancel at VERB NAME`, `hang VERB NAME 10s` (done, the answer is late). Verbs
//!   are those of a driver; a name is a path, for a delete `path id`, for `fail read` a type;
//! - `next OUTPUT=VALUE` (the next object has this output, whatever one would think), `looks N` (how many looks it takes until a cluster is ready), `throttle N` (the next N calls that change something), `lag 20s` (until new objects are seen), `clock 2h`;
//! - `account NAME`, `tags {k=v}` (the provider's default tags), `settings DIGEST`, `new state`, `state version PATH N`.
//!
//! # What is told
//! A **plan** lists operations with their causes, field changes and what each waits for. **Calls** are those to the drivers, with the
//! second in which each began. **Result** is what was not simply done. **State** has a line for each object: key, id, fields, `->`
//! outputs, `[field: object]` edges. **Cloud** lists only what is not as the state says.
mod cloud;
mod command;
mod driver;
mod parse;
mod program;
mod run;
mod show;
mod types;

use std::{collections::BTreeSet, fmt::Write as _, fs, path::PathBuf};

use parse::Piece;

fn folder() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/scenarios/scripts"))
}

/// Runs a script and gives its text with what was told.
fn play(text: &str) -> String {
    let mut played = String::new();
    let mut scenario: Option<run::Scenario> = None;
    for piece in parse::pieces(text) {
        match piece {
            Piece::Line(line) => {
                if line.starts_with("==") {
                    scenario = Some(run::Scenario::new(text));
                }
                let _ = writeln!(played, "{line}");
            }
            Piece::Step { line, text, expects } => {
                let scenario = scenario.as_mut().unwrap_or_else(|| panic!("line {line}: no scenario has begun"));
                text.iter().for_each(|line| {
                    let _ = writeln!(played, "{line}");
                });
                let told = scenario.step(line, &text);
                if expects || told.is_some() {
                    let _ = write!(played, "----\n{}", told.unwrap_or_default());
                }
            }
        }
    }
    played
}

fn check(name: &str) {
    let path = folder().join(format!("{name}.txt"));
    let expected = fs::read_to_string(&path).expect("a script");
    let actual = play(&expected);
    if actual == expected {
        return;
    }
    if std::env::var_os("UPDATE_EXPECT").is_some() {
        fs::write(&path, actual).expect("the script is written");
        return;
    }
    let diff = similar::TextDiff::from_lines(&expected, &actual);
    let diff = diff.unified_diff().context_radius(6).header("expected", "actual").to_string();
    panic!("{}\n{diff}\n`UPDATE_EXPECT=1` writes what is told now into the script", path.display());
}

macro_rules! scripts {
    ($($name:ident)*) => {
        $(#[test] fn $name() { check(stringify!($name)); })*

        #[test]
        fn no_script_is_forgotten() {
            let listed: BTreeSet<String> = [$(concat!(stringify!($name), ".txt")),*].map(Into::into).into();
            let there = fs::read_dir(folder()).expect("the folder of scripts");
            let there = there.map(|e| e.expect("an entry").file_name().to_string_lossy().into_owned()).collect();
            assert_eq!(listed, there);
        }
    };
}

scripts! {
    diff
    unknown
    replace
    order
    moves
    options
    select
    failure
    cancel
    recover
    refresh
    saved
    place
}
