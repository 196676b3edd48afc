//! The file store, step by step: epochs, conditional writes, and a crash after each step of a compaction.
use super::*;

const LINE: &[u8] = b"a line\n";

fn now<T>(done: Result<T, StateError>) -> T {
    done.expect("nobody is in the way")
}

fn locked(dir: &Path) -> (File, u64) {
    let mut file = File::new(dir, "dev");
    let epoch = now(file.lock_now(&Holder::default(), 0));
    (file, epoch)
}

fn at(bytes: usize) -> Position {
    Position { seq: 0, bytes: bytes as u64 }
}

fn is_fenced<T>(done: Result<T, StateError>) -> bool {
    matches!(done, Err(StateError::Fenced { .. }))
}

#[test]
fn epochs_rise_whatever_became_of_the_lock_file() {
    let dir = tempfile::tempdir().expect("a folder");
    let (mut file, first) = locked(dir.path());
    file.unlock_now(first);
    let (mut file, second) = locked(dir.path());
    file.unlock_now(second);
    fs::write(file.path(LOCK), "no note").expect("writable");
    let third = now(file.lock_now(&Holder::default(), 7));
    assert_eq!((first, second, third), (1, 2, 8));
}

#[test]
fn an_append_is_made_only_where_the_journal_ends() {
    let dir = tempfile::tempdir().expect("a folder");
    let (mut file, epoch) = locked(dir.path());
    now(file.append_now(epoch, at(0), LINE));
    assert!(is_fenced(file.append_now(epoch, at(0), LINE)), "at an old end");
    assert!(is_fenced(file.append_now(epoch - 1, at(LINE.len()), LINE)), "with an old epoch");
    now(file.append_now(epoch, at(LINE.len()), LINE));
    let journal = file.path(JOURNAL);
    fs::write(&journal, [LINE, LINE, LINE].concat()).expect("writable");
    assert!(is_fenced(file.append_now(epoch, at(2 * LINE.len()), LINE)), "behind somebody else's line");
    now(file.cut_now(epoch, at(LINE.len())));
    now(file.append_now(epoch, at(LINE.len()), LINE));
    file.unlock_now(epoch);
    assert!(is_fenced(file.append_now(epoch, at(2 * LINE.len()), LINE)), "without the lock");
    assert_eq!(fs::read(&journal).expect("readable"), [LINE, LINE].concat());
}

#[cfg(unix)]
#[test]
fn files_that_were_replaced_are_not_written() {
    let dir = tempfile::tempdir().expect("a folder");
    let (mut file, epoch) = locked(dir.path());
    now(file.append_now(epoch, at(0), LINE));
    let (journal, copy) = (file.path(JOURNAL), file.path("copy"));
    fs::copy(&journal, &copy).expect("writable");
    fs::rename(&copy, &journal).expect("writable");
    assert!(is_fenced(file.append_now(epoch, at(LINE.len()), LINE)), "the same bytes in another file");
    fs::remove_file(file.path(LOCK)).expect("writable");
    let (mut other, next) = locked(dir.path());
    assert!(is_fenced(file.replace_snapshot_now(epoch, LINE)), "somebody else has locked a new lock file");
    now(other.append_now(next, at(LINE.len()), LINE));
}

#[test]
fn a_compaction_can_be_cut_short_after_each_step() {
    type Done = fn(&File) -> io::Result<()>;
    let steps: [(Done, &str, bool); 6] = [
        (|_| Ok(()), "old", true),
        (|file| fs::write(file.path(SNAPSHOT_BEFORE_RENAME), "half a snap"), "old", true),
        (|file| file.write_beside(b"new"), "old", true),
        (|file| file.rename(SNAPSHOT_BEFORE_RENAME, SNAPSHOT), "new", true),
        (|file| file.retire_into(&segment_name(1)), "new", false),
        (File::begin_journal, "new", false),
    ];
    for crash_after in 0..steps.len() {
        let dir = tempfile::tempdir().expect("a folder");
        let (mut file, epoch) = locked(dir.path());
        now(file.replace_snapshot_now(epoch, b"old"));
        now(file.append_now(epoch, at(0), LINE));
        for (step, _, _) in &steps[..=crash_after] {
            step(&file).expect("writable");
        }
        drop(file);
        let (_, snapshot, has_journal) = steps[crash_after];
        let (mut file, epoch) = locked(dir.path());
        let loaded = now(file.load_now());
        assert_eq!(loaded.snapshot.expect("there was one").bytes, snapshot.as_bytes(), "step {crash_after}");
        assert_eq!(loaded.journal[0].bytes, if has_journal { LINE } else { b"" }, "step {crash_after}");
        assert_eq!(now(file.history_now()).len(), usize::from(!has_journal), "step {crash_after}");
        // The next run does all of it again.
        now(file.replace_snapshot_now(epoch, b"new"));
        now(file.retire_journal_now(epoch, 1));
        now(file.append_now(epoch, at(0), LINE));
    }
}

#[test]
fn a_segment_of_another_past_is_set_aside() {
    let dir = tempfile::tempdir().expect("a folder");
    let (mut file, epoch) = locked(dir.path());
    for line in ["first past\n", "second past\n", "third past\n"] {
        now(file.append_now(epoch, at(0), line.as_bytes()));
        now(file.retire_journal_now(epoch, 1));
    }
    let history = now(file.history_now());
    assert_eq!(history.iter().map(|part| part.bytes.as_slice()).collect::<Vec<_>>(), [b"third past\n"]);
    assert_eq!(fs::read(file.path("journal-1.ndjson.2")).expect("set aside"), b"second past\n");
}

#[test]
fn a_name_that_leads_elsewhere_is_refused() {
    let dir = tempfile::tempdir().expect("a folder");
    for name in ["", ".", "..", "../dev", "/dev", "a/b", ".hidden", "a b"] {
        let mut file = File::new(dir.path(), name);
        assert!(matches!(file.load_now(), Err(StateError::Io { .. })), "{name:?}");
        assert!(matches!(file.lock_now(&Holder::default(), 0), Err(StateError::Io { .. })), "{name:?}");
    }
    assert!(now(File::new(dir.path(), "dev-1.2_x").load_now()).snapshot.is_none());
}

#[test]
fn a_folder_that_cannot_be_used_is_named() {
    let dir = tempfile::tempdir().expect("a folder");
    let not_a_folder = dir.path().join("file");
    fs::write(&not_a_folder, "").expect("writable");
    for error in [
        File::new(&not_a_folder, "dev").lock_now(&Holder::default(), 0).expect_err("no folder"),
        File::new(&not_a_folder, "dev").load_now().expect_err("no folder"),
    ] {
        assert!(error.to_string().contains(&not_a_folder.display().to_string()), "{error}");
    }
}
