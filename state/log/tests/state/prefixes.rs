//! Every byte prefix of a journal loads to a valid state, and a run goes on from it.
use proptest::{prelude::*, sample::Index};
use purlin_state::{State, store::Memory};

use crate::{
    life::{Lived, Step, live, steps},
    support::{begin, commit, crash, now, object, open, put, run},
};

/// Opens the first `length` bytes of a life's journal, behind its snapshot; the state must be one that was.
fn prefix(lived: &Lived, length: usize) -> (Memory, State) {
    let journal = lived.store.journal()[..length].to_vec();
    let records = journal.iter().filter(|b| **b == b'\n').count() as u64;
    let store = Memory::holding(lived.store.snapshot(), journal);
    let state = open(&store).state().clone();
    let base = lived.states.last().expect("the empty state").serial - lived.records_in_journal();
    assert_eq!(state.serial, base + records, "prefix of {length} bytes");
    // Of a group of records, a crash can leave the first ones: those states lie between two that were seen.
    if let Some(known) = lived.states.iter().find(|known| known.serial == state.serial) {
        assert_eq!(&state, known, "prefix of {length} bytes");
    }
    (store, state)
}

impl Lived {
    fn records_in_journal(&self) -> u64 {
        self.store.journal().iter().filter(|b| **b == b'\n').count() as u64
    }
}

#[test]
fn every_prefix_of_a_small_journal() {
    let lived =
        live(&[Step::Create(1), Step::EndWell(0), Step::Move(0), Step::Crash, Step::Update(0), Step::Export(1)]);
    for length in 0..=lived.store.journal().len() {
        let (store, state) = prefix(&lived, length);
        if length % 10 == 0 {
            goes_on(&store, &state);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn any_prefix_of_any_life(steps in steps(30), cuts in prop::collection::vec(any::<Index>(), 8)) {
        let lived = live(&steps);
        let journal = lived.store.journal();
        let lengths = cuts.iter().map(|cut| cut.index(journal.len() + 1));
        // The ends of lines, where being off by one would show, and anywhere.
        let ends = lengths.clone().flat_map(|length| {
            let end = journal[length..].iter().position(|b| *b == b'\n').map_or(journal.len(), |to_end| length + to_end);
            [end, journal.len().min(end + 1)]
        });
        for length in lengths.chain(ends) {
            let (store, state) = prefix(&lived, length);
            goes_on(&store, &state);
        }
    }
}

/// The next run cuts off what is incomplete and writes behind it; nothing of what was whole is lost.
fn goes_on(store: &Memory, before: &State) {
    let store = store.fork();
    let mut log = run(&store);
    commit(&mut log, [put(None, object("another", Default::default()))]);
    crash(log, &store);
    let after = open(&store);
    let mut objects = after.state().objects.clone();
    objects.retain(|key, _| key.address.path != "another");
    assert_eq!(objects, before.objects);
    assert_eq!(after.state().intents, before.intents);
    assert!(after.state().serial >= before.serial + 2);
    now(after.history()).expect("in memory").verify().expect("a whole history");
}

#[test]
fn a_line_without_its_newline_is_not_there_yet() {
    let store = Memory::new();
    let mut log = run(&store);
    commit(&mut log, [put(None, object("a", Default::default()))]);
    crash(log, &store);
    let journal = store.journal();
    let store = Memory::holding(None, journal[..journal.len() - 1].to_vec());
    let mut log = open(&store);
    assert_eq!((log.state().serial, log.state().objects.len()), (2, 0));
    begin(&mut log);
    assert_eq!(log.state().serial, 3);
    crash(log, &store);
    assert_eq!(open(&store).state().serial, 3);
}
