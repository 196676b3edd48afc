//! Tests of policies: properties over random policies, and the texts that people and AWS see.
use std::collections::BTreeSet;

use expect_test::expect;
use proptest::prelude::*;

use super::{pack::covers, *};
use crate::{Plain, Value, plain::Mismatch};

fn texts(pattern: &'static str, max: usize) -> impl Strategy<Value = BTreeSet<String>> {
    prop::collection::btree_set(pattern, 0..=max)
}

fn elements<T: Ord + std::fmt::Debug + Clone, I: Into<T>>(
    set: impl Strategy<Value = BTreeSet<I>>,
) -> impl Strategy<Value = Elements<T>> {
    (set, 0..6_u8).prop_map(|(set, kind)| {
        let set: BTreeSet<T> = set.into_iter().map(Into::into).collect();
        if kind == 0 { Elements::AllBut(set) } else { Elements::Only(set) }
    })
}

fn any_principal() -> impl Strategy<Value = Principal> {
    prop_oneof![
        Just(Principal::anyone()),
        "[0-9]{12}".prop_map(Principal::aws),
        "[0-9]{12}".prop_map(|id| Principal::aws(format!("arn:aws:iam::{id}:root"))),
        "arn:aws:iam::1:role/[a-c]".prop_map(Principal::aws),
        "(ec2|s3)\\.amazonaws\\.com".prop_map(Principal::service),
        "arn:x:[a-c]".prop_map(Principal::federated),
    ]
}

/// Statements of few letters, so that they often meet.
fn any_statement() -> impl Strategy<Value = Statement> {
    let conditions = prop::collection::btree_map(
        "StringEquals|Bool",
        prop::collection::btree_map("(aws|s3):[kl]", texts("[ab]", 2), 0..2),
        0..2,
    );
    let principals = prop::collection::btree_set(any_principal(), 0..2);
    (
        prop::option::weighted(0.1, "[A-C]{1,3}"),
        any::<bool>(),
        elements::<Principal, Principal>(principals),
        elements::<Name, String>(texts("s3:[ab*?]{1,3}", 3)),
        elements::<smol_str::SmolStr, String>(texts("arn:[xy*]{1,2}", 3)),
        conditions,
    )
        .prop_map(|(sid, deny, principals, actions, resources, conditions)| Statement {
            sid: sid.map(Into::into),
            effect: if deny { Effect::Deny } else { Effect::Allow },
            principals,
            actions,
            resources,
            conditions: conditions
                .into_iter()
                .map(|(operator, keys)| {
                    let keys = keys.into_iter().map(|(k, v)| (Name::from(k), v.into_iter().map(Into::into).collect()));
                    (operator.into(), keys.collect())
                })
                .collect(),
        })
}

fn any_policy() -> impl Strategy<Value = Policy> {
    prop::collection::vec(any_statement(), 0..5).prop_map(|statements| statements.into_iter().collect())
}

/// Another spelling of the same policy: other order, doubles, single texts, other case, other names of principals.
fn respelled(value: &Value, dice: &mut impl FnMut(usize) -> usize, path: &str) -> Value {
    match value {
        Value::List(items) => {
            let mut items: Vec<Value> = items.iter().map(|item| respelled(item, dice, path)).collect();
            if let Some(double) = items.first().cloned().filter(|_| dice(2) == 0) {
                items.push(double);
            }
            for i in (1..items.len()).rev() {
                items.swap(i, dice(i + 1));
            }
            match items.as_slice() {
                [one] if dice(2) == 0 => one.clone(),
                _ => Value::List(items),
            }
        }
        Value::Map(map) => {
            let everybody = Value::List(vec!["*".into()]);
            if path.ends_with("Principal") && map.len() == 1 && map.get("AWS") == Some(&everybody) && dice(2) == 0 {
                return "*".into();
            }
            Value::Map(map.iter().map(|(k, v)| (k.clone(), respelled(v, dice, &format!("{path}.{k}")))).collect())
        }
        Value::Str(text) if path.ends_with("Action") && dice(2) == 0 => text.to_uppercase().into(),
        Value::Str(text) if path.ends_with("AWS") && text.len() == 12 && dice(2) == 0 => {
            format!("arn:aws:iam::{text}:root").into()
        }
        other => other.clone(),
    }
}

fn dice(mut seed: u64) -> impl FnMut(usize) -> usize {
    move |sides| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(seed >> 33).expect("31 bits") % sides
    }
}

/// The simpler model: does a pattern mean a text?
fn matches(pattern: &[u8], text: &[u8]) -> bool {
    match (pattern.split_first(), text.split_first()) {
        (None, None) => true,
        (Some((b'*', rest)), _) => matches(rest, text) || (!text.is_empty() && matches(pattern, &text[1..])),
        (Some((b'?', rest)), Some((_, behind))) => matches(rest, behind),
        (Some((p, rest)), Some((t, behind))) => p.eq_ignore_ascii_case(t) && matches(rest, behind),
        _ => false,
    }
}

fn fits<'a>(only: bool, mut patterns: impl Iterator<Item = &'a str>, text: &str) -> bool {
    patterns.any(|p| matches(p.as_bytes(), text.as_bytes())) == only
}

/// What a policy says of an action on a resource: for each kind of principals and conditions, whether it is allowed and denied.
fn verdict<'a>(statements: impl Iterator<Item = &'a Statement>, action: &str, resource: &str) -> BTreeSet<String> {
    statements
        .filter(|s| {
            let actions = matches!(s.actions, Elements::Only(_));
            let resources = matches!(s.resources, Elements::Only(_));
            fits(actions, s.actions.set().iter().map(Name::as_str), action)
                && (s.resources.is_absent() || fits(resources, s.resources.set().iter().map(|r| r.as_str()), resource))
        })
        .map(|s| format!("{:?} {:?} {:?} {}", s.effect, s.principals, s.conditions, s.resources.is_absent()))
        .collect()
}

fn same_meaning(a: &Policy, others: &[Policy]) -> Result<(), TestCaseError> {
    for action in ["s3:a", "s3:b", "s3:ab", "s3:ba", "s3:aab", "s3:bbb"] {
        for resource in ["arn:x", "arn:y", "arn:xy", "arn:yx"] {
            let theirs = verdict(others.iter().flat_map(Policy::statements), action, resource);
            prop_assert_eq!(verdict(a.statements(), action, resource), theirs);
        }
    }
    Ok(())
}

proptest! {
    #[test]
    fn value_and_json_read_back_as_the_same_policy(policy in any_policy()) {
        prop_assert_eq!(Policy::decode(&policy.encode()), Ok(policy.clone()));
        prop_assert_eq!(Policy::from_json(&policy.to_json()), Ok(policy.clone()));
        prop_assert_eq!(Policy::from_json(&policy.to_json_pretty()), Ok(policy.clone()));
    }

    #[test]
    fn the_canonical_value_is_its_own_canonical_value(policy in any_policy()) {
        let canonical = policy.encode();
        prop_assert_eq!(Policy::decode(&canonical).map(|p| p.encode()), Ok(canonical));
    }

    #[test]
    fn another_spelling_is_an_equal_policy(policy in any_policy(), seed in any::<u64>()) {
        let other = respelled(&policy.encode(), &mut dice(seed), "");
        prop_assert_eq!(Policy::decode(&other), Ok(policy));
    }

    #[test]
    fn a_minimized_policy_means_the_same(policy in any_policy()) {
        let less = policy.minimized();
        prop_assert!(less.statements().len() <= policy.statements().len());
        prop_assert!(less.size() <= policy.size());
        prop_assert_eq!(&less.minimized(), &less);
        same_meaning(&policy, &[less])?;
    }

    #[test]
    fn a_split_policy_means_the_same_within_the_limit(policy in any_policy(), limit in 100..400_usize) {
        match policy.split(limit) {
            Ok(parts) => {
                prop_assert!(parts.iter().all(|p| p.size() <= limit && !p.is_empty()));
                same_meaning(&policy, &parts)?;
            }
            Err(PolicyError::TooLarge { size, limit: told, .. }) => prop_assert!(size > limit && told == limit),
            Err(other) => prop_assert!(false, "{}", other),
        }
    }

    #[test]
    fn a_covering_pattern_means_all_that_the_covered_one_means(outer in "[ab*?]{0,4}", inner in "[ab*?]{0,4}") {
        if covers(&outer, &inner) {
            for length in 0..=5_u32 {
                for bits in 0..1_u32 << length {
                    let text: Vec<u8> = (0..length).map(|i| if bits >> i & 1 == 0 { b'a' } else { b'b' }).collect();
                    prop_assert!(!matches(inner.as_bytes(), &text) || matches(outer.as_bytes(), &text));
                }
            }
        }
    }

    #[test]
    fn no_text_panics(text in r#"[{}\[\]",:a-zA-Z*]{0,60}"#) {
        let _ = Policy::from_json(&text);
    }
}

const READERS: &str = r#"{
  "Version": "2012-10-17",
  "Id": "a label",
  "Statement": [
    {"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": ["arn:aws:s3:::m/*", "arn:aws:s3:::m"],
     "Condition": {"Bool": {"aws:SecureTransport": false}}},
    {"Sid": "Readers", "Effect": "Allow", "Principal": {"AWS": ["arn:aws:iam::123456789012:root", "210987654321"]},
     "Action": ["S3:GetObject", "s3:getobject"], "Resource": "arn:aws:s3:::m/*"}
  ]
}"#;

#[test]
fn a_policy_of_aws_in_its_canonical_form() {
    let policy = Policy::from_json(READERS).expect("a policy");
    expect![[r#"
        {
          "Version": "2012-10-17",
          "Statement": [
            {
              "Effect": "Deny",
              "Principal": {
                "AWS": "*"
              },
              "Action": "s3:*",
              "Resource": [
                "arn:aws:s3:::m",
                "arn:aws:s3:::m/*"
              ],
              "Condition": {
                "Bool": {
                  "aws:SecureTransport": "false"
                }
              }
            },
            {
              "Sid": "Readers",
              "Effect": "Allow",
              "Principal": {
                "AWS": [
                  "123456789012",
                  "210987654321"
                ]
              },
              "Action": "s3:GetObject",
              "Resource": "arn:aws:s3:::m/*"
            }
          ]
        }"#]]
    .assert_eq(&policy.to_json_pretty());
    expect![[r#"{Statement: [{Action: ["s3:*"], Condition: {Bool: {aws:SecureTransport: ["false"]}}, Effect: "Deny", Principal: {AWS: ["*"]}, Resource: ["arn:aws:s3:::m", "arn:aws:s3:::m/*"]}, {Action: ["s3:GetObject"], Effect: "Allow", Principal: {AWS: ["123456789012", "210987654321"]}, Resource: ["arn:aws:s3:::m/*"], Sid: "Readers"}], Version: "2012-10-17"}"#]]
        .assert_eq(&policy.encode().display());
    assert_eq!(policy.size(), policy.to_json().len());
}

#[test]
fn what_differs_in_meaning_is_not_equal() {
    let base = || Statement::allow().actions(["s3:GetObject"]).resources(["arn:aws:s3:::m/*"]);
    let others = [
        base().sid("Label"),
        Statement { effect: Effect::Deny, ..base() },
        base().not_actions(["s3:GetObject"]),
        base().resources(["arn:aws:s3:::M/*"]),
        base().principals([Principal::anyone()]),
        base().when("StringEquals", "aws:SourceAccount", ["1"]),
    ];
    for other in others {
        assert_ne!(Policy::new().statement(base()), Policy::new().statement(other.clone()), "{other:?}");
    }
}

#[test]
fn a_document_of_the_old_version_has_no_variables() {
    let old = |version: &str| {
        let text = format!(
            r#"{{{version} "Statement": {{"Effect": "Allow", "Action": "s3:*", "Resource": "arn:aws:s3:::m/${{aws:username}}"}}}}"#
        );
        Policy::from_json(&text).expect("a policy")
    };
    assert_eq!(old(r#""Version": "2008-10-17","#), old(""));
    let resource = |policy: &Policy| policy.statements().flat_map(|s| s.resources.set().clone()).next();
    assert_eq!(resource(&old("")).as_deref(), Some("arn:aws:s3:::m/${$}{aws:username}"));
    assert_eq!(resource(&old(r#""Version": "2012-10-17","#)).as_deref(), Some("arn:aws:s3:::m/${aws:username}"));
}

#[test]
fn what_is_no_policy_is_refused_with_its_place() {
    let told = [
        "{",
        "[]",
        r#"{"Version": "2020-01-01"}"#,
        r#"{"Statements": []}"#,
        r#"{"Statement": [{"Effect": "allow"}]}"#,
        r#"{"Statement": {"Effect": "Allow", "Actions": "s3:*"}}"#,
        r#"{"Statement": [{"Effect": "Allow", "Action": [{}]}]}"#,
        r#"{"Statement": [{"Effect": "Allow", "Action": "a", "NotAction": "b"}]}"#,
        r#"{"Statement": [{"Effect": "Allow", "Principal": "123456789012"}]}"#,
        r#"{"Statement": [{"Effect": "Allow", "Principal": {"Aws": "*"}}]}"#,
        r#"{"Statement": [{"Effect": "Allow", "Condition": {"Bool": "true"}}]}"#,
    ]
    .map(|text| Policy::from_json(text).expect_err(text).to_string());
    expect![[r#"
        the policy is not JSON: EOF while parsing an object at line 1 column 1
        the policy cannot be read: expected a policy document, found []
        the policy cannot be read: `Version`: expected "2012-10-17", found "2020-01-01"
        the policy cannot be read: expected an element of a policy (Version, Id, Statement), found "Statements"
        the policy cannot be read: `Statement[0].Effect`: expected "Allow" or "Deny", found "allow"
        the policy cannot be read: `Statement`: expected an element of a statement (Sid, Effect, Principal, NotPrincipal, Action, NotAction, Resource, NotResource, Condition), found "Actions"
        the policy cannot be read: `Statement[0].Action[0]`: expected text, found {}
        the policy cannot be read: `Statement[0].NotAction`: expected either `Action` or `NotAction`, found "b"
        the policy cannot be read: `Statement[0].Principal`: expected "*" or a map such as {"Service": "ec2.amazonaws.com"}, found "123456789012"
        the policy cannot be read: `Statement[0].Principal`: expected AWS, Service, Federated or CanonicalUser, found "Aws"
        the policy cannot be read: `Statement[0].Condition.Bool`: expected a map of keys, found "true""#]]
    .assert_eq(&told.join("\n"));
}

#[test]
fn statements_that_belong_together_become_one() {
    let policy = Policy::new()
        .allow(["s3:GetObject"], ["arn:aws:s3:::m/*"])
        .allow(["s3:GetObjectVersion", "s3:Get*"], ["arn:aws:s3:::m/*"])
        .allow(["s3:Get*"], ["arn:aws:s3:::n/*"])
        .deny(["s3:Get*"], ["arn:aws:s3:::n/*"])
        .statement(Statement::allow().sid("Apart").actions(["s3:Get*"]).resources(["arn:aws:s3:::n/*"]));
    expect![[r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:Get*","Resource":["arn:aws:s3:::m/*","arn:aws:s3:::n/*"]},{"Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::m/*"},{"Effect":"Deny","Action":"s3:Get*","Resource":"arn:aws:s3:::n/*"},{"Sid":"Apart","Effect":"Allow","Action":"s3:Get*","Resource":"arn:aws:s3:::n/*"}]}"#]]
        .assert_eq(&policy.minimized().to_json());
}

#[test]
fn a_policy_is_split_within_the_limit_or_names_what_is_too_large() {
    let arns = (0..200).map(|i| format!("arn:aws:s3:::bucket-{i:03}/*"));
    let policy = Policy::new().allow(["s3:GetObject"], arns);
    let parts = policy.split(2048).expect("a statement that can be divided");
    assert_eq!(parts.iter().map(Policy::size).collect::<Vec<_>>(), [2026, 2026, 1830]);
    let error = Policy::new().allow(["s3:GetObject"], ["arn:aws:s3:::".to_owned() + &"m".repeat(300)]).split(200);
    expect![[r#"a statement of 408 characters does not fit into a policy of 200: {"Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::mmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmm…"#]]
        .assert_eq(&error.expect_err("one resource").to_string());
}

#[test]
fn a_secret_is_read_through_by_its_reader() -> Result<(), Mismatch> {
    let policy = Policy::new().allow(["s3:GetObject"], ["*"]);
    assert_eq!(Policy::decode(&policy.encode().into_secret())?, policy);
    Ok(())
}
