//! [`object!`](crate::object) and [`list!`](crate::list): maps and lists of outputs and plain values, of any shape.
//!
//! For fields of a free shape (a [`Value`], a document) and for exports. Fields of a type of their own take that type.
use crate::{Expr, Handle, Output, Plain, Resource, SmolStr, Value, resource::ID};

/// Values by name: `object! { "bucket" => models.name, "replicas" => 2 }` is an `Output<Value>`.
///
/// Each value is an output, `&handle` (its id), a plain value, or another `object!` or `list!`. Of two of one name the
/// later wins.
#[macro_export]
macro_rules! object {
    ($($name:expr => $value:expr),* $(,)?) => {
        $crate::structure::object([$(($crate::SmolStr::from($name), $crate::structure::Item::item(&$value))),*])
    };
}

/// Values in order: `list![vpc.id(), "10.0.0.0/8", object! { "a" => 1 }]` is an `Output<Value>`.
#[macro_export]
macro_rules! list {
    ($($value:expr),* $(,)?) => {
        $crate::structure::list([$($crate::structure::Item::item(&$value)),*])
    };
}

/// What `object!` and `list!` take.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot stand in `object!` or `list!`",
    label = "neither an output nor a plain value",
    note = "take an output, `&handle`, text, a number, a list or a map of these, or another `object!` or `list!`"
)]
pub trait Item {
    /// The expression.
    fn item(&self) -> Expr;
}

impl<T: Plain> Item for T {
    fn item(&self) -> Expr {
        Expr::Value(self.encode())
    }
}

impl Item for &str {
    fn item(&self) -> Expr {
        Expr::Value((*self).into())
    }
}

impl<T> Item for Output<T> {
    fn item(&self) -> Expr {
        self.expr().clone()
    }
}

impl<T> Item for &Output<T> {
    fn item(&self) -> Expr {
        self.expr().clone()
    }
}

impl<R: Resource> Item for Handle<R> {
    fn item(&self) -> Expr {
        Expr::Attr(self.node(), ID)
    }
}

impl<R: Resource> Item for &Handle<R> {
    fn item(&self) -> Expr {
        Expr::Attr(self.node(), ID)
    }
}

/// Called by [`object!`](crate::object).
pub fn object<const N: usize>(entries: [(SmolStr, Expr); N]) -> Output<Value> {
    Output::from_expr(Expr::Map(entries.into()))
}

/// Called by [`list!`](crate::list).
pub fn list<const N: usize>(items: [Expr; N]) -> Output<Value> {
    Output::from_expr(Expr::List(items.into()))
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::*;
    use crate::NodeId;

    #[test]
    fn outputs_and_plain_values_stand_side_by_side() {
        let name: Output<String> = Output::attribute(NodeId::from_index(1), "name");
        let both = object! { "name" => name, "same" => &name, "sizes" => list![1, 2.5, true], "text" => "a" };
        expect![[r#"{"name": ${#1.name}, "same": ${#1.name}, "sizes": [1, 2.5, true], "text": "a"}"#]]
            .assert_eq(&format!("{:?}", both.expr()));
    }
}
