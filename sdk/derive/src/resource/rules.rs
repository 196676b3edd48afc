//! `#[field(..)]`: the rules of one field.
use proc_macro2::TokenStream;
use quote::quote;
use syn::{Expr, LitInt, LitStr, meta::ParseNestedMeta};

use crate::{attribute, errors::Errors, kind, model::Member};

const KEYS: &[&str] = &[
    "replace",
    "unique",
    "within",
    "cooldown_secs",
    "name",
    "computed",
    "write_only",
    "secret",
    "exists",
    "detach",
    "default_tags",
    "outage",
    "default",
];
const NAME_KEYS: &[&str] = &["max", "lower", "prefix"];

/// The rules of a field.
#[derive(Default)]
pub(super) struct Rules {
    pub(super) required: bool,
    pub(super) replace: bool,
    pub(super) unique: Option<LitStr>,
    pub(super) within: Option<LitStr>,
    pub(super) cooldown_secs: Option<LitInt>,
    pub(super) name: Option<NameRule>,
    pub(super) computed: bool,
    pub(super) write_only: bool,
    pub(super) secret: bool,
    pub(super) exists: bool,
    pub(super) detach: bool,
    pub(super) default_tags: bool,
    pub(super) outage: Outage,
    pub(super) default: Option<Expr>,
}

/// How a physical name is made.
#[derive(Default)]
pub(super) struct NameRule {
    pub(super) max: Option<LitInt>,
    pub(super) lower: bool,
    pub(super) prefix: Option<LitStr>,
}

/// What a change costs.
#[derive(Default)]
pub(super) enum Outage {
    #[default]
    None,
    Restart,
    DataLoss,
}

impl Outage {
    pub(super) fn path(&self, core: &TokenStream) -> TokenStream {
        match self {
            Self::None => quote!(#core::schema::Outage::None),
            Self::Restart => quote!(#core::schema::Outage::Restart),
            Self::DataLoss => quote!(#core::schema::Outage::DataLoss),
        }
    }
}

/// Reads the rules of a field; `all` are the fields that it may name.
pub(super) fn read(member: &Member, all: &[Member], errors: &mut Errors) -> Rules {
    let mut rules = Rules { secret: kind::is_secret(&member.ty), ..Rules::default() };
    attribute::read(&member.attrs, "field", KEYS, errors, |key, meta, errors| {
        match key {
            "replace" => rules.replace = true,
            "unique" => rules.unique = Some(attribute::text(meta)?),
            "within" => rules.within = Some(attribute::text(meta)?),
            "cooldown_secs" => rules.cooldown_secs = Some(attribute::number(meta)?),
            "name" => rules.name = Some(name_rule(meta, errors)?),
            "computed" => rules.computed = true,
            "write_only" => rules.write_only = true,
            "secret" => rules.secret = true,
            "exists" => rules.exists = true,
            "detach" => rules.detach = true,
            "default_tags" => rules.default_tags = true,
            "outage" => rules.outage = outage(meta, errors)?,
            "default" => rules.default = Some(meta.value()?.parse()?),
            _ => return Ok(false),
        }
        Ok(true)
    });
    rules.required = rules.default.is_none() && !kind::may_be_absent(&member.ty);
    check(member, all, &rules, errors);
    rules
}

/// Rules that only make sense together.
fn check(member: &Member, all: &[Member], rules: &Rules, errors: &mut Errors) {
    let Rules { unique, within, cooldown_secs, name, .. } = rules;
    if let Some(within) = within {
        if unique.is_none() {
            errors.at(within, "`within` narrows a domain: name it too, with `unique = \"domain\"`");
        } else if !all.iter().any(|m| m.name == within.value()) {
            errors.at(within, format!("this type has no field `{}`", within.value()));
        }
    }
    if let (Some(secs), None) = (cooldown_secs, unique) {
        errors.at(secs, "`cooldown_secs` belongs to a domain: name it too, with `unique = \"domain\"`");
    }
    if name.is_some() && kind::option_of(&member.ty).is_none() {
        errors.at(&member.ty, "a name that the engine may make is an `Option`: the program need not set it");
    }
}

fn name_rule(meta: &ParseNestedMeta<'_>, errors: &mut Errors) -> syn::Result<NameRule> {
    let mut rule = NameRule::default();
    meta.parse_nested_meta(|inner| {
        let key = inner.path.get_ident().map(ToString::to_string).unwrap_or_default();
        match key.as_str() {
            "max" => rule.max = Some(attribute::number(&inner)?),
            "lower" => rule.lower = true,
            "prefix" => rule.prefix = Some(attribute::text(&inner)?),
            other => {
                errors.at(&inner.path, attribute::unknown("field(name", other, NAME_KEYS));
                attribute::skip(inner.input)?;
            }
        }
        Ok(())
    })?;
    if rule.max.is_none() {
        errors.at(&meta.path, "say how long a name may be: `name(max = 63)`");
    }
    Ok(rule)
}

fn outage(meta: &ParseNestedMeta<'_>, errors: &mut Errors) -> syn::Result<Outage> {
    let text = attribute::text(meta)?;
    Ok(match text.value().as_str() {
        "restart" => Outage::Restart,
        "data-loss" => Outage::DataLoss,
        _ => {
            errors.at(&text, "an outage is `\"restart\"` or `\"data-loss\"`");
            Outage::None
        }
    })
}
