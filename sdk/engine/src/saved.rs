//! Plan files: what a saved plan is bound to, and when what would be done now is no more than what was approved.
//!
//! A plan file holds no secret and no digest of one (a digest of a weak secret can be guessed): an approved change of a secret admits
//! any secret. Apply runs the program again with the recorded answers, plans from the state of now, and goes on only when
//! [`compare`] finds nothing beyond what was approved.
use std::collections::BTreeMap;

use purlin_core::{Diagnostic, Graph, Result, SmolStr, Value, codes, lookup::Answers};
use purlin_state::State;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::{
    engine::Planned,
    plan::{Action, Op, Plan, PlanOptions},
};

/// The version of the plan file's format. A file of another version is refused.
pub const FORMAT: u32 = 1;

/// What a plan was made from.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Binding {
    /// The stack's name.
    pub stack: SmolStr,
    /// The lineage of the state; empty for a stack without one.
    pub lineage: SmolStr,
    /// The serial of the state.
    pub serial: u64,
    /// A digest of what the program asked for.
    pub program: SmolStr,
    /// A digest of the settings.
    pub settings: SmolStr,
    /// The identity of each provider, by its name in the program.
    pub providers: BTreeMap<SmolStr, SmolStr>,
    /// How the plan was made.
    pub options: PlanOptions,
}

impl Binding {
    /// What a plan of now is bound to.
    pub fn new(
        state: &State,
        graph: &Graph,
        settings: SmolStr,
        providers: BTreeMap<SmolStr, SmolStr>,
        options: &PlanOptions,
    ) -> Self {
        Self {
            stack: graph.stack.clone(),
            lineage: state.lineage.clone(),
            serial: state.serial,
            program: program_digest(graph),
            settings,
            providers,
            options: options.clone(),
        }
    }
}

/// A digest of everything that a program asked for: addresses, fields, options, exports.
fn program_digest(graph: &Graph) -> SmolStr {
    let mut hash = Sha256::new();
    for node in &graph.nodes {
        // `Debug` of expressions never shows a secret; two programs that differ only in one have the same digest here and differ in
        // their settings' digest or in their planned changes.
        hash.update(format!("{} {:?} {:?} {:?}\n", node.address, node.inputs, node.options, node.existing));
    }
    for export in &graph.exports {
        hash.update(format!("{} {:?}\n", export.name, export.expr));
    }
    hex(&hash.finalize())
}

/// A saved plan.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PlanFile {
    /// [`FORMAT`].
    pub format: u32,
    /// What it was made from.
    pub binding: Binding,
    /// The answers that the program saw.
    pub answers: Vec<(purlin_core::lookup::Question, Value)>,
    /// What was approved; secrets are marks.
    pub plan: Plan,
}

impl PlanFile {
    /// The file of a plan.
    pub fn new(planned: &Planned) -> Self {
        Self {
            format: FORMAT,
            binding: planned.binding.clone(),
            answers: planned.answers.iter().map(|(q, a)| (q.clone(), a.clone())).collect(),
            plan: without_secrets(&planned.plan),
        }
    }

    /// The text of the file: JSON.
    ///
    /// # Errors
    /// An answer holds a secret, which no lookup gives.
    pub fn to_text(&self) -> Result<String> {
        serde_json::to_string_pretty(self).map_err(|e| unreadable(&e.to_string()).into())
    }

    /// Reads the text of a file.
    ///
    /// # Errors
    /// It is not a plan file, or one of another format.
    pub fn from_text(text: &str) -> Result<Self> {
        #[derive(Deserialize)]
        struct Head {
            format: u32,
        }
        let head: Head = serde_json::from_str(text).map_err(|e| unreadable(&e.to_string()))?;
        if head.format != FORMAT {
            return Err(unreadable(&format!("it has format {}, this version knows {FORMAT}", head.format)).into());
        }
        let file: Self = serde_json::from_str(text).map_err(|e| unreadable(&e.to_string()))?;
        let known = file.plan.ops.len();
        let sound = file.plan.ops.iter().all(|op| {
            op.needs.iter().all(|n| n.op.index() < known) && op.replaces.is_none_or(|r| r.other.index() < known)
        });
        if sound { Ok(file) } else { Err(unreadable("an operation refers to one that is not there").into()) }
    }

    /// The answers, as the program is given them.
    pub fn answers(&self) -> Answers {
        self.answers.iter().cloned().collect()
    }

    /// A digest of the plan, for the state's history.
    pub fn digest(&self) -> SmolStr {
        let text = serde_json::to_vec(&self.plan).unwrap_or_default();
        hex(&Sha256::digest(text))
    }

    /// Refuses a plan that belongs elsewhere: to another stack, lineage or account.
    ///
    /// # Errors
    /// `P0304`, with what differs.
    pub fn check_place(&self, now: &Binding) -> Result<()> {
        let was = &self.binding;
        let mut differs = Vec::new();
        if was.stack != now.stack {
            differs.push(format!("the plan is for the stack `{}`, this is `{}`", was.stack, now.stack));
        }
        // A stack that was new has no lineage yet; all that its plan can do is to create.
        if was.lineage != now.lineage && !was.lineage.is_empty() {
            differs.push("the state is another one than the plan was made from".to_owned());
        }
        for (name, identity) in &was.providers {
            match now.providers.get(name) {
                Some(other) if other != identity => {
                    differs.push(format!("the provider `{name}` was {identity} and is {other}"));
                }
                _ => {}
            }
        }
        if differs.is_empty() {
            return Ok(());
        }
        let told =
            Diagnostic::new(codes::PLAN_FOREIGN, "the plan was made for another place").help("make a new plan here");
        Err(differs.into_iter().fold(told, Diagnostic::cause).into())
    }
}

/// Refuses a plan of now that does more than what was approved.
///
/// The same, or a subset, of the approved operations and field changes is fine: someone else may have done part of it.
///
/// # Errors
/// `P0303`, with each operation and change that was not approved.
pub fn compare(approved: &PlanFile, now: &Plan) -> Result<()> {
    let now = without_secrets(now);
    let differences = beyond(&approved.plan, &now);
    if differences.is_empty() {
        return Ok(());
    }
    let told = Diagnostic::new(codes::PLAN_CHANGED, "what would be done now is more than what was approved")
        .help("make a new plan, review it, and apply that");
    Err(differences.into_iter().fold(told, Diagnostic::cause).into())
}

/// What `now` does beyond `approved`, in words. Empty when it is the same or less.
pub fn beyond(approved: &Plan, now: &Plan) -> Vec<String> {
    let key = |op: &Op| (op.key.clone(), discriminant(&op.action));
    let table: BTreeMap<_, &Op> = approved.ops.iter().map(|op| (key(op), op)).collect();
    let mut found = Vec::new();
    for op in &now.ops {
        let name = format!("{} `{}`", discriminant(&op.action), op.key);
        let Some(was) = table.get(&key(op)) else {
            // State-only bookkeeping changes nothing in the world.
            if !matches!(op.action, Action::Record) {
                found.push(format!("{name} was not approved"));
            }
            continue;
        };
        if was.id.is_some() && op.id.is_some() && was.id != op.id {
            found.push(format!("{name} is about another object than was approved"));
        }
        if op.replaces.is_some() && was.replaces.is_none() {
            found.push(format!("{name} is part of a replacement now"));
        }
        if let (Some(a), Some(b)) = (was.replaces, op.replaces)
            && a.order != b.order
        {
            found.push(format!("{name} is replaced in another order than was approved"));
        }
        for change in &op.changes {
            let field = &change.field;
            match was.changes.iter().find(|c| c.field == *field) {
                None if change.after.is_null() && matches!(op.action, Action::Create) => {}
                None => found.push(format!("{name}: a change of `{field}` was not approved")),
                Some(w) if !admits(&w.after, &change.after) => {
                    found.push(format!(
                        "{name}: `{field}` becomes {}, approved was {}",
                        change.after.display(),
                        w.after.display()
                    ));
                }
                Some(w) if change.replace && !w.replace => {
                    found.push(format!("{name}: the change of `{field}` makes a new object now"));
                }
                Some(_) => {}
            }
        }
    }
    for export in &now.exports {
        let name = format!("the exported value `{}`", export.name);
        match approved.exports.iter().find(|e| e.name == export.name) {
            None => found.push(format!("{name}: a change was not approved")),
            Some(was) if !admits(&was.after, &export.after) => {
                found.push(format!("{name} becomes {}, approved was {}", export.after.display(), was.after.display()))
            }
            Some(_) => {}
        }
    }
    found
}

/// True when a value of now is one that the approved value admits: an approved unknown admits any value.
pub(crate) fn admits(approved: &Value, now: &Value) -> bool {
    match (approved, now) {
        (Value::Unknown(_), _) => true,
        (Value::List(a), Value::List(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| admits(a, b)),
        (Value::Map(a), Value::Map(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|((ka, a), (kb, b))| ka == kb && admits(a, b))
        }
        (Value::Secret(a), Value::Secret(b)) => admits(a, b),
        (a, b) => a == b,
    }
}

fn discriminant(action: &Action) -> &'static str {
    match action {
        Action::Create => "create",
        Action::Update => "update",
        Action::Detach => "detach",
        Action::Delete => "delete",
        Action::Adopt => "adopt",
        Action::Move { .. } => "move",
        Action::Forget => "forget",
        Action::Record => "record",
    }
}

/// The plan with a mark in place of each secret.
fn without_secrets(plan: &Plan) -> Plan {
    let mut plan = plan.clone();
    for op in &mut plan.ops {
        for change in &mut op.changes {
            change.before = marked(&change.before);
            change.after = marked(&change.after);
        }
    }
    for export in &mut plan.exports {
        export.before = marked(&export.before);
        export.after = marked(&export.after);
    }
    plan
}

fn marked(value: &Value) -> Value {
    match value {
        Value::Secret(_) | Value::Sealed(_) => Value::Sealed(SmolStr::new_static("-")),
        Value::List(items) => Value::List(items.iter().map(marked).collect()),
        Value::Map(map) => Value::Map(map.iter().map(|(k, v)| (k.clone(), marked(v))).collect()),
        other => other.clone(),
    }
}

fn unreadable(why: &str) -> Diagnostic {
    Diagnostic::new(codes::PLAN_UNREADABLE, "the plan file cannot be read").cause(why).help("make a new plan")
}

fn hex(bytes: &[u8]) -> SmolStr {
    use std::fmt::Write as _;
    bytes
        .iter()
        .fold(String::new(), |mut text, b| {
            let _ = write!(text, "{b:02x}");
            text
        })
        .into()
}
