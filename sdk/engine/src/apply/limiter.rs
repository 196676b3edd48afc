//! How many operations run at once, for each provider: more while all goes well, half as many when the provider throttles.
//!
//! Additive increase, multiplicative decrease, as congestion control in TCP (RFC 5681): it finds the rate that an account allows without
//! being told, and shares it fairly with whoever else works there.
use std::collections::BTreeMap;

use purlin_core::SmolStr;

/// Where a provider starts: enough to hide latency, below what any AWS API throttles.
const START: f64 = 16.0;

/// The limits of a run.
pub(crate) struct Limiter {
    most: f64,
    lanes: BTreeMap<SmolStr, Lane>,
}

struct Lane {
    limit: f64,
    running: usize,
    /// Successes until the next throttle counts: one burst of refusals is one signal.
    deaf: usize,
}

impl Limiter {
    pub(crate) fn new(most: usize) -> Self {
        let most = u32::try_from(most.max(1)).unwrap_or(u32::MAX);
        Self { most: f64::from(most), lanes: BTreeMap::new() }
    }

    fn lane(&mut self, provider: &SmolStr) -> &mut Lane {
        let start = START.min(self.most);
        self.lanes.entry(provider.clone()).or_insert(Lane { limit: start, running: 0, deaf: 0 })
    }

    /// Takes a place, if there is one.
    pub(crate) fn take(&mut self, provider: &SmolStr) -> bool {
        let lane = self.lane(provider);
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a limit is small and positive")]
        let free = lane.running < lane.limit as usize;
        if free {
            lane.running += 1;
        }
        free
    }

    /// Gives a place back after an operation that was not throttled.
    pub(crate) fn give(&mut self, provider: &SmolStr) {
        let most = self.most;
        let lane = self.lane(provider);
        lane.running = lane.running.saturating_sub(1);
        lane.deaf = lane.deaf.saturating_sub(1);
        lane.limit = (lane.limit + 1.0 / lane.limit).min(most);
    }

    /// The provider refused a call for its rate.
    pub(crate) fn throttled(&mut self, provider: &SmolStr) {
        let lane = self.lane(provider);
        if lane.deaf == 0 {
            lane.limit = (lane.limit / 2.0).max(1.0);
            lane.deaf = lane.running;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn width(limiter: &mut Limiter, provider: &SmolStr) -> usize {
        let mut taken = 0;
        while limiter.take(provider) {
            taken += 1;
        }
        for _ in 0..taken {
            limiter.lane(provider).running -= 1;
        }
        taken
    }

    #[test]
    fn a_burst_of_refusals_halves_once() {
        let (mut limiter, aws) = (Limiter::new(64), SmolStr::from("aws"));
        for _ in 0..16 {
            assert!(limiter.take(&aws));
        }
        for _ in 0..16 {
            limiter.throttled(&aws);
        }
        limiter.lane(&aws).running = 0;
        assert_eq!(width(&mut limiter, &aws), 8);
    }

    #[test]
    fn success_opens_up_to_the_most() {
        let (mut limiter, aws) = (Limiter::new(20), SmolStr::from("aws"));
        for _ in 0..10_000 {
            assert!(limiter.take(&aws));
            limiter.give(&aws);
        }
        assert_eq!(width(&mut limiter, &aws), 20);
    }

    #[test]
    fn it_never_stops() {
        let (mut limiter, aws) = (Limiter::new(4), SmolStr::from("aws"));
        for _ in 0..100 {
            limiter.throttled(&aws);
            limiter.lane(&aws).deaf = 0;
        }
        assert_eq!(width(&mut limiter, &aws), 1);
    }
}
