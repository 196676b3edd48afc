//! [`Secret<T>`]: a value that no view shows and no store keeps in plain.
use std::{fmt, marker::PhantomData};

use crate::{Plain, Value, plain::Mismatch};

/// A value that taints every expression it enters. It has no `Debug`, no `Display` and no plain serialisation.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret<T>(T);

impl<T> Secret<T> {
    /// Makes a value a secret.
    pub fn new(value: T) -> Self {
        Self(value)
    }

    /// The value itself: for drivers, which send it. What you do with it from here is yours to guard.
    pub fn reveal(&self) -> &T {
        &self.0
    }
}

impl<T: Plain> Plain for Secret<T> {
    fn encode(&self) -> Value {
        self.0.encode().into_secret()
    }
    fn decode(value: &Value) -> Result<Self, Mismatch> {
        T::decode(value).map(Self).map_err(|e| Mismatch { found: "(secret)".into(), ..e })
    }
}

impl From<&str> for Secret<String> {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

/// What a secret shows of itself: nothing. The compiler names it in messages.
pub struct Hidden<T>(PhantomData<T>);

/// Never implemented: it gives the compiler something to say when a program prints a secret.
#[diagnostic::on_unimplemented(
    message = "a secret cannot be printed or formatted",
    label = "this is a `Secret`",
    note = "put it into an input or into Purlin's `fmt!(..)`, where it stays a secret",
    note = "a driver that has to send it calls `.reveal()`"
)]
pub trait PrintableSecret {}

impl<T> fmt::Debug for Secret<T>
where
    Hidden<T>: PrintableSecret,
{
    fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
        Ok(())
    }
}

impl<T> fmt::Display for Secret<T>
where
    Hidden<T>: PrintableSecret,
{
    fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
        Ok(())
    }
}
