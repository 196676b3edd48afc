//! IAM: roles, their policies, and grants.
//!
//! - [`Role`]: who may take it is its trust policy, made with [`Trust`];
//! - [`RolePolicy`]: what a role may do, kept in the role itself;
//! - [`ManagedPolicy`] and [`PolicyAttachment`]: a policy of its own, and its use by a role;
//! - [`grants`]: permissions that other services give to a role, such as [`crate::s3::read`], gathered into few policies.
//!
//! IAM is one for all regions of a partition, and what it has made is seen everywhere only seconds later.
use std::time::Duration;

#[cfg(feature = "iam")]
mod calls;
pub mod grants;
pub mod managed_policy;
pub mod policy_attachment;
pub mod role;
pub mod role_policy;
#[cfg(all(test, feature = "iam"))]
mod testing;

pub use managed_policy::ManagedPolicy;
pub use policy_attachment::{PolicyAttachment, aws_managed};
/// Who may take a role: `Trust::service("ec2.amazonaws.com")`.
pub use purlin_core::types::Trust;
pub use role::Role;
pub use role_policy::RolePolicy;

/// What IAM has made is seen everywhere within seconds. A name that a read does not see yet is refused by a second create, so
/// nothing is made twice even where this is too short.
const SETTLE: Duration = Duration::from_secs(2);
