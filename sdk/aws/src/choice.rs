//! `choice!`: an enum whose variants are words of an API.

/// Writes an enum with a variant for each word, its text form, and its place among plain values (as that text).
macro_rules! choice {
    (
        $(#[$meta:meta])*
        pub enum $name:ident { $($(#[$doc:meta])* $variant:ident = $text:literal),+ $(,)? }
    ) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name { $($(#[$doc])* $variant),+ }

        impl $name {
            /// The word, as AWS writes it.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text),+ }
            }

            /// The choice of a word; none for a word that is not one of them.
            pub fn of(word: &str) -> Option<Self> {
                match word { $($text => Some(Self::$variant),)+ _ => None }
            }
        }

        impl purlin_core::Plain for $name {
            fn encode(&self) -> purlin_core::Value {
                self.as_str().into()
            }
            fn decode(value: &purlin_core::Value) -> Result<Self, purlin_core::plain::Mismatch> {
                let words = [$($text),+].join(", ");
                let word = String::decode(value)?;
                Self::of(&word).ok_or_else(|| purlin_core::plain::Mismatch::new(format!("one of {words}"), value))
            }
        }
    };
}
pub(crate) use choice;

#[cfg(test)]
mod tests {
    use purlin_core::Plain as _;

    use crate::ec2::Tenancy;

    #[test]
    fn a_choice_is_its_word() {
        assert_eq!(Tenancy::decode(&Tenancy::Dedicated.encode()), Ok(Tenancy::Dedicated));
        assert_eq!(Tenancy::Shared.encode(), "default".into());
    }

    #[test]
    fn another_word_is_refused_with_those_that_there_are() {
        let wrong = Tenancy::decode(&"host".into()).expect_err("not one of them");
        assert_eq!(wrong.to_string(), "expected one of default, dedicated, found \"host\"");
    }
}
