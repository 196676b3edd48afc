//! The harness, tested by itself: a driver that is right passes, and each way of being wrong is told by name.
mod log_group;

use purlin_tests::harness::{Cases, actions, verbs};

use log_group::{Flaw, LogGroup, LogGroupArgs, provider};

fn cases(flaw: Flaw) -> Cases<(), LogGroupArgs> {
    Cases::new(move |aws| provider(aws, flaw), |_| (), |()| LogGroup::new())
        .update([LogGroup::RETENTION], |group, ()| group.retention(7))
        .update([LogGroup::TAGS], |group, ()| group.tags([("team", "data")]))
        .replace([LogGroup::NAME], |group, ()| group.name("another"))
        .unseen("logs:DeleteDataProtectionPolicy", "log groups here have none")
}

#[test]
fn a_right_driver_passes() {
    let verified = verbs(&cases(Flaw::None)).unwrap_or_else(|broken| panic!("{broken}"));
    // Create and back for three changes, and the five steps around them.
    assert_eq!(verified.steps, 2 + 3 * 2 + 4);
    // Each change is lost on both sides. Create with everything: the create, which brings the tags, the reads after it,
    // and the retention. Update of everything: retention, its first call, and tags. Delete: one call.
    assert_eq!(verified.kills, (2 + 1 + 2) + (2 + 2) + 2, "{verified}");
    assert_eq!(actions(&cases(Flaw::None)), Ok(9));
}

fn told(flaw: Flaw) -> String {
    match verbs(&cases(flaw)) {
        Ok(verified) => panic!("{flaw:?} passed: {verified}"),
        Err(broken) => broken.to_string(),
    }
}

#[track_caller]
fn check(flaw: Flaw, what: &[&str]) {
    let told = told(flaw);
    assert!(what.iter().all(|part| told.contains(part)), "{told}");
}

#[test]
fn a_sync_that_forgets() {
    check(Flaw::ForgetsRetention, &["update retention", "`retention` was wanted as 7 and reads back as none"]);
}

#[test]
fn a_create_of_two_calls() {
    check(Flaw::TagsLate, &["one create made 2 mutating calls: logs:CreateLogGroup, logs:TagResource"]);
}

#[test]
fn a_find_that_sees_nothing() {
    // Kills run side by side: the one after the create and the one before the call that follows it show the same.
    check(Flaw::NeverFinds, &["killed", "the run after it", "ResourceAlreadyExistsException"]);
}

#[test]
fn a_create_that_is_done_twice() {
    check(Flaw::MakesAnother, &["killed", "after the run after it", r#"{"logs:LogGroup": 1} should be there"#]);
}

#[test]
fn a_delete_that_works_once() {
    check(Flaw::DeletesOnce, &["delete: a second delete failed", "ResourceNotFoundException"]);
}

#[test]
fn a_read_that_echoes_the_record() {
    check(Flaw::EchoesTheRecord, &["update retention", "`retention` reads as 7, but by the id alone as none"]);
}

#[test]
fn a_sync_that_hides_failures() {
    check(Flaw::Swallows, &["the driver took no notice of a lost call"]);
}

#[test]
fn actions_that_nobody_declared() {
    let told = actions(&cases(Flaw::Undeclared)).expect_err("there is one").to_string();
    let undeclared = "`read` calls logs:DescribeDestinations, which needs logs:DescribeDestinations: not declared";
    assert_eq!(told, format!("lab:logs:LogGroup, actions: \n  {undeclared}"));
}

#[test]
fn actions_that_nobody_needs() {
    let cases = Cases::new(|aws| provider(aws, Flaw::None), |_| (), |()| LogGroup::new())
        .unseen("logs:DeleteLogGroup", "a reason that is none");
    let told = actions(&cases).expect_err("no field changes").to_string();
    for fault in [
        "`delete` declares logs:DeleteDataProtectionPolicy: never needed",
        "`sync` declares logs:PutRetentionPolicy: never needed",
        r#"logs:DeleteLogGroup is said to be unseen ("a reason that is none"), but it is not declared, or needed everywhere"#,
    ] {
        assert!(told.contains(fault), "{told}");
    }
}
