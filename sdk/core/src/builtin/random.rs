//! Random choices from the entropy of a call.
//!
//! SHA-256 in counter mode over the run's entropy, the operation and the path: two operations of a run share no stream,
//! and the same operation repeated makes the same choices.
use sha2::{Digest as _, Sha256};

use crate::driver::Call;

/// A stream of random bytes.
pub(super) struct Stream {
    key: [u8; 32],
    counter: u64,
    block: [u8; 32],
    used: usize,
}

impl Stream {
    /// The stream of a call.
    pub(super) fn new(call: &Call) -> Self {
        let mut hash = Sha256::new();
        hash.update(b"purlin random 1");
        hash.update(call.entropy.0);
        for part in [call.operation.as_str(), call.address.path.as_str(), call.address.ty.as_str()] {
            // With its length before it, no part can pass for the end of another.
            hash.update((part.len() as u64).to_le_bytes());
            hash.update(part);
        }
        Self { key: hash.finalize().into(), counter: 0, block: [0; 32], used: 32 }
    }

    /// The next byte.
    pub(super) fn byte(&mut self) -> u8 {
        if self.used == self.block.len() {
            let mut hash = Sha256::new();
            hash.update(self.key);
            hash.update(self.counter.to_le_bytes());
            self.block = hash.finalize().into();
            self.counter += 1;
            self.used = 0;
        }
        let byte = self.block[self.used];
        self.used += 1;
        byte
    }

    /// A number from 0 to `bound` - 1, each as likely as the next. `bound` is 1 at least.
    pub(super) fn below(&mut self, bound: u32) -> u32 {
        // Numbers of the last, incomplete round of `bound` would make small ones likelier: draw again.
        let fair = u32::MAX - u32::MAX % bound;
        loop {
            let drawn = u32::from_le_bytes(std::array::from_fn(|_| self.byte()));
            if drawn < fair {
                return drawn % bound;
            }
        }
    }

    /// One of `items`. They are one at least.
    pub(super) fn choose<T: Copy>(&mut self, items: &[T]) -> T {
        items[self.position(items.len())]
    }

    /// Puts `items` into a random order (Fisher and Yates).
    pub(super) fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            let other = self.position(last + 1);
            items.swap(last, other);
        }
    }

    fn position(&mut self, len: usize) -> usize {
        self.below(u32::try_from(len).unwrap_or(u32::MAX)) as usize
    }
}

#[cfg(test)]
mod tests {
    use super::{super::tests::call, *};

    #[test]
    fn a_repeated_operation_chooses_the_same_and_another_does_not() {
        let draw = |operation: &str| {
            let mut stream = Stream::new(&call(operation));
            std::array::from_fn::<u8, 40, _>(|_| stream.byte())
        };
        assert_eq!(draw("a"), draw("a"));
        assert_ne!(draw("a"), draw("b"));
    }

    #[test]
    fn every_number_is_as_likely_as_the_next() {
        let mut stream = Stream::new(&call("a"));
        let mut seen = [0u32; 7];
        for _ in 0..70_000 {
            seen[stream.below(7) as usize] += 1;
        }
        // Ten thousand each, with a standard deviation of 93: six of them is never passed by chance.
        assert!(seen.iter().all(|n| n.abs_diff(10_000) < 560), "{seen:?}");
    }
}
