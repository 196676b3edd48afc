//! Spans of time and moments for people.
use std::time::Duration;

use jiff::Timestamp;

/// `0.4s`, `12s`, `3m 05s`, `2h 10m`.
pub fn span(time: Duration) -> String {
    let seconds = time.as_secs();
    match seconds {
        0..10 => format!("{}.{}s", seconds, time.subsec_millis() / 100),
        10..60 => format!("{seconds}s"),
        60..3600 => format!("{}m {:02}s", seconds / 60, seconds % 60),
        _ => format!("{}h {:02}m", seconds / 3600, seconds % 3600 / 60),
    }
}

/// A rough span: `a moment`, `about 40 s`, `about 12 min`, `about 2 h`.
pub fn rough(time: Duration) -> String {
    let seconds = time.as_secs();
    match seconds {
        0..5 => "a moment".to_owned(),
        5..90 => format!("about {} s", seconds.div_ceil(5) * 5),
        90..5400 => format!("about {} min", seconds.div_ceil(60)),
        _ => format!("about {} h", seconds.div_ceil(3600)),
    }
}

/// Milliseconds since 1970 as `2026-03-01 12:00:05Z`.
pub fn moment(millis: u64) -> String {
    let stamp = i64::try_from(millis).ok().and_then(|ms| Timestamp::from_millisecond(ms).ok());
    stamp.map_or_else(|| format!("{millis} ms"), |s| s.strftime("%Y-%m-%d %H:%M:%SZ").to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_have_the_digits_that_matter() {
        let texts = [400, 12_345, 185_000, 7_800_000].map(|ms| span(Duration::from_millis(ms)));
        assert_eq!(texts, ["0.4s", "12s", "3m 05s", "2h 10m"]);
        let texts = [1, 37, 700, 7200].map(|s| rough(Duration::from_secs(s)));
        assert_eq!(texts, ["a moment", "about 40 s", "about 12 min", "about 2 h"]);
    }

    #[test]
    fn moments_are_utc() {
        assert_eq!(moment(1_767_225_605_000), "2026-01-01 00:00:05Z");
        assert_eq!(moment(u64::MAX), format!("{} ms", u64::MAX));
    }
}
