//! What is gathered from many lines of a program and becomes resources at its end.
use purlin_core::{
    Diagnostic, Graph, Handle, Stack,
    builtin::Data,
    codes,
    lookup::Answers,
    stack::{self, Built, Gathering},
};

/// Names that are gathered about a resource; at the end they become one.
struct Names(Vec<&'static str>);

impl Gathering for Names {
    fn finish(self: Box<Self>, stack: &mut Stack) {
        stack.add("names", Data::new(self.0.join(" ")));
    }
}

/// Another gathering about the same resource, which opens one more when it finishes.
struct Late(Handle<Data>);

impl Gathering for Late {
    fn finish(self: Box<Self>, stack: &mut Stack) {
        stack.gather(self.0.node(), || Names(Vec::new())).0.push("late");
    }
}

fn name(stack: &mut Stack, about: &Handle<Data>, name: &'static str) {
    stack.gather(about.node(), || Names(Vec::new())).0.push(name);
}

fn paths(program: impl FnOnce(&mut Stack)) -> Vec<String> {
    let built = stack::build("test", &Answers::new(), |stack| {
        program(stack);
        Ok(())
    });
    let Ok(Built::Graph(Graph { nodes, .. })) = built else { panic!("the program is right") };
    nodes.iter().map(|n| format!("{} {:?}", n.address.path, n.input("value").expect("a value"))).collect()
}

#[test]
fn it_becomes_resources_beside_what_it_is_about_in_the_order_of_those() {
    let paths = paths(|stack| {
        let (a, b) = (stack.add("a", Data::new("1")), stack.add("b", Data::new("2")));
        name(stack, &b, "x");
        name(stack, &a, "y");
        name(stack, &b, "z");
    });
    assert_eq!(paths[2..], ["a/names \"y\"", "b/names \"x z\""]);
}

#[test]
fn one_that_finishes_may_open_another() {
    let paths = paths(|stack| {
        let a = stack.add("a", Data::new("1"));
        stack.gather(a.node(), || Late(a.clone()));
    });
    assert_eq!(paths[1..], ["a/names \"late\""]);
}

#[test]
fn what_it_reports_is_told() {
    struct Wrong;
    impl Gathering for Wrong {
        fn finish(self: Box<Self>, stack: &mut Stack) {
            stack.report(Diagnostic::new(codes::FIELD_VALUE, "this cannot be"));
        }
    }
    let built = stack::build("test", &Answers::new(), |stack| {
        let a = stack.add("a", Data::new("1"));
        stack.gather(a.node(), || Wrong);
        Ok(())
    });
    let Err(error) = built else { panic!("it is wrong") };
    assert_eq!(error.diagnostics()[0].message, "this cannot be");
}
