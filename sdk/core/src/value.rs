//! [`Value`]: everything a field of a resource can hold.
//!
//! Not `serde_json::Value`: secrets, unknowns and bytes are values of their own here, so that no view has to guess and none can
//! print a secret by accident. Maps are ordered, so a value has one text form. The text form (see [`Value`]'s `Serialize`) is
//! JSON; what JSON lacks is written as an object with one key that starts with `$`: `$bytes`, `$float`, `$sealed`, `$unknown`.
use std::{collections::BTreeMap, fmt, sync::Arc};

use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de, ser::SerializeMap};
use smol_str::SmolStr;

/// An ordered map of values; also the fields of a resource, by name.
pub type Map = BTreeMap<SmolStr, Value>;

/// What a field can hold.
#[derive(Clone, Default)]
pub enum Value {
    /// Nothing; also a field that was not set.
    #[default]
    Null,
    /// True or false.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// A number with a fraction. Equal when the bits are (so `NaN` equals itself).
    Float(f64),
    /// Text.
    Str(SmolStr),
    /// Bytes.
    Bytes(Arc<[u8]>),
    /// Values in order.
    List(Vec<Value>),
    /// Values by name.
    Map(Map),
    /// A value that no view may show. It is sealed before it is stored.
    Secret(Box<Value>),
    /// A secret whose plain text is not here: sealed in a state that was not unlocked, or a keyed digest in a plan file.
    Sealed(SmolStr),
    /// A value that only the apply will know.
    Unknown(Arc<Unknown>),
}

/// Why a value is not known yet, and what is known of it all the same.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unknown {
    /// The output that it waits for: `net/vpc.id`. With several, the first.
    pub cause: SmolStr,
    /// What it will look like: `https://${cluster.endpoint}/health`.
    pub shape: SmolStr,
    /// True when the value certainly differs from any earlier one, as the id of a new object does.
    pub fresh: bool,
    /// True when the value will be a secret.
    pub secret: bool,
}

impl Value {
    /// An unknown value that waits for `cause` and will certainly be new.
    pub fn fresh(cause: impl Into<SmolStr>) -> Self {
        let cause = cause.into();
        let shape = SmolStr::from(format!("${{{cause}}}"));
        Self::Unknown(Arc::new(Unknown { cause, shape, fresh: true, secret: false }))
    }

    /// An unknown value that waits for `cause` and may turn out the same as before.
    pub fn unknown(cause: impl Into<SmolStr>) -> Self {
        let cause = cause.into();
        let shape = SmolStr::from(format!("${{{cause}}}"));
        Self::Unknown(Arc::new(Unknown { cause, shape, fresh: false, secret: false }))
    }

    /// Marks the value as a secret; marking twice is the same as once.
    #[must_use]
    pub fn into_secret(self) -> Self {
        match self {
            Self::Secret(_) | Self::Sealed(_) => self,
            Self::Unknown(u) => Self::Unknown(Arc::new(Unknown { secret: true, ..(*u).clone() })),
            other => Self::Secret(Box::new(other)),
        }
    }

    /// The text, when this is text (not when it is a secret).
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Self::Str(s) => Some(s),
            _ => None,
        }
    }

    /// The whole number, when this is one.
    pub fn as_int(&self) -> Option<i64> {
        match self {
            Self::Int(n) => Some(*n),
            _ => None,
        }
    }

    /// The truth value, when this is one.
    pub fn as_bool(&self) -> Option<bool> {
        match self {
            Self::Bool(b) => Some(*b),
            _ => None,
        }
    }

    /// The map, when this is one.
    pub fn as_map(&self) -> Option<&Map> {
        match self {
            Self::Map(m) => Some(m),
            _ => None,
        }
    }

    /// The list, when this is one.
    pub fn as_list(&self) -> Option<&[Value]> {
        match self {
            Self::List(l) => Some(l),
            _ => None,
        }
    }

    /// True for [`Value::Null`].
    pub fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }

    /// The first unknown in this value, however deep.
    pub fn first_unknown(&self) -> Option<&Arc<Unknown>> {
        match self {
            Self::Unknown(u) => Some(u),
            Self::List(items) => items.iter().find_map(Self::first_unknown),
            Self::Map(map) => map.values().find_map(Self::first_unknown),
            Self::Secret(inner) => inner.first_unknown(),
            _ => None,
        }
    }

    /// True when nothing in this value waits for an apply.
    pub fn is_known(&self) -> bool {
        self.first_unknown().is_none()
    }

    /// True when any part of this value is a secret.
    pub fn has_secret(&self) -> bool {
        match self {
            Self::Secret(_) | Self::Sealed(_) => true,
            Self::Unknown(u) => u.secret,
            Self::List(items) => items.iter().any(Self::has_secret),
            Self::Map(map) => map.values().any(Self::has_secret),
            _ => false,
        }
    }

    /// The value with its secrets laid open: for drivers, which have to send them. Never for a view.
    #[must_use]
    pub fn reveal(&self) -> Value {
        match self {
            Self::Secret(inner) => inner.reveal(),
            Self::List(items) => Self::List(items.iter().map(Self::reveal).collect()),
            Self::Map(map) => Self::Map(map.iter().map(|(k, v)| (k.clone(), v.reveal())).collect()),
            other => other.clone(),
        }
    }

    /// The value as a person reads it: text in quotes, secrets as `(secret)`, unknowns by their shape.
    pub fn display(&self) -> String {
        let mut out = String::new();
        self.write_display(&mut out);
        out
    }

    fn write_display(&self, out: &mut String) {
        use fmt::Write as _;
        match self {
            Self::Null => out.push_str("none"),
            Self::Bool(b) => out.push_str(if *b { "true" } else { "false" }),
            Self::Int(n) => {
                let _ = write!(out, "{n}");
            }
            Self::Float(x) => {
                let _ = write!(out, "{x:?}");
            }
            Self::Str(s) => {
                let _ = write!(out, "{:?}", s.as_str());
            }
            Self::Bytes(b) => {
                let _ = write!(out, "({} bytes)", b.len());
            }
            Self::List(items) => {
                out.push('[');
                for (i, item) in items.iter().enumerate() {
                    if i > 0 {
                        out.push_str(", ");
                    }
                    item.write_display(out);
                }
                out.push(']');
            }
            Self::Map(map) => {
                out.push('{');
                for (i, (key, item)) in map.iter().enumerate() {
                    if i > 0 {
                        out.push_str(", ");
                    }
                    out.push_str(key);
                    out.push_str(": ");
                    item.write_display(out);
                }
                out.push('}');
            }
            Self::Secret(_) | Self::Sealed(_) => out.push_str("(secret)"),
            Self::Unknown(u) if u.secret => out.push_str("(secret, known after apply)"),
            Self::Unknown(u) => out.push_str(&u.shape),
        }
    }
}

impl fmt::Debug for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.display())
    }
}

impl PartialEq for Value {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Null, Self::Null) => true,
            (Self::Bool(a), Self::Bool(b)) => a == b,
            (Self::Int(a), Self::Int(b)) => a == b,
            (Self::Float(a), Self::Float(b)) => a.to_bits() == b.to_bits(),
            (Self::Str(a), Self::Str(b)) | (Self::Sealed(a), Self::Sealed(b)) => a == b,
            (Self::Bytes(a), Self::Bytes(b)) => a == b,
            (Self::List(a), Self::List(b)) => a == b,
            (Self::Map(a), Self::Map(b)) => a == b,
            (Self::Secret(a), Self::Secret(b)) => a == b,
            (Self::Unknown(a), Self::Unknown(b)) => a == b,
            _ => false,
        }
    }
}

impl Eq for Value {}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Str(text.into())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Str(text.into())
    }
}

impl From<SmolStr> for Value {
    fn from(text: SmolStr) -> Self {
        Self::Str(text)
    }
}

impl From<bool> for Value {
    fn from(b: bool) -> Self {
        Self::Bool(b)
    }
}

impl From<i64> for Value {
    fn from(n: i64) -> Self {
        Self::Int(n)
    }
}

impl Serialize for Value {
    /// The text form. A [`Value::Secret`] is an error: whoever stores a value seals it first.
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        let tagged = |s: S, key: &str, text: &str| {
            let mut map = s.serialize_map(Some(1))?;
            map.serialize_entry(key, text)?;
            map.end()
        };
        match self {
            Self::Null => s.serialize_unit(),
            Self::Bool(b) => s.serialize_bool(*b),
            Self::Int(n) => s.serialize_i64(*n),
            // Rust's shortest form that reads back to the same bits; JSON has no NaN and no infinity.
            Self::Float(x) => tagged(s, "$float", &format!("{x:?}")),
            Self::Str(text) => s.serialize_str(text),
            Self::Bytes(bytes) => tagged(s, "$bytes", &BASE64.encode(bytes)),
            Self::List(items) => s.collect_seq(items),
            Self::Map(map) => {
                let mut out = s.serialize_map(Some(map.len()))?;
                for (key, value) in map {
                    if key.starts_with('$') {
                        out.serialize_entry(&format!("${key}"), value)?;
                    } else {
                        out.serialize_entry(key, value)?;
                    }
                }
                out.end()
            }
            Self::Secret(_) => Err(serde::ser::Error::custom("a secret is sealed before it is stored")),
            Self::Sealed(text) => tagged(s, "$sealed", text),
            Self::Unknown(u) => {
                let mut map = s.serialize_map(Some(1))?;
                map.serialize_entry("$unknown", u.as_ref())?;
                map.end()
            }
        }
    }
}

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        d.deserialize_any(Visitor)
    }
}

struct Visitor;

impl<'de> de::Visitor<'de> for Visitor {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, b: bool) -> Result<Value, E> {
        Ok(Value::Bool(b))
    }

    fn visit_i64<E>(self, n: i64) -> Result<Value, E> {
        Ok(Value::Int(n))
    }

    fn visit_u64<E: de::Error>(self, n: u64) -> Result<Value, E> {
        i64::try_from(n).map(Value::Int).map_err(|_| E::custom(format!("{n} is past 64 bits with a sign")))
    }

    fn visit_f64<E>(self, x: f64) -> Result<Value, E> {
        Ok(Value::Float(x))
    }

    fn visit_str<E>(self, text: &str) -> Result<Value, E> {
        Ok(Value::Str(text.into()))
    }

    fn visit_seq<A: de::SeqAccess<'de>>(self, mut seq: A) -> Result<Value, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = seq.next_element()? {
            items.push(item);
        }
        Ok(Value::List(items))
    }

    fn visit_map<A: de::MapAccess<'de>>(self, mut access: A) -> Result<Value, A::Error> {
        let mut map = Map::new();
        while let Some(key) = access.next_key::<SmolStr>()? {
            match key.strip_prefix('$') {
                None => {
                    map.insert(key, access.next_value()?);
                }
                Some(rest) if rest.starts_with('$') => {
                    map.insert(rest.into(), access.next_value()?);
                }
                Some(tag) if map.is_empty() => {
                    let value = tagged(tag, &mut access)?;
                    if access.next_key::<SmolStr>()?.is_some() {
                        return Err(de::Error::custom(format!("`${tag}` stands with other keys")));
                    }
                    return Ok(value);
                }
                Some(tag) => return Err(de::Error::custom(format!("`${tag}` stands with other keys"))),
            }
        }
        Ok(Value::Map(map))
    }
}

fn tagged<'de, A: de::MapAccess<'de>>(tag: &str, access: &mut A) -> Result<Value, A::Error> {
    match tag {
        "bytes" => {
            let text: SmolStr = access.next_value()?;
            let bytes = BASE64.decode(text.as_bytes()).map_err(|e| de::Error::custom(format!("`$bytes`: {e}")))?;
            Ok(Value::Bytes(bytes.into()))
        }
        "float" => {
            let text: SmolStr = access.next_value()?;
            text.parse().map(Value::Float).map_err(|e| de::Error::custom(format!("`$float`: {e}")))
        }
        "sealed" => Ok(Value::Sealed(access.next_value()?)),
        "unknown" => Ok(Value::Unknown(Arc::new(access.next_value()?))),
        other => Err(de::Error::custom(format!("`${other}` is not a kind of value this version knows"))),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn any_value() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::Bool),
            any::<i64>().prop_map(Value::Int),
            any::<f64>().prop_map(Value::Float),
            ".*".prop_map(|s| Value::Str(s.into())),
            any::<Vec<u8>>().prop_map(|b| Value::Bytes(b.into())),
            "[a-z]{1,8}".prop_map(Value::fresh),
        ];
        leaf.prop_recursive(4, 40, 6, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..6).prop_map(Value::List),
                prop::collection::btree_map("[$a-z]{0,6}", inner, 0..6)
                    .prop_map(|m| Value::Map(m.into_iter().map(|(k, v)| (k.into(), v)).collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn every_value_reads_back_as_itself(value in any_value()) {
            let text = serde_json::to_string(&value).expect("no secret inside");
            let back: Value = serde_json::from_str(&text).expect("our own text");
            prop_assert_eq!(back, value);
        }
    }

    #[test]
    fn a_secret_is_neither_printed_nor_stored() {
        let secret = Value::List(vec![Value::from("hunter2").into_secret()]);
        assert!(!format!("{secret:?} {}", secret.display()).contains("hunter2"));
        assert!(serde_json::to_string(&secret).is_err());
    }

    #[test]
    fn an_unknown_kind_is_refused_by_name() {
        let error = serde_json::from_str::<Value>(r#"{"$colour":"red"}"#).expect_err("not a kind");
        assert!(error.to_string().contains("$colour"), "{error}");
    }
}
