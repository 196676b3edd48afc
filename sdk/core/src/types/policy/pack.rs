//! Fewer statements with the same meaning, and several policies that each keep to a limit.
use std::collections::BTreeSet;

use super::{Elements, Name, Policy, PolicyError, Statement, json};

impl Policy {
    /// A policy that means the same with fewer statements: those that differ in their actions only, or in their resources only,
    /// become one, and actions that another of the same statement covers are left out. Statements with a label stay apart.
    #[must_use]
    pub fn minimized(&self) -> Self {
        let mut statements: Vec<Statement> = self.statements().cloned().map(without_covered).collect();
        loop {
            let before = statements.len();
            statements = merge(statements, same_but_resources, |into, from| {
                union(&mut into.resources, from.resources);
            });
            statements = merge(statements, same_but_actions, |into, from| {
                union(&mut into.actions, from.actions);
            });
            statements = statements.into_iter().map(without_covered).collect();
            if statements.len() == before {
                return statements.into_iter().collect();
            }
        }
    }

    /// Several policies that mean the same together, each of at most `limit` characters as [`Policy::size`] counts. A statement
    /// that is too large alone is divided by its resources or actions, unless it has a label.
    ///
    /// # Errors
    /// A statement that cannot be divided is larger than the limit.
    pub fn split(&self, limit: usize) -> Result<Vec<Self>, PolicyError> {
        let mut policies: Vec<Self> = Vec::new();
        let mut queue: Vec<Statement> = self.statements.iter().rev().cloned().collect();
        while let Some(statement) = queue.pop() {
            let alone = Self::new().statement(statement.clone());
            let size = alone.size();
            if size > limit {
                let Some((first, rest)) = divided(&statement, limit) else {
                    return Err(PolicyError::TooLarge { size, limit, statement: json::excerpt(&statement) });
                };
                queue.extend([rest, first]);
                continue;
            }
            // First fit in a fixed order: a statement more at the end moves no other.
            let place = policies.iter_mut().find_map(|policy| {
                let with = policy.clone().statement(statement.clone());
                (with.size() <= limit).then_some((policy, with))
            });
            match place {
                Some((policy, with)) => *policy = with,
                None => policies.push(alone),
            }
        }
        Ok(policies)
    }
}

fn merge(
    statements: Vec<Statement>,
    fits: fn(&Statement, &Statement) -> bool,
    join: fn(&mut Statement, Statement),
) -> Vec<Statement> {
    let mut merged: Vec<Statement> = Vec::new();
    for statement in statements {
        match merged.iter_mut().find(|other| fits(other, &statement)) {
            Some(other) => join(other, statement),
            None => merged.push(statement),
        }
    }
    merged
}

fn alike(a: &Statement, b: &Statement) -> bool {
    a.sid.is_none()
        && b.sid.is_none()
        && a.effect == b.effect
        && a.principals == b.principals
        && a.conditions == b.conditions
}

fn same_but_resources(a: &Statement, b: &Statement) -> bool {
    alike(a, b) && a.actions == b.actions && joinable(&a.resources, &b.resources)
}

fn same_but_actions(a: &Statement, b: &Statement) -> bool {
    alike(a, b) && a.resources == b.resources && joinable(&a.actions, &b.actions)
}

/// The union of "all but" is not the union of the sets, and an absent element is not an empty one.
fn joinable<T>(a: &Elements<T>, b: &Elements<T>) -> bool {
    matches!((a, b), (Elements::Only(a), Elements::Only(b)) if !a.is_empty() && !b.is_empty())
}

fn union<T: Ord>(into: &mut Elements<T>, from: Elements<T>) {
    if let (Elements::Only(into), Elements::Only(from)) = (into, from) {
        into.extend(from);
    }
}

fn without_covered(mut statement: Statement) -> Statement {
    let (Elements::Only(actions) | Elements::AllBut(actions)) = &mut statement.actions;
    let all = std::mem::take(actions);
    // Of two that cover each other (`s3:*` and `s3:**`) the first stays.
    let beaten = |action: &Name, by: &Name| {
        action != by && covers(by.as_str(), action.as_str()) && (by < action || !covers(action.as_str(), by.as_str()))
    };
    let keep = |action: &Name| !all.iter().any(|other| beaten(action, other));
    *actions = all.iter().filter(|action| keep(action)).cloned().collect();
    statement
}

/// True when every action that the pattern `inner` means is meant by `outer` too. Both are patterns with `*` and `?`.
pub(super) fn covers(outer: &str, inner: &str) -> bool {
    let (outer, inner) = (outer.as_bytes(), inner.as_bytes());
    let (mut o, mut i) = (0, 0);
    // Where the last `*` of `outer` stands, and up to where of `inner` it reaches.
    let mut star: Option<(usize, usize)> = None;
    while i < inner.len() {
        let here = match outer.get(o) {
            Some(b'*') => {
                star = Some((o, i));
                o += 1;
                continue;
            }
            // One letter: a `*` of the inner pattern may be many, so only a `*` of the outer one covers it.
            Some(b'?') => inner[i] != b'*',
            Some(letter) => inner[i] != b'*' && inner[i] != b'?' && letter.eq_ignore_ascii_case(&inner[i]),
            None => false,
        };
        match (here, star) {
            (true, _) => (o, i) = (o + 1, i + 1),
            (false, Some((at, reach))) => {
                star = Some((at, reach + 1));
                (o, i) = (at + 1, reach + 1);
            }
            (false, None) => return false,
        }
    }
    outer[o..].iter().all(|b| *b == b'*')
}

/// Two statements that mean the same together; the first as large as the limit lets it be, so that few policies are needed.
fn divided(statement: &Statement, limit: usize) -> Option<(Statement, Statement)> {
    if statement.sid.is_some() {
        return None;
    }
    let by_resources = |count: usize| {
        let (first, rest) = cut(&statement.resources, count)?;
        Some((Statement { resources: first, ..statement.clone() }, Statement { resources: rest, ..statement.clone() }))
    };
    let by_actions = |count: usize| {
        let (first, rest) = cut(&statement.actions, count)?;
        Some((Statement { actions: first, ..statement.clone() }, Statement { actions: rest, ..statement.clone() }))
    };
    let resources = statement.resources.set().len();
    let fits =
        |count: &usize| by_resources(*count).is_some_and(|(first, _)| Policy::new().statement(first).size() <= limit);
    let mut counts = (1..resources).collect::<Vec<_>>();
    counts.truncate(counts.partition_point(fits));
    match counts.last() {
        Some(count) => by_resources(*count),
        // One resource is too much already: there are too many actions.
        None => by_actions(statement.actions.set().len() / 2).or_else(|| by_resources(resources / 2)),
    }
}

/// The first `count` elements, and the rest; none where either would be empty, as an absent element means another thing.
fn cut<T: Ord + Clone>(part: &Elements<T>, count: usize) -> Option<(Elements<T>, Elements<T>)> {
    match part {
        Elements::Only(set) if count > 0 && count < set.len() => {
            let first: BTreeSet<T> = set.iter().take(count).cloned().collect();
            let rest = set.iter().skip(count).cloned().collect();
            Some((Elements::Only(first), Elements::Only(rest)))
        }
        _ => None,
    }
}
