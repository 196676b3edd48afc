//! `#[derive(Object)]`: a struct as a plain value, field by field.
use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::{DeriveInput, spanned::Spanned as _};

use crate::{
    errors::Errors,
    model::{self, Member, Model, Words},
    paths,
};

const WORDS: Words = Words { derive: "Object", member: "field", page: "shown in the reference page" };

pub(crate) fn derive(input: DeriveInput) -> TokenStream {
    let core = paths::core();
    let mut errors = Errors::default();
    let ident = input.ident.clone();
    let generic = !input.generics.params.is_empty();
    let expanded = match model::read(input, &WORDS, &mut errors) {
        Some(model) => expand(&core, &model),
        None if generic => TokenStream::new(),
        None => quote! {
            impl #core::Plain for #ident {
                fn encode(&self) -> #core::Value { #core::Value::Null }
                fn decode(value: &#core::Value) -> ::core::result::Result<Self, #core::plain::Mismatch> {
                    ::core::result::Result::Err(#core::plain::Mismatch::new("", value))
                }
            }
        },
    };
    let errors = errors.into_tokens();
    quote!(#errors #expanded)
}

fn expand(core: &TokenStream, model: &Model) -> TokenStream {
    let Model { ident, members, .. } = model;
    let encode = encode_members(core, members);
    let decode = members.iter().map(|member| decode_member(core, member, None));
    quote! {
        #[automatically_derived]
        impl #core::Plain for #ident {
            fn encode(&self) -> #core::Value {
                #core::Value::Map(#encode)
            }
            fn decode(value: &#core::Value) -> ::core::result::Result<Self, #core::plain::Mismatch> {
                let fields = #core::plain::decode_map(value)?;
                let _ = fields;
                ::core::result::Result::Ok(Self { #(#decode),* })
            }
        }
    }
}

/// An expression that makes a map of the fields of `self`, without those that are none.
pub(crate) fn encode_members(core: &TokenStream, members: &[Member]) -> TokenStream {
    let write = members.iter().map(|Member { ident, name, ty, .. }| {
        let value = quote_spanned!(ty.span()=> <#ty as #core::Plain>::encode(&self.#ident));
        quote!(#core::plain::write_field(&mut map, #name, #value);)
    });
    if members.is_empty() {
        return quote!(#core::Map::new());
    }
    quote!({
        let mut map = #core::Map::new();
        #(#write)*
        map
    })
}

/// `name: ..`, read from the map `fields`. Where the field is absent, `default` stands for it, else what its type says.
pub(crate) fn decode_member(core: &TokenStream, member: &Member, default: Option<TokenStream>) -> TokenStream {
    let Member { ident, name, ty, .. } = member;
    let decode = quote_spanned!(ty.span()=> <#ty as #core::Plain>::decode);
    let absent = match default {
        // The default is of the right type: the setter's trait has checked it. Should it not read back, the field is
        // missing.
        Some(value) => quote!(|| #decode(&#value).ok()),
        None => quote_spanned!(ty.span()=> <#ty as #core::Plain>::absent),
    };
    quote!(#ident: #core::plain::read_field(fields, #name, #decode, #absent)?)
}
