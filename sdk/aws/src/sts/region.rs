//! `sts::Region`: the region that the provider works in.
use purlin_core::{Map, Object, lookup::Lookup, provider::ProviderKind};

use crate::{AWS, facts};

/// Asks where we are: `let place = stack.lookup(sts::Region)?;`. Makes no call.
#[derive(Clone, Copy, Debug, Default)]
pub struct Region;

/// A region.
#[derive(Clone, Debug, PartialEq, Eq, Object)]
pub struct Place {
    /// `eu-west-1`
    pub region: String,
    /// The partition that the region is in: `aws`, `aws-cn`, `aws-us-gov`, …
    pub partition: String,
    /// What the names of the region's endpoints end with: `amazonaws.com`.
    pub dns_suffix: String,
}

impl Place {
    /// The place of a region.
    pub fn of(region: &str) -> Self {
        let partition = facts::partition_of(region);
        let dns_suffix = match partition {
            "aws-cn" => "amazonaws.com.cn",
            "aws-iso" => "c2s.ic.gov",
            "aws-iso-b" => "sc2s.sgov.gov",
            "aws-iso-e" => "cloud.adc-e.uk",
            "aws-iso-f" => "csp.hci.ic.gov",
            "aws-eusc" => "amazonaws.eu",
            _ => "amazonaws.com",
        };
        Self { region: region.into(), partition: partition.into(), dns_suffix: dns_suffix.into() }
    }
}

impl Lookup for Region {
    type Answer = Place;
    const NAME: &'static str = "aws:sts:Region";
    const PROVIDER: &'static dyn ProviderKind = &AWS;

    fn query(&self) -> Map {
        Map::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_region_tells_partition_and_suffix() {
        let place = Place::of("cn-north-1");
        assert_eq!((place.partition.as_str(), place.dns_suffix.as_str()), ("aws-cn", "amazonaws.com.cn"));
        assert_eq!(Place::of("eu-west-1").dns_suffix, "amazonaws.com");
    }
}
