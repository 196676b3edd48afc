//! Purlin's derives: a plain struct becomes a resource type, its outputs, a nested object or the settings of a program.
//!
//! They emit data and setters, never behaviour. Each goes the same way: *parse* the struct into a model, *validate* it
//! (an error stands on the token that is wrong and says what to write instead), *expand*; and where something is wrong,
//! expand all the same or fall back to bare impls, so that one mistake gives one error and not a cascade.
//!
//! Use them through the crate that names them for you: `purlin` (or `purlin-core`). What they write finds that crate by
//! its entry in `Cargo.toml`, also when it was renamed there.
mod attribute;
mod errors;
mod kind;
mod model;
mod object;
mod outputs;
mod paths;
mod resource;
mod settings;

#[cfg(test)]
mod messages;

use proc_macro::TokenStream;
use syn::{DeriveInput, parse_macro_input};

/// Makes a struct a resource type.
///
/// `#[resource("provider:service:Name")]` names it. After the name may stand `outputs = Type` (a struct with
/// `#[derive(Outputs)]`) and `version = N`, which counts up when the meaning of stored fields changes. Beside the struct,
/// write `impl Lifecycle for` it.
///
/// Every field has a doc comment: it is the reference page. A field is required, and an argument of `new`, unless its
/// type is `Option`, `bool`, `Vec`, `BTreeMap` or `Tags`, or it has a default; three may be required. Each other field
/// has a setter.
///
/// | `#[field(..)]` | says |
/// |---|---|
/// | `replace` | a change makes a new object |
/// | `unique = "domain"` | two live objects cannot share the value |
/// | `within = "field"` | another field that narrows the domain |
/// | `cooldown_secs = 60` | how long the service refuses the value after a delete |
/// | `name(max = 63, lower, prefix = "alias/")` | when unset, the engine makes a name by this rule |
/// | `computed` | when unset, the service picks a value, and that is no change |
/// | `write_only` | cannot be read back |
/// | `secret` | always a secret; fields of type `Secret<..>` are without saying so |
/// | `exists` | its target needs only to exist, not to be ready |
/// | `detach` | can be unset while its target is replaced |
/// | `default_tags` | the provider's default tags are merged in |
/// | `outage = "restart"` or `"data-loss"` | what a change costs |
/// | `default = expr` | the value when the program sets none |
#[proc_macro_derive(Resource, attributes(resource, field))]
pub fn resource(input: TokenStream) -> TokenStream {
    resource::derive(parse_macro_input!(input as DeriveInput)).into()
}

/// Makes a struct the outputs of a resource type, and writes the struct of the same outputs as lazy expressions: for
/// `BucketOutputs` that is `BucketAttributes`, which a program reads through the handle.
///
/// `#[output(secret)]` marks an output that is always a secret (those of type `Secret<..>` are without saying so),
/// `#[output(volatile)]` one that an update may change.
#[proc_macro_derive(Outputs, attributes(output))]
pub fn outputs(input: TokenStream) -> TokenStream {
    outputs::derive(parse_macro_input!(input as DeriveInput)).into()
}

/// Makes a struct a plain type, to be used inside the fields of resources and settings.
///
/// Its fields that are none are left out of the value; `Option`, `bool`, `Vec` and maps may be absent. A mismatch names
/// the path: `rules[0].days`.
#[proc_macro_derive(Object)]
pub fn object(input: TokenStream) -> TokenStream {
    object::derive(parse_macro_input!(input as DeriveInput)).into()
}

/// Makes a struct the settings of a program: what differs from one environment to the next.
///
/// Every setting has a doc comment, which `--help` and errors show. It must be given unless its type is `Option`,
/// `bool`, `Vec`, `BTreeMap` or `Tags`, or `#[setting(default = expr)]` says what it is otherwise.
#[proc_macro_derive(Settings, attributes(setting))]
pub fn settings(input: TokenStream) -> TokenStream {
    settings::derive(parse_macro_input!(input as DeriveInput)).into()
}
