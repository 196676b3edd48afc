//! moto, an emulator of AWS, made stricter and observable by a wrapper of ours (`serve.py` and its neighbours, in
//! Python).
//!
//! [`Moto`] is the server: install, start, stop. [`AwsAccount`] is what a test uses: an account of its own in that
//! server, with its calls, its inventory and its faults. One server serves a whole test process, since starting one
//! takes a second and accounts do not see each other.
//!
//! What differs from AWS, beyond what moto itself documents:
//! - Signatures are not checked and IAM allows everything, except that bucket policies are obeyed.
//! - Names of buckets are shared by all accounts, as on AWS: derive them from the account's id.
//! - Nothing is eventually consistent, and NAT gateways, clusters and databases are ready in the answer that creates
//!   them.
//! - `DryRun` is ignored by most EC2 calls: they do the work.
//! - A refused request is always a `ValidationException`; AWS has other codes for it in EC2, S3 and the query services.
//! - Idempotency tokens never age.

mod account;
mod admin;
mod rule;

use std::{
    path::PathBuf,
    process::Command,
    sync::{Arc, OnceLock},
    time::Duration,
};

use serde::Deserialize;
use tempfile::TempDir;
use thiserror::Error;

pub use self::{
    account::{AwsAccount, Call, CallError, Inventory, Thing},
    admin::{Admin, AdminError},
    rule::{Fault, PlacedRule, Rule},
};
use crate::{
    cache::{Cache, CacheError, digest},
    process::{Process, ProcessError},
    python::{self, PythonError},
};

/// Every package that moto needs, pinned and hashed.
const LOCK: &str = include_str!("requirements.txt");

/// The wrapper's files.
const SCRIPTS: [(&str, &str); 5] = [
    ("serve.py", include_str!("serve.py")),
    ("wire.py", include_str!("wire.py")),
    ("judge.py", include_str!("judge.py")),
    ("client.py", include_str!("client.py")),
    ("inventory.py", include_str!("inventory.py")),
];

/// A start takes a second on a quiet machine, and several on the first run or a busy one.
const PATIENCE: Duration = Duration::from_secs(90);

/// Why moto is not there.
#[derive(Debug, Error)]
pub enum MotoError {
    /// Its environment could not be made.
    #[error(transparent)]
    Python(#[from] PythonError),
    /// It did not start.
    #[error(transparent)]
    Process(#[from] ProcessError),
    /// The cache folder could not be used.
    #[error(transparent)]
    Cache(#[from] CacheError),
    /// No folder for its logs.
    #[error("cannot make a temporary folder for moto's logs")]
    Folder(#[source] std::io::Error),
    /// It said it was ready, but not where.
    #[error("moto's first line is not understood: {0}")]
    FirstLine(#[source] serde_json::Error),
    /// It runs, but the lab's part of it does not answer.
    #[error(transparent)]
    Admin(#[from] AdminError),
    /// The shared server of this process could not be started.
    #[error(transparent)]
    Shared(Arc<MotoError>),
}

/// What is needed to run moto.
#[derive(Clone, Debug)]
pub struct Installed {
    python: PathBuf,
    scripts: PathBuf,
}

/// How a server behaves.
#[derive(Clone, Copy, Debug, Default)]
pub struct Options {
    /// Serve requests that break AWS's model, and only note what is wrong with them in the call log.
    pub lenient: bool,
}

/// A running moto. Stops when dropped.
#[derive(Debug)]
pub struct Moto {
    process: Process,
    admin: Admin,
    folder: TempDir,
}

impl Moto {
    /// Makes sure that moto is in the cache. The first time this downloads, and says so on stderr.
    pub fn install(cache: &Cache) -> Result<Installed, MotoError> {
        let python = python::environment(cache, "moto", LOCK)?;
        let key = format!("moto-wrapper-{}", digest(SCRIPTS.iter().flat_map(|(name, text)| [*name, *text])));
        let scripts = cache.once(&key, |folder| {
            for (name, text) in SCRIPTS {
                let path = folder.join(name);
                std::fs::write(&path, text).map_err(|source| CacheError::Io { what: "write", path, source })?;
            }
            Ok::<_, CacheError>(())
        })?;
        Ok(Installed { python, scripts })
    }

    /// A server of your own, strict. Most tests want [`AwsAccount::fresh`] instead, which starts none.
    pub fn start() -> Result<Self, MotoError> {
        Self::start_with(Options::default())
    }

    /// A server of your own.
    pub fn start_with(options: Options) -> Result<Self, MotoError> {
        Self::install(&Cache::from_env()?)?.start(options)
    }

    /// The server that all tests of this process share. Started by the first who asks, gone with the process.
    pub fn shared() -> Result<&'static Self, MotoError> {
        static SHARED: OnceLock<Result<Moto, Arc<MotoError>>> = OnceLock::new();
        SHARED
            .get_or_init(|| Self::start().map_err(Arc::new))
            .as_ref()
            .map_err(|error| MotoError::Shared(Arc::clone(error)))
    }

    /// Where it listens: `http://127.0.0.1:PORT`, for every service.
    pub fn endpoint(&self) -> &str {
        self.admin.endpoint()
    }

    /// A fresh account, empty, in no one else's hands.
    pub fn account(&self) -> Result<AwsAccount, MotoError> {
        Ok(AwsAccount::new(self.admin.clone(), self.admin.new_account()?))
    }

    /// The lab's own interface to the server.
    pub fn admin(&self) -> &Admin {
        &self.admin
    }

    /// The server's process id.
    pub fn pid(&self) -> u32 {
        self.process.id()
    }

    /// The call log as a file: one JSON line a call. It is there while the server is.
    pub fn call_log(&self) -> PathBuf {
        self.folder.path().join("calls.ndjson")
    }

    /// What moto itself had to say. It is there while the server is.
    pub fn log(&self) -> PathBuf {
        self.process.log().to_owned()
    }
}

impl Installed {
    /// Starts a server.
    pub fn start(&self, options: Options) -> Result<Moto, MotoError> {
        #[derive(Deserialize)]
        struct Ready {
            port: u16,
        }
        let folder = tempfile::Builder::new().prefix("purlin-moto-").tempdir().map_err(MotoError::Folder)?;
        let mut command = Command::new(&self.python);
        command.arg(self.scripts.join("serve.py")).arg("--folder").arg(folder.path());
        if options.lenient {
            command.arg("--lenient");
        }
        // Settings for AWS, Python, proxies or moto that this machine happens to have must not change what a test sees.
        command
            .env_clear()
            .envs(["PATH", "HOME", "TMPDIR"].iter().filter_map(|name| Some((name, std::env::var_os(name)?))));
        let (process, said) = Process::start("moto", &mut command, &folder.path().join("moto.log"), PATIENCE)?;
        let ready: Ready = serde_json::from_value(said).map_err(MotoError::FirstLine)?;
        let admin = Admin::at(&format!("http://127.0.0.1:{}", ready.port));
        Ok(Moto { process, admin, folder })
    }
}
