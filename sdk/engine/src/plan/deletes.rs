//! What leaves: objects that the program no longer has, and old generations that still exist.
use std::collections::HashSet;

use purlin_state::Status;

use super::{
    Cause, Goal,
    make::{Draft, newer},
};

/// Adds the removal of every object that no node accounts for.
pub(crate) fn add(draft: &mut Draft<'_>) {
    let graph = draft.graph;
    let addresses: HashSet<_, rustc_hash::FxBuildHasher> =
        graph.nodes.iter().filter(|n| n.existing.is_none()).map(|n| &n.address).collect();
    let state = draft.state;
    let mut leaving = Vec::new();
    for object in state.objects.values() {
        if draft.removal.contains_key(&object.key) {
            continue;
        }
        let current = state.current(&object.key.address).is_some_and(|o| o.key == object.key);
        let cause = match (draft.options.goal, current, addresses.contains(&object.key.address)) {
            (Goal::Destroy, true, _) => Cause::Destroy,
            // A replacement that was cut short leaves the old object where its status was not written any more.
            (_, false, _) => Cause::Deposed,
            (Goal::Apply, true, false) => Cause::Removed,
            (Goal::Apply, true, true) if object.status == Status::Deposed => Cause::Deposed,
            (Goal::Apply, true, true) => continue,
        };
        leaving.push((object, cause));
    }
    for (object, cause) in leaving {
        let newer = draft.connections.schema(&object.key.address.ty).and_then(|schema| newer(object, schema));
        draft.errors.extend(newer);
        draft.push_delete(object, vec![cause]);
    }
}
