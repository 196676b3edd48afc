//! Where the words that a derive writes are found: in `purlin-core`, or in `purlin`, whichever the calling crate
//! depends on.
use proc_macro_crate::{FoundCrate, crate_name};
use proc_macro2::{Ident, Span, TokenStream};
use quote::quote;

/// The path of `purlin_core`, as the calling crate sees it.
///
/// A crate that depends on both is given the core: it may have the other only for its tests.
pub(crate) fn core() -> TokenStream {
    match crate_name("purlin-core") {
        // Inside the core's own tests and documentation the crate has its usual name too.
        Ok(FoundCrate::Itself) => quote!(::purlin_core),
        Ok(FoundCrate::Name(name)) => absolute(&name),
        Err(_) => match crate_name("purlin") {
            Ok(FoundCrate::Itself) => quote!(::purlin::core),
            Ok(FoundCrate::Name(name)) => {
                let purlin = absolute(&name);
                quote!(#purlin::core)
            }
            // Built without Cargo, or with neither: the compiler's own message names the crate that is missing.
            Err(_) => quote!(::purlin_core),
        },
    }
}

fn absolute(name: &str) -> TokenStream {
    let name = Ident::new(name, Span::call_site());
    quote!(::#name)
}
