//! [`PolicyDraft`]: a policy that a program writes. Resources, principals and condition values may be outputs.
//!
//! A draft becomes an expression that evaluates to the canonical value of a [`Policy`]; parts that are not known yet stand in it as
//! unknowns, so a plan shows everything else of the policy.
use std::collections::BTreeMap;

use smol_str::SmolStr;

use super::{Effect, Policy, PrincipalKind};
use crate::{Expr, IntoInput, Output, Value, expr::Function};

/// A policy of a program.
///
/// ```
/// # use purlin_core::{Output, types::Policy};
/// # fn f(bucket_arn: Output<String>) {
/// let policy = Policy::draft().allow(["s3:GetObject"], [purlin_core::fmt!("{}/*", bucket_arn)]);
/// # let _ = policy; }
/// ```
#[derive(Clone, Debug, Default)]
pub struct PolicyDraft {
    statements: Vec<StatementDraft>,
    minimized: bool,
}

/// A statement of a [`PolicyDraft`].
#[derive(Clone, Debug)]
pub struct StatementDraft {
    effect: Effect,
    sid: Option<SmolStr>,
    principals: Vec<(PrincipalKind, Expr)>,
    actions: (&'static str, Vec<SmolStr>),
    resources: (&'static str, Vec<Expr>),
    conditions: Vec<Condition>,
}

#[derive(Clone, Debug)]
struct Condition {
    operator: SmolStr,
    key: Expr,
    values: Vec<Expr>,
}

impl PolicyDraft {
    /// Adds a statement.
    #[must_use]
    pub fn statement(mut self, statement: StatementDraft) -> Self {
        self.statements.push(statement);
        self
    }

    /// Adds a statement that allows actions on resources.
    #[must_use]
    pub fn allow<A: Into<SmolStr>, R: IntoInput<String>>(
        self,
        actions: impl IntoIterator<Item = A>,
        resources: impl IntoIterator<Item = R>,
    ) -> Self {
        self.statement(StatementDraft::allow(actions).resources(resources))
    }

    /// Adds a statement that denies actions on resources, whatever else allows them.
    #[must_use]
    pub fn deny<A: Into<SmolStr>, R: IntoInput<String>>(
        self,
        actions: impl IntoIterator<Item = A>,
        resources: impl IntoIterator<Item = R>,
    ) -> Self {
        self.statement(StatementDraft::deny(actions).resources(resources))
    }

    /// Adds all statements of another draft.
    #[must_use]
    pub fn and(mut self, other: Self) -> Self {
        self.statements.extend(other.statements);
        self.minimized |= other.minimized;
        self
    }

    /// Merges statements where that does not change the meaning: see [`Policy::minimized`].
    #[must_use]
    pub fn minimized(mut self) -> Self {
        self.minimized = true;
        self
    }

    /// How many statements were added.
    pub fn len(&self) -> usize {
        self.statements.len()
    }

    /// True when no statement was added: the policy allows nothing.
    pub fn is_empty(&self) -> bool {
        self.statements.is_empty()
    }

    /// The policy as an output: to read it, or to map it.
    pub fn output(&self) -> Output<Policy> {
        Output::from_expr(self.expr())
    }

    fn expr(&self) -> Expr {
        let statements = self.statements.iter().map(StatementDraft::expr).collect();
        Expr::Apply(Function::Policy, [Expr::List(statements), Value::Bool(self.minimized).into()].into())
    }
}

impl StatementDraft {
    /// A statement that allows actions.
    pub fn allow<A: Into<SmolStr>>(actions: impl IntoIterator<Item = A>) -> Self {
        Self::new(Effect::Allow, "Action", actions)
    }

    /// A statement that denies actions.
    pub fn deny<A: Into<SmolStr>>(actions: impl IntoIterator<Item = A>) -> Self {
        Self::new(Effect::Deny, "Action", actions)
    }

    /// A statement that denies all actions but these.
    pub fn deny_all_but<A: Into<SmolStr>>(actions: impl IntoIterator<Item = A>) -> Self {
        Self::new(Effect::Deny, "NotAction", actions)
    }

    fn new<A: Into<SmolStr>>(effect: Effect, element: &'static str, actions: impl IntoIterator<Item = A>) -> Self {
        Self {
            effect,
            sid: None,
            principals: Vec::new(),
            actions: (element, actions.into_iter().map(Into::into).collect()),
            resources: ("Resource", Vec::new()),
            conditions: Vec::new(),
        }
    }

    /// Sets the label. Statements with a label are never merged.
    #[must_use]
    pub fn sid(mut self, sid: impl Into<SmolStr>) -> Self {
        self.sid = Some(sid.into());
        self
    }

    /// Adds a resource: an ARN, or a pattern of one.
    #[must_use]
    pub fn resource(mut self, resource: impl IntoInput<String>) -> Self {
        self.resources.1.push(resource.into_expr());
        self
    }

    /// Adds resources.
    #[must_use]
    pub fn resources<R: IntoInput<String>>(mut self, resources: impl IntoIterator<Item = R>) -> Self {
        self.resources.1.extend(resources.into_iter().map(IntoInput::into_expr));
        self
    }

    /// All resources but those that are given.
    #[must_use]
    pub fn all_resources_but<R: IntoInput<String>>(mut self, resources: impl IntoIterator<Item = R>) -> Self {
        self.resources = ("NotResource", resources.into_iter().map(IntoInput::into_expr).collect());
        self
    }

    /// Adds a principal: an account (its 12 digits), or the ARN of a role, user or session.
    #[must_use]
    pub fn aws(self, principal: impl IntoInput<String>) -> Self {
        self.principal(PrincipalKind::Aws, principal)
    }

    /// Adds a service of AWS as a principal: `ec2.amazonaws.com`.
    #[must_use]
    pub fn service(self, service: impl IntoInput<String>) -> Self {
        self.principal(PrincipalKind::Service, service)
    }

    /// Adds a provider of identities as a principal, by ARN.
    #[must_use]
    pub fn federated(self, provider: impl IntoInput<String>) -> Self {
        self.principal(PrincipalKind::Federated, provider)
    }

    /// For everybody, with or without an account.
    #[must_use]
    pub fn anyone(self) -> Self {
        self.principal(PrincipalKind::Aws, "*")
    }

    fn principal(mut self, kind: PrincipalKind, name: impl IntoInput<String>) -> Self {
        self.principals.push((kind, name.into_expr()));
        self
    }

    /// Adds a condition: `.when("StringEquals", "aws:SourceAccount", ["123456789012"])`. One of the values has to fit; all
    /// conditions have to hold. The key may be an output too. In a key, the ARN of an OIDC provider or the URL of an issuer
    /// stands for the issuer's name: `fmt!("{}:sub", provider.arn)`.
    #[must_use]
    pub fn when<V: IntoInput<String>>(
        mut self,
        operator: impl Into<SmolStr>,
        key: impl IntoInput<String>,
        values: impl IntoIterator<Item = V>,
    ) -> Self {
        let values = values.into_iter().map(IntoInput::into_expr).collect();
        self.conditions.push(Condition { operator: operator.into(), key: key.into_expr(), values });
        self
    }

    fn expr(&self) -> Expr {
        let mut entries: Vec<(SmolStr, Expr)> = vec![("Effect".into(), Value::from(self.effect.as_str()).into())];
        if let Some(sid) = &self.sid {
            entries.push(("Sid".into(), Value::from(sid.clone()).into()));
        }
        if !self.principals.is_empty() {
            let mut kinds: BTreeMap<PrincipalKind, Vec<Expr>> = BTreeMap::new();
            for (kind, expr) in &self.principals {
                kinds.entry(*kind).or_default().push(expr.clone());
            }
            let kinds = kinds.into_iter().map(|(kind, names)| (kind.as_str().into(), Expr::List(names.into())));
            entries.push(("Principal".into(), Expr::Map(kinds.collect())));
        }
        let (element, actions) = &self.actions;
        let actions = actions.iter().cloned().map(Value::from).collect();
        entries.push(((*element).into(), Value::List(actions).into()));
        let (element, resources) = &self.resources;
        if !resources.is_empty() {
            entries.push(((*element).into(), Expr::List(resources.as_slice().into())));
        }
        if !self.conditions.is_empty() {
            let conditions = self.conditions.iter().map(|c| {
                let values = Expr::List(c.values.as_slice().into());
                let parts =
                    [("operator", Value::from(c.operator.clone()).into()), ("key", c.key.clone()), ("values", values)];
                Expr::Map(parts.into_iter().map(|(name, expr)| (name.into(), expr)).collect())
            });
            entries.push(("Condition".into(), Expr::List(conditions.collect())));
        }
        Expr::Map(entries.into())
    }
}

impl From<StatementDraft> for PolicyDraft {
    fn from(statement: StatementDraft) -> Self {
        Self { statements: vec![statement], minimized: false }
    }
}

impl IntoInput<Policy> for PolicyDraft {
    fn into_expr(self) -> Expr {
        self.expr()
    }
}

impl IntoInput<Policy> for &PolicyDraft {
    fn into_expr(self) -> Expr {
        self.expr()
    }
}

impl IntoInput<Policy> for StatementDraft {
    fn into_expr(self) -> Expr {
        PolicyDraft::from(self).expr()
    }
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::*;
    use crate::{
        NodeId, Plain as _,
        expr::Attributes,
        fmt,
        types::{Arn, Principal, Statement},
    };

    /// A world in which what is named `new…` is not known yet.
    struct World;
    impl Attributes for World {
        fn attribute(&self, _: NodeId, name: &str) -> Value {
            match name {
                "secret" => Value::from("arn:aws:s3:::hidden").into_secret(),
                name if name.starts_with("new") => Value::fresh(format!("{name}.arn")),
                name => Value::from(format!("arn:aws:s3:::{name}")),
            }
        }
    }

    fn arn(name: &'static str) -> Output<Arn<()>> {
        Output::attribute(NodeId::from_index(0), name)
    }

    fn value(policy: impl IntoInput<Policy>) -> Value {
        policy.into_expr().eval(&World).expect("no failure")
    }

    #[test]
    fn a_draft_whose_parts_are_known_is_the_plain_policy() {
        let draft = Policy::draft()
            .allow(["s3:PutObject", "s3:GetObject", "s3:putobject"], [fmt!("{}/*", arn("models"))])
            .allow(["s3:ListBucket"], [arn("models")])
            .statement(StatementDraft::deny(["s3:*"]).sid("TlsOnly").anyone().resource("*").when(
                "Bool",
                "aws:SecureTransport",
                ["false"],
            ));
        let plain = Policy::new()
            .allow(["s3:ListBucket"], ["arn:aws:s3:::models"])
            .allow(["s3:GetObject", "s3:PutObject"], ["arn:aws:s3:::models/*"])
            .statement(
                Statement::deny()
                    .sid("TlsOnly")
                    .principals([Principal::anyone()])
                    .actions(["s3:*"])
                    .resources(["*"])
                    .when("Bool", "aws:SecureTransport", ["false"]),
            );
        assert_eq!(value(&draft), plain.encode());
        assert_eq!(value(draft.output()), plain.encode());
        assert_eq!(value(Policy::draft()), Policy::new().encode());
    }

    #[test]
    fn what_is_not_known_stays_unknown_in_its_place() {
        let draft = StatementDraft::allow(["s3:GetObject"])
            .resources([fmt!("{}/*", arn("new")), fmt!("{}/*", arn("models")), fmt!("{}/*", arn("new"))])
            .aws(arn("new-role"))
            .when("StringEquals", fmt!("{}:aud", arn("new-issuer")), [fmt!("sts"), fmt!("{}", arn("new"))]);
        let value = value(draft);
        expect![[r#"{Statement: [{Action: ["s3:GetObject"], Condition: {StringEquals: {${new-issuer.arn}:aud: ["sts", ${new.arn}]}}, Effect: "Allow", Principal: {AWS: [${new-role.arn}]}, Resource: ["arn:aws:s3:::models/*", ${new.arn}/*]}], Version: "2012-10-17"}"#]]
            .assert_eq(&value.display());
        let statement =
            value.as_map().and_then(|v| v.get("Statement")?.as_list()?.first()?.as_map()).expect("a statement");
        assert!(statement["Action"].is_known());
        let condition = statement["Condition"].first_unknown().expect("its key is unknown");
        assert_eq!((condition.cause.as_str(), condition.fresh), ("new-issuer.arn", true));
    }

    #[test]
    fn statements_on_the_same_unknown_resource_are_merged() {
        let draft = Policy::draft()
            .allow(["s3:GetObject"], [arn("new")])
            .allow(["s3:PutObject"], [arn("new")])
            .allow(["s3:GetObject", "s3:PutObject"], [arn("models")])
            .minimized();
        expect![[r#"{Statement: [{Action: ["s3:GetObject", "s3:PutObject"], Effect: "Allow", Resource: ["arn:aws:s3:::models", ${new.arn}]}], Version: "2012-10-17"}"#]]
            .assert_eq(&value(draft).display());
    }

    #[test]
    fn a_secret_makes_the_whole_policy_a_secret() {
        assert_eq!(value(StatementDraft::allow(["s3:*"]).resource(arn("secret"))).display(), "(secret)");
    }

    #[test]
    fn two_conditions_of_one_operator_and_key_are_one() {
        let draft = StatementDraft::allow(["s3:*"])
            .all_resources_but(["arn:aws:s3:::audit"])
            .when("StringEquals", "aws:SourceAccount", ["1"])
            .when("StringEquals", "AWS:sourceaccount", ["2"]);
        expect![[r#"{Statement: [{Action: ["s3:*"], Condition: {StringEquals: {aws:sourceaccount: ["1", "2"]}}, Effect: "Allow", NotResource: ["arn:aws:s3:::audit"]}], Version: "2012-10-17"}"#]]
            .assert_eq(&value(draft).display());
    }
}
