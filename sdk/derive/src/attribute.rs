//! The keys of our attributes: `#[field(replace, unique = "bucket")]`.
//!
//! A key that nobody knows is an error on the key, with the nearest valid one; what follows it is skipped, so that it
//! is one error.
use proc_macro2::TokenTree;
use syn::{Attribute, LitInt, LitStr, Token, meta::ParseNestedMeta, parse::ParseStream};

use crate::errors::Errors;

/// Reads the keys of every `#[name(..)]` among `attrs`. `read` gives false for a key that it does not know.
pub(crate) fn read(
    attrs: &[Attribute],
    name: &str,
    keys: &[&str],
    errors: &mut Errors,
    mut read: impl FnMut(&str, &ParseNestedMeta<'_>, &mut Errors) -> syn::Result<bool>,
) {
    for attr in attrs.iter().filter(|a| a.path().is_ident(name)) {
        let outcome = attr.parse_nested_meta(|meta| {
            let key = meta.path.get_ident().map(ToString::to_string).unwrap_or_default();
            if !read(&key, &meta, errors)? {
                errors.at(&meta.path, unknown(name, &key, keys));
                skip(meta.input)?;
            }
            Ok(())
        });
        if let Err(error) = outcome {
            errors.push(error);
        }
    }
}

/// The message for a key that nobody knows.
pub(crate) fn unknown(attribute: &str, key: &str, keys: &[&str]) -> String {
    let all = keys.iter().map(|k| format!("`{k}`")).collect::<Vec<_>>().join(", ");
    match nearest(key, keys) {
        Some(near) => format!("`{key}` is not a key of `#[{attribute}(..)]`: did you mean `{near}`? (it knows {all})"),
        None => format!("`{key}` is not a key of `#[{attribute}(..)]`: it knows {all}"),
    }
}

/// The known word that is most like `word`, if one is like it at all.
fn nearest<'a>(word: &str, known: &[&'a str]) -> Option<&'a str> {
    let likeness = |k: &str| strsim::jaro_winkler(word, k);
    known.iter().copied().filter(|k| likeness(k) > 0.75).max_by(|a, b| likeness(a).total_cmp(&likeness(b)))
}

/// The text after `=`.
pub(crate) fn text(meta: &ParseNestedMeta<'_>) -> syn::Result<LitStr> {
    meta.value()?.parse()
}

/// The whole number after `=`.
pub(crate) fn number(meta: &ParseNestedMeta<'_>) -> syn::Result<LitInt> {
    meta.value()?.parse()
}

/// Passes over everything up to the next comma.
pub(crate) fn skip(input: ParseStream<'_>) -> syn::Result<()> {
    while !input.is_empty() && !input.peek(Token![,]) {
        input.parse::<TokenTree>()?;
    }
    Ok(())
}
