//! The progress of a run: what happened so far, and from it the lines that stay and the lines that are drawn anew.
//!
//! A model without a terminal or a clock: [`Progress::event`] takes what the engine tells and the time, and gives the
//! line that stays, if any; [`Progress::live`] gives what is drawn below those lines on a terminal.
mod teller;

use std::{sync::Arc, time::Duration};

use purlin_engine::{Action, Event, Op, OpId, Phase, Plan};
pub use teller::Teller;

use super::{
    estimate,
    text::{Line, Role, count},
    time,
};

/// At most so many running operations are drawn; the rest is counted.
const RUNNING: usize = 8;

/// What a run has told so far.
#[derive(Debug)]
pub struct Progress {
    begun: u64,
    plan: Option<Arc<Plan>>,
    stages: Vec<Stage>,
    doing: Option<String>,
    stopping: bool,
}

/// Something to say about an event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    /// The line.
    pub line: Line,
    /// It stays true: a terminal keeps it above what is drawn anew. A plain log has all lines.
    pub lasting: bool,
}

/// Where an operation is.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Stage {
    Pending,
    Running { since: u64, phase: Phase },
    Done,
    Failed,
    Held,
}

impl Progress {
    /// Nothing was told yet. `now` in milliseconds since 1970, as everywhere here.
    pub fn new(now: u64) -> Self {
        Self { begun: now, plan: None, stages: Vec::new(), doing: None, stopping: false }
    }

    /// Takes an event. Gives what there is to say of it.
    pub fn event(&mut self, event: &Event, now: u64) -> Option<Told> {
        let passing = matches!(
            event,
            Event::Looking { .. }
                | Event::Reading { .. }
                | Event::Started { .. }
                | Event::Phase { .. }
                | Event::Exists { .. }
        );
        self.line(event, now).map(|line| Told { line, lasting: !passing })
    }

    fn line(&mut self, event: &Event, now: u64) -> Option<Line> {
        match event {
            Event::Looking { count: n } => self.now_doing(format!("asking {}", count(*n, "question"))),
            Event::Reading { objects, types } => {
                self.now_doing(format!("reading {} of {}", count(*objects, "resource"), count(*types, "type")))
            }
            Event::Read { found, missing } => {
                self.doing = None;
                let gone = if *missing > 0 { format!(", {missing} gone") } else { String::new() };
                Some(Line::new().with(Role::Dim, format!("read {}{gone}", count(*found, "resource"))))
            }
            Event::Recovered { key, what } => Some(
                Line::new()
                    .with(Role::Change, "recovered ")
                    .with(Role::Strong, key.to_string())
                    .with(Role::Plain, format!(": {what}")),
            ),
            Event::Applying { plan } => {
                self.doing = None;
                self.stages = vec![Stage::Pending; plan.ops.len()];
                self.plan = Some(plan.clone());
                None
            }
            Event::Started { op } => {
                self.set(*op, Stage::Running { since: now, phase: Phase::Calling });
                let told = self.op(*op).filter(|o| o.action.is_external())?;
                Some(subject(told).with(Role::Dim, doing(&told.action)))
            }
            Event::Phase { op, phase } => self.phase(*op, phase),
            Event::Exists { op, id } => {
                let told = self.op(*op)?;
                Some(subject(told).with(Role::Dim, format!("exists: {id}")))
            }
            Event::Done { op, took } => {
                self.set(*op, Stage::Done);
                let told = self.op(*op).filter(|o| !matches!(o.action, Action::Record))?;
                let (sign, role) = sign(&told.action);
                let line = Line::new().with(role, format!("{sign} ")).with(Role::Strong, told.key.to_string());
                Some(line.with(role, format!(" {}", done(&told.action))).with(Role::Dim, after(*took)))
            }
            Event::Skipped { op } => {
                self.set(*op, Stage::Done);
                let told = self.op(*op)?;
                Some(subject(told).with(Role::Dim, "nothing to do: the value is as before"))
            }
            Event::Failed { op, diagnostic } => {
                self.set(*op, Stage::Failed);
                let told = self.op(*op)?;
                let line = Line::new().with(Role::Error, "! ").with(Role::Strong, told.key.to_string());
                let what = format!(" failed[{}]: ", diagnostic.code);
                Some(
                    line.with(Role::Error, what)
                        .with(Role::Plain, diagnostic.message.lines().next().unwrap_or_default()),
                )
            }
            Event::Held { op, by } => {
                self.set(*op, Stage::Held);
                let (told, by) = (self.op(*op)?, self.op(*by)?);
                Some(subject(told).with(Role::Dim, format!("held back: {} failed", by.key)))
            }
            Event::Stopping => {
                self.stopping = true;
                let text = "Stopping: nothing more is started; a second signal ends it at once.";
                Some(Line::new().with(Role::Warning, text))
            }
        }
    }

    fn now_doing(&mut self, what: String) -> Option<Line> {
        let line = Line::new().with(Role::Dim, what.clone());
        self.doing = Some(what);
        Some(line)
    }

    fn phase(&mut self, op: OpId, phase: &Phase) -> Option<Line> {
        let since = match self.stages.get(op.index()) {
            Some(Stage::Running { since, phase: before }) if before != phase => *since,
            _ => return None,
        };
        self.set(op, Stage::Running { since, phase: phase.clone() });
        let text = match phase {
            Phase::Calling | Phase::Syncing => return None,
            other => words(other),
        };
        Some(subject(self.op(op)?).with(Role::Dim, text))
    }

    fn set(&mut self, op: OpId, stage: Stage) {
        if let Some(at) = self.stages.get_mut(op.index()) {
            *at = stage;
        }
    }

    fn op(&self, id: OpId) -> Option<&Op> {
        self.plan.as_ref()?.ops.get(id.index())
    }

    /// What is drawn below the lines that stay: how far it is, what runs, what waits for what.
    pub fn live(&self, now: u64, width: usize) -> Vec<Line> {
        let Some(plan) = &self.plan else {
            return self.doing.iter().map(|what| Line::new().with(Role::Dim, format!("{what} …")).cut(width)).collect();
        };
        let external: Vec<OpId> = plan.iter().filter(|(_, op)| op.action.is_external()).map(|(id, _)| id).collect();
        let stage = |id: &OpId| &self.stages[id.index()];
        let over = external.iter().filter(|id| matches!(stage(id), Stage::Done)).count();
        let failed = external.iter().filter(|id| matches!(stage(id), Stage::Failed)).count();
        let running: Vec<OpId> =
            external.iter().copied().filter(|id| matches!(stage(id), Stage::Running { .. })).collect();
        if running.is_empty() && !external.iter().any(|id| *stage(id) == Stage::Pending) {
            return Vec::new();
        }
        let mut head = Line::new().with(Role::Strong, format!("{over}/{} done", external.len()));
        if failed > 0 {
            head.push(Role::Error, format!(", {failed} failed"));
        }
        head.push(Role::Plain, format!(" · {}", time::span(Duration::from_millis(now.saturating_sub(self.begun)))));
        let left = self.left(plan, now);
        if self.stopping {
            head.push(Role::Warning, " · stopping");
        } else if !left.is_zero() {
            head.push(Role::Plain, format!(" · {} left", time::rough(left)));
        }
        let mut lines = vec![head];
        for id in running.iter().take(RUNNING) {
            lines.push(self.running(plan.op(*id), *id, now, width));
        }
        if running.len() > RUNNING {
            lines.push(Line::new().with(Role::Dim, format!("  … {} more running", running.len() - RUNNING)));
        }
        if !self.stopping {
            lines.extend(self.waiting(plan));
        }
        lines.into_iter().map(|line| line.cut(width)).collect()
    }

    fn running(&self, op: &Op, id: OpId, now: u64, width: usize) -> Line {
        let Stage::Running { since, phase } = &self.stages[id.index()] else { return Line::new() };
        let what = match phase {
            Phase::Calling => doing(&op.action).to_owned(),
            other => words(other),
        };
        let took = time::span(Duration::from_millis(now.saturating_sub(*since)));
        let (sign, role) = sign(&op.action);
        let line = Line::new().with(role, format!("  {sign} ")).with(Role::Plain, op.key.to_string());
        let line = line.with(Role::Dim, format!("  {what}")).cut(width.saturating_sub(took.chars().count() + 2));
        line.with(Role::Dim, format!("  {took}"))
    }

    /// The next operation that waits, and what for.
    fn waiting(&self, plan: &Plan) -> Option<Line> {
        let pending =
            || plan.iter().filter(|(id, op)| self.stages[id.index()] == Stage::Pending && op.action.is_external());
        let blocker = |op: &Op| {
            let running = |id: OpId| matches!(self.stages.get(id.index()), Some(Stage::Running { .. }));
            op.needs.iter().map(|n| n.op).find(|id| running(*id))
        };
        let number = pending().count();
        let (waits, on) = pending().find_map(|(_, op)| blocker(op).map(|on| (op, plan.op(on))))?;
        let rest = if number > 1 { format!("; {} more wait", number - 1) } else { String::new() };
        Some(Line::new().with(Role::Dim, format!("  next: {} waits for {}{rest}", waits.key, on.key)))
    }

    fn left(&self, plan: &Plan, now: u64) -> Duration {
        estimate::remaining(plan, |id| {
            let whole = Duration::from_millis(plan.op(id).estimate);
            match &self.stages[id.index()] {
                Stage::Pending => Some(whole),
                Stage::Running { since, .. } => {
                    Some(whole.saturating_sub(Duration::from_millis(now.saturating_sub(*since))))
                }
                Stage::Done | Stage::Failed | Stage::Held => None,
            }
        })
    }
}

fn subject(op: &Op) -> Line {
    Line::new().with(Role::Plain, "  ").with(Role::Plain, op.key.to_string()).with(Role::Plain, " ")
}

fn after(took: Duration) -> String {
    if took.as_millis() < 100 { String::new() } else { format!(" after {}", time::span(took)) }
}

fn words(phase: &Phase) -> String {
    match phase {
        Phase::Calling => "calling".to_owned(),
        Phase::Syncing => "setting what differs".to_owned(),
        Phase::Waiting(what) => format!("waiting: {what}"),
        Phase::Retrying { reason, after } => format!("again in {}: {reason}", time::span(*after)),
        Phase::Searching => "the answer was lost: looking for what the call made".to_owned(),
    }
}

fn sign(action: &Action) -> (&'static str, Role) {
    match action {
        Action::Create | Action::Adopt => ("+", Role::Add),
        Action::Update | Action::Detach | Action::Record => ("~", Role::Change),
        Action::Delete | Action::Forget => ("-", Role::Remove),
        Action::Move { .. } => ("→", Role::Change),
    }
}

fn doing(action: &Action) -> &'static str {
    match action {
        Action::Create => "creating",
        Action::Update => "updating",
        Action::Detach => "unlinking",
        Action::Delete => "deleting",
        Action::Adopt => "adopting",
        Action::Move { .. } => "moving",
        Action::Forget => "forgetting",
        Action::Record => "recording",
    }
}

/// What was done, as the progress and the report say it: `created`.
pub fn done(action: &Action) -> &'static str {
    match action {
        Action::Create => "created",
        Action::Update => "updated",
        Action::Detach => "unlinked",
        Action::Delete => "deleted",
        Action::Adopt => "adopted",
        Action::Move { .. } => "moved",
        Action::Forget => "forgotten",
        Action::Record => "recorded",
    }
}

#[cfg(test)]
mod tests {
    use expect_test::expect;
    use purlin_core::{Diagnostic, codes};

    use super::*;
    use crate::views::fixture::{op, plan};

    fn run() -> (Progress, Vec<String>) {
        let plan = plan(vec![
            op("net/vpc").takes(8000),
            op("net/subnet").takes(2000).needs(0),
            op("key").takes(1000),
            op("app").takes(1000).needs(2),
        ]);
        let mut progress = Progress::new(0);
        let told: Vec<(Event, u64)> = vec![
            (Event::Reading { objects: 1, types: 1 }, 10),
            (Event::Read { found: 0, missing: 1 }, 20),
            (Event::Applying { plan: Arc::new(plan) }, 50),
            (Event::Started { op: OpId(0) }, 100),
            (Event::Started { op: OpId(2) }, 110),
            (Event::Exists { op: OpId(0), id: "vpc-0ab".into() }, 900),
            (Event::Phase { op: OpId(0), phase: Phase::Waiting("state pending".into()) }, 950),
            (Event::Phase { op: OpId(0), phase: Phase::Waiting("state pending".into()) }, 1950),
            (
                Event::Failed {
                    op: OpId(2),
                    diagnostic: Box::new(Diagnostic::new(codes::STEP_FAILED, "the key cannot be made")),
                },
                2000,
            ),
            (Event::Held { op: OpId(3), by: OpId(2) }, 2001),
        ];
        let lines =
            told.iter().filter_map(|(event, now)| progress.event(event, *now)).map(|t| t.line.plain()).collect();
        (progress, lines)
    }

    #[test]
    fn lines_that_stay() {
        let (mut progress, mut lines) = run();
        let more = [
            (Event::Done { op: OpId(0), took: Duration::from_millis(3100) }, 3200),
            (Event::Skipped { op: OpId(1) }, 3300),
        ];
        lines.extend(more.iter().filter_map(|(event, now)| progress.event(event, *now)).map(|t| t.line.plain()));
        expect![[r#"
            reading 1 resource of 1 type
            read 0 resources, 1 gone
              net/vpc creating
              key creating
              net/vpc exists: vpc-0ab
              net/vpc waiting: state pending
            ! key failed[P0401]: the key cannot be made
              app held back: key failed
            + net/vpc created after 3.1s
              net/subnet nothing to do: the value is as before
        "#]]
        .assert_eq(&(lines.join("\n") + "\n"));
        assert_eq!(progress.live(4000, 80), []);
    }

    #[test]
    fn what_is_drawn_anew() {
        let (progress, _) = run();
        let lines: Vec<String> = progress.live(3000, 60).iter().map(Line::plain).collect();
        expect![[r#"
            0/4 done, 1 failed · 3.0s · about 10 s left
              + net/vpc  waiting: state pending  2.9s
              next: net/subnet waits for net/vpc
        "#]]
        .assert_eq(&(lines.join("\n") + "\n"));
    }

    #[test]
    fn before_the_apply_it_says_what_it_reads() {
        let mut progress = Progress::new(0);
        progress.event(&Event::Reading { objects: 12, types: 3 }, 5);
        let lines: Vec<String> = progress.live(10, 80).iter().map(Line::plain).collect();
        assert_eq!(lines, ["reading 12 resources of 3 types …"]);
    }
}
