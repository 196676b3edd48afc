//! `#[resource("aws:s3:Bucket", outputs = BucketOutputs, version = 1)]`.
use quote::quote;
use syn::{Attribute, Ident, LitInt, LitStr, Token, Type, ext::IdentExt as _, parse::ParseStream};

use crate::{attribute, errors::Errors, model::Model};

const KEYS: &[&str] = &["outputs", "version"];
const EXAMPLE: &str = "`#[resource(\"provider:service:Name\", outputs = NameOutputs)]`";

/// What a resource type is called, and what it gives.
pub(super) struct Head {
    pub(super) name: String,
    pub(super) version: u32,
    /// `()` when it has no outputs of its own.
    pub(super) outputs: proc_macro2::TokenStream,
}

impl Default for Head {
    fn default() -> Self {
        Self { name: String::new(), version: 1, outputs: quote!(()) }
    }
}

/// Reads the attribute. What is wrong with it is an error, and the head has careful values all the same.
pub(super) fn read(model: &Model, errors: &mut Errors) -> Head {
    let mut head = Head::default();
    let mut found = model.attrs.iter().filter(|a| a.path().is_ident("resource"));
    let Some(first) = found.next() else {
        errors.at(&model.ident, format!("name the resource type: {EXAMPLE}"));
        return head;
    };
    if let Some(second) = found.next() {
        errors.at(second, "`#[resource(..)]` stands twice: write it once");
    }
    if let Err(error) = parse(first, &mut head, errors) {
        errors.push(error);
    }
    head
}

fn parse(attr: &Attribute, head: &mut Head, errors: &mut Errors) -> syn::Result<()> {
    if attr.meta.require_list().is_err() {
        errors.at(attr, format!("name the resource type: {EXAMPLE}"));
        return Ok(());
    }
    attr.parse_args_with(|input: ParseStream<'_>| {
        if !input.peek(LitStr) {
            return Err(input.error(format!("the name of the resource type comes first: {EXAMPLE}")));
        }
        let name: LitStr = input.parse()?;
        head.name = name.value();
        if !is_type_name(&head.name) {
            errors.at(&name, "a resource type is named by provider, service and name, such as `aws:s3:Bucket`");
        }
        while !input.is_empty() {
            input.parse::<Token![,]>()?;
            if input.is_empty() {
                break;
            }
            let key = input.call(Ident::parse_any)?;
            match key.to_string().as_str() {
                "outputs" => {
                    input.parse::<Token![=]>()?;
                    let ty: Type = input.parse()?;
                    head.outputs = quote!(#ty);
                }
                "version" => {
                    input.parse::<Token![=]>()?;
                    head.version = input.parse::<LitInt>()?.base10_parse()?;
                }
                other => {
                    errors.at(&key, attribute::unknown("resource", other, KEYS));
                    attribute::skip(input)?;
                }
            }
        }
        Ok(())
    })
}

/// Three parts joined by `:`, each of letters, digits, `-`, `_`, `.` and `/`.
fn is_type_name(name: &str) -> bool {
    let part = |p: &str| !p.is_empty() && p.chars().all(|c| c.is_ascii_alphanumeric() || "-_./".contains(c));
    name.split(':').count() == 3 && name.split(':').all(part)
}
