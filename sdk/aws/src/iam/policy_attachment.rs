//! [`PolicyAttachment`]: a role may do what a managed policy allows.
use std::time::Duration;

use purlin_core::{
    Expr, Lifecycle, Map, Output, Ref, Resource, Value,
    provider::ProviderKind,
    schema::{Actions, Estimate, Facts, FindBy},
    types::Arn,
};

use super::Role;
use crate::{AWS, facts};

/// A role may do what a managed policy allows. Its id is `role/policy-arn`.
///
/// An attachment has no content of its own, so one that is there already is taken as it is.
#[derive(Clone, Debug, PartialEq, Resource)]
#[resource("aws:iam:PolicyAttachment", outputs = ())]
pub struct PolicyAttachment {
    /// The role.
    #[field(replace)]
    pub role: Ref<Role>,
    /// The policy: the `arn` of one of yours, or one of AWS's ([`aws_managed`]).
    #[field(replace, unique = "iam-policy-attachment", within = "role")]
    pub policy_arn: Arn,
}

/// The ARN of a policy that AWS keeps for everybody, such as `ReadOnlyAccess` or `service-role/AmazonEBSCSIDriverPolicy`, in the
/// partition `aws`. In other partitions, write the ARN out.
pub fn aws_managed(name: &str) -> Output<Arn> {
    Output::from_expr(Expr::Value(Value::from(format!("arn:aws:iam::aws:policy/{name}"))))
}

impl Lifecycle for PolicyAttachment {
    const PROVIDER: &'static dyn ProviderKind = &AWS;
    const ACTIONS: Actions = Actions {
        create: &["iam:AttachRolePolicy"],
        read: &["iam:ListAttachedRolePolicies", "iam:GetAccountAuthorizationDetails"],
        sync: &[],
        delete: &["iam:DetachRolePolicy"],
    };
    const FIND: FindBy = FindBy::NaturalKey;
    const SETTLE: Duration = super::SETTLE;
    const ESTIMATE: Estimate = Estimate::all(Duration::from_secs(1));

    fn predict(fields: &Map, _: &Facts<'_>) -> Map {
        match (facts::known(fields, "role"), facts::known(fields, "policy_arn")) {
            (Some(role), Some(arn)) => [("id".into(), Value::from(format!("{role}/{arn}")))].into(),
            _ => Map::new(),
        }
    }
}

#[cfg(feature = "iam")]
pub(crate) use driver::PolicyAttachmentDriver;

#[cfg(feature = "iam")]
mod driver {
    use std::collections::{BTreeSet, HashMap, HashSet};

    use aws_sdk_iam::Client;
    use futures_util::{StreamExt as _, TryStreamExt as _, stream};
    use purlin_core::driver::{Call, Created, Failure, Found, Kind, Known, Observed, Progress, TypedDriver, Wanted};

    use super::*;
    use crate::{
        connection::{Clients, failure},
        iam::calls,
    };

    /// The verbs of [`PolicyAttachment`].
    pub(crate) struct PolicyAttachmentDriver {
        pub(crate) clients: Clients,
    }

    impl TypedDriver for PolicyAttachmentDriver {
        type Resource = PolicyAttachment;

        async fn create(
            &self,
            _: &Call,
            wanted: &PolicyAttachment,
        ) -> Result<Created<Observed<PolicyAttachment>>, Failure> {
            let (role, arn) = (wanted.role.id(), wanted.policy_arn.as_str());
            let made = self.clients.iam().attach_role_policy().role_name(role).policy_arn(arn).send().await;
            made.map_err(|e| failure::unseen_is_not_yet(failure("iam", "AttachRolePolicy", e)))?;
            Ok(Created::whole(format!("{role}/{arn}"), wanted.clone(), ()))
        }

        async fn read(
            &self,
            objects: &[Known<PolicyAttachment>],
        ) -> Result<Vec<Option<Observed<PolicyAttachment>>>, Failure> {
            let keys = objects.iter().map(|o| key(&o.id)).collect::<Result<Vec<_>, _>>()?;
            let roles: BTreeSet<&String> = keys.iter().map(|(role, _)| role).collect();
            let attached = attachments(self.clients.iam(), roles).await?;
            let one = |(role, arn): (String, String)| {
                if !attached.get(&role).is_some_and(|arns| arns.contains(&arn)) {
                    return Ok(None);
                }
                let policy_arn = calls::arn("ListAttachedRolePolicies", &arn)?;
                Ok(Some(Observed { fields: PolicyAttachment { role: Ref::from_id(role), policy_arn }, outputs: () }))
            };
            keys.into_iter().map(one).collect()
        }

        async fn delete(&self, _: &Call, object: &Wanted<PolicyAttachment>) -> Result<Progress, Failure> {
            let (role, arn) = key(&object.id)?;
            let done = self.clients.iam().detach_role_policy().role_name(role).policy_arn(arn).send().await;
            failure::absent_is_done(done.map_err(|e| failure("iam", "DetachRolePolicy", e)))?;
            Ok(Progress::Done)
        }

        async fn find(&self, _: &Call, wanted: &PolicyAttachment) -> Result<Found, Failure> {
            let (role, arn) = (wanted.role.id().to_owned(), wanted.policy_arn.as_str());
            let (role, attached) = of_role(self.clients.iam().clone(), role).await?;
            Ok(if attached.contains(arn) { Found::One(format!("{role}/{arn}").into()) } else { Found::Absent })
        }
    }

    /// The policies that are attached to each role; a role that does not exist has none.
    async fn attachments(
        client: &Client,
        roles: BTreeSet<&String>,
    ) -> Result<HashMap<String, HashSet<String>>, Failure> {
        if roles.len() <= calls::FEW {
            let single: Vec<_> = roles.into_iter().map(|role| of_role(client.clone(), role.clone())).collect();
            return stream::iter(single).buffered(calls::AT_ONCE).try_collect().await;
        }
        let all = calls::role_details(client).await?.into_iter().map(|(role, detail)| {
            let attached = detail.attached_managed_policies.unwrap_or_default();
            (role, attached.into_iter().filter_map(|p| p.policy_arn).collect())
        });
        Ok(all.collect())
    }

    async fn of_role(client: Client, role: String) -> Result<(String, HashSet<String>), Failure> {
        let mut pages = client.list_attached_role_policies().role_name(&role).into_paginator().send();
        let mut arns = HashSet::new();
        while let Some(page) = pages.next().await {
            match page.map_err(|e| failure("iam", "ListAttachedRolePolicies", e)) {
                Ok(page) => {
                    arns.extend(page.attached_policies.unwrap_or_default().into_iter().filter_map(|p| p.policy_arn))
                }
                Err(failed) if failed.kind == Kind::NotFound => break,
                Err(failed) => return Err(failed),
            }
        }
        Ok((role, arns))
    }

    /// Role and ARN: a role's name holds no `/`, an ARN does.
    fn key(id: &str) -> Result<(String, String), Failure> {
        let (role, arn) = id.split_once('/').ok_or_else(|| {
            Failure::new(Kind::Invalid, format!("{id:?} is not the id of an attachment: that is `role/policy-arn`"))
        })?;
        Ok((role.to_owned(), arn.to_owned()))
    }
}

#[cfg(all(test, feature = "iam"))]
mod tests {
    use purlin_core::{
        Handle, Stack,
        driver::{Found, Kind, Progress},
        types::Trust,
    };
    use purlin_tests::{AwsAccount, actions, harness::Cases, verbs};

    use super::*;
    use crate::{
        iam::testing::add_role,
        testing::{Bench, call, changes, provider},
    };

    const POLICY: &str = "arn:aws:iam::aws:policy/ReadOnlyAccess";

    fn wanted(role: &str) -> PolicyAttachment {
        PolicyAttachment { role: Ref::from_id(role), policy_arn: POLICY.parse().expect("an ARN") }
    }

    #[tokio::test]
    async fn it_lives() {
        let aws = AwsAccount::fresh().expect("moto");
        add_role(&aws, "trainer");
        let bench = Bench::new(&aws).await;
        let made = call("attachment", "op1");
        assert_eq!(bench.find(&made, &wanted("trainer")).await, Found::Absent);
        aws.mark().expect("the log");
        let (id, live) = bench.create(&made, &wanted("trainer")).await.expect("a create");
        assert_eq!(changes(&aws), ["AttachRolePolicy"]);
        assert_eq!(id, format!("trainer/{POLICY}"));
        assert_eq!(bench.read(&id).await, Some(live));
        assert_eq!(bench.find(&made, &wanted("trainer")).await, Found::One(id.clone()));
        for _ in 0..2 {
            assert_eq!(bench.delete(&made, &id, &wanted("trainer")).await, Ok(Progress::Done));
            assert_eq!(bench.read(&id).await, None);
        }
    }

    #[tokio::test]
    async fn a_role_that_is_not_there_has_none_and_is_waited_for() {
        let aws = AwsAccount::fresh().expect("moto");
        let bench = Bench::new(&aws).await;
        assert_eq!(bench.read(&format!("nobody/{POLICY}")).await, None);
        let failure = bench.create(&call("a", "op1"), &wanted("nobody")).await.expect_err("no role");
        assert_eq!(failure.kind, Kind::NotYet);
    }

    #[tokio::test]
    async fn those_of_many_roles_are_read_in_one_call() {
        let aws = AwsAccount::fresh().expect("moto");
        let bench = Bench::new(&aws).await;
        let mut objects = Vec::new();
        for n in 0..6 {
            add_role(&aws, &format!("r{n}"));
            let id = bench.made(&call(&format!("a{n}"), &format!("op{n}")), &wanted(&format!("r{n}"))).await;
            objects.push(bench.recorded(&id).await);
        }
        aws.mark().expect("the log");
        let listed = bench.read_all(&objects).await;
        let calls: Vec<String> = aws.calls().expect("the log").into_iter().map(|c| c.operation).collect();
        assert_eq!(calls, ["GetAccountAuthorizationDetails"]);
        assert!(listed.iter().zip(&objects).all(|(l, o)| l.as_ref().is_some_and(|l| l.fields == o.fields)));
    }

    fn cases() -> Cases<[Handle<Role>; 2], PolicyAttachmentArgs> {
        let roles =
            |stack: &mut Stack| ["a", "b"].map(|name| stack.add(name, Role::new(Trust::account("123456789012"))));
        Cases::new(provider, roles, |[a, _]| PolicyAttachment::new(a, aws_managed("ReadOnlyAccess")))
            .replace([PolicyAttachment::ROLE], |_, [_, b]| PolicyAttachment::new(b, aws_managed("ReadOnlyAccess")))
            .replace([PolicyAttachment::POLICY_ARN], |_, [a, _]| {
                PolicyAttachment::new(a, aws_managed("PowerUserAccess"))
            })
            .unseen("iam:GetAccountAuthorizationDetails", "those of many roles are listed, those of one are asked for")
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
