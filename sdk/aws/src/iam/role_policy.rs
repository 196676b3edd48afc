//! [`RolePolicy`]: what a role may do, kept in the role itself (an *inline* policy).
//!
//! It goes with its role and is nobody else's. All inline policies of a role together hold at most 10,240 characters; for more, see
//! [`ManagedPolicy`](super::ManagedPolicy).
use std::time::Duration;

use purlin_core::{
    Lifecycle, Map, Outputs, Ref, Resource, Value,
    provider::ProviderKind,
    schema::{Actions, Estimate, Facts, FindBy},
    types::Policy,
};

use super::Role;
use crate::{AWS, facts};

/// What a role may do, kept in the role itself. Its id is `role/name`.
#[derive(Clone, Debug, PartialEq, Resource)]
#[resource("aws:iam:RolePolicy", outputs = RolePolicyOutputs)]
pub struct RolePolicy {
    /// The role.
    #[field(replace)]
    pub role: Ref<Role>,
    /// What it may do.
    pub policy: Policy,
    /// Name, 1 to 128 characters, unique among the role's own policies. By default made from the names of the stack and the
    /// resource.
    #[field(replace, unique = "iam-role-policy", within = "role", name(max = 128))]
    pub name: Option<String>,
}

/// What a [`RolePolicy`] tells.
#[derive(Clone, Debug, PartialEq, Outputs)]
pub struct RolePolicyOutputs {
    /// The name.
    pub name: String,
}

impl Lifecycle for RolePolicy {
    const PROVIDER: &'static dyn ProviderKind = &AWS;
    const ACTIONS: Actions = Actions {
        create: &["iam:PutRolePolicy"],
        read: &["iam:GetRolePolicy", "iam:GetAccountAuthorizationDetails"],
        sync: &["iam:PutRolePolicy"],
        delete: &["iam:DeleteRolePolicy"],
    };
    const FIND: FindBy = FindBy::NaturalKey;
    const SETTLE: Duration = super::SETTLE;
    const ESTIMATE: Estimate = Estimate::all(Duration::from_secs(1));

    fn predict(fields: &Map, _: &Facts<'_>) -> Map {
        let mut outputs = Map::new();
        let Some(name) = facts::known(fields, "name") else { return outputs };
        outputs.insert("name".into(), name.into());
        if let Some(role) = facts::known(fields, "role") {
            outputs.insert("id".into(), Value::from(format!("{role}/{name}")));
        }
        outputs
    }
}

#[cfg(feature = "iam")]
pub(crate) use driver::RolePolicyDriver;

#[cfg(feature = "iam")]
mod driver {
    use std::collections::HashMap;

    use aws_sdk_iam::Client;
    use futures_util::{StreamExt as _, TryStreamExt as _, stream};
    use purlin_core::driver::{Call, Created, Failure, Found, Kind, Known, Observed, Progress, TypedDriver, Wanted};

    use super::*;
    use crate::{
        connection::{Clients, failure},
        iam::calls,
    };

    /// The verbs of [`RolePolicy`].
    pub(crate) struct RolePolicyDriver {
        pub(crate) clients: Clients,
    }

    impl RolePolicyDriver {
        async fn put(&self, role: &str, name: &str, policy: &Policy) -> Result<(), Failure> {
            let request = self.clients.iam().put_role_policy().role_name(role).policy_name(name);
            let done = request.policy_document(policy.to_json()).send().await;
            done.map(drop).map_err(|e| failure("iam", "PutRolePolicy", e))
        }
    }

    impl TypedDriver for RolePolicyDriver {
        type Resource = RolePolicy;

        /// IAM's call makes or overwrites. So that it never overwrites what another made, it is asked for only where nothing is.
        async fn create(&self, _: &Call, wanted: &RolePolicy) -> Result<Created<Observed<RolePolicy>>, Failure> {
            let name = calls::named("iam:RolePolicy", &wanted.name)?;
            let role = wanted.role.id();
            if get(self.clients.iam().clone(), role.to_owned(), name.to_owned()).await?.is_some() {
                let message = format!("the role {role} has an inline policy of the name {name} already");
                return Err(Failure::new(Kind::AlreadyExists, message).help(format!(
                    "to take it over, say `.adopt(\"{role}/{name}\")`; else give this one another name"
                )));
            }
            let made = self.put(role, name, &wanted.policy).await;
            made.map_err(failure::unseen_is_not_yet)?;
            Ok(Created::whole(format!("{role}/{name}"), wanted.clone(), RolePolicyOutputs { name: name.to_owned() }))
        }

        async fn read(&self, objects: &[Known<RolePolicy>]) -> Result<Vec<Option<Observed<RolePolicy>>>, Failure> {
            let client = self.clients.iam();
            let keys = objects.iter().map(|o| key(&o.id)).collect::<Result<Vec<_>, _>>()?;
            let policies: Vec<Option<Policy>> = if objects.len() <= calls::FEW {
                let single: Vec<_> =
                    keys.iter().map(|(role, name)| get(client.clone(), role.clone(), name.clone())).collect();
                stream::iter(single).buffered(calls::AT_ONCE).try_collect().await?
            } else {
                let all = list(client).await?;
                keys.iter().map(|key| all.get(key).map(|text| document(text)).transpose()).collect::<Result<_, _>>()?
            };
            let one = |((role, name), policy): ((String, String), Option<Policy>)| {
                let fields = RolePolicy { role: Ref::from_id(role), policy: policy?, name: Some(name.clone()) };
                Some(Observed { fields, outputs: RolePolicyOutputs { name } })
            };
            Ok(keys.into_iter().zip(policies).map(one).collect())
        }

        async fn sync(&self, _: &Call, id: &str, live: &RolePolicy, wanted: &RolePolicy) -> Result<(), Failure> {
            if live.policy == wanted.policy {
                return Ok(());
            }
            let (role, name) = key(id)?;
            self.put(&role, &name, &wanted.policy).await
        }

        async fn delete(&self, _: &Call, object: &Wanted<RolePolicy>) -> Result<Progress, Failure> {
            let (role, name) = key(&object.id)?;
            let done = self.clients.iam().delete_role_policy().role_name(role).policy_name(name).send().await;
            failure::absent_is_done(done.map_err(|e| failure("iam", "DeleteRolePolicy", e)))?;
            Ok(Progress::Done)
        }

        async fn find(&self, _: &Call, wanted: &RolePolicy) -> Result<Found, Failure> {
            let name = calls::named("iam:RolePolicy", &wanted.name)?;
            let role = wanted.role.id();
            Ok(match get(self.clients.iam().clone(), role.to_owned(), name.to_owned()).await? {
                None => Found::Absent,
                Some(policy) if policy == wanted.policy => Found::One(format!("{role}/{name}").into()),
                Some(_) => Found::Ambiguous(format!(
                    "the role {role} has an inline policy {name} that says something else: delete it, or say `.adopt(\"{role}/{name}\")`"
                )),
            })
        }
    }

    async fn get(client: Client, role: String, name: String) -> Result<Option<Policy>, Failure> {
        let answer = client.get_role_policy().role_name(role).policy_name(name).send().await;
        match answer.map_err(|e| failure("iam", "GetRolePolicy", e)) {
            Ok(answer) => document(answer.policy_document()).map(Some),
            Err(failed) if failed.kind == Kind::NotFound => Ok(None),
            Err(failed) => Err(failed),
        }
    }

    /// The documents of all inline policies of all roles, by role and name, as IAM sends them.
    async fn list(client: &Client) -> Result<HashMap<(String, String), String>, Failure> {
        let mut policies = HashMap::new();
        for (role, detail) in calls::role_details(client).await? {
            for policy in detail.role_policy_list.unwrap_or_default() {
                if let (Some(name), Some(text)) = (policy.policy_name, policy.policy_document) {
                    policies.insert((role.clone(), name), text);
                }
            }
        }
        Ok(policies)
    }

    fn document(text: &str) -> Result<Policy, Failure> {
        calls::document("GetRolePolicy", text)
    }

    /// Role and name: neither can hold a `/`.
    fn key(id: &str) -> Result<(String, String), Failure> {
        let (role, name) = id.split_once('/').ok_or_else(|| {
            Failure::new(Kind::Invalid, format!("{id:?} is not the id of an inline policy: that is `role/name`"))
        })?;
        Ok((role.to_owned(), name.to_owned()))
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

    fn account_with_role() -> AwsAccount {
        let aws = AwsAccount::fresh().expect("moto");
        add_role(&aws, "trainer");
        aws
    }

    fn wanted(name: &str, action: &str) -> RolePolicy {
        let policy = Policy::new().allow([action], ["arn:aws:s3:::models/*"]);
        RolePolicy { role: Ref::from_id("trainer"), policy, name: Some(name.into()) }
    }

    #[tokio::test]
    async fn it_lives() {
        let aws = account_with_role();
        let bench = Bench::new(&aws).await;
        let (first, second) = (wanted("models", "s3:GetObject"), wanted("models", "s3:PutObject"));
        let made = call("policy", "op1");
        assert_eq!(bench.find(&made, &first).await, Found::Absent);
        aws.mark().expect("the log");
        let (id, live) = bench.create(&made, &first).await.expect("a create");
        assert_eq!(changes(&aws), ["PutRolePolicy"]);
        assert_eq!((id.as_str(), &live.fields), ("trainer/models", &first.encode()));
        assert_eq!(bench.find(&made, &first).await, Found::One(id.clone()));
        assert_eq!(bench.read(&id).await, Some(live));

        bench.sync(&made, &id, &second).await.expect("a sync");
        assert_eq!(bench.read(&id).await.expect("it is there").fields, second.encode());
        aws.mark().expect("the log");
        bench.sync(&made, &id, &second).await.expect("a sync");
        assert_eq!(changes(&aws), [""; 0]);

        assert!(matches!(bench.find(&made, &first).await, Found::Ambiguous(_)), "it says something else by now");
        for _ in 0..2 {
            assert_eq!(bench.delete(&made, &id, &second).await, Ok(Progress::Done));
            assert_eq!(bench.read(&id).await, None);
        }
    }

    #[tokio::test]
    async fn what_is_there_is_not_overwritten() {
        let aws = account_with_role();
        let bench = Bench::new(&aws).await;
        let theirs = wanted("models", "s3:GetObject");
        let id = bench.made(&call("theirs", "op1"), &theirs).await;
        let failure = bench.create(&call("ours", "op2"), &wanted("models", "s3:*")).await.expect_err("it is taken");
        assert_eq!(failure.kind, Kind::AlreadyExists);
        assert_eq!(bench.read(&id).await.expect("it is there").fields, theirs.encode());
    }

    #[tokio::test]
    async fn a_role_that_is_not_there_yet_is_waited_for() {
        let aws = AwsAccount::fresh().expect("moto");
        let bench = Bench::new(&aws).await;
        let failure = bench.create(&call("policy", "op1"), &wanted("models", "s3:*")).await.expect_err("no role");
        assert_eq!(failure.kind, Kind::NotYet);
    }

    #[tokio::test]
    async fn many_are_read_in_one_call() {
        let aws = account_with_role();
        let bench = Bench::new(&aws).await;
        let mut objects = Vec::new();
        for n in 0..6 {
            let id =
                bench.made(&call(&format!("p{n}"), &format!("op{n}")), &wanted(&format!("p{n}"), "s3:GetObject")).await;
            objects.push(bench.recorded(&id).await);
        }
        let gone = bench.recorded(&objects[0].id).await;
        bench.delete(&call("p0", "op9"), &gone.id, &wanted("p0", "s3:GetObject")).await.expect("a delete");
        aws.mark().expect("the log");
        let listed = bench.read_all(&objects).await;
        let calls: Vec<String> = aws.calls().expect("the log").into_iter().map(|c| c.operation).collect();
        assert_eq!(calls, ["GetAccountAuthorizationDetails"]);
        assert_eq!(listed[0], None);
        assert_eq!(listed[1].as_ref().map(|l| &l.fields), Some(&objects[1].fields));
    }

    fn cases() -> Cases<[Handle<Role>; 2], RolePolicyArgs> {
        let roles =
            |stack: &mut Stack| ["a", "b"].map(|name| stack.add(name, Role::new(Trust::account("123456789012"))));
        let policy = |action: &'static str| Policy::new().allow([action], ["*"]);
        Cases::new(provider, roles, move |[a, _]| RolePolicy::new(a, policy("s3:Get*")))
            .update([RolePolicy::POLICY], move |_, [a, _]| RolePolicy::new(a, policy("s3:List*")))
            .replace([RolePolicy::ROLE], move |_, [_, b]| RolePolicy::new(b, policy("s3:Get*")))
            .replace([RolePolicy::NAME], |args, _| args.name("another"))
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
