//! Tests of CIDR blocks: against `ipnet`, and the messages that people see.
use expect_test::expect;
use proptest::prelude::*;

use super::*;

fn cidr(text: &str) -> Cidr {
    text.parse().expect("a block")
}

/// Blocks of both families, crowded around a few networks so that they meet.
fn any_cidr() -> impl Strategy<Value = Cidr> {
    let v4 = (any::<u32>(), 0..=32_u8, any::<bool>()).prop_map(|(bits, prefix, near)| {
        let bits = if near { 0x0a00_0000 | (bits & 0xffff) } else { bits };
        IpNet::new_assert(Ipv4Addr::from_bits(bits).into(), prefix)
    });
    let v6 = (any::<u128>(), 0..=128_u8)
        .prop_map(|(bits, prefix)| IpNet::new_assert(Ipv6Addr::from_bits(bits).into(), prefix));
    prop_oneof![v4, v6].prop_map(|net| Cidr(net.trunc()))
}

proptest! {
    #[test]
    fn its_text_reads_back_as_itself(block in any_cidr()) {
        prop_assert_eq!(block.to_string().parse::<Cidr>(), Ok(block));
        prop_assert_eq!(Cidr::decode(&block.encode()), Ok(block));
    }

    #[test]
    fn parts_are_those_of_ipnet(block in any_cidr(), more in 0..=9_u8, skip in 0..40_usize) {
        let prefix = (block.prefix_len() + more).min(block.max_prefix_len());
        let ours: Vec<IpNet> = block.split(prefix).expect("not shorter").map(|b| b.0).collect();
        let theirs: Vec<IpNet> = block.0.subnets(prefix).expect("not shorter").collect();
        prop_assert_eq!(&ours, &theirs);
        prop_assert_eq!(block.split(prefix).expect("not shorter").size_hint(), (ours.len(), Some(ours.len())));
        let mut rest = block.split(prefix).expect("not shorter");
        prop_assert_eq!(rest.nth(skip).map(|b| b.0), theirs.get(skip).copied());
        prop_assert_eq!(rest.next().map(|b| b.0), theirs.get(skip + 1).copied());
        let at = block.subnet(prefix - block.prefix_len(), skip as u128);
        prop_assert_eq!(at.ok().map(|b| b.0), theirs.get(skip).copied());
    }

    #[test]
    fn any_prefix_that_does_not_fit_is_an_error(block in any_cidr(), prefix in any::<u8>()) {
        let fits = prefix >= block.prefix_len() && prefix <= block.max_prefix_len();
        prop_assert_eq!(block.split(prefix).is_ok(), fits);
        prop_assert_eq!(block.split(prefix).is_ok(), block.0.subnets(prefix).is_ok());
    }

    #[test]
    fn containing_and_overlapping_are_those_of_the_addresses(a in any_cidr(), b in any_cidr()) {
        prop_assert_eq!(a.contains(&b), a.0.contains(&b.network()) && a.0.contains(&b.last()));
        prop_assert_eq!(a.overlaps(&b), a.contains_address(b.network()) || b.contains_address(a.network()));
        prop_assert_eq!(a.overlaps(&b), b.overlaps(&a));
    }

    #[test]
    fn addresses_count_from_the_first_to_the_last(block in any_cidr(), index in any::<u64>()) {
        prop_assert_eq!(block.address(0), Some(block.network()));
        prop_assert_eq!(block.address(block.size() - 1).filter(|_| block.prefix_len() > 0 || block.is_ipv4()),
            Some(block.last()).filter(|_| block.prefix_len() > 0 || block.is_ipv4()));
        let inside = block.size() > u128::from(index);
        prop_assert_eq!(block.address(index.into()).is_some(), inside);
        prop_assert!(block.address(index.into()).is_none_or(|a| block.contains_address(a)));
    }

    #[test]
    fn no_text_panics(text in ".{0,24}") {
        let _ = text.parse::<Cidr>();
    }
}

#[test]
fn the_whole_of_ipv6_splits_without_overflow() {
    let all = cidr("::/0");
    assert_eq!(all.split(128).expect("longer").nth(3), Some(cidr("::3/128")));
    assert_eq!(all.split(1).expect("longer").collect::<Vec<_>>(), [cidr("::/1"), cidr("8000::/1")]);
    assert_eq!(all.address(u128::MAX), Some(all.last()));
    assert_eq!(all.subnet(128, u128::MAX), Ok(cidr("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff/128")));
}

#[test]
fn errors_say_what_to_write() {
    let errors = ["10.0.0.0", "10.0.0.1/16", "10.0.0.0/33", "10.0.0.0/016", "10.0.0.0/+8", "fd00::/129", "ten/8", ""];
    let told: Vec<String> = errors.iter().map(|t| t.parse::<Cidr>().expect_err("not a block").to_string()).collect();
    expect![[r#"
        "10.0.0.0" is not a CIDR block: write an address, `/` and the length of the prefix, such as 10.0.0.0/16
        "10.0.0.1/16" has bits set behind its prefix: the network is 10.0.0.0/16
        "10.0.0.0/33" is not a CIDR block: its prefix can have at most 32 bits
        "10.0.0.0/016" is not a CIDR block: write an address, `/` and the length of the prefix, such as 10.0.0.0/16
        "10.0.0.0/+8" is not a CIDR block: write an address, `/` and the length of the prefix, such as 10.0.0.0/16
        "fd00::/129" is not a CIDR block: its prefix can have at most 128 bits
        "ten/8" is not a CIDR block: write an address, `/` and the length of the prefix, such as 10.0.0.0/16
        "" is not a CIDR block: write an address, `/` and the length of the prefix, such as 10.0.0.0/16"#]]
    .assert_eq(&told.join("\n"));
}

#[test]
fn parts_that_there_are_not_are_errors() {
    let block = cidr("10.0.0.0/16");
    let told = [
        block.split(12).expect_err("shorter").to_string(),
        block.split(40).expect_err("longer than an address").to_string(),
        block.subnet(4, 16).expect_err("there are 16").to_string(),
        block.subnet(200, 0).expect_err("longer than an address").to_string(),
    ];
    expect![[r#"
        10.0.0.0/16 cannot be split into /12: its parts need a prefix of 16 to 32 bits
        10.0.0.0/16 cannot be split into /40: its parts need a prefix of 16 to 32 bits
        10.0.0.0/16 has no part 16 of size /20: there are 16, counted from 0
        10.0.0.0/16 cannot be split into /216: its parts need a prefix of 16 to 32 bits"#]]
    .assert_eq(&told.join("\n"));
}

#[test]
fn private_shared_and_public_are_told_apart() {
    let kind = |text: &str| (cidr(text).is_private(), cidr(text).is_shared());
    for text in ["10.0.0.0/8", "10.255.0.0/16", "172.16.0.0/12", "172.31.255.255/32", "192.168.7.0/24", "fd12::/48"] {
        assert_eq!(kind(text), (true, false), "{text}");
    }
    for text in ["100.64.0.0/10", "100.127.0.0/16"] {
        assert_eq!(kind(text), (false, true), "{text}");
    }
    for text in ["0.0.0.0/0", "10.0.0.0/7", "172.32.0.0/16", "100.128.0.0/16", "100.0.0.0/8", "2001:db8::/32", "::/0"] {
        assert_eq!(kind(text), (false, false), "{text}");
    }
}

#[test]
fn a_field_reads_every_spelling_of_a_block_and_explains_what_it_cannot_read() {
    assert_eq!(Cidr::decode(&"FD00:0::/48".into()).map(|c| c.to_string()), Ok("fd00::/48".into()));
    let told = [Value::from("10.0.0.1/16"), Value::from("10.0.0.0/99"), Value::from("x"), Value::Int(10)]
        .map(|v| Cidr::decode(&v).expect_err("not a block").to_string());
    expect![[r#"
        expected a network, such as "10.0.0.0/16", found "10.0.0.1/16"
        expected a CIDR block with a prefix of at most 32, found "10.0.0.0/99"
        expected a CIDR block such as "10.0.0.0/16", found "x"
        expected a CIDR block such as "10.0.0.0/16", found 10"#]]
    .assert_eq(&told.join("\n"));
}

#[test]
fn a_part_of_an_output_is_an_output() {
    struct Known(Value);
    impl crate::expr::Attributes for Known {
        fn attribute(&self, _: crate::NodeId, _: &str) -> Value {
            self.0.clone()
        }
    }
    let block: Output<Cidr> = Output::attribute(crate::NodeId::from_index(0), "cidr");
    let part = block.subnet(4, 2);
    assert_eq!(part.expr().eval(&Known("10.0.0.0/16".into())), Ok("10.0.32.0/20".into()));
    let unknown = part.expr().eval(&Known(Value::unknown("vpc.cidr"))).expect("no failure");
    assert_eq!(unknown.display(), "subnet(${vpc.cidr}, 4, 2)");
    let error = block.subnet(4, 16).expr().eval(&Known("10.0.0.0/16".into())).expect_err("there are 16");
    assert_eq!(error.message, "10.0.0.0/16 has no part 16 of size /20: there are 16, counted from 0");
}
