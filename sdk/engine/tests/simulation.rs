//! The simulation as tests: thousands of seeds, and the cases that once failed.
use std::{
    fs,
    path::Path,
    sync::{
        Mutex,
        atomic::{AtomicU64, Ordering},
    },
    thread,
};

use crate::sim;

/// So many lives take about half a minute on two cores.
const SEEDS: u64 = 2_000;

#[test]
fn every_seed_keeps_the_invariants() {
    let (next, failed) = (AtomicU64::new(0), Mutex::new(None));
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(2, usize::from) {
            scope.spawn(|| {
                while let seed @ 0..SEEDS = next.fetch_add(1, Ordering::Relaxed) {
                    if let (_, Err((_, told))) = sim::seed(seed) {
                        next.store(SEEDS, Ordering::Relaxed);
                        failed.lock().expect("no panic holds it").get_or_insert(told);
                    }
                }
            });
        }
    });
    assert_eq!(failed.into_inner().expect("all are done"), None);
}

#[test]
fn a_seed_is_a_life() {
    let case = sim::generate::case(7);
    assert_eq!(sim::life::live(&case, true).2, sim::life::live(&case, true).2);
    assert_eq!(sim::case::Case::from_text(&case.to_text()), case);
}

#[test]
fn cases_that_once_failed_hold() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/sim/cases");
    let mut files: Vec<_> = fs::read_dir(folder).expect("the folder").map(|f| f.expect("an entry").path()).collect();
    files.sort();
    for file in files {
        let text = fs::read_to_string(&file).expect("a case");
        assert_eq!(sim::text(&text), Ok(()), "{}", file.display());
    }
}
