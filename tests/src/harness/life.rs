//! The straight life of one object: every step of it, with a look after each.
use std::collections::BTreeSet;

use purlin_core::{
    Map,
    driver::{Live, Progress, Recorded},
    schema::Facts,
};
use purlin_engine::{Action, Plan};
use purlin_state::Status;

use super::{
    broken::{Broken, Result},
    cases::{Change, NAME, Spec},
    iam,
    run::{Counts, Run, field, recorded, told},
    watch::{Seen, Verb},
};
use crate::Call;

/// So many objects at once are many: more than a driver asks for one by one.
const MANY: usize = 5;

/// A life that went well.
pub(super) struct Life {
    /// Its steps, by name.
    pub(super) steps: Vec<String>,
    /// Every verb that ran.
    pub(super) log: Vec<Seen>,
    /// The steps that are worth a kill.
    pub(super) crossings: Vec<Crossing>,
}

/// A step from one program to another, to be taken again with a kill at each of its calls.
#[derive(Clone, Debug)]
pub(super) struct Crossing {
    pub(super) name: &'static str,
    /// The programs before, one after the other; a program is its changes, or none for one without the object.
    pub(super) from: Vec<Option<Vec<usize>>>,
    /// The changes of the program after.
    pub(super) to: Option<Vec<usize>>,
    /// Whether something is put into the object before.
    pub(super) filled: bool,
    /// The verbs of its apply.
    pub(super) verbs: Vec<Seen>,
    /// What exists afterwards.
    pub(super) counts: Counts,
}

impl Crossing {
    pub(super) fn is_create(&self) -> bool {
        self.from == [None]
    }

    pub(super) fn is_update(&self) -> bool {
        !self.is_create() && self.to.is_some()
    }
}

/// Lives it, in a fresh account.
pub(super) fn live(spec: &Spec) -> Result<Life> {
    block_on(spec, async {
        let mut run = Run::fresh(spec).await?;
        run.watched.record();
        let mut life = Life { steps: Vec::new(), log: Vec::new(), crossings: Vec::new() };
        straight(&mut run, &mut life).await?;
        life.log = std::mem::take(&mut run.log);
        life.log.extend(run.watched.take());
        keeps_the_contract(&run, &life.log)?;
        Ok(life)
    })
}

/// Runs a part of a life to its end on this thread.
pub(super) fn block_on<T>(spec: &Spec, part: impl Future<Output = Result<T>>) -> Result<T> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|e| Broken {
        ty: spec.schema.name,
        step: "begin".to_owned(),
        what: format!("no runtime: {e}"),
    })?;
    runtime.block_on(part)
}

async fn straight(run: &mut Run<'_>, life: &mut Life) -> Result<()> {
    let spec = run.spec;
    let all = spec.updates();
    let enter = |run: &mut Run<'_>, life: &mut Life, step: String| {
        life.steps.push(step.clone());
        run.enter(step);
    };

    enter(run, life, "what it stands on".into());
    run.apply(None).await?;
    let before = run.counts()?;

    enter(run, life, "create".into());
    run.apply(Some(&[])).await?;
    is_as_wanted(run).await?;
    reads_by_id(run).await?;
    run.is_settled(Some(&[])).await?;

    // That the plan of each step shows nothing but its change says that the step before had come to its end.
    for (i, change) in spec.changes.iter().enumerate() {
        let name = change.name();
        enter(run, life, name.clone());
        run.apply_if(Some(&[i]), |plan| is_exactly(plan, change)).await?;
        is_as_wanted(run).await?;
        reads_by_id(run).await?;
        enter(run, life, format!("{name}, and back"));
        // A name that the program no longer gives stays as it is.
        let named = |field: &&str| spec.schema.field(field).is_some_and(|f| f.name_rule.is_some());
        let unnamed = change.fields.iter().copied().filter(|f| !named(f)).collect();
        let rest = Change { fields: unnamed, ..*change };
        run.apply_if(Some(&[]), |plan| is_exactly(plan, change).or_else(|e| is_exactly(plan, &rest).map_err(|_| e)))
            .await?;
        is_as_wanted(run).await?;
    }

    if !all.is_empty() {
        enter(run, life, "update everything".into());
        run.apply(Some(&all)).await?;
        is_as_wanted(run).await?;
        run.is_settled(Some(&all)).await?;
        life.crossings.push(crossing(run, "update everything", vec![Some(Vec::new())], Some(all.clone()))?);
    }

    let object = run.object().await?;
    if let Some(fill) = &spec.fill {
        fill(&run.account, &object.id);
    }
    enter(run, life, "delete".into());
    run.apply(None).await?;
    let delete = crossing(run, "delete", vec![Some(Vec::new()), Some(all.clone())], None)?;
    if delete.counts != before {
        return Err(run.broken(format!("something is left behind: {before:?} before, now\n{}", run.inventory()?)));
    }
    life.crossings.push(Crossing { filled: spec.fill.is_some(), ..delete });
    is_gone(run, &recorded(&object)).await?;

    enter(run, life, "create with everything".into());
    run.apply(Some(&all)).await?;
    is_as_wanted(run).await?;
    reads_many(run).await?;
    run.is_settled(Some(&all)).await?;
    life.crossings.insert(0, crossing(run, "create with everything", vec![None], Some(all))?);

    enter(run, life, "destroy".into());
    run.destroy().await?;
    let left = run.inventory()?;
    if left.is_empty() { Ok(()) } else { Err(run.broken(format!("something is left behind:\n{left}"))) }
}

fn crossing(
    run: &Run<'_>,
    name: &'static str,
    from: Vec<Option<Vec<usize>>>,
    to: Option<Vec<usize>>,
) -> Result<Crossing> {
    Ok(Crossing { name, from, to, filled: false, verbs: run.applied.clone(), counts: run.counts()? })
}

/// The plan does what the change says, and nothing else.
fn is_exactly(plan: &Plan, change: &Change) -> std::result::Result<(), String> {
    let wanted: BTreeSet<&str> = change.fields.iter().copied().collect();
    let mut found = BTreeSet::new();
    for op in plan.ops.iter().filter(|op| op.action.is_external()) {
        let fits = match op.action {
            Action::Update => !change.replaces,
            Action::Create | Action::Delete => change.replaces && op.replaces.is_some(),
            _ => false,
        };
        if !fits || op.key.address.path != NAME {
            return Err(format!("{:?} of {} was not to be", op.action, op.key));
        }
        // A new object has a new physical name too, where the program gives none: only what makes it new counts.
        let changes = op.changes.iter().filter(|c| !change.replaces || wanted.contains(c.field.as_str()));
        found.extend(changes.filter(|c| c.replace == change.replaces).map(|c| c.field.as_str()));
    }
    if found == wanted { Ok(()) } else { Err(format!("{wanted:?} was to change, not {found:?}")) }
}

/// The object is there once, and is what was wanted.
async fn is_as_wanted(run: &Run<'_>) -> Result<()> {
    let object = run.object().await?;
    if object.status != Status::Ready {
        return Err(run.broken(format!("the state has it as {:?}", object.status)));
    }
    let known = recorded(&object);
    let live = look(run, &known).await?.ok_or_else(|| run.broken(format!("{} cannot be seen", object.id)))?;
    reads_back(run, &known, &live)?;
    predicted(run, &known).await
}

/// An object that is referred to or adopted has no record: its id must be enough.
async fn reads_by_id(run: &Run<'_>) -> Result<()> {
    let known = recorded(&run.object().await?);
    let bare = Recorded { fields: Map::new(), outputs: Map::new(), ..known.clone() };
    let (live, again) = (look(run, &known).await?, look(run, &bare).await?);
    let (Some(live), Some(again)) = (live, again) else { return Err(run.broken("by its id alone, it cannot be seen")) };
    let schema = run.spec.schema;
    let excepted = |name: &str| run.spec.recorded.iter().any(|(field, _)| *field == name);
    for spec in schema.fields.iter().filter(|spec| !spec.write_only && !spec.secret && !excepted(spec.name)) {
        let (with, without) = (field(schema, &live.fields, spec.name), field(schema, &again.fields, spec.name));
        if with != without {
            let (with, without) = (with.display(), without.display());
            return Err(run.broken(format!("`{}` reads as {with}, but by the id alone as {without}", spec.name)));
        }
    }
    Ok(())
}

fn reads_back(run: &Run<'_>, known: &Recorded, live: &Live) -> Result<()> {
    let schema = run.spec.schema;
    for spec in schema.fields.iter().filter(|spec| !spec.write_only) {
        let (wanted, is) = (field(schema, &known.fields, spec.name), field(schema, &live.fields, spec.name));
        let left_to_service = spec.computed && !known.fields.contains_key(spec.name);
        if wanted != is && !left_to_service {
            let (wanted, is) = (wanted.display(), is.display());
            return Err(run.broken(format!("`{}` was wanted as {wanted} and reads back as {is}", spec.name)));
        }
    }
    for spec in schema.outputs {
        let (stored, is) = (known.outputs.get(spec.name), live.outputs.get(spec.name));
        if stored.map(|v| v.reveal()) != is.map(|v| v.reveal()) {
            return Err(run.broken(format!("the output `{}` is stored as {stored:?} and reads as {is:?}", spec.name)));
        }
    }
    Ok(())
}

/// What was certain before the create has come true.
async fn predicted(run: &Run<'_>, known: &Recorded) -> Result<()> {
    let identity = run.identity().await?;
    let certain = (run.spec.schema.predict)(&known.fields, &Facts { provider: &identity.facts });
    for (name, value) in certain {
        let is = if name == "id" {
            Some(purlin_core::Value::Str(known.id.clone()))
        } else {
            known.outputs.get(&name).cloned()
        };
        if is.as_ref() != Some(&value) {
            return Err(run.broken(format!("the output `{name}` was predicted as {value:?} and is {is:?}")));
        }
    }
    Ok(())
}

/// Drivers that read many objects in another way than few come to the same result, in the order asked.
async fn reads_many(run: &Run<'_>) -> Result<()> {
    let known = recorded(&run.object().await?);
    let one = look(run, &known).await?;
    let many = run.driver()?.read(&vec![known; MANY]).await.map_err(run.failed("a read of many"))?;
    if many.len() == MANY && many.iter().all(|live| *live == one) {
        return Ok(());
    }
    Err(run.broken(format!("read alone it is {one:?}, and {MANY} times at once {many:?}")))
}

async fn look(run: &Run<'_>, object: &Recorded) -> Result<Option<Live>> {
    let seen = run.driver()?.read(std::slice::from_ref(object)).await.map_err(run.failed("read"))?;
    if seen.len() == 1 {
        Ok(seen.into_iter().next().flatten())
    } else {
        Err(run.broken(format!("read was asked for one object and told of {}", seen.len())))
    }
}

/// It cannot be seen any more, and a second delete is no error.
async fn is_gone(run: &Run<'_>, object: &Recorded) -> Result<()> {
    if let Some(live) = look(run, object).await? {
        return Err(run.broken(format!("it was deleted and can still be seen: {live:?}")));
    }
    let call = run.call().await?;
    match run.driver()?.delete(&call, object).await.map_err(run.failed("a second delete"))? {
        Progress::Done => {}
        Progress::Waiting(why) => return Err(run.broken(format!("a second delete waits: {why}"))),
    }
    let plan = run.plan(None).await?;
    if plan.is_empty() { Ok(()) } else { Err(run.broken(format!("a second plan is not empty:\n{}", told(&plan)))) }
}

/// What each verb may call, whatever happens.
fn keeps_the_contract(run: &Run<'_>, log: &[Seen]) -> Result<()> {
    for seen in log.iter().filter(|seen| seen.ty == run.spec.schema.name) {
        let verb = seen.verb.name();
        if let Some(call) = seen.calls.iter().find(|call| call.crash.is_some()) {
            return Err(run.broken(format!("{verb} made the emulator crash: {call:?}")));
        }
        let mutating: Vec<String> = seen.calls.iter().filter(|c| iam::mutates(&c.operation)).map(Call::name).collect();
        let allowed = match seen.verb {
            Verb::Create => 1,
            Verb::Sync | Verb::Delete => usize::MAX,
            Verb::Read | Verb::Ready | Verb::Find => 0,
        };
        if mutating.len() > allowed {
            return Err(run.broken(format!(
                "one {verb} made {} mutating calls: {}",
                mutating.len(),
                mutating.join(", ")
            )));
        }
    }
    Ok(())
}
