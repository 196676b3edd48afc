//! `ec2::Ports`: the part of the traffic that a rule is about.
use std::{fmt, ops::RangeInclusive, str::FromStr};

use purlin_core::{Plain, Value, plain::Mismatch};

/// A protocol and its ports: `tcp/443`, `udp/1024-65535`, `icmp`, `all`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ports(Traffic);

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Traffic {
    All,
    Tcp(u16, u16),
    Udp(u16, u16),
    /// Type and code; none for all of them.
    Icmp(Option<(u8, Option<u8>)>),
    Icmp6(Option<(u8, Option<u8>)>),
    /// The number of another protocol of IP. It has no ports.
    Protocol(u8),
}

/// A text is not a protocol with ports.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{text:?} is not a protocol with ports: write `tcp/443`, `udp/1024-65535`, `icmp`, `all` or a protocol's number"
)]
pub struct PortsError {
    text: String,
}

impl Ports {
    /// Everything.
    pub const fn all() -> Self {
        Self(Traffic::All)
    }

    /// One port of TCP.
    pub const fn tcp(port: u16) -> Self {
        Self(Traffic::Tcp(port, port))
    }

    /// Ports of TCP: `Ports::tcp_range(1024..=65535)`.
    pub fn tcp_range(ports: RangeInclusive<u16>) -> Self {
        Self(Traffic::Tcp(*ports.start(), *ports.end()))
    }

    /// One port of UDP.
    pub const fn udp(port: u16) -> Self {
        Self(Traffic::Udp(port, port))
    }

    /// Ports of UDP.
    pub fn udp_range(ports: RangeInclusive<u16>) -> Self {
        Self(Traffic::Udp(*ports.start(), *ports.end()))
    }

    /// Messages of ICMP, of all types.
    pub const fn icmp() -> Self {
        Self(Traffic::Icmp(None))
    }

    /// Messages of ICMP, of one type with all its codes: 8 is an echo request.
    pub const fn icmp_type(number: u8) -> Self {
        Self(Traffic::Icmp(Some((number, None))))
    }

    /// Messages of ICMP for IPv6, of all types.
    pub const fn icmp6() -> Self {
        Self(Traffic::Icmp6(None))
    }

    /// Another protocol of IP, by its number: 50 is ESP.
    pub const fn protocol(number: u8) -> Self {
        match number {
            6 => Self(Traffic::Tcp(0, u16::MAX)),
            17 => Self(Traffic::Udp(0, u16::MAX)),
            1 => Self::icmp(),
            58 => Self::icmp6(),
            other => Self(Traffic::Protocol(other)),
        }
    }

    /// The protocol, the first port and the last, as EC2 takes them; for ICMP, the type and the code.
    #[cfg(feature = "ec2")]
    pub(super) fn wire(self) -> (String, i32, i32) {
        fn icmp(which: Option<(u8, Option<u8>)>) -> (i32, i32) {
            match which {
                None => (-1, -1),
                Some((number, code)) => (number.into(), code.map_or(-1, Into::into)),
            }
        }
        match self.0 {
            Traffic::All => ("-1".into(), -1, -1),
            Traffic::Tcp(from, to) => ("tcp".into(), from.into(), to.into()),
            Traffic::Udp(from, to) => ("udp".into(), from.into(), to.into()),
            Traffic::Icmp(which) => ("icmp".into(), icmp(which).0, icmp(which).1),
            Traffic::Icmp6(which) => ("icmpv6".into(), icmp(which).0, icmp(which).1),
            Traffic::Protocol(number) => (number.to_string(), -1, -1),
        }
    }

    /// From what EC2 answers; none where it is nothing that this type knows.
    #[cfg(feature = "ec2")]
    pub(super) fn from_wire(protocol: &str, from: Option<i32>, to: Option<i32>) -> Option<Self> {
        let port = |n: Option<i32>| n.and_then(|n| u16::try_from(n).ok());
        let octet = |n: Option<i32>| n.and_then(|n| u8::try_from(n).ok());
        // -1 stands for all; ports of a protocol that has them are never left out.
        let range = || (port(from).unwrap_or(0), port(to).unwrap_or(u16::MAX));
        let icmp = || octet(from).map(|number| (number, octet(to)));
        Some(Self(match protocol {
            "-1" | "all" => Traffic::All,
            "tcp" | "6" => Traffic::Tcp(range().0, range().1),
            "udp" | "17" => Traffic::Udp(range().0, range().1),
            "icmp" | "1" => Traffic::Icmp(icmp()),
            "icmpv6" | "58" => Traffic::Icmp6(icmp()),
            other => Traffic::Protocol(other.parse().ok()?),
        }))
    }
}

impl fmt::Display for Ports {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let icmp = |f: &mut fmt::Formatter<'_>, name: &str, which: Option<(u8, Option<u8>)>| match which {
            None => f.write_str(name),
            Some((number, None)) => write!(f, "{name}/{number}"),
            Some((number, Some(code))) => write!(f, "{name}/{number}-{code}"),
        };
        match self.0 {
            Traffic::All => f.write_str("all"),
            Traffic::Tcp(from, to) if from == to => write!(f, "tcp/{from}"),
            Traffic::Tcp(from, to) => write!(f, "tcp/{from}-{to}"),
            Traffic::Udp(from, to) if from == to => write!(f, "udp/{from}"),
            Traffic::Udp(from, to) => write!(f, "udp/{from}-{to}"),
            Traffic::Icmp(which) => icmp(f, "icmp", which),
            Traffic::Icmp6(which) => icmp(f, "icmpv6", which),
            Traffic::Protocol(number) => write!(f, "{number}"),
        }
    }
}

impl FromStr for Ports {
    type Err = PortsError;

    fn from_str(text: &str) -> Result<Self, PortsError> {
        let wrong = || PortsError { text: text.to_owned() };
        let (protocol, rest) = text.split_once('/').map_or((text, None), |(p, r)| (p, Some(r)));
        let range = || {
            let Some(rest) = rest else { return Ok((0, u16::MAX)) };
            let (from, to) = rest.split_once('-').unwrap_or((rest, rest));
            let (from, to): (u16, u16) = (from.parse().map_err(|_| wrong())?, to.parse().map_err(|_| wrong())?);
            if from <= to { Ok((from, to)) } else { Err(wrong()) }
        };
        let icmp = || {
            let Some(rest) = rest else { return Ok(None) };
            let (number, code) = rest.split_once('-').map_or((rest, None), |(n, c)| (n, Some(c)));
            let code = code.map(str::parse).transpose().map_err(|_| wrong())?;
            Ok(Some((number.parse().map_err(|_| wrong())?, code)))
        };
        Ok(match (protocol, rest) {
            ("all", None) => Self::all(),
            ("tcp", _) => range().map(|(from, to)| Self(Traffic::Tcp(from, to)))?,
            ("udp", _) => range().map(|(from, to)| Self(Traffic::Udp(from, to)))?,
            ("icmp", _) => Self(Traffic::Icmp(icmp()?)),
            ("icmpv6", _) => Self(Traffic::Icmp6(icmp()?)),
            (number, None) => Self::protocol(number.parse().map_err(|_| wrong())?),
            _ => return Err(wrong()),
        })
    }
}

impl Plain for Ports {
    fn encode(&self) -> Value {
        Value::from(self.to_string())
    }
    fn decode(value: &Value) -> Result<Self, Mismatch> {
        let text = String::decode(value)?;
        text.parse().map_err(|_| Mismatch::new("a protocol with ports, such as `tcp/443`", value))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn every_form() -> Vec<Ports> {
        vec![
            Ports::all(),
            Ports::tcp(443),
            Ports::tcp_range(1024..=65535),
            Ports::udp(53),
            Ports::udp_range(0..=65535),
            Ports::icmp(),
            Ports::icmp_type(8),
            Ports(Traffic::Icmp(Some((3, Some(4))))),
            Ports::icmp6(),
            Ports::protocol(50),
        ]
    }

    #[test]
    fn text_tells_all_and_is_read_back() {
        let texts: Vec<String> = every_form().iter().map(ToString::to_string).collect();
        assert_eq!(
            texts,
            ["all", "tcp/443", "tcp/1024-65535", "udp/53", "udp/0-65535", "icmp", "icmp/8", "icmp/3-4", "icmpv6", "50"]
        );
        let back: Vec<Ports> = texts.iter().map(|text| text.parse().expect("a form")).collect();
        assert_eq!(back, every_form());
    }

    #[test]
    fn what_is_no_form_is_refused() {
        for text in ["", "tcp/70000", "tcp/9-1", "https", "all/1", "icmp/300", "50/1"] {
            assert!(text.parse::<Ports>().is_err(), "{text}");
        }
    }

    #[test]
    fn numbers_of_known_protocols_are_their_names() {
        assert_eq!(Ports::protocol(6), "tcp".parse().expect("all ports"));
        assert_eq!(Ports::protocol(58), Ports::icmp6());
    }

    #[cfg(feature = "ec2")]
    #[test]
    fn ec2_gives_back_what_it_was_given() {
        for ports in every_form() {
            let (protocol, from, to) = ports.wire();
            assert_eq!(Ports::from_wire(&protocol, Some(from), Some(to)), Some(ports));
        }
    }
}
