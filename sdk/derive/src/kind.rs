//! What can be told from the tokens of a field's type: whether it may be left out, is a secret, refers to a resource.
use syn::{GenericArgument, PathArguments, PathSegment, Type};

/// The types, by the last part of their path, of which nothing is a value.
const MAY_BE_ABSENT: &[&str] = &["Option", "bool", "Vec", "BTreeMap", "Tags"];
/// The types that hold others as they are.
const TRANSPARENT: &[&str] = &["Option", "Vec", "BTreeMap"];

/// The type in an `Option`, if it is one.
pub(crate) fn option_of(ty: &Type) -> Option<&Type> {
    let last = last_segment(ty)?;
    if last.ident == "Option" { type_arguments(last).next() } else { None }
}

/// True when a field of this type need not be given.
pub(crate) fn may_be_absent(ty: &Type) -> bool {
    last_segment(ty).is_some_and(|s| MAY_BE_ABSENT.iter().any(|name| s.ident == name))
}

/// True for `Secret<..>`, and for options, lists and maps of it.
pub(crate) fn is_secret(ty: &Type) -> bool {
    last_segment(ty).is_some_and(|s| {
        s.ident == "Secret" || (TRANSPARENT.iter().any(|t| s.ident == t) && type_arguments(s).any(is_secret))
    })
}

/// The `X` of `Ref<X>`, also inside options, lists and maps.
pub(crate) fn refers_to(ty: &Type) -> Option<&Type> {
    let last = last_segment(ty)?;
    if last.ident == "Ref" {
        type_arguments(last).next()
    } else if TRANSPARENT.iter().any(|t| last.ident == t) {
        type_arguments(last).find_map(refers_to)
    } else {
        None
    }
}

/// The type as a person writes it: `Option<Ref<Key>>`.
pub(crate) fn text(ty: &Type) -> String {
    let spaced = quote::quote!(#ty).to_string();
    let mut text = String::with_capacity(spaced.len());
    let mut chars = spaced.chars().peekable();
    while let Some(c) = chars.next() {
        // Tokens are joined by spaces: only those after a comma and between two words are wanted.
        let before = text.chars().last();
        let wanted = match (before, chars.peek()) {
            (Some(','), _) => true,
            (Some(a), Some(b)) => is_word(a) && is_word(*b),
            _ => false,
        };
        if c != ' ' || wanted {
            text.push(c);
        }
    }
    text
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

fn last_segment(ty: &Type) -> Option<&PathSegment> {
    match ty {
        Type::Path(path) => path.path.segments.last(),
        // A type that came through a macro is wrapped in an invisible group.
        Type::Group(group) => last_segment(&group.elem),
        Type::Paren(paren) => last_segment(&paren.elem),
        _ => None,
    }
}

fn type_arguments(segment: &PathSegment) -> impl Iterator<Item = &Type> {
    let arguments = match &segment.arguments {
        PathArguments::AngleBracketed(angle) => Some(&angle.args),
        _ => None,
    };
    arguments.into_iter().flatten().filter_map(|a| match a {
        GenericArgument::Type(ty) => Some(ty),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use syn::parse_quote;

    use super::*;

    #[test]
    fn a_type_is_written_as_people_write_it() {
        for ty in ["Option<Ref<Key>>", "BTreeMap<String, Vec<u8>>", "&'static str", "std::time::Duration", "[u8;4]"] {
            let parsed: Type = syn::parse_str(ty).expect("a type");
            assert_eq!(text(&parsed), ty);
        }
    }

    #[test]
    fn references_and_secrets_are_seen_through_options_and_lists() {
        assert_eq!(refers_to(&parse_quote!(Option<Vec<Ref<ec2::Vpc>>>)).map(text).as_deref(), Some("ec2::Vpc"));
        assert!(refers_to(&parse_quote!(Arn<Vpc>)).is_none());
        assert!(is_secret(&parse_quote!(Option<purlin::Secret<String>>)));
        assert!(!is_secret(&parse_quote!(Option<String>)));
    }

    #[test]
    fn what_may_be_left_out() {
        for ty in ["Option<u8>", "std::option::Option<u8>", "bool", "Vec<u8>", "Tags"] {
            assert!(may_be_absent(&syn::parse_str(ty).expect("a type")), "{ty}");
        }
        for ty in ["u8", "Cidr", "Ref<Vpc>", "Secret<Option<u8>>"] {
            assert!(!may_be_absent(&syn::parse_str(ty).expect("a type")), "{ty}");
        }
    }
}
