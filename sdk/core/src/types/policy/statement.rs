//! [`Statement`] and its parts. Each part has one form for each meaning, so derived equality is equality by meaning.
use std::{
    cmp::Ordering,
    collections::{BTreeMap, BTreeSet},
    fmt,
};

use smol_str::SmolStr;

/// Whether a statement allows or denies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Effect {
    /// The actions are allowed, unless something denies them.
    Allow,
    /// The actions are denied, whatever allows them.
    Deny,
}

impl Effect {
    /// `Allow` or `Deny`, as in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Allow => "Allow",
            Self::Deny => "Deny",
        }
    }
}

/// A name whose letter case has no meaning: an action (`s3:GetObject`) or the key of a condition (`aws:SourceArn`). The case that
/// it was written in is kept for people.
#[derive(Clone)]
pub struct Name(SmolStr);

impl Name {
    /// The name as it was written.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    fn folded(&self) -> impl Iterator<Item = u8> {
        self.0.bytes().map(|b| b.to_ascii_lowercase())
    }
}

impl<T: Into<SmolStr>> From<T> for Name {
    /// The service in front of the colon is written in lower case everywhere, so it is here.
    fn from(text: T) -> Self {
        let text = text.into();
        match text.split_once(':') {
            Some((service, rest))
                if service.bytes().any(|b| b.is_ascii_uppercase()) && !service.contains(['/', '.']) =>
            {
                Self(format!("{}:{rest}", service.to_ascii_lowercase()).into())
            }
            _ => Self(text),
        }
    }
}

impl PartialEq for Name {
    fn eq(&self, other: &Self) -> bool {
        self.0.eq_ignore_ascii_case(&other.0)
    }
}

impl Eq for Name {}

impl PartialOrd for Name {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Name {
    fn cmp(&self, other: &Self) -> Ordering {
        self.folded().cmp(other.folded())
    }
}

impl fmt::Debug for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The names, each once. Of two spellings of one name that with more capitals stays, whatever the order.
pub(super) fn distinct(names: impl IntoIterator<Item = Name>) -> BTreeSet<Name> {
    let mut set: BTreeSet<Name> = BTreeSet::new();
    for name in names {
        match set.get(&name) {
            Some(known) if known.0 <= name.0 => {}
            _ => drop(set.replace(name)),
        }
    }
    set
}

/// What kind of name a principal has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PrincipalKind {
    /// An account, role, user or session; `*` is everybody.
    Aws,
    /// A user by the canonical id that S3 gives.
    CanonicalUser,
    /// A provider of identities: OIDC or SAML.
    Federated,
    /// A service of AWS.
    Service,
}

impl PrincipalKind {
    /// All kinds, in the order of their JSON names.
    pub const ALL: [Self; 4] = [Self::Aws, Self::CanonicalUser, Self::Federated, Self::Service];

    /// The name in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Aws => "AWS",
            Self::CanonicalUser => "CanonicalUser",
            Self::Federated => "Federated",
            Self::Service => "Service",
        }
    }
}

/// Who a statement is about.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Principal {
    kind: PrincipalKind,
    name: SmolStr,
}

impl Principal {
    /// A principal of a kind. The ARN of an account's root and the account's id are the same principal: the id is kept.
    pub fn new(kind: PrincipalKind, name: impl Into<SmolStr>) -> Self {
        let name = name.into();
        let name = match kind {
            PrincipalKind::Aws => root_account(&name).map(SmolStr::from).unwrap_or(name),
            _ => name,
        };
        Self { kind, name }
    }

    /// Everybody, with or without an account.
    pub fn anyone() -> Self {
        Self { kind: PrincipalKind::Aws, name: SmolStr::new_static("*") }
    }

    /// An account (its 12 digits), a role, a user or a session (their ARNs).
    pub fn aws(name: impl Into<SmolStr>) -> Self {
        Self::new(PrincipalKind::Aws, name)
    }

    /// A service: `ec2.amazonaws.com`.
    pub fn service(name: impl Into<SmolStr>) -> Self {
        Self::new(PrincipalKind::Service, name)
    }

    /// A provider of identities, by ARN.
    pub fn federated(name: impl Into<SmolStr>) -> Self {
        Self::new(PrincipalKind::Federated, name)
    }

    /// The kind.
    pub fn kind(&self) -> PrincipalKind {
        self.kind
    }

    /// The id, ARN or service name.
    pub fn name(&self) -> &str {
        &self.name
    }
}

/// The account of `arn:<partition>:iam::<account>:root`.
fn root_account(arn: &str) -> Option<&str> {
    let mut parts = arn.splitn(6, ':');
    let (start, _partition, service) = (parts.next()?, parts.next()?, parts.next()?);
    let (region, account, resource) = (parts.next()?, parts.next()?, parts.next()?);
    let account_id = account.len() == 12 && account.bytes().all(|b| b.is_ascii_digit());
    (start == "arn" && service == "iam" && region.is_empty() && resource == "root" && account_id).then_some(account)
}

/// Either some, or all but some: `Action` or `NotAction`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Elements<T> {
    /// These. With none, the statement does not have the element.
    Only(BTreeSet<T>),
    /// All but these: `NotAction`, `NotResource`, `NotPrincipal`.
    AllBut(BTreeSet<T>),
}

impl<T> Elements<T> {
    /// The set, whichever way it is meant.
    pub fn set(&self) -> &BTreeSet<T> {
        match self {
            Self::Only(set) | Self::AllBut(set) => set,
        }
    }

    /// True when the statement does not have the element.
    pub fn is_absent(&self) -> bool {
        matches!(self, Self::Only(set) if set.is_empty())
    }
}

impl<T> Default for Elements<T> {
    fn default() -> Self {
        Self::Only(BTreeSet::new())
    }
}

/// Conditions: by operator, by key, the values of which one has to fit.
pub type Conditions = BTreeMap<SmolStr, BTreeMap<Name, BTreeSet<SmolStr>>>;

/// A statement of a policy.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Statement {
    /// A label, unique within the policy. Statements with a label are never merged.
    pub sid: Option<SmolStr>,
    /// Allow or deny.
    pub effect: Effect,
    /// Who. Absent in policies of identities.
    pub principals: Elements<Principal>,
    /// What.
    pub actions: Elements<Name>,
    /// On what. Absent in trust policies.
    pub resources: Elements<SmolStr>,
    /// When. All operators and keys have to fit.
    pub conditions: Conditions,
}

impl Statement {
    /// A statement that allows.
    pub fn allow() -> Self {
        Self::new(Effect::Allow)
    }

    /// A statement that denies.
    pub fn deny() -> Self {
        Self::new(Effect::Deny)
    }

    /// A statement without parts.
    pub fn new(effect: Effect) -> Self {
        Self {
            sid: None,
            effect,
            principals: Elements::default(),
            actions: Elements::default(),
            resources: Elements::default(),
            conditions: Conditions::new(),
        }
    }

    /// Sets the label.
    #[must_use]
    pub fn sid(mut self, sid: impl Into<SmolStr>) -> Self {
        self.sid = Some(sid.into());
        self
    }

    /// Sets who it is about.
    #[must_use]
    pub fn principals(mut self, principals: impl IntoIterator<Item = Principal>) -> Self {
        self.principals = Elements::Only(principals.into_iter().collect());
        self
    }

    /// Sets what it is about.
    #[must_use]
    pub fn actions<A: Into<Name>>(mut self, actions: impl IntoIterator<Item = A>) -> Self {
        self.actions = Elements::Only(distinct(actions.into_iter().map(Into::into)));
        self
    }

    /// Sets what it is about: all actions but these.
    #[must_use]
    pub fn not_actions<A: Into<Name>>(mut self, actions: impl IntoIterator<Item = A>) -> Self {
        self.actions = Elements::AllBut(distinct(actions.into_iter().map(Into::into)));
        self
    }

    /// Sets on what.
    #[must_use]
    pub fn resources<R: Into<SmolStr>>(mut self, resources: impl IntoIterator<Item = R>) -> Self {
        self.resources = Elements::Only(resources.into_iter().map(Into::into).collect());
        self
    }

    /// Sets on what: all resources but these.
    #[must_use]
    pub fn not_resources<R: Into<SmolStr>>(mut self, resources: impl IntoIterator<Item = R>) -> Self {
        self.resources = Elements::AllBut(resources.into_iter().map(Into::into).collect());
        self
    }

    /// Adds a condition: `.when("StringEquals", "aws:SourceAccount", ["123456789012"])`.
    #[must_use]
    pub fn when<V: Into<SmolStr>>(
        mut self,
        operator: impl Into<SmolStr>,
        key: impl Into<Name>,
        values: impl IntoIterator<Item = V>,
    ) -> Self {
        let keys = self.conditions.entry(operator.into()).or_default();
        keys.entry(key.into()).or_default().extend(values.into_iter().map(Into::into));
        self
    }
}
