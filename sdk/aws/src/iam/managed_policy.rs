//! [`ManagedPolicy`]: a policy of its own, which several roles can use through [`PolicyAttachment`](super::PolicyAttachment).
//!
//! One holds at most 6,144 characters, and a role uses at most ten. Its id is its ARN. IAM keeps five versions of the document; Purlin
//! uses the newest, and removes the oldest to make room.
use std::time::Duration;

use purlin_core::{
    Lifecycle, Map, Outputs, Resource, SmolStr, Value,
    provider::ProviderKind,
    schema::{Actions, Estimate, Facts, FindBy},
    types::{Arn, Policy, Tags},
};

use crate::{AWS, facts};

/// A policy of its own, which several roles can use.
#[derive(Clone, Debug, PartialEq, Resource)]
#[resource("aws:iam:ManagedPolicy", outputs = ManagedPolicyOutputs)]
pub struct ManagedPolicy {
    /// What it allows.
    pub policy: Policy,
    /// Name, 1 to 128 characters, unique in the account. By default made from the names of the stack and the resource.
    #[field(replace, unique = "iam-policy", name(max = 128))]
    pub name: Option<String>,
    /// Path, a grouping that shows in the ARN: begins and ends with `/`.
    #[field(replace, default = "/")]
    pub path: String,
    /// What it is for, at most 1,000 characters.
    #[field(replace)]
    pub description: Option<String>,
    /// Tags.
    #[field(default_tags)]
    pub tags: Tags,
}

/// What a [`ManagedPolicy`] tells.
#[derive(Clone, Debug, PartialEq, Outputs)]
pub struct ManagedPolicyOutputs {
    /// The ARN: `arn:aws:iam::123456789012:policy/readers`.
    pub arn: Arn,
    /// The name.
    pub name: String,
}

impl Lifecycle for ManagedPolicy {
    const PROVIDER: &'static dyn ProviderKind = &AWS;
    const ACTIONS: Actions = Actions {
        create: &["iam:CreatePolicy", "iam:TagPolicy"],
        read: &["iam:GetPolicy", "iam:GetPolicyVersion", "iam:ListPolicies"],
        sync: &[
            "iam:ListPolicyTags",
            "iam:TagPolicy",
            "iam:UntagPolicy",
            "iam:ListPolicyVersions",
            "iam:CreatePolicyVersion",
            "iam:DeletePolicyVersion",
        ],
        delete: &["iam:DeletePolicy", "iam:ListPolicyVersions", "iam:DeletePolicyVersion"],
    };
    const FIND: FindBy = FindBy::Name;
    const SETTLE: Duration = super::SETTLE;
    const ESTIMATE: Estimate = Estimate::all(Duration::from_secs(1));

    fn predict(fields: &Map, facts: &Facts<'_>) -> Map {
        let mut outputs = Map::new();
        let Some(name) = facts::known(fields, "name") else { return outputs };
        outputs.insert("name".into(), name.into());
        let path = facts::known(fields, "path").unwrap_or("/");
        if let Some(arn) = facts::global_arn::<()>(facts, "iam", &format!("policy{path}{name}")) {
            let arn = Value::Str(SmolStr::from(arn.as_str()));
            outputs.insert("id".into(), arn.clone());
            outputs.insert("arn".into(), arn);
        }
        outputs
    }
}

#[cfg(feature = "iam")]
pub(crate) use driver::ManagedPolicyDriver;

#[cfg(feature = "iam")]
mod driver {
    use aws_sdk_iam::{
        Client,
        types::{self, PolicyScopeType, PolicyVersion},
    };
    use futures_util::{StreamExt as _, TryStreamExt as _, stream};
    use purlin_core::driver::{Call, Created, Failure, Found, Kind, Known, Observed, Progress, TypedDriver, Wanted};

    use super::*;
    use crate::{
        connection::{Clients, failure},
        iam::calls,
        ownership::{self, Ownership, TagChanges},
    };

    /// How many versions of a document IAM keeps.
    const VERSIONS: usize = 5;

    /// The verbs of [`ManagedPolicy`].
    pub(crate) struct ManagedPolicyDriver {
        pub(crate) clients: Clients,
    }

    impl ManagedPolicyDriver {
        /// The versions that are not in use, the oldest first.
        async fn old_versions(&self, arn: &str) -> Result<Vec<PolicyVersion>, Failure> {
            let answer = self.clients.iam().list_policy_versions().policy_arn(arn).send().await;
            let answer = answer.map_err(|e| failure("iam", "ListPolicyVersions", e))?;
            let mut versions = answer.versions.unwrap_or_default();
            versions.retain(|v| !v.is_default_version);
            versions.sort_by_key(|v| v.create_date);
            Ok(versions)
        }

        async fn delete_version(&self, arn: &str, version: PolicyVersion) -> Result<(), Failure> {
            let request = self.clients.iam().delete_policy_version().policy_arn(arn).set_version_id(version.version_id);
            failure::absent_is_done(request.send().await.map_err(|e| failure("iam", "DeletePolicyVersion", e)))
        }
    }

    impl TypedDriver for ManagedPolicyDriver {
        type Resource = ManagedPolicy;

        async fn create(
            &self,
            call: &Call,
            wanted: &ManagedPolicy,
        ) -> Result<Created<Observed<ManagedPolicy>>, Failure> {
            let name = calls::named("iam:ManagedPolicy", &wanted.name)?;
            let request = self.clients.iam().create_policy().policy_name(name).path(&wanted.path);
            let made = request
                .policy_document(wanted.policy.to_json())
                .set_description(wanted.description.clone())
                .set_tags(Some(calls::tags(ownership::create_tags(call, &wanted.tags))?))
                .send()
                .await
                .map_err(|e| failure("iam", "CreatePolicy", e))?;
            let made =
                made.policy.and_then(|p| p.arn).ok_or_else(|| failure::incomplete("iam", "CreatePolicy", "ARN"))?;
            let outputs = ManagedPolicyOutputs { arn: calls::arn("CreatePolicy", &made)?, name: name.to_owned() };
            Ok(Created::whole(made, wanted.clone(), outputs))
        }

        /// No listing of IAM tells the tags of policies, so each is asked for.
        async fn read(
            &self,
            objects: &[Known<ManagedPolicy>],
        ) -> Result<Vec<Option<Observed<ManagedPolicy>>>, Failure> {
            let client = self.clients.iam();
            let recorded = |o: &Known<ManagedPolicy>| o.fields.as_ref().and_then(|f| f.description.clone());
            let each: Vec<_> = objects.iter().map(|o| look(client.clone(), o.id.to_string(), recorded(o))).collect();
            stream::iter(each).buffered(calls::AT_ONCE).try_collect().await
        }

        async fn sync(
            &self,
            call: &Call,
            id: &str,
            live: &ManagedPolicy,
            wanted: &ManagedPolicy,
        ) -> Result<(), Failure> {
            sync_tags(self.clients.iam(), call, id, &wanted.tags).await?;
            if live.policy == wanted.policy {
                return Ok(());
            }
            let mut old = self.old_versions(id).await?;
            if old.len() + 1 >= VERSIONS {
                self.delete_version(id, old.swap_remove(0)).await?;
            }
            let request = self.clients.iam().create_policy_version().policy_arn(id).set_as_default(true);
            let done = request.policy_document(wanted.policy.to_json()).send().await;
            done.map(drop).map_err(|e| failure("iam", "CreatePolicyVersion", e))
        }

        async fn delete(&self, _: &Call, object: &Wanted<ManagedPolicy>) -> Result<Progress, Failure> {
            let old = match self.old_versions(&object.id).await {
                Err(failed) if failed.kind == Kind::NotFound => return Ok(Progress::Done),
                versions => versions?,
            };
            for version in old {
                self.delete_version(&object.id, version).await?;
            }
            let done = self.clients.iam().delete_policy().policy_arn(object.id.as_str()).send().await;
            failure::absent_is_done(done.map_err(|e| failure("iam", "DeletePolicy", e)))?;
            Ok(Progress::Done)
        }

        async fn find(&self, call: &Call, wanted: &ManagedPolicy) -> Result<Found, Failure> {
            let name = calls::named("iam:ManagedPolicy", &wanted.name)?;
            let client = self.clients.iam();
            let request = client.list_policies().scope(PolicyScopeType::Local).path_prefix(&wanted.path);
            let mut pages = request.into_paginator().page_size(calls::PAGE).send();
            while let Some(page) = pages.next().await {
                let policies = page.map_err(|e| failure("iam", "ListPolicies", e))?.policies.unwrap_or_default();
                let Some(arn) = policies.into_iter().find(|p| p.policy_name() == Some(name)).and_then(|p| p.arn) else {
                    continue;
                };
                let policy = get(client, &arn).await?;
                let owner = policy.map(|p| ownership::owned_by(calls::pairs(p.tags()), call));
                let ours = matches!(owner, Some(Ownership::Ours { .. }));
                return Ok(if ours { Found::One(arn.into()) } else { Found::Absent });
            }
            Ok(Found::Absent)
        }
    }

    async fn get(client: &Client, arn: &str) -> Result<Option<types::Policy>, Failure> {
        match client.get_policy().policy_arn(arn).send().await.map_err(|e| failure("iam", "GetPolicy", e)) {
            Ok(answer) => Ok(answer.policy),
            Err(failed) if failed.kind == Kind::NotFound => Ok(None),
            Err(failed) => Err(failed),
        }
    }

    async fn look(
        client: Client,
        arn: String,
        description: Option<String>,
    ) -> Result<Option<Observed<ManagedPolicy>>, Failure> {
        let Some(policy) = get(&client, &arn).await? else { return Ok(None) };
        let request = client.get_policy_version().policy_arn(&arn).set_version_id(policy.default_version_id);
        let version = match request.send().await.map_err(|e| failure("iam", "GetPolicyVersion", e)) {
            // It went between the two calls.
            Err(failed) if failed.kind == Kind::NotFound => return Ok(None),
            answer => answer?.policy_version,
        };
        let text = version.and_then(|v| v.document);
        let text = text.ok_or_else(|| failure::incomplete("iam", "GetPolicyVersion", "document"))?;
        let name = policy.policy_name.unwrap_or_default();
        let fields = ManagedPolicy {
            policy: calls::document("GetPolicyVersion", &text)?,
            name: Some(name.clone()),
            path: policy.path.unwrap_or_else(|| "/".to_owned()),
            description: calls::text(policy.description.as_deref(), description.as_ref()),
            tags: ownership::strip(calls::pairs(policy.tags.as_deref().unwrap_or_default())),
        };
        Ok(Some(Observed { fields, outputs: ManagedPolicyOutputs { arn: calls::arn("GetPolicy", &arn)?, name } }))
    }

    async fn sync_tags(client: &Client, call: &Call, arn: &str, wanted: &Tags) -> Result<(), Failure> {
        let live =
            client.list_policy_tags().policy_arn(arn).send().await.map_err(|e| failure("iam", "ListPolicyTags", e))?;
        let changes = TagChanges::between(calls::pairs(live.tags()), wanted, call);
        if !changes.remove.is_empty() {
            let request = client.untag_policy().policy_arn(arn).set_tag_keys(Some(changes.remove));
            request.send().await.map_err(|e| failure("iam", "UntagPolicy", e))?;
        }
        if !changes.set.is_empty() {
            let request = client.tag_policy().policy_arn(arn).set_tags(Some(calls::tags(changes.set)?));
            request.send().await.map_err(|e| failure("iam", "TagPolicy", e))?;
        }
        Ok(())
    }
}

#[cfg(all(test, feature = "iam"))]
mod tests {
    use purlin_core::driver::Kind;
    use purlin_tests::{AwsAccount, Fault, Rule, actions, harness::Cases, verbs};
    use serde_json::json;

    use super::*;
    use crate::{
        iam::testing::add_role,
        testing::{Bench, call, provider},
    };

    fn wanted(action: &str) -> ManagedPolicy {
        ManagedPolicy {
            policy: Policy::new().allow([action], ["*"]),
            name: Some("readers".into()),
            path: "/team/".into(),
            description: Some("Reads.".into()),
            tags: Tags::new(),
        }
    }

    #[tokio::test]
    async fn it_lives_through_more_versions_than_iam_keeps() {
        let aws = AwsAccount::fresh().expect("moto");
        let actions = ["s3:GetObject", "s3:ListBucket", "s3:PutObject", "s3:Get*", "s3:List*", "s3:Put*", "s3:*"];
        let mut cases: Vec<ManagedPolicy> = actions.into_iter().map(wanted).collect();
        cases[0].tags = [("Team", "ml")].into();
        cases[1].tags = [("Team", "data"), ("Cost", "7")].into();
        Bench::new(&aws).await.lives(&aws, &cases).await;
        assert!(aws.inventory().expect("the inventory").is_empty());
    }

    #[tokio::test]
    async fn one_in_use_is_not_deleted_yet() {
        let aws = AwsAccount::fresh().expect("moto");
        let bench = Bench::new(&aws).await;
        let id = bench.made(&call("readers", "op1"), &wanted("s3:GetObject")).await;
        add_role(&aws, "r");
        aws.call("iam", "AttachRolePolicy", json!({"RoleName": "r", "PolicyArn": id.as_str()})).expect("an attachment");
        // AWS refuses with DeleteConflict; moto deletes it all the same, so the refusal is put in by a rule.
        let conflict = Fault::Status { status: 409, code: "DeleteConflict".into() };
        aws.inject(Rule::on("iam", "DeletePolicy", conflict)).expect("a rule");
        let failure = bench.delete(&call("readers", "op2"), &id, &wanted("s3:GetObject")).await.expect_err("in use");
        assert_eq!(failure.kind, Kind::NotYet);
    }

    fn cases() -> Cases<(), ManagedPolicyArgs> {
        let policy = |action: &'static str| Policy::new().allow([action], ["*"]);
        Cases::new(provider, |_| (), move |()| ManagedPolicy::new(policy("s3:Get*")))
            .update([ManagedPolicy::TAGS], |args, ()| args.tags([("Team", "ml")]))
            .update([ManagedPolicy::POLICY], move |_, ()| ManagedPolicy::new(policy("s3:List*")))
            .replace([ManagedPolicy::NAME], |args, ()| args.name("another"))
            .replace([ManagedPolicy::PATH], |args, ()| args.path("/team/"))
            .replace([ManagedPolicy::DESCRIPTION], |args, ()| args.description("Reads."))
            .unseen("iam:DeletePolicyVersion", "an update removes a version only where IAM keeps five")
    }

    #[test]
    fn the_verbs_hold() {
        verbs(&cases()).unwrap_or_else(|broken| panic!("{broken}"));
    }

    #[test]
    fn the_actions_are_those_that_are_declared() {
        actions(&cases()).unwrap_or_else(|broken| panic!("{broken}"));
    }
}
