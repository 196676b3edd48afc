//! Which operation is next: those whose needs are met, by the longest remaining path.
use std::{cmp::Reverse, collections::BinaryHeap};

use crate::plan::{Milestone, Need, OpId, Plan};

/// The operations of a plan, as they become ready.
pub(crate) struct Schedule {
    /// Needs that are not met yet, by operation.
    waiting: Vec<u32>,
    /// Who waits for an operation, and until when.
    dependents: Vec<Vec<Need>>,
    /// The longest path from an operation's begin to the end of the plan, in milliseconds.
    remaining: Vec<u64>,
    ready: BinaryHeap<(u64, Reverse<u32>)>,
    settled: Vec<bool>,
    exists: Vec<bool>,
}

impl Schedule {
    /// All operations of a plan; those without needs are ready. The plan has no circle.
    pub(crate) fn new(plan: &Plan) -> Self {
        let count = plan.ops.len();
        let mut waiting = vec![0; count];
        let mut dependents: Vec<Vec<Need>> = vec![Vec::new(); count];
        for (id, op) in plan.iter() {
            waiting[id.index()] = u32::try_from(op.needs.len()).unwrap_or(u32::MAX);
            for need in &op.needs {
                dependents[need.op.index()].push(Need { op: id, until: need.until });
            }
        }
        let remaining = longest(plan, &waiting, &dependents);
        let mut schedule = Self {
            waiting,
            dependents,
            remaining,
            ready: BinaryHeap::new(),
            settled: vec![false; count],
            exists: vec![false; count],
        };
        for (id, op) in plan.iter() {
            if op.needs.is_empty() {
                schedule.push(id);
            }
        }
        schedule
    }

    fn push(&mut self, op: OpId) {
        self.ready.push((self.remaining[op.index()], Reverse(op.0)));
    }

    /// The next operation, if any is ready.
    pub(crate) fn next(&mut self) -> Option<OpId> {
        self.ready.pop().map(|(_, Reverse(op))| OpId(op))
    }

    /// Puts operations back that found no place to run.
    pub(crate) fn put_back(&mut self, ops: Vec<OpId>) {
        for op in ops {
            self.push(op);
        }
    }

    /// An operation's object exists.
    pub(crate) fn exists(&mut self, op: OpId) {
        if !std::mem::replace(&mut self.exists[op.index()], true) {
            self.release(op, Milestone::Exists);
        }
    }

    /// An operation is done.
    pub(crate) fn done(&mut self, op: OpId) {
        self.exists(op);
        self.settled[op.index()] = true;
        self.release(op, Milestone::Done);
    }

    fn release(&mut self, op: OpId, reached: Milestone) {
        let waiting: Vec<OpId> =
            self.dependents[op.index()].iter().filter(|n| n.until == reached).map(|n| n.op).collect();
        for dependent in waiting {
            let left = &mut self.waiting[dependent.index()];
            *left -= 1;
            if *left == 0 && !self.settled[dependent.index()] {
                self.push(dependent);
            }
        }
    }

    /// An operation failed: gives those that are held back by it, at whatever distance.
    pub(crate) fn fail(&mut self, op: OpId) -> Vec<OpId> {
        self.settled[op.index()] = true;
        let mut held = Vec::new();
        let mut open = vec![op];
        while let Some(failed) = open.pop() {
            let first = failed == op;
            for need in &self.dependents[failed.index()] {
                // What only needed the object to exist goes on, once it does.
                let met = first && need.until == Milestone::Exists && self.exists[failed.index()];
                if !met && !std::mem::replace(&mut self.settled[need.op.index()], true) {
                    held.push(need.op);
                    open.push(need.op);
                }
            }
        }
        held
    }

    /// Marks an operation as settled by another one; it is never given out.
    pub(crate) fn skip(&mut self, op: OpId) {
        if !self.settled[op.index()] {
            self.done(op);
        }
    }

    /// True when an operation is done, failed, held or skipped.
    pub(crate) fn is_settled(&self, op: OpId) -> bool {
        self.settled[op.index()]
    }
}

/// Longest paths, from the last operations backwards.
fn longest(plan: &Plan, waiting: &[u32], dependents: &[Vec<Need>]) -> Vec<u64> {
    let mut order: Vec<OpId> = plan.iter().filter(|(id, _)| waiting[id.index()] == 0).map(|(id, _)| id).collect();
    let mut left = waiting.to_vec();
    let mut at = 0;
    while at < order.len() {
        for need in &dependents[order[at].index()] {
            left[need.op.index()] -= 1;
            if left[need.op.index()] == 0 {
                order.push(need.op);
            }
        }
        at += 1;
    }
    let mut remaining = vec![0_u64; plan.ops.len()];
    for op in order.into_iter().rev() {
        let after = dependents[op.index()].iter().map(|n| remaining[n.op.index()]).max().unwrap_or(0);
        // At least one: among operations that cost nothing, the one with the longer chain behind it goes first.
        remaining[op.index()] = after.saturating_add(plan.op(op).estimate.max(1));
    }
    remaining
}

#[cfg(test)]
mod tests {
    use purlin_core::Address;
    use purlin_state::Key;

    use super::*;
    use crate::plan::{Action, Op};

    fn plan(ops: &[(u64, &[u32])]) -> Plan {
        let op = |(i, (estimate, needs)): (usize, &(u64, &[u32]))| Op {
            key: Key::new(Address::new(format!("r{i}"), "t:t:T"), 0),
            action: Action::Create,
            id: None,
            causes: vec![],
            changes: vec![],
            replaces: None,
            maybe: false,
            needs: needs.iter().map(|n| Need { op: OpId(*n), until: Milestone::Done }).collect(),
            estimate: *estimate,
            location: None,
        };
        Plan { ops: ops.iter().enumerate().map(op).collect(), ..Plan::default() }
    }

    #[test]
    fn the_longest_path_goes_first() {
        let mut schedule = Schedule::new(&plan(&[(1, &[]), (1, &[]), (90, &[1])]));
        assert_eq!(schedule.next(), Some(OpId(1)));
        assert_eq!(schedule.next(), Some(OpId(0)));
        assert_eq!(schedule.next(), None);
        schedule.done(OpId(1));
        assert_eq!(schedule.next(), Some(OpId(2)));
    }

    #[test]
    fn a_failure_holds_back_dependents_only() {
        let mut schedule = Schedule::new(&plan(&[(1, &[]), (1, &[0]), (1, &[1]), (1, &[])]));
        assert_eq!(schedule.fail(OpId(0)), [OpId(1), OpId(2)]);
        schedule.done(OpId(3));
        assert!((0..4).all(|i| schedule.is_settled(OpId(i))));
    }
}
