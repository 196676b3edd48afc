//! Programs: what they add, and what they are told when something is wrong.
use std::collections::BTreeMap;

use expect_test::expect;
use purlin_core::{
    Component, Configure, Error, Graph, Handle, Lifecycle as _, Map, NodeId, Output, Result, Secret, Stack, Value,
    builtin::{BUILTIN, Data, Password},
    expr::Attributes,
    fmt, list,
    lookup::{Answers, Lookup, Question},
    object,
    provider::ProviderKind,
    stack::{self, Built},
    token,
};

use super::types::{Queue, Sender, Topic};

fn build(program: impl FnOnce(&mut Stack) -> Result<()>) -> Result<Graph> {
    match stack::build("test", &Answers::new(), program)? {
        Built::Graph(graph) => Ok(graph),
        Built::Pending { .. } => panic!("no lookup is asked here"),
    }
}

/// The graph as text: a line a resource.
fn shown(graph: &Graph) -> String {
    graph
        .nodes
        .iter()
        .map(|node| {
            let fields: Vec<String> = node.fields().map(|(f, e)| format!("{}={e:?}", f.name)).collect();
            format!("{} {}\n", node.address, fields.join(" "))
        })
        .collect()
}

/// Outputs that are known: `url` is the node's number.
struct Known;

impl Attributes for Known {
    fn attribute(&self, node: NodeId, name: &str) -> Value {
        match name {
            "key" => Value::from("k").into_secret(),
            _ => format!("{name}-{}", node.index()).into(),
        }
    }
}

#[test]
fn resources_take_values_outputs_and_handles() {
    let graph = build(|stack| {
        let dead = stack.add("dead", Queue::new("here"));
        let jobs = stack.add(
            "jobs",
            Queue::new("here")
                .name(fmt!("jobs-of-{}", dead.url))
                .fifo(true)
                .dead_letters(&dead)
                .senders([Sender { account: "42".into(), rate: None }])
                .password("hunter2"),
        );
        stack.add("note", Topic::new().note(jobs.url.map(|url| url.to_uppercase())));
        Ok(())
    })
    .expect("nothing is wrong");
    let text = shown(&graph);
    // The line of the closure moves with this file.
    let text = text.split("map at").next().unwrap_or_default();
    expect![[r#"
        dead (test:msg:Queue) region="here" retention_days=4 encrypted=true max_kib=256
        jobs (test:msg:Queue) name=[Text("jobs-of-"), Expr(${#0.url})] region="here" fifo=true retention_days=4 encrypted=true max_kib=256 dead_letters=${#0.id} senders=[{account: "42"}] password=(secret)
        note (test:msg:Topic) note="#]]
    .assert_eq(text);
}

#[test]
fn a_secret_taints_the_text_that_it_enters() {
    let graph = build(|stack| {
        let password = stack.add("password", Password::new().length(20));
        stack.add("url", Data::new(fmt!("postgres://admin:{}@db", password.value).untyped()));
        Ok(())
    })
    .expect("nothing is wrong");
    let value = graph.nodes[1].input("value").expect("it is required").eval(&SecretValue).expect("text");
    assert_eq!(value, Value::from("postgres://admin:s3cret@db").into_secret());

    struct SecretValue;
    impl Attributes for SecretValue {
        fn attribute(&self, _: NodeId, _: &str) -> Value {
            Value::from("s3cret").into_secret()
        }
    }
}

#[test]
fn objects_and_lists_hold_outputs() {
    let graph = build(|stack| {
        let jobs = stack.add("jobs", Queue::new("here"));
        stack.add("data", Data::new(object! { "queues" => list![jobs.url, jobs.id(), &jobs], "count" => 1 }));
        stack.export("queue", object! { "key" => jobs.key });
        Ok(())
    })
    .expect("nothing is wrong");
    let value = graph.nodes[1].input("value").expect("it is required").eval(&Known).expect("known");
    expect![[r#"{count: 1, queues: ["url-0", "id-0", "id-0"]}"#]].assert_eq(&value.display());
    assert!(graph.exports[0].expr.eval(&Known).expect("known").has_secret());
}

#[test]
fn two_of_one_name_are_refused_with_both_lines() {
    let first = line!() + 2;
    let error = build(|stack| {
        stack.add("jobs", Queue::new("here"));
        stack.add("jobs", Topic::new());
        Ok(())
    })
    .expect_err("one name twice");
    let [told] = error.diagnostics() else { panic!("one mistake, one error: {error}") };
    assert_eq!(told.code.as_str(), "P0101");
    let second = told.location.as_ref().expect("its own line");
    assert_eq!((second.file.as_str(), second.line), (file!(), first + 1));
    assert_eq!(told.notes, [format!("first added at {}:{first}", file!())]);
}

#[test]
fn a_component_scopes_the_names_below_it() {
    struct Pair;
    impl Component for Pair {
        type Handle = (Handle<Queue>, Handle<Topic>);
        fn build(self, stack: &mut Stack) -> Self::Handle {
            (stack.add("queue", Queue::new("here")), stack.add("topic", Topic::new()))
        }
    }
    let graph = build(|stack| {
        let (queue, _) = stack.add("left", Pair);
        stack.add("right", Pair);
        stack.add("last", Topic::new().depends_on(&queue).ignore_changes([Topic::NOTE]));
        Ok(())
    })
    .expect("nothing is wrong");
    let paths: Vec<_> = graph.nodes.iter().map(|n| n.address.path.as_str()).collect();
    assert_eq!(paths, ["left/queue", "left/topic", "right/queue", "right/topic", "last"]);
    let options = graph.nodes[4].options.as_deref().expect("they were set");
    assert_eq!(
        (options.depends_on.as_slice(), options.ignore_changes.as_slice()),
        (&[NodeId::from_index(0)][..], &["note"][..])
    );
}

#[test]
fn a_token_comes_back_as_its_output() {
    let graph = build(|stack| {
        let jobs = stack.add("jobs", Queue::new("here"));
        // As a foreign type would hold it: a map of plain strings.
        let foreign = BTreeMap::from([("env".to_owned(), format!("URL={}", jobs.url.token()))]);
        let value = purlin_core::Plain::encode(&foreign);
        stack.add("pod", Data::new(Output::from_expr(token::expression(&value).expect("an honest token"))));
        Ok(())
    })
    .expect("nothing is wrong");
    let value = graph.nodes[1].input("value").expect("it is required").eval(&Known).expect("known");
    expect![[r#"{env: "URL=url-0"}"#]].assert_eq(&value.display());
}

#[test]
fn a_token_that_is_lost_is_an_error_at_its_line() {
    let line = line!() + 3;
    let error = build(|stack| {
        let jobs = stack.add("jobs", Queue::new("here"));
        stack.add("hash", Data::new(jobs.url.token().len() as i64));
        Ok(())
    })
    .expect_err("the token is in no field");
    let told = &error.diagnostics()[0];
    assert_eq!((told.code.as_str(), told.location.as_ref().map(|l| l.line)), ("P0103", Some(line)));
}

struct Zones;

impl Lookup for Zones {
    type Answer = Vec<String>;
    const NAME: &'static str = "test:msg:Zones";
    const PROVIDER: &'static dyn ProviderKind = &BUILTIN;
    fn query(&self) -> Map {
        [("state".into(), "up".into())].into()
    }
}

fn zoned(stack: &mut Stack) -> Result<()> {
    for zone in stack.lookup(Zones)? {
        stack.add(zone.clone(), Queue::new(zone));
    }
    Ok(())
}

#[test]
fn a_lookup_leaves_the_program_until_it_has_an_answer() {
    let Ok(Built::Pending { pending, .. }) = stack::build("test", &Answers::new(), zoned) else {
        panic!("there is no answer yet")
    };
    let question = &pending[0].question;
    expect![[r#"{"state":"up"}"#]].assert_eq(&question.query);
    let answers = Answers::from([(question.clone(), Value::List(vec!["a".into(), "b".into()]))]);
    let Ok(Built::Graph(graph)) = stack::build("test", &answers, zoned) else { panic!("it has its answer") };
    assert_eq!(graph.nodes.len(), 2);
    assert!(graph.find("b").is_some());
}

#[test]
fn an_answer_of_another_shape_is_refused_by_name() {
    let question =
        Question { provider: "default".into(), lookup: "test:msg:Zones".into(), query: r#"{"state":"up"}"#.into() };
    let error = stack::build("test", &Answers::from([(question, Value::Int(1))]), zoned).err().expect("not a list");
    let Error::One(told) = error else { panic!("one thing is wrong: {error}") };
    assert_eq!(told.code.as_str(), "P0105");
    assert!(told.message.contains("expected a list, found 1"), "{told}");
}

#[test]
fn an_existing_object_has_the_same_handle() {
    let graph = build(|stack| {
        let shared: Handle<Queue> = stack.existing("shared", "q-7");
        stack.add("jobs", Queue::new("here").dead_letters(&shared));
        Ok(())
    })
    .expect("nothing is wrong");
    assert_eq!(graph.nodes[0].existing.as_deref(), Some("q-7"));
    assert_eq!(graph.nodes[1].provider, graph.nodes[0].provider);
    assert_eq!(graph.providers[0].kind.name(), Queue::PROVIDER.name());
}

#[test]
fn a_plain_text_becomes_a_secret_where_one_is_needed() {
    let graph = build(|stack| {
        let jobs = stack.add("jobs", Queue::new("here"));
        stack.add("a", Queue::new("here").password(Secret::new("hunter2".to_owned())));
        stack.add("b", Queue::new("here").password(&jobs.url));
        Ok(())
    })
    .expect("nothing is wrong");
    for node in &graph.nodes[1..] {
        assert!(node.input("password").expect("it was set").eval(&Known).expect("known").has_secret());
    }
}
