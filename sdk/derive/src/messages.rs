//! Every mistake in a struct gives one error, on the token that is wrong, with what to write instead. The usual ones are also
//! compiled for real, in `tests/compile_fail` of `purlin-core`.
use proc_macro2::TokenStream;
use syn::{DeriveInput, Expr, ExprLit, ItemMacro, Lit, parse_quote};

/// The messages of the `compile_error!`s that a derive wrote.
fn errors(expanded: TokenStream) -> Vec<String> {
    let file: syn::File = syn::parse2(expanded).expect("what a derive writes can be parsed");
    let text = |item: syn::Item| match item {
        syn::Item::Macro(ItemMacro { mac, .. }) if mac.path.segments.last()?.ident == "compile_error" => {
            match mac.parse_body().ok()? {
                Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) => Some(text.value()),
                _ => None,
            }
        }
        _ => None,
    };
    file.items.into_iter().filter_map(text).collect()
}

/// The one error of a derive; it must have no other.
#[track_caller]
fn one(expanded: TokenStream, expected: &str) {
    let errors = errors(expanded);
    assert!(matches!(errors.as_slice(), [one] if one.contains(expected)), "expected {expected:?}, found {errors:#?}");
}

#[track_caller]
fn resource(input: DeriveInput, expected: &str) {
    one(crate::resource::derive(input), expected);
}

#[test]
fn a_sound_struct_has_no_errors() {
    let input = parse_quote! {
        /// A queue.
        #[resource("test:msg:Queue", outputs = QueueOutputs, version = 3)]
        struct Queue {
            /// Its name.
            #[field(replace, unique = "queue", within = "region", cooldown_secs = 60, name(max = 9, lower, prefix = "a/"))]
            name: Option<String>,
            /// Its region.
            #[field(outage = "restart", default = "here")]
            region: String,
        }
    };
    assert_eq!(errors(crate::resource::derive(input)), [""; 0]);
}

#[test]
fn the_head_says_how_to_name_a_type() {
    resource(
        parse_quote!(
            /** Q */
            struct Q {}
        ),
        "name the resource type: `#[resource(",
    );
    resource(
        parse_quote!(
            /** Q */
            #[resource]
            struct Q {}
        ),
        "name the resource type: `#[resource(",
    );
    resource(
        parse_quote!(
            /** Q */
            #[resource(outputs = O)]
            struct Q {}
        ),
        "comes first",
    );
    resource(
        parse_quote!(
            /** Q */
            #[resource("queue")]
            struct Q {}
        ),
        "by provider, service and name",
    );
    resource(
        parse_quote!(
            /** Q */
            #[resource("a:b:")]
            struct Q {}
        ),
        "by provider, service and name",
    );
    resource(
        parse_quote!(
            /** Q */
            #[resource("a:b:Q", output = O)]
            struct Q {}
        ),
        "did you mean `outputs`?",
    );
    resource(
        parse_quote!(
            /** Q */
            #[resource("a:b:Q")]
            #[resource("a:b:Q")]
            struct Q {}
        ),
        "write it once",
    );
    resource(
        parse_quote!(
            #[resource("a:b:Q")]
            struct Q {}
        ),
        "document this resource type",
    );
}

#[test]
fn a_struct_with_named_fields_is_needed() {
    resource(
        parse_quote!(
            enum Q {}
        ),
        "not for an enum",
    );
    resource(parse_quote!(union Q { a: u8 }), "not for a union");
    resource(
        parse_quote!(
            struct Q(u8);
        ),
        "`struct Q { name: Type, .. }`",
    );
    resource(
        parse_quote!(
            struct Q<T> {
                a: T,
            }
        ),
        "generic",
    );
    one(
        crate::outputs::derive(parse_quote!(
            enum Q {}
        )),
        "not for an enum",
    );
    one(
        crate::object::derive(parse_quote!(
            struct Q<T> {
                a: T,
            }
        )),
        "each field has one",
    );
    one(
        crate::settings::derive(parse_quote!(
            struct Q(u8);
        )),
        "needs names",
    );
}

#[test]
fn rules_that_do_not_fit_are_told_on_their_value() {
    let field = |field: syn::Field, expected: &str| {
        resource(parse_quote!(/** Q */ #[resource("a:b:Q")] struct Q { #field }), expected);
    };
    field(parse_quote!(a: Option<u8>), "document this field");
    field(parse_quote!(/** A */ #[field(compute)] a: Option<u8>), "did you mean `computed`?");
    field(
        parse_quote!(/** A */ #[field(zzz = 3 + 4, replace)] a: Option<u8>),
        "`zzz` is not a key of `#[field(..)]`: it",
    );
    field(parse_quote!(/** A */ #[field(within = "a")] a: Option<u8>), "`unique = \"domain\"`");
    field(parse_quote!(/** A */ #[field(unique = "x", within = "b")] a: Option<u8>), "no field `b`");
    field(parse_quote!(/** A */ #[field(cooldown_secs = 3)] a: Option<u8>), "`unique = \"domain\"`");
    field(parse_quote!(/** A */ #[field(name(max = 3))] a: String), "is an `Option`");
    field(parse_quote!(/** A */ #[field(name(lower))] a: Option<String>), "`name(max = 63)`");
    field(parse_quote!(/** A */ #[field(name(max = 3, lowr))] a: Option<String>), "did you mean `lower`?");
    field(parse_quote!(/** A */ #[field(outage = "reboot")] a: Option<u8>), "`\"restart\"` or `\"data-loss\"`");
    field(parse_quote!(/** A */ #[field(unique)] a: Option<u8>), "expected `=`");
    field(parse_quote!(/** A */ depends_on: Option<u8>), "such as `dependencies` or `q_depends_on`");
}

#[test]
fn two_mistakes_give_two_errors() {
    let input = parse_quote! {
        /// A queue.
        #[resource("test:msg:Queue")]
        struct Queue {
            first: Option<u8>,
            second: Option<u8>,
        }
    };
    assert_eq!(errors(crate::resource::derive(input)).len(), 2);
}

#[test]
fn outputs_and_settings_know_their_keys() {
    one(
        crate::outputs::derive(parse_quote!(
            struct O {
                /** A */
                #[output(secrt)]
                a: u8,
            }
        )),
        "did you mean `secret`?",
    );
    one(
        crate::outputs::derive(parse_quote!(
            struct O {
                /** A */
                id: u8,
            }
        )),
        "an output `id`",
    );
    one(
        crate::outputs::derive(parse_quote!(
            struct O {
                a: u8,
            }
        )),
        "document this output",
    );
    one(
        crate::settings::derive(parse_quote!(
            struct S {
                a: u8,
            }
        )),
        "document this setting",
    );
    one(
        crate::settings::derive(parse_quote!(
            struct S {
                /** A */
                #[setting(defaults = 3)]
                a: u8,
            }
        )),
        "mean `default`?",
    );
}
