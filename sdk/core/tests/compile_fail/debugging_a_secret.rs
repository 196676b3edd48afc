//! A secret in `{:?}`.
use purlin_core::Secret;

fn program(password: &Secret<String>) -> String {
    format!("{password:?}")
}

fn main() {}
