//! [`TestEnvironment`]: a folder of its own, a clock that stands, randomness from a counter, and outputs that are
//! kept.
use std::{
    collections::BTreeMap,
    fs,
    io::{self, Write},
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
};

use purlin_cli::{App, Edge, ExitCode, console::Stream, edge::Signals};
use purlin_engine::World;
use tempfile::TempDir;

/// 2026-01-01 00:00:00Z.
const NOW: u64 = 1_767_225_600_000;

/// Where a command line runs in a test.
pub(crate) struct TestEnvironment {
    dir: TempDir,
    vars: BTreeMap<String, String>,
    answers: Option<Vec<&'static str>>,
    signals: Arc<Signals>,
    drawn: Arc<AtomicU64>,
}

/// What a command said.
#[derive(Debug)]
pub(crate) struct Said {
    pub(crate) code: ExitCode,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl TestEnvironment {
    pub(crate) fn new() -> Self {
        Self {
            dir: TempDir::new().expect("a temporary folder"),
            vars: BTreeMap::new(),
            answers: None,
            signals: Arc::new(|_, _| {}),
            drawn: Arc::default(),
        }
    }

    /// With a variable set.
    pub(crate) fn var(mut self, name: &str, value: &str) -> Self {
        self.vars.insert(name.to_owned(), value.to_owned());
        self
    }

    /// With a person at a terminal who types these.
    pub(crate) fn person(mut self, answers: &[&'static str]) -> Self {
        self.answers = Some(answers.to_vec());
        self
    }

    /// With signals passed on by this.
    pub(crate) fn signals(mut self, signals: Arc<Signals>) -> Self {
        self.signals = signals;
        self
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// Writes a file.
    pub(crate) fn file(&self, name: &str, text: &str) -> &Self {
        fs::write(self.path(name), text).expect("the folder can be written");
        self
    }

    pub(crate) fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).expect("the file exists")
    }

    /// Runs a command line, given without the program's name.
    pub(crate) fn run(&self, app: &App, line: &str) -> Said {
        let (out, err) = (Kept::default(), Kept::default());
        let answers = self.answers.clone().map(|answers| Mutex::new(answers.into_iter()));
        let drawn = self.drawn.clone();
        let edge = Edge {
            args: std::iter::once(app.name.as_str()).chain(line.split_whitespace()).map(Into::into).collect(),
            vars: self.vars.clone(),
            dir: self.dir.path().to_owned(),
            who: "ana@laptop".to_owned(),
            pid: 7,
            ask: answers.map(|answers| {
                Arc::new(move || {
                    let next = answers.lock().expect("no other asks").next();
                    next.map(ToOwned::to_owned).ok_or_else(|| io::Error::other("nobody answers"))
                }) as Arc<purlin_cli::edge::Ask>
            }),
            out: Stream::plain(out.clone()),
            err: Stream::plain(err.clone()),
            world: World::new(|| NOW, move |bytes| fill(bytes, &drawn)),
            signals: self.signals.clone(),
        };
        let code = purlin_cli::run(app, edge);
        Said { code, out: self.normal(&out.text()), err: self.normal(&err.text()) }
    }

    /// Runs a command line that has to work.
    #[track_caller]
    pub(crate) fn ok(&self, app: &App, line: &str) -> Said {
        let said = self.run(app, line);
        assert_eq!(said.code, ExitCode::Done, "`{line}` failed:\n{}{}", said.out, said.err);
        said
    }

    /// Every file of the folder with what it holds.
    pub(crate) fn files(&self) -> BTreeMap<PathBuf, Vec<u8>> {
        fn collect(dir: &Path, files: &mut BTreeMap<PathBuf, Vec<u8>>) {
            for entry in fs::read_dir(dir).expect("the folder can be read") {
                let path = entry.expect("the entry can be read").path();
                if path.is_dir() {
                    collect(&path, files);
                } else {
                    let bytes = fs::read(&path).expect("the file can be read");
                    files.insert(path, bytes);
                }
            }
        }
        let mut files = BTreeMap::new();
        collect(self.dir.path(), &mut files);
        files
    }

    /// The text with the folder as `$DIR` and without what depends on the speed of the machine.
    fn normal(&self, text: &str) -> String {
        without_spans(&text.replace(&self.dir.path().display().to_string(), "$DIR"))
    }
}

/// Without ` after 0.3s`, and a comma before it.
fn without_spans(text: &str) -> String {
    let mut parts = text.split(" after ");
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let digits = part.chars().take_while(|c| c.is_ascii_digit() || *c == '.').count();
        match part[digits..].strip_prefix('s').filter(|_| digits > 0) {
            Some(rest) => {
                out.truncate(out.trim_end_matches(',').len());
                out.push_str(rest);
            }
            None => {
                out.push_str(" after ");
                out.push_str(part);
            }
        }
    }
    out
}

fn fill(bytes: &mut [u8], drawn: &AtomicU64) {
    for chunk in bytes.chunks_mut(8) {
        let n = drawn.fetch_add(1, Ordering::Relaxed) + 1;
        chunk.copy_from_slice(&n.wrapping_mul(0x9E37_79B9_7F4A_7C15).to_le_bytes()[..chunk.len()]);
    }
}

/// What was written.
#[derive(Clone, Default)]
struct Kept(Arc<Mutex<Vec<u8>>>);

impl Kept {
    fn text(&self) -> String {
        String::from_utf8(self.0.lock().expect("no writer panicked").clone()).expect("outputs are UTF-8")
    }
}

impl Write for Kept {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().expect("no writer panicked").extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
