//! What a machine can see of the repository's order: the arrows between crates, headers, sizes, and nothing of one machine.
use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use serde_json::Value;

/// Which crates of the workspace each may depend on. Arrows point down only.
const ARROWS: &[(&str, &[&str])] = &[
    ("purlin-derive", &[]),
    ("purlin-core", &["purlin-derive"]),
    ("purlin-state", &["purlin-core"]),
    ("purlin-aws", &["purlin-core"]),
    ("purlin-engine", &["purlin-core", "purlin-state"]),
    ("purlin-cli", &["purlin-core", "purlin-state", "purlin-engine"]),
    ("purlin", &["purlin-core", "purlin-state", "purlin-engine", "purlin-cli"]),
    // The lab drives the engine; it sees no cloud crate, because the cloud crates' tests use it.
    ("purlin-tests", &["purlin-core", "purlin-state", "purlin-engine"]),
    ("purlin-examples", &["purlin", "purlin-aws", "purlin-core", "purlin-tests"]),
];

/// A file with more lines than this is hard to enter.
const LONGEST_FILE: usize = 600;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the workspace holds this package").to_owned()
}

/// The files that git tracks or would track.
fn files() -> Vec<PathBuf> {
    let listed = Command::new("git")
        .args(["ls-files", "--cached", "--others", "--exclude-standard"])
        .current_dir(root())
        .output()
        .expect("git lists the files");
    assert!(listed.status.success(), "git ls-files failed");
    let text = String::from_utf8(listed.stdout).expect("paths are text");
    let files: Vec<PathBuf> = text.lines().map(|l| root().join(l)).filter(|p| p.is_file()).collect();
    assert!(files.len() > 50, "only {} files were found", files.len());
    files
}

fn sources() -> impl Iterator<Item = (PathBuf, String)> {
    let rust = files().into_iter().filter(|p| p.extension().is_some_and(|e| e == "rs"));
    rust.map(|p| (p.clone(), fs::read_to_string(&p).expect("sources are text")))
}

#[test]
fn arrows_point_down_only() {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version", "1", "--no-deps", "--offline"])
        .current_dir(root())
        .output()
        .expect("cargo metadata runs");
    let metadata: Value = serde_json::from_slice(&output.stdout).expect("cargo metadata is JSON");
    let packages = metadata["packages"].as_array().expect("packages");
    let names: BTreeSet<&str> = packages.iter().filter_map(|p| p["name"].as_str()).collect();
    let known: BTreeSet<&str> = ARROWS.iter().map(|(name, _)| *name).collect();
    assert_eq!(names, known, "a crate was added or renamed: say here what it may depend on");
    let mut wrong = Vec::new();
    for package in packages {
        let name = package["name"].as_str().unwrap_or_default();
        let allowed = ARROWS.iter().find(|(n, _)| *n == name).map(|(_, a)| *a).unwrap_or_default();
        for dependency in package["dependencies"].as_array().expect("dependencies") {
            let on = dependency["name"].as_str().unwrap_or_default();
            // Tests may look at anything.
            let normal = dependency["kind"].is_null();
            if normal && names.contains(on) && !allowed.contains(&on) {
                wrong.push(format!("{name} → {on}"));
            }
        }
    }
    assert!(wrong.is_empty(), "arrows that point the wrong way: {wrong:?}");
}

#[test]
fn every_source_file_opens_with_what_it_is() {
    let bare: Vec<PathBuf> = sources()
        // What a compile-fail case is about is what it is: its message stands beside it.
        .filter(|(path, _)| !path.components().any(|c| c.as_os_str() == "compile_fail"))
        .filter(|(_, text)| !text.lines().take(5).any(|l| l.starts_with("//!")))
        .map(|(path, _)| path)
        .collect();
    assert!(bare.is_empty(), "files without a `//!` header: {bare:#?}");
}

#[test]
fn no_source_file_is_long() {
    let long: Vec<(PathBuf, usize)> =
        sources().map(|(path, text)| (path, text.lines().count())).filter(|(_, lines)| *lines > LONGEST_FILE).collect();
    assert!(long.is_empty(), "files past {LONGEST_FILE} lines: {long:#?}");
}

#[test]
fn the_usual_source_file_is_short() {
    let mut lengths: Vec<usize> = sources().map(|(_, text)| text.lines().count()).collect();
    lengths.sort_unstable();
    let median = lengths[lengths.len() / 2];
    assert!(median <= 250, "the median file has {median} lines");
}

#[test]
fn nothing_is_of_one_machine() {
    // Put together here, so that this file does not hold what it looks for.
    let marks: Vec<String> = ["/root/.", "/home/", "/work/", "C:\\Users"].iter().map(|m| (*m).to_owned()).collect();
    let mut found = Vec::new();
    for path in files() {
        let Ok(text) = fs::read_to_string(&path) else { continue };
        if path.ends_with("tests/tests/tidy/main.rs") || path.ends_with("Cargo.lock") {
            continue;
        }
        found.extend(marks.iter().filter(|m| text.contains(m.as_str())).map(|m| format!("{}: {m}", path.display())));
    }
    assert!(found.is_empty(), "paths of one machine: {found:#?}");
}

#[test]
fn nothing_is_left_to_be_done_silently() {
    let marks = [concat!("todo", "!("), concat!("unimplemented", "!("), concat!("dbg", "!("), concat!("#[ig", "nore]")];
    let mut found = Vec::new();
    for (path, text) in sources() {
        found.extend(marks.iter().filter(|m| text.contains(**m)).map(|m| format!("{}: {m}", path.display())));
    }
    assert!(found.is_empty(), "left to be done: {found:#?}");
}
