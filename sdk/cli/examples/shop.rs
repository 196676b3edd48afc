//! A program without a cloud: to try the command line by hand, and for the tests that need a real process.
//!
//! `cargo run -p purlin-cli --example shop -- plan --set region=eu-west-1`
use std::process::ExitCode;

use purlin_cli::{App, Edge};
use purlin_core::{
    Component, Configure as _, Output, Result, Settings, Stack, Value,
    builtin::{Data, Password, RandomId},
    fmt, object,
};

/// What differs from one shop to another.
#[derive(Settings)]
struct Shop {
    /// Where it stands. A change moves every shelf.
    region: String,
    /// How many shelves it has.
    #[setting(default = 3)]
    shelves: usize,
    /// Sell on Sundays, too.
    #[setting(default = false)]
    sundays: bool,
}

fn main() -> ExitCode {
    purlin_cli::run(&App::new("shop", shop), Edge::of_process()).into()
}

fn shop(stack: &mut Stack, settings: &Shop) -> Result<()> {
    let id = stack.add("id", RandomId::new().prefix(format!("shop-{}-", settings.region)));
    let shelves = stack.add("store", Store { count: settings.shelves, region: settings.region.clone() });
    let password = stack.add("password", Password::new().length(24).protect(false));
    let hours = Data::new(object! {
        "days" => if settings.sundays { "Mon-Sun" } else { "Mon-Sat" },
        "notice" => "Dear customers,\nplease mind the step.\nThe shop",
        "shelves" => shelves,
    });
    stack.add("hours", hours);
    stack.add("login", Data::new(fmt!("shop://admin:{}@{}", password.value, id.value).untyped()));
    stack.export("name", &id.value);
    stack.export("password", &password.value);
    Ok(())
}

/// A component: some shelves, and a label for all of them.
struct Store {
    count: usize,
    region: String,
}

impl Component for Store {
    type Handle = Output<Value>;

    fn build(self, stack: &mut Stack) -> Output<Value> {
        let shelf = |n: usize| Data::new(format!("shelf {n}")).triggers(Value::from(self.region.as_str()));
        let shelves: Vec<_> = (0..self.count).map(|n| stack.add(format!("shelf-{n}"), shelf(n))).collect();
        let last = shelves.last().map_or_else(|| Output::known(Value::Null), |shelf| shelf.value.clone());
        stack.add("label", Data::new(object! { "last" => &last, "count" => self.count as i64 }));
        last
    }
}
