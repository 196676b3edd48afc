//! Roles, and what they may do.
use std::time::Duration;

use purlin_aws::iam::{ManagedPolicy, PolicyAttachment, Role, RolePolicy, Trust};
use purlin_core::{
    Handle, Stack,
    types::{Arn, Policy},
};
use purlin_tests::harness::Cases;

use crate::{check, provider};

const IN_THE_WAY: &str = "asked when a delete is refused, to name what hangs on the role: tested beside the driver";
const MANY_ROLES: &str = "read for more than four roles at once: tested beside the driver";

fn role(stack: &mut Stack) -> (Handle<Role>, Handle<Role>) {
    let trust = || Trust::service("ec2.amazonaws.com");
    (stack.add("role", Role::new(trust())), stack.add("other", Role::new(trust())))
}

fn allow(action: &str) -> Policy {
    Policy::new().allow([action], ["*"])
}

fn arn(text: &str) -> Arn {
    text.parse().expect("an ARN")
}

#[test]
fn a_role() {
    let boundary = || arn("arn:aws:iam::aws:policy/ReadOnlyAccess");
    check(
        &Cases::new(provider, |_| (), |()| Role::new(Trust::service("ec2.amazonaws.com")))
            .update([Role::TRUST], |_, ()| Role::new(Trust::service("pods.eks.amazonaws.com")))
            .update([Role::DESCRIPTION], |role, ()| role.description("Trains models"))
            .update([Role::MAX_SESSION], |role, ()| role.max_session(Duration::from_secs(7200)))
            .update([Role::PERMISSIONS_BOUNDARY], move |role, ()| role.permissions_boundary(boundary()))
            .update([Role::TAGS], |role, ()| role.tags([("team", "data")]))
            .replace([Role::PATH], |role, ()| role.path("/teams/"))
            .replace([Role::NAME], |role, ()| role.name("another"))
            .unseen("iam:ListRolePolicies", IN_THE_WAY)
            .unseen("iam:ListAttachedRolePolicies", IN_THE_WAY)
            .unseen("iam:ListInstanceProfilesForRole", IN_THE_WAY),
    );
}

#[test]
fn a_role_policy() {
    check(
        &Cases::new(provider, role, |(role, _)| RolePolicy::new(role, allow("s3:GetObject")))
            .update([RolePolicy::POLICY], |_, (role, _)| RolePolicy::new(role, allow("s3:PutObject")))
            .replace([RolePolicy::ROLE], |_, (_, other)| RolePolicy::new(other, allow("s3:GetObject")))
            .replace([RolePolicy::NAME], |policy, _| policy.name("another")),
    );
}

#[test]
fn a_managed_policy() {
    check(
        &Cases::new(provider, |_| (), |()| ManagedPolicy::new(allow("s3:GetObject")))
            .update([ManagedPolicy::POLICY], |_, ()| ManagedPolicy::new(allow("s3:PutObject")))
            .update([ManagedPolicy::TAGS], |policy, ()| policy.tags([("team", "data")]))
            .replace([ManagedPolicy::PATH], |policy, ()| policy.path("/teams/"))
            .replace([ManagedPolicy::DESCRIPTION], |policy, ()| policy.description("Readers"))
            .replace([ManagedPolicy::NAME], |policy, ()| policy.name("another"))
            .unseen(
                "iam:DeletePolicyVersion",
                "an update removes the oldest of five versions: tested beside the driver",
            ),
    );
}

#[test]
fn a_policy_attachment() {
    let read = || arn("arn:aws:iam::aws:policy/ReadOnlyAccess");
    let view = || arn("arn:aws:iam::aws:policy/job-function/ViewOnlyAccess");
    check(
        &Cases::new(provider, role, move |(role, _)| PolicyAttachment::new(role, read()))
            .replace([PolicyAttachment::ROLE], move |_, (_, other)| PolicyAttachment::new(other, read()))
            .replace([PolicyAttachment::POLICY_ARN], move |_, (role, _)| PolicyAttachment::new(role, view()))
            .unseen("iam:GetAccountAuthorizationDetails", MANY_ROLES),
    );
}
