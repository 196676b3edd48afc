//! A started counterpart: a child process that says it is ready, and that is gone with whoever started it.
//!
//! The contract with the child, which for most counterparts is a small wrapper of ours: it binds a free port that the
//! system chooses, says so in one JSON line on stdout, and exits when its stdin ends. The parent holds the other end
//! of that pipe and never writes to it. However the parent dies, SIGKILL included, the system closes the pipe, and
//! the child leaves: no process is left behind, and nobody has to be asked for a port number that another one may
//! take first.

use std::{
    fs::{self, File},
    io::{self, BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::mpsc::{RecvTimeoutError, channel},
    thread,
    time::{Duration, Instant},
};

use serde_json::Value;
use thiserror::Error;

/// How long a child may take to leave before it is killed.
const FAREWELL: Duration = Duration::from_secs(2);

/// Why a counterpart did not start.
#[derive(Debug, Error)]
pub enum ProcessError {
    /// The program could not be run at all, or its log could not be opened.
    #[error("cannot run {program}")]
    Spawn {
        /// Which program.
        program: String,
        /// What the system said.
        source: io::Error,
    },
    /// It ended, or said something else, before it was ready.
    #[error("{name} ended before it was ready; the end of its log:\n{log}")]
    Ended {
        /// Which counterpart.
        name: &'static str,
        /// The last lines it wrote.
        log: String,
    },
    /// It runs, but did not become ready.
    #[error("{name} was not ready after {} s; the end of its log:\n{log}", after.as_secs())]
    Slow {
        /// Which counterpart.
        name: &'static str,
        /// How long was waited.
        after: Duration,
        /// The last lines it wrote.
        log: String,
    },
}

/// A running counterpart. Stops when dropped.
#[derive(Debug)]
pub struct Process {
    child: Child,
    log: PathBuf,
}

impl Process {
    /// Runs `command` and waits, for at most `patience`, for the JSON line that says it is ready. What it writes to
    /// stderr goes to `log`.
    pub fn start(
        name: &'static str,
        command: &mut Command,
        log: &Path,
        patience: Duration,
    ) -> Result<(Self, Value), ProcessError> {
        let program = command.get_program().to_string_lossy().into_owned();
        let spawn = |source| ProcessError::Spawn { program: program.clone(), source };
        let stderr = File::create(log).map_err(spawn)?;
        let piped = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(stderr);
        let mut child = piped.spawn().map_err(spawn)?;
        let stdout = child.stdout.take();
        let this = Self { child, log: log.to_owned() };

        let (sender, ready) = channel();
        thread::spawn(move || {
            let mut line = String::new();
            if let Some(stdout) = stdout
                && BufReader::new(stdout).read_line(&mut line).is_ok()
            {
                let _ = sender.send(line);
            }
        });
        match ready.recv_timeout(patience) {
            Ok(line) => match serde_json::from_str(&line) {
                Ok(said) => Ok((this, said)),
                Err(_) => Err(ProcessError::Ended { name, log: this.last_words() }),
            },
            Err(RecvTimeoutError::Timeout) => Err(ProcessError::Slow { name, after: patience, log: this.last_words() }),
            Err(RecvTimeoutError::Disconnected) => Err(ProcessError::Ended { name, log: this.last_words() }),
        }
    }

    /// The system's number for the process.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Where it writes what it has to say.
    pub fn log(&self) -> &Path {
        &self.log
    }

    fn last_words(&self) -> String {
        let all = fs::read_to_string(&self.log).unwrap_or_default();
        let lines: Vec<_> = all.lines().collect();
        lines[lines.len().saturating_sub(20)..].join("\n")
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        drop(self.child.stdin.take()); // the sign to leave
        let deadline = Instant::now() + FAREWELL;
        while matches!(self.child.try_wait(), Ok(None)) {
            if Instant::now() > deadline {
                let _ = self.child.kill();
                let _ = self.child.wait();
                return;
            }
            thread::sleep(Duration::from_millis(2));
        }
    }
}
