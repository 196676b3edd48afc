//! The actions that the verbs of a stack need, and policy documents of them.
use std::collections::BTreeSet;

use purlin_core::{Schema, types::Policy};
use serde_json::json;

use super::json::FORMAT;

/// The actions of a stack, by what they are for.
#[derive(Clone, Debug, Default)]
pub struct Needs {
    read: BTreeSet<&'static str>,
    make: BTreeSet<&'static str>,
    delete: BTreeSet<&'static str>,
    delete_all: BTreeSet<&'static str>,
}

impl Needs {
    /// The program has a resource of this type; `existing` when it only refers to it.
    pub fn wants(&mut self, schema: &Schema, existing: bool) {
        self.read.extend(schema.actions.read);
        if !existing {
            self.make.extend(schema.actions.create);
            self.make.extend(schema.actions.sync);
            self.delete_all.extend(schema.actions.delete);
        }
    }

    /// The program asks lookups that need these.
    pub fn asks(&mut self, actions: impl IntoIterator<Item = &'static str>) {
        self.read.extend(actions);
    }

    /// The state holds an object of this type.
    pub fn holds(&mut self, schema: &Schema) {
        self.read.extend(schema.actions.read);
        self.delete_all.extend(schema.actions.delete);
    }

    /// The plan deletes or replaces an object of this type.
    pub fn deletes(&mut self, schema: &Schema) {
        self.delete.extend(schema.actions.delete);
    }

    /// What a plan needs.
    pub fn plan(&self) -> BTreeSet<&'static str> {
        self.read.clone()
    }

    /// What an apply needs.
    pub fn apply(&self) -> BTreeSet<&'static str> {
        self.read.iter().chain(&self.make).chain(&self.delete).copied().collect()
    }

    /// What a destroy needs.
    pub fn destroy(&self) -> BTreeSet<&'static str> {
        self.read.iter().chain(&self.delete_all).copied().collect()
    }
}

/// A policy document that allows these actions; empty when there are none.
pub fn policy(actions: BTreeSet<&'static str>) -> Policy {
    if actions.is_empty() { Policy::new() } else { Policy::new().allow(actions, ["*"]) }
}

/// One policy document.
pub fn document(actions: BTreeSet<&'static str>) -> String {
    policy(actions).to_json_pretty() + "\n"
}

/// The documents for plan, apply and destroy in one: `{"format", "kind": "permissions", "plan", "apply", "destroy"}`.
pub fn all(needs: &Needs) -> String {
    let document = |actions| serde_json::from_str(&policy(actions).to_json()).unwrap_or(serde_json::Value::Null);
    let whole = json!({
        "format": FORMAT,
        "kind": "permissions",
        "plan": document(needs.plan()),
        "apply": document(needs.apply()),
        "destroy": document(needs.destroy()),
    });
    format!("{whole:#}\n")
}

#[cfg(test)]
mod tests {
    use purlin_core::{Resource as _, builtin::Data};

    use super::*;

    #[test]
    fn an_apply_reads_and_makes_but_deletes_only_what_the_plan_deletes() {
        let mut needs = Needs {
            read: ["s3:GetBucketTagging"].into(),
            make: ["s3:CreateBucket"].into(),
            delete_all: ["s3:DeleteBucket"].into(),
            ..Needs::default()
        };
        assert_eq!(needs.plan(), ["s3:GetBucketTagging"].into());
        assert_eq!(needs.apply(), ["s3:CreateBucket", "s3:GetBucketTagging"].into());
        assert_eq!(needs.destroy(), ["s3:DeleteBucket", "s3:GetBucketTagging"].into());
        needs.delete = ["s3:DeleteBucket"].into();
        assert!(needs.apply().contains("s3:DeleteBucket"));
    }

    #[test]
    fn lookups_are_asked_by_every_verb() {
        let mut needs = Needs::default();
        needs.asks(["ec2:DescribeAvailabilityZones"]);
        for actions in [needs.plan(), needs.apply(), needs.destroy()] {
            assert_eq!(actions, ["ec2:DescribeAvailabilityZones"].into());
        }
    }

    #[test]
    fn types_without_a_cloud_need_nothing() {
        let mut needs = Needs::default();
        needs.wants(Data::schema(), false);
        assert!(needs.apply().is_empty());
        assert!(policy(needs.apply()).is_empty());
    }
}
