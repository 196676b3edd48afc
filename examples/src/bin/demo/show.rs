//! What the demo prints of its own, and how it runs the user's program.
use std::{
    env,
    io::{self, BufRead, BufReader, IsTerminal, Read, Write},
    path::Path,
    process::{Command, Stdio},
    sync::mpsc,
    thread,
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
    let mut child = Command::new(env::current_exe()?)
        .arg(super::PROGRAM)
        .args(arguments)
        .args(["--color", colour])
        .envs(environment.iter().map(|(k, v)| (k, v)))
        .current_dir(folder)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()?;
    let (tell, lines) = mpsc::channel();
    let mut readers = Vec::new();
    let pipes: [Option<Box<dyn Read + Send>>; 2] =
        [child.stdout.take().map(|p| Box::new(p) as _), child.stderr.take().map(|p| Box::new(p) as _)];
    for pipe in pipes.into_iter().flatten() {
        let tell = tell.clone();
        readers.push(thread::spawn(move || {
            for line in BufReader::new(pipe).lines().map_while(Result::ok) {
                if tell.send(line).is_err() {
                    break;
                }
            }
        }));
    }
    drop(tell);
    let mut output = String::new();
    for line in lines {
        talk(&line);
        output.push_str(&line);
        output.push('\n');
    }
    for reader in readers {
        let _ = reader.join();
    }
    let code = child.wait()?.code().unwrap_or(-1);
    Ok(Ran { output, code })
}
