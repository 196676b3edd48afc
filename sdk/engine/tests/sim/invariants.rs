//! The invariants of the engine, in one place: what holds in every life, at every moment, whatever fails and wherever it dies.
//!
//! The fake cloud asks at each call, [`super::life`] asks after each run and at the end of a life. A breach ends the life.
use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

use purlin_core::{SmolStr, driver::Call, schema::FieldSpec};
use purlin_engine::plan::{Action, Plan};
use purlin_state::{Body, Departure, History, State, Status, Verb, fold::Fold};

use super::{
    cloud::{Cloud, Inner, Made, text},
    program::{Should, Spec},
};

/// What holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Invariant {
    /// Every object that the engine made is in the state, or an open intent covers it, or it was forgotten on purpose.
    NoOrphan,
    /// One operation makes at most one object, and no two resources hold the same one.
    NoDuplicate,
    /// What belongs to another owner is never changed or deleted.
    ForeignUntouched,
    /// The log loads, whatever was torn off its end, and takes every record of the engine.
    StateValid,
    /// No create is called whose intent is not durable.
    IntentFirst,
    /// Nothing is deleted while something of ours still refers to it. (That the cloud would refuse is no excuse.)
    DeletesInOrder,
    /// What the state protects is not deleted.
    ProtectedStays,
    /// What the state retains is not deleted.
    RetainedStays,
    /// A field whose changes are ignored keeps what it has once it was set.
    IgnoredStays,
    /// An apply makes no call that its plan, or the plan that was approved, does not have; and it never has to stop for that in a world
    /// that stood still.
    WithinPlan,
    /// No secret is written in plain: not in the state, not in a plan file.
    SecretsSealed,
    /// The same program, state and world give the same plan.
    PlanDeterministic,
    /// A plan changes nothing, in the cloud and in the state.
    PlanIsPure,
    /// Once faults stop, a few ordinary runs make the world as the program says, and then a plan is empty.
    Converges,
    /// A destroy leaves nothing but what is retained.
    DestroyLeavesNothing,
    /// A run ends: it does not wait for ever, and soon once it is asked to stop.
    RunsEnd,
    /// A plan is possible, or refused for a reason that the program or the world gives.
    PlanPossible,
}

/// An invariant does not hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Breach {
    pub(crate) invariant: Invariant,
    pub(crate) what: String,
}

impl fmt::Display for Breach {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}: {}", self.invariant, self.what)
    }
}

type Checked = Result<(), Breach>;

fn breach(invariant: Invariant, what: impl Into<String>) -> Checked {
    Err(Breach { invariant, what: what.into() })
}

/// [`Invariant::IntentFirst`], at a create.
pub(crate) fn create_has_intent(inner: &mut Inner, call: &Call) {
    let journal = inner.store.journal();
    let needle = format!("\"op\":\"{}\"", call.operation);
    if !journal.windows(needle.len()).rev().any(|w| w == needle.as_bytes()) {
        inner.breach(Invariant::IntentFirst, format!("create of {} without a durable intent", call.owner.path));
    }
}

/// [`Invariant::ForeignUntouched`] and [`Invariant::IgnoredStays`], at a part of a sync.
pub(crate) fn sync_is_allowed(inner: &mut Inner, spec: &FieldSpec, call: &Call, id: &SmolStr) {
    let Some(thing) = inner.things.get(id) else { return };
    let field = SmolStr::new_static(spec.name);
    let (foreign, applied) = (!thing.mine && !thing.is_adoptable(), thing.applied.contains(&field));
    if foreign {
        inner.breach(Invariant::ForeignUntouched, format!("sync of {id} for {}", call.owner.path));
    }
    if spec.replace {
        inner.breach(Invariant::WithinPlan, format!("{id}: `{field}` can only be set at create, and a sync sets it"));
    }
    if applied && inner.ignored.contains(&(call.owner.path.clone(), field.clone())) {
        inner.breach(Invariant::IgnoredStays, format!("sync of {id}.{field} for {}", call.owner.path));
    }
}

/// [`Invariant::ForeignUntouched`] and [`Invariant::DeletesInOrder`], at a delete.
pub(crate) fn delete_is_allowed(inner: &mut Inner, call: &Call, id: &SmolStr) {
    let Some(thing) = inner.things.get(id) else { return };
    if !thing.mine && !thing.is_adoptable() {
        inner.breach(Invariant::ForeignUntouched, format!("delete of {id} for {}", call.owner.path));
    }
    let holder = inner.holder(id).filter(|(_, t)| t.mine).map(|(h, _)| h.clone());
    if let Some(holder) = holder {
        inner.breach(Invariant::DeletesInOrder, format!("delete of {id} while {holder} refers to it"));
    }
}

/// [`Invariant::NoOrphan`] and [`Invariant::NoDuplicate`], whenever no run is under way.
pub(crate) fn at_rest(cloud: &Cloud, state: &State, forgotten: &BTreeSet<SmolStr>) -> Checked {
    let inner = cloud.lock();
    let mut held: BTreeMap<(&str, &str), String> = BTreeMap::new();
    for object in state.objects.values().filter(|o| o.provider == "sim:1") {
        if let Some(other) = held.insert((&object.key.address.ty, &object.id), object.key.to_string()) {
            return breach(Invariant::NoDuplicate, format!("{} is {other} and {}", object.id, object.key));
        }
    }
    for (id, thing) in inner.things.iter().filter(|(_, t)| t.mine) {
        let known = held.contains_key(&(thing.ty, id.as_str())) || state.intents.contains_key(&thing.op);
        if !known && !forgotten.contains(id) {
            return breach(Invariant::NoOrphan, format!("{id} of {:?}, made by {}", thing.tags, thing.op));
        }
    }
    Ok(())
}

/// What the whole history must keep to: [`Invariant::ProtectedStays`], [`Invariant::RetainedStays`], and the order of a destroy.
pub(crate) fn history(history: &History) -> Checked {
    let mut fold = Fold::default();
    let mut destroys = false;
    for record in history.records() {
        let record = record.map_err(|e| Breach { invariant: Invariant::StateValid, what: e.to_string() })?;
        match &record.body {
            Body::Begin { holder, .. } => destroys = holder.verb == "destroy",
            Body::Intent(intent) if intent.verb == Verb::Delete => {
                let state = fold.state();
                let Some(object) = state.objects.get(&intent.key) else { continue };
                if object.protect {
                    return breach(Invariant::ProtectedStays, format!("{} is deleted", intent.key));
                }
                if object.retain {
                    return breach(Invariant::RetainedStays, format!("{} is deleted", intent.key));
                }
                let needs = |o: &&purlin_state::Object| o.dependencies.iter().any(|d| d.on == intent.key);
                if destroys && let Some(dependent) = state.objects.values().find(needs) {
                    let what = format!("{} is deleted before {}", intent.key, dependent.key);
                    return breach(Invariant::DeletesInOrder, what);
                }
            }
            _ => {}
        }
        fold.apply(record.seq, record.epoch, record.body);
    }
    Ok(())
}

/// The ids of all objects that were forgotten on purpose.
pub(crate) fn forgotten(history: &History) -> Result<BTreeSet<SmolStr>, Breach> {
    let (mut fold, mut ids) = (Fold::default(), BTreeSet::new());
    for record in history.records() {
        let record = record.map_err(|e| Breach { invariant: Invariant::StateValid, what: e.to_string() })?;
        if let Body::Gone { key, why: Departure::Forgotten, .. } = &record.body {
            ids.extend(fold.state().objects.get(key).map(|o| o.id.clone()));
        }
        fold.apply(record.seq, record.epoch, record.body);
    }
    Ok(ids)
}

/// [`Invariant::SecretsSealed`] of stored bytes.
pub(crate) fn no_secret(what: &str, bytes: &[u8]) -> Checked {
    let needle = b"hunter2";
    if bytes.windows(needle.len()).any(|w| w == needle) {
        return breach(Invariant::SecretsSealed, format!("{what} shows a secret"));
    }
    Ok(())
}

/// [`Invariant::WithinPlan`]: what a run called, against what was approved.
pub(crate) fn within(made: &[Made], plan: &Plan) -> Checked {
    for call in made {
        let of_it = plan.ops.iter().filter(|op| op.key.address.path == call.path && op.key.address.ty == call.ty);
        let mut fits = of_it.filter(|op| match (call.verb, &op.action) {
            ("create" | "sync", Action::Create) | ("delete", Action::Delete) => true,
            ("sync", Action::Update | Action::Adopt | Action::Detach) => {
                op.changes.iter().any(|c| Some(&c.field) == call.field.as_ref())
            }
            _ => false,
        });
        if fits.next().is_none() {
            return breach(Invariant::WithinPlan, format!("{call:?} is not in the plan"));
        }
    }
    Ok(())
}

/// [`Invariant::Converges`]: the world is as the program says. Asks the cloud, not the engine.
pub(crate) fn as_wanted(cloud: &Cloud, state: &State, spec: &Spec) -> Checked {
    let inner = cloud.lock();
    let differs = |what: String| breach(Invariant::Converges, what);
    if let Some(intent) = state.intents.values().next() {
        return differs(format!("the intent of {} is still open", intent.key));
    }
    if state.objects.len() != spec.nodes.len() {
        return differs(format!("{} objects for {} resources", state.objects.len(), spec.nodes.len()));
    }
    for node in &spec.nodes {
        let address = node.address();
        let Some(object) = state.current(&address).filter(|o| o.status == Status::Ready) else {
            return differs(format!("{address} is not ready"));
        };
        if node.kind == "Data" {
            continue;
        }
        let Some(thing) = inner.things.get(&object.id).filter(|t| t.ty == address.ty) else {
            return differs(format!("{} of {address} is not there", object.id));
        };
        for (field, wanted) in spec.wanted(node) {
            if node.ignore.contains(field) {
                continue;
            }
            let wanted = match wanted {
                Should::Text(text) => Some(format!("{text:?}")),
                Should::Number(n) => Some(n.to_string()),
                Should::Link(target) => state.current(&target).map(|o| format!("{:?}", o.id.as_str())),
                Should::Any => continue,
                Should::None => None,
            };
            let is = text(thing.fields.get(field));
            if is != wanted {
                return differs(format!("{address}.{field} is {is:?}, wanted is {wanted:?}"));
            }
        }
    }
    Ok(())
}

/// [`Invariant::DestroyLeavesNothing`].
pub(crate) fn nothing_left(cloud: &Cloud, state: &State, forgotten: &BTreeSet<SmolStr>) -> Checked {
    let left = cloud.lock().things.iter().find(|(id, t)| t.mine && !forgotten.contains(*id)).map(|(id, _)| id.clone());
    if let Some(id) = left {
        return breach(Invariant::DestroyLeavesNothing, format!("{id} is still there"));
    }
    match state.objects.keys().next() {
        Some(key) => breach(Invariant::DestroyLeavesNothing, format!("the state still has {key}")),
        None => Ok(()),
    }
}
