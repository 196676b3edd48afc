//! [`Output<T>`]: a typed value that may be known only after an apply.
//!
//! Not a future: an expression. It can be put into inputs, into text ([`fmt!`](crate::fmt)), mapped and zipped; it cannot be looked at,
//! because a program runs before anything exists.
use std::{fmt, marker::PhantomData};

use smol_str::SmolStr;

use crate::{
    Expr, NodeId, Plain, SourceLine, Value,
    expr::{Function, Part},
    token,
};

/// A value of type `T` that the program may use but not see.
///
/// So `if output { .. }` does not compile: the compiler says that it expected `bool` and found `Output<bool>`. A program that
/// builds one thing or another chooses by a setting, or by what `stack.lookup(..)?` answers; a *field* that depends on an output
/// is made with [`map`](Self::map).
pub struct Output<T> {
    expr: Expr,
    ty: PhantomData<fn() -> T>,
}

impl<T> Output<T> {
    /// An output from its expression. The caller says that it gives a `T`.
    pub fn from_expr(expr: Expr) -> Self {
        Self { expr, ty: PhantomData }
    }

    /// The output `name` of a resource.
    pub fn attribute(node: NodeId, name: &'static str) -> Self {
        Self::from_expr(Expr::Attr(node, SmolStr::new_static(name)))
    }

    /// The expression.
    pub fn expr(&self) -> &Expr {
        &self.expr
    }

    /// A field of an output that holds a map.
    pub fn field<U: Plain>(&self, name: impl Into<SmolStr>) -> Output<U> {
        Output::from_expr(Expr::Field(self.expr.clone().into(), name.into()))
    }

    /// The same value, for a field that takes any shape.
    pub fn untyped(&self) -> Output<Value> {
        Output::from_expr(self.expr.clone())
    }

    /// The same value, as a secret from here on.
    #[must_use]
    pub fn secret(&self) -> Self {
        Self::from_expr(Expr::Secret(self.expr.clone().into()))
    }

    /// A sentinel text to be put into foreign types that hold plain strings. See [`token`].
    #[track_caller]
    pub fn token(&self) -> String {
        token::issue(self.expr.clone(), SourceLine::caller())
    }

    /// The JSON text of the value.
    pub fn json(&self) -> Output<String> {
        Output::from_expr(Expr::Apply(Function::Json, [self.expr.clone()].into()))
    }
}

impl<T: Plain> Output<T> {
    /// A value that is known already.
    pub fn known(value: T) -> Self {
        Self::from_expr(Expr::Value(value.encode()))
    }

    /// Another value made from this one. `f` must be pure; it runs whenever the value is known, possibly more than once.
    #[track_caller]
    pub fn map<U: Plain>(&self, f: impl Fn(T) -> U + Pure + 'static) -> Output<U> {
        self.try_map(move |value| Ok::<U, std::convert::Infallible>(f(value)))
    }

    /// Another value made from this one by a function that can fail: then the plan or the apply stops with this line of the program.
    #[track_caller]
    pub fn try_map<U: Plain, E: fmt::Display>(&self, f: impl Fn(T) -> Result<U, E> + Pure + 'static) -> Output<U> {
        let body = move |args: &[Value]| {
            let value = T::decode(args.first().unwrap_or(&Value::Null)).map_err(|e| e.to_string())?;
            f(value).map(|u| u.encode()).map_err(|e| e.to_string())
        };
        Output::from_expr(Expr::closure(vec![self.expr.clone()], SourceLine::caller(), body))
    }

    /// This value and another, together.
    pub fn zip<U: Plain>(&self, other: &Output<U>) -> Zip<T, U> {
        Zip { first: self.clone(), second: other.clone() }
    }
}

impl<T: Plain> Output<Option<T>> {
    /// The value, or `other` where there is none.
    pub fn or(&self, other: impl crate::IntoInput<T>) -> Output<T> {
        Output::from_expr(Expr::Or((self.expr.clone(), other.into_expr()).into()))
    }
}

impl<T: Plain> Output<Vec<T>> {
    /// The item at `index`, counted from 0.
    pub fn item(&self, index: usize) -> Output<T> {
        Output::from_expr(Expr::Index(self.expr.clone().into(), index))
    }
}

impl Output<Vec<String>> {
    /// All texts in one, with `separator` between them.
    pub fn join(&self, separator: &str) -> Output<String> {
        let args = [self.expr.clone(), Expr::Value(separator.into())];
        Output::from_expr(Expr::Apply(Function::Join, args.into()))
    }
}

impl Output<String> {
    /// The text in base64 (RFC 4648, standard alphabet, padded).
    pub fn base64(&self) -> Output<String> {
        Output::from_expr(Expr::Apply(Function::Base64, [self.expr.clone()].into()))
    }
}

/// Two outputs, to be mapped together.
pub struct Zip<T, U> {
    first: Output<T>,
    second: Output<U>,
}

impl<T: Plain, U: Plain> Zip<T, U> {
    /// One value made from both. `f` must be pure.
    #[track_caller]
    pub fn map<V: Plain>(&self, f: impl Fn(T, U) -> V + Pure + 'static) -> Output<V> {
        let body = move |args: &[Value]| match args {
            [first, second] => {
                let first = T::decode(first).map_err(|e| e.to_string())?;
                let second = U::decode(second).map_err(|e| e.to_string())?;
                Ok(f(first, second).encode())
            }
            _ => Err("two values are needed".to_owned()),
        };
        let args = vec![self.first.expr.clone(), self.second.expr.clone()];
        Output::from_expr(Expr::closure(args, SourceLine::caller(), body))
    }
}

/// A closure that may run at any time and on any thread: it only computes. Every closure that is `Send` and `Sync` is one.
///
/// A [`Stack`](crate::Stack) is neither, so a closure cannot add a resource.
#[diagnostic::on_unimplemented(
    message = "a closure over an output only computes: it cannot use the stack",
    label = "this closure uses the stack, or something else that is not `Send` and `Sync`",
    note = "make the resource beside the closure and give it the output: setters take an `Output`, as they are or after `.map(..)`",
    note = "how many resources there are cannot depend on an output: use a setting or `stack.lookup(..)?` for that"
)]
pub trait Pure: Send + Sync {}

#[diagnostic::do_not_recommend]
impl<F: Send + Sync> Pure for F {}

impl<T> Clone for Output<T> {
    fn clone(&self) -> Self {
        Self::from_expr(self.expr.clone())
    }
}

/// Never implemented: it gives the compiler something to say when a program compares an output.
///
/// The bound stands on the other side of the `==`: on this one, the compiler would say that there is no such operator, and no more.
#[diagnostic::on_unimplemented(
    message = "an output is not known while the program runs, so it cannot be compared",
    label = "this cannot be compared with an output, which is known only after an apply",
    note = "make a new output from it: `output.map(|value| value == ..)`",
    note = "to choose what the program builds, use a setting or `stack.lookup(..)?`: those are known"
)]
pub trait Comparable {}

impl<T, U: Comparable> PartialEq<U> for Output<T> {
    fn eq(&self, _: &U) -> bool {
        false
    }
}

/// What an output holds while a program runs: nothing yet. The compiler names it in messages.
pub struct NotKnownYet<T>(PhantomData<T>);

/// Never implemented: it gives the compiler something to say when a program prints an output.
///
/// The bound stands on a type of its own: of two that are not met on one type, the compiler tells only the outer one.
#[diagnostic::on_unimplemented(
    message = "an output is not known while the program runs, so it cannot be printed or formatted",
    label = "this value is known only after an apply",
    note = "for text with an output in it, use Purlin's `fmt!(..)` in place of `format!(..)`: it gives an `Output<String>`",
    note = "to show it to people after the apply, use `stack.export(\"name\", output)`"
)]
pub trait Printable {}

impl<T> fmt::Display for Output<T>
where
    NotKnownYet<T>: Printable,
{
    fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
        Ok(())
    }
}

impl<T> fmt::Debug for Output<T>
where
    NotKnownYet<T>: Printable,
{
    fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
        Ok(())
    }
}

/// Text made of outputs, numbers and text: `fmt!("s3://{}/models", bucket.name)` is an `Output<String>`.
///
/// Each `{}` takes the next argument: an output, or anything with `Display`. `{{` and `}}` are braces. The number of `{}` is
/// checked when the program runs: a mismatch panics with the line, as it can never be right.
#[macro_export]
macro_rules! fmt {
    ($text:literal $(, $arg:expr)* $(,)?) => {
        $crate::output::format($text, &[$($crate::output::FormatArg::part(&$arg)),*])
    };
}

/// What `fmt!` takes: outputs, and whatever can be printed.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot stand in `fmt!`",
    note = "take an output, text, a number or a plain value such as a CIDR block"
)]
pub trait FormatArg {
    /// The part of the text.
    fn part(&self) -> Part;
}

impl<T: FormatPlain> FormatArg for Output<T> {
    fn part(&self) -> Part {
        Part::Expr(self.expr.clone())
    }
}

impl<T: FormatArg + ?Sized> FormatArg for &T {
    fn part(&self) -> Part {
        (**self).part()
    }
}

/// Plain types whose value is text, a number or true/false.
pub trait FormatPlain {}

macro_rules! format_as_display {
    ($($ty:ty),*) => {$(
        impl FormatArg for $ty {
            fn part(&self) -> Part {
                Part::Text(self.to_string().into())
            }
        }
    )*};
}
format_as_display!(str, String, SmolStr, bool, i32, i64, u8, u16, u32, u64, usize, crate::types::Cidr);

macro_rules! format_plain {
    ($($ty:ty),*) => {$(impl FormatPlain for $ty {})*};
}
format_plain!(String, SmolStr, bool, i32, i64, u8, u16, u32, u64, usize, crate::types::Cidr);

impl<R> FormatPlain for crate::types::Arn<R> {}
impl<R: crate::Resource> FormatPlain for crate::Ref<R> {}
impl<T: FormatPlain> FormatPlain for crate::Secret<T> {}

/// Puts the parts between the pieces of the text. Called by [`fmt!`](crate::fmt).
///
/// # Panics
/// When the text has another number of `{}` than there are parts.
#[track_caller]
pub fn format(text: &str, args: &[Part]) -> Output<String> {
    let mut parts = Vec::with_capacity(args.len() * 2 + 1);
    let mut args = args.iter();
    let mut piece = String::new();
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match (c, chars.peek()) {
            ('{', Some('{')) | ('}', Some('}')) => {
                chars.next();
                piece.push(c);
            }
            ('{', Some('}')) => {
                chars.next();
                if !piece.is_empty() {
                    parts.push(Part::Text(std::mem::take(&mut piece).into()));
                }
                match args.next() {
                    Some(part) => parts.push(part.clone()),
                    None => panic!("`fmt!({text:?}, ..)` has more `{{}}` than values"),
                }
            }
            _ => piece.push(c),
        }
    }
    assert!(args.next().is_none(), "`fmt!({text:?}, ..)` has fewer `{{}}` than values");
    if !piece.is_empty() {
        parts.push(Part::Text(piece.into()));
    }
    Output::from_expr(Expr::Format(parts.into()))
}
