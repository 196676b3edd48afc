//! [`IntoInput<T>`]: what a setter takes.
//!
//! An own trait, because its messages are part of the product: a mistake must read "a `Ref<Vpc>` is needed here".
use crate::{Expr, Handle, Output, Plain, Ref, Resource, Secret, Value, types::Arn};

/// Can be given where a field of type `T` is asked for: a `T`, an `Output<T>`, or a reference where `T` is `Ref<R>`.
#[diagnostic::on_unimplemented(
    message = "`{T}` is needed here, but this is `{Self}`",
    label = "not a `{T}`, and not an output of one",
    note = "a field takes a plain value of its type or an `Output` of it; a field of type `Ref<R>` takes `&handle` of a resource of type `R`; to make another value from an output, use `.map(..)` or `fmt!(..)`"
)]
pub trait IntoInput<T> {
    /// The expression that gives the field its value.
    fn into_expr(self) -> Expr;
}

impl<T: Plain> IntoInput<T> for T {
    fn into_expr(self) -> Expr {
        Expr::Value(self.encode())
    }
}

impl<T: Plain> IntoInput<T> for Output<T> {
    fn into_expr(self) -> Expr {
        self.expr().clone()
    }
}

impl<T: Plain> IntoInput<T> for &Output<T> {
    fn into_expr(self) -> Expr {
        self.expr().clone()
    }
}

impl IntoInput<String> for &str {
    fn into_expr(self) -> Expr {
        Expr::Value(self.into())
    }
}

impl IntoInput<String> for &String {
    fn into_expr(self) -> Expr {
        Expr::Value(self.as_str().into())
    }
}

// A field of a free shape takes the usual plain values as they are; see `object!` for the others.
macro_rules! free_shape {
    ($($ty:ty),*) => {$(
        #[diagnostic::do_not_recommend]
        impl IntoInput<Value> for $ty {
            fn into_expr(self) -> Expr {
                Expr::Value(self.into())
            }
        }
    )*};
}
free_shape!(&str, String, bool, i64);

impl<R: Resource> IntoInput<Ref<R>> for &Handle<R> {
    fn into_expr(self) -> Expr {
        Expr::Attr(self.node(), crate::resource::ID)
    }
}

impl<R: Resource> IntoInput<Ref<R>> for Handle<R> {
    fn into_expr(self) -> Expr {
        (&self).into_expr()
    }
}

impl<R: 'static> IntoInput<String> for &Output<Arn<R>> {
    fn into_expr(self) -> Expr {
        self.expr().clone()
    }
}

impl<R: 'static> IntoInput<String> for Output<Arn<R>> {
    fn into_expr(self) -> Expr {
        self.expr().clone()
    }
}

impl IntoInput<Secret<String>> for &str {
    fn into_expr(self) -> Expr {
        Expr::Value(Value::from(self).into_secret())
    }
}

/// A plain text given where a secret is asked for becomes one.
impl IntoInput<Secret<String>> for &Output<String> {
    fn into_expr(self) -> Expr {
        Expr::Secret(self.expr().clone().into())
    }
}

impl<T: Plain, const N: usize> IntoInput<Vec<T>> for [T; N] {
    fn into_expr(self) -> Expr {
        Expr::Value(Value::List(self.iter().map(Plain::encode).collect()))
    }
}

impl<T: Plain> IntoInput<Vec<T>> for Vec<Output<T>> {
    fn into_expr(self) -> Expr {
        Expr::List(self.iter().map(|o| o.expr().clone()).collect())
    }
}

impl<T: Plain, const N: usize> IntoInput<Vec<T>> for [Output<T>; N] {
    fn into_expr(self) -> Expr {
        Expr::List(self.iter().map(|o| o.expr().clone()).collect())
    }
}

impl<const N: usize> IntoInput<Vec<String>> for [&str; N] {
    fn into_expr(self) -> Expr {
        Expr::Value(Value::List(self.iter().map(|s| (*s).into()).collect()))
    }
}

impl<R: Resource, const N: usize> IntoInput<Vec<Ref<R>>> for [&Handle<R>; N] {
    fn into_expr(self) -> Expr {
        Expr::List(self.iter().map(|h| IntoInput::<Ref<R>>::into_expr(*h)).collect())
    }
}

impl<R: Resource> IntoInput<Vec<Ref<R>>> for &[Handle<R>] {
    fn into_expr(self) -> Expr {
        Expr::List(self.iter().map(IntoInput::<Ref<R>>::into_expr).collect())
    }
}

impl<R: Resource> IntoInput<Vec<Ref<R>>> for &Vec<Handle<R>> {
    fn into_expr(self) -> Expr {
        self.as_slice().into_expr()
    }
}
