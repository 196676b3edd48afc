//! `purlin::testing`, as a program's own tests use it: with types of a cloud that has no driver here.
use std::sync::{Arc, LazyLock};

use expect_test::expect;
use purlin::{
    core::{
        Map, Schema, codes,
        driver::{BoxFuture, Failure, Kind},
        lookup::Lookup,
        provider::{Connection, ProviderKind},
        schema::Facts,
    },
    prelude::*,
    testing,
};

/// A cloud without drivers: to connect to it is a mistake.
static AWS: Aws = Aws;

struct Aws;

impl ProviderKind for Aws {
    fn name(&self) -> &'static str {
        "aws"
    }

    fn types(&self) -> &'static [&'static Schema] {
        static TYPES: LazyLock<[&Schema; 2]> = LazyLock::new(|| [Network::schema(), Subnet::schema()]);
        &*TYPES
    }

    fn connect<'a>(&'a self, _: &'a Map) -> BoxFuture<'a, std::result::Result<Arc<dyn Connection>, Failure>> {
        Box::pin(async { Err(Failure::new(Kind::Invalid, "a test connects to nothing")) })
    }
}

/// A network.
#[derive(Clone, Debug, Resource)]
#[resource("aws:test:Network", outputs = NetworkOutputs)]
struct Network {
    /// Its range.
    #[field(replace)]
    cidr: Cidr,
    /// Names for its hosts.
    dns: bool,
}

/// Outputs of a network.
#[derive(Clone, Debug, Outputs)]
struct NetworkOutputs {
    /// Its name in policies.
    arn: Arn<Network>,
    /// Who owns it.
    owner: String,
}

impl Lifecycle for Network {
    const PROVIDER: &'static dyn ProviderKind = &AWS;

    fn predict(_: &Map, facts: &Facts<'_>) -> Map {
        facts.get("account").map(|account| ("owner".into(), Value::from(account))).into_iter().collect()
    }
}

/// A part of a network.
#[derive(Clone, Debug, Resource)]
#[resource("aws:test:Subnet", outputs = SubnetOutputs)]
struct Subnet {
    /// The network.
    #[field(replace)]
    network: Ref<Network>,
    /// Its range.
    #[field(replace, unique = "subnet-cidr")]
    cidr: Cidr,
    /// Its zone.
    #[field(replace)]
    zone: String,
}

/// Outputs of a subnet.
#[derive(Clone, Debug, Outputs)]
struct SubnetOutputs {
    /// How many addresses are left.
    #[output(volatile)]
    left: i64,
}

impl Lifecycle for Subnet {
    const PROVIDER: &'static dyn ProviderKind = &AWS;
}

/// The zones of the region.
struct Zones;

impl Lookup for Zones {
    type Answer = Vec<String>;
    const NAME: &'static str = "aws:test:Zones";
    const PROVIDER: &'static dyn ProviderKind = &AWS;

    fn query(&self) -> Map {
        Map::new()
    }
}

/// Settings of [`platform`].
#[derive(Settings)]
struct Platform {
    /// Range of the network.
    cidr: Cidr,
    /// How many zones to use.
    #[setting(default = 2)]
    zones: usize,
}

struct Net {
    cidr: Cidr,
    zones: Vec<String>,
}

impl Component for Net {
    type Handle = Result<Handle<Network>>;

    fn build(self, stack: &mut Stack) -> Result<Handle<Network>> {
        let network = stack.add("main", Network::new(self.cidr).dns(true));
        for (zone, block) in self.zones.iter().zip(self.cidr.split(20)?) {
            stack.add(format!("private-{zone}"), Subnet::new(&network, block, zone.as_str()));
        }
        Ok(network)
    }
}

fn platform(stack: &mut Stack, settings: &Platform) -> Result<()> {
    let zones = stack.lookup(Zones)?.into_iter().take(settings.zones).collect();
    let network = stack.add("net", Net { cidr: settings.cidr, zones })?;
    let secret = stack.add("secret", Password::new());
    stack.add("note", Data::new(object! { "network" => &network, "secret" => &secret.value }).protect(true));
    stack.export("owner", &network.owner);
    stack.export("network", &network.arn);
    Ok(())
}

fn test() -> testing::Test {
    testing::plan(platform).set("cidr", "10.0.0.0/16").answer(Zones, vec!["a".into(), "b".into(), "c".into()])
}

#[test]
fn resources_have_fields_and_edges() {
    let plan = test().run().expect("the program is sound");
    let subnet = plan.resource("net/private-b");
    assert_eq!(subnet.ty(), "aws:test:Subnet");
    assert_eq!(subnet.get::<String>("zone"), "b");
    assert_eq!(subnet.get::<Cidr>("cidr").to_string(), "10.0.16.0/20");
    assert_eq!(subnet.field("network").display(), "${net/main.id}");
    assert_eq!(subnet.needs(), ["net/main"]);
    assert_eq!(plan.resource("note").needs_for("value"), ["net/main", "secret"]);
    assert_eq!(plan.resource("net/main").needed_by(), ["net/private-a", "net/private-b", "note"]);
    assert_eq!(plan.of_type("aws:test:Subnet").count(), 2);
    assert!(plan.resource("note").options().is_some_and(|options| options.protect));
    assert!(plan.find("net/private-c").is_none());
}

#[test]
fn exports_are_known_where_the_plan_knows_them() {
    let plan = test().facts("aws", [("account", "999999999999")]).run().expect("the program is sound");
    assert_eq!(plan.export("owner"), Value::from("999999999999"));
    assert_eq!(plan.export("network").display(), "${net/main.arn}");
}

#[test]
fn the_tree_is_a_snapshot() {
    expect![[r#"
        Plan: stack test

          + create   secret  purlin:builtin:Password
          + create   note    purlin:builtin:Data
              value.network  ${net/main.id} (known after apply)
              value.secret   (secret, known after apply)

        net/
            + create   main       aws:test:Network
                cidr  "10.0.0.0/16"
                dns   true
            + create   2 × aws:test:Subnet: private-a, private-b
                network  ${net/main.id} (known after apply)
                cidr     "10.0.0.0/20", "10.0.16.0/20"  (in this order)
                zone     "a", "b"  (in this order)

        outputs
          + owner    "123456789012"
          + network  ${net/main.arn} (known after apply)

        Plan: 5 to create, 0 unchanged. Takes a moment.
    "#]]
    .assert_eq(&test().run().expect("the program is sound").tree());
}

#[test]
fn a_second_plan_starts_from_the_first() {
    let state = test().run().and_then(testing::TestPlan::applied).expect("the program is sound");
    assert_eq!(state.objects.len(), 5);
    let same = test().state(state.clone()).run().expect("the program is sound");
    assert!(same.is_empty(), "{}", same.tree());
    assert_eq!(same.resource("net/private-a").get::<String>("zone"), "a");
    let wider = test().set("zones", "3").state(state.clone()).run().expect("the program is sound");
    assert_eq!(wider.plan().summary().create, 1);
    let moved = test().set("cidr", "10.1.0.0/16").state(state).run().expect("the program is sound");
    assert!(moved.resource("net/main").is_replaced());
    assert!(moved.resource("net/private-a").is_replaced());
    expect![[r#"
        Plan: stack test

        Look at these first: replacements, outages, lost data
          ± replace  net/main  aws:test:Network
              the new one is made first, then the old one is deleted
              because `cidr` can only be set when it is made
              cidr  "10.0.0.0/16" → "10.1.0.0/16"  replaces it
          ± replace  net/private-a  aws:test:Subnet
              the new one is made first, then the old one is deleted
              because `network` can only be set when it is made
              because `cidr` can only be set when it is made
              network  "net-main-id" → ${net/main.id} (known after apply)  replaces it
              cidr     "10.0.0.0/20" → "10.1.0.0/20"  replaces it
          ± replace  net/private-b  aws:test:Subnet
              the new one is made first, then the old one is deleted
              because `network` can only be set when it is made
              because `cidr` can only be set when it is made
              network  "net-main-id" → ${net/main.id} (known after apply)  replaces it
              cidr     "10.0.16.0/20" → "10.1.16.0/20"  replaces it

          ~ update   note  purlin:builtin:Data
              value  (secret) → {network: ${net/main.id}, secret: (secret)}

        net/
            ± replace  main       aws:test:Network  (see above)
            ± replace  private-a  aws:test:Subnet  (see above)
            ± replace  private-b  aws:test:Subnet  (see above)

        outputs
          ~ network  "arn:aws:test:eu-west-1:123456789012:net-main" → ${net/main.arn} (known after apply)

        Plan: 1 to update, 3 to replace, 1 unchanged. Takes a moment.
    "#]]
    .assert_eq(&moved.tree());
}

#[test]
fn a_settings_file_is_read_as_it_would_be() {
    let plan = testing::plan(platform)
        .stack("dev")
        .settings("cidr = \"10.9.0.0/16\"\nzones = 1\n")
        .answer(Zones, vec!["x".into()])
        .run()
        .expect("the program is sound");
    assert_eq!(plan.plan().stack, "dev");
    assert_eq!(plan.resource("net/private-x").get::<String>("cidr"), "10.9.0.0/20");
    let error = testing::plan(platform).run().err().expect("a setting is missing");
    assert_eq!(error.diagnostics()[0].code, codes::SETTING_MISSING);
}

#[test]
fn a_lookup_without_an_answer_is_told() {
    let error = testing::plan(platform).set("cidr", "10.0.0.0/16").run().err().expect("there is no answer");
    expect![[r#"
        error[P0105]: the test gives no answer to aws:test:Zones {}
          help: give one: `testing::plan(..).answer(lookup, answer)`"#]]
    .assert_eq(&error.to_string());
}

#[test]
#[should_panic(expected = "the program has no resource `net/man`; it has: net/main, net/private-a")]
fn a_path_that_is_not_there_names_those_that_are() {
    test().run().expect("the program is sound").resource("net/man");
}
