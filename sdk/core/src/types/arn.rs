//! [`Arn`]: the name that AWS gives to an object, typed by what it names.
//!
//! Not a pattern: an ARN names one object, so `*` is refused outside of the resource part. Patterns stand in policies, as text.
use std::{fmt, marker::PhantomData, str::FromStr};

use smol_str::SmolStr;

use crate::{Expr, IntoInput, Output, Plain, Value, expr::Part, output::FormatArg, plain::Mismatch};

/// An Amazon Resource Name: `arn:partition:service:region:account:resource`.
///
/// `R` says what it names, so that the ARN of a bucket is not taken for that of a key; [`Arn<()>`] names anything.
///
/// ```
/// use purlin_core::types::Arn;
///
/// let arn: Arn = "arn:aws:iam::123456789012:role/trainer".parse()?;
/// assert_eq!((arn.service(), arn.region(), arn.account()), ("iam", None, Some("123456789012")));
/// assert_eq!(arn.resource(), "role/trainer");
/// # Ok::<(), purlin_core::types::ArnError>(())
/// ```
pub struct Arn<R = ()> {
    text: SmolStr,
    names: PhantomData<fn() -> R>,
}

/// A text is not an ARN.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is not an ARN: {fault}; an ARN is arn:partition:service:region:account:resource")]
pub struct ArnError {
    /// The text.
    pub text: String,
    /// What is wrong with it.
    pub fault: String,
}

impl<R> Arn<R> {
    /// Reads and checks an ARN.
    ///
    /// # Errors
    /// A part is missing, or holds characters that it cannot have.
    pub fn parse(text: impl Into<SmolStr>) -> Result<Self, ArnError> {
        let text = text.into();
        match fault(&text) {
            Some(fault) => Err(ArnError { text: text.into(), fault }),
            None => Ok(Self::unchecked(text)),
        }
    }

    /// An ARN from its parts: for drivers that know them. `region` and `account` are empty where the service has none.
    ///
    /// # Errors
    /// A part holds characters that it cannot have.
    pub fn build(
        partition: &str,
        service: &str,
        region: &str,
        account: &str,
        resource: &str,
    ) -> Result<Self, ArnError> {
        Self::parse(format!("arn:{partition}:{service}:{region}:{account}:{resource}"))
    }

    fn unchecked(text: SmolStr) -> Self {
        Self { text, names: PhantomData }
    }

    /// The whole text.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// `aws`, `aws-cn`, `aws-us-gov`, ...
    pub fn partition(&self) -> &str {
        self.part(1)
    }

    /// `s3`, `iam`, `ec2`, ...
    pub fn service(&self) -> &str {
        self.part(2)
    }

    /// The region; none for global objects and for buckets.
    pub fn region(&self) -> Option<&str> {
        Some(self.part(3)).filter(|part| !part.is_empty())
    }

    /// The account's 12 digits, or `aws` for what AWS itself owns; none for buckets.
    pub fn account(&self) -> Option<&str> {
        Some(self.part(4)).filter(|part| !part.is_empty())
    }

    /// What is named within service, region and account: `role/trainer`. It may hold further colons.
    pub fn resource(&self) -> &str {
        self.part(5)
    }

    /// The same ARN, of anything.
    pub fn untyped(&self) -> Arn<()> {
        Arn::unchecked(self.text.clone())
    }

    fn part(&self, index: usize) -> &str {
        self.text.splitn(6, ':').nth(index).unwrap_or_default()
    }
}

/// What is wrong with the text, if anything is.
fn fault(text: &str) -> Option<String> {
    let parts: Vec<&str> = text.splitn(6, ':').collect();
    let &[arn, partition, service, region, account, resource] = parts.as_slice() else {
        return Some(format!("it has {} of 6 parts", parts.len()));
    };
    let word = |part: &str| part.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
    if arn != "arn" {
        return Some("it does not start with `arn:`".into());
    }
    if !word(partition) || !partition.starts_with("aws") {
        return Some(format!("{partition:?} is not a partition"));
    }
    if service.is_empty() || !word(service) {
        return Some(format!("{service:?} is not a service"));
    }
    if !word(region) {
        return Some(format!("{region:?} is not a region"));
    }
    // Beside account ids, AWS puts its own words here: `aws` for managed policies, `cloudfront` for its users.
    if !word(account) || (account.bytes().all(|b| b.is_ascii_digit()) && !matches!(account.len(), 0 | 12)) {
        return Some(format!("{account:?} is not an account of 12 digits"));
    }
    if resource.is_empty() {
        return Some("it names no resource".into());
    }
    if resource.chars().any(|c| c.is_whitespace() || c.is_control()) {
        return Some("its resource has white space".into());
    }
    None
}

impl<R: 'static> Plain for Arn<R> {
    fn encode(&self) -> Value {
        Value::Str(self.text.clone())
    }
    fn decode(value: &Value) -> Result<Self, Mismatch> {
        let text = SmolStr::decode(value).map_err(|_| Mismatch::new("an ARN", value))?;
        Self::parse(text).map_err(|e| Mismatch::new(format!("an ARN ({})", e.fault), value))
    }
}

impl<R> IntoInput<String> for Arn<R> {
    fn into_expr(self) -> Expr {
        Expr::Value(self.text.into())
    }
}

impl<R> IntoInput<String> for &Arn<R> {
    fn into_expr(self) -> Expr {
        Expr::Value(self.text.clone().into())
    }
}

impl<R: 'static> IntoInput<Arn<R>> for &Arn<R> {
    fn into_expr(self) -> Expr {
        Expr::Value(self.text.clone().into())
    }
}

impl<R: 'static> Output<Arn<R>> {
    /// The same ARN, of anything: for fields that take any.
    pub fn any_arn(&self) -> Output<Arn<()>> {
        Output::from_expr(self.expr().clone())
    }
}

impl<R> FormatArg for Arn<R> {
    fn part(&self) -> Part {
        Part::Text(self.text.clone())
    }
}

impl<R> FromStr for Arn<R> {
    type Err = ArnError;
    fn from_str(text: &str) -> Result<Self, ArnError> {
        Self::parse(text)
    }
}

impl<R> fmt::Display for Arn<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl<R> fmt::Debug for Arn<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl<R> Clone for Arn<R> {
    fn clone(&self) -> Self {
        Self::unchecked(self.text.clone())
    }
}

impl<R> PartialEq for Arn<R> {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl<R> Eq for Arn<R> {}

impl<R> PartialOrd for Arn<R> {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl<R> Ord for Arn<R> {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.text.cmp(&other.text)
    }
}

impl<R> std::hash::Hash for Arn<R> {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.text.hash(state);
    }
}

#[cfg(test)]
mod tests {
    use expect_test::expect;
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_parts_of_an_arn() {
        let parts = |text: &str| {
            let arn: Arn = text.parse().expect("an ARN");
            let (region, account) = (arn.region().unwrap_or("-"), arn.account().unwrap_or("-"));
            format!("{} {} {region} {account} {}", arn.partition(), arn.service(), arn.resource())
        };
        let told = [
            "arn:aws:s3:::models",
            "arn:aws:iam::aws:policy/AmazonEKSClusterPolicy",
            "arn:aws-cn:ec2:cn-north-1:123456789012:vpc/vpc-0ab",
            "arn:aws:sns:eu-west-1:123456789012:topic:with:colons",
        ]
        .map(parts);
        expect![[r#"
            aws s3 - - models
            aws iam - aws policy/AmazonEKSClusterPolicy
            aws-cn ec2 cn-north-1 123456789012 vpc/vpc-0ab
            aws sns eu-west-1 123456789012 topic:with:colons"#]]
        .assert_eq(&told.join("\n"));
    }

    #[test]
    fn what_is_no_arn_is_refused_with_its_fault() {
        let told = [
            "models",
            "urn:aws:s3:::models",
            "arn:gcp:s3:::models",
            "arn:aws:S3:::models",
            "arn:aws:s3:*::models",
            "arn:aws:iam::12345:role/x",
            "arn:aws:s3:::",
            "arn:aws:s3:::two words",
        ]
        .map(|text| text.parse::<Arn>().expect_err("no ARN").fault);
        expect![[r#"
            it has 1 of 6 parts
            it does not start with `arn:`
            "gcp" is not a partition
            "S3" is not a service
            "*" is not a region
            "12345" is not an account of 12 digits
            it names no resource
            its resource has white space"#]]
        .assert_eq(&told.join("\n"));
        let error = Arn::<()>::decode(&"models".into()).expect_err("no ARN");
        assert_eq!(error.to_string(), r#"expected an ARN (it has 1 of 6 parts), found "models""#);
    }

    proptest! {
        #[test]
        fn what_is_built_reads_back(
            region in "([a-z]{2}-[a-z]{4}-[1-9])?", account in "([0-9]{12})?", resource in "[a-zA-Z0-9/:._-]{1,20}",
        ) {
            let arn = Arn::<()>::build("aws", "s3", &region, &account, &resource).expect("sound parts");
            prop_assert_eq!(arn.as_str().parse::<Arn>(), Ok(arn.clone()));
            prop_assert_eq!(Arn::decode(&arn.encode()), Ok(arn.clone()));
            prop_assert_eq!((arn.region().unwrap_or(""), arn.account().unwrap_or("")), (&*region, &*account));
            prop_assert_eq!(arn.resource(), resource);
        }

        #[test]
        fn no_text_panics(text in ".{0,40}") {
            if let Ok(arn) = text.parse::<Arn>() {
                prop_assert!(arn.to_string().starts_with("arn:"));
            }
        }
    }
}
