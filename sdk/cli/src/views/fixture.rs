//! Handmade plans for the tests of the views.
use purlin_core::{Address, SmolStr, SourceLine, Value, options::ReplaceOrder};
use purlin_engine::{
    Action, Cause, Change, Need, Op, OpId, Plan,
    plan::{Milestone, Replacement},
};
use purlin_state::Key;

/// A plan of these operations for the stack `dev`.
pub(crate) fn plan(ops: Vec<Made>) -> Plan {
    Plan { stack: "dev".into(), ops: ops.into_iter().map(|made| made.0).collect(), ..Plan::default() }
}

/// An operation that is being put together.
#[derive(Clone)]
pub(crate) struct Made(pub(crate) Op);

/// A new resource of type `purlin:builtin:Data`.
pub(crate) fn op(path: &str) -> Made {
    Made(Op {
        key: key(path, "purlin:builtin:Data"),
        action: Action::Create,
        id: None,
        causes: vec![Cause::New],
        changes: Vec::new(),
        replaces: None,
        maybe: false,
        needs: Vec::new(),
        estimate: 0,
        location: Some(SourceLine { file: "src/main.rs".into(), line: 12 }),
    })
}

/// A key of the first generation.
pub(crate) fn key(path: &str, ty: &str) -> Key {
    Key::new(Address::new(path, ty), 0)
}

impl Made {
    pub(crate) fn ty(mut self, ty: &str) -> Self {
        self.0.key.address.ty = ty.into();
        self
    }

    pub(crate) fn action(mut self, action: Action, cause: Cause) -> Self {
        self.0.action = action;
        self.0.causes = vec![cause];
        self
    }

    pub(crate) fn field(mut self, name: &str, before: impl Into<Value>, after: impl Into<Value>) -> Self {
        self.0.changes.push(Change {
            field: name.into(),
            before: before.into(),
            after: after.into(),
            drift: false,
            replace: false,
        });
        self
    }

    /// Marks the last field.
    pub(crate) fn mark(mut self, mark: impl FnOnce(&mut Change)) -> Self {
        mark(self.0.changes.last_mut().expect("a field was added"));
        self
    }

    pub(crate) fn replaces(mut self, other: u32, order: ReplaceOrder) -> Self {
        self.0.replaces = Some(Replacement { other: OpId(other), order });
        self
    }

    pub(crate) fn needs(mut self, op: u32) -> Self {
        self.0.needs.push(Need { op: OpId(op), until: Milestone::Done });
        self
    }

    pub(crate) fn takes(mut self, millis: u64) -> Self {
        self.0.estimate = millis;
        self
    }

    pub(crate) fn maybe(mut self) -> Self {
        self.0.maybe = true;
        self
    }
}

/// A map value.
pub(crate) fn map(entries: &[(&str, &str)]) -> Value {
    Value::Map(entries.iter().map(|(k, v)| (SmolStr::from(*k), (*v).into())).collect())
}
