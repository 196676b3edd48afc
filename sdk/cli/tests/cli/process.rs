//! A few runs of a real process, the example `shop`: exit codes, which stream has what, colours, a closed pipe.
use std::{
    env,
    path::PathBuf,
    process::{Command, Output, Stdio},
};

use tempfile::TempDir;

fn shop(dir: &TempDir, args: &[&str]) -> Command {
    let mut path: PathBuf = env::current_exe().expect("tests are files");
    // target/debug/deps/main-… → target/debug/examples/shop
    path.pop();
    path.pop();
    path.push("examples");
    path.push(format!("shop{}", env::consts::EXE_SUFFIX));
    assert!(path.is_file(), "{} is built by `cargo build -p purlin-cli --examples`", path.display());
    let mut command = Command::new(path);
    command.args(args).current_dir(dir).env_clear().env("PURLIN_SET_REGION", "north").stdin(Stdio::null());
    command
}

fn run(command: &mut Command) -> (i32, String, String) {
    let Output { status, stdout, stderr } = command.output().expect("the process starts");
    let text = |bytes| String::from_utf8(bytes).expect("outputs are UTF-8");
    (status.code().expect("it ends by itself"), text(stdout), text(stderr))
}

#[test]
fn data_goes_to_one_stream_and_talk_to_the_other() {
    let dir = TempDir::new().expect("a temporary folder");
    let (code, out, err) = run(&mut shop(&dir, &["plan", "--exit-code"]));
    assert_eq!(code, 3);
    assert!(out.starts_with("Plan: stack shop\n"), "{out}");
    assert_eq!(err, "Nothing was changed. To do it: shop apply\n");
    let (code, out, err) = run(&mut shop(&dir, &["apply"]));
    assert_eq!((code, out.as_str()), (7, ""));
    assert!(err.starts_with("error[P0703]: nobody is there"), "{err}");
}

#[test]
fn colours_are_for_terminals_and_for_those_who_ask() {
    let dir = TempDir::new().expect("a temporary folder");
    let escapes = |command: &mut Command| run(command).1.contains('\u{1b}');
    assert!(!escapes(&mut shop(&dir, &["plan"])));
    assert!(escapes(&mut shop(&dir, &["plan", "--color", "always"])));
    assert!(escapes(shop(&dir, &["plan"]).env("CLICOLOR_FORCE", "1")));
    assert!(!escapes(shop(&dir, &["plan"]).env("CLICOLOR_FORCE", "1").env("NO_COLOR", "1")));
}

#[test]
fn a_reader_that_stops_reading_is_no_failure() {
    let dir = TempDir::new().expect("a temporary folder");
    let mut child = shop(&dir, &["explain"]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it starts");
    drop(child.stdout.take());
    let output = child.wait_with_output().expect("it ends");
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
}
