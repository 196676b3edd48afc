//! [`Size`]: an amount of memory or storage, with its unit.
use std::{fmt, str::FromStr};

use super::duration::{UnitError, quantities};
use crate::{Plain, Value, plain::Mismatch};

/// An amount of bytes. Its value is the number of bytes; it also reads text such as `"20 GiB"`.
///
/// `KiB`, `MiB`, `GiB`, `TiB`, `PiB` count by 1,024; `kB`, `MB`, `GB`, `TB`, `PB` by 1,000.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Size(u64);

const UNITS: &[(&str, u64)] = &[
    ("PiB", 1 << 50),
    ("TiB", 1 << 40),
    ("GiB", 1 << 30),
    ("MiB", 1 << 20),
    ("KiB", 1 << 10),
    ("PB", 1_000_000_000_000_000),
    ("TB", 1_000_000_000_000),
    ("GB", 1_000_000_000),
    ("MB", 1_000_000),
    ("kB", 1_000),
    ("B", 1),
];

impl Size {
    /// So many bytes.
    pub const fn bytes(n: u64) -> Self {
        Self(n)
    }

    /// So many KiB (1,024 bytes).
    pub const fn kib(n: u64) -> Self {
        Self(n.saturating_mul(1 << 10))
    }

    /// So many MiB (1,024 KiB).
    pub const fn mib(n: u64) -> Self {
        Self(n.saturating_mul(1 << 20))
    }

    /// So many GiB (1,024 MiB).
    pub const fn gib(n: u64) -> Self {
        Self(n.saturating_mul(1 << 30))
    }

    /// So many TiB (1,024 GiB).
    pub const fn tib(n: u64) -> Self {
        Self(n.saturating_mul(1 << 40))
    }

    /// The number of bytes.
    pub const fn as_bytes(self) -> u64 {
        self.0
    }

    /// Whole GiB, rounded up: for APIs that count in GiB.
    pub const fn as_gib(self) -> u64 {
        self.0.div_ceil(1 << 30)
    }

    /// Whole MiB, rounded up: for APIs that count in MiB.
    pub const fn as_mib(self) -> u64 {
        self.0.div_ceil(1 << 20)
    }
}

impl FromStr for Size {
    type Err = UnitError;

    fn from_str(text: &str) -> Result<Self, UnitError> {
        quantities(text, UNITS, "a size such as \"20 GiB\"").map(Self)
    }
}

/// In the largest unit that gives a whole number; those that count by 1,024 come first.
impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let unit = UNITS.iter().find(|(_, factor)| self.0 >= *factor && self.0.is_multiple_of(*factor));
        let (name, factor) = unit.copied().unwrap_or(("B", 1));
        write!(f, "{} {name}", self.0 / factor)
    }
}

impl Plain for Size {
    fn encode(&self) -> Value {
        self.0.encode()
    }
    fn decode(value: &Value) -> Result<Self, Mismatch> {
        let wrong = || Mismatch::new("a size such as \"20 GiB\", or a number of bytes", value);
        match String::decode(value) {
            Ok(text) => text.parse().map_err(|e: UnitError| Mismatch::new(e.expected, value)),
            Err(_) => u64::decode(value).map(Self).map_err(|_| wrong()),
        }
    }
}

#[cfg(test)]
mod tests {
    use expect_test::expect;
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn its_text_reads_back_as_itself(bytes in prop_oneof![any::<u64>(), (0..2_000_u64).prop_map(|n| n << 30)]) {
            let size = Size::bytes(bytes);
            prop_assert_eq!(size.to_string().parse(), Ok(size));
        }
    }

    #[test]
    fn sizes_are_read_in_any_unit_and_written_in_the_largest() {
        let told = ["20 GiB", "20GiB", "2048 MiB", "1 GiB 512 MiB", "500 GB", "1500 kB", "0 B", "7 B"]
            .map(|text| format!("{text} = {}", text.parse::<Size>().expect("a size")));
        expect![[r#"
            20 GiB = 20 GiB
            20GiB = 20 GiB
            2048 MiB = 2 GiB
            1 GiB 512 MiB = 1536 MiB
            500 GB = 488281250 KiB
            1500 kB = 1500 kB
            0 B = 0 B
            7 B = 7 B"#]]
        .assert_eq(&told.join("\n"));
        assert_eq!((Size::gib(20).as_gib(), Size::bytes(1).as_gib(), Size::kib(1025).as_mib()), (20, 1, 2));
    }

    #[test]
    fn a_field_reads_text_and_bytes() {
        assert_eq!(Size::decode(&"20 GiB".into()), Ok(Size::gib(20)));
        assert_eq!(Size::decode(&Size::gib(20).encode()), Ok(Size::gib(20)));
        let told =
            [Value::from("20"), Value::from("20 gib"), Value::from("16777216 TiB"), Value::Bool(true), Value::Int(-1)]
                .map(|v| Size::decode(&v).expect_err("not a size").to_string());
        expect![[r#"
            expected a size such as "20 GiB" (units: PiB, TiB, GiB, MiB, KiB, PB, TB, GB, MB, kB, B), found "20"
            expected a size such as "20 GiB" (units: PiB, TiB, GiB, MiB, KiB, PB, TB, GB, MB, kB, B), found "20 gib"
            expected a size such as "20 GiB" (units: PiB, TiB, GiB, MiB, KiB, PB, TB, GB, MB, kB, B), found "16777216 TiB"
            expected a size such as "20 GiB", or a number of bytes, found true
            expected a size such as "20 GiB", or a number of bytes, found -1"#]]
        .assert_eq(&told.join("\n"));
    }
}
