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
#[cfg(feature = "ec2")]
mod calls;
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
