//! [`Session`]: what a verb that works on a stack begins with: which stack, its settings, its state.
use std::path::PathBuf;

use purlin_core::{Diagnostic, Result, Secret, codes, settings::Sources};
use purlin_engine::World;
use purlin_state::{Holder, Log, Unseal, store};

use crate::{
    app::{App, Loaded},
    args::Global,
    edge::Edge,
};

/// The folder of the state, where nothing else is said.
const STATE: &str = "file:.purlin";

/// A stack that is worked on.
pub struct Session<'a> {
    /// The program.
    pub app: &'a App,
    /// What is around.
    pub edge: &'a Edge,
    /// The stack's name and where its settings come from.
    pub sources: Sources,
    place: PathBuf,
}

impl<'a> Session<'a> {
    /// Finds out which stack is meant, and reads the text of its settings file.
    ///
    /// # Errors
    /// There is no such stack; the settings file cannot be read; the place of the state is not understood.
    pub fn new(app: &'a App, edge: &'a Edge, global: &Global) -> Result<Self> {
        let place = place(edge, global.state.as_deref())?;
        let stack = global.stack.clone().unwrap_or_else(|| app.name.clone());
        let name = format!("purlin.{stack}.toml");
        let text = edge.read(&name).map_err(|e| {
            Diagnostic::new(codes::SETTING_SYNTAX, format!("the settings file {name} cannot be read"))
                .cause(e)
                .note("nothing was changed")
                .help("check that it is a file of UTF-8 text and that you may read it")
        })?;
        let session = Self {
            app,
            edge,
            sources: Sources {
                stack,
                file: text.map(|text| (name, text)),
                sets: global.sets.clone(),
                env: edge.vars.clone(),
            },
            place,
        };
        session.check_known(global.stack.is_some())?;
        Ok(session)
    }

    /// A stack that was named is one that has a settings file or a state: a slip of the finger must not begin a new
    /// one. A program without settings has no such files, so there any name may be new.
    fn check_known(&self, named: bool) -> Result<()> {
        if !named || self.sources.file.is_some() || self.app.describe.specs().is_empty() {
            return Ok(());
        }
        let stack = &self.sources.stack;
        let mut known = store::File::stacks(&self.place)?;
        if known.contains(stack) {
            return Ok(());
        }
        known.extend(self.edge.settings_files());
        known.sort();
        known.dedup();
        let told = Diagnostic::new(codes::UNKNOWN_STACK, format!("there is no stack `{stack}`")).note(format!(
            "neither the file {} nor a state of that name exists in {}",
            self.sources.file_name(),
            self.edge.dir.display()
        ));
        let told = match nearest(stack, known.iter().map(String::as_str)) {
            Some(near) => told.help(format!("did you mean `--stack {near}`?")),
            None if known.is_empty() => told,
            None => told.help(format!("there are: {}", known.join(", "))),
        };
        Err(told.help(format!("to begin a new stack, make the file {}", self.sources.file_name())).into())
    }

    /// The stack's name.
    pub fn stack(&self) -> &str {
        &self.sources.stack
    }

    /// The program with its settings.
    ///
    /// # Errors
    /// All that is wrong with the settings.
    pub fn load(&self) -> Result<Loaded> {
        self.app.describe.load(&self.sources, &self.app.kinds)
    }

    /// The stack's state, opened for reading.
    ///
    /// # Errors
    /// It cannot be read, is damaged or newer, or the passphrase is wrong.
    pub async fn log(&self) -> Result<Log> {
        let unseal = Unseal { passphrase: self.passphrase()?, ..Unseal::none() };
        let store = store::File::new(&self.place, self.stack());
        Ok(Log::open(Box::new(store), self.stack(), unseal).await?)
    }

    /// Who holds the state while `verb` runs.
    pub fn holder(&self, verb: &str) -> Holder {
        Holder {
            who: self.edge.who.clone(),
            pid: self.edge.pid,
            verb: verb.to_owned(),
            run: self.world().new_id(),
            since: self.world().now(),
        }
    }

    /// Clock and randomness.
    pub fn world(&self) -> &World {
        &self.edge.world
    }

    /// The command that a person would type for another verb of this stack: `platform apply --stack dev`.
    pub fn command(&self, verb: &str) -> String {
        let stack = self.stack();
        if *stack == self.app.name {
            format!("{} {verb}", self.app.name)
        } else {
            format!("{} {verb} --stack {stack}", self.app.name)
        }
    }

    fn passphrase(&self) -> Result<Option<Secret<String>>> {
        if let Some(text) = self.edge.var("PURLIN_PASSPHRASE") {
            return Ok(Some(Secret::new(text.to_owned())));
        }
        let Some(file) = self.edge.var("PURLIN_PASSPHRASE_FILE") else { return Ok(None) };
        let refused = |why: String| {
            Diagnostic::new(codes::SEAL_LOCKED, "the file with the passphrase cannot be read")
                .cause(why)
                .note(format!("PURLIN_PASSPHRASE_FILE is {file}"))
        };
        match self.edge.read(file) {
            Ok(Some(text)) => Ok(Some(Secret::new(text.trim_end_matches(['\n', '\r']).to_owned()))),
            Ok(None) => Err(refused("there is no such file".to_owned()).into()),
            Err(error) => Err(refused(error.to_string()).into()),
        }
    }
}

fn place(edge: &Edge, given: Option<&str>) -> Result<PathBuf> {
    let text = given.or_else(|| edge.var("PURLIN_STATE")).unwrap_or(STATE);
    match text.split_once(':') {
        Some(("file", dir)) if !dir.is_empty() => Ok(edge.path(dir)),
        _ => Err(Diagnostic::new(codes::USAGE, format!("`{text}` is not a place for a state"))
            .help("write file:DIR, as in --state file:.purlin")
            .into()),
    }
}

/// The name that is most like another one, if any is: up to a third of the letters may differ.
pub fn nearest<'n>(name: &str, known: impl Iterator<Item = &'n str>) -> Option<&'n str> {
    known
        .map(|other| (strsim::damerau_levenshtein(name, other), other))
        .filter(|(distance, other)| distance * 3 <= name.len().max(other.len()))
        .min()
        .map(|(_, other)| other)
}
