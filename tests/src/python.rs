//! Python counterparts: a virtual environment of its own for each, from a lock file with hashes.
//!
//! `python3 -m venv`, then `pip install --require-hashes`, so that what runs is what was reviewed, on every machine.
//! Nothing outside of the cache folder is touched; the interpreter is called by its path, no environment is ever
//! "activated".

use std::{
    env, io,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use thiserror::Error;

use crate::{
    cache::{Cache, CacheError, digest},
    say,
};

/// Oldest Python that the lock files are made for.
const OLDEST: (u32, u32) = (3, 10);

/// Why a Python environment could not be made. Each says what to install.
#[derive(Debug, Error)]
pub enum PythonError {
    /// There is no interpreter.
    #[error(
        "`{python}` cannot be run: install Python {}.{} or newer (Debian, Ubuntu: `apt install python3 python3-venv`; \
         macOS: `brew install python`), or name one in PURLIN_LAB_PYTHON",
        OLDEST.0, OLDEST.1
    )]
    Missing {
        /// What was tried.
        python: String,
        /// What the system said.
        source: io::Error,
    },
    /// The interpreter is too old.
    #[error("`{python}` is Python {found}, the lab needs {}.{} or newer: name another one in PURLIN_LAB_PYTHON", OLDEST.0, OLDEST.1)]
    TooOld {
        /// What was tried.
        python: String,
        /// Its version.
        found: String,
    },
    /// Debian and Ubuntu ship Python without the part that makes environments.
    #[error(
        "`{python}` cannot make virtual environments: install its venv module (Debian, Ubuntu: `apt install python3-venv`)\n{output}"
    )]
    NoVenv {
        /// What was tried.
        python: String,
        /// What it said.
        output: String,
    },
    /// The packages could not be installed: most often, PyPI could not be reached.
    #[error(
        "pip could not install {name} (does this machine reach PyPI, or the index that PIP_INDEX_URL names?)\n{output}"
    )]
    Pip {
        /// The environment's name.
        name: &'static str,
        /// What pip said.
        output: String,
    },
    /// The cache folder could not be used.
    #[error(transparent)]
    Cache(#[from] CacheError),
}

/// The interpreter of an environment that holds exactly the packages of `lock` (a requirements file with hashes).
///
/// Makes it on first use. The entry's key holds the lock file and the interpreter's version, so that a change of
/// either makes another one.
#[expect(
    clippy::disallowed_methods,
    reason = "the lab is an edge: which interpreter to use is said by the environment"
)]
pub fn environment(cache: &Cache, name: &'static str, lock: &str) -> Result<PathBuf, PythonError> {
    let python = env::var("PURLIN_LAB_PYTHON").unwrap_or_else(|_| "python3".to_owned());
    let version = version(&python)?;
    let key = format!("{name}-{}", digest([lock, &version, env::consts::OS, env::consts::ARCH]));
    let place = cache.once(&key, |folder| make(&python, name, lock, folder))?;
    Ok(interpreter(&place))
}

fn interpreter(environment: &Path) -> PathBuf {
    environment.join("bin").join("python")
}

fn version(python: &str) -> Result<String, PythonError> {
    let asked = Command::new(python).args(["-c", "import platform; print(platform.python_version())"]).output();
    let output = asked.map_err(|source| PythonError::Missing { python: python.to_owned(), source })?;
    let found = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    let mut numbers = found.split('.').map_while(|n| n.parse::<u32>().ok());
    match (numbers.next(), numbers.next()) {
        (Some(major), Some(minor)) if (major, minor) >= OLDEST => Ok(found),
        _ => Err(PythonError::TooOld {
            python: python.to_owned(),
            found: if found.is_empty() { words(&output) } else { found },
        }),
    }
}

fn make(python: &str, name: &'static str, lock: &str, folder: &Path) -> Result<(), PythonError> {
    say::line(format_args!("installing {name} from PyPI into {} (once; about 25 MB to download)", folder.display()));
    let run = |command: &mut Command| {
        let output = command.output();
        output.map_err(|source| PythonError::Missing { python: python.to_owned(), source })
    };
    let made = run(Command::new(python).args(["-m", "venv"]).arg(folder))?;
    if !made.status.success() {
        return Err(PythonError::NoVenv { python: python.to_owned(), output: words(&made) });
    }
    let list = folder.join("requirements.txt");
    std::fs::write(&list, lock).map_err(|source| CacheError::Io { what: "write", path: list.clone(), source })?;
    let pip = ["-m", "pip", "install", "--require-hashes", "--no-deps", "--only-binary=:all:", "--no-compile"];
    let quiet = ["--quiet", "--disable-pip-version-check", "--no-input", "--progress-bar=off", "-r"];
    let installed = run(Command::new(interpreter(folder)).args(pip).args(quiet).arg(&list))?;
    if !installed.status.success() {
        return Err(PythonError::Pip { name, output: words(&installed) });
    }
    Ok(())
}

/// What a program said, for an error message.
fn words(output: &Output) -> String {
    let both = [&output.stderr[..], &output.stdout[..]].concat();
    String::from_utf8_lossy(&both).trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_interpreter_says_what_to_install() {
        let error = version("no-such-python").expect_err("there is none of this name");
        assert!(error.to_string().contains("apt install python3"), "{error}");
    }
}
