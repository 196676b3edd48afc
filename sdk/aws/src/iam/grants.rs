//! Grants: permissions that services give to a role, such as [`s3::read`](crate::s3::read). Many grants become few policies.
//!
//! A grant adds no resource where it stands. What a role is given is gathered while the program runs ([`Stack::gather`]), and when
//! the program is through it becomes
//! 1. `<role>/grants`, an inline policy of the role, of at most [`INLINE`] characters;
//! 2. what does not fit there, `<role>/grants-2` and so on: managed policies of at most [`MANAGED`] characters, each with its
//!    attachment `<role>/grants-2-attachment`.
//!
//! Grants that differ in what they are for only share a statement. A grant goes into the first policy that has room for it, in the
//! order of the program: one that is added at the end moves no other, and the names stay. How long an ARN is that nobody knows
//! yet, the giver of the grant says ([`Target`]): the sizes are upper bounds.
use purlin_core::{
    Configure as _, Expr, Handle, Output, SmolStr, Stack, Value,
    graph::ProviderId,
    stack::Gathering,
    types::{PolicyDraft, StatementDraft},
};

use super::{ManagedPolicy, PolicyAttachment, Role, RolePolicy};

/// IAM's limit is 10,240 characters for all inline policies of a role together; the rest is left to those that the program writes.
pub const INLINE: usize = 8_192;
/// IAM's limit for a managed policy.
pub const MANAGED: usize = 6_144;

/// `{"Version":"2012-10-17","Statement":[]}`
const DOCUMENT: usize = 39;
/// `{"Effect":"Allow","Action":[],"Resource":[]},`
const STATEMENT: usize = 46;
/// Two quotes and a comma.
const ITEM: usize = 3;

/// An ARN, or a pattern of ARNs: an output with text behind it.
#[derive(Clone, Debug)]
pub struct Target {
    base: Expr,
    suffix: SmolStr,
    longest: usize,
}

impl Target {
    /// What `arn` names. `longest` is how many characters it can have.
    pub fn new<T>(arn: &Output<T>, longest: usize) -> Self {
        Self { base: arn.expr().clone(), suffix: SmolStr::default(), longest }
    }

    /// What is below it: `target.below("/*")`.
    #[must_use]
    pub fn below(&self, suffix: impl Into<SmolStr>) -> Self {
        Self { suffix: suffix.into(), ..self.clone() }
    }

    fn text(&self) -> Output<String> {
        let base: Output<String> = Output::from_expr(self.base.clone());
        if self.suffix.is_empty() { base } else { purlin_core::fmt!("{}{}", base, self.suffix) }
    }

    fn size(&self) -> usize {
        self.longest + self.suffix.chars().count() + ITEM
    }
}

impl PartialEq for Target {
    fn eq(&self, other: &Self) -> bool {
        self.suffix == other.suffix && same(&self.base, &other.base)
    }
}

/// A condition on a permission.
#[derive(Clone, Debug)]
pub struct Condition {
    operator: &'static str,
    key: &'static str,
    values: Vec<Target>,
}

impl PartialEq for Condition {
    fn eq(&self, other: &Self) -> bool {
        (self.operator, self.key) == (other.operator, other.key) && self.values == other.values
    }
}

/// Actions that a role may do on a target.
#[derive(Clone, Debug)]
pub struct Permission {
    actions: Vec<&'static str>,
    target: Target,
    condition: Option<Condition>,
}

impl Permission {
    /// Allows actions on a target.
    pub fn new(actions: &[&'static str], target: Target) -> Self {
        let mut actions = actions.to_vec();
        actions.sort_unstable();
        Self { actions, target, condition: None }
    }

    /// Only when the value of `key` is one of `values`, as `operator` compares: `("StringEquals", "kms:ViaService", [..])`.
    #[must_use]
    pub fn when(mut self, operator: &'static str, key: &'static str, values: impl IntoIterator<Item = Target>) -> Self {
        self.condition = Some(Condition { operator, key, values: values.into_iter().collect() });
        self
    }

    /// The characters that it adds to a policy with these statements.
    fn size_in(&self, policy: &[Self]) -> usize {
        if policy.iter().any(|other| self.shares_statement(other)) {
            return self.target.size();
        }
        let actions: usize = self.actions.iter().map(|action| action.len() + ITEM).sum();
        let condition = self.condition.as_ref().map_or(0, |c| {
            // `,"Condition":{"operator":{"key":[..]}}`
            c.operator.len() + c.key.len() + 25 + c.values.iter().map(Target::size).sum::<usize>()
        });
        STATEMENT + actions + condition + self.target.size()
    }

    fn shares_statement(&self, other: &Self) -> bool {
        self.actions == other.actions && self.condition == other.condition
    }
}

/// Outputs and texts are compared; of what closures give, nothing is known before an apply.
fn same(a: &Expr, b: &Expr) -> bool {
    match (a, b) {
        (Expr::Attr(a, x), Expr::Attr(b, y)) => (a, x) == (b, y),
        (Expr::Value(a), Expr::Value(b)) => a == b,
        _ => false,
    }
}

/// Gives permissions to a role. See the module for what becomes of them.
#[track_caller]
pub fn give(stack: &mut Stack, role: &Handle<Role>, permissions: impl IntoIterator<Item = Permission>) {
    let provider = stack.made_by(role.node());
    let given = stack.gather(role.node(), || Given { role: role.clone(), provider, permissions: Vec::new() });
    for permission in permissions {
        given.add(permission);
    }
}

/// What one role is given.
struct Given {
    role: Handle<Role>,
    provider: ProviderId,
    permissions: Vec<Permission>,
}

impl Given {
    fn add(&mut self, permission: Permission) {
        let same_place = |p: &&mut Permission| p.target == permission.target && p.condition == permission.condition;
        match self.permissions.iter_mut().find(same_place) {
            Some(known) => {
                known.actions.extend(permission.actions);
                known.actions.sort_unstable();
                known.actions.dedup();
            }
            None => self.permissions.push(permission),
        }
    }
}

impl Gathering for Given {
    fn finish(self: Box<Self>, stack: &mut Stack) {
        let Self { role, provider, permissions } = *self;
        for (index, policy) in pack(permissions).into_iter().enumerate() {
            let draft = draft(&policy);
            if index == 0 {
                stack.add("grants", RolePolicy::new(&role, draft).provider(provider));
                continue;
            }
            let name = format!("grants-{}", index + 1);
            let policy = stack.add(name.as_str(), ManagedPolicy::new(draft).provider(provider));
            let attachment = PolicyAttachment::new(&role, &policy.arn).provider(provider);
            stack.add(format!("{name}-attachment"), attachment);
        }
    }
}

/// Puts each permission into the first policy that has room for it.
fn pack(permissions: Vec<Permission>) -> Vec<Vec<Permission>> {
    let mut policies: Vec<(usize, Vec<Permission>)> = Vec::new();
    for permission in permissions {
        let place = policies.iter_mut().enumerate().find_map(|(index, (size, policy))| {
            let with = *size + permission.size_in(policy);
            let limit = if index == 0 { INLINE } else { MANAGED };
            (with <= limit).then_some((size, policy, with))
        });
        match place {
            Some((size, policy, with)) => {
                *size = with;
                policy.push(permission);
            }
            None => policies.push((DOCUMENT + permission.size_in(&[]), vec![permission])),
        }
    }
    policies.into_iter().map(|(_, policy)| policy).collect()
}

/// A statement for all permissions that differ in their targets only.
fn draft(permissions: &[Permission]) -> PolicyDraft {
    let mut statements: Vec<(&Permission, StatementDraft)> = Vec::new();
    for permission in permissions {
        let target = permission.target.text();
        match statements.iter_mut().find(|(first, _)| first.shares_statement(permission)) {
            Some((_, statement)) => *statement = statement.clone().resource(target),
            None => {
                let mut statement = StatementDraft::allow(permission.actions.iter().copied()).resource(target);
                if let Some(Condition { operator, key, values }) = &permission.condition {
                    statement = statement.when(*operator, *key, values.iter().map(Target::text));
                }
                statements.push((permission, statement));
            }
        }
    }
    statements.into_iter().fold(PolicyDraft::default(), |policy, (_, statement)| policy.statement(statement))
}

/// A text that the program knows.
impl From<&str> for Target {
    fn from(text: &str) -> Self {
        Self { base: Expr::Value(Value::from(text)), suffix: SmolStr::default(), longest: text.chars().count() }
    }
}
