//! A secret in `format!`.
use purlin_core::Secret;

fn program(password: &Secret<String>) -> String {
    format!("postgres://admin:{password}@db")
}

fn main() {}
