//! Whose an object is: the tags `purlin:stack`, `purlin:path` and `purlin:op`, which every create sends along.
//!
//! An interrupted create is found by `purlin:op`, the operation's id. `purlin:stack` and `purlin:path` say which
//! resource of which stack owns the object; a move changes the path, and nothing ever takes what they give to another.
//! They never appear among the `tags` of a resource: reads [`strip`] them, with those that AWS itself writes (`aws:…`).
use std::collections::BTreeMap;

use purlin_core::{
    driver::{Call, Failure, OPERATION_TAG, TAG_PREFIX},
    types::Tags,
};

/// What the tags of an object say of its owner, seen from one resource of one stack.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ownership {
    /// It is this resource's. `op` is the operation that made it.
    Ours {
        /// The tag `purlin:op`.
        op: Option<String>,
    },
    /// It belongs to another resource: of another stack, or of this one.
    Foreign {
        /// The tag `purlin:stack`: `<stack>/<lineage>`.
        stack: String,
        /// The tag `purlin:path`.
        path: String,
    },
    /// No Purlin stack has tagged it.
    Nobody,
}

/// The ownership tags that a create sends along.
pub fn owner_tags(call: &Call) -> Vec<(String, String)> {
    let [stack, path] = call.owner.tags();
    let op = (OPERATION_TAG, call.operation.to_string());
    [stack, path, op].map(|(key, value)| (key.to_owned(), value)).to_vec()
}

/// All tags that a create sends: the resource's own, and those that say whose it is.
pub fn create_tags(call: &Call, wanted: &Tags) -> Vec<(String, String)> {
    let own = wanted.iter().map(|(key, value)| (key.to_owned(), value.to_owned()));
    own.chain(owner_tags(call)).collect()
}

/// The tags that belong to the resource: without Purlin's own and without AWS's.
pub fn strip<K: Into<String>, V: Into<String>>(tags: impl IntoIterator<Item = (K, V)>) -> Tags {
    tags.into_iter().collect::<Tags>().without_reserved()
}

/// Whose object this is.
pub fn owned_by<K: AsRef<str>, V: Into<String>>(tags: impl IntoIterator<Item = (K, V)>, call: &Call) -> Ownership {
    let (mut stack, mut path, mut op) = (None, None, None);
    let [our_stack, our_path] = call.owner.tags();
    for (key, value) in tags {
        match key.as_ref() {
            key if key == our_stack.0 => stack = Some(value.into()),
            key if key == our_path.0 => path = Some(value.into()),
            OPERATION_TAG => op = Some(value.into()),
            _ => {}
        }
    }
    match (stack, path) {
        (Some(stack), Some(path)) if stack == our_stack.1 && path == our_path.1 => Ownership::Ours { op },
        (None, None) => Ownership::Nobody,
        (stack, path) => Ownership::Foreign { stack: stack.unwrap_or_default(), path: path.unwrap_or_default() },
    }
}

/// A create was refused because its name `id` is taken: says by whom, and what to do.
#[must_use]
pub fn taken(refused: Failure, owner: &Ownership, id: &str) -> Failure {
    match owner {
        Ownership::Foreign { stack, path } => {
            let whose = format!("{}; it belongs to `{path}` of the stack `{stack}`", refused.message);
            Failure { message: whose, ..refused }
                .help("give this one another name, or let the other stack forget it first")
        }
        Ownership::Ours { .. } => refused.help("it has this resource's tags: run it again to go on with it"),
        Ownership::Nobody => {
            let help = format!("to take it over, say `.adopt(\"{id}\")`; else give this one another name");
            refused.help(help)
        }
    }
}

/// What has to be done to the tags of an object.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TagChanges {
    /// Tags to be set, by key.
    pub set: BTreeMap<String, String>,
    /// Keys to be removed.
    pub remove: Vec<String>,
}

impl TagChanges {
    /// From all tags of the live object to those that are wanted, with the ownership tags put right. The operation that
    /// made the object stays on it; AWS's own tags are left alone.
    pub fn between<K: Into<String>, V: Into<String>>(
        live: impl IntoIterator<Item = (K, V)>,
        wanted: &Tags,
        call: &Call,
    ) -> Self {
        let live: BTreeMap<String, String> = live.into_iter().map(|(k, v)| (k.into(), v.into())).collect();
        let own = wanted.iter().map(|(key, value)| (key.to_owned(), value.to_owned()));
        let owner = call.owner.tags().map(|(key, value)| (key.to_owned(), value));
        let target: BTreeMap<String, String> = own.chain(owner).collect();
        let remove = live.keys().filter(|key| !is_reserved(key) && !target.contains_key(*key)).cloned().collect();
        let set = target.into_iter().filter(|(key, value)| live.get(key) != Some(value)).collect();
        Self { set, remove }
    }
}

fn is_reserved(key: &str) -> bool {
    key.starts_with(TAG_PREFIX) || key.starts_with("aws:")
}

#[cfg(test)]
mod tests {
    use purlin_core::{
        Address,
        driver::{Entropy, Owner},
    };

    use super::*;

    fn call(path: &str, operation: &str) -> Call {
        Call {
            address: Address::new(path, "aws:test:Thing"),
            owner: Owner { stack: "shop".into(), lineage: "l1".into(), path: path.into() },
            operation: operation.into(),
            entropy: Entropy([0; 32]),
        }
    }

    #[test]
    fn a_create_says_whose_it_is_and_what_made_it() {
        let tags = create_tags(&call("net/main", "op7"), &strip([("Team", "ml")]));
        let tags: Vec<String> = tags.into_iter().map(|(k, v)| format!("{k}={v}")).collect();
        assert_eq!(tags, ["Team=ml", "purlin:stack=shop/l1", "purlin:path=net/main", "purlin:op=op7"]);
    }

    #[test]
    fn ownership_is_told_by_stack_and_path() {
        let ours = call("main", "op1");
        let made = owner_tags(&ours);
        assert_eq!(owned_by(made.clone(), &call("main", "op2")), Ownership::Ours { op: Some("op1".into()) });
        assert_eq!(
            owned_by(made, &call("other", "op1")),
            Ownership::Foreign { stack: "shop/l1".into(), path: "main".into() }
        );
        assert_eq!(owned_by([("Name", "x")], &ours), Ownership::Nobody);
    }

    #[test]
    fn half_of_the_tags_is_not_enough_to_be_ours() {
        let half = [("purlin:stack", "shop/l1")];
        assert!(matches!(owned_by(half, &call("main", "op1")), Ownership::Foreign { .. }));
    }

    #[test]
    fn reads_hide_the_tags_of_purlin_and_of_aws() {
        let tags = strip([("Name", "x"), ("purlin:path", "main"), ("aws:cloudformation:stack-name", "s")]);
        assert_eq!(tags, strip([("Name", "x")]));
    }

    #[test]
    fn a_move_changes_the_path_only() {
        let mut live = owner_tags(&call("old", "op1"));
        live.push(("Team".into(), "ml".into()));
        live.push(("aws:x".into(), "y".into()));
        let changes = TagChanges::between(live, &strip([("Team", "ml")]), &call("new", "op9"));
        assert_eq!(changes, TagChanges { set: [("purlin:path".into(), "new".into())].into(), remove: vec![] });
    }

    #[test]
    fn tags_change_by_difference() {
        let owner = call("main", "op1");
        let mut live = owner_tags(&owner);
        live.extend([("a".to_owned(), "1".to_owned()), ("b".to_owned(), "2".to_owned())]);
        let changes = TagChanges::between(live, &strip([("b", "3"), ("c", "4")]), &owner);
        assert_eq!(changes.remove, ["a"]);
        assert_eq!(changes.set, [("b".to_owned(), "3".to_owned()), ("c".into(), "4".into())].into());
    }
}
