//! Secrets: generated once, never shown, sealed in the state.
//!
//! `PURLIN_PASSPHRASE=correct-horse cargo run -p purlin-examples --example 06-secrets -- apply --yes`
//!
//! `Password` is drawn once and kept. Its value is a `Secret`: it has no `Debug` and no `Display`, and every text that it enters is
//! secret too, such as the URL below. Plans and events show `(secret)`; the state holds it sealed with a key that the passphrase
//! opens; a plan file does not hold it at all. Changing `rotate` draws a new one. `outputs --reveal database-url` is the only way
//! to see it.
use purlin::prelude::*;

fn main() -> ExitCode {
    purlin::main("secrets", secrets)
}

/// A password, and a URL that holds it.
pub fn secrets(stack: &mut Stack) -> Result<()> {
    let password = stack.add("password", Password::new().length(24).special(false).rotate("2026-11"));
    let url = fmt!("postgres://mlflow:{}@db.internal/mlflow", password.value);
    stack.add("config", Data::new(url.map(Value::from)));

    stack.export("database-url", url);
    Ok(())
}
