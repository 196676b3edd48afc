//! `ec2::Peer`: the other side of a rule.
use purlin_core::{Expr, Handle, IntoInput, Map, Output, Plain, Ref, SmolStr, Value, plain::Mismatch, types::Cidr};

use super::SecurityGroup;

/// The other side of a rule: addresses, the members of a group, or a list of addresses that AWS keeps.
///
/// A rule takes a [`Cidr`], an output of one, or `&group` in its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Peer {
    /// Addresses, of IPv4 or IPv6.
    Cidr(Cidr),
    /// The members of a group: of this network, or of one that it is peered with.
    Group(Ref<SecurityGroup>),
    /// A list of addresses, by its id: `pl-63a5400a`.
    PrefixList(String),
}

const CIDR: SmolStr = SmolStr::new_static("cidr");
const GROUP: SmolStr = SmolStr::new_static("group");
const PREFIX_LIST: SmolStr = SmolStr::new_static("prefix_list");

impl Plain for Peer {
    fn encode(&self) -> Value {
        let (name, value) = match self {
            Self::Cidr(cidr) => (CIDR, cidr.encode()),
            Self::Group(group) => (GROUP, group.encode()),
            Self::PrefixList(id) => (PREFIX_LIST, id.encode()),
        };
        Value::Map(Map::from([(name, value)]))
    }

    fn decode(value: &Value) -> Result<Self, Mismatch> {
        let wrong = || Mismatch::new("one of `cidr`, `group` and `prefix_list`", value);
        let map = value.as_map().filter(|map| map.len() == 1).ok_or_else(wrong)?;
        let (name, inner) = map.iter().next().ok_or_else(wrong)?;
        match name.as_str() {
            "cidr" => Cidr::decode(inner).map(Self::Cidr),
            "group" => Ref::decode(inner).map(Self::Group),
            "prefix_list" => String::decode(inner).map(Self::PrefixList),
            _ => return Err(wrong()),
        }
        .map_err(|e| e.within(name))
    }
}

fn one(name: SmolStr, expr: Expr) -> Expr {
    Expr::Map([(name, expr)].into())
}

impl IntoInput<Peer> for Cidr {
    fn into_expr(self) -> Expr {
        Expr::Value(Peer::Cidr(self).encode())
    }
}

impl IntoInput<Peer> for Output<Cidr> {
    fn into_expr(self) -> Expr {
        one(CIDR, self.expr().clone())
    }
}

impl IntoInput<Peer> for &Output<Cidr> {
    fn into_expr(self) -> Expr {
        one(CIDR, self.expr().clone())
    }
}

impl IntoInput<Peer> for &Handle<SecurityGroup> {
    fn into_expr(self) -> Expr {
        one(GROUP, IntoInput::<Ref<SecurityGroup>>::into_expr(self))
    }
}

impl IntoInput<Peer> for &Output<Ref<SecurityGroup>> {
    fn into_expr(self) -> Expr {
        one(GROUP, self.expr().clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_peer_is_read_back() {
        let peers = [
            Peer::Cidr("10.0.0.0/8".parse().expect("a block")),
            Peer::Group(Ref::from_id("sg-1")),
            Peer::PrefixList("pl-1".into()),
        ];
        for peer in peers {
            assert_eq!(Peer::decode(&peer.encode()), Ok(peer));
        }
    }

    #[test]
    fn a_peer_is_one_thing() {
        let none = Value::Map(Map::new());
        assert_eq!(Peer::decode(&none).expect_err("empty").expected, "one of `cidr`, `group` and `prefix_list`");
        let wrong = Value::Map(Map::from([(CIDR, Value::from("10.0.0.1/8"))]));
        assert_eq!(Peer::decode(&wrong).expect_err("host bits").path, "cidr");
    }
}
