//! [`Edge`]: everything outside that a run touches. The only module that reads the environment, files, the clock,
//! randomness or the terminal; all others get values.
use std::{
    collections::BTreeMap,
    env,
    ffi::OsString,
    fs,
    io::{self, IsTerminal as _, Write as _},
    path::{Path, PathBuf},
    sync::Arc,
    time::{SystemTime, UNIX_EPOCH},
};

use purlin_engine::{Cancel, World};

use crate::{console::Stream, exit_codes};

/// The width of lines where no terminal says otherwise.
const WIDTH: usize = 100;
/// Wider lines are hard to read, whatever the terminal has room for.
const WIDEST: usize = 140;

/// Asks a person a line; gives what was typed, without the line break.
pub type Ask = dyn Fn() -> io::Result<String> + Send + Sync;

/// Asks a run to stop when a signal comes; what it has to say goes to the stream.
pub type Signals = dyn Fn(Cancel, Stream) + Send + Sync;

/// What a run finds around it, as values.
pub struct Edge {
    /// The command line, the name of the program first.
    pub args: Vec<OsString>,
    /// The environment's variables, as far as they are text.
    pub vars: BTreeMap<String, String>,
    /// The folder that relative paths start from.
    pub dir: PathBuf,
    /// Who runs it: `ana@laptop`, or the URL of a CI run.
    pub who: String,
    /// The process id.
    pub pid: u32,
    /// A person who can be asked; none where standard input is not a terminal.
    pub ask: Option<Arc<Ask>>,
    /// Data goes here.
    pub out: Stream,
    /// Talk goes here.
    pub err: Stream,
    /// Clock and randomness.
    pub world: World,
    /// Passes signals on to a run, once it has a runtime.
    pub signals: Arc<Signals>,
}

impl Edge {
    /// What this process finds.
    pub fn of_process() -> Self {
        let vars: BTreeMap<String, String> =
            env::vars_os().filter_map(|(k, v)| Some((k.into_string().ok()?, v.into_string().ok()?))).collect();
        let interactive = io::stdin().is_terminal() && io::stderr().is_terminal();
        Self {
            args: env::args_os().collect(),
            dir: env::current_dir().unwrap_or_else(|_| PathBuf::from(".")),
            who: who(&vars),
            pid: std::process::id(),
            ask: interactive.then(|| Arc::new(read_line) as Arc<Ask>),
            out: stream(
                io::stdout(),
                &anstream::AutoStream::choice(&io::stdout()),
                terminal_size::terminal_size_of(io::stdout()),
            ),
            err: stream(
                io::stderr(),
                &anstream::AutoStream::choice(&io::stderr()),
                terminal_size::terminal_size_of(io::stderr()),
            ),
            world: World::new(now, random),
            signals: Arc::new(signals),
            vars,
        }
    }

    /// A variable that is set and not empty.
    pub fn var(&self, name: &str) -> Option<&str> {
        self.vars.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    /// A path, from where the run was started.
    pub fn path(&self, path: impl AsRef<Path>) -> PathBuf {
        self.dir.join(path)
    }

    /// The text of a file; none where there is no such file.
    ///
    /// # Errors
    /// It cannot be read, or is not UTF-8.
    pub fn read(&self, path: impl AsRef<Path>) -> io::Result<Option<String>> {
        match fs::read_to_string(self.path(path)) {
            Ok(text) => Ok(Some(text)),
            Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(e) => Err(e),
        }
    }

    /// Writes a file as a whole or not at all. Only its owner may read it: a plan tells much about what it is a plan
    /// of.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn write(&self, path: impl AsRef<Path>, text: &str) -> io::Result<()> {
        let path = self.path(path);
        let folder = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let mut name = path.file_name().ok_or_else(|| io::Error::other("not the name of a file"))?.to_os_string();
        name.push(format!(".{}.new", self.pid));
        let beside = folder.join(name);
        let mut options = fs::File::options();
        options.write(true).create(true).truncate(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let written = options.open(&beside).and_then(|mut file| {
            file.write_all(text.as_bytes())?;
            file.sync_all()?;
            fs::rename(&beside, &path)
        });
        if written.is_err() {
            // What is left of a failed attempt is of no use to anybody.
            let _ = fs::remove_file(&beside);
        }
        written
    }

    /// The stacks that have a settings file here: `dev` for `purlin.dev.toml`.
    pub fn settings_files(&self) -> Vec<String> {
        let Ok(entries) = fs::read_dir(&self.dir) else { return Vec::new() };
        let name = |entry: io::Result<fs::DirEntry>| {
            let name = entry.ok()?.file_name().into_string().ok()?;
            Some(name.strip_prefix("purlin.")?.strip_suffix(".toml")?.to_owned())
        };
        let mut names: Vec<String> = entries.filter_map(name).collect();
        names.sort();
        names
    }
}

fn stream(
    writer: impl io::Write + io::IsTerminal + Send + 'static,
    choice: &anstream::ColorChoice,
    size: Option<(terminal_size::Width, terminal_size::Height)>,
) -> Stream {
    let terminal = writer.is_terminal();
    let width = size.filter(|_| terminal).map_or(WIDTH, |(width, _)| usize::from(width.0).min(WIDEST));
    let mut stream = Stream::plain(writer);
    stream.terminal = terminal;
    stream.colour = *choice != anstream::ColorChoice::Never;
    stream.width = width;
    stream
}

fn read_line() -> io::Result<String> {
    let mut line = String::new();
    io::stdin().read_line(&mut line)?;
    Ok(line.trim_end_matches(['\n', '\r']).to_owned())
}

fn who(vars: &BTreeMap<String, String>) -> String {
    let var = |name: &str| vars.get(name).filter(|value| !value.is_empty());
    if let (Some(server), Some(repository), Some(run)) =
        (var("GITHUB_SERVER_URL"), var("GITHUB_REPOSITORY"), var("GITHUB_RUN_ID"))
    {
        return format!("{server}/{repository}/actions/runs/{run}");
    }
    if let Some(url) = var("CI_JOB_URL").or_else(|| var("BUILD_URL")) {
        return url.clone();
    }
    let user = var("USER").or_else(|| var("USERNAME")).map_or("somebody", String::as_str);
    let host = var("HOSTNAME").or_else(|| var("COMPUTERNAME")).cloned();
    let host = host.or_else(|| Some(fs::read_to_string("/etc/hostname").ok()?.trim().to_owned()));
    host.map_or_else(|| user.to_owned(), |host| format!("{user}@{host}"))
}

#[expect(clippy::disallowed_methods, reason = "this is the edge: all others are given a clock")]
fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

/// # Panics
/// When the operating system has no randomness: nothing could be made safely then.
fn random(bytes: &mut [u8]) {
    if let Err(error) = getrandom::fill(bytes) {
        panic!("the operating system gives no randomness: {error}");
    }
}

/// The first SIGINT or SIGTERM asks the run to stop; a second one ends the process at once, which is safe too.
fn signals(cancel: Cancel, err: Stream) {
    tokio::spawn(each_signal(move || {
        if cancel.is_cancelled() {
            // The stream is closed at worst: the process ends all the same.
            let _ = err.text("\nEnded at once. Nothing is lost: the next run goes on from what is in the state.\n");
            std::process::exit(exit_codes::KILLED.into());
        }
        cancel.cancel();
    }));
}

#[cfg(unix)]
async fn each_signal(on: impl Fn()) {
    use tokio::signal::unix::{SignalKind, signal};
    let (Ok(mut interrupt), Ok(mut terminate)) = (signal(SignalKind::interrupt()), signal(SignalKind::terminate()))
    else {
        // Without handlers a signal ends the process at once, as it would any other.
        return;
    };
    loop {
        tokio::select! {
            _ = interrupt.recv() => on(),
            _ = terminate.recv() => on(),
        }
    }
}

#[cfg(not(unix))]
async fn each_signal(on: impl Fn()) {
    while tokio::signal::ctrl_c().await.is_ok() {
        on();
    }
}
