//! `ec2::AvailabilityZones`: the zones that a network can span.
use std::fmt;

use purlin_core::{
    Expr, IntoInput, Map, Object, Plain, SmolStr, Value, lookup::Lookup, plain::Mismatch, provider::ProviderKind,
};

use crate::AWS;

/// Asks for the zones of the region: `let zones = stack.lookup(ec2::AvailabilityZones::standard())?;`.
///
/// The answer is a list of [`Zone`]s, sorted by name. An account keeps its zones, so the list is the same in every plan
/// unless AWS opens a new one.
#[derive(Clone, Copy, Debug)]
pub struct AvailabilityZones(());

impl AvailabilityZones {
    /// The zones that are in every account: available, without opt-in; no local zones, no wavelength zones.
    pub fn standard() -> Self {
        Self(())
    }
}

impl Lookup for AvailabilityZones {
    type Answer = Vec<Zone>;
    const NAME: &'static str = "aws:ec2:AvailabilityZones";
    const ACTIONS: &'static [&'static str] = &["ec2:DescribeAvailabilityZones"];
    const PROVIDER: &'static dyn ProviderKind = &AWS;

    fn query(&self) -> Map {
        Map::new()
    }
}

/// An availability zone.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Object)]
pub struct Zone {
    /// Its name in this account: `eu-west-1a`. In another account the same name may be another place.
    name: String,
    /// Its name in all accounts: `euw1-az2`.
    id: String,
}

impl Zone {
    /// A zone by its name and its id, as a lookup would answer: for tests.
    pub fn new(name: impl Into<String>, id: impl Into<String>) -> Self {
        Self { name: name.into(), id: id.into() }
    }

    /// Its name in this account: `eu-west-1a`.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its name in all accounts: `euw1-az2`.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// What tells it from the other zones of the region: the `a` of `eu-west-1a`.
    pub fn suffix(&self) -> &str {
        let letters = self.name.trim_end_matches(|c: char| c.is_ascii_lowercase());
        &self.name[letters.len()..]
    }
}

impl fmt::Display for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}

/// The name of a zone in this account: what a field holds. A field takes a [`Zone`], its name as text, or another
/// resource's zone.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ZoneName(SmolStr);

impl ZoneName {
    /// `eu-west-1a`
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<&str> for ZoneName {
    fn from(name: &str) -> Self {
        Self(name.into())
    }
}

impl fmt::Display for ZoneName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Plain for ZoneName {
    fn encode(&self) -> Value {
        Value::Str(self.0.clone())
    }
    fn decode(value: &Value) -> Result<Self, Mismatch> {
        SmolStr::decode(value).map(Self).map_err(|_| Mismatch::new("the name of a zone", value))
    }
}

impl purlin_core::output::FormatPlain for ZoneName {}

impl IntoInput<ZoneName> for &Zone {
    fn into_expr(self) -> Expr {
        Expr::Value(self.name.as_str().into())
    }
}

impl IntoInput<ZoneName> for Zone {
    fn into_expr(self) -> Expr {
        (&self).into_expr()
    }
}

impl IntoInput<ZoneName> for &str {
    fn into_expr(self) -> Expr {
        Expr::Value(self.into())
    }
}

/// Asks EC2. Which zones are standard is decided here and not by a filter, so that an answer without the newer
/// attributes counts too.
#[cfg(feature = "ec2")]
pub(crate) async fn ask(clients: &crate::connection::Clients) -> Result<Vec<Zone>, purlin_core::driver::Failure> {
    use aws_sdk_ec2::types::{AvailabilityZone, AvailabilityZoneOptInStatus, AvailabilityZoneState};

    let standard = |zone: &AvailabilityZone| {
        matches!(zone.state(), None | Some(AvailabilityZoneState::Available))
            && matches!(zone.opt_in_status(), None | Some(AvailabilityZoneOptInStatus::OptInNotRequired))
            && matches!(zone.zone_type(), None | Some("availability-zone"))
    };
    let answer = clients.ec2().describe_availability_zones().send().await;
    let answer = answer.map_err(super::calls::failed("DescribeAvailabilityZones"))?;
    let mut zones: Vec<Zone> = answer
        .availability_zones()
        .iter()
        .filter(|zone| standard(zone))
        .filter_map(|zone| Some(Zone::new(zone.zone_name()?, zone.zone_id()?)))
        .collect();
    zones.sort();
    Ok(zones)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_suffix_is_what_follows_the_region() {
        assert_eq!(Zone::new("eu-west-1a", "euw1-az2").suffix(), "a");
        assert_eq!(Zone::new("us-gov-west-1c", "usgw1-az3").suffix(), "c");
    }

    #[test]
    fn a_field_holds_the_name() {
        let zone = Zone::new("eu-west-1a", "euw1-az2");
        let Expr::Value(value) = IntoInput::<ZoneName>::into_expr(&zone) else { panic!("a zone is known") };
        assert_eq!(ZoneName::decode(&value).expect("a name").as_str(), "eu-west-1a");
    }

    #[cfg(feature = "ec2")]
    #[tokio::test]
    async fn the_lookup_gives_the_zones_in_order() {
        use purlin_core::provider::Connection as _;

        let aws = purlin_tests::AwsAccount::fresh().expect("moto");
        let connection = crate::testing::connect(&aws).await;
        let answer = connection.lookup(AvailabilityZones::NAME, &AvailabilityZones::standard().query()).await;
        let zones = Vec::<Zone>::decode(&answer.expect("an answer")).expect("zones");
        let names: Vec<&str> = zones.iter().map(Zone::name).collect();
        assert_eq!(names, ["eu-west-1a", "eu-west-1b", "eu-west-1c"]);
        assert!(zones.iter().all(|zone| zone.id().starts_with("euw1-az")), "{zones:?}");
    }
}
