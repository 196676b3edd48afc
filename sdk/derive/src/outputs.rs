//! `#[derive(Outputs)]`: the outputs of a resource type as data, and as the struct of lazy expressions behind a handle.
use proc_macro2::{Ident, TokenStream};
use quote::{format_ident, quote, quote_spanned};
use syn::{DeriveInput, Visibility, spanned::Spanned as _};

use crate::{
    attribute,
    errors::Errors,
    kind,
    model::{self, Member, Model, Words},
    paths,
};

const WORDS: Words = Words { derive: "Outputs", member: "output", page: "the reference page" };
const KEYS: &[&str] = &["secret", "volatile"];

pub(crate) fn derive(input: DeriveInput) -> TokenStream {
    let core = paths::core();
    let mut errors = Errors::default();
    let (ident, vis) = (input.ident.clone(), input.vis.clone());
    let generic = !input.generics.params.is_empty();
    let expanded = match model::read(input, &WORDS, &mut errors) {
        Some(model) => expand(&core, &model, &mut errors),
        None if generic => TokenStream::new(),
        None => fallback(&core, &ident, &vis),
    };
    let errors = errors.into_tokens();
    quote!(#errors #expanded)
}

fn expand(core: &TokenStream, model: &Model, errors: &mut Errors) -> TokenStream {
    let Model { ident, vis, members, .. } = model;
    let attributes = attributes_ident(ident);
    let specs: Vec<TokenStream> = members.iter().map(|member| spec(core, member, errors)).collect();
    let fields =
        members.iter().map(|Member { ident, vis, ty, docs, .. }| quote!(#(#docs)* #vis #ident: #core::Output<#ty>));
    let values = members.iter().map(|Member { ident, name, .. }| quote!(#ident: #core::Output::attribute(node, #name)));
    let insert = members.iter().map(|Member { ident, name, ty, .. }| {
        quote_spanned! {ty.span()=>
            map.insert(#core::SmolStr::new_static(#name), <#ty as #core::Plain>::encode(&self.#ident));
        }
    });
    let doc = format!("What a program can use of [`{ident}`]: the same values, known only after an apply.");
    quote! {
        #[doc = #doc]
        #[allow(dead_code, reason = "a program reads the outputs that it needs")]
        #vis struct #attributes { #(#fields),* }

        #[automatically_derived]
        impl #core::resource::Outputs for #ident {
            type Attributes = #attributes;
            fn attributes(node: #core::NodeId) -> #attributes {
                let _ = node;
                #attributes { #(#values),* }
            }
            fn specs() -> &'static [#core::schema::OutputSpec] {
                static SPECS: &[#core::schema::OutputSpec] = &[#(#specs),*];
                SPECS
            }
            fn encode(&self) -> #core::Map {
                #[allow(unused_mut, reason = "a type may have no outputs")]
                let mut map = #core::Map::new();
                #(#insert)*
                map
            }
        }
    }
}

fn spec(core: &TokenStream, member: &Member, errors: &mut Errors) -> TokenStream {
    let Member { ident, name, ty, attrs, doc, .. } = member;
    if name == "id" {
        let message = "every resource has an output `id`, its physical id: give this one the name of what it holds, \
                       such as `key_id`";
        errors.at(ident, message);
    }
    let (mut secret, mut volatile) = (kind::is_secret(ty), false);
    attribute::read(attrs, "output", KEYS, errors, |key, _, _| {
        match key {
            "secret" => secret = true,
            "volatile" => volatile = true,
            _ => return Ok(false),
        }
        Ok(true)
    });
    let ty = kind::text(ty);
    quote!(#core::schema::OutputSpec { name: #name, doc: #doc, ty: #ty, secret: #secret, volatile: #volatile })
}

/// `BucketAttributes` for `BucketOutputs`.
fn attributes_ident(ident: &Ident) -> Ident {
    let name = ident.to_string();
    format_ident!("{}Attributes", name.strip_suffix("Outputs").unwrap_or(&name), span = ident.span())
}

/// Bare impls, for a struct that could not be read: what uses them compiles, and the error says the rest.
fn fallback(core: &TokenStream, ident: &Ident, vis: &Visibility) -> TokenStream {
    let attributes = attributes_ident(ident);
    quote! {
        #vis struct #attributes {}
        impl #core::resource::Outputs for #ident {
            type Attributes = #attributes;
            fn attributes(_: #core::NodeId) -> #attributes { #attributes {} }
            fn specs() -> &'static [#core::schema::OutputSpec] { &[] }
            fn encode(&self) -> #core::Map { #core::Map::new() }
        }
    }
}
