//! What the demo prints of its own, and how it runs the user's program.
use std::{
    env,
    io::{self, BufRead, BufReader, IsTerminal, Write},
    path::Path,
    process::{Command, Stdio},
};

/// What a run of the program printed, and how it ended.
pub(crate) struct Ran {
    pub(crate) output: String,
    pub(crate) code: i32,
}

/// Prints a line for the person who watches.
pub(crate) fn talk(line: &str) {
    // A closed pipe is not worth a panic: the demo goes on and its exit code tells.
    let _ = writeln!(io::stdout(), "{line}");
}

/// Prints the title of a scene.
pub(crate) fn scene(number: usize, title: &str) {
    let line = format!("── {number}. {title} ");
    let rule = "─".repeat(78_usize.saturating_sub(line.chars().count()));
    if coloured() {
        talk(&format!("\n\u{1b}[1m{line}{rule}\u{1b}[0m"));
    } else {
        talk(&format!("\n{line}{rule}"));
    }
}

fn coloured() -> bool {
    io::stdout().is_terminal() && env::var_os("NO_COLOR").is_none()
}

/// Runs the user's program in a folder, shows the command and what it prints as it comes, and gives both back.
pub(crate) fn run(folder: &Path, environment: &[(String, String)], arguments: &[&str]) -> io::Result<Ran> {
    talk(&format!("\n$ platform {}", arguments.join(" ")));
    let colour = if coloured() { "always" } else { "never" };
    // One pipe for both streams: what is shown keeps the order in which it was said.
    let (lines, pipe) = io::pipe()?;
    let mut command = Command::new(env::current_exe()?);
    command
        .arg(super::PROGRAM)
        .args(arguments)
        .args(["--color", colour])
        .envs(environment.iter().map(|(k, v)| (k, v)))
        .current_dir(folder)
        .stdin(Stdio::null())
        .stdout(pipe.try_clone()?)
        .stderr(pipe);
    let mut child = command.spawn()?;
    // The command holds the writing ends: the pipe ends only when they are gone here too.
    drop(command);
    let mut output = String::new();
    for line in BufReader::new(lines).lines().map_while(Result::ok) {
        talk(&line);
        output.push_str(&line);
        output.push('\n');
    }
    let code = child.wait()?.code().unwrap_or(-1);
    Ok(Ran { output, code })
}
