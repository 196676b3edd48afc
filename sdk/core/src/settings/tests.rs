//! Tests of settings: every diagnostic as a person sees it.
use std::{collections::BTreeMap, time::Duration};

use expect_test::{Expect, expect};
use proptest::prelude::*;

use super::*;
use crate::{
    Secret,
    plain::{Plain, decode_entry},
    types::{Cidr, Size},
};

#[derive(Debug, PartialEq)]
struct Platform {
    cidr: Cidr,
    zones: usize,
    wait: Duration,
    disk: Option<Size>,
    release: String,
    labels: BTreeMap<String, String>,
    ports: Vec<u16>,
}

fn entry_or<T: Plain>(map: &Map, name: &str, default: T) -> Result<T, Mismatch> {
    if map.contains_key(name) { decode_entry(map, name) } else { Ok(default) }
}

// By hand, as these are the tests of what the derive's output meets.
impl Settings for Platform {
    fn specs() -> &'static [SettingSpec] {
        const fn spec(name: &'static str, ty: &'static str, doc: &'static str) -> SettingSpec {
            SettingSpec { name, doc, ty, required: false, default: None }
        }
        static SPECS: &[SettingSpec] = &[
            SettingSpec { required: true, ..spec("cidr", "Cidr", "Range of the network.") },
            SettingSpec { default: Some(|| Value::Int(3)), ..spec("zones", "usize", "How many zones to use.") },
            SettingSpec { default: Some(|| Value::from("5m")), ..spec("wait", "Duration", "How long to wait.") },
            spec("disk", "Option<Size>", "Size of the disk."),
            SettingSpec {
                default: Some(|| Value::from("1.30")),
                ..spec("release", "String", "Release of Kubernetes.")
            },
            spec("labels", "BTreeMap<String, String>", "Labels."),
            spec("ports", "Vec<u16>", "Open ports."),
        ];
        SPECS
    }

    fn from_map(map: &Map) -> Result<Self, Mismatch> {
        Ok(Self {
            cidr: decode_entry(map, "cidr")?,
            zones: entry_or(map, "zones", 3)?,
            wait: entry_or(map, "wait", Duration::from_secs(300))?,
            disk: decode_entry(map, "disk")?,
            release: entry_or(map, "release", "1.30".to_owned())?,
            labels: decode_entry(map, "labels")?,
            ports: decode_entry(map, "ports")?,
        })
    }
}

fn sources(file: &str, sets: &[(&str, &str)], env: &[(&str, &str)]) -> Sources {
    let owned = |(k, v): &(&str, &str)| ((*k).to_owned(), (*v).to_owned());
    Sources {
        stack: "dev".to_owned(),
        file: (!file.is_empty()).then(|| ("purlin.dev.toml".to_owned(), file.to_owned())),
        sets: sets.iter().map(owned).collect(),
        env: env.iter().map(owned).collect(),
    }
}

fn resolved(sources: &Sources) -> (Platform, String) {
    let (settings, resolved) = resolve::<Platform>(sources).expect("sound settings");
    let told: Vec<String> =
        resolved.iter().map(|(k, s)| format!("{k} = {} ({})", s.value.display(), s.origin)).collect();
    (settings, told.join("\n"))
}

fn refused(sources: &Sources, expected: &Expect) {
    let error = resolve::<Platform>(sources).expect_err("wrong settings");
    expected.assert_eq(&error.to_string());
}

#[test]
fn each_value_is_kept_with_its_place() {
    let file = "cidr = \"10.0.0.0/16\"\n# a comment\nzones = 2\ndisk = \"20 GiB\"\nports = [80, 0x1bb]\n\n[labels]\nteam = \"ml\"\n";
    let sets = [("wait", "1h30m"), ("labels.env", "dev"), ("ports", "[1, 2]"), ("ports", "[8080]")];
    let env = [("PURLIN_SET_ZONES", "1"), ("PURLIN_SET_WAIT", "2h"), ("PATH", "/bin")];
    let (settings, told) = resolved(&sources(file, &sets, &env));
    expect![[r#"
        cidr = "10.0.0.0/16" (purlin.dev.toml:1)
        disk = "20 GiB" (purlin.dev.toml:4)
        labels = {env: "dev", team: "ml"} (--set)
        ports = [8080] (--set)
        release = "1.30" (default)
        wait = "1h30m" (--set)
        zones = 1 (environment variable PURLIN_SET_ZONES)"#]]
    .assert_eq(&told);
    let labels = BTreeMap::from([("env".to_owned(), "dev".to_owned()), ("team".to_owned(), "ml".to_owned())]);
    let expected = Platform {
        cidr: "10.0.0.0/16".parse().expect("a block"),
        zones: 1,
        wait: Duration::from_secs(5400),
        disk: Some(Size::gib(20)),
        release: "1.30".to_owned(),
        labels,
        ports: vec![8080],
    };
    assert_eq!(settings, expected);
}

#[test]
fn text_that_reads_as_a_number_is_text_where_text_is_needed() {
    let (settings, told) = resolved(&sources("", &[("cidr", "10.0.0.0/16"), ("release", "1.10")], &[]));
    assert_eq!(settings.release, "1.10");
    assert!(told.contains("release = \"1.10\" (--set)"), "{told}");
    let quoted = resolved(&sources("", &[("cidr", "\"10.0.0.0/16\""), ("release", "\"2\"")], &[]));
    assert_eq!(quoted.0.release, "2");
}

#[test]
fn a_setting_that_is_missing_can_be_given_in_three_ways() {
    refused(
        &sources("", &[], &[]),
        &expect![[r#"
            error[P0202]: the setting `cidr` is missing
              note: cidr: Range of the network (Cidr)
              help: write it into purlin.dev.toml: cidr = …
              help: or pass it: --set cidr=…
              help: or set the environment variable PURLIN_SET_CIDR"#]],
    );
}

#[test]
fn an_unknown_setting_names_its_place_and_the_nearest_one() {
    refused(
        &sources(
            "cidr = \"10.0.0.0/16\"\n\nzone = 2\n",
            &[("colour", "red"), ("lables.team", "ml")],
            &[("PURLIN_SET_PORT", "80")],
        ),
        &expect![[r#"
            error[P0201]: the program has no setting `zone`
              --> purlin.dev.toml:3
              help: did you mean `zones`?
            error[P0201]: the program has no setting `port`
              note: given as environment variable PURLIN_SET_PORT
              help: did you mean `ports`?
            error[P0201]: the program has no setting `colour`
              note: given as `--set colour=…`
              help: there are: cidr, zones, wait, disk, release, labels, ports
            error[P0201]: the program has no setting `lables`
              note: given as `--set lables.team=…`
              help: did you mean `labels`?"#]],
    );
    let error = resolve::<()>(&sources("x = 1", &[], &[])).expect_err("a program without settings");
    expect![[r#"
        error[P0201]: the program has no setting `x`
          --> purlin.dev.toml:1
          help: this program has no settings"#]]
    .assert_eq(&error.to_string());
}

#[test]
fn a_wrong_type_names_place_need_and_find_and_hides_no_further_error() {
    let file = "cidr = \"10.0.0.0/16\"\nzones = \"three\"\nports = [\n  80,\n  \"https\",\n]\n[labels]\nteam = \"ml\"\ntier = 1\n";
    refused(
        &sources(file, &[("disk", "20")], &[("PURLIN_SET_WAIT", "5 minutes")]),
        &expect![[r#"
            error[P0203]: `zones`: expected a whole number (usize), found "three"
              --> purlin.dev.toml:2
            error[P0203]: `wait`: expected a duration such as "90s", "5m" or "1h30m" (units: w, d, h, m, s, ms), found "5 minutes"
              note: given as environment variable PURLIN_SET_WAIT
            error[P0203]: `labels.tier`: expected text, found 1
              --> purlin.dev.toml:9
            error[P0203]: `ports[1]`: expected a whole number (u16), found "https"
              --> purlin.dev.toml:5"#]],
    );
}

#[test]
fn a_network_with_bits_behind_its_prefix_is_told_what_it_should_be() {
    refused(
        &sources("cidr = \"10.0.0.1/16\"", &[], &[]),
        &expect![[r#"
            error[P0203]: `cidr`: expected a network, such as "10.0.0.0/16", found "10.0.0.1/16"
              --> purlin.dev.toml:1"#]],
    );
}

#[test]
fn all_kinds_of_errors_are_reported_together() {
    refused(
        &sources("zone = 1\n", &[("zones", "many")], &[]),
        &expect![[r#"
            error[P0201]: the program has no setting `zone`
              --> purlin.dev.toml:1
              help: did you mean `zones`?
            error[P0202]: the setting `cidr` is missing
              note: cidr: Range of the network (Cidr)
              help: write it into purlin.dev.toml: cidr = …
              help: or pass it: --set cidr=…
              help: or set the environment variable PURLIN_SET_CIDR"#]],
    );
}

#[test]
fn text_that_is_not_toml_names_line_and_column() {
    let texts =
        ["cidr = 10.0.0.0/16\n", "zones = 2\nzones = 3\n", "labels = { a = \"é\", }\nwait = \"5m\n", "= 1", "cidr"];
    let told = texts.map(|text| resolve::<Platform>(&sources(text, &[], &[])).expect_err("no TOML").to_string());
    expect![[r#"
        error[P0204]: purlin.dev.toml:1:12: invalid float
          --> purlin.dev.toml:1
          help: see https://toml.io for the syntax; text stands in quotes: key = "value"
        error[P0204]: purlin.dev.toml:2:1: duplicate key
          --> purlin.dev.toml:2
          help: see https://toml.io for the syntax; text stands in quotes: key = "value"
        error[P0204]: purlin.dev.toml:2:11: invalid basic string, expected `"`
          --> purlin.dev.toml:2
          help: see https://toml.io for the syntax; text stands in quotes: key = "value"
        error[P0204]: purlin.dev.toml:1:1: unquoted keys cannot be empty, expected letters, numbers, `-`, `_`
          --> purlin.dev.toml:1
          help: see https://toml.io for the syntax; text stands in quotes: key = "value"
        error[P0204]: purlin.dev.toml:1:5: key with no value, expected `=`
          --> purlin.dev.toml:1
          help: see https://toml.io for the syntax; text stands in quotes: key = "value""#]]
    .assert_eq(&told.join("\n"));
}

#[test]
fn a_number_past_64_bits_is_an_error() {
    refused(
        &sources("cidr = \"10.0.0.0/16\"\nports = [99999999999999999999]", &[], &[]),
        &expect![[r#"
            error[P0203]: `ports[0]`: the number does not fit into 64 bits
              --> purlin.dev.toml:2"#]],
    );
}

struct Guarded {
    token: Secret<String>,
}

impl Settings for Guarded {
    fn specs() -> &'static [SettingSpec] {
        static SPECS: &[SettingSpec] = &[SettingSpec {
            name: "token",
            doc: "Token of the registry.",
            ty: "Secret<String>",
            required: true,
            default: None,
        }];
        SPECS
    }
    fn from_map(map: &Map) -> Result<Self, Mismatch> {
        Ok(Self { token: decode_entry(map, "token")? })
    }
}

#[test]
fn a_secret_is_read_and_never_shown() {
    let read = |text: &str| resolve::<Guarded>(&sources("", &[("token", text)], &[])).expect("a token");
    let (settings, resolved) = read("12345");
    assert_eq!(settings.token.reveal(), "12345");
    assert_eq!(resolved.get("token").map(|s| s.value.clone()), Some(Value::from("12345").into_secret()));
    assert!(!format!("{resolved:?}").contains("12345"));
    assert_eq!(resolved.digest(), read("54321").1.digest(), "a digest tells nothing of a secret");
    for wrong in ["token = [\"hunter2\"]", "token = { hunter2 = 1 }", "token = \"hunter2", "token = hunter2"] {
        let error = resolve::<Guarded>(&sources(wrong, &[], &[])).map(drop).expect_err("no text").to_string();
        assert!(!error.contains("hunter2"), "{error}");
    }
}

/// A registry of images.
#[derive(crate::Object)]
struct Registry {
    /// Host.
    host: String,
    /// Token.
    token: Secret<String>,
    /// How long to wait.
    wait: Option<Duration>,
}

/// Settings with parts, as the derive reads them.
#[derive(crate::Settings)]
struct Nested {
    /// Registries.
    registries: Vec<Registry>,
    /// How many.
    #[setting(default = 2)]
    copies: u32,
}

#[test]
fn a_secret_inside_of_a_setting_is_never_shown() {
    let file = "[[registries]]\nhost = \"a\"\ntoken = \"hunter2\"\nwait = \"5m\"\n";
    let (settings, resolved) = resolve::<Nested>(&sources(file, &[], &[])).expect("sound settings");
    assert_eq!((settings.registries[0].token.reveal().as_str(), settings.copies), ("hunter2", 2));
    let told: Vec<String> =
        resolved.iter().map(|(k, s)| format!("{k} = {} ({})", s.value.display(), s.origin)).collect();
    expect![[r#"
        copies = 2 (default)
        registries = [{host: "a", token: (secret), wait: "5m"}] (purlin.dev.toml:1)"#]]
    .assert_eq(&told.join("\n"));
    let other = resolve::<Nested>(&sources(&file.replace("hunter2", "other"), &[], &[])).expect("sound settings").1;
    assert_eq!(resolved.digest(), other.digest());
}

#[test]
fn an_unknown_key_inside_of_a_setting_names_its_line() {
    let file = "copies = 1\n\n[[registries]]\nhost = \"a\"\ntoken = \"t\"\nwiat = \"5m\"\nhosts = \"b\"\n";
    let error = resolve::<Nested>(&sources(file, &[], &[])).map(drop).expect_err("unknown keys");
    expect![[r#"
        error[P0201]: `registries[0]` has no entry `hosts`
          --> purlin.dev.toml:7
        error[P0201]: `registries[0]` has no entry `wiat`
          --> purlin.dev.toml:6"#]]
    .assert_eq(&error.to_string());
}

#[test]
fn the_digest_is_of_what_the_settings_are() {
    let digest = |file: &str, sets: &[(&str, &str)]| {
        resolve::<Platform>(&sources(file, sets, &[])).expect("sound settings").1.digest()
    };
    let first = digest("cidr = \"10.0.0.0/16\"\nzones = 2", &[]);
    assert_eq!(first.len(), 64);
    assert_eq!(first, digest("zones = 2\n\ncidr = '10.0.0.0/16'", &[]));
    assert_eq!(first, digest("", &[("cidr", "10.0.0.0/16"), ("zones", "2")]));
    assert_ne!(first, digest("cidr = \"10.0.0.0/16\"\nzones = 1", &[]));
}

proptest! {
    #[test]
    fn no_text_panics(file in "[a-z=\\[\\]{}\", \\n.0-9#]{0,60}", key in "[a-z.]{0,8}", text in ".{0,20}") {
        let sources = sources(&file, &[(&key, &text)], &[("PURLIN_SET_", &text), ("PURLIN_SET_CIDR", &text)]);
        if let Err(error) = resolve::<Platform>(&sources) {
            prop_assert!(!error.diagnostics().is_empty());
        }
    }
}
