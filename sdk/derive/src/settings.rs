//! `#[derive(Settings)]`: the settings of a program as data, and read from one map.
use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::{DeriveInput, Expr, spanned::Spanned as _};

use crate::{
    attribute,
    errors::Errors,
    kind,
    model::{self, Member, Model, Words},
    object, paths,
};

const WORDS: Words = Words { derive: "Settings", member: "setting", page: "what `--help` and errors show" };
const KEYS: &[&str] = &["default"];

pub(crate) fn derive(input: DeriveInput) -> TokenStream {
    let core = paths::core();
    let mut errors = Errors::default();
    let ident = input.ident.clone();
    let generic = !input.generics.params.is_empty();
    let expanded = match model::read(input, &WORDS, &mut errors) {
        Some(model) => expand(&core, &model, &mut errors),
        None if generic => TokenStream::new(),
        None => quote! {
            impl #core::settings::Settings for #ident {
                fn specs() -> &'static [#core::settings::SettingSpec] { &[] }
                fn from_map(_: &#core::Map) -> ::core::result::Result<Self, #core::plain::Mismatch> {
                    ::core::result::Result::Err(#core::plain::Mismatch::new("", &#core::Value::Null))
                }
            }
        },
    };
    let errors = errors.into_tokens();
    quote!(#errors #expanded)
}

fn expand(core: &TokenStream, model: &Model, errors: &mut Errors) -> TokenStream {
    let Model { ident, members, .. } = model;
    let defaults: Vec<Option<Expr>> = members.iter().map(|member| default(member, errors)).collect();
    let specs = members.iter().zip(&defaults).map(|(Member { name, ty, doc, .. }, default)| {
        let required = default.is_none() && !kind::may_be_absent(ty);
        let shown = kind::text(ty);
        let default = match default_value(core, ty, default.as_ref()) {
            Some(value) => quote!(::core::option::Option::Some(|| #value)),
            None => quote!(::core::option::Option::None),
        };
        quote! {
            #core::settings::SettingSpec {
                name: #name, doc: #doc, ty: #shown, required: #required, default: #default,
            }
        }
    });
    let reads = members.iter().zip(&defaults).map(|(member, default)| {
        object::decode_member(core, member, default_value(core, &member.ty, default.as_ref()))
    });
    let encode = object::encode_members(core, members);
    quote! {
        #[automatically_derived]
        impl #core::settings::Settings for #ident {
            fn specs() -> &'static [#core::settings::SettingSpec] {
                static SPECS: &[#core::settings::SettingSpec] = &[#(#specs),*];
                SPECS
            }
            fn from_map(fields: &#core::Map) -> ::core::result::Result<Self, #core::plain::Mismatch> {
                let _ = fields;
                ::core::result::Result::Ok(Self { #(#reads),* })
            }
            fn to_map(&self) -> #core::Map {
                #encode
            }
        }
    }
}

/// The expression after `#[setting(default = ..)]`.
fn default(member: &Member, errors: &mut Errors) -> Option<Expr> {
    let mut default = None;
    attribute::read(&member.attrs, "setting", KEYS, errors, |key, meta, _| {
        if key != "default" {
            return Ok(false);
        }
        default = Some(meta.value()?.parse()?);
        Ok(true)
    });
    default
}

/// The default as a value. That of an `Option<T>` is written as a `T`.
pub(crate) fn default_value(core: &TokenStream, ty: &syn::Type, default: Option<&Expr>) -> Option<TokenStream> {
    let default = default?;
    let inner = kind::option_of(ty).unwrap_or(ty);
    Some(quote_spanned!(default.span()=> #core::plain::default_value::<#inner>(#default)))
}
