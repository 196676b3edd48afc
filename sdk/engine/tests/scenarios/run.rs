//! A scenario under way: its world, and what each step does to it.
use std::{
    cell::RefCell,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU8, Ordering},
    },
};

use purlin_core::{Error, Map, Result, Secret, SmolStr, Value, lookup::Answers};
use purlin_engine::{
    Cancel, Engine, Event, Observer, PlanOptions, World,
    plan::Goal,
    saved::{self, PlanFile},
};
use purlin_state::{
    Body, Holder, Log, Object, Outcome, State, Unseal,
    seal::{Cost, Random},
    store::Memory,
};
use tokio::{runtime::Runtime, time::Instant};

use super::{
    cloud::{self, Cloud, Fault, Thing, Trouble},
    command::{Command, command, kind},
    parse::{Words, duration},
    program::{Lines, STACK},
    show, types,
};

/// Where the clock of every scenario begins: 2023-11-14, in milliseconds since 1970.
const DAWN: u64 = 1_700_000_000_000;

/// A scenario under way.
pub(super) struct Scenario {
    runtime: Runtime,
    inner: Inner,
}

struct Inner {
    cloud: Arc<Cloud>,
    store: Memory,
    program: Lines,
    world: World,
    /// The text of the saved plan.
    file: Option<String>,
    secrets: Vec<String>,
}

/// What an apply left to tell, so far.
#[derive(Default)]
struct Told {
    goal: Goal,
    plan: String,
    result: String,
    complete: bool,
}

/// Keeps what was recovered, and sees to it that no event tells a secret.
struct Ear {
    recovered: Mutex<String>,
    secrets: Vec<String>,
}

impl Observer for Ear {
    fn event(&self, event: Event) {
        guard(&self.secrets, "an event", &format!("{event:?}"));
        if let Event::Recovered { key, what } = event {
            let mut recovered = self.recovered.lock().unwrap_or_else(PoisonError::into_inner);
            recovered.push_str(&format!("  {key} {what}\n"));
        }
    }
}

/// No secret of the script is in a text that leaves the engine.
fn guard(secrets: &[String], what: &str, text: &str) {
    for secret in secrets {
        assert!(!text.contains(secret), "{what} tells a secret: {text}");
    }
}

impl Scenario {
    /// An empty world. `script` is searched for the secrets that must not be seen.
    pub(super) fn new(script: &str) -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
        let runtime = runtime.expect("a runtime");
        let began = runtime.block_on(async { Instant::now() });
        let counter = AtomicU8::new(1);
        let world = World::new(
            move || DAWN + u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX),
            move |bytes| match bytes {
                // The jitter of pauses: none.
                [jitter] => *jitter = 0,
                bytes => bytes.fill_with(|| counter.fetch_add(1, Ordering::Relaxed)),
            },
        );
        let mut secrets: Vec<String> = script
            .split("secret(")
            .skip(1)
            .filter_map(|rest| rest.split_once(')'))
            .map(|(secret, _)| secret.to_owned())
            .filter(|secret| !secret.starts_with('@') && !secret.is_empty())
            .collect();
        secrets.push("token-of-".to_owned());
        let cloud = Cloud::new();
        let program = Lines { cloud: cloud.number, account: "111".into(), ..Lines::default() };
        let inner = Inner { cloud, store: Memory::new(), program, world, file: None, secrets };
        Self { runtime, inner }
    }

    /// Does a step and gives what it tells, if it tells something.
    pub(super) fn step(&mut self, number: usize, lines: &[String]) -> Option<String> {
        let Self { runtime, inner } = self;
        let told = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| runtime.block_on(inner.step(lines))));
        let told = told.unwrap_or_else(|_| panic!("in the step at line {number}: {}", lines[0]));
        if let Some(told) = &told {
            guard(&inner.secrets, "what is told", told);
        }
        told
    }
}

impl Inner {
    async fn step(&mut self, lines: &[String]) -> Option<String> {
        let nowhere = |_: &str| None;
        let mut words = Words::new(&lines[0], &nowhere);
        match words.need("a command") {
            "program" => self.program.lines = lines[1..].to_vec(),
            "setup" => {
                let told = self.apply(&Command::default()).await;
                assert!(!told.contains("result") && !told.contains("error") && !told.contains("again"), "{told}");
            }
            "plan" => return Some(self.plan(&command(words)).await),
            "save" => return Some(self.save(&command(words)).await),
            "apply" => return Some(self.apply(&command(words)).await),
            "destroy" => {
                let mut command = command(words);
                command.plan.goal = Goal::Destroy;
                return Some(self.apply(&command).await);
            }
            "refresh" => return Some(self.refresh().await),
            "state" if words.take("version") => self.set_version(words).await,
            "state" => {
                let log = self.open().await.expect("the state opens");
                return Some(format!("{}{}", show::state(log.state()), self.differences(log.state())));
            }
            "new" => self.store = Memory::new(),
            "account" => self.program.account = words.rest().into(),
            "settings" => self.program.settings = words.rest().into(),
            "tags" => {
                let (_, tags) = Words::new(&format!("tags={}", words.rest()), &nowhere).plain_pair().expect("tags");
                self.cloud.lock().tags = tags.as_map().cloned().unwrap_or_default();
            }
            "clock" => tokio::time::advance(duration(words.rest())).await,
            "next" => self.cloud.lock().next.extend(words.plain_pair().map(|(k, v)| (k.into(), v))),
            "looks" => self.cloud.lock().looks = words.rest().parse().expect("a number"),
            "lag" => self.cloud.lock().lag = duration(words.rest()),
            "throttle" => self.cloud.lock().throttled = words.rest().parse().expect("a number"),
            "cloud" => self.edit(words),
            "always" => {
                let verb = words.need("a trouble");
                self.trouble(verb, words, true);
            }
            verb => self.trouble(verb, words, false),
        }
        None
    }

    fn trouble(&self, verb: &str, mut words: Words<'_>, always: bool) {
        let when = if verb == "crash" { words.need("before or after") } else { "" };
        if verb == "cancel" {
            words.take("at");
        }
        let call = words.need("a verb").to_owned();
        let mut name = words.need("a name").to_owned();
        if call == "delete" {
            name = format!("{name} {}", words.need("an id"));
        }
        let trouble = match (verb, when) {
            ("fail", _) => Trouble::Fail(kind(words.need("a kind")), words.rest().to_owned()),
            ("lose", _) => Trouble::Lose,
            ("drop", _) => Trouble::Drop,
            ("crash", "before") => Trouble::CrashBefore,
            ("crash", "after") => Trouble::CrashAfter,
            ("cancel", _) => Trouble::Cancel,
            ("hang", _) => Trouble::Hang(duration(words.rest())),
            _ => panic!("there is no command `{verb}`"),
        };
        self.cloud.lock().faults.push(Fault { verb: call, name, trouble, always });
    }

    fn edit(&self, mut words: Words<'_>) {
        let mut cloud = self.cloud.lock();
        match words.need("an edit") {
            "set" => {
                let id = words.need("an id").to_owned();
                let thing = cloud.things.get_mut(&id).unwrap_or_else(|| panic!("the cloud has no {id}"));
                while let Some((name, value)) = words.plain_pair() {
                    let into = if thing.ty.output(name).is_some() { &mut thing.outputs } else { &mut thing.fields };
                    match value {
                        Value::Null => into.remove(name),
                        value => into.insert(name.into(), value),
                    };
                }
            }
            "remove" => {
                let id = words.need("an id");
                assert!(cloud.things.remove(id).is_some(), "the cloud has no {id}");
            }
            "add" => {
                let ty = types::named(words.need("a type"));
                let id = words.need("an id").to_owned();
                let mut fields = Map::new();
                while let Some((name, value)) = words.plain_pair() {
                    fields.insert(name.into(), value);
                }
                let owner = fields.remove("owner").and_then(|o| o.as_str().map(str::to_owned)).unwrap_or_default();
                let outputs = cloud::outputs(ty, &id);
                let thing =
                    Thing { ty, fields, outputs, owner, op: SmolStr::default(), looks: 0, born: Instant::now() };
                cloud.things.insert(id, thing);
            }
            other => panic!("there is no edit `{other}`"),
        }
    }

    async fn open(&self) -> Result<Log> {
        let unseal = Unseal {
            passphrase: Some(Secret::new("open sesame".to_owned())),
            random: Random::seeded(7),
            cost: Cost::NONE,
        };
        Ok(Log::open(Box::new(self.store.clone()), STACK, unseal).await?)
    }

    fn ear(&self) -> Arc<Ear> {
        Arc::new(Ear { recovered: Mutex::default(), secrets: self.secrets.clone() })
    }

    fn differences(&self, state: &State) -> String {
        show::differences(&self.cloud.lock(), state)
    }

    fn calls(&self) -> String {
        let calls: String = self.cloud.calls().iter().map(|call| format!(" {call}\n")).collect();
        if calls.is_empty() { calls } else { format!("calls\n{calls}") }
    }

    async fn plan(&mut self, command: &Command) -> String {
        self.cloud.begin(Cancel::default());
        let told = match self.planned(command).await {
            Ok((text, _)) => text,
            Err(error) => show::error(&error),
        };
        format!("{told}{}", self.calls())
    }

    /// Plans without a lock; gives the plan as it is shown, and as a file.
    async fn planned(&self, command: &Command) -> Result<(String, PlanFile)> {
        let log = self.open().await?;
        let ear = self.ear();
        let mut engine = Engine::new(&self.program, self.world.clone(), ear.clone());
        let planned = engine.plan(log.state(), &command.plan, Answers::new()).await?;
        Ok((format!("{}{}", recovered(&ear), show::plan(&planned.plan)), PlanFile::new(&planned)))
    }

    async fn save(&mut self, command: &Command) -> String {
        self.cloud.begin(Cancel::default());
        match self.planned(command).await {
            Ok((told, file)) => {
                let text = file.to_text().expect("a file of JSON");
                guard(&self.secrets, "the plan file", &text);
                assert_eq!(PlanFile::from_text(&text).expect("its own text"), file);
                self.file = Some(text);
                told
            }
            Err(error) => show::error(&error),
        }
    }

    async fn apply(&mut self, command: &Command) -> String {
        let cancel = Cancel::default();
        self.cloud.begin(cancel.clone());
        let (ear, told) = (self.ear(), RefCell::new(Told::default()));
        let run = self.run(command, &cancel, ear.clone(), &told);
        let ended = tokio::select! {
            biased;
            () = self.cloud.crash() => None,
            ended = run => Some(ended),
        };
        let told = told.into_inner();
        let mut text = format!("{}{}", recovered(&ear), told.plan);
        if command.waves {
            return self.cloud.waves();
        }
        let calls = self.calls();
        match ended {
            None => {
                self.store.break_lock();
                text.push_str(&format!("{calls}crashed\n"));
            }
            Some(Ok(())) => text.push_str(&format!("{calls}{}", told.result)),
            Some(Err(error)) => return format!("{text}{}{calls}", show::error(&error)),
        }
        guard(&self.secrets, "the journal", &String::from_utf8_lossy(&self.store.journal()));
        let log = self.open().await.expect("the state opens");
        text.push_str(&show::state(log.state()));
        text.push_str(&self.differences(log.state()));
        if told.complete {
            let again =
                Command { plan: PlanOptions { goal: told.goal, ..PlanOptions::default() }, ..Command::default() };
            match self.planned(&again).await {
                Ok((_, file)) if file.plan.is_empty() => {}
                Ok((again, _)) => text.push_str(&format!("again\n{again}")),
                Err(error) => text.push_str(&format!("again\n{}", show::error(&error))),
            }
        }
        text
    }

    /// Begins, plans, applies and ends, as the command line does.
    async fn run(&self, command: &Command, cancel: &Cancel, ear: Arc<Ear>, told: &RefCell<Told>) -> Result<()> {
        let file = match (&self.file, command.saved) {
            (Some(text), true) => Some(PlanFile::from_text(text)?),
            (None, true) => panic!("no plan was saved"),
            _ => None,
        };
        let mut log = self.open().await?;
        let mut engine = Engine::new(&self.program, self.world.clone(), ear);
        engine.begin(&mut log, Holder::default(), file.as_ref().map(PlanFile::digest)).await?;
        let result = self.carry_out(command, file, &mut engine, &mut log, cancel, told).await;
        let outcome = if result.is_ok() { Outcome::Done } else { Outcome::Failed };
        engine.end(&mut log, outcome).await?;
        result
    }

    async fn carry_out(
        &self,
        command: &Command,
        file: Option<PlanFile>,
        engine: &mut Engine<'_>,
        log: &mut Log,
        cancel: &Cancel,
        told: &RefCell<Told>,
    ) -> Result<()> {
        let (options, answers) = match &file {
            Some(file) => (file.binding.options.clone(), file.answers()),
            None => (command.plan.clone(), Answers::new()),
        };
        let planned = engine.plan(log.state(), &options, answers).await?;
        match &file {
            Some(file) => {
                file.check_place(&planned.binding)?;
                saved::compare(file, &planned.plan)?;
            }
            None => told.borrow_mut().plan = show::plan(&planned.plan),
        }
        let plan = planned.plan.clone();
        let report = engine.apply(log, planned, &command.apply, cancel).await?;
        let mut told = told.borrow_mut();
        told.goal = plan.goal;
        told.result = show::report(&plan, &report);
        told.complete = report.is_complete() && !plan.partial;
        Ok(())
    }

    async fn refresh(&mut self) -> String {
        self.cloud.begin(Cancel::default());
        let told = async {
            let mut log = self.open().await?;
            let mut engine = Engine::new(&self.program, self.world.clone(), self.ear());
            engine.begin(&mut log, Holder::default(), None).await?;
            engine.refresh(&mut log).await?;
            engine.end(&mut log, Outcome::Done).await?;
            Ok::<_, Error>(format!("{}{}", show::state(log.state()), self.differences(log.state())))
        };
        let told = told.await.unwrap_or_else(|error| show::error(&error));
        format!("{}{told}", self.calls())
    }

    /// Makes an object of the state one of another version of its type.
    async fn set_version(&self, mut words: Words<'_>) {
        let (path, version) = (words.need("a path").to_owned(), words.rest().parse().expect("a number"));
        let mut log = self.open().await.expect("the state opens");
        let object = log.state().objects.values().find(|o| o.key.address.path == path).expect("an object").clone();
        let put = Body::Put { op: None, took: None, object: Box::new(Object { version, ..object }) };
        let now = self.world.now();
        log.begin(Holder::default(), None, SmolStr::default(), now).await.expect("no other run");
        log.commit(vec![put], now).await.expect("the state is written");
        log.end(Outcome::Done, now).await.expect("the state is written");
    }
}

fn recovered(ear: &Ear) -> String {
    let recovered = ear.recovered.lock().unwrap_or_else(PoisonError::into_inner);
    if recovered.is_empty() { String::new() } else { format!("recovered\n{recovered}") }
}
