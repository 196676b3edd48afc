//! [`RandomId`]: random bytes, generated once: what makes a name unlike all others.
use std::{fmt::Write as _, time::Duration};

use super::{BUILTIN, Kept, random::Stream};
use crate::{
    Lifecycle, Outputs, Resource, Value,
    driver::{Call, Failure, Kind},
    provider::ProviderKind,
    schema::{Estimate, FindBy},
};

/// Random bytes as text, generated once. Not a secret: see [`Password`](super::Password) for that.
#[derive(Clone, Debug, Resource)]
#[resource("purlin:builtin:RandomId", outputs = RandomIdOutputs)]
pub struct RandomId {
    /// How many random bytes, 1 to 255; two hexadecimal digits each.
    #[field(replace, default = 4)]
    pub bytes: u8,
    /// Put before the digits in the output `value`.
    #[field(replace)]
    pub prefix: Option<String>,
    /// The id is kept as long as this stays the same; a new value makes a new id.
    #[field(replace)]
    pub keep: Option<Value>,
}

/// The outputs of [`RandomId`].
#[derive(Clone, Debug, Outputs)]
pub struct RandomIdOutputs {
    /// The bytes in hexadecimal digits, lower case.
    pub hex: String,
    /// The prefix and the digits.
    pub value: String,
}

impl Lifecycle for RandomId {
    const PROVIDER: &'static dyn ProviderKind = &BUILTIN;
    const FIND: FindBy = FindBy::Nothing;
    const ESTIMATE: Estimate = Estimate::all(Duration::ZERO);
}

impl Kept for RandomId {
    fn make(&self, call: &Call) -> Result<RandomIdOutputs, Failure> {
        if self.bytes == 0 {
            return Err(Failure::new(Kind::Invalid, "`bytes` is 0: a random id has one byte at least"));
        }
        let mut stream = Stream::new(call);
        let hex = (0..self.bytes).fold(String::new(), |mut hex, _| {
            let _ = write!(hex, "{:02x}", stream.byte());
            hex
        });
        let value = format!("{}{hex}", self.prefix.as_deref().unwrap_or_default());
        Ok(RandomIdOutputs { hex, value })
    }
}

#[cfg(test)]
mod tests {
    use super::{super::tests::call, *};

    #[test]
    fn the_prefix_stands_before_the_digits() {
        let id = RandomId { bytes: 5, prefix: Some("run-".into()), keep: None };
        let made = id.make(&call("a")).expect("five bytes are fine");
        assert_eq!(made.hex.len(), 10);
        assert!(made.hex.chars().all(|c| c.is_ascii_hexdigit()));
        assert_eq!(made.value, format!("run-{}", made.hex));
    }

    #[test]
    fn no_bytes_is_refused() {
        let failure = RandomId { bytes: 0, prefix: None, keep: None }.make(&call("a")).expect_err("no bytes");
        assert!(failure.message.contains("`bytes`"));
    }
}
