//! [`Cidr`]: a range of IP addresses, `10.0.0.0/16` or `fd00::/48`.
//!
//! Always a network: a text with bits set behind the prefix is refused, with the network that was probably meant.
use std::{
    fmt,
    iter::FusedIterator,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    str::FromStr,
};

use ipnet::IpNet;

use crate::{Expr, Output, Plain, Value, expr::Function, plain::Mismatch};

/// A range of IPv4 or IPv6 addresses in CIDR notation.
///
/// ```
/// use purlin_core::types::Cidr;
///
/// let block: Cidr = "10.0.0.0/16".parse()?;
/// let zones: Vec<String> = block.split(20)?.take(2).map(|b| b.to_string()).collect();
/// assert_eq!(zones, ["10.0.0.0/20", "10.0.16.0/20"]);
/// # Ok::<(), purlin_core::types::CidrError>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Cidr(IpNet);

/// A text is not a CIDR block, or a block has no such part.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CidrError {
    /// Not an address, a slash and a number.
    #[error("{0:?} is not a CIDR block: write an address, `/` and the length of the prefix, such as 10.0.0.0/16")]
    Syntax(String),
    /// The prefix is longer than an address.
    #[error("{text:?} is not a CIDR block: its prefix can have at most {max} bits")]
    Prefix {
        /// The text.
        text: String,
        /// 32 for IPv4, 128 for IPv6.
        max: u8,
    },
    /// An address inside of a network, not the network.
    #[error("{text:?} has bits set behind its prefix: the network is {network}")]
    HostBits {
        /// The text.
        text: String,
        /// The network that the address is in.
        network: Cidr,
    },
    /// Parts would be larger than the whole.
    #[error("{block} cannot be split into /{prefix}: its parts need a prefix of {} to {} bits", block.prefix_len(), block.max_prefix_len())]
    Split {
        /// The block.
        block: Cidr,
        /// The prefix that was asked for.
        prefix: u8,
    },
    /// There are fewer parts.
    #[error("{block} has no part {index} of size /{prefix}: there are {count}, counted from 0")]
    NoSuchPart {
        /// The block.
        block: Cidr,
        /// The prefix of the parts.
        prefix: u8,
        /// The part that was asked for.
        index: u128,
        /// How many parts there are.
        count: u128,
    },
}

impl Cidr {
    /// A block from its first address and the length of its prefix.
    ///
    /// # Errors
    /// The prefix is longer than the address, or bits are set behind it.
    pub fn new(address: IpAddr, prefix_len: u8) -> Result<Self, CidrError> {
        let text = || format!("{address}/{prefix_len}");
        let max = if address.is_ipv4() { 32 } else { 128 };
        let net = IpNet::new(address, prefix_len).map_err(|_| CidrError::Prefix { text: text(), max })?;
        let network = Self(net.trunc());
        if net == network.0 { Ok(network) } else { Err(CidrError::HostBits { text: text(), network }) }
    }

    /// The first address.
    pub fn network(&self) -> IpAddr {
        self.0.network()
    }

    /// The last address.
    pub fn last(&self) -> IpAddr {
        self.0.broadcast()
    }

    /// The length of the prefix in bits.
    pub fn prefix_len(&self) -> u8 {
        self.0.prefix_len()
    }

    /// The longest prefix there can be: 32 for IPv4, 128 for IPv6.
    pub fn max_prefix_len(&self) -> u8 {
        self.0.max_prefix_len()
    }

    /// True for IPv4.
    pub fn is_ipv4(&self) -> bool {
        matches!(self.0, IpNet::V4(_))
    }

    /// How many addresses there are, the first and the last among them. `::/0` has one more than this can say.
    pub fn size(&self) -> u128 {
        1_u128.checked_shl(u32::from(self.max_prefix_len() - self.prefix_len())).unwrap_or(u128::MAX)
    }

    /// The address at `index`, counted from 0; none behind the last.
    pub fn address(&self, index: u128) -> Option<IpAddr> {
        (index <= self.last_index(self.max_prefix_len())).then(|| self.address_at(index))
    }

    /// The parts that have `prefix_len` bits of prefix, from low to high. They are made as they are asked for.
    ///
    /// # Errors
    /// The prefix is shorter than the block's own, or longer than an address.
    pub fn split(&self, prefix_len: u8) -> Result<Subnets, CidrError> {
        if prefix_len < self.prefix_len() || prefix_len > self.max_prefix_len() {
            return Err(CidrError::Split { block: *self, prefix: prefix_len });
        }
        Ok(Subnets { block: *self, prefix_len, next: Some(0), last: self.last_index(prefix_len) })
    }

    /// The part at `index`, counted from 0, of those that have `new_bits` more bits of prefix.
    ///
    /// # Errors
    /// The new prefix is longer than an address, or there are fewer parts.
    pub fn subnet(&self, new_bits: u8, index: u128) -> Result<Self, CidrError> {
        let prefix = self.prefix_len().saturating_add(new_bits);
        let parts = self.split(prefix)?;
        if index > parts.last {
            let count = parts.last.saturating_add(1);
            return Err(CidrError::NoSuchPart { block: *self, prefix, index, count });
        }
        Ok(self.part(prefix, index))
    }

    /// True when every address of `other` is in this block. Addresses of IPv4 are never in a block of IPv6.
    pub fn contains(&self, other: &Self) -> bool {
        self.0.contains(&other.0)
    }

    /// True when the address is in this block.
    pub fn contains_address(&self, address: IpAddr) -> bool {
        self.0.contains(&address)
    }

    /// True when some address is in both.
    pub fn overlaps(&self, other: &Self) -> bool {
        self.contains(other) || other.contains(self)
    }

    /// True when the whole block is private: RFC 1918 (`10.0.0.0/8`, `172.16.0.0/12`, `192.168.0.0/16`) or, for IPv6, the unique
    /// local addresses of RFC 4193 (`fc00::/7`). See [`Cidr::is_shared`] for RFC 6598.
    pub fn is_private(&self) -> bool {
        [
            within_v4(Ipv4Addr::new(10, 0, 0, 0), 8),
            within_v4(Ipv4Addr::new(172, 16, 0, 0), 12),
            within_v4(Ipv4Addr::new(192, 168, 0, 0), 16),
            IpNet::new_assert(IpAddr::V6(Ipv6Addr::new(0xfc00, 0, 0, 0, 0, 0, 0, 0)), 7),
        ]
        .iter()
        .any(|range| range.contains(&self.0))
    }

    /// True when the whole block is in the shared address space of carrier-grade NAT (RFC 6598, `100.64.0.0/10`): neither
    /// private nor public, and often the second range of a network whose pods need many addresses.
    pub fn is_shared(&self) -> bool {
        within_v4(Ipv4Addr::new(100, 64, 0, 0), 10).contains(&self.0)
    }

    /// The index of the last part with this prefix. Not the count: `::/0` has 2^128 addresses.
    fn last_index(&self, prefix_len: u8) -> u128 {
        match prefix_len - self.prefix_len() {
            0 => 0,
            bits => u128::MAX >> (128 - bits),
        }
    }

    fn part(&self, prefix_len: u8, index: u128) -> Self {
        let behind = u32::from(self.max_prefix_len() - prefix_len);
        let address = self.address_at(index.checked_shl(behind).unwrap_or(0));
        Self(IpNet::new_assert(address, prefix_len))
    }

    fn address_at(&self, offset: u128) -> IpAddr {
        match self.network() {
            // An offset in a block of IPv4 has at most 32 bits.
            IpAddr::V4(first) => {
                Ipv4Addr::from_bits(first.to_bits() | u32::try_from(offset).unwrap_or(u32::MAX)).into()
            }
            IpAddr::V6(first) => Ipv6Addr::from_bits(first.to_bits() | offset).into(),
        }
    }
}

fn within_v4(address: Ipv4Addr, prefix_len: u8) -> IpNet {
    IpNet::new_assert(IpAddr::V4(address), prefix_len)
}

/// The parts of a block: see [`Cidr::split`].
#[derive(Clone, Debug)]
pub struct Subnets {
    block: Cidr,
    prefix_len: u8,
    next: Option<u128>,
    last: u128,
}

impl Iterator for Subnets {
    type Item = Cidr;

    fn next(&mut self) -> Option<Cidr> {
        self.nth(0)
    }

    // At once: the millionth part of an IPv6 block costs as much as the first.
    fn nth(&mut self, n: usize) -> Option<Cidr> {
        let index = self.next?.checked_add(n as u128).filter(|index| *index <= self.last);
        self.next = index.and_then(|index| index.checked_add(1));
        index.map(|index| self.block.part(self.prefix_len, index))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        match self.next {
            Some(next) if next <= self.last => {
                let left = usize::try_from(self.last - next).ok().and_then(|n| n.checked_add(1));
                (left.unwrap_or(usize::MAX), left)
            }
            _ => (0, Some(0)),
        }
    }
}

impl FusedIterator for Subnets {}

impl FromStr for Cidr {
    type Err = CidrError;

    fn from_str(text: &str) -> Result<Self, CidrError> {
        let syntax = || CidrError::Syntax(text.to_owned());
        let (address, prefix) = text.trim().split_once('/').ok_or_else(syntax)?;
        let address: IpAddr = address.parse().map_err(|_| syntax())?;
        if prefix.is_empty()
            || !prefix.bytes().all(|b| b.is_ascii_digit())
            || (prefix.len() > 1 && prefix.starts_with('0'))
        {
            return Err(syntax());
        }
        let max = if address.is_ipv4() { 32 } else { 128 };
        let prefix = prefix.parse().map_err(|_| CidrError::Prefix { text: text.to_owned(), max })?;
        Self::new(address, prefix)
    }
}

impl fmt::Display for Cidr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for Cidr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Plain for Cidr {
    fn encode(&self) -> Value {
        self.to_string().into()
    }
    fn decode(value: &Value) -> Result<Self, Mismatch> {
        let text = String::decode(value).map_err(|_| Mismatch::new("a CIDR block such as \"10.0.0.0/16\"", value))?;
        text.parse().map_err(|e| match e {
            CidrError::HostBits { network, .. } => Mismatch::new(format!("a network, such as \"{network}\""), value),
            CidrError::Prefix { max, .. } => {
                Mismatch::new(format!("a CIDR block with a prefix of at most {max}"), value)
            }
            _ => Mismatch::new("a CIDR block such as \"10.0.0.0/16\"", value),
        })
    }
}

impl Output<Cidr> {
    /// The part at `index`, counted from 0, of those that have `new_bits` more bits of prefix. See [`Cidr::subnet`]; where there is
    /// no such part, the plan stops.
    #[must_use]
    pub fn subnet(&self, new_bits: u8, index: u32) -> Self {
        let args = [self.expr().clone(), Value::Int(new_bits.into()).into(), Value::Int(index.into()).into()];
        Self::from_expr(Expr::Apply(Function::Subnet, args.into()))
    }
}

/// What [`Function::Subnet`] gives: the block, the bits and the index are its arguments.
pub(crate) fn evaluate_subnet(args: &[Value]) -> Result<Value, String> {
    let [block, new_bits, index] = args else {
        return Err("a block, a number of bits and an index are needed".to_owned());
    };
    let block = Cidr::decode(block).map_err(|e| e.to_string())?;
    let new_bits = u8::decode(new_bits).map_err(|e| e.to_string())?;
    let index = u32::decode(index).map_err(|e| e.to_string())?;
    block.subnet(new_bits, index.into()).map(|part| part.encode()).map_err(|e| e.to_string())
}

#[cfg(test)]
mod tests;
