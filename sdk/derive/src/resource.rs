//! `#[derive(Resource)]`: a struct as a resource type.
//!
//! [`head`] reads `#[resource(..)]`, [`rules`] reads `#[field(..)]`, [`expand`] writes the field table, the encoding
//! and the arguments type with its setters.
mod args;
mod expand;
mod head;
mod rules;

use proc_macro2::{Ident, TokenStream};
use quote::{format_ident, quote};
use syn::{DeriveInput, Visibility};

use crate::{
    errors::Errors,
    model::{self, Member, Model, Words},
    paths,
};

const WORDS: Words = Words { derive: "Resource", member: "field", page: "the reference page" };

/// More arguments than this cannot be told apart where `new` is called.
const MAX_REQUIRED: usize = 3;

/// The names that every resource's arguments have already, and what to call a field instead. The same list as
/// `RESERVED` of `purlin_core::options`; a test compares the two.
const RESERVED: [(&str, &str); 13] = [
    ("new", "fresh"),
    ("id", "identifier"),
    ("depends_on", "dependencies"),
    ("protect", "protection"),
    ("ignore_changes", "ignored_changes"),
    ("retain", "retention"),
    ("replace_order", "order"),
    ("formerly", "former_name"),
    ("formerly_type", "former_type"),
    ("adopt", "adopted"),
    ("timeouts", "time_limits"),
    ("provider", "provider_name"),
    ("options_mut", "options"),
];

/// A resource type, read and checked.
struct ResourceType {
    model: Model,
    head: head::Head,
    /// One for each member.
    rules: Vec<rules::Rules>,
}

impl ResourceType {
    /// The arguments of `new`: position in the schema, and field.
    fn required(&self) -> impl Iterator<Item = (u16, &Member)> {
        self.members().filter(|(_, _, rules)| rules.required).map(|(i, member, _)| (i, member))
    }

    /// All fields with their position and rules.
    fn members(&self) -> impl Iterator<Item = (u16, &Member, &rules::Rules)> {
        (0u16..).zip(&self.model.members).zip(&self.rules).map(|((i, member), rules)| (i, member, rules))
    }
}

pub(crate) fn derive(input: DeriveInput) -> TokenStream {
    let core = paths::core();
    let mut errors = Errors::default();
    let (ident, vis) = (input.ident.clone(), input.vis.clone());
    let generic = !input.generics.params.is_empty();
    let expanded = match model::read(input, &WORDS, &mut errors) {
        Some(model) => expand::expand(&core, &validate(model, &mut errors)),
        None if generic => TokenStream::new(),
        None => fallback(&core, &ident, &vis),
    };
    let errors = errors.into_tokens();
    quote!(#errors #expanded)
}

fn validate(model: Model, errors: &mut Errors) -> ResourceType {
    let head = head::read(&model, errors);
    if model.doc.is_empty() {
        errors.at(&model.ident, "document this resource type: its comment (`/// ..`) opens the reference page");
    }
    for member in &model.members {
        if let Some((name, instead)) = RESERVED.iter().find(|(name, _)| member.name == *name) {
            let message = format!(
                "`{name}` is a word of Purlin's own: every resource has `.{name}(..)`. Call the field something else, \
                 such as `{instead}` or `{}_{name}`",
                snake(&model.ident.to_string())
            );
            errors.at(&member.ident, message);
        }
    }
    let rules: Vec<rules::Rules> = model.members.iter().map(|m| rules::read(m, &model.members, errors)).collect();
    let required: Vec<&Member> =
        model.members.iter().zip(&rules).filter(|(_, rules)| rules.required).map(|(member, _)| member).collect();
    if let Some(fourth) = required.get(MAX_REQUIRED) {
        let names = required.iter().map(|m| format!("`{}`", m.name)).collect::<Vec<_>>().join(", ");
        let message = format!(
            "`new` takes {MAX_REQUIRED} required fields at most, and this type has {}: {names}. Make one an `Option`, give \
             it `#[field(default = ..)]`, or put several into one struct with `#[derive(Object)]`",
            required.len()
        );
        errors.at(&fourth.ident, message);
    }
    ResourceType { model, head, rules }
}

fn args_ident(ident: &Ident) -> Ident {
    format_ident!("{ident}Args")
}

/// `security_group` for `SecurityGroup`.
fn snake(name: &str) -> String {
    let mut out = String::with_capacity(name.len() + 4);
    for (i, c) in name.char_indices() {
        if c.is_uppercase() && i > 0 {
            out.push('_');
        }
        out.extend(c.to_lowercase());
    }
    out
}

/// Bare impls, for a struct that could not be read: what uses them compiles, and the error says the rest.
fn fallback(core: &TokenStream, ident: &Ident, vis: &Visibility) -> TokenStream {
    let args = args_ident(ident);
    quote! {
        impl #core::Resource for #ident {
            type Outputs = ();
            fn schema() -> &'static #core::Schema { ::core::unreachable!() }
            fn encode(&self) -> #core::Map { #core::Map::new() }
            fn decode(_: &#core::Map) -> ::core::result::Result<Self, #core::plain::Mismatch> {
                ::core::result::Result::Err(#core::plain::Mismatch::new("", &#core::Value::Null))
            }
        }
        #vis struct #args {}
        impl #core::Component for #args {
            type Handle = #core::Handle<#ident>;
            fn build(self, _: &mut #core::Stack) -> Self::Handle { ::core::unreachable!() }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reserved_names_are_those_of_the_core() {
        let options = include_str!("../../core/src/options.rs");
        let list = options.split_once("RESERVED: &[&str] = &[").and_then(|(_, rest)| rest.split_once("];"));
        let names: Vec<&str> = list.map_or("", |(list, _)| list).split('"').skip(1).step_by(2).collect();
        assert_eq!(names, RESERVED.map(|(name, _)| name));
    }

    #[test]
    fn a_type_is_named_in_a_field() {
        assert_eq!(snake("SecurityGroup"), "security_group");
    }
}
