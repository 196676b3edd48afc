//! [`World`]: the clock and the randomness that a run uses. Everything else a run touches is a driver or a store.
//!
//! Waiting goes through `tokio::time`, so a test that pauses tokio's clock makes a whole run deterministic.
use std::sync::Arc;

use purlin_core::SmolStr;

type Fill = dyn Fn(&mut [u8]) + Send + Sync;

/// The clock and the randomness of a run.
#[derive(Clone)]
pub struct World {
    now: Arc<dyn Fn() -> u64 + Send + Sync>,
    random: Arc<Fill>,
}

impl World {
    /// A world of its parts: `now` gives milliseconds since 1970, `random` fills a buffer.
    pub fn new(
        now: impl Fn() -> u64 + Send + Sync + 'static,
        random: impl Fn(&mut [u8]) + Send + Sync + 'static,
    ) -> Self {
        Self { now: Arc::new(now), random: Arc::new(random) }
    }

    /// Milliseconds since 1970.
    pub fn now(&self) -> u64 {
        (self.now)()
    }

    /// Random bytes.
    pub fn random<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        (self.random)(&mut bytes);
        bytes
    }

    /// A new id of 26 characters that sorts by time: 48 bits of milliseconds and 80 random bits in Crockford's base 32, lower case
    /// (the layout of a ULID). It is the token of an operation, or the id of a run.
    pub fn new_id(&self) -> SmolStr {
        const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
        let random: [u8; 10] = self.random();
        let mut bits = u128::from(self.now() & 0xFFFF_FFFF_FFFF) << 80;
        for (i, byte) in random.iter().enumerate() {
            bits |= u128::from(*byte) << (8 * (9 - i));
        }
        let text: String =
            (0..26).rev().map(|i| char::from(ALPHABET[usize::try_from((bits >> (5 * i)) & 31).unwrap_or(0)])).collect();
        text.into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_sort_by_time() {
        let early = World::new(|| 1_700_000_000_000, |b| b.fill(255)).new_id();
        let late = World::new(|| 1_700_000_000_001, |b| b.fill(0)).new_id();
        assert_eq!(early.len(), 26);
        assert!(early < late, "{early} {late}");
    }
}
