//! EC2: networks and who may talk to whom in them.
//!
//! | type | is | found again by |
//! |---|---|---|
//! | [`Vpc`] | a network | the operation's tag |
//! | [`Subnet`] | a part of it in one zone | the operation's tag |
//! | [`SecurityGroup`] | a set of members with rules | its name in the network, and whose it is |
//! | [`SecurityGroupRule`] | what may come in or go out | what it allows, and whose it is |
//!
//! Lookups: [`AvailabilityZones`], and [`ByTag`] and [`AllByTag`] for objects that others made.
pub(crate) mod by_tag;
mod peer;
mod ports;
pub(crate) mod security_group;
pub(crate) mod security_group_rule;
pub(crate) mod subnet;
#[cfg(feature = "ec2")]
mod tags;
pub(crate) mod vpc;
pub(crate) mod zones;

use std::time::Duration;

pub use by_tag::{AllByTag, ByTag, Tagged, VpcByTag};
pub use peer::Peer;
pub use ports::{Ports, PortsError};
pub use security_group::{SecurityGroup, SecurityGroupArgs, SecurityGroupAttributes, SecurityGroupOutputs};
pub use security_group_rule::{Direction, SecurityGroupRule, SecurityGroupRuleArgs};
pub use subnet::{Subnet, SubnetArgs, SubnetAttributes, SubnetOutputs};
pub use vpc::{Tenancy, Vpc, VpcArgs, VpcAttributes, VpcOutputs};
pub use zones::{AvailabilityZones, Zone, ZoneName};

/// EC2 shows a new object to all readers within seconds; what cannot be seen after this time is not there.
const SETTLE: Duration = Duration::from_secs(10);

/// EC2 takes this many values in one filter.
#[cfg(feature = "ec2")]
const FILTER_VALUES: usize = 200;

/// A filter of a read.
#[cfg(feature = "ec2")]
fn filter(name: &str, values: impl IntoIterator<Item = impl Into<String>>) -> aws_sdk_ec2::types::Filter {
    let values = values.into_iter().map(Into::into).collect();
    aws_sdk_ec2::types::Filter::builder().name(name).set_values(Some(values)).build()
}

/// The ids of objects, in portions that fit into one filter. A filter passes over ids that are not there; a list of ids would not.
#[cfg(feature = "ec2")]
fn id_filters<'a, R: 'a>(
    name: &'a str,
    objects: &'a [purlin_core::driver::Known<R>],
) -> impl Iterator<Item = aws_sdk_ec2::types::Filter> + 'a {
    objects.chunks(FILTER_VALUES).map(move |chunk| filter(name, chunk.iter().map(|o| o.id.as_str())))
}

#[cfg(feature = "ec2")]
use crate::connection::failure::failure;

/// A failed call of EC2.
#[cfg(feature = "ec2")]
fn failed<E>(
    operation: &'static str,
) -> impl FnOnce(
    aws_smithy_runtime_api::client::result::SdkError<E, aws_smithy_runtime_api::client::orchestrator::HttpResponse>,
) -> purlin_core::driver::Failure
where
    E: aws_smithy_types::error::metadata::ProvideErrorMetadata + std::error::Error + 'static,
{
    move |error| failure("ec2", operation, error)
}

/// The call answered without `what`.
#[cfg(feature = "ec2")]
fn lacks(operation: &'static str, what: &str) -> purlin_core::driver::Failure {
    crate::connection::failure::incomplete("ec2", operation, what)
}
