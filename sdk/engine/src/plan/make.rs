//! Makes a plan: evaluates and compares node by node, in the order of the program, then runs the passes.
//!
//! A resource refers only to earlier ones, so one walk is enough: when a node is reached, what it refers to is planned already.
use std::collections::{BTreeMap, BTreeSet, HashMap};

use purlin_core::{
    Diagnostic, Error, Graph, Map, NodeId, Result, Schema, SmolStr, Value, codes,
    driver::Live,
    graph::Node,
    options::{Options, ReplaceOrder},
    resource::ID,
    schema::Facts,
};
use purlin_state::{Key, Object, State, Status};

use super::{
    Action, Cause, Change, ExportChange, Goal, Op, OpId, Plan, PlanOptions, Replacement, check, deletes, diff, edges,
    moves,
    scope::{Known, PlanScope, Rest},
    select, wanted,
};
use crate::{
    connect::Connections,
    refresh::{LiveSet, Seen},
};

/// What an operation is made from, beside what its plan shows. One for each operation, by position.
#[derive(Clone, Debug, Default)]
pub struct Step {
    /// The node of the program; none for a delete.
    pub(crate) node: Option<NodeId>,
    /// The object as the state has it.
    pub(crate) object: Option<Object>,
    /// The object as it was read.
    pub(crate) live: Option<Live>,
    /// Fields to unset: for a detach.
    pub(crate) detach: Vec<&'static str>,
    /// The object that the state has is gone from the world.
    pub(crate) missing: bool,
}

/// The steps of a plan, and the outputs of objects that are only referred to.
#[derive(Clone, Debug, Default)]
pub struct Steps {
    pub(crate) steps: Vec<Step>,
    pub(crate) existing: HashMap<NodeId, Map>,
    /// The generation that each node has once the plan is carried out.
    pub(crate) generations: Vec<u32>,
    /// Outputs that were read and are not as the state has them: the plan was made with these.
    pub(crate) outputs: Vec<(Key, Map)>,
}

/// A plan in the making: what the passes work on.
pub(crate) struct Draft<'a> {
    pub(crate) graph: &'a Graph,
    pub(crate) state: &'a State,
    pub(crate) live: &'a LiveSet,
    pub(crate) connections: &'a Connections,
    pub(crate) options: &'a PlanOptions,
    pub(crate) ops: Vec<Op>,
    pub(crate) steps: Vec<Step>,
    /// The operation that brings a node to what it wants, by node.
    pub(crate) primary: Vec<Option<OpId>>,
    /// The generation that a node will have, by node.
    pub(crate) generations: Vec<u32>,
    /// The operation that removes an object, by its key.
    pub(crate) removal: BTreeMap<Key, OpId>,
    /// Values that only one object can have, and the object that has them and leaves.
    pub(crate) leaving: BTreeMap<edges::Domain, Key>,
    /// Objects whose delete something new has to wait for, because it takes such a value over.
    pub(crate) early: BTreeSet<Key>,
    /// Detaches, by the key of the object that is detached.
    pub(crate) detaches: BTreeMap<Key, OpId>,
    pub(crate) unchanged: usize,
    pub(crate) errors: Vec<Diagnostic>,
    existing: HashMap<NodeId, Map>,
    outputs: Vec<(Key, Map)>,
}

/// Makes a plan. Pure: the same arguments give the same plan.
///
/// # Errors
/// Everything that makes the plan impossible, found together.
pub(crate) fn make(
    graph: &Graph,
    state: &State,
    live: &LiveSet,
    connections: &Connections,
    options: &PlanOptions,
) -> Result<(Plan, Steps)> {
    select::check(graph, state, options)?;
    if options.goal == Goal::Destroy {
        let nothing = Graph { stack: graph.stack.clone(), providers: graph.providers.clone(), ..Graph::default() };
        return round(&nothing, state, live, connections, options)
            .and_then(|(draft, exports)| finish(draft, exports, &[]));
    }
    let mut moved = moves::declared(graph, state)?;
    loop {
        let renamed = (!moved.is_empty()).then(|| moves::rename(state, live, &moved));
        let (state, live) = renamed.as_ref().map_or((state, live), |(s, l)| (s, l));
        let (draft, exports) = round(graph, state, live, connections, options)?;
        let mut detected = moves::detect(&draft);
        // Each round settles its moves for good: one that comes again would come for ever.
        detected.retain(|new| !moved.iter().any(|m| m.from == new.from || m.to == new.to));
        if detected.is_empty() {
            return finish(draft, exports, &moved);
        }
        moved.extend(detected);
    }
}

type Exports = Vec<ExportChange>;

fn round<'a>(
    graph: &'a Graph,
    state: &'a State,
    live: &'a LiveSet,
    connections: &'a Connections,
    options: &'a PlanOptions,
) -> Result<(Draft<'a>, Exports)> {
    let count = graph.nodes.len();
    let mut draft = Draft {
        graph,
        state,
        live,
        connections,
        options,
        ops: Vec::new(),
        steps: Vec::new(),
        primary: Vec::with_capacity(count),
        generations: Vec::with_capacity(count),
        removal: BTreeMap::new(),
        leaving: edges::leaving(graph, state, connections),
        early: BTreeSet::new(),
        detaches: BTreeMap::new(),
        unchanged: 0,
        errors: Vec::new(),
        existing: HashMap::new(),
        outputs: Vec::new(),
    };
    let mut scope = PlanScope::new(graph);
    for i in 0..count {
        let id = NodeId::from_index(i);
        draft.primary.push(None);
        draft.generations.push(0);
        let known = draft.node(id, &scope).unwrap_or_else(|diagnostic| {
            draft.errors.push(*diagnostic);
            Known { outputs: Map::new(), rest: Rest::Unknown }
        });
        scope.push(known);
    }
    let exports = draft.exports(&scope);
    deletes::add(&mut draft);
    if draft.errors.is_empty() { Ok((draft, exports)) } else { Err(Error::Many(draft.errors)) }
}

fn finish(mut draft: Draft<'_>, exports: Exports, moved: &[moves::Move]) -> Result<(Plan, Steps)> {
    edges::add(&mut draft);
    // After the edges: what they add (detaches) waits for a move like everything else that is done with the object.
    moves::add(&mut draft, moved);
    let mut plan = Plan {
        stack: draft.graph.stack.clone(),
        goal: draft.options.goal,
        ops: draft.ops,
        unchanged: draft.unchanged,
        exports,
        notes: Vec::new(),
        partial: false,
    };
    let Draft { steps, existing, generations, outputs, .. } = draft;
    let mut steps = Steps { steps, existing, generations, outputs };
    select::apply(&mut plan, &mut steps, draft.options)?;
    check::all(&plan, &steps, draft.state, draft.live, draft.options)?;
    Ok((plan, steps))
}

/// What is to be done with a node, before it becomes operations.
struct Verdict {
    action: Action,
    causes: Vec<Cause>,
    changes: Vec<Change>,
    order: Option<ReplaceOrder>,
    maybe: bool,
}

impl Draft<'_> {
    /// Plans one node and tells what is known of its outputs.
    fn node(&mut self, id: NodeId, scope: &PlanScope<'_>) -> Result<Known, Box<Diagnostic>> {
        let node = self.graph.node(id);
        if let Some(physical) = &node.existing {
            return self.existing(id, node, physical);
        }
        let Some(object) = self.state.current(&node.address) else {
            return self.absent(id, node, scope);
        };
        self.generations[id.index()] = object.key.generation;
        let provider = self.connections.provider(node.provider);
        let mut wanted =
            wanted::fields(self.graph, node, scope, provider, Some(&object.fields), object.key.generation)?;
        let seen = self.live.get(&object.key);
        if matches!(seen, Seen::Missing) {
            return self.create(id, node, scope, object.key.generation, Some(object), Cause::Missing);
        }
        let live = match seen {
            Seen::Live(live) => Some(live),
            _ => None,
        };
        if let Some(live) = live {
            let mut outputs = live.outputs.clone();
            outputs.insert(ID, Value::Str(object.id.clone()));
            // What is sealed cannot be compared.
            let sealed = object.outputs.iter().filter(|(_, value)| matches!(value, Value::Sealed(_)));
            outputs.extend(sealed.map(|(name, value)| (name.clone(), value.clone())));
            if outputs != object.outputs {
                self.outputs.push((object.key.clone(), outputs));
            }
        }
        let verdict = self.verdict(id, node, object, live, &wanted)?;
        diff::keep_ignored(node.schema, &object.fields, live.map(|l| &l.fields), &mut wanted, ignored(node));
        match verdict.action {
            Action::Create => self.replace(id, node, scope, object, verdict),
            _ => Ok(self.keep(id, node, object, live, &wanted, verdict)),
        }
    }

    fn existing(&mut self, id: NodeId, node: &Node, physical: &SmolStr) -> Result<Known, Box<Diagnostic>> {
        match self.live.referred.get(&id) {
            Some(Some(live)) => {
                let mut outputs = live.outputs.clone();
                outputs.insert(ID, Value::Str(physical.clone()));
                self.existing.insert(id, outputs.clone());
                Ok(Known { outputs, rest: Rest::None })
            }
            _ => Err(Box::new(not_found(node, physical))),
        }
    }

    fn absent(&mut self, id: NodeId, node: &Node, scope: &PlanScope<'_>) -> Result<Known, Box<Diagnostic>> {
        // Deposed generations may still exist: the next one is past them all.
        let next = self.state.generations(&node.address).next_back().map_or(0, |o| o.key.generation + 1);
        let Some(physical) = node.options.as_ref().and_then(|o| o.adopt.clone()) else {
            return self.create(id, node, scope, next, None, Cause::New);
        };
        let Some(Some(live)) = self.live.referred.get(&id) else {
            return Err(Box::new(not_found(node, &physical)));
        };
        self.generations[id.index()] = next;
        let provider = self.connections.provider(node.provider);
        let wanted = wanted::fields(self.graph, node, scope, provider, Some(&live.fields), next)?;
        let changes = diff::changes(node.schema, &live.fields, Some(&live.fields), &wanted, ignored(node));
        if let Some(change) = changes.iter().find(|c| c.replace) {
            let told = Diagnostic::new(codes::NOT_FOUND, format!("the object {physical} cannot be adopted as it is"))
                .cause(format!("`{}` is {}, and can only be set at create", change.field, change.before.display()))
                .at(node.address.path.clone())
                .line(node.location.clone());
            return Err(Box::new(told.help(format!("write the field as it is, or drop `.adopt({physical:?})`"))));
        }
        let mut outputs = live.outputs.clone();
        outputs.insert(ID, Value::Str(physical.clone()));
        let mut causes = vec![Cause::Adopted];
        causes.extend(diff::causes(&changes));
        let step = Step { node: Some(id), live: Some(live.clone()), ..Step::default() };
        let op = self.push(node, next, Action::Adopt, causes, changes, step);
        self.ops[op.index()].id = Some(physical);
        Ok(self.after_update(node, &wanted, outputs, true))
    }

    fn create(
        &mut self,
        id: NodeId,
        node: &Node,
        scope: &PlanScope<'_>,
        generation: u32,
        missing: Option<&Object>,
        cause: Cause,
    ) -> Result<Known, Box<Diagnostic>> {
        self.generations[id.index()] = generation;
        let provider = self.connections.provider(node.provider);
        let prior = missing.map(|o| &o.fields);
        let wanted = wanted::fields(self.graph, node, scope, provider, prior, generation)?;
        let step = Step { node: Some(id), object: missing.cloned(), missing: missing.is_some(), ..Step::default() };
        self.push(node, generation, Action::Create, vec![cause], diff::creation(&wanted), step);
        Ok(self.after_create(node, &wanted))
    }

    /// Decides between keeping, updating and replacing an object that exists.
    fn verdict(
        &self,
        id: NodeId,
        node: &Node,
        object: &Object,
        live: Option<&Live>,
        wanted: &Map,
    ) -> Result<Verdict, Box<Diagnostic>> {
        if let Some(told) = newer(object, node.schema) {
            return Err(Box::new(told.line(node.location.clone())));
        }
        let changes = diff::changes(node.schema, &object.fields, live.map(|l| &l.fields), wanted, ignored(node));
        let mut causes = diff::causes(&changes);
        let provider = &self.connections.provider(node.provider).identity.id;
        let mut forced = Vec::new();
        if *provider != object.provider {
            if self.connections.by_identity(&object.provider).is_none() {
                return Err(Box::new(self.wrong_account(node, object)));
            }
            forced.push(Cause::ProviderChanged { from: object.provider.clone() });
        }
        if select::matches(&self.options.replace, &node.address.path) {
            forced.push(Cause::ReplacedBecause { field: SmolStr::new_static("--replace") });
        }
        let cascade = edges::cascade(self, id, object);
        let goes =
            |key: &Key| self.early.contains(key) || self.removal.get(key).is_some_and(|op| !self.ops[op.index()].maybe);
        let own = !forced.is_empty() || changes.iter().any(|c| c.replace && diff::is_certain(c));
        let certain = own || cascade.iter().any(goes);
        forced.extend(cascade.iter().cloned().map(|on| Cause::DependencyReplaced { on }));
        if certain || !cascade.is_empty() || changes.iter().any(|c| c.replace) {
            let chosen = node.options.as_ref().and_then(|o| o.replace_order);
            let order = if cascade.is_empty() { chosen } else { Some(ReplaceOrder::DeleteFirst) };
            forced.append(&mut causes);
            return Ok(Verdict { action: Action::Create, causes: forced, changes, order, maybe: !certain });
        }
        if object.status == Status::Unfinished {
            causes.insert(0, Cause::Unfinished);
        }
        let detached = edges::detachable(self, node.schema, object);
        causes.extend(detached.into_iter().map(|(_, on)| Cause::DependencyReplaced { on }));
        let action = if causes.is_empty() { Action::Record } else { Action::Update };
        Ok(Verdict { action, causes, changes, order: None, maybe: false })
    }

    fn replace(
        &mut self,
        id: NodeId,
        node: &Node,
        scope: &PlanScope<'_>,
        object: &Object,
        verdict: Verdict,
    ) -> Result<Known, Box<Diagnostic>> {
        let generation = self.state.generations(&node.address).next_back().map_or(0, |o| o.key.generation) + 1;
        self.generations[id.index()] = generation;
        // A name that was made by hand of the engine belongs to a generation: the new object gets a new one.
        let provider = self.connections.provider(node.provider);
        let wanted = wanted::fields(self.graph, node, scope, provider, None, generation)?;
        let changes = diff::replacement(node.schema, &object.fields, &wanted, verdict.changes);
        let natural = edges::replace_order(node.schema, object, &wanted);
        // What the program asks for today holds for the old object too, though the state does not have it yet.
        let asks = |option: fn(&Options) -> bool| node.options.as_deref().is_some_and(option);
        let (protect, retain) = (object.protect || asks(|o| o.protect), object.retain || asks(|o| o.retain));
        let object = &Object { protect, retain, ..object.clone() };
        if retain && natural == ReplaceOrder::DeleteFirst {
            return Err(Box::new(in_the_way(node)));
        }
        let order = verdict.order.unwrap_or(natural);
        let live = match self.live.get(&object.key) {
            Seen::Live(live) => Some(live.clone()),
            _ => None,
        };
        let step = Step { node: Some(id), object: Some(object.clone()), live, ..Step::default() };
        let create = self.push(node, generation, Action::Create, verdict.causes.clone(), changes, step);
        let delete = self.push_delete(object, verdict.causes);
        for (this, other) in [(create, delete), (delete, create)] {
            self.ops[this.index()].replaces = Some(Replacement { other, order });
            self.ops[this.index()].maybe = verdict.maybe;
        }
        let mut known = self.after_create(node, &wanted);
        if verdict.maybe {
            // Certain is only what old and new have in common: the old one may stay, with its id.
            let id = Value::Str(object.id.clone());
            known
                .outputs
                .retain(|name, value| if *name == ID { *value == id } else { object.outputs.get(name) == Some(value) });
            known.rest = Rest::Unknown;
        }
        Ok(known)
    }

    fn keep(
        &mut self,
        id: NodeId,
        node: &Node,
        object: &Object,
        live: Option<&Live>,
        wanted: &Map,
        verdict: Verdict,
    ) -> Known {
        let mut outputs = live.map_or_else(|| object.outputs.clone(), |l| l.outputs.clone());
        outputs.insert(ID, Value::Str(object.id.clone()));
        let step = Step { node: Some(id), object: Some(object.clone()), live: live.cloned(), ..Step::default() };
        if verdict.action == Action::Update {
            let unfinished = object.status == Status::Unfinished;
            let op = self.push(node, object.key.generation, Action::Update, verdict.causes, verdict.changes, step);
            self.ops[op.index()].id = Some(object.id.clone());
            return self.after_update(node, wanted, outputs, unfinished);
        }
        self.unchanged += 1;
        let cause = self.bookkeeping(node, object);
        if let Some(cause) = cause {
            let op = self.push(node, object.key.generation, Action::Record, vec![cause], Vec::new(), step);
            self.ops[op.index()].id = Some(object.id.clone());
        }
        Known { outputs, rest: Rest::None }
    }

    /// Options and edges are kept in the state; a change of them alone is written there, without a call.
    fn bookkeeping(&self, node: &Node, object: &Object) -> Option<Cause> {
        let options = node.options.as_deref();
        let flag = |f: fn(&Options) -> bool| options.is_some_and(f);
        if flag(|o| o.protect) != object.protect || flag(|o| o.retain) != object.retain {
            return Some(Cause::OptionsChanged);
        }
        let edges = wanted::dependencies(self.graph, node, |n| self.generations[n.index()]);
        (edges != object.dependencies).then_some(Cause::EdgesChanged)
    }

    fn after_create(&self, node: &Node, wanted: &Map) -> Known {
        let facts = Facts { provider: &self.connections.provider(node.provider).identity.facts };
        Known { outputs: (node.schema.predict)(wanted, &facts), rest: Rest::Fresh }
    }

    fn after_update(&self, node: &Node, wanted: &Map, mut outputs: Map, unfinished: bool) -> Known {
        for spec in node.schema.outputs.iter().filter(|o| o.volatile) {
            outputs.remove(spec.name);
        }
        let facts = Facts { provider: &self.connections.provider(node.provider).identity.facts };
        outputs.extend((node.schema.predict)(wanted, &facts));
        let whole = !unfinished && node.schema.outputs.iter().all(|o| !o.volatile);
        Known { outputs, rest: if whole { Rest::None } else { Rest::Unknown } }
    }

    fn push(
        &mut self,
        node: &Node,
        generation: u32,
        action: Action,
        causes: Vec<Cause>,
        changes: Vec<Change>,
        step: Step,
    ) -> OpId {
        let verb = if action == Action::Create { "create" } else { "update" };
        let estimate = self.estimate(node.schema.name, verb);
        let (node_id, key) = (step.node, Key::new(node.address.clone(), generation));
        let id = self.push_op(
            Op {
                key,
                action,
                id: None,
                causes,
                changes,
                replaces: None,
                maybe: false,
                needs: Vec::new(),
                estimate,
                location: Some(node.location.clone()),
            },
            step,
        );
        if let Some(node) = node_id {
            self.primary[node.index()] = Some(id);
            self.early.extend(edges::takes_over(self, id).into_iter().cloned().collect::<Vec<_>>());
        }
        id
    }

    /// Adds the removal of an object.
    pub(crate) fn push_delete(&mut self, object: &Object, causes: Vec<Cause>) -> OpId {
        let action = if object.retain { Action::Forget } else { Action::Delete };
        let estimate = self.estimate(&object.key.address.ty, "delete");
        let live = match self.live.get(&object.key) {
            Seen::Live(live) => Some(live.clone()),
            _ => None,
        };
        let missing = matches!(self.live.get(&object.key), Seen::Missing);
        let op = Op {
            key: object.key.clone(),
            action,
            id: Some(object.id.clone()),
            causes,
            changes: Vec::new(),
            replaces: None,
            maybe: false,
            needs: Vec::new(),
            estimate,
            location: object.location.clone(),
        };
        let id = self.push_op(op, Step { object: Some(object.clone()), live, missing, ..Step::default() });
        self.removal.insert(object.key.clone(), id);
        id
    }

    pub(crate) fn push_op(&mut self, op: Op, step: Step) -> OpId {
        let id = OpId(u32::try_from(self.ops.len()).unwrap_or(u32::MAX));
        self.ops.push(op);
        self.steps.push(step);
        id
    }

    pub(crate) fn estimate(&self, ty: &str, verb: &str) -> u64 {
        if !self.state.durations.is_empty()
            && let Some(learned) = self.state.durations.get(format!("{ty} {verb}").as_str())
        {
            return *learned;
        }
        let estimate = self.connections.schema(ty).map(|s| match verb {
            "create" => s.estimate.create,
            "update" => s.estimate.update,
            _ => s.estimate.delete,
        });
        estimate.map_or(0, |d| u64::try_from(d.as_millis()).unwrap_or(u64::MAX))
    }

    fn exports(&mut self, scope: &PlanScope<'_>) -> Exports {
        let mut changes = Vec::new();
        for export in &self.graph.exports {
            match export.expr.eval(scope) {
                Ok(after) => {
                    let before = self.state.exports.get(&export.name).cloned().unwrap_or_default();
                    if before != after && !matches!((&before, &after), (Value::Sealed(_), Value::Secret(_))) {
                        changes.push(ExportChange { name: export.name.clone(), before, after });
                    }
                }
                Err(e) => self.errors.push(
                    Diagnostic::new(codes::FIELD_VALUE, format!("the export `{}` cannot be computed", export.name))
                        .line(export.location.clone())
                        .cause(e),
                ),
            }
        }
        for (name, before) in &self.state.exports {
            if !self.graph.exports.iter().any(|e| e.name == *name) {
                changes.push(ExportChange { name: name.clone(), before: before.clone(), after: Value::Null });
            }
        }
        changes
    }

    fn wrong_account(&self, node: &Node, object: &Object) -> Diagnostic {
        let here = &self.connections.provider(node.provider).identity.id;
        Diagnostic::new(codes::WRONG_ACCOUNT, format!("the state holds this resource in {}", object.provider))
            .at(node.address.path.clone())
            .line(node.location.clone())
            .cause(format!("the credentials of now are for {here}"))
            .note("nothing was changed")
            .help(format!("use credentials and a region for {}", object.provider))
    }
}

/// What is told of an object whose fields were written by a newer version of its type: this one must not touch it.
pub(crate) fn newer(object: &Object, schema: &Schema) -> Option<Diagnostic> {
    let told = Diagnostic::new(codes::STATE_NEWER, format!("the state has a newer form of {}", schema.name))
        .at(object.key.address.path.clone())
        .note("nothing was changed")
        .help("update the crate that has the type");
    (object.version > schema.version).then_some(told)
}

fn ignored(node: &Node) -> &[&'static str] {
    node.options.as_ref().map_or(&[], |o| o.ignore_changes.as_slice())
}

fn in_the_way(node: &Node) -> Diagnostic {
    Diagnostic::new(codes::PROTECTED, format!("the plan would replace `{}`, which is retained", node.address.path))
        .at(node.address.path.clone())
        .line(node.location.clone())
        .cause("the old object stays, and the new one needs a value that only one of them can have")
        .help("give the new one another name, or set `.retain(false)` and apply that first")
}

fn not_found(node: &Node, physical: &str) -> Diagnostic {
    Diagnostic::new(codes::NOT_FOUND, format!("there is no {} `{physical}`", node.schema.name))
        .at(node.address.path.clone())
        .line(node.location.clone())
        .note("nothing was changed")
        .help("check the id, the account and the region")
}
