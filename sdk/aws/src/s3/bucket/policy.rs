//! The policy of a bucket: one document, made of what several fields say, and taken apart again.
use purlin_core::types::{Policy, Principal, Statement, policy::Elements};

use super::{Bucket, THIS};

/// The label of the statement that refuses requests without TLS.
const TLS_ONLY: &str = "TlsOnly";

/// The whole policy that a bucket of this ARN should have; without statements where it should have none.
pub(super) fn join(bucket: &Bucket, arn: &str) -> Policy {
    let own = bucket.policy.iter().flat_map(Policy::statements).map(|s| renamed(s, THIS, arn));
    own.chain(bucket.tls_only.then(|| tls_only(arn))).collect()
}

/// Takes a live policy apart: whether requests without TLS are refused, and everything else. The bucket is called [`THIS`] where
/// the recorded policy calls it so.
pub(super) fn split(live: Option<&Policy>, arn: &str, recorded: Option<&Bucket>) -> (bool, Option<Policy>) {
    let refusal = tls_only(arn);
    let mut refused = false;
    let mut rest = Vec::new();
    for statement in live.into_iter().flat_map(Policy::statements) {
        // The same refusal under another label is the same refusal.
        if (Statement { sid: refusal.sid.clone(), ..statement.clone() }) == refusal {
            refused = true;
        } else {
            rest.push(statement.clone());
        }
    }
    let recorded = recorded.and_then(|r| r.policy.as_ref());
    let by_placeholder =
        recorded.into_iter().flat_map(Policy::statements).any(|s| names(s).any(|n| n.starts_with(THIS)));
    if by_placeholder {
        rest = rest.iter().map(|s| renamed(s, arn, THIS)).collect();
    }
    let rest: Policy = rest.into_iter().collect();
    let asked_for_nothing = recorded.is_some_and(Policy::is_empty);
    (refused, (!rest.is_empty() || asked_for_nothing).then_some(rest))
}

fn tls_only(arn: &str) -> Statement {
    Statement::deny()
        .sid(TLS_ONLY)
        .principals([Principal::anyone()])
        .actions(["s3:*"])
        .resources([arn.to_owned(), format!("{arn}/*")])
        .when("Bool", "aws:SecureTransport", ["false"])
}

fn names(statement: &Statement) -> impl Iterator<Item = &str> {
    statement.resources.set().iter().map(|r| r.as_str())
}

/// The statement with the bucket called `to` where it is called `from`.
fn renamed(statement: &Statement, from: &str, to: &str) -> Statement {
    let name = |resource: &str| match resource.strip_prefix(from) {
        Some(rest) if rest.is_empty() || rest.starts_with('/') => format!("{to}{rest}").into(),
        _ => resource.into(),
    };
    let set = names(statement).map(name).collect();
    let resources = match &statement.resources {
        Elements::Only(_) => Elements::Only(set),
        Elements::AllBut(_) => Elements::AllBut(set),
    };
    Statement { resources, ..statement.clone() }
}

#[cfg(test)]
mod tests {
    use purlin_core::Resource as _;

    use super::*;

    const ARN: &str = "arn:aws:s3:::b";

    fn bucket(tls_only: bool, policy: Option<Policy>) -> Bucket {
        let plain = Bucket::decode(&purlin_core::Map::new()).expect("nothing is required");
        Bucket { tls_only, policy, ..plain }
    }

    fn readers(resource: &str) -> Policy {
        Policy::new().statement(
            Statement::allow()
                .principals([Principal::aws("123456789012")])
                .actions(["s3:GetObject"])
                .resources([resource]),
        )
    }

    #[test]
    fn what_is_joined_comes_apart_again() {
        for (tls, policy) in [
            (true, None),
            (false, None),
            (true, Some(readers("${bucket}/*"))),
            (false, Some(readers("arn:aws:s3:::b/*"))),
            (true, Some(readers("arn:aws:s3:::other/*"))),
        ] {
            let wanted = bucket(tls, policy.clone());
            let whole = join(&wanted, ARN);
            assert_eq!(split(Some(&whole), ARN, Some(&wanted)), (tls, policy));
        }
        assert_eq!(split(None, ARN, None), (false, None));
    }

    #[test]
    fn the_placeholder_becomes_the_arn() {
        let whole = join(&bucket(false, Some(readers("${bucket}/*"))), ARN);
        assert_eq!(whole, readers("arn:aws:s3:::b/*"));
    }

    #[test]
    fn a_bucket_whose_name_only_begins_alike_is_another() {
        let wanted = bucket(false, Some(readers(THIS)));
        let live = readers("arn:aws:s3:::backup");
        assert_eq!(split(Some(&live), ARN, Some(&wanted)), (false, Some(live.clone())));
    }

    #[test]
    fn a_refusal_of_plain_requests_under_another_label_counts() {
        let live = Policy::new().statement(Statement { sid: Some("DenyHttp".into()), ..tls_only(ARN) });
        assert_eq!(split(Some(&live), ARN, None), (true, None));
    }
}
