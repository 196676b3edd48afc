//! The README's stack is a program that compiles and plans, and its output is what the plan shows.
use purlin::testing;

#[path = "readme/stack.rs"]
#[expect(
    dead_code,
    unreachable_pub,
    reason = "an example is a program: its `main` is for people, and it is pub for this test"
)]
mod stack;

const README: &str = include_str!("../../README.md");

/// The first block of a language, or the first one that starts with a line.
fn block(fence: &str, first: &str) -> String {
    let blocks = README.split("```").skip(1).step_by(2);
    let found = blocks.filter_map(|b| b.strip_prefix(fence)).map(str::trim_start).find(|b| b.starts_with(first));
    found.unwrap_or_else(|| panic!("the README has a block of `{fence}` that starts with {first:?}")).to_owned()
}

#[test]
fn the_stack_is_the_one_that_is_tested() {
    let source = include_str!("readme/stack.rs");
    let code: Vec<&str> = source.lines().filter(|l| !l.starts_with("//!")).collect();
    assert_eq!(block("rust", "use purlin::prelude").trim(), code.join("\n").trim());
    let lines = code.iter().filter(|l| !l.trim().is_empty()).count();
    assert!(lines <= 30, "{lines} lines");
}

#[test]
fn the_output_is_what_the_plan_shows() {
    let tree = testing::plan(stack::models).stack("models").run().expect("it plans").tree();
    let shown = block("console", "$ cargo run -- plan");
    let shown: Vec<&str> = shown.lines().skip(1).map(without_place).collect();
    assert_eq!(shown.join("\n").trim(), tree.trim());
}

/// The README shows the lines of the program too; a test has other ones.
fn without_place(line: &str) -> &str {
    match line.rsplit_once("  src/main.rs:") {
        Some((rest, _)) => rest.trim_end(),
        None => line,
    }
}
