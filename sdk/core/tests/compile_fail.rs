//! What a user may get wrong does not compile, and the compiler's message names the fix.
//!
//! One case a mistake, in `compile_fail/`; beside each the whole message, as a user reads it. After a change of a message, look at
//! it as one who has never seen Purlin would, then write it with `TRYBUILD=overwrite cargo test -p purlin-core --test compile_fail`.
//! The messages are those of the compiler that `rust-version` names.

#[test]
fn mistakes_do_not_compile_and_the_message_names_the_fix() {
    let cases = trybuild::TestCases::new();
    cases.compile_fail("tests/compile_fail/*.rs");
}
