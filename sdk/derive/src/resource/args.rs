//! What a program calls: `Bucket::new(..)`, the setters of `BucketArgs`, and `Bucket::NAME` for each field.
use proc_macro2::{Ident, Span, TokenStream};
use quote::{format_ident, quote, quote_spanned};
use syn::{Attribute, parse_quote, spanned::Spanned as _};

use super::{ResourceType, args_ident};
use crate::{
    kind,
    model::{Member, Model},
};

pub(super) fn expand(core: &TokenStream, ty: &ResourceType) -> TokenStream {
    let Model { ident, vis, .. } = &ty.model;
    let args = args_ident(ident);
    let new = new(core, ty);
    let setters = ty.members().filter(|(_, _, r)| !r.required).map(|(i, member, rules)| {
        let Member { ident, ty, docs, .. } = member;
        let inner = kind::option_of(ty).unwrap_or(ty);
        let note = rules.replace.then_some("\n\nA change makes a new object.").map(doc);
        let value = Ident::new("value", Span::mixed_site());
        quote_spanned! {ident.span()=>
            #(#docs)*
            #note
            #vis fn #ident(mut self, #value: impl #core::IntoInput<#inner>) -> Self {
                self.inputs.set(#i, #core::IntoInput::<#inner>::into_expr(#value));
                self
            }
        }
    });
    let consts = ty.model.members.iter().map(|member| {
        let constant = format_ident!("{}", member.name.to_uppercase(), span = member.ident.span());
        let name = &member.name;
        let doc = format!("The field `{name}`, for options that name one: `.ignore_changes([{ident}::{constant}])`.");
        quote! {
            #[doc = #doc]
            #vis const #constant: #core::resource::Field<#ident> = #core::resource::Field::new(#name);
        }
    });
    let doc = format!("What is wanted of a [`{ident}`]. Made by [`{ident}::new`]; `stack.add(name, ..)` adds it.");
    quote! {
        #[allow(dead_code, clippy::new_ret_no_self, reason = "a program uses the words that it needs")]
        impl #ident {
            #new
            #(#consts)*
        }

        #[doc = #doc]
        #[derive(Clone)]
        #[must_use = "nothing is made of it until it is given to `stack.add(name, ..)`"]
        #vis struct #args {
            inputs: #core::resource::Inputs<#ident>,
        }

        #[allow(dead_code, reason = "a program uses the words that it needs")]
        impl #args {
            #(#setters)*
        }

        #[automatically_derived]
        impl #core::Component for #args {
            type Handle = #core::Handle<#ident>;
            fn build(self, stack: &mut #core::Stack) -> Self::Handle {
                stack.declare(self.inputs)
            }
        }

        #[automatically_derived]
        impl #core::Configure for #args {
            type Resource = #ident;
            fn options_mut(&mut self) -> &mut #core::options::Options {
                self.inputs.options_mut()
            }
        }
    }
}

/// `Bucket::new`, with the required fields as arguments.
fn new(core: &TokenStream, ty: &ResourceType) -> TokenStream {
    let Model { ident, vis, .. } = &ty.model;
    let args = args_ident(ident);
    let inputs = Ident::new("inputs", Span::mixed_site());
    let params = ty
        .required()
        .map(|(_, Member { ident, ty, .. })| quote_spanned!(ident.span()=> #ident: impl #core::IntoInput<#ty>));
    let required = ty
        .required()
        .map(|(i, Member { ident, ty, .. })| quote!(#inputs.set(#i, #core::IntoInput::<#ty>::into_expr(#ident));));
    let defaults = ty.members().filter_map(|(i, member, rules)| {
        let default = rules.default.as_ref()?;
        let inner = kind::option_of(&member.ty).unwrap_or(&member.ty);
        Some(quote_spanned! {default.span()=>
            #inputs.set(#i, #core::IntoInput::<#inner>::into_expr(#default));
        })
    });
    let head = doc(&format!("A [`{ident}`] to be added to a stack; what is not required is set on what this returns."));
    let list =
        ty.required().map(|(_, member)| doc(&format!("\n- `{}`: {}", member.name, member.doc.replace('\n', "\n  "))));
    quote! {
        #head
        #(#list)*
        #vis fn new(#(#params),*) -> #args {
            #[allow(unused_mut, reason = "a type may have no required fields")]
            let mut #inputs = #core::resource::Inputs::<#ident>::default();
            #(#required)*
            #(#defaults)*
            #args { inputs: #inputs }
        }
    }
}

fn doc(text: &str) -> Attribute {
    parse_quote!(#[doc = #text])
}
