//! Which code answers which lookup: one line a lookup.
#![cfg_attr(not(feature = "ec2"), expect(unused_variables, reason = "only the lookups of EC2 have a query"))]
use purlin_core::{
    Map, Plain, Value,
    driver::{Failure, Kind},
    lookup::Lookup as _,
};

use super::Clients;
use crate::sts;

/// Answers a lookup by its name.
pub(super) async fn answer(clients: &Clients, name: &str, query: &Map) -> Result<Value, Failure> {
    match name {
        sts::CallerIdentity::NAME => Ok(sts::ask(clients).await?.encode()),
        sts::Region::NAME => Ok(sts::Place::of(clients.region()).encode()),
        #[cfg(feature = "ec2")]
        crate::ec2::AvailabilityZones::NAME => Ok(crate::ec2::zones::ask(clients).await?.encode()),
        #[cfg(feature = "ec2")]
        crate::ec2::by_tag::NAME => crate::ec2::by_tag::ask(clients, query).await,
        _ => Err(Failure::new(
            Kind::Invalid,
            format!("this build has no answer to the lookup `{name}` of the provider `aws`"),
        )
        .help("build `purlin-aws` with the feature of the lookup's service, such as `features = [\"ec2\"]`")),
    }
}
