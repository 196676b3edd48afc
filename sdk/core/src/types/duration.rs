//! Durations as people write them: `90s`, `1h30m`. And [`Days`], for rules that count in days.
//!
//! A field's duration is a [`std::time::Duration`], whose value is milliseconds; this file only reads and writes its text.
use std::{fmt, time::Duration};

use crate::{Plain, Value, plain::Mismatch};

/// A text is not an amount with a unit.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected {expected}, found {found:?}")]
pub struct UnitError {
    /// What is needed, with the units that there are.
    pub expected: String,
    /// The text.
    pub found: String,
}

const UNITS: &[(&str, u64)] =
    &[("w", 604_800_000), ("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1_000), ("ms", 1)];

/// Reads a duration: whole numbers with the units `w`, `d`, `h`, `m`, `s`, `ms`, from large to small: `5m`, `1h30m`, `1h 30m`.
///
/// # Errors
/// Another text, or one that is too large for 64 bits of milliseconds.
pub fn parse(text: &str) -> Result<Duration, UnitError> {
    quantities(text, UNITS, "a duration such as \"90s\", \"5m\" or \"1h30m\"").map(Duration::from_millis)
}

/// The text of a duration: `1h30m`. Below milliseconds it is cut.
pub fn text(duration: Duration) -> String {
    let mut left = u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
    if left == 0 {
        return "0s".to_owned();
    }
    let mut out = String::new();
    // Weeks are read but not written: `30d` is plainer than `4w2d`.
    for (name, factor) in &UNITS[1..] {
        if left >= *factor {
            out.push_str(&format!("{}{name}", left / factor));
            left %= factor;
        }
    }
    out
}

/// Sums whole numbers with units, each unit smaller than the one before.
pub(super) fn quantities(text: &str, units: &[(&str, u64)], example: &str) -> Result<u64, UnitError> {
    let wrong = || {
        let names: Vec<&str> = units.iter().map(|(name, _)| *name).collect();
        UnitError { expected: format!("{example} (units: {})", names.join(", ")), found: text.to_owned() }
    };
    let mut rest = text.trim();
    let mut total: u64 = 0;
    let mut smallest = u64::MAX;
    if rest.is_empty() {
        return Err(wrong());
    }
    while !rest.is_empty() {
        let digits = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        let (number, behind) = rest.split_at(digits);
        let behind = behind.trim_start();
        let letters = behind.len() - behind.trim_start_matches(|c: char| c.is_ascii_alphabetic()).len();
        let (unit, behind) = behind.split_at(letters);
        let number: u64 = number.parse().map_err(|_| wrong())?;
        let (_, factor) = units.iter().find(|(name, _)| *name == unit).ok_or_else(wrong)?;
        if *factor >= smallest {
            return Err(wrong());
        }
        smallest = *factor;
        total = number.checked_mul(*factor).and_then(|n| total.checked_add(n)).ok_or_else(wrong)?;
        rest = behind.trim_start();
    }
    Ok(total)
}

/// Whole days, for rules that count in them: how long a version of an object is kept. Its value is the number of days; it also
/// reads text such as `"30d"`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Days(pub u32);

impl fmt::Display for Days {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}d", self.0)
    }
}

impl Plain for Days {
    fn encode(&self) -> Value {
        self.0.encode()
    }
    fn decode(value: &Value) -> Result<Self, Mismatch> {
        let wrong = || Mismatch::new("a number of days, or text such as \"30d\"", value);
        let days = match String::decode(value) {
            Ok(text) => quantities(&text, &[("w", 7), ("d", 1)], "days").map_err(|_| wrong())?,
            Err(_) => u64::decode(value).map_err(|_| wrong())?,
        };
        u32::try_from(days).map(Self).map_err(|_| wrong())
    }
}

#[cfg(test)]
mod tests {
    use expect_test::expect;
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn its_text_reads_back_as_itself(millis in any::<u64>()) {
            let duration = Duration::from_millis(millis);
            prop_assert_eq!(parse(&text(duration)), Ok(duration));
        }

        #[test]
        fn no_text_panics(text in "[0-9wdhms ]{0,24}") {
            let _ = parse(&text);
        }
    }

    #[test]
    fn durations_as_people_write_them() {
        let told = ["90s", "5m", "1h30m", "1h 30m", "36h", "2w", "1500ms", " 10 s "]
            .map(|t| format!("{t} = {}", text(parse(t).expect("a duration"))));
        expect![[r#"
            90s = 1m30s
            5m = 5m
            1h30m = 1h30m
            1h 30m = 1h30m
            36h = 1d12h
            2w = 14d
            1500ms = 1s500ms
             10 s  = 10s"#]]
        .assert_eq(&told.join("\n"));
        assert_eq!(text(Duration::from_nanos(1)), "0s");
    }

    #[test]
    fn what_is_no_duration_is_refused() {
        for wrong in
            ["", "5", "m", "5 minutes", "30m1h", "1m1m", "-5m", "1.5h", "99999999999999999999s", "300000000000w"]
        {
            assert_eq!(parse(wrong).expect_err(wrong).found, wrong);
        }
        let error = Duration::decode(&"5 minutes".into()).expect_err("no such unit");
        expect![[
            r#"expected a duration such as "90s", "5m" or "1h30m" (units: w, d, h, m, s, ms), found "5 minutes""#
        ]]
        .assert_eq(&error.to_string());
    }

    #[test]
    fn a_field_reads_text_and_milliseconds() {
        let half_an_hour = Duration::from_secs(1800);
        assert_eq!(Duration::decode(&"30m".into()), Ok(half_an_hour));
        assert_eq!(Duration::decode(&half_an_hour.encode()), Ok(half_an_hour));
    }

    #[test]
    fn days_are_numbers_or_text() {
        assert_eq!(Days::decode(&Value::Int(30)), Ok(Days(30)));
        assert_eq!(Days::decode(&"2w".into()), Ok(Days(14)));
        assert_eq!(Days(30).to_string(), "30d");
        let error = Days::decode(&"30h".into()).expect_err("hours are not whole days");
        assert_eq!(error.to_string(), r#"expected a number of days, or text such as "30d", found "30h""#);
        assert!(Days::decode(&Value::Int(i64::MAX)).is_err());
    }
}
