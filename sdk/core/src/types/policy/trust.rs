//! [`Trust`]: policies that say who may take a role.
use smol_str::SmolStr;

use super::{PolicyDraft, StatementDraft};
use crate::{Expr, IntoInput, Output, expr::Part};

/// Trust policies: who may take a role. Several are joined with [`PolicyDraft::and`].
///
/// ```
/// # use purlin_core::types::Trust;
/// let trust = Trust::service("ec2.amazonaws.com").and(Trust::account("123456789012"));
/// # let _ = trust;
/// ```
#[derive(Debug)]
pub enum Trust {}

/// EKS gives pods a role with tags of the session, so it needs one action more than other services.
const EKS_PODS: &str = "pods.eks.amazonaws.com";

impl Trust {
    /// A service of AWS: `ec2.amazonaws.com`, `pods.eks.amazonaws.com`.
    pub fn service(service: impl Into<SmolStr>) -> PolicyDraft {
        let service = service.into();
        let actions: &[&'static str] =
            if service == EKS_PODS { &["sts:AssumeRole", "sts:TagSession"] } else { &["sts:AssumeRole"] };
        StatementDraft::allow(actions.iter().copied()).service(service.as_str()).into()
    }

    /// Whoever an account lets: its 12 digits.
    pub fn account(account: impl IntoInput<String>) -> PolicyDraft {
        StatementDraft::allow(["sts:AssumeRole"]).aws(account).into()
    }

    /// A role or user, by ARN.
    pub fn principal(arn: impl IntoInput<String>) -> PolicyDraft {
        StatementDraft::allow(["sts:AssumeRole"]).aws(arn).into()
    }

    /// Identities of an OIDC provider: those whose token is for `audience` and about one of `subjects`, in which `*` and `?` are
    /// patterns. `provider` is the ARN of the provider.
    pub fn oidc<S: Into<SmolStr>>(
        provider: impl IntoInput<String>,
        audience: &str,
        subjects: impl IntoIterator<Item = S>,
    ) -> PolicyDraft {
        let provider: Output<String> = Output::from_expr(provider.into_expr());
        let claim = |name: &'static str| -> Output<String> {
            let parts = [Part::Expr(provider.expr().clone()), Part::Text(SmolStr::new_static(name))];
            Output::from_expr(Expr::Format(parts.into()))
        };
        let subjects: Vec<SmolStr> = subjects.into_iter().map(Into::into).collect();
        let pattern = subjects.iter().any(|s| s.contains(['*', '?']));
        StatementDraft::allow(["sts:AssumeRoleWithWebIdentity"])
            .federated(&provider)
            .when("StringEquals", claim(":aud"), [audience])
            .when(
                if pattern { "StringLike" } else { "StringEquals" },
                claim(":sub"),
                subjects.iter().map(SmolStr::as_str),
            )
            .into()
    }
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::*;
    use crate::{NodeId, Plain, Value, expr::Attributes, types::Policy};

    struct Provider;
    impl Attributes for Provider {
        fn attribute(&self, _: NodeId, _: &str) -> Value {
            "arn:aws:iam::123456789012:oidc-provider/oidc.example/id/AB".into()
        }
    }

    fn json(draft: &PolicyDraft) -> String {
        let value = IntoInput::<Policy>::into_expr(draft).eval(&Provider).expect("no failure");
        Policy::decode(&value).expect("a policy").to_json()
    }

    #[test]
    fn who_may_take_a_role() {
        let provider: Output<String> = Output::attribute(NodeId::from_index(0), "arn");
        let told = [
            Trust::service("ec2.amazonaws.com"),
            Trust::service("pods.eks.amazonaws.com"),
            Trust::account("123456789012").and(Trust::principal("arn:aws:iam::210987654321:role/ci")),
            Trust::oidc(&provider, "sts.amazonaws.com", ["system:serviceaccount:ml:trainer"]),
            Trust::oidc(&provider, "sts.amazonaws.com", ["repo:org/*:ref:refs/heads/main"]),
        ]
        .map(|draft| json(&draft));
        expect![[r#"
            {"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole"}]}
            {"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"pods.eks.amazonaws.com"},"Action":["sts:AssumeRole","sts:TagSession"]}]}
            {"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"123456789012"},"Action":"sts:AssumeRole"},{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::210987654321:role/ci"},"Action":"sts:AssumeRole"}]}
            {"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Federated":"arn:aws:iam::123456789012:oidc-provider/oidc.example/id/AB"},"Action":"sts:AssumeRoleWithWebIdentity","Condition":{"StringEquals":{"oidc.example/id/AB:aud":"sts.amazonaws.com","oidc.example/id/AB:sub":"system:serviceaccount:ml:trainer"}}}]}
            {"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Federated":"arn:aws:iam::123456789012:oidc-provider/oidc.example/id/AB"},"Action":"sts:AssumeRoleWithWebIdentity","Condition":{"StringEquals":{"oidc.example/id/AB:aud":"sts.amazonaws.com"},"StringLike":{"oidc.example/id/AB:sub":"repo:org/*:ref:refs/heads/main"}}}]}"#]]
        .assert_eq(&told.join("\n"));
    }
}
