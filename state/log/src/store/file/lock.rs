//! The lock file: an operating system's lock, and a note in the file that says who has it and what the last epoch was.
use std::{
    fs, io,
    io::{Read as _, Seek as _, Write as _},
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};

use crate::{StateError, record::Holder};

/// A lock that this process holds. It is free once this is dropped.
#[derive(Debug)]
pub(super) struct Lock {
    file: fs::File,
    path: PathBuf,
    pub(super) epoch: u64,
}

/// What the file says. It is for people and for the epoch: whether it can be read decides nothing.
#[derive(Default, Serialize, Deserialize)]
struct Note {
    epoch: u64,
    holder: Option<Holder>,
}

impl Lock {
    /// Takes the lock, with an epoch above `floor` and above that of the note.
    pub(super) fn take(path: PathBuf, holder: &Holder, floor: u64) -> Result<Self, StateError> {
        let refused = |what: &str| StateError::io(format!("{what} {}", path.display()));
        let file = loop {
            let opened = fs::File::options().read(true).write(true).create(true).truncate(false).open(&path);
            let file = opened.map_err(refused("open"))?;
            match file.try_lock() {
                Ok(()) => {}
                Err(fs::TryLockError::WouldBlock) => {
                    return Err(StateError::Locked { holder: read_note(&file).holder });
                }
                Err(fs::TryLockError::Error(e)) => return Err(refused("lock")(e)),
            }
            // Between opening and locking, somebody may have removed the file and locked a new one.
            if is_same_file(&file, &path) {
                break file;
            }
        };
        let epoch = read_note(&file).epoch.max(floor).saturating_add(1);
        write_note(&file, &Note { epoch, holder: Some(holder.clone()) }).map_err(refused("write"))?;
        Ok(Self { file, path, epoch })
    }

    /// True while this is the lock that everybody else would have to take.
    pub(super) fn is_in_place(&self) -> bool {
        is_same_file(&self.file, &self.path)
    }

    /// Gives the lock back, and keeps the epoch in the note.
    pub(super) fn release(self) {
        // Should this fail, the note names a holder that is gone. Whoever takes the lock does not ask it.
        let _ = write_note(&self.file, &Note { epoch: self.epoch, holder: None });
    }
}

fn read_note(mut file: &fs::File) -> Note {
    let mut text = String::new();
    let read = file.read_to_string(&mut text);
    read.ok().and_then(|_| serde_json::from_str(&text).ok()).unwrap_or_default()
}

fn write_note(mut file: &fs::File, note: &Note) -> io::Result<()> {
    let mut text = serde_json::to_vec(note)?;
    text.push(b'\n');
    file.rewind()?;
    file.write_all(&text)?;
    file.set_len(text.len() as u64)
}

/// True when the path leads to this open file.
#[cfg(unix)]
pub(super) fn is_same_file(file: &fs::File, path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    match (file.metadata(), fs::metadata(path)) {
        (Ok(a), Ok(b)) => (a.dev(), a.ino()) == (b.dev(), b.ino()),
        _ => false,
    }
}

/// An open file cannot be replaced here.
#[cfg(not(unix))]
pub(super) fn is_same_file(_: &fs::File, path: &Path) -> bool {
    path.exists()
}
