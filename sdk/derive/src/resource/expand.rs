//! The impl of `Resource`: the schema with its field table, and the encoding.
use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::spanned::Spanned as _;

use super::{ResourceType, args, rules::Rules};
use crate::{
    kind,
    model::{Member, Model},
    object, settings,
};

pub(super) fn expand(core: &TokenStream, ty: &ResourceType) -> TokenStream {
    let Model { ident, doc, members, .. } = &ty.model;
    let super::head::Head { name, version, outputs } = &ty.head;
    let specs = ty.members().map(|(_, member, rules)| spec(core, member, rules));
    let encode = object::encode_members(core, members);
    let decode = ty
        .members()
        .map(|(_, member, rules)| object::decode_member(core, member, own_default(core, &member.ty, rules)));
    let args = args::expand(core, ty);
    quote! {
        #[automatically_derived]
        impl #core::Resource for #ident {
            type Outputs = #outputs;

            fn schema() -> &'static #core::Schema {
                static FIELDS: &[#core::schema::FieldSpec] = &[#(#specs),*];
                static SCHEMA: ::std::sync::LazyLock<#core::Schema> = ::std::sync::LazyLock::new(|| {
                    #core::resource::schema::<#ident>(#name, #version, #doc, FIELDS)
                });
                &SCHEMA
            }

            fn encode(&self) -> #core::Map {
                #encode
            }

            fn decode(fields: &#core::Map) -> ::core::result::Result<Self, #core::plain::Mismatch> {
                let _ = fields;
                ::core::result::Result::Ok(Self { #(#decode),* })
            }
        }

        #args
    }
}

/// What stands for an absent field, if that is not for its type to say: for an `Option`, absent is a value of its own.
fn own_default(core: &TokenStream, ty: &syn::Type, rules: &Rules) -> Option<TokenStream> {
    let default = rules.default.as_ref().filter(|_| kind::option_of(ty).is_none());
    settings::default_value(core, ty, default)
}

fn spec(core: &TokenStream, member: &Member, rules: &Rules) -> TokenStream {
    let Member { name, ty, doc, .. } = member;
    let Rules { required, replace, computed, write_only, secret, exists, detach, default_tags, .. } = rules;
    let shown = kind::text(ty);
    let outage = rules.outage.path(core);
    let unique = option(rules.unique.as_ref().map(|domain| {
        let within = option(rules.within.as_ref().map(|w| quote!(#w)));
        let secs = rules.cooldown_secs.as_ref().map_or_else(|| quote!(0), |s| quote!(#s));
        quote! {
            #core::schema::Unique {
                domain: #domain, within: #within, cooldown: ::core::time::Duration::from_secs(#secs),
            }
        }
    }));
    let name_rule = option(rules.name.as_ref().map(|rule| {
        let max = rule.max.as_ref().map_or_else(|| quote!(63), |m| quote!(#m));
        let lower = rule.lower;
        let prefix = rule.prefix.as_ref().map_or_else(|| quote!(""), |p| quote!(#p));
        quote!(#core::schema::NameRule { max: #max, lower: #lower, prefix: #prefix })
    }));
    let refers_to = option(
        kind::refers_to(ty)
            .map(|target| quote_spanned!(target.span()=> || <#target as #core::Resource>::schema().name)),
    );
    let absent = match own_default(core, ty, rules) {
        Some(value) => quote!(|| #value),
        None => quote_spanned! {ty.span()=>
            || <#ty as #core::Plain>::absent().map_or(#core::Value::Null, |value| <#ty as #core::Plain>::encode(&value))
        },
    };
    quote! {
        #core::schema::FieldSpec {
            name: #name,
            doc: #doc,
            ty: #shown,
            required: #required,
            replace: #replace,
            unique: #unique,
            name_rule: #name_rule,
            computed: #computed,
            write_only: #write_only,
            secret: #secret,
            refers_to: #refers_to,
            exists: #exists,
            detach: #detach,
            default_tags: #default_tags,
            outage: #outage,
            absent: #absent,
        }
    }
}

fn option(value: Option<TokenStream>) -> TokenStream {
    match value {
        Some(value) => quote!(::core::option::Option::Some(#value)),
        None => quote!(::core::option::Option::None),
    }
}
