//! Which driver makes which resource type: one line a type.
#![cfg_attr(
    not(any(feature = "ec2", feature = "iam", feature = "kms", feature = "s3")),
    expect(unused_variables, dead_code, reason = "a connection without a service has no drivers")
)]
use std::sync::Arc;

use purlin_core::driver::{Driver, Typed, TypedDriver};

use super::Clients;

/// The driver of a type; none when the type is not one of AWS, or this build leaves the feature of its service out.
pub(super) fn driver(name: &str, clients: &Clients) -> Option<Arc<dyn Driver>> {
    let clients = clients.clone();
    match name {
        #[cfg(feature = "ec2")]
        "aws:ec2:Vpc" => typed(crate::ec2::vpc::VpcDriver { clients }),
        #[cfg(feature = "ec2")]
        "aws:ec2:Subnet" => typed(crate::ec2::subnet::SubnetDriver { clients }),
        #[cfg(feature = "ec2")]
        "aws:ec2:SecurityGroup" => typed(crate::ec2::security_group::SecurityGroupDriver { clients }),
        #[cfg(feature = "ec2")]
        "aws:ec2:SecurityGroupRule" => typed(crate::ec2::security_group_rule::SecurityGroupRuleDriver { clients }),
        #[cfg(feature = "iam")]
        "aws:iam:Role" => typed(crate::iam::role::RoleDriver { clients }),
        #[cfg(feature = "iam")]
        "aws:iam:RolePolicy" => typed(crate::iam::role_policy::RolePolicyDriver { clients }),
        #[cfg(feature = "iam")]
        "aws:iam:ManagedPolicy" => typed(crate::iam::managed_policy::ManagedPolicyDriver { clients }),
        #[cfg(feature = "iam")]
        "aws:iam:PolicyAttachment" => typed(crate::iam::policy_attachment::PolicyAttachmentDriver { clients }),
        #[cfg(feature = "kms")]
        "aws:kms:Key" => typed(crate::kms::key::KeyDriver { clients }),
        #[cfg(feature = "kms")]
        "aws:kms:Alias" => typed(crate::kms::alias::AliasDriver { clients }),
        #[cfg(feature = "s3")]
        "aws:s3:Bucket" => typed(crate::s3::bucket::BucketDriver { clients }),
        _ => None,
    }
}

fn typed(driver: impl TypedDriver) -> Option<Arc<dyn Driver>> {
    Some(Arc::new(Typed(driver)))
}
