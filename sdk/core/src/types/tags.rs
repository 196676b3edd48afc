//! [`Tags`]: labels of an object, by key. With outputs among the values: [`tags!`](crate::tags).
use std::collections::{BTreeMap, btree_map};

use smol_str::SmolStr;

use crate::{Expr, IntoInput, Output, Plain, Value, expr::Function, plain::Mismatch};

/// Labels of an object, ordered by key.
///
/// A field of this type takes `Tags`, an array of pairs, or what [`tags!`](crate::tags) gives where a value is an output.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tags(BTreeMap<String, String>);

/// Something that AWS would refuse about tags.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TagFault {
    /// More than [`Tags::MAX`].
    #[error("there are {0} tags: an object can have {max}", max = Tags::MAX)]
    TooMany(usize),
    /// A key is empty or longer than [`Tags::MAX_KEY`].
    #[error("the key {0:?} has {len} characters: it can have 1 to {max}", len = .0.chars().count(), max = Tags::MAX_KEY)]
    Key(String),
    /// A value is longer than [`Tags::MAX_VALUE`].
    #[error("the value of {key:?} has {len} characters: it can have at most {max}", max = Tags::MAX_VALUE)]
    Value {
        /// The key.
        key: String,
        /// The length of its value in characters.
        len: usize,
    },
    /// A key starts with `aws:` or `purlin:`.
    #[error("the key {0:?} is reserved: `aws:` belongs to AWS, and `purlin:` marks what a stack owns")]
    Reserved(String),
}

impl Tags {
    /// How many tags an object can have.
    pub const MAX: usize = 50;
    /// How many characters a key can have.
    pub const MAX_KEY: usize = 128;
    /// How many characters a value can have.
    pub const MAX_VALUE: usize = 256;

    /// No tags.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a tag, or replaces the one of the same key.
    #[must_use]
    pub fn tag(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.0.insert(key.into(), value.into());
        self
    }

    /// The value of a key.
    pub fn get(&self, key: &str) -> Option<&str> {
        self.0.get(key).map(String::as_str)
    }

    /// The tags in the order of their keys.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&str, &str)> {
        self.0.iter().map(|(k, v)| (k.as_str(), v.as_str()))
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// True when there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Removes a tag and gives its value.
    pub fn remove(&mut self, key: &str) -> Option<String> {
        self.0.remove(key)
    }

    /// These tags and those of `other`, whose values win.
    #[must_use]
    pub fn merged(mut self, other: &Self) -> Self {
        self.0.extend(other.0.iter().map(|(k, v)| (k.clone(), v.clone())));
        self
    }

    /// Only the tags that a program may set: without those of AWS and those that mark ownership. For drivers that read.
    #[must_use]
    pub fn without_reserved(mut self) -> Self {
        self.0.retain(|key, _| !is_reserved(key));
        self
    }

    /// The first thing that AWS would refuse, if any: too many tags, a key or value that is too long, a reserved key. A program
    /// is not allowed keys that start with `purlin:` either: they mark what a stack owns.
    pub fn fault(&self) -> Option<TagFault> {
        if self.len() > Self::MAX {
            return Some(TagFault::TooMany(self.len()));
        }
        self.0.iter().find_map(|(key, value)| {
            let len = value.chars().count();
            if key.is_empty() || key.chars().count() > Self::MAX_KEY {
                Some(TagFault::Key(key.clone()))
            } else if is_reserved(key) {
                Some(TagFault::Reserved(key.clone()))
            } else if len > Self::MAX_VALUE {
                Some(TagFault::Value { key: key.clone(), len })
            } else {
                None
            }
        })
    }
}

// AWS refuses its prefix in any case.
fn is_reserved(key: &str) -> bool {
    let starts = |prefix: &str| key.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix));
    starts("aws:") || starts("purlin:")
}

impl<K: Into<String>, V: Into<String>> FromIterator<(K, V)> for Tags {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(tags: I) -> Self {
        Self(tags.into_iter().map(|(k, v)| (k.into(), v.into())).collect())
    }
}

impl<const N: usize> From<[(&str, &str); N]> for Tags {
    fn from(tags: [(&str, &str); N]) -> Self {
        tags.into_iter().collect()
    }
}

impl IntoIterator for Tags {
    type Item = (String, String);
    type IntoIter = btree_map::IntoIter<String, String>;
    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl Plain for Tags {
    fn encode(&self) -> Value {
        self.0.encode()
    }
    fn decode(value: &Value) -> Result<Self, Mismatch> {
        BTreeMap::decode(value).map(Self).map_err(|e| match e.path.as_str() {
            "" => Mismatch::new("a map of tags", value),
            _ => e,
        })
    }
    fn absent() -> Option<Self> {
        Some(Self::default())
    }
}

/// Pairs of a key and a value: text, or an output of text.
impl<V: IntoInput<String>, const N: usize> IntoInput<Tags> for [(&str, V); N] {
    fn into_expr(self) -> Expr {
        let entries = self.into_iter().map(|(key, value)| (SmolStr::from(key), value.into_expr()));
        unique(entries.collect())
    }
}

impl Output<Tags> {
    /// Adds a tag, or replaces the one of the same key.
    #[must_use]
    pub fn tag(&self, key: impl Into<SmolStr>, value: impl IntoInput<String>) -> Self {
        let more = Expr::Map([(key.into(), value.into_expr())].into());
        Self::from_expr(Expr::Apply(Function::Merge, [self.expr().clone(), more].into()))
    }

    /// Tags from their expressions; of two with one key, the later counts. Called by [`tags!`](crate::tags).
    pub fn from_entries(entries: Vec<(SmolStr, Expr)>) -> Self {
        Self::from_expr(unique(entries))
    }
}

/// A map without doubles, in the order of its keys.
fn unique(entries: Vec<(SmolStr, Expr)>) -> Expr {
    let entries: BTreeMap<SmolStr, Expr> = entries.into_iter().collect();
    Expr::Map(entries.into_iter().collect())
}

/// Tags whose values may be outputs: `tags! { "team" => "ml", "network" => vpc.arn }` is an `Output<Tags>`.
#[macro_export]
macro_rules! tags {
    ($($key:expr => $value:expr),* $(,)?) => {
        $crate::Output::<$crate::types::Tags>::from_entries(::std::vec![
            $(($crate::SmolStr::from($key), $crate::IntoInput::<::std::string::String>::into_expr($value))),*
        ])
    };
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::*;
    use crate::{NodeId, expr::Attributes};

    struct Known;
    impl Attributes for Known {
        fn attribute(&self, _: NodeId, name: &str) -> Value {
            if name == "arn" { Value::fresh("vpc.arn") } else { Value::from(format!("value of {name}")) }
        }
    }

    fn output(name: &'static str) -> Output<String> {
        Output::attribute(NodeId::from_index(0), name)
    }

    fn value(tags: impl IntoInput<Tags>) -> Value {
        tags.into_expr().eval(&Known).expect("no failure")
    }

    #[test]
    fn a_field_takes_tags_pairs_and_outputs() {
        let plain = Tags::new().tag("team", "ml").tag("env", "dev");
        let encoded = plain.encode();
        assert_eq!(value(plain), encoded);
        assert_eq!(value([("team", "ml"), ("env", "dev")]), encoded);
        assert_eq!(value(Tags::from([("env", "dev"), ("team", "ml")])), encoded);
        assert_eq!(value(crate::tags! { "team" => "ml", "env" => String::from("dev") }), encoded);
        assert_eq!(Tags::decode(&encoded).map(|t| t.encode()), Ok(encoded));
        let lazy = crate::tags! { "team" => "ml", "network" => output("arn"), "zone" => crate::fmt!("{}-a", output("region")) };
        expect![[r#"{network: ${vpc.arn}, team: "ml", zone: "value of region-a"}"#]].assert_eq(&value(lazy).display());
        expect![[r#"{a: "value of x", b: "value of y"}"#]]
            .assert_eq(&value([("b", output("y")), ("a", output("x"))]).display());
    }

    #[test]
    fn the_later_of_two_tags_of_one_key_counts() {
        assert_eq!(value([("a", "1"), ("a", "2")]), value([("a", "2")]));
        let more = crate::tags! { "a" => "1", "b" => "1" }.tag("a", output("x"));
        expect![[r#"{a: "value of x", b: "1"}"#]].assert_eq(&value(more).display());
        assert_eq!(Tags::from([("a", "1")]).merged(&Tags::from([("a", "2")])), Tags::from([("a", "2")]));
    }

    #[test]
    fn what_aws_would_refuse_is_found() {
        let told = [
            (0..51).map(|i| (i.to_string(), "")).collect::<Tags>(),
            Tags::new().tag("", "x"),
            Tags::new().tag("k".repeat(129), "x"),
            Tags::new().tag("k", "é".repeat(257)),
            Tags::new().tag("AWS:x", "y"),
            Tags::new().tag("purlin:stack", "y"),
        ]
        .map(|tags| tags.fault().map(|f| f.to_string().replace(&"k".repeat(129), "k…k")).unwrap_or_default());
        expect![[r#"
            there are 51 tags: an object can have 50
            the key "" has 0 characters: it can have 1 to 128
            the key "k…k" has 129 characters: it can have 1 to 128
            the value of "k" has 257 characters: it can have at most 256
            the key "AWS:x" is reserved: `aws:` belongs to AWS, and `purlin:` marks what a stack owns
            the key "purlin:stack" is reserved: `aws:` belongs to AWS, and `purlin:` marks what a stack owns"#]]
        .assert_eq(&told.join("\n"));
        assert_eq!(Tags::new().tag("k".repeat(128), "é".repeat(256)).tag("awsome", "").fault(), None);
    }

    #[test]
    fn reserved_tags_are_left_out_of_what_is_read() {
        let live = Tags::from([("purlin:stack", "dev"), ("aws:createdBy", "x"), ("team", "ml")]);
        assert_eq!(live.without_reserved(), Tags::from([("team", "ml")]));
    }

    #[test]
    fn a_tag_of_another_type_is_named() {
        let error = Tags::decode(&Value::Map([("n".into(), Value::Int(3))].into())).expect_err("not text");
        assert_eq!(error.to_string(), "`n`: expected text, found 3");
        assert_eq!(Tags::decode(&Value::Int(3)).expect_err("no map").to_string(), "expected a map of tags, found 3");
    }
}
