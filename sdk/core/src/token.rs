//! Tokens: outputs inside foreign types that hold plain strings (a Kubernetes object, the values of a chart).
//!
//! [`Output::token`](crate::Output::token) issues a sentinel text; [`expression`] turns a value with sentinels back into an expression.
//! A sentinel carries a check, so one that was changed on the way (case, a cut) is an error that names the field; one that never
//! arrives (it was hashed or encoded) is found by [`unread`] when the program ends. Tokens belong to one run of one program, which
//! is synchronous and stays on its thread.
use std::cell::RefCell;

use smol_str::SmolStr;

use crate::{Expr, SourceLine, Value, expr::Part};

const OPEN: &str = "purlin-token-";
const CLOSE: &str = "-end";

thread_local! {
    static ISSUED: RefCell<Vec<Issued>> = const { RefCell::new(Vec::new()) };
}

struct Issued {
    expr: Expr,
    location: SourceLine,
    read: bool,
}

/// A token is not what was issued.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{field}`: the token in {text:?} was changed on its way")]
pub struct TokenError {
    /// Where in the value.
    pub field: String,
    /// The text as it was found.
    pub text: String,
}

/// Forgets all tokens: a new run of a program begins.
pub(crate) fn reset() {
    ISSUED.with_borrow_mut(Vec::clear);
}

/// Issues a sentinel for an expression.
pub(crate) fn issue(expr: Expr, location: SourceLine) -> String {
    ISSUED.with_borrow_mut(|issued| {
        issued.push(Issued { expr, location, read: false });
        let number = issued.len() - 1;
        format!("{OPEN}{number}-{:04x}{CLOSE}", check(number))
    })
}

/// Where the tokens were asked for that no value has brought back.
pub fn unread() -> Vec<SourceLine> {
    ISSUED.with_borrow(|issued| issued.iter().filter(|t| !t.read).map(|t| t.location.clone()).collect())
}

/// The value as an expression, with each token turned back into the output that it stands for.
///
/// # Errors
/// A text holds something that looks like a token and is none.
pub fn expression(value: &Value) -> Result<Expr, TokenError> {
    walk(value, String::new())
}

fn walk(value: &Value, path: String) -> Result<Expr, TokenError> {
    match value {
        Value::Str(text) => text_expression(text, path),
        Value::List(items) => {
            let items: Vec<Expr> =
                items.iter().enumerate().map(|(i, v)| walk(v, format!("{path}[{i}]"))).collect::<Result<_, _>>()?;
            Ok(Expr::List(items.into()))
        }
        Value::Map(map) => {
            let entries: Vec<(SmolStr, Expr)> = map
                .iter()
                .map(|(k, v)| {
                    let inner = if path.is_empty() { k.to_string() } else { format!("{path}.{k}") };
                    Ok((k.clone(), walk(v, inner)?))
                })
                .collect::<Result<_, _>>()?;
            Ok(Expr::Map(entries.into()))
        }
        other => Ok(Expr::Value(other.clone())),
    }
}

fn text_expression(text: &SmolStr, field: String) -> Result<Expr, TokenError> {
    // Any case of the opening counts: a token whose case was changed must not pass as plain text.
    let lower = text.to_ascii_lowercase();
    if !lower.contains(OPEN) {
        return Ok(Expr::Value(Value::Str(text.clone())));
    }
    let changed = || TokenError { field: field.clone(), text: text.to_string() };
    let mut parts = Vec::new();
    let mut at = 0;
    while let Some(found) = lower[at..].find(OPEN) {
        let start = at + found;
        if start > at {
            parts.push(Part::Text(text[at..start].into()));
        }
        let rest = text[start..].strip_prefix(OPEN).ok_or_else(changed)?;
        let end = rest.find(CLOSE).ok_or_else(changed)?;
        let (number, sum) = rest[..end].split_once('-').ok_or_else(changed)?;
        let number: usize = number.parse().map_err(|_| changed())?;
        if u16::from_str_radix(sum, 16) != Ok(check(number)) {
            return Err(changed());
        }
        let expr = ISSUED.with_borrow_mut(|issued| {
            let token = issued.get_mut(number)?;
            token.read = true;
            Some(token.expr.clone())
        });
        parts.push(Part::Expr(expr.ok_or_else(changed)?));
        at = start + OPEN.len() + end + CLOSE.len();
    }
    if at < text.len() {
        parts.push(Part::Text(text[at..].into()));
    }
    Ok(match parts.as_slice() {
        [Part::Expr(whole)] => whole.clone(),
        _ => Expr::Format(parts.into()),
    })
}

/// A check of a token's number; any mixing will do, it only has to differ from neighbours.
fn check(number: usize) -> u16 {
    ((number as u64 + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 48) as u16
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{NodeId, Output};

    fn endpoint() -> Output<String> {
        Output::attribute(NodeId::from_index(7), "endpoint")
    }

    #[test]
    fn a_token_turns_back_into_its_output() {
        reset();
        let value = Value::from(format!("https://{}/", endpoint().token()));
        let expr = expression(&value).expect("an honest token");
        assert_eq!(format!("{expr:?}"), r#"[Text("https://"), Expr(${#7.endpoint}), Text("/")]"#);
        assert!(unread().is_empty());
    }

    #[test]
    fn a_changed_token_names_the_field() {
        reset();
        let value = Value::Map([("host".into(), Value::from(endpoint().token().to_uppercase()))].into());
        assert_eq!(expression(&value).expect_err("changed").field, "host");
    }

    #[test]
    fn a_token_that_was_swallowed_is_found() {
        reset();
        let _hashed = endpoint().token().len();
        assert_eq!(unread().len(), 1);
    }
}
