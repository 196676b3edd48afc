//! [`Role`]: an identity that services, pods, people or other accounts take for a while.
//!
//! What it may do is not part of it: see [`RolePolicy`](super::RolePolicy), [`PolicyAttachment`](super::PolicyAttachment) and grants
//! such as [`s3::read`](crate::s3::read).
use std::time::Duration;

use purlin_core::{
    Lifecycle, Map, Outputs, Resource, SmolStr, Value,
    provider::ProviderKind,
    schema::{Actions, Estimate, Facts, FindBy},
    types::{Arn, Policy, Tags},
};

use crate::{AWS, facts};

/// An identity that others take: a service of AWS, a pod, another account.
///
/// A role is deleted only when nothing of others hangs on it: policies and instance profiles that this stack did not make are
/// left alone, and the failure names them.
#[derive(Clone, Debug, PartialEq, Resource)]
#[resource("aws:iam:Role", outputs = RoleOutputs)]
pub struct Role {
    /// Who may take the role, such as `Trust::service("ec2.amazonaws.com")`.
    pub trust: Policy,
    /// Name, 1 to 64 characters, unique in the account whatever its case. By default made from the names of the stack and the
    /// resource.
    #[field(replace, unique = "iam-role", name(max = 64))]
    pub name: Option<String>,
    /// Path, a grouping that shows in the ARN: begins and ends with `/`.
    #[field(replace, default = "/")]
    pub path: String,
    /// What it is for, at most 1,000 characters.
    pub description: Option<String>,
    /// How long a session may last: whole seconds, 1 to 12 hours.
    #[field(default = Duration::from_secs(3600))]
    pub max_session: Duration,
    /// A managed policy that bounds what the role can be allowed.
    pub permissions_boundary: Option<Arn>,
    /// Tags.
    #[field(default_tags)]
    pub tags: Tags,
}

/// What a [`Role`] tells.
#[derive(Clone, Debug, PartialEq, Outputs)]
pub struct RoleOutputs {
    /// The ARN: `arn:aws:iam::123456789012:role/trainer`.
    pub arn: Arn<Role>,
    /// The name.
    pub name: String,
    /// IAM's own id, never used twice: `AROA…`. A new role of the same name has another.
    pub unique_id: String,
}

impl Lifecycle for Role {
    const PROVIDER: &'static dyn ProviderKind = &AWS;
    const ACTIONS: Actions = Actions {
        create: &["iam:CreateRole", "iam:TagRole"],
        read: &["iam:GetRole", "iam:ListRoles", "iam:GetAccountAuthorizationDetails"],
        sync: &[
            "iam:ListRoleTags",
            "iam:TagRole",
            "iam:UntagRole",
            "iam:UpdateAssumeRolePolicy",
            "iam:UpdateRole",
            "iam:PutRolePermissionsBoundary",
            "iam:DeleteRolePermissionsBoundary",
        ],
        delete: &[
            "iam:DeleteRole",
            "iam:ListRolePolicies",
            "iam:ListAttachedRolePolicies",
            "iam:ListInstanceProfilesForRole",
        ],
    };
    const FIND: FindBy = FindBy::Name;
    const SETTLE: Duration = super::SETTLE;
    const ESTIMATE: Estimate = Estimate::all(Duration::from_secs(1));
    const CHILDREN: &'static [&'static str] = &["inline policies", "attachments of policies", "instance profiles"];

    fn predict(fields: &Map, facts: &Facts<'_>) -> Map {
        let mut outputs = Map::new();
        let Some(name) = facts::known(fields, "name") else { return outputs };
        outputs.insert("id".into(), name.into());
        outputs.insert("name".into(), name.into());
        let path = facts::known(fields, "path").unwrap_or("/");
        if let Some(arn) = facts::global_arn::<Self>(facts, "iam", &format!("role{path}{name}")) {
            outputs.insert("arn".into(), Value::Str(SmolStr::from(arn.as_str())));
        }
        outputs
    }
}

#[cfg(feature = "iam")]
pub(crate) use driver::RoleDriver;

#[cfg(feature = "iam")]
mod driver {
    use std::collections::HashMap;

    use aws_sdk_iam::{Client, types};
    use futures_util::{StreamExt as _, TryStreamExt as _, stream};
    use purlin_core::driver::{Call, Created, Failure, Found, Kind, Known, Observed, Progress, TypedDriver, Wanted};

    use super::*;
    use crate::{
        connection::{Clients, failure},
        iam::calls,
        ownership::{self, Ownership, TagChanges},
    };

    /// The verbs of [`Role`].
    pub(crate) struct RoleDriver {
        pub(crate) clients: Clients,
    }

    impl RoleDriver {
        /// Says whose role it is that has the name already.
        async fn taken(&self, call: &Call, name: &str, refused: Failure) -> Failure {
            match get(self.clients.iam().clone(), name.to_owned()).await {
                Ok(Some(role)) => {
                    ownership::taken(refused, &ownership::owned_by(calls::pairs(role.tags()), call), name)
                }
                _ => refused,
            }
        }

        /// Says what hangs on a role that cannot be deleted.
        async fn blocked(&self, name: &str, refused: Failure) -> Failure {
            let client = self.clients.iam();
            let mut blockers = Vec::new();
            if let Ok(inline) = client.list_role_policies().role_name(name).send().await {
                blockers.extend(inline.policy_names.iter().map(|p| format!("inline policy {p}")));
            }
            if let Ok(attached) = client.list_attached_role_policies().role_name(name).send().await {
                let attached = attached.attached_policies.unwrap_or_default();
                blockers.extend(attached.iter().filter_map(|p| Some(format!("policy {}", p.policy_arn()?))));
            }
            if let Ok(profiles) = client.list_instance_profiles_for_role().role_name(name).send().await {
                let profiles = profiles.instance_profiles;
                blockers.extend(profiles.iter().map(|p| format!("instance profile {}", p.instance_profile_name())));
            }
            if blockers.is_empty() {
                return refused;
            }
            let message = format!("the role {name} still has: {}", blockers.join(", "));
            Failure { message, ..refused }
                .help("this stack did not make them: take them off the role, then run it again")
        }
    }

    impl TypedDriver for RoleDriver {
        type Resource = Role;

        async fn create(&self, call: &Call, wanted: &Role) -> Result<Created<Observed<Role>>, Failure> {
            let name = calls::named("iam:Role", &wanted.name)?;
            let made = self
                .clients
                .iam()
                .create_role()
                .role_name(name)
                .path(&wanted.path)
                .assume_role_policy_document(wanted.trust.to_json())
                .set_description(wanted.description.clone())
                .max_session_duration(seconds(wanted.max_session))
                .set_permissions_boundary(wanted.permissions_boundary.as_ref().map(ToString::to_string))
                .set_tags(Some(calls::tags(ownership::create_tags(call, &wanted.tags))?))
                .send()
                .await
                .map_err(|e| failure::unseen_principal_is_not_yet(failure("iam", "CreateRole", e)));
            match made {
                Ok(answer) => {
                    let role = answer.role.ok_or_else(|| failure::incomplete("iam", "CreateRole", "role"))?;
                    Ok(Created::whole(name, wanted.clone(), outputs(&role)?))
                }
                Err(refused) if refused.kind == Kind::AlreadyExists => Err(self.taken(call, name, refused).await),
                Err(failed) => Err(failed),
            }
        }

        async fn read(&self, objects: &[Known<Role>]) -> Result<Vec<Option<Observed<Role>>>, Failure> {
            let client = self.clients.iam();
            let roles: HashMap<String, types::Role> = if objects.len() <= calls::FEW {
                let single: Vec<_> = objects.iter().map(|o| get(client.clone(), o.id.to_string())).collect();
                let found: Vec<_> = stream::iter(single).buffered(calls::AT_ONCE).try_collect().await?;
                found.into_iter().flatten().map(|role| (role.role_name.clone(), role)).collect()
            } else {
                list(client).await?
            };
            let one = |object: &Known<Role>| {
                roles.get(object.id.as_str()).map(|role| observed(role, object.fields.as_ref())).transpose()
            };
            objects.iter().map(one).collect()
        }

        async fn sync(&self, call: &Call, id: &str, live: &Role, wanted: &Role) -> Result<(), Failure> {
            let client = self.clients.iam();
            // Whose it is comes first, so that an update that stops half-way has said so.
            sync_tags(client, call, id, &wanted.tags).await?;
            if live.permissions_boundary != wanted.permissions_boundary {
                sync_boundary(client, id, wanted).await?;
            }
            if live.trust != wanted.trust {
                let document = wanted.trust.to_json();
                let request = client.update_assume_role_policy().role_name(id).policy_document(document);
                let done = request.send().await.map_err(|e| failure("iam", "UpdateAssumeRolePolicy", e));
                done.map_err(failure::unseen_principal_is_not_yet)?;
            }
            if (&live.description, live.max_session) != (&wanted.description, wanted.max_session) {
                let request = client
                    .update_role()
                    .role_name(id)
                    .description(wanted.description.as_deref().unwrap_or_default())
                    .max_session_duration(seconds(wanted.max_session));
                request.send().await.map_err(|e| failure("iam", "UpdateRole", e))?;
            }
            Ok(())
        }

        async fn delete(&self, _: &Call, object: &Wanted<Role>) -> Result<Progress, Failure> {
            let done = self.clients.iam().delete_role().role_name(object.id.as_str()).send().await;
            match failure::absent_is_done(done.map_err(|e| failure("iam", "DeleteRole", e))) {
                Ok(()) => Ok(Progress::Done),
                Err(refused) if refused.kind == Kind::NotYet => Err(self.blocked(&object.id, refused).await),
                Err(failed) => Err(failed),
            }
        }

        /// A role carries its owner's tags from its first moment, so one without them is not ours.
        async fn find(&self, call: &Call, wanted: &Role) -> Result<Found, Failure> {
            let name = calls::named("iam:Role", &wanted.name)?;
            let role = get(self.clients.iam().clone(), name.to_owned()).await?;
            let owner = role.map(|role| ownership::owned_by(calls::pairs(role.tags()), call));
            Ok(if matches!(owner, Some(Ownership::Ours { .. })) { Found::One(name.into()) } else { Found::Absent })
        }
    }

    async fn get(client: Client, name: String) -> Result<Option<types::Role>, Failure> {
        match client.get_role().role_name(name).send().await.map_err(|e| failure("iam", "GetRole", e)) {
            Ok(answer) => Ok(answer.role),
            Err(failed) if failed.kind == Kind::NotFound => Ok(None),
            Err(failed) => Err(failed),
        }
    }

    /// All roles of the account. Neither listing is whole: one has description and session, the other tags and boundary.
    async fn list(client: &Client) -> Result<HashMap<String, types::Role>, Failure> {
        let mut details = calls::role_details(client).await?;
        let mut roles = HashMap::new();
        let mut pages = client.list_roles().into_paginator().page_size(calls::PAGE).send();
        while let Some(page) = pages.next().await {
            for mut role in page.map_err(|e| failure("iam", "ListRoles", e))?.roles {
                // A role that came or went between the two listings is looked at again next time.
                let Some(detail) = details.remove(role.role_name()) else { continue };
                role.tags = detail.tags;
                role.permissions_boundary = detail.permissions_boundary;
                roles.insert(role.role_name.clone(), role);
            }
        }
        Ok(roles)
    }

    fn observed(role: &types::Role, recorded: Option<&Role>) -> Result<Observed<Role>, Failure> {
        let trust = role.assume_role_policy_document().ok_or_else(|| failure::incomplete("iam", "GetRole", "trust"))?;
        let boundary =
            role.permissions_boundary().and_then(types::AttachedPermissionsBoundary::permissions_boundary_arn);
        let fields = Role {
            trust: calls::document("GetRole", trust)?,
            name: Some(role.role_name().to_owned()),
            path: role.path().to_owned(),
            description: calls::text(role.description(), recorded.and_then(|r| r.description.as_ref())),
            max_session: Duration::from_secs(
                role.max_session_duration().and_then(|s| s.try_into().ok()).unwrap_or(3600),
            ),
            permissions_boundary: boundary.map(|arn| calls::arn("GetRole", arn)).transpose()?,
            tags: ownership::strip(calls::pairs(role.tags())),
        };
        Ok(Observed { fields, outputs: outputs(role)? })
    }

    fn outputs(role: &types::Role) -> Result<RoleOutputs, Failure> {
        Ok(RoleOutputs {
            arn: calls::arn("GetRole", role.arn())?,
            name: role.role_name().to_owned(),
            unique_id: role.role_id().to_owned(),
        })
    }

    async fn sync_tags(client: &Client, call: &Call, name: &str, wanted: &Tags) -> Result<(), Failure> {
        let live =
            client.list_role_tags().role_name(name).send().await.map_err(|e| failure("iam", "ListRoleTags", e))?;
        let changes = TagChanges::between(calls::pairs(live.tags()), wanted, call);
        if !changes.remove.is_empty() {
            let request = client.untag_role().role_name(name).set_tag_keys(Some(changes.remove));
            request.send().await.map_err(|e| failure("iam", "UntagRole", e))?;
        }
        if !changes.set.is_empty() {
            let request = client.tag_role().role_name(name).set_tags(Some(calls::tags(changes.set)?));
            request.send().await.map_err(|e| failure("iam", "TagRole", e))?;
        }
        Ok(())
    }

    async fn sync_boundary(client: &Client, name: &str, wanted: &Role) -> Result<(), Failure> {
        match &wanted.permissions_boundary {
            Some(arn) => {
                let request = client.put_role_permissions_boundary().role_name(name).permissions_boundary(arn.as_str());
                request.send().await.map_err(|e| failure("iam", "PutRolePermissionsBoundary", e)).map(drop)
            }
            None => {
                let request = client.delete_role_permissions_boundary().role_name(name);
                let done = request.send().await.map_err(|e| failure("iam", "DeleteRolePermissionsBoundary", e));
                failure::absent_is_done(done)
            }
        }
    }

    fn seconds(duration: Duration) -> i32 {
        i32::try_from(duration.as_secs()).unwrap_or(i32::MAX)
    }
}

#[cfg(all(test, feature = "iam"))]
mod tests;
