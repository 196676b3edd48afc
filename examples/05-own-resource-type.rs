//! A resource type of one's own: a local file.
//!
//! `cargo run -p purlin-examples --example 05-own-resource-type -- apply --yes`
//!
//! A type is a documented struct with `#[derive(Resource)]`, an `impl Lifecycle` and a driver; a provider hands the driver out. The
//! driver makes calls and nothing else: `create` makes the object with one call, `read` tells what is there, `sync` brings it to
//! what is wanted, `delete` removes it, `find` looks for what an interrupted create made. Diffs, plans, retries, recovery and state
//! are the engine's. Edit the file by hand and run `plan`: it shows the drift.
use std::{
    fs, io,
    sync::{Arc, LazyLock},
};

use purlin::{
    core::{
        Lifecycle, Map, Schema, SmolStr,
        driver::{
            BoxFuture, Call, Created, Driver, Failure, Found, Kind, Known, Observed, Progress, Typed, TypedDriver,
            Wanted,
        },
        provider::{Connection, Identity, ProviderKind},
        schema::{Facts, FindBy},
    },
    prelude::*,
};

/// A text file.
#[derive(Clone, Debug, Resource)]
#[resource("local:fs:TextFile", outputs = TextFileOutputs)]
pub struct TextFile {
    /// Where it is, from the current folder. Its folder must exist.
    #[field(replace, unique = "path")]
    pub path: String,
    /// What it says.
    pub text: String,
}

/// What a [`TextFile`] tells.
#[derive(Clone, Debug, Outputs)]
pub struct TextFileOutputs {
    /// Its size in bytes.
    #[output(volatile)]
    pub bytes: u64,
}

impl Lifecycle for TextFile {
    const PROVIDER: &'static dyn ProviderKind = &LOCAL;
    // A file's path tells which one is meant.
    const FIND: FindBy = FindBy::Name;

    fn predict(fields: &Map, _: &Facts<'_>) -> Map {
        fields.get("path").filter(|p| p.is_known()).map(|p| ("id".into(), p.clone())).into_iter().collect()
    }
}

struct FileDriver;

impl FileDriver {
    fn look(path: &str) -> Result<Option<Observed<TextFile>>, Failure> {
        match fs::read_to_string(path) {
            Ok(text) => {
                let outputs = TextFileOutputs { bytes: text.len() as u64 };
                Ok(Some(Observed { fields: TextFile { path: path.to_owned(), text }, outputs }))
            }
            Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(e) => Err(failure(path, &e)),
        }
    }
}

fn failure(path: &str, error: &io::Error) -> Failure {
    let kind = match error.kind() {
        io::ErrorKind::AlreadyExists => Kind::AlreadyExists,
        io::ErrorKind::PermissionDenied => Kind::Denied,
        _ => Kind::Invalid,
    };
    Failure::new(kind, format!("{path}: {error}"))
}

impl TypedDriver for FileDriver {
    type Resource = TextFile;

    async fn create(&self, _: &Call, wanted: &TextFile) -> Result<Created<Observed<TextFile>>, Failure> {
        // A file of someone else is never overwritten.
        fs::File::create_new(&wanted.path).map_err(|e| failure(&wanted.path, &e))?;
        Ok(Created::id(wanted.path.as_str()))
    }

    async fn read(&self, objects: &[Known<TextFile>]) -> Result<Vec<Option<Observed<TextFile>>>, Failure> {
        objects.iter().map(|o| Self::look(&o.id)).collect()
    }

    async fn sync(&self, _: &Call, id: &str, _: &TextFile, wanted: &TextFile) -> Result<(), Failure> {
        fs::write(id, &wanted.text).map_err(|e| failure(id, &e))
    }

    async fn delete(&self, _: &Call, object: &Wanted<TextFile>) -> Result<Progress, Failure> {
        match fs::remove_file(object.id.as_str()) {
            Err(e) if e.kind() != io::ErrorKind::NotFound => Err(failure(&object.id, &e)),
            _ => Ok(Progress::Done),
        }
    }

    async fn find(&self, _: &Call, wanted: &TextFile) -> Result<Found, Failure> {
        // A file carries no owner: an empty one may be what an interrupted create made, any other is somebody's.
        Ok(match Self::look(&wanted.path)? {
            None => Found::Absent,
            Some(seen) if seen.outputs.bytes == 0 => Found::One(wanted.path.as_str().into()),
            Some(_) => Found::Ambiguous(format!("{} exists and is not empty", wanted.path)),
        })
    }
}

/// The provider of local files.
pub struct Local;

/// The one value of [`Local`].
pub static LOCAL: Local = Local;

impl ProviderKind for Local {
    fn name(&self) -> &'static str {
        "local"
    }

    fn types(&self) -> &'static [&'static Schema] {
        static TYPES: LazyLock<[&Schema; 1]> = LazyLock::new(|| [TextFile::schema()]);
        &*TYPES
    }

    fn connect<'a>(&'a self, _: &'a Map) -> BoxFuture<'a, Result<Arc<dyn Connection>, Failure>> {
        Box::pin(async { Ok(Arc::new(Local) as Arc<dyn Connection>) })
    }
}

impl Connection for Local {
    fn identity(&self) -> BoxFuture<'_, Result<Identity, Failure>> {
        Box::pin(async { Ok(Identity { id: SmolStr::new_static("local"), facts: Map::new() }) })
    }

    fn driver(&self, schema: &'static Schema) -> Option<Arc<dyn Driver>> {
        (schema.name == TextFile::schema().name).then(|| Arc::new(Typed(FileDriver)) as Arc<dyn Driver>)
    }

    fn lookup<'a>(&'a self, name: &'a str, _: &'a Map) -> BoxFuture<'a, Result<Value, Failure>> {
        Box::pin(async move { Err(Failure::new(Kind::Invalid, format!("there is no lookup {name}"))) })
    }
}

fn main() -> ExitCode {
    purlin::Program::new("files", files).provider(&LOCAL).run()
}

/// A greeting, and a file that tells how long it is.
pub fn files(stack: &mut Stack) -> Result<()> {
    let greeting = stack.add("greeting", TextFile::new("greeting.txt", "Hello\n"));
    stack.add("about", TextFile::new("about.txt", fmt!("greeting.txt has {} bytes\n", greeting.bytes)));
    Ok(())
}
