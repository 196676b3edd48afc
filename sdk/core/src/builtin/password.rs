//! [`Password`]: a secret text, generated once.
use std::time::Duration;

use super::{BUILTIN, Kept, random::Stream};
use crate::{
    Lifecycle, Outputs, Resource, Secret,
    driver::{Call, Failure, Kind},
    provider::ProviderKind,
    schema::{Estimate, FindBy},
};

/// Longer ones are certainly a mistake, and a password is kept in memory whole.
const MAX_LENGTH: u32 = 4096;

const LOWER: &str = "abcdefghijklmnopqrstuvwxyz";
const UPPER: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
const DIGITS: &str = "0123456789";
/// None that needs quoting in a shell, a URL or a connection string of the usual databases.
const SPECIAL: &str = "!#$%&*()-_=+[]{}<>:?";

/// A password, generated once and kept in the state as a secret. A change of any field makes a new one.
#[derive(Clone, Debug, Resource)]
#[resource("purlin:builtin:Password", outputs = PasswordOutputs)]
pub struct Password {
    /// Its length in characters, 1 to 4096.
    #[field(replace, default = 32)]
    pub length: u32,
    /// Use small letters.
    #[field(replace, default = true)]
    pub lower: bool,
    /// Use capital letters.
    #[field(replace, default = true)]
    pub upper: bool,
    /// Use digits.
    #[field(replace, default = true)]
    pub digits: bool,
    /// Use special characters.
    #[field(replace, default = true)]
    pub special: bool,
    /// Which special characters, where some are not allowed.
    #[field(replace, default = SPECIAL)]
    pub special_characters: String,
    /// How many small letters there are at least, where they are used.
    #[field(replace, default = 1)]
    pub min_lower: u32,
    /// How many capital letters there are at least, where they are used.
    #[field(replace, default = 1)]
    pub min_upper: u32,
    /// How many digits there are at least, where they are used.
    #[field(replace, default = 1)]
    pub min_digits: u32,
    /// How many special characters there are at least, where they are used.
    #[field(replace, default = 1)]
    pub min_special: u32,
    /// Any text; a new one makes a new password. A date says when it was last rotated.
    #[field(replace)]
    pub rotate: Option<String>,
}

/// The outputs of [`Password`].
#[derive(Clone, Outputs)]
pub struct PasswordOutputs {
    /// The password.
    pub value: Secret<String>,
}

impl Lifecycle for Password {
    const PROVIDER: &'static dyn ProviderKind = &BUILTIN;
    const FIND: FindBy = FindBy::Nothing;
    const ESTIMATE: Estimate = Estimate::all(Duration::ZERO);
    const STATEFUL: bool = true;
}

impl Kept for Password {
    fn make(&self, call: &Call) -> Result<PasswordOutputs, Failure> {
        Ok(PasswordOutputs { value: Secret::new(self.generate(&mut Stream::new(call))?) })
    }
}

impl Password {
    /// The wanted number of each class, the rest from all classes together, then all in a random order.
    fn generate(&self, stream: &mut Stream) -> Result<String, Failure> {
        let invalid = |message: String| Err(Failure::new(Kind::Invalid, message));
        if self.length == 0 || self.length > MAX_LENGTH {
            return invalid(format!("`length` is {}: a password has 1 to {MAX_LENGTH} characters", self.length));
        }
        let (mut all, mut chosen) = (Vec::new(), Vec::new());
        let least: u64 = self.classes().map(|(_, _, min)| u64::from(min)).sum();
        if least > u64::from(self.length) {
            return invalid(format!(
                "`length` is {}, but the classes want {least} characters at least: raise it, or lower a `min_..` field",
                self.length
            ));
        }
        for (name, characters, min) in self.classes() {
            let mut characters: Vec<char> = characters.chars().collect();
            // One that is written twice would be twice as likely.
            characters.sort_unstable();
            characters.dedup();
            if characters.is_empty() && min > 0 {
                return invalid(format!("`{name}` has no characters to choose from"));
            }
            chosen.extend((0..min).map(|_| stream.choose(&characters)));
            all.extend(characters);
        }
        all.sort_unstable();
        all.dedup();
        if all.is_empty() {
            return invalid(
                "there are no characters to choose from: leave one of `lower`, `upper`, `digits`, `special` on".into(),
            );
        }
        while chosen.len() < self.length as usize {
            chosen.push(stream.choose(&all));
        }
        stream.shuffle(&mut chosen);
        Ok(chosen.into_iter().collect())
    }

    /// The classes that are used: field, characters, and how many at least.
    fn classes(&self) -> impl Iterator<Item = (&'static str, &str, u32)> {
        [
            (self.lower, "lower", LOWER, self.min_lower),
            (self.upper, "upper", UPPER, self.min_upper),
            (self.digits, "digits", DIGITS, self.min_digits),
            (self.special, "special_characters", self.special_characters.as_str(), self.min_special),
        ]
        .into_iter()
        .filter_map(|(used, name, characters, min)| used.then_some((name, characters, min)))
    }
}

#[cfg(test)]
mod tests {
    use super::{super::tests::call, *};
    use crate::Map;

    fn password(change: impl FnOnce(&mut Password)) -> Result<String, Failure> {
        let mut fields = Password::decode(&Map::new()).expect("every field has a default");
        change(&mut fields);
        fields.make(&call("a")).map(|outputs| outputs.value.reveal().clone())
    }

    fn count(text: &str, class: &str) -> usize {
        text.chars().filter(|c| class.contains(*c)).count()
    }

    #[test]
    fn by_default_it_has_32_characters_of_all_classes() {
        let made = password(|_| ()).expect("the defaults are possible");
        assert_eq!(made.chars().count(), 32);
        assert!([LOWER, UPPER, DIGITS, SPECIAL].iter().all(|class| count(&made, class) > 0), "{made}");
    }

    #[test]
    fn each_class_has_the_number_that_is_wanted() {
        for operation in 0..50 {
            let mut fields = Password::decode(&Map::new()).expect("every field has a default");
            (fields.length, fields.min_digits, fields.min_special, fields.upper) = (10, 5, 3, false);
            let made = fields.make(&call(&operation.to_string())).expect("9 of 10").value;
            let made = made.reveal();
            assert!(count(made, DIGITS) >= 5 && count(made, SPECIAL) >= 3 && count(made, LOWER) >= 1, "{made}");
            assert_eq!((count(made, UPPER), made.len()), (0, 10), "{made}");
        }
    }

    #[test]
    fn another_operation_makes_another_password() {
        let fields = Password::decode(&Map::new()).expect("every field has a default");
        let made = |operation: &str| fields.make(&call(operation)).expect("possible").value.reveal().clone();
        assert_eq!(made("a"), made("a"));
        assert_ne!(made("a"), made("b"));
    }

    #[test]
    fn what_cannot_be_made_is_refused_with_the_field() {
        let message = |change: fn(&mut Password)| password(change).expect_err("impossible").message;
        assert!(message(|p| p.length = 3).contains("4 characters at least"));
        assert!(message(|p| p.length = 0).contains("`length`"));
        assert!(message(|p| p.length = u32::MAX).contains("`length`"));
        assert!(message(|p| p.special_characters.clear()).contains("`special_characters`"));
        assert!(message(|p| p.min_lower = u32::MAX).contains("`min_..`"));
        assert!(
            message(|p| (p.lower, p.upper, p.digits, p.special) = (false, false, false, false)).contains("`lower`")
        );
    }
}
