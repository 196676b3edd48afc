//! Prepares an operation: evaluates what is wanted now, checks it against what was approved, and writes the intent.
use std::{sync::Arc, time::Duration};

use futures_util::{FutureExt as _, future::BoxFuture};
use purlin_core::{
    Diagnostic, Graph, Map, NodeId, SmolStr, Value, codes,
    driver::{Call, Entropy, Owner},
    expr::Attributes,
    graph::Node,
    options::Timeouts,
    resource::ID,
};
use purlin_state::{Body, Departure, Intent, Object, State, Status, Verb};
use tokio::sync::mpsc::UnboundedSender;

use super::{
    Cancel,
    dispatcher::Running,
    schedule::Schedule,
    unit::{Ended, Message, Unit, Work},
};
use crate::{
    connect::Connections,
    plan::{
        Action, Cause, Change, Op, OpId, Plan, diff,
        make::{Step, Steps},
        wanted,
    },
    refresh::recorded,
    saved::admits,
    world::World,
};

/// How long an operation may take where the program sets no timeout.
const TIMEOUT: Duration = Duration::from_secs(30 * 60);

/// Makes operations ready to run.
pub(crate) struct Preparer<'a> {
    pub(crate) world: &'a World,
    pub(crate) connections: &'a Connections,
    pub(crate) graph: &'a Arc<Graph>,
    pub(crate) plan: &'a Plan,
    pub(crate) steps: &'a Steps,
    pub(crate) cancel: &'a Cancel,
    pub(crate) tell: UnboundedSender<Message>,
}

/// What comes of preparing an operation.
pub(crate) enum Prepared<'a> {
    /// It begins once the records are durable.
    Start { bodies: Vec<Body>, running: Box<Running>, unit: BoxFuture<'a, (OpId, Ended)> },
    /// It concerns the state only.
    Written { bodies: Vec<Body> },
    /// There is nothing to do, for this operation and maybe its other leg.
    Nothing { bodies: Vec<Body>, also: Option<OpId> },
    /// It must not be done.
    Refused(Box<Diagnostic>),
}

/// The outputs of resources as the state has them now.
pub(crate) struct ApplyScope<'a> {
    pub(crate) graph: &'a Graph,
    pub(crate) steps: &'a Steps,
    pub(crate) state: &'a State,
}

impl Attributes for ApplyScope<'_> {
    fn attribute(&self, node: NodeId, name: &str) -> Value {
        if let Some(outputs) = self.steps.existing.get(&node) {
            return outputs.get(name).cloned().unwrap_or_default();
        }
        let address = &self.graph.node(node).address;
        match self.state.current(address) {
            Some(object) if name == ID => Value::Str(object.id.clone()),
            Some(object) => object.outputs.get(name).cloned().unwrap_or_default(),
            None => Value::unknown(SmolStr::from(format!("{}.{name}", address.path))),
        }
    }
}

impl<'a> Preparer<'a> {
    pub(crate) fn step(&self, op: OpId) -> &'a Step {
        &self.steps.steps[op.index()]
    }

    /// The identity of the provider that carries an operation out.
    pub(crate) fn provider(&self, op: OpId) -> SmolStr {
        let step = self.step(op);
        match (step.node, &step.object) {
            (Some(node), _) => self.connections.provider(self.graph.node(node).provider).identity.id.clone(),
            (None, Some(object)) => object.provider.clone(),
            (None, None) => SmolStr::default(),
        }
    }

    pub(crate) fn prepare(&self, state: &State, op: OpId, schedule: &Schedule) -> Prepared<'a> {
        let result = match &self.plan.op(op).action {
            Action::Create => self.create(state, op),
            Action::Update => self.update(state, op),
            Action::Detach => self.detach(state, op),
            Action::Adopt => self.adopt(state, op),
            Action::Delete | Action::Forget => self.delete(state, op, schedule),
            Action::Record => self.record(state, op),
            Action::Move { from } => {
                let to = self.plan.op(op).key.clone();
                Ok(Prepared::Written { bodies: vec![Body::Moved { from: from.clone(), to }] })
            }
        };
        result.unwrap_or_else(Prepared::Refused)
    }

    fn create(&self, state: &State, op: OpId) -> Result<Prepared<'a>, Box<Diagnostic>> {
        let (planned, step) = (self.plan.op(op), self.step(op));
        let Some(node) = step.node.map(|n| self.graph.node(n)) else { return Err(self.broken(op)) };
        let scope = ApplyScope { graph: self.graph, steps: self.steps, state };
        if planned.maybe
            && let Some(old) = step.object.as_ref().and_then(|o| state.objects.get(&o.key))
        {
            let (changes, wanted) = self.compare(node, &scope, old, step)?;
            if !changes.iter().any(|c| c.replace) {
                return self.spared(state, op, node, old, changes, wanted);
            }
        }
        let mut bodies = Vec::new();
        let mut prior = None;
        if step.missing
            && let Some(old) = step.object.as_ref().and_then(|o| state.objects.get(&o.key))
        {
            prior = Some(&old.fields);
            bodies.push(Body::Gone { op: None, took: None, key: old.key.clone(), why: Departure::Missing });
        }
        let wanted = self.wanted(node, &scope, prior, planned.key.generation)?;
        self.approved(planned, node, &wanted)?;
        let work = Work::Create { wanted: wanted.clone() };
        self.start(state, op, Some(node), Verb::Create, wanted, bodies, work)
    }

    /// A replacement that hung on an unknown value is not needed: the old object stays, and is updated where it differs.
    fn spared(
        &self,
        state: &State,
        op: OpId,
        node: &'a Node,
        old: &Object,
        changes: Vec<Change>,
        wanted: Map,
    ) -> Result<Prepared<'a>, Box<Diagnostic>> {
        let (planned, step) = (self.plan.op(op), self.step(op));
        let detached = is_detached(step, old);
        if changes.is_empty() && !detached {
            let bodies = vec![self.bookkept(state, node, old)];
            return Ok(Prepared::Nothing { bodies, also: planned.replaces.map(|r| r.other) });
        }
        self.within(planned, &changes)?;
        let live = step.live.clone().filter(|_| !detached);
        let work = Work::Update {
            object: recorded(old),
            live,
            wanted: wanted.clone(),
            kept: kept(node, &changes, old, &wanted),
        };
        self.start_on(state, op, Some(node), Verb::Update, old.key.clone(), wanted, Vec::new(), work)
    }

    fn update(&self, state: &State, op: OpId) -> Result<Prepared<'a>, Box<Diagnostic>> {
        let (planned, step) = (self.plan.op(op), self.step(op));
        let Some(node) = step.node.map(|n| self.graph.node(n)) else { return Err(self.broken(op)) };
        let Some(object) = state.objects.get(&planned.key) else { return Err(self.broken(op)) };
        let scope = ApplyScope { graph: self.graph, steps: self.steps, state };
        let (changes, wanted) = self.compare(node, &scope, object, step)?;
        self.within(planned, &changes)?;
        let detached = is_detached(step, object);
        if changes.is_empty() && object.status == Status::Ready && !detached {
            return Ok(Prepared::Nothing { bodies: vec![self.bookkept(state, node, object)], also: None });
        }
        // What was read for the plan no longer holds once a detach has changed the object.
        let live = step.live.clone().filter(|_| !detached);
        let work = Work::Update {
            object: recorded(object),
            live,
            wanted: wanted.clone(),
            kept: kept(node, &changes, object, &wanted),
        };
        self.start(state, op, Some(node), Verb::Update, wanted, Vec::new(), work)
    }

    fn detach(&self, state: &State, op: OpId) -> Result<Prepared<'a>, Box<Diagnostic>> {
        let (planned, step) = (self.plan.op(op), self.step(op));
        let Some(object) = state.objects.get(&planned.key) else { return Err(self.broken(op)) };
        if !self.is_left(state, op)? {
            return Ok(Prepared::Nothing { bodies: Vec::new(), also: None });
        }
        let mut wanted = object.fields.clone();
        for field in &step.detach {
            wanted.remove(*field);
        }
        let (_, schema) = self.connections.driver(&object.provider, &object.key.address.ty)?;
        let kept: Vec<&'static str> =
            schema.fields.iter().map(|f| f.name).filter(|f| !step.detach.contains(f)).collect();
        let live = step.live.clone();
        diff::keep_ignored(schema, &object.fields, live.as_ref().map(|l| &l.fields), &mut wanted, &kept);
        let work = Work::Update { object: recorded(object), live, wanted: wanted.clone(), kept };
        self.start(state, op, None, Verb::Update, wanted, Vec::new(), work)
    }

    fn adopt(&self, state: &State, op: OpId) -> Result<Prepared<'a>, Box<Diagnostic>> {
        let (planned, step) = (self.plan.op(op), self.step(op));
        let (Some(node), Some(live), Some(id)) = (step.node.map(|n| self.graph.node(n)), &step.live, &planned.id)
        else {
            return Err(self.broken(op));
        };
        let scope = ApplyScope { graph: self.graph, steps: self.steps, state };
        let mut wanted = self.wanted(node, &scope, Some(&live.fields), planned.key.generation)?;
        diff::keep_ignored(node.schema, &live.fields, Some(&live.fields), &mut wanted, &ignored(node));
        self.approved(planned, node, &wanted)?;
        // It is in the state from the first moment, so that its update is one like any other.
        let mut outputs = live.outputs.clone();
        outputs.insert(ID, Value::Str(id.clone()));
        let object = Object {
            key: planned.key.clone(),
            id: id.clone(),
            provider: self.provider(op),
            version: node.schema.version,
            status: Status::Unfinished,
            fields: live.fields.clone(),
            outputs,
            dependencies: self.dependencies(state, node),
            protect: node.options.as_ref().is_some_and(|o| o.protect),
            retain: node.options.as_ref().is_some_and(|o| o.retain),
            location: Some(node.location.clone()),
            seen: self.world.now(),
        };
        let (live, kept) = (Some(live.clone()), ignored(node));
        let work = Work::Update { object: recorded(&object), live, wanted: wanted.clone(), kept };
        let bodies = vec![Body::Put { op: None, took: None, object: Box::new(object) }];
        self.start(state, op, Some(node), Verb::Update, wanted, bodies, work)
    }

    fn delete(&self, state: &State, op: OpId, schedule: &Schedule) -> Result<Prepared<'a>, Box<Diagnostic>> {
        let (planned, step) = (self.plan.op(op), self.step(op));
        let Some(object) = state.objects.get(&planned.key) else {
            return Ok(Prepared::Nothing { bodies: Vec::new(), also: None });
        };
        // Delete-first, and it hung on an unknown value whether it goes at all.
        if planned.replaces.is_some_and(|r| !schedule.is_settled(r.other)) && !self.goes(state, op)? {
            return Ok(Prepared::Nothing { bodies: Vec::new(), also: None });
        }
        if planned.maybe
            && state.current(&planned.key.address).is_some_and(|o| o.key == planned.key)
            && planned.replaces.is_some_and(|r| schedule.is_settled(r.other))
        {
            // Its successor turned out not to be needed.
            return Ok(Prepared::Nothing { bodies: Vec::new(), also: None });
        }
        if step.missing {
            return Ok(Prepared::Written { bodies: self.departed(op, Departure::Missing) });
        }
        if planned.action == Action::Forget {
            return Ok(Prepared::Written { bodies: self.departed(op, Departure::Forgotten) });
        }
        let work = Work::Delete { object: recorded(object) };
        self.start(state, op, None, Verb::Delete, Map::new(), Vec::new(), work)
    }

    /// True when the old object of a replacement has to go, by what is known now: its own fields ask for it, or it cannot be moved off
    /// something that goes.
    fn goes(&self, state: &State, op: OpId) -> Result<bool, Box<Diagnostic>> {
        let planned = self.plan.op(op);
        let Some(object) = state.objects.get(&planned.key).filter(|_| planned.maybe) else { return Ok(true) };
        let create = planned.replaces.map(|r| self.step(r.other));
        let Some((step, node)) = create.and_then(|s| Some((s, self.graph.node(s.node?)))) else { return Ok(true) };
        let scope = ApplyScope { graph: self.graph, steps: self.steps, state };
        let (changes, _) = self.compare(node, &scope, object, step)?;
        Ok(changes.iter().any(|c| c.replace) || self.is_left(state, op)?)
    }

    /// True when something that an operation's object depends on is about to go.
    fn is_left(&self, state: &State, op: OpId) -> Result<bool, Box<Diagnostic>> {
        for cause in &self.plan.op(op).causes {
            let Cause::DependencyReplaced { on } = cause else { continue };
            let removes = |op: &Op| matches!(op.action, Action::Delete | Action::Forget) && op.key == *on;
            if let Some((removal, _)) = self.plan.iter().find(|(_, op)| removes(op))
                && self.goes(state, removal)?
            {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn record(&self, state: &State, op: OpId) -> Result<Prepared<'a>, Box<Diagnostic>> {
        let planned = self.plan.op(op);
        let Some(node) = self.step(op).node.map(|n| self.graph.node(n)) else { return Err(self.broken(op)) };
        let Some(object) = state.objects.get(&planned.key) else { return Err(self.broken(op)) };
        Ok(Prepared::Written { bodies: vec![self.bookkept(state, node, object)] })
    }

    /// The object with today's options and edges; its fields stay as they were applied.
    fn bookkept(&self, state: &State, node: &Node, object: &Object) -> Body {
        let object = Object {
            dependencies: self.dependencies(state, node),
            protect: node.options.as_ref().is_some_and(|o| o.protect),
            retain: node.options.as_ref().is_some_and(|o| o.retain),
            location: Some(node.location.clone()),
            ..object.clone()
        };
        Body::Put { op: None, took: None, object: Box::new(object) }
    }

    fn departed(&self, op: OpId, why: Departure) -> Vec<Body> {
        vec![Body::Gone { op: None, took: None, key: self.plan.op(op).key.clone(), why }]
    }

    /// The edges of a node to the objects that are in use now: a replacement that was planned may have been spared, or left out.
    fn dependencies(&self, state: &State, node: &Node) -> Vec<purlin_state::Dependency> {
        let current = |n: NodeId| state.current(&self.graph.node(n).address).map(|o| o.key.generation);
        wanted::dependencies(self.graph, node, |n| current(n).unwrap_or(self.steps.generations[n.index()]))
    }

    fn wanted(
        &self,
        node: &Node,
        scope: &ApplyScope<'_>,
        prior: Option<&Map>,
        generation: u32,
    ) -> Result<Map, Box<Diagnostic>> {
        let provider = self.connections.provider(node.provider);
        let wanted = wanted::fields(self.graph, node, scope, provider, prior, generation)?;
        match wanted.iter().find_map(|(field, value)| Some((field, value.first_unknown()?))) {
            None => Ok(wanted),
            Some((field, unknown)) => Err(Box::new(
                Diagnostic::new(
                    codes::STEP_FAILED,
                    format!("the field `{field}` waits for `{}`, which does not exist", unknown.cause),
                )
                .at(node.address.path.clone())
                .line(node.location.clone())
                .help("plan again without a selection that leaves it out"),
            )),
        }
    }

    fn compare(
        &self,
        node: &Node,
        scope: &ApplyScope<'_>,
        object: &Object,
        step: &Step,
    ) -> Result<(Vec<Change>, Map), Box<Diagnostic>> {
        let mut wanted = self.wanted(node, scope, Some(&object.fields), object.key.generation)?;
        let ignored = ignored(node);
        let live = step.live.as_ref().map(|l| &l.fields);
        let changes = diff::changes(node.schema, &object.fields, live, &wanted, &ignored);
        diff::keep_ignored(node.schema, &object.fields, live, &mut wanted, &ignored);
        Ok((changes, wanted))
    }

    /// A create may set what was approved: values that were unknown may be anything, all others are as they were.
    fn approved(&self, planned: &Op, node: &Node, wanted: &Map) -> Result<(), Box<Diagnostic>> {
        for (field, value) in wanted {
            let fits = planned.changes.iter().find(|c| c.field == *field).is_some_and(|c| admits(&c.after, value));
            let untouched = planned.action == Action::Adopt && !planned.changes.iter().any(|c| c.field == *field);
            if !fits && !untouched {
                return Err(outside(planned, Some(node), format!("`{field}` would be {}", value.display())));
            }
        }
        Ok(())
    }

    /// An update may change what was approved, and less.
    fn within(&self, planned: &Op, changes: &[Change]) -> Result<(), Box<Diagnostic>> {
        for change in changes {
            let approved = planned.changes.iter().find(|c| c.field == change.field);
            let fits = approved.is_some_and(|c| admits(&c.after, &change.after) && (c.replace || !change.replace));
            if !fits {
                let what = if change.replace { "needs a replacement" } else { "would change" };
                return Err(outside(planned, None, format!("`{}` {what}: {}", change.field, change.after.display())));
            }
        }
        Ok(())
    }

    #[expect(clippy::too_many_arguments, reason = "each is a part of the operation that begins")]
    fn start(
        &self,
        state: &State,
        op: OpId,
        node: Option<&'a Node>,
        verb: Verb,
        wanted: Map,
        bodies: Vec<Body>,
        work: Work,
    ) -> Result<Prepared<'a>, Box<Diagnostic>> {
        self.start_on(state, op, node, verb, self.plan.op(op).key.clone(), wanted, bodies, work)
    }

    #[expect(clippy::too_many_arguments, reason = "each is a part of the operation that begins")]
    fn start_on(
        &self,
        state: &State,
        op: OpId,
        node: Option<&'a Node>,
        verb: Verb,
        key: purlin_state::Key,
        wanted: Map,
        mut bodies: Vec<Body>,
        work: Work,
    ) -> Result<Prepared<'a>, Box<Diagnostic>> {
        let planned = self.plan.op(op);
        let provider = match (&work, state.objects.get(&key)) {
            // What exists is handled by who made it.
            (Work::Delete { .. }, Some(object)) => object.provider.clone(),
            _ => self.provider(op),
        };
        let (driver, schema) = self.connections.driver(&provider, &key.address.ty)?;
        let token = self.world.new_id();
        let old = state.objects.get(&key);
        let options = node.and_then(|n| n.options.as_deref());
        let intent = Intent {
            op: token.clone(),
            key: key.clone(),
            verb,
            provider: provider.clone(),
            version: schema.version,
            wanted: wanted.clone(),
            dependencies: node.map_or_else(
                || old.map(|o| o.dependencies.clone()).unwrap_or_default(),
                |n| self.dependencies(state, n),
            ),
            protect: options.map_or_else(|| node.is_none() && old.is_some_and(|o| o.protect), |o| o.protect),
            retain: options.map_or_else(|| node.is_none() && old.is_some_and(|o| o.retain), |o| o.retain),
            location: planned.location.clone(),
            at: self.world.now(),
        };
        let object = (verb != Verb::Delete).then(|| Object {
            status: Status::Ready,
            ..crate::recover::made(&intent, old.map(|o| o.id.clone()).unwrap_or_default())
        });
        bodies.push(Body::Intent(Box::new(intent)));
        let timeouts = options.map_or_else(Timeouts::default, |o| o.timeouts);
        let timeout = match verb {
            Verb::Create => timeouts.create,
            Verb::Update => timeouts.update,
            Verb::Delete => timeouts.delete,
        };
        let owner =
            Owner { stack: state.stack.clone(), lineage: state.lineage.clone(), path: key.address.path.clone() };
        let others = state.generations(&key.address).filter(|o| o.key != key).map(|o| o.id.clone()).collect();
        let unit = Unit {
            op,
            call: Call { address: key.address, owner, operation: token.clone(), entropy: Entropy(self.world.random()) },
            driver,
            schema,
            others,
            timeout: timeout.unwrap_or(TIMEOUT),
            world: self.world.clone(),
            cancel: self.cancel.clone(),
            tell: self.tell.clone(),
        };
        let running = Box::new(Running { token, provider, began: self.world.now(), object, exists: false });
        Ok(Prepared::Start { bodies, running, unit: unit.run(work).boxed() })
    }

    fn broken(&self, op: OpId) -> Box<Diagnostic> {
        let planned = self.plan.op(op);
        Box::new(
            Diagnostic::new(codes::OUTSIDE_PLAN, format!("`{}` is not as it was when the plan was made", planned.key))
                .at(planned.key.address.path.clone())
                .help("make a new plan"),
        )
    }
}

/// True when this run has detached the object: it is not as it was when the plan was made.
fn is_detached(step: &Step, object: &Object) -> bool {
    step.object.as_ref().is_some_and(|before| before.fields != object.fields)
}

/// Fields that an update leaves as they are, should they turn out to be otherwise than the state says: all but those that it was
/// approved for, and those that this run has unset.
fn kept(node: &Node, changes: &[Change], object: &Object, wanted: &Map) -> Vec<&'static str> {
    let ignored = ignored(node);
    let changes = |f: &str| changes.iter().any(|c| c.field == f) || object.fields.get(f) != wanted.get(f);
    node.schema.fields.iter().map(|f| f.name).filter(|f| ignored.contains(f) || !changes(f)).collect()
}

fn ignored(node: &Node) -> Vec<&'static str> {
    node.options.as_ref().map_or_else(Vec::new, |o| o.ignore_changes.clone())
}

fn outside(planned: &Op, node: Option<&Node>, why: String) -> Box<Diagnostic> {
    let told = Diagnostic::new(codes::OUTSIDE_PLAN, format!("`{}` would leave the approved plan", planned.key))
        .at(planned.key.address.path.clone())
        .cause(why)
        .note("the run stopped before this step; what was done before it is in the state")
        .help("make a new plan, review it, and apply that");
    Box::new(match node.map(|n| n.location.clone()).or_else(|| planned.location.clone()) {
        Some(line) => told.line(line),
        None => told,
    })
}
