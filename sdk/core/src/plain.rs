//! [`Plain`]: Rust types that a field can hold, and how they become [`Value`]s and come back.
//!
//! Where equality is a matter of meaning (a policy, a CIDR block), the type's `encode` gives the canonical form, so that two
//! values are equal exactly when they mean the same.
use std::{collections::BTreeMap, sync::Arc, time::Duration};

use smol_str::SmolStr;

use crate::{Expr, IntoInput, Map, Value};

/// A value has another shape than the type that reads it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}expected {expected}, found {found}", if path.is_empty() { String::new() } else { format!("`{path}`: ") })]
pub struct Mismatch {
    /// Where in the value: `rules[0].days`. Empty for the value itself.
    pub path: String,
    /// What the type needs.
    pub expected: String,
    /// What is there (never the content of a secret).
    pub found: String,
}

impl Mismatch {
    /// A mismatch at the value itself.
    pub fn new(expected: impl Into<String>, found: &Value) -> Self {
        Self { path: String::new(), expected: expected.into(), found: found.display() }
    }

    /// The same mismatch, seen from the parent.
    #[must_use]
    pub fn within(mut self, parent: &str) -> Self {
        self.path = match (parent, self.path.as_str()) {
            (p, "") => p.to_owned(),
            (p, rest) if rest.starts_with('[') => format!("{p}{rest}"),
            (p, rest) => format!("{p}.{rest}"),
        };
        self
    }
}

/// A plain type: has one canonical [`Value`], and reads it back.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be a field of a resource",
    label = "not a plain type",
    note = "fields are bool, integers, f64, String, Vec, Option, BTreeMap, Duration, Purlin's own types (Cidr, Arn, Tags, Policy, ...), `Ref<R>`, `Secret<T>`, or a struct with `#[derive(Object)]`"
)]
pub trait Plain: Sized + 'static {
    /// The canonical value.
    fn encode(&self) -> Value;

    /// Reads the value. Secrets are read through: the caller holds the value already.
    ///
    /// # Errors
    /// A [`Mismatch`] that says where and what.
    fn decode(value: &Value) -> Result<Self, Mismatch>;

    /// What an absent field of this type reads as, if anything does.
    fn absent() -> Option<Self> {
        None
    }
}

/// Reads one entry of a map.
///
/// # Errors
/// A [`Mismatch`] that starts with the entry's name.
pub fn decode_entry<T: Plain>(map: &Map, name: &str) -> Result<T, Mismatch> {
    read_field(map, name, T::decode, T::absent)
}

/// Reads a field for a derive: with the functions of its type, which the derive names, so that the compiler's message for a type
/// that is not plain stands on the field, once.
///
/// # Errors
/// A [`Mismatch`] that starts with the field's name.
pub fn read_field<T>(
    map: &Map,
    name: &str,
    decode: fn(&Value) -> Result<T, Mismatch>,
    absent: fn() -> Option<T>,
) -> Result<T, Mismatch> {
    let value = map.get(name).unwrap_or(&Value::Null);
    let absent = if value.is_null() { absent() } else { None };
    absent.map_or_else(|| decode(value).map_err(|e| e.within(name)), Ok)
}

/// Writes a field for a derive; a value that is none is left out.
pub fn write_field(map: &mut Map, name: &'static str, value: Value) {
    if !value.is_null() {
        map.insert(SmolStr::new_static(name), value);
    }
}

/// The map in a value, also when it is a secret.
///
/// # Errors
/// The value is no map.
pub fn decode_map(value: &Value) -> Result<&Map, Mismatch> {
    open(value).as_map().ok_or_else(|| Mismatch::new("a map", value))
}

/// The value of a default that a derive was given: anything that a setter of type `T` takes.
pub fn default_value<T>(default: impl IntoInput<T>) -> Value {
    match default.into_expr() {
        Expr::Value(value) => value,
        // A default stands outside of any program, so there is no output that it could hold.
        _ => Value::Null,
    }
}

fn open(value: &Value) -> &Value {
    match value {
        Value::Secret(inner) => open(inner),
        other => other,
    }
}

impl Plain for Value {
    fn encode(&self) -> Value {
        self.clone()
    }
    fn decode(value: &Value) -> Result<Self, Mismatch> {
        Ok(value.clone())
    }
    fn absent() -> Option<Self> {
        Some(Value::Null)
    }
}

impl Plain for bool {
    fn encode(&self) -> Value {
        Value::Bool(*self)
    }
    fn decode(value: &Value) -> Result<Self, Mismatch> {
        open(value).as_bool().ok_or_else(|| Mismatch::new("true or false", value))
    }
    fn absent() -> Option<Self> {
        Some(false)
    }
}

macro_rules! plain_integers {
    ($($ty:ty),*) => {$(
        impl Plain for $ty {
            fn encode(&self) -> Value {
                // Whole numbers past 63 bits are not found in any API that Purlin speaks; they saturate.
                Value::Int(i64::try_from(*self).unwrap_or(i64::MAX))
            }
            fn decode(value: &Value) -> Result<Self, Mismatch> {
                open(value)
                    .as_int()
                    .and_then(|n| <$ty>::try_from(n).ok())
                    .ok_or_else(|| Mismatch::new(concat!("a whole number (", stringify!($ty), ")"), value))
            }
        }
    )*};
}
plain_integers!(i32, i64, u8, u16, u32, u64, usize);

impl Plain for f64 {
    fn encode(&self) -> Value {
        Value::Float(*self)
    }
    #[expect(clippy::cast_precision_loss, reason = "a whole number written for a float is meant as one")]
    fn decode(value: &Value) -> Result<Self, Mismatch> {
        match open(value) {
            Value::Float(x) => Ok(*x),
            Value::Int(n) => Ok(*n as f64),
            _ => Err(Mismatch::new("a number", value)),
        }
    }
}

impl Plain for String {
    fn encode(&self) -> Value {
        Value::Str(self.as_str().into())
    }
    fn decode(value: &Value) -> Result<Self, Mismatch> {
        open(value).as_str().map(Into::into).ok_or_else(|| Mismatch::new("text", value))
    }
}

impl Plain for SmolStr {
    fn encode(&self) -> Value {
        Value::Str(self.clone())
    }
    fn decode(value: &Value) -> Result<Self, Mismatch> {
        String::decode(value).map(Into::into)
    }
}

impl Plain for Arc<[u8]> {
    fn encode(&self) -> Value {
        Value::Bytes(self.clone())
    }
    fn decode(value: &Value) -> Result<Self, Mismatch> {
        match open(value) {
            Value::Bytes(bytes) => Ok(bytes.clone()),
            _ => Err(Mismatch::new("bytes", value)),
        }
    }
}

/// Text such as `1h30m`, to the millisecond, as a person would write it. A number of milliseconds is read too.
impl Plain for Duration {
    fn encode(&self) -> Value {
        Value::from(crate::types::duration::text(*self))
    }
    fn decode(value: &Value) -> Result<Self, Mismatch> {
        match open(value) {
            Value::Str(text) => crate::types::duration::parse(text).map_err(|e| Mismatch::new(e.expected, value)),
            _ => u64::decode(value)
                .map(Duration::from_millis)
                .map_err(|_| Mismatch::new("a duration such as \"5m\", or a number of milliseconds", value)),
        }
    }
}

impl<T: Plain> Plain for Option<T> {
    fn encode(&self) -> Value {
        self.as_ref().map_or(Value::Null, Plain::encode)
    }
    fn decode(value: &Value) -> Result<Self, Mismatch> {
        if open(value).is_null() { Ok(None) } else { T::decode(value).map(Some) }
    }
    fn absent() -> Option<Self> {
        Some(None)
    }
}

impl<T: Plain> Plain for Vec<T> {
    fn encode(&self) -> Value {
        Value::List(self.iter().map(Plain::encode).collect())
    }
    fn decode(value: &Value) -> Result<Self, Mismatch> {
        let items = open(value).as_list().ok_or_else(|| Mismatch::new("a list", value))?;
        items.iter().enumerate().map(|(i, item)| T::decode(item).map_err(|e| e.within(&format!("[{i}]")))).collect()
    }
    fn absent() -> Option<Self> {
        Some(Vec::new())
    }
}

impl<T: Plain> Plain for BTreeMap<String, T> {
    fn encode(&self) -> Value {
        Value::Map(self.iter().map(|(k, v)| (k.as_str().into(), v.encode())).collect())
    }
    fn decode(value: &Value) -> Result<Self, Mismatch> {
        let map = open(value).as_map().ok_or_else(|| Mismatch::new("a map", value))?;
        map.iter().map(|(k, v)| Ok((k.to_string(), T::decode(v).map_err(|e| e.within(k))?))).collect()
    }
    fn absent() -> Option<Self> {
        Some(BTreeMap::new())
    }
}
