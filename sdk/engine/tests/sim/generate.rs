//! Draws a [`Case`] from a seed. The cases differ in what they stress: size, faults, edits, and where they die.
use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;

use super::{
    case::{Case, Crash, Edit, Meddling, Run, Step, Torn, Weather},
    kinds::{self, KINDS, Traits},
    program::Spec,
};

/// The case of a seed.
pub(crate) fn case(seed: u64) -> Case {
    let mut maker = Maker { dice: ChaCha8Rng::seed_from_u64(seed), spec: Spec::default(), next: 0 };
    let size = match maker.dice.random_range(0..10) {
        0 => 40,
        1..=3 => 20,
        _ => 9,
    };
    let count = maker.dice.random_range(3..=size);
    let mut first = Step::default();
    for _ in 0..count {
        let edit = maker.new_resource();
        maker.push(&mut first.edits, edit);
    }
    for _ in 0..count / 3 {
        let edit = maker.edit();
        maker.push(&mut first.edits, edit);
    }
    first.meddling = maker.meddling(25);
    first.run = maker.run();
    let mut steps = vec![first];
    for _ in 0..maker.dice.random_range(2..=6) {
        let mut step = Step::default();
        for _ in 0..maker.dice.random_range(0..=4) {
            let edit = maker.edit();
            maker.push(&mut step.edits, edit);
        }
        step.meddling = maker.meddling(35);
        step.run = maker.run();
        steps.push(step);
    }
    Case { seed, steps }
}

struct Maker {
    dice: ChaCha8Rng,
    spec: Spec,
    next: u32,
}

impl Maker {
    fn push(&mut self, edits: &mut Vec<Edit>, edit: Edit) {
        self.spec.edit(&edit);
        edits.push(edit);
    }

    fn chance(&mut self, percent: u32) -> bool {
        self.dice.random_range(0..100) < percent
    }

    fn pick<T: Clone>(&mut self, from: &[T]) -> Option<T> {
        (!from.is_empty()).then(|| from[self.dice.random_range(0..from.len())].clone())
    }

    fn any(&mut self) -> u32 {
        let ids: Vec<u32> = self.spec.nodes.iter().map(|n| n.id).collect();
        self.pick(&ids).unwrap_or_default()
    }

    fn of_kind(&mut self, kind: &str) -> Option<u32> {
        let ids: Vec<u32> = self.spec.nodes.iter().filter(|n| n.kind == kind).map(|n| n.id).collect();
        self.pick(&ids)
    }

    fn path(&mut self, id: u32) -> String {
        match self.dice.random_range(0..5) {
            0 => format!("net/r{id}"),
            1 => format!("app/web/r{id}"),
            _ => format!("r{id}"),
        }
    }

    fn new_resource(&mut self) -> Edit {
        self.next += 1;
        let id = self.next;
        let path = self.path(id);
        if self.chance(4) {
            return Edit::Adopt { id, path };
        }
        if self.chance(12) {
            return Edit::Add { id, kind: "Data".into(), path, links: vec![] };
        }
        let fits = |k: &&Traits| {
            k.links.iter().all(|(_, t, required)| !required || self.spec.nodes.iter().any(|n| n.kind == *t))
        };
        let kinds: Vec<&Traits> = KINDS.iter().filter(fits).collect();
        let kind = self.pick(&kinds).unwrap_or(&KINDS[0]);
        let mut links = Vec::new();
        for (field, target, required) in kind.links {
            if *required || self.chance(60) {
                links.extend(self.of_kind(target).map(|to| ((*field).to_owned(), to)));
            }
        }
        Edit::Add { id, kind: kind.name.into(), path, links }
    }

    fn edit(&mut self) -> Edit {
        let id = self.any();
        let kind = self.spec.node(id).and_then(|n| kinds::kind(&n.kind));
        match self.dice.random_range(0..100) {
            0..14 => self.new_resource(),
            14..24 => Edit::Remove(id),
            24..48 => self.set(id, kind),
            48..54 => Edit::Size(id, Some(self.dice.random_range(1..5))),
            54..62 => {
                let Some((field, target, _)) = kind.and_then(|k| self.pick(k.links)) else { return Edit::Remove(0) };
                let to = if self.chance(30) { None } else { self.of_kind(target) };
                Edit::Link(id, field.into(), to)
            }
            62..72 => self.quote(),
            72..78 => {
                let n: u32 = self.dice.random_range(0..1000);
                Edit::Rename(id, format!("moved/m{n}"), self.dice.random_bool(0.7))
            }
            78..81 => Edit::Retype(id, ["Net", "Key", "Note", "Data"][self.dice.random_range(0..4)].into()),
            81..85 => Edit::Protect(id, self.dice.random_bool(0.5)),
            85..88 => Edit::Retain(id, self.dice.random_bool(0.6)),
            88..91 => Edit::Ignore(id, ["label", "size", "zone", "cidr"][self.dice.random_range(0..4)].into()),
            91..96 => Edit::After(id, self.any()),
            _ => Edit::CreateFirst(id, self.dice.random_bool(0.4)),
        }
    }

    fn set(&mut self, id: u32, kind: Option<&Traits>) -> Edit {
        // A name given by hand, so that a replacement has to be delete-first.
        if kind.is_some_and(|k| k.name == "Bucket") && self.chance(40) {
            let name =
                if self.chance(30) { None } else { Some(format!("given-{id}-{}", self.dice.random_range(0..2))) };
            return Edit::Set(id, "name".into(), name);
        }
        let Some((field, _)) = kind.and_then(|k| self.pick(k.texts)) else { return Edit::Remove(0) };
        let text = format!("{field}-{id}-{}", self.dice.random_range(0..4));
        let none = self.chance(15);
        Edit::Set(id, field.into(), (!none).then_some(text))
    }

    fn quote(&mut self) -> Edit {
        let reader = if self.chance(50) { self.of_kind("Note") } else { self.of_kind("Data") };
        let of = self.any();
        let tells = self.spec.node(of).and_then(|n| kinds::kind(&n.kind)).map_or(&[][..], |k| k.tells);
        let output = self.pick(tells).unwrap_or("arn");
        Edit::Quote(reader.unwrap_or_default(), of, output.into())
    }

    fn meddling(&mut self, percent: u32) -> Vec<Meddling> {
        let mut all = Vec::new();
        while self.chance(percent) {
            let n = self.dice.random_range(0..50);
            all.push(match self.dice.random_range(0..10) {
                0..3 => Meddling::Drift(n),
                3..6 => Meddling::Vanish(n),
                6 => Meddling::Hold(n),
                7 | 8 => Meddling::Squat(n),
                _ => Meddling::Litter,
            });
        }
        all
    }

    fn run(&mut self) -> Run {
        let mut run = Run { destroy: self.chance(6), ..Run::default() };
        run.refresh = ["", "", "", "auto", "none"][self.dice.random_range(0..5)].into();
        match self.dice.random_range(0..20) {
            0 => run.target = vec![self.any(), self.any()],
            1 => run.exclude = vec![self.any()],
            _ => {}
        }
        if self.chance(20) {
            run.approved = Some(self.meddling(40));
            if self.chance(30) {
                run.between = Some(Box::new(Run { crash: self.crash(40), ..Run::default() }));
            }
        }
        if self.chance(35) {
            run.weather = self.weather();
        }
        run.crash = self.crash(75);
        if self.chance(7) {
            run.cancel = Some(self.dice.random_range(0..20_000));
        }
        run
    }

    fn weather(&mut self) -> Weather {
        let mut percent = |most: u32| if self.dice.random_bool(0.5) { self.dice.random_range(0..=most) } else { 0 };
        let (throttled, failed, lost) = (percent(30), percent(20), percent(25));
        let mut denied = Vec::new();
        if self.chance(40) {
            let verb = ["create", "sync", "delete", "find", "ready"][self.dice.random_range(0..5)];
            denied.extend(self.pick(KINDS).map(|k| format!("{verb} {}", k.name)));
        }
        Weather { throttled, failed, lost, denied }
    }

    fn crash(&mut self, percent: u32) -> Option<Crash> {
        if !self.chance(percent) {
            return None;
        }
        // Most lives are short: the early calls deserve most of the crashes.
        let most = [10, 30, 100][self.dice.random_range(0..3)];
        Some(match self.dice.random_range(0..10) {
            0..6 => Crash::Call(self.dice.random_range(1..=most), self.dice.random_bool(0.6)),
            6..9 => {
                let torn = match self.dice.random_range(0..3) {
                    0 => Torn::Nothing,
                    1 => Torn::Part(self.dice.random_range(0..2000)),
                    _ => Torn::All,
                };
                Crash::Write(self.dice.random_range(1..=most / 3), torn)
            }
            _ => Crash::Time(self.dice.random_range(0..40_000)),
        })
    }
}
