//! Keys and their names.
use purlin_aws::kms::{Alias, Key, KeySpec, KeyUsage};
use purlin_core::{
    Handle, Stack,
    types::{Days, Policy, Principal, Statement},
};
use purlin_tests::harness::Cases;

use crate::{check, provider};

/// As the default one, with another statement's name: who could lock everybody out is refused by KMS.
fn delegated() -> Policy {
    let root = Principal::aws("arn:aws:iam::123456789012:root");
    let all = Statement::allow().sid("Delegated").principals([root]).actions(["kms:*"]).resources(["*"]);
    Policy::new().statement(all)
}

#[test]
fn a_key() {
    check(
        &Cases::new(provider, |_| (), |()| Key::new())
            .update([Key::DESCRIPTION], |key, ()| key.description("Objects"))
            .update([Key::ROTATION], |key, ()| key.rotation(false))
            .update([Key::POLICY], |key, ()| key.policy(delegated()))
            .update([Key::ENABLED], |key, ()| key.enabled(false))
            .update([Key::DELETION_WINDOW], |key, ()| key.deletion_window(Days(7)))
            .update([Key::TAGS], |key, ()| key.tags([("team", "data")]))
            .replace([Key::MULTI_REGION], |key, ()| key.multi_region(true))
            .replace([Key::SPEC, Key::USAGE], |key, ()| key.spec(KeySpec::Rsa2048).usage(KeyUsage::SignVerify)),
    );
}

fn keys(stack: &mut Stack) -> (Handle<Key>, Handle<Key>) {
    (stack.add("key", Key::new()), stack.add("other", Key::new()))
}

#[test]
fn an_alias() {
    check(
        &Cases::new(provider, keys, |(key, _)| Alias::new(key))
            .update([Alias::TARGET], |_, (_, other)| Alias::new(other))
            .replace([Alias::NAME], |alias, _| alias.name("alias/another")),
    );
}
