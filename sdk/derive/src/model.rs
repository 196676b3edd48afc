//! [`Model`]: what every derive needs of a struct, read and checked: its name, its documented fields.
use proc_macro2::Ident;
use syn::{Attribute, Data, DeriveInput, Expr, ExprLit, Fields, Lit, Meta, Type, Visibility, ext::IdentExt as _};

use crate::errors::Errors;

/// A struct with named fields.
pub(crate) struct Model {
    pub(crate) ident: Ident,
    pub(crate) vis: Visibility,
    pub(crate) attrs: Vec<Attribute>,
    pub(crate) doc: String,
    pub(crate) members: Vec<Member>,
}

/// A field of the struct.
pub(crate) struct Member {
    pub(crate) ident: Ident,
    /// The name as text, without `r#`.
    pub(crate) name: String,
    pub(crate) vis: Visibility,
    pub(crate) ty: Type,
    pub(crate) attrs: Vec<Attribute>,
    /// The doc comment as attributes, to be put on what is made of the field.
    pub(crate) docs: Vec<Attribute>,
    /// The doc comment as text.
    pub(crate) doc: String,
}

/// What a derive calls the fields of its struct.
pub(crate) struct Words {
    /// `Resource`
    pub(crate) derive: &'static str,
    /// `field`
    pub(crate) member: &'static str,
    /// Where the comment is shown.
    pub(crate) page: &'static str,
}

/// Reads a struct. None when it is not one with named fields and without generics; everything else is read on.
pub(crate) fn read(input: DeriveInput, words: &Words, errors: &mut Errors) -> Option<Model> {
    let Words { derive, member, page } = words;
    let fields = match input.data {
        Data::Struct(data) => data.fields,
        Data::Enum(data) => {
            errors
                .at(data.enum_token, format!("`{derive}` is derived for a struct with named fields, not for an enum"));
            return None;
        }
        Data::Union(data) => {
            errors
                .at(data.union_token, format!("`{derive}` is derived for a struct with named fields, not for a union"));
            return None;
        }
    };
    if !input.generics.params.is_empty() {
        let message =
            format!("`{derive}` cannot be derived for a generic struct: write its types out, each {member} has one");
        errors.at(&input.generics, message);
        return None;
    }
    let named = match fields {
        Fields::Named(named) => named.named,
        Fields::Unit => Default::default(),
        Fields::Unnamed(unnamed) => {
            errors.at(unnamed, format!("`{derive}` needs names: write `struct {} {{ name: Type, .. }}`", input.ident));
            return None;
        }
    };
    let members = named.into_iter().filter_map(|field| {
        let ident = field.ident?;
        let (docs, doc) = docs(&field.attrs);
        if doc.trim().is_empty() {
            errors.at(&ident, format!("document this {member}: its comment (`/// ..`) is {page}"));
        }
        let name = ident.unraw().to_string();
        Some(Member { ident, name, vis: field.vis, ty: field.ty, attrs: field.attrs, docs, doc })
    });
    let members = members.collect();
    let doc = docs(&input.attrs).1;
    Some(Model { ident: input.ident, vis: input.vis, attrs: input.attrs, doc, members })
}

/// The doc comment: as attributes, and as text without the space that follows `///`.
fn docs(attrs: &[Attribute]) -> (Vec<Attribute>, String) {
    let docs: Vec<Attribute> =
        attrs.iter().filter(|a| a.path().is_ident("doc") && matches!(a.meta, Meta::NameValue(_))).cloned().collect();
    let lines: Vec<String> = docs.iter().filter_map(line).collect();
    let text = lines.iter().map(|l| l.strip_prefix(' ').unwrap_or(l).trim_end()).collect::<Vec<_>>().join("\n");
    (docs, text.trim().to_owned())
}

fn line(attr: &Attribute) -> Option<String> {
    let Meta::NameValue(pair) = &attr.meta else { return None };
    match &pair.value {
        Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) => Some(text.value()),
        // `#[doc = include_str!(..)]` is a comment too; its text is not here.
        other => Some(quote::quote!(#other).to_string()),
    }
}
