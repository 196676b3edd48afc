//! [`File`]: a log in a folder, `<dir>/<stack>/`.
//!
//! - `journal.ndjson`: the records since the snapshot.
//! - `snapshot.json`: the state up to there.
//! - `journal-<first>.ndjson`: older records, kept for `state log` and named by their first one. All are kept. The oldest
//!   may be removed by hand at any time: the state does not need them, only the history gets shorter.
//! - `lock`: who holds the state, and the last epoch. The lock itself is the operating system's, so it is free the moment
//!   its process is gone.
//!
//! An append is durable once the journal is synced. A snapshot is written beside the old one, synced and renamed over
//! it; only then the journal is renamed and a new one begun. A crash between two of these steps leaves a journal with
//! records that the snapshot has too: a reader passes over them, and the next run completes the renaming. Readers take
//! the journal first and the snapshot after it, so a compaction between the two cannot hide a record from them.
//!
//! The calls block for as long as the disk takes. The lock holds between the processes of one machine, and on network
//! file systems that support `flock`; for a team, use a remote store.
mod lock;
#[cfg(test)]
mod tests;

use std::{
    fs, io,
    io::Write as _,
    path::{Path, PathBuf},
};

use purlin_core::driver::BoxFuture;

use self::lock::{Lock, is_same_file};
use super::{Loaded, Part, Position, Store};
use crate::{StateError, record::Holder};

const JOURNAL: &str = "journal.ndjson";
const SNAPSHOT: &str = "snapshot.json";
const SNAPSHOT_BEFORE_RENAME: &str = "snapshot.json.new";
const LOCK: &str = "lock";

/// A log in a folder.
#[derive(Debug)]
pub struct File {
    dir: PathBuf,
    /// The stack's name is one plain name of a folder.
    named: bool,
    held: Option<Held>,
}

#[derive(Debug)]
struct Held {
    lock: Lock,
    /// Opened by the first append.
    journal: Option<fs::File>,
}

impl File {
    /// The log of a stack below `dir`. Nothing is read or made yet. A name that is no plain name of a folder (letters,
    /// digits, `-`, `_`, `.`; not first) is refused by the first call.
    pub fn new(dir: impl AsRef<Path>, stack: &str) -> Self {
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
        let named = !stack.is_empty() && !stack.starts_with('.') && stack.chars().all(plain);
        Self { dir: dir.as_ref().join(stack), named, held: None }
    }

    /// The names of the stacks that have a log below `dir`, in order. No folder means no stack.
    ///
    /// # Errors
    /// When the folder cannot be read.
    pub fn stacks(dir: impl AsRef<Path>) -> Result<Vec<String>, StateError> {
        let dir = dir.as_ref();
        let mut names = Vec::new();
        for entry in entries(dir)? {
            let has_log = [JOURNAL, SNAPSHOT].iter().any(|file| dir.join(&entry).join(file).is_file());
            if has_log {
                names.push(entry);
            }
        }
        Ok(names)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.join(name)
    }

    fn part(&self, name: &str) -> Result<Option<Part>, StateError> {
        let path = self.path(name);
        match fs::read(&path) {
            Ok(bytes) => Ok(Some(Part { name: path.display().to_string(), bytes })),
            Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(e) => Err(StateError::io(format!("read {}", path.display()))(e)),
        }
    }

    fn check_name(&self) -> Result<(), StateError> {
        if self.named {
            return Ok(());
        }
        let source =
            io::Error::new(io::ErrorKind::InvalidInput, "a stack's name has letters, digits, `-`, `_` and `.`");
        Err(StateError::Io { what: format!("use {} as a stack's folder", self.dir.display()), source })
    }

    fn load_now(&self) -> Result<Loaded, StateError> {
        self.check_name()?;
        let empty = || Part { name: self.path(JOURNAL).display().to_string(), bytes: Vec::new() };
        let journal = vec![self.part(JOURNAL)?.unwrap_or_else(empty)];
        Ok(Loaded { snapshot: self.part(SNAPSHOT)?, journal })
    }

    fn history_now(&self) -> Result<Vec<Part>, StateError> {
        let mut segments: Vec<(u64, String)> =
            entries(&self.dir)?.into_iter().filter_map(|name| Some((segment_first(&name)?, name))).collect();
        segments.sort_unstable();
        segments.iter().filter_map(|(_, name)| self.part(name).transpose()).collect()
    }

    fn lock_now(&mut self, holder: &Holder, floor: u64) -> Result<u64, StateError> {
        self.check_name()?;
        self.make_dir().map_err(StateError::io(format!("make {}", self.dir.display())))?;
        let lock = Lock::take(self.path(LOCK), holder, floor)?;
        let epoch = lock.epoch;
        self.held = Some(Held { lock, journal: None });
        Ok(epoch)
    }

    /// The lock of this epoch, if it is still what everybody else would have to take.
    fn held(&mut self, epoch: u64) -> Result<&mut Held, StateError> {
        let path = self.path(LOCK);
        match &mut self.held {
            Some(held) if held.lock.epoch == epoch && held.lock.is_in_place() => Ok(held),
            _ => Err(StateError::Fenced { why: format!("{} is not this run's lock any more", path.display()) }),
        }
    }

    fn append_now(&mut self, epoch: u64, at: Position, lines: &[u8]) -> Result<(), StateError> {
        let dir = self.dir.clone();
        let path = self.path(JOURNAL);
        let refused = |what: &str| StateError::io(format!("{what} {}", path.display()));
        let held = self.held(epoch)?;
        let journal = match &mut held.journal {
            Some(journal) => journal,
            none => {
                let is_new = !path.exists();
                let journal = fs::File::options().append(true).create(true).open(&path).map_err(refused("open"))?;
                if is_new {
                    sync_dir(&dir).map_err(refused("make"))?;
                }
                none.insert(journal)
            }
        };
        let length = fs::metadata(&path).map_err(refused("read"))?.len();
        if length != at.bytes || !is_same_file(journal, &path) {
            let why = format!("{} was changed by somebody else", path.display());
            return Err(StateError::Fenced { why });
        }
        journal.write_all(lines).and_then(|()| journal.sync_data()).map_err(refused("write"))
    }

    fn cut_now(&mut self, epoch: u64, at: Position) -> Result<(), StateError> {
        let path = self.path(JOURNAL);
        self.held(epoch)?;
        let cut = |journal: fs::File| journal.set_len(at.bytes).and_then(|()| journal.sync_all());
        let journal = fs::File::options().write(true).open(&path);
        journal.and_then(cut).map_err(StateError::io(format!("cut {}", path.display())))
    }

    fn replace_snapshot_now(&mut self, epoch: u64, snapshot: &[u8]) -> Result<(), StateError> {
        self.held(epoch)?;
        self.write_beside(snapshot)
            .and_then(|()| self.rename(SNAPSHOT_BEFORE_RENAME, SNAPSHOT))
            .map_err(StateError::io(format!("write {}", self.path(SNAPSHOT).display())))
    }

    fn write_beside(&self, snapshot: &[u8]) -> io::Result<()> {
        let mut file = fs::File::create(self.path(SNAPSHOT_BEFORE_RENAME))?;
        file.write_all(snapshot)?;
        file.sync_all()
    }

    fn retire_journal_now(&mut self, epoch: u64, first: u64) -> Result<(), StateError> {
        self.held(epoch)?.journal = None;
        self.retire_into(&self.free_segment(first))
            .and_then(|()| self.begin_journal())
            .map_err(StateError::io(format!("rename {}", self.path(JOURNAL).display())))
    }

    fn retire_into(&self, segment: &str) -> io::Result<()> {
        match self.rename(JOURNAL, segment) {
            Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(()),
            done => done,
        }
    }

    fn begin_journal(&self) -> io::Result<()> {
        fs::File::options().append(true).create(true).open(self.path(JOURNAL))?;
        sync_dir(&self.dir)
    }

    /// The name of the segment that begins with `first`. After an older backup was put back there can be one of another
    /// past: it stays, under a name of its own that the history does not read.
    fn free_segment(&self, first: u64) -> String {
        let name = segment_name(first);
        let taken = |n: &u32| self.path(&format!("{name}.{n}")).exists();
        if self.path(&name).exists() {
            let aside = (1..).find(|n| !taken(n)).unwrap_or_default();
            // Should this fail, the rename that follows replaces the file, and only a past that was given up is lost.
            let _ = self.rename(&name, &format!("{name}.{aside}"));
        }
        name
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        fs::rename(self.path(from), self.path(to))?;
        sync_dir(&self.dir)
    }

    fn make_dir(&self) -> io::Result<()> {
        if self.dir.is_dir() {
            return Ok(());
        }
        fs::create_dir_all(&self.dir)?;
        self.dir.parent().map_or(Ok(()), sync_dir)
    }

    fn unlock_now(&mut self, epoch: u64) {
        if let Some(held) = self.held.take_if(|held| held.lock.epoch == epoch) {
            held.lock.release();
        }
    }
}

impl Store for File {
    fn load(&self) -> BoxFuture<'_, Result<Loaded, StateError>> {
        Box::pin(async { self.load_now() })
    }

    fn history(&self) -> BoxFuture<'_, Result<Vec<Part>, StateError>> {
        Box::pin(async { self.history_now() })
    }

    fn lock<'a>(&'a mut self, holder: &'a Holder, floor: u64, _now: u64) -> BoxFuture<'a, Result<u64, StateError>> {
        Box::pin(async move { self.lock_now(holder, floor) })
    }

    fn append<'a>(&'a mut self, epoch: u64, at: Position, lines: &'a [u8]) -> BoxFuture<'a, Result<(), StateError>> {
        Box::pin(async move { self.append_now(epoch, at, lines) })
    }

    fn cut(&mut self, epoch: u64, at: Position) -> BoxFuture<'_, Result<(), StateError>> {
        Box::pin(async move { self.cut_now(epoch, at) })
    }

    fn replace_snapshot<'a>(
        &'a mut self,
        epoch: u64,
        snapshot: &'a [u8],
        _upto: u64,
    ) -> BoxFuture<'a, Result<(), StateError>> {
        Box::pin(async move { self.replace_snapshot_now(epoch, snapshot) })
    }

    fn retire_journal(&mut self, epoch: u64, first: u64) -> BoxFuture<'_, Result<(), StateError>> {
        Box::pin(async move { self.retire_journal_now(epoch, first) })
    }

    fn unlock(&mut self, epoch: u64) -> BoxFuture<'_, Result<(), StateError>> {
        Box::pin(async move {
            self.unlock_now(epoch);
            Ok(())
        })
    }
}

fn segment_name(first: u64) -> String {
    format!("journal-{first}.ndjson")
}

fn segment_first(name: &str) -> Option<u64> {
    name.strip_prefix("journal-")?.strip_suffix(".ndjson")?.parse().ok()
}

/// The names in a folder, in order; those that are not text are none of ours.
fn entries(dir: &Path) -> Result<Vec<String>, StateError> {
    let refused = |e| StateError::io(format!("read {}", dir.display()))(e);
    let listed = match fs::read_dir(dir) {
        Ok(listed) => listed,
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(e) => return Err(refused(e)),
    };
    let mut names = Vec::new();
    for entry in listed {
        names.extend(entry.map_err(refused)?.file_name().into_string().ok());
    }
    names.sort_unstable();
    Ok(names)
}

/// Makes the names in a folder durable.
#[cfg(unix)]
fn sync_dir(dir: &Path) -> io::Result<()> {
    fs::File::open(dir)?.sync_all()
}

/// Folders cannot be synced here; the file system orders its own changes.
#[cfg(not(unix))]
fn sync_dir(_: &Path) -> io::Result<()> {
    Ok(())
}
