//! What a state costs: `cargo run --release -p purlin-state --example cost [FOLDER]`.
//!
//! Applies operations (an intent, the object as it was made, the object as it is ready) group by group, then opens what
//! was written. The folder decides which disk is measured; by default it is a temporary one.
use std::{
    error::Error,
    fs,
    io::Write as _,
    path::Path,
    pin::pin,
    task::{Context, Poll, Waker},
    time::Instant,
};

use purlin_core::{Address, Map, SmolStr, SourceLine, Value};
use purlin_state::{
    Body, Dependency, Holder, Intent, Key, Log, Object, Outcome, Status, Unseal, Verb,
    store::{File, Memory, Store},
};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

fn main() -> Result<()> {
    let temporary = tempfile::tempdir()?;
    let folder = std::env::args_os().nth(1).map_or(temporary.path().to_owned(), Into::into);
    say("1,000 appends of 1 KiB with fsync, for scale", 1000, || fsyncs(&folder, 1000))?;
    for group in [1, 4, 16] {
        let store = Box::new(File::new(&folder, &format!("group-{group}")));
        let what = format!("apply of 5,000, {group} a group, file");
        say(&what, 5000, || apply(store, &format!("group-{group}"), 5000, group))?;
    }
    let memory = Memory::new();
    say("apply of 5,000, 4 a group, memory", 5000, || apply(Box::new(memory.clone()), "dev", 5000, 4))?;
    let memory = Memory::new();
    memory.fail_write(2 + 2 * 10_000_u64.div_ceil(16) + 1, purlin_state::store::Fault::Refuse);
    let crashed = apply(Box::new(memory.clone()), "dev", 10_000, 16);
    show(&format!("crashed on purpose before the end: {}", crashed.is_err()));
    say("open of 10,000 from the journal alone", 10_000, || open(Box::new(memory.clone()), 10_000))?;
    let memory = Memory::new();
    say("apply of 10,000, 16 a group, memory", 10_000, || apply(Box::new(memory.clone()), "dev", 10_000, 16))?;
    say("open of 10,000 from the snapshot", 10_000, || open(Box::new(memory.clone()), 10_000))?;
    let snapshot = memory.snapshot().map_or(0, |bytes| bytes.len());
    show(&format!("snapshot of 10,000: {} bytes an object", snapshot / 10_000));
    Ok(())
}

#[expect(clippy::print_stdout, reason = "the figures are what this program is for")]
fn show(line: &str) {
    println!("{line}");
}

fn say(what: &str, n: u32, f: impl FnOnce() -> Result<()>) -> Result<()> {
    let start = Instant::now();
    f()?;
    let took = start.elapsed();
    show(&format!("{what}: {:.1} ms, {:.1} us each", took.as_secs_f64() * 1e3, (took / n).as_secs_f64() * 1e6));
    Ok(())
}

fn fsyncs(folder: &Path, n: u32) -> Result<()> {
    let mut file = fs::File::create(folder.join("fsyncs"))?;
    for _ in 0..n {
        file.write_all(&[b'x'; 1024])?;
        file.sync_data()?;
    }
    Ok(())
}

/// The local stores do all their work when polled.
fn now<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(done) => done,
        Poll::Pending => unreachable!("a local store is never pending"),
    }
}

fn apply(store: Box<dyn Store>, stack: &str, n: u32, group: usize) -> Result<()> {
    let mut log = now(Log::open(store, stack, Unseal::none()))?;
    now(log.begin(Holder { who: "cost".into(), ..Holder::default() }, None, "lineage".into(), 1))?;
    let keys: Vec<u32> = (0..n).collect();
    for group in keys.chunks(group) {
        now(log.commit(group.iter().map(|i| intent(*i)).collect(), 2))?;
        let ends = group.iter().flat_map(|i| [put(*i, None), put(*i, Some(op(*i)))]);
        now(log.commit(ends.collect(), 3))?;
    }
    now(log.end(Outcome::Done, 4))?;
    Ok(())
}

fn open(store: Box<dyn Store>, objects: usize) -> Result<()> {
    let log = now(Log::open(store, "dev", Unseal::none()))?;
    if log.state().objects.len() == objects { Ok(()) } else { Err("objects are missing".into()) }
}

fn op(i: u32) -> SmolStr {
    format!("operation-{i:08}").into()
}

fn key(i: u32) -> Key {
    Key::new(Address::new(format!("group-{}/subnet-{i}", i / 50), "aws:ec2:Subnet"), 0)
}

fn fields(i: u32) -> Map {
    let text = |text: String| Value::Str(text.into());
    let tags = [("Name", format!("subnet-{i}")), ("team", "platform".to_owned()), ("stage", "dev".to_owned())];
    Map::from([
        ("cidr".into(), text(format!("10.{}.{}.0/24", i / 256, i % 256))),
        ("vpc".into(), text("vpc-0123456789abcdef0".to_owned())),
        ("zone".into(), text("eu-west-1a".to_owned())),
        ("map_public_ip".into(), Value::Bool(false)),
        ("tags".into(), Value::Map(tags.into_iter().map(|(k, v)| (k.into(), text(v))).collect())),
    ])
}

fn dependencies(i: u32) -> Vec<Dependency> {
    let on = |on: u32, field: &'static str| Dependency { on: key(on), field: Some(SmolStr::new_static(field)) };
    if i == 0 { Vec::new() } else { vec![on(i / 50 * 50, "vpc"), on(i / 2, "zone")] }
}

fn intent(i: u32) -> Body {
    Body::Intent(Box::new(Intent {
        op: op(i),
        key: key(i),
        verb: Verb::Create,
        provider: "aws:123456789012:eu-west-1".into(),
        version: 1,
        wanted: fields(i),
        dependencies: dependencies(i),
        protect: false,
        retain: false,
        location: Some(SourceLine { file: "src/main.rs".into(), line: 42 }),
        at: 2,
    }))
}

fn put(i: u32, op: Option<SmolStr>) -> Body {
    let id = format!("subnet-{i:017x}");
    let arn = format!("arn:aws:ec2:eu-west-1:123456789012:subnet/{id}");
    Body::Put {
        took: op.is_some().then_some(1500),
        object: Box::new(Object {
            key: key(i),
            id: id.clone().into(),
            provider: "aws:123456789012:eu-west-1".into(),
            version: 1,
            status: if op.is_some() { Status::Ready } else { Status::Unfinished },
            fields: fields(i),
            outputs: Map::from([("id".into(), id.into()), ("arn".into(), arn.into())]),
            dependencies: dependencies(i),
            protect: false,
            retain: false,
            location: Some(SourceLine { file: "src/main.rs".into(), line: 42 }),
            seen: 3,
        }),
        op,
    }
}
