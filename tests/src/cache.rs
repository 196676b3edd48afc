//! The cache folder: things that are made once and then shared by every run and every process.
//!
//! It holds no settings and no state, so it can be deleted at any time. An entry is made in a folder beside its place
//! and renamed into it when complete, under a file lock: whoever finds an entry finds all of it, a kill in the middle
//! leaves only a partial folder that the next run removes, and of many processes that want the same entry one makes
//! it.
//!
//! Where: `$PURLIN_LAB_CACHE`, else `$XDG_CACHE_HOME/purlin/lab`, else `~/.cache/purlin/lab`.

use std::{
    env,
    fs::{self, File, TryLockError},
    io,
    path::{Path, PathBuf},
};

use sha2::{Digest, Sha256};
use thiserror::Error;

use crate::say;

/// Why the cache could not be used.
#[derive(Debug, Error)]
pub enum CacheError {
    /// Neither of the variables that say where the cache is has a value.
    #[error("no place for the cache: set PURLIN_LAB_CACHE to a folder, or HOME")]
    NoPlace,
    /// The file system refused.
    #[error("cannot {what} {}", path.display())]
    Io {
        /// What was tried: `create`, `lock`, ...
        what: &'static str,
        /// On which file or folder.
        path: PathBuf,
        /// What the file system said.
        source: io::Error,
    },
}

impl CacheError {
    fn io(what: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::Io { what, path: path.to_owned(), source }
    }
}

/// A folder of entries that are made once.
#[derive(Clone, Debug)]
pub struct Cache {
    root: PathBuf,
}

impl Cache {
    /// The cache that the environment names.
    pub fn from_env() -> Result<Self, CacheError> {
        let set = |name: &str| env::var_os(name).filter(|v| !v.is_empty()).map(PathBuf::from);
        let root = set("PURLIN_LAB_CACHE")
            .or_else(|| set("XDG_CACHE_HOME").map(|p| p.join("purlin/lab")))
            .or_else(|| set("HOME").map(|p| p.join(".cache/purlin/lab")))
            .ok_or(CacheError::NoPlace)?;
        Ok(Self { root })
    }

    /// A cache in a folder of your own. The folder need not exist.
    pub fn at(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into() }
    }

    /// The folder of the entry `key`, made by `make` if it is not there yet.
    ///
    /// `make` gets an empty folder to fill. It must not remember the folder's path: the folder is renamed afterwards.
    pub fn once<E: From<CacheError>>(
        &self,
        key: &str,
        make: impl FnOnce(&Path) -> Result<(), E>,
    ) -> Result<PathBuf, E> {
        let place = self.root.join(key);
        if place.is_dir() {
            // Beside a finished entry, whatever is unfinished is an orphan's. If it still writes, the next run gets it.
            let _ = self.sweep(key);
            return Ok(place);
        }
        fs::create_dir_all(&self.root).map_err(CacheError::io("create", &self.root))?;
        let _lock = self.lock(key)?;
        if place.is_dir() {
            return Ok(place); // made while we waited for the lock
        }
        self.sweep(key)?;
        // A name of its own: a program that a killed run has started may still write into the folder of that run.
        let partial = self.root.join(format!("{key}.partial-{}", std::process::id()));
        fs::create_dir(&partial).map_err(CacheError::io("create", &partial))?;
        make(&partial)?;
        fs::rename(&partial, &place).map_err(CacheError::io("move into place", &place))?;
        Ok(place)
    }

    /// Removes what runs that were killed have left of an entry.
    fn sweep(&self, key: &str) -> Result<(), CacheError> {
        let unfinished = format!("{key}.partial-");
        for entry in fs::read_dir(&self.root).map_err(CacheError::io("list", &self.root))? {
            let entry = entry.map_err(CacheError::io("list", &self.root))?;
            if entry.file_name().to_string_lossy().starts_with(&unfinished) {
                fs::remove_dir_all(entry.path()).map_err(CacheError::io("remove the unfinished", &entry.path()))?;
            }
        }
        Ok(())
    }

    /// The lock of one key. The file stays: to delete it would let two processes hold a lock of the same name.
    fn lock(&self, key: &str) -> Result<File, CacheError> {
        let path = self.root.join(format!("{key}.lock"));
        let file = File::create(&path).map_err(CacheError::io("create", &path))?;
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(TryLockError::WouldBlock) => say::line(format_args!("waiting for another process that makes {key}")),
            Err(TryLockError::Error(source)) => return Err(CacheError::Io { what: "lock", path, source }),
        }
        file.lock().map_err(CacheError::io("lock", &path))?;
        Ok(file)
    }
}

/// Sixteen hex digits that stand for the given texts, for use in a key: other content, other entry.
pub fn digest<'a>(texts: impl IntoIterator<Item = &'a str>) -> String {
    let mut hash = Sha256::new();
    for text in texts {
        hash.update(text.len().to_le_bytes());
        hash.update(text);
    }
    hash.finalize().iter().take(8).map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unfinished_entry_is_made_again() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let cache = Cache::at(folder.path().join("lab"));
        let broken = cache.once("thing", |dir| {
            fs::write(dir.join("half"), "").map_err(CacheError::io("write", dir))?;
            Err(CacheError::NoPlace)
        });
        assert!(broken.is_err());
        let made = cache.once("thing", |dir| fs::write(dir.join("whole"), "").map_err(CacheError::io("write", dir)));
        let made = made.expect("the second try works");
        assert!(made.join("whole").exists() && !made.join("half").exists());
        let again = cache.once("thing", |_| Err(CacheError::NoPlace)).expect("it is there, so nothing is made");
        assert_eq!(again, made);
    }

    #[test]
    fn many_at_once_make_one() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let cache = Cache::at(folder.path());
        let made = std::sync::atomic::AtomicUsize::new(0);
        std::thread::scope(|threads| {
            for _ in 0..8 {
                threads.spawn(|| {
                    cache
                        .once("thing", |_| {
                            made.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
                            Ok::<_, CacheError>(())
                        })
                        .expect("one makes it, the others find it");
                });
            }
        });
        assert_eq!(made.into_inner(), 1);
    }
}
