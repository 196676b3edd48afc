//! How long a plan takes: the longest path through what waits for what.
use std::time::Duration;

use purlin_engine::{OpId, Plan};

/// The time until everything is done, if what can run at once does. `left` gives the time that an operation itself
/// still takes; none for one that is over. Linear in operations and needs; an operation in a circle counts for
/// nothing.
pub fn remaining(plan: &Plan, left: impl Fn(OpId) -> Option<Duration>) -> Duration {
    let mut waits: Vec<usize> = plan.ops.iter().map(|op| op.needs.len()).collect();
    let mut wanted_by: Vec<Vec<usize>> = vec![Vec::new(); plan.ops.len()];
    for (id, op) in plan.iter() {
        for need in op.needs.iter().filter(|n| n.op.index() < plan.ops.len()) {
            wanted_by[need.op.index()].push(id.index());
        }
    }
    let ids: Vec<OpId> = plan.iter().map(|(id, _)| id).collect();
    let mut start = vec![Duration::ZERO; plan.ops.len()];
    let mut free: Vec<usize> = (0..plan.ops.len()).filter(|i| waits[*i] == 0).collect();
    let mut end = Duration::ZERO;
    while let Some(at) = free.pop() {
        let done = start[at] + left(ids[at]).unwrap_or_default();
        end = end.max(done);
        for &next in &wanted_by[at] {
            start[next] = start[next].max(done);
            waits[next] -= 1;
            if waits[next] == 0 {
                free.push(next);
            }
        }
    }
    end
}

/// The time that a whole plan takes.
pub fn whole(plan: &Plan) -> Duration {
    remaining(plan, |id| Some(Duration::from_millis(plan.op(id).estimate)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::views::fixture;

    #[test]
    fn the_longest_path_counts() {
        let plan = fixture::plan(vec![
            fixture::op("a").takes(1000),
            fixture::op("b").takes(5000).needs(0),
            fixture::op("c").takes(2000).needs(0),
            fixture::op("d").takes(100).needs(2),
        ]);
        assert_eq!(whole(&plan), Duration::from_secs(6));
        let left = remaining(&plan, |id| (id.index() > 1).then(|| Duration::from_millis(plan.op(id).estimate)));
        assert_eq!(left, Duration::from_millis(2100));
    }
}
