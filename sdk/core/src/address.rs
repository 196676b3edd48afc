//! [`Address`]: which resource of a stack is meant.
use std::fmt;

use serde::{Deserialize, Serialize};
use smol_str::SmolStr;

/// Path and type of a resource: its identity in a stack, apart from the cloud's id.
///
/// The path is made of the names of the components and the resource's own, joined by `/`; the type is `provider:service:Name`.
/// A resource that is given another type at the same path is another resource.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Address {
    /// `net/private-a`
    pub path: SmolStr,
    /// `aws:ec2:Subnet`
    #[serde(rename = "type")]
    pub ty: SmolStr,
}

impl Address {
    /// An address of its two parts.
    pub fn new(path: impl Into<SmolStr>, ty: impl Into<SmolStr>) -> Self {
        Self { path: path.into(), ty: ty.into() }
    }

    /// The resource's own name: the last part of the path.
    pub fn name(&self) -> &str {
        self.path.rsplit('/').next().unwrap_or(&self.path)
    }

    /// The component that holds the resource, if any: `net` of `net/private-a`.
    pub fn scope(&self) -> Option<&str> {
        self.path.rsplit_once('/').map(|(scope, _)| scope)
    }

    /// The type's last part: `Subnet` of `aws:ec2:Subnet`.
    pub fn short_type(&self) -> &str {
        self.ty.rsplit(':').next().unwrap_or(&self.ty)
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.path, self.ty)
    }
}

/// Says what is wrong with a name that a program gives to a resource or component, if anything is.
///
/// Letters, digits, `-`, `_` and `.`; at most 128 characters; so that a path needs no quoting in a shell.
pub(crate) fn name_fault(name: &str) -> Option<String> {
    if name.is_empty() {
        return Some("the name is empty".into());
    }
    if name.chars().count() > 128 {
        return Some(format!("the name has {} characters; 128 are allowed", name.chars().count()));
    }
    let bad = name.chars().find(|c| !(c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.')))?;
    Some(format!("{bad:?} is not allowed in the name {name:?}: use letters, digits, `-`, `_` and `.`"))
}
