//! How the engine grows: plans, applies and destroys `N` resources of no cloud, with durable file state, and prints one JSON line.
//!
//! `cargo run --release -p purlin-engine --example scale -- --resources 10000 --shape modules`
//!
//! *layered*: resource i needs i/2 and i-10, so nearly all earlier resources are transitive dependencies. *modules*: groups of 50, where
//! resource k of a group needs the group's first and k/2, and each group's first needs resource 0: shaped like real stacks.
//! `--only plan` leaves out what comes after the plan of new resources.
use std::{
    error::Error,
    sync::Arc,
    time::{Instant, SystemTime, UNIX_EPOCH},
};

use purlin_core::{
    Handle, Result,
    builtin::{Data, DataOutputs},
    fmt,
    lookup::Answers,
    stack::{self, Built},
};
use purlin_engine::{ApplyOptions, Cancel, Engine, PlanOptions, Planned, Program, World, plan::Goal};
use purlin_state::{Holder, Log, Outcome, State, Unseal, store};
use serde_json::{Value as Json, json};

#[derive(Clone, Copy, PartialEq, Eq)]
enum Shape {
    Modules,
    Layered,
}

struct Scale {
    resources: usize,
    shape: Shape,
    /// The value of the last resource: changing it is one change.
    last: &'static str,
}

impl Program for Scale {
    fn stack(&self) -> &str {
        "scale"
    }

    fn build(&self, answers: &Answers) -> Result<Built> {
        stack::build("scale", answers, |stack| {
            let mut made: Vec<Handle<Data>> = Vec::with_capacity(self.resources);
            for i in 0..self.resources {
                let needs = self.needs(i);
                let own = if i + 1 == self.resources { self.last } else { "value" };
                let value = match needs.as_slice() {
                    [] => fmt!("{}-{}", own, i),
                    [a] => fmt!("{}-{} after {}", own, i, short(&made[*a])),
                    [a, b, ..] => fmt!("{}-{} after {} and {}", own, i, short(&made[*a]), short(&made[*b])),
                };
                made.push(stack.add(format!("r{i}"), Data::new(value.map(purlin_core::Value::from))));
            }
            Ok(())
        })
    }
}

/// Four letters of a resource's value: so that values do not grow with the depth of the graph.
fn short(data: &Handle<Data>) -> purlin_core::Output<String> {
    let attributes: &<DataOutputs as purlin_core::resource::Outputs>::Attributes = data;
    attributes.value.map(|v| v.as_str().map(|s| s.chars().take(4).collect::<String>()).unwrap_or_default())
}

impl Scale {
    fn needs(&self, i: usize) -> Vec<usize> {
        let mut needs = match self.shape {
            Shape::Layered if i < 10 => vec![],
            Shape::Layered => vec![i / 2, i - 10],
            Shape::Modules => match (i / 50, i % 50) {
                (0, 0) => vec![],
                (_, 0) => vec![0],
                (group, k) => vec![group * 50, group * 50 + k / 2],
            },
        };
        needs.dedup();
        needs
    }
}

fn main() -> std::result::Result<(), Box<dyn Error>> {
    let (resources, shape, only_plan) = arguments()?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build()?;
    let line = runtime.block_on(measure(resources, shape, only_plan))?;
    #[expect(clippy::print_stdout, reason = "the line is what this program is for")]
    {
        println!("{line}");
    }
    Ok(())
}

fn arguments() -> std::result::Result<(usize, Shape, bool), Box<dyn Error>> {
    let (mut resources, mut shape, mut only_plan) = (10_000, Shape::Modules, false);
    let mut args = std::env::args().skip(1);
    while let Some(arg) = args.next() {
        let value = args.next().ok_or_else(|| format!("{arg} needs a value"))?;
        match (arg.as_str(), value.as_str()) {
            ("--resources", n) => resources = n.parse()?,
            ("--shape", "modules") => shape = Shape::Modules,
            ("--shape", "layered") => shape = Shape::Layered,
            ("--only", "plan") => only_plan = true,
            _ => return Err("usage: scale --resources N --shape modules|layered [--only plan]".into()),
        }
    }
    Ok((resources, shape, only_plan))
}

async fn measure(resources: usize, shape: Shape, only_plan: bool) -> std::result::Result<Json, Box<dyn Error>> {
    let program = Scale { resources, shape, last: "value" };
    let changed = Scale { resources, shape, last: "other" };
    let dir = tempfile::tempdir()?;
    let mut line = json!({
        "resources": resources,
        "shape": if shape == Shape::Modules { "modules" } else { "layered" },
    });
    let plan_new = Meter::start();
    let planned = plan(&program, &State::default(), Goal::Apply).await?;
    assert_eq!(planned.plan.ops.len(), resources);
    line["plan_new"] = plan_new.stop();
    if only_plan {
        return Ok(line);
    }

    let meter = Meter::start();
    apply(&program, dir.path(), Goal::Apply, resources).await?;
    line["apply"] = meter.stop();

    let meter = Meter::start();
    let log = open(dir.path()).await?;
    let planned = plan(&program, log.state(), Goal::Apply).await?;
    assert!(planned.plan.is_empty(), "{} operations", planned.plan.ops.len());
    line["plan_noop"] = meter.stop();
    drop((planned, log));

    let meter = Meter::start();
    let log = open(dir.path()).await?;
    let planned = plan(&changed, log.state(), Goal::Apply).await?;
    assert_eq!(planned.plan.ops.len(), 1);
    line["plan_one_change"] = meter.stop();
    drop((planned, log));

    let meter = Meter::start();
    apply(&program, dir.path(), Goal::Destroy, resources).await?;
    line["destroy"] = meter.stop();
    Ok(line)
}

async fn open(dir: &std::path::Path) -> std::result::Result<Log, Box<dyn Error>> {
    Ok(Log::open(Box::new(store::File::new(dir, "scale")), "scale", Unseal::none()).await?)
}

async fn plan(program: &Scale, state: &State, goal: Goal) -> Result<Planned> {
    let options = PlanOptions { goal, ..PlanOptions::default() };
    Engine::new(program, world(), Arc::new(())).plan(state, &options, Answers::new()).await
}

async fn apply(
    program: &Scale,
    dir: &std::path::Path,
    goal: Goal,
    expected: usize,
) -> std::result::Result<(), Box<dyn Error>> {
    let mut log = open(dir).await?;
    let mut engine = Engine::new(program, world(), Arc::new(()));
    engine.begin(&mut log, Holder { who: "scale".into(), ..Holder::default() }, None).await?;
    let options = PlanOptions { goal, ..PlanOptions::default() };
    let planned = engine.plan(log.state(), &options, Answers::new()).await?;
    let report = engine.apply(&mut log, planned, &ApplyOptions::default(), &Cancel::default()).await?;
    assert_eq!(report.done.len(), expected, "{:?}", report.failed.first());
    engine.end(&mut log, Outcome::Done).await?;
    Ok(())
}

#[expect(clippy::disallowed_methods, reason = "a program's edge hands the clock to the engine")]
fn world() -> World {
    World::new(
        || SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |d| u64::try_from(d.as_millis()).unwrap_or(0)),
        |buffer| getrandom::fill(buffer).unwrap_or_else(|e| panic!("the system has no randomness: {e}")),
    )
}

/// Wall time, processor time and peak memory of a part of the run.
struct Meter {
    wall: Instant,
    cpu: f64,
}

impl Meter {
    fn start() -> Self {
        // Linux: writing 5 resets the peak of the resident set, so that each part has its own. Elsewhere the peak is the process's.
        let _ = std::fs::write("/proc/self/clear_refs", "5");
        Self { wall: Instant::now(), cpu: cpu_seconds() }
    }

    fn stop(self) -> Json {
        let round = |x: f64| (x * 10_000.0).round() / 10_000.0;
        json!({
            "wall_s": round(self.wall.elapsed().as_secs_f64()),
            "cpu_s": round(cpu_seconds() - self.cpu),
            "peak_mib": peak_mib(),
        })
    }
}

/// Processor time of this process in seconds: user and system, from /proc (in ticks of 10 ms).
fn cpu_seconds() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let after_name = stat.rsplit_once(')').map_or("", |(_, rest)| rest);
    let ticks: u32 = after_name.split_whitespace().skip(11).take(2).filter_map(|t| t.parse::<u32>().ok()).sum();
    f64::from(ticks) / 100.0
}

fn peak_mib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|l| l.strip_prefix("VmHWM:")).unwrap_or("0");
    line.split_whitespace().next().and_then(|kib| kib.parse::<u64>().ok()).unwrap_or(0) / 1024
}
