//! The programs of the tests.
use purlin_cli::App;
use purlin_core::{
    Configure as _, Secret, Settings, Value,
    builtin::{Data, Password, RandomId},
    fmt, object,
};

use crate::cloud::{self, CLOUD, Disk};

/// Settings of [`site`].
#[derive(Settings)]
pub(crate) struct Site {
    /// Where it is.
    pub(crate) region: String,
    /// How many pages it has.
    #[setting(default = 2)]
    pub(crate) pages: usize,
    /// What it says on top.
    #[setting(default = "Welcome")]
    pub(crate) title: String,
    /// Who may write.
    pub(crate) key: Option<Secret<String>>,
}

/// A program with settings, a component's worth of names, a secret, a protected resource and edges.
pub(crate) fn site() -> App {
    App::new("site", |stack, settings: &Site| {
        let id = stack.add("id", RandomId::new().prefix(fmt!("{}-", settings.region)));
        let password = stack.add("password", Password::new().length(12));
        for n in 0..settings.pages {
            stack.add(format!("page-{n}"), Data::new(settings.title.as_str()).triggers(id.value.untyped()));
        }
        let config =
            object! { "title" => settings.title.as_str(), "pages" => settings.pages as i64, "id" => &id.value };
        stack.add("config", Data::new(config).protect(true));
        stack.add("login", Data::new(fmt!("admin:{}", password.value).untyped()));
        stack.export("name", &id.value);
        stack.export("password", &password.value);
        Ok(())
    })
}

/// A program without settings: one value.
pub(crate) fn note(text: &'static str) -> App {
    App::new("note", move |stack, (): &()| {
        stack.add("note", Data::new(text));
        stack.export("text", text);
        Ok(())
    })
}

/// A program that panics with what it was given.
pub(crate) fn panics() -> App {
    App::new("site", |_, settings: &Site| {
        let key = settings.key.as_ref().map_or("", |key| key.reveal());
        panic!("no lock takes the key {key}");
    })
}

/// Disks of these names in the test cloud, each after the one before.
pub(crate) fn disks(names: &'static [&'static str], account: &'static str, trouble: &'static str) -> App {
    App::new("disks", move |stack, (): &()| {
        stack.use_provider(cloud::provider(account, trouble));
        let mut before: Option<purlin_core::Handle<Disk>> = None;
        for name in names {
            let mut disk = Disk::new(*name, 10_i64).owner("ana");
            if let Some(before) = &before {
                disk = disk.depends_on(before);
            }
            let disk = stack.add(*name, disk);
            stack.add(format!("{name}-device"), Data::new(disk.device.untyped()));
            before = Some(disk);
        }
        Ok(())
    })
    .provider(&CLOUD)
}

/// A program whose one value is this.
pub(crate) fn value(value: Value) -> App {
    App::new("note", move |stack, (): &()| {
        stack.add("note", Data::new(value.clone()));
        Ok(())
    })
}
