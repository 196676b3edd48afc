//! What the derives write of the types in [`super::types`].
use expect_test::expect;
use purlin_core::{
    Configure, Map, Object, Outputs as _, Plain, Ref, Resource, Secret, Settings, Value,
    schema::{Facts, FieldSpec, Outage},
    settings::Settings as _,
};

use super::types::{Queue, QueueOutputs, Sender};

fn queue() -> Queue {
    Queue {
        name: None,
        region: "here".into(),
        fifo: false,
        retention_days: 4,
        encrypted: false,
        max_kib: None,
        dead_letters: Some(Ref::from_id("q-2")),
        senders: vec![Sender { account: "42".into(), rate: None }],
        password: Some(Secret::new("hunter2".to_owned())),
        labels: [("team".to_owned(), "ml".to_owned())].into(),
        r#type: Some("standard".into()),
    }
}

fn field(name: &str) -> &'static FieldSpec {
    Queue::schema().field(name).expect("a field of the struct")
}

#[test]
fn fields_become_values_and_those_that_are_none_are_left_out() {
    expect![[r#"{dead_letters: "q-2", encrypted: false, fifo: false, labels: {team: "ml"}, password: (secret), region: "here", retention_days: 4, senders: [{account: "42"}], type: "standard"}"#]]
        .assert_eq(&Value::Map(queue().encode()).display());
}

#[test]
fn values_become_fields_again() {
    let encoded = queue().encode();
    let decoded = Queue::decode(&encoded).expect("its own values");
    assert_eq!(decoded.encode(), encoded);
    assert_eq!(decoded.senders, queue().senders);
    assert_eq!(decoded.password.as_ref().map(|p| p.reveal().as_str()), Some("hunter2"));
}

#[test]
fn what_is_absent_is_what_its_field_says() {
    let least = Queue::decode(&[("region".into(), Value::from("here"))].into()).expect("the rest may be absent");
    assert_eq!((least.retention_days, least.encrypted, least.fifo, least.max_kib), (4, true, false, None));
    // And that is also what the schema says to those who compare.
    for spec in Queue::schema().fields.iter().filter(|f| !f.required) {
        let read = least.encode().get(spec.name).cloned().unwrap_or_default();
        assert_eq!((spec.absent)(), read, "{}", spec.name);
    }
    assert_eq!((field("encrypted").absent)(), Value::Bool(true));
    assert_eq!((field("senders").absent)(), Value::List(vec![]));
    assert_eq!((field("labels").absent)(), Value::Map(Map::new()));
    assert!((field("region").absent)().is_null());
}

#[test]
fn a_mismatch_names_the_path() {
    let senders = Value::List(vec![Value::Map([("account".into(), Value::Int(42))].into())]);
    let wrong: Map = [("region".into(), "here".into()), ("senders".into(), senders)].into();
    let error = Queue::decode(&wrong).err().expect("an account is text").to_string();
    expect!["`senders[0].account`: expected text, found 42"].assert_eq(&error);
    let missing = Queue::decode(&Map::new()).err().expect("a region is needed").to_string();
    expect!["`region`: expected text, found none"].assert_eq(&missing);
}

#[test]
fn the_schema_says_what_struct_and_lifecycle_say() {
    let schema = Queue::schema();
    assert_eq!((schema.name, schema.version), ("test:msg:Queue", 2));
    assert_eq!(schema.doc, "A queue of messages.\n\nMessages are kept until they are taken.");
    assert_eq!((schema.provider.name(), schema.stateful, schema.children), ("purlin", true, &["log group"][..]));
    let fields: Map = [("name".into(), Value::from("jobs"))].into();
    let predicted = (schema.predict)(&fields, &Facts { provider: &Map::new() });
    assert_eq!(predicted["url"], Value::from("https://msg/jobs"));
    expect![[r#"
        FieldSpec {
            name: "name",
            doc: "Name, at most 40 characters.",
            ty: "Option<String>",
            required: false,
            replace: true,
            unique: Some(
                Unique {
                    domain: "queue",
                    within: Some(
                        "region",
                    ),
                    cooldown: 60s,
                },
            ),
            name_rule: Some(
                NameRule {
                    max: 40,
                    lower: true,
                    prefix: "q-",
                },
            ),
            computed: false,
            write_only: false,
            secret: false,
            refers_to: None,
            exists: false,
            detach: false,
            default_tags: false,
            outage: None,
        }
    "#]]
    .assert_eq(&without_addresses(field("name")));
}

/// The `Debug` form without its last field, whose function pointer is another in every build.
fn without_addresses(spec: &FieldSpec) -> String {
    let text = format!("{spec:#?}\n");
    text.lines().filter(|l| !l.starts_with("    absent:")).map(|l| format!("{l}\n")).collect()
}

#[test]
fn references_secrets_and_raw_names_are_seen() {
    assert_eq!(field("dead_letters").refers_to.map(|f| f()), Some("test:msg:Queue"));
    assert!(field("dead_letters").detach && field("dead_letters").exists);
    assert!(field("password").secret && field("password").write_only);
    assert_eq!(field("fifo").outage, Outage::DataLoss);
    assert!(field("region").required && field("max_kib").computed && field("labels").default_tags);
    assert_eq!(Queue::TYPE.name(), "type");
    assert_eq!(Queue::DEAD_LETTERS.name(), "dead_letters");
}

#[test]
fn outputs_are_data_too() {
    let specs: Vec<_> = QueueOutputs::specs().iter().map(|o| (o.name, o.ty, o.secret, o.volatile)).collect();
    assert_eq!(
        specs,
        [
            ("url", "String", false, false),
            ("waiting", "Option<u32>", false, true),
            ("key", "Secret<String>", true, false)
        ]
    );
    let outputs = QueueOutputs { url: "https://msg/q".into(), waiting: None, key: Secret::new("k".into()) };
    expect![[r#"{key: (secret), url: "https://msg/q", waiting: none}"#]]
        .assert_eq(&Value::Map(outputs.encode()).display());
}

#[test]
fn arguments_can_be_kept_and_used_twice() {
    let template = Queue::new("here").fifo(true).protect(true);
    let mut one = template.clone();
    assert!(one.options_mut().protect);
    let mut other = template.protect(false);
    assert!(!other.options_mut().protect && one.options_mut().protect);
}

/// What differs from one environment to the next.
#[derive(Debug, PartialEq, Settings)]
struct Platform {
    /// Region of everything.
    region: String,
    /// How many zones to use.
    #[setting(default = 3)]
    zones: usize,
    /// Domain of the endpoints.
    #[setting(default = "example.org")]
    domain: String,
    /// Spend more for more safety.
    safe: bool,
    /// Who is called at night.
    on_call: Option<String>,
    /// The largest queue.
    queue: Option<Limits>,
}

/// Limits of a queue.
#[derive(Debug, PartialEq, Object)]
struct Limits {
    /// Messages.
    messages: u32,
}

#[test]
fn settings_say_what_they_need() {
    let specs = Platform::specs();
    let required: Vec<_> = specs.iter().filter(|s| s.required).map(|s| s.name).collect();
    assert_eq!(required, ["region"]);
    let defaults: Vec<_> = specs.iter().filter_map(|s| Some((s.name, s.default?()))).collect();
    assert_eq!(defaults, [("zones", Value::Int(3)), ("domain", Value::from("example.org"))]);
    assert_eq!((specs[0].doc, specs[5].ty), ("Region of everything.", "Option<Limits>"));
}

#[test]
fn settings_read_from_one_map() {
    let map: Map =
        [("region".into(), "here".into()), ("queue".into(), Value::Map([("messages".into(), Value::Int(9))].into()))]
            .into();
    let expected = Platform {
        region: "here".into(),
        zones: 3,
        domain: "example.org".into(),
        safe: false,
        on_call: None,
        queue: Some(Limits { messages: 9 }),
    };
    assert_eq!(Platform::from_map(&map), Ok(expected));
    let error = Platform::from_map(&Map::new()).expect_err("the region is needed");
    expect!["`region`: expected text, found none"].assert_eq(&error.to_string());
}

#[test]
fn an_object_has_one_form() {
    let sender = Sender { account: "42".into(), rate: Some(3) };
    assert_eq!(Sender::decode(&sender.encode()), Ok(sender.clone()));
    // Read through when the whole is a secret.
    assert_eq!(Sender::decode(&sender.encode().into_secret()), Ok(sender));
}
