//! [`Fake`]: stands in for a provider. It knows who it is, and makes and reads whatever it is asked for, in memory
//! only.
use std::sync::Arc;

use purlin_core::{
    Map, Schema, SmolStr, Value,
    driver::{BoxFuture, Call, Created, Driver, Failure, Found, Kind, Live, Progress, Recorded},
    provider::{Connection, Identity},
    schema::{Facts, OutputSpec},
};

/// A provider that is not there.
pub(super) struct Fake {
    kind: &'static str,
    facts: Map,
}

impl Fake {
    /// A provider of a kind with these facts; those of a test account where AWS is meant and none are given.
    pub(super) fn new(kind: &'static str, given: Option<&Map>) -> Self {
        let mut facts: Map = match kind {
            "aws" => [("account", "123456789012"), ("partition", "aws"), ("region", "eu-west-1")]
                .map(|(name, value)| (SmolStr::new_static(name), Value::from(value)))
                .into(),
            _ => Map::new(),
        };
        facts.extend(given.into_iter().flatten().map(|(k, v)| (k.clone(), v.clone())));
        Self { kind, facts }
    }

    fn id(&self) -> SmolStr {
        let place = ["account", "region"].iter().filter_map(|name| self.facts.get(*name)?.as_str());
        let parts: Vec<&str> = std::iter::once(self.kind).chain(place).collect();
        parts.join(":").into()
    }
}

impl Connection for Fake {
    fn identity(&self) -> BoxFuture<'_, Result<Identity, Failure>> {
        Box::pin(async { Ok(Identity { id: self.id(), facts: self.facts.clone() }) })
    }

    fn driver(&self, schema: &'static Schema) -> Option<Arc<dyn Driver>> {
        Some(Arc::new(Stand { schema, facts: self.facts.clone() }))
    }

    fn lookup<'a>(&'a self, name: &'a str, query: &'a Map) -> BoxFuture<'a, Result<Value, Failure>> {
        let asked = Value::Map(query.clone()).display();
        Box::pin(async move {
            Err(Failure::new(Kind::Invalid, format!("the test gives no answer to {name} {asked}"))
                .help("give one: `testing::plan(..).answer(lookup, answer)`"))
        })
    }
}

/// Stands in for the driver of a type: what was recorded is what is.
struct Stand {
    schema: &'static Schema,
    facts: Map,
}

impl Stand {
    fn outputs(&self, path: &str, fields: &Map) -> Map {
        let predicted = (self.schema.predict)(fields, &Facts { provider: &self.facts });
        let mut outputs: Map =
            self.schema.outputs.iter().map(|spec| (SmolStr::new_static(spec.name), placeholder(spec, path))).collect();
        outputs.extend(predicted);
        outputs
    }

    fn id(&self, call: &Call, wanted: &Map) -> SmolStr {
        let predicted = (self.schema.predict)(wanted, &Facts { provider: &self.facts });
        match predicted.get("id") {
            Some(Value::Str(id)) => id.clone(),
            _ => format!("{}-id", call.address.path.replace('/', "-")).into(),
        }
    }
}

/// A value of an output's type that names where it comes from, where its type lets it.
fn placeholder(spec: &OutputSpec, path: &str) -> Value {
    let name = format!("{path}.{}", spec.name);
    let value = match spec.ty.replace(' ', "").as_str() {
        "bool" => Value::Bool(false),
        "i32" | "i64" | "u8" | "u16" | "u32" | "u64" | "usize" | "Duration" | "Size" => Value::Int(0),
        "f64" => Value::Float(0.0),
        ty if ty.starts_with("Option<") => Value::Null,
        ty if ty.starts_with("Vec<") => Value::List(Vec::new()),
        ty if ty.starts_with("BTreeMap<") || ty == "Tags" => Value::Map(Map::new()),
        ty if ty.starts_with("Arn<") || ty == "Arn" => {
            format!("arn:aws:test:eu-west-1:123456789012:{}", path.replace('/', "-")).into()
        }
        _ => name.into(),
    };
    if spec.secret { value.into_secret() } else { value }
}

impl Driver for Stand {
    fn create<'a>(&'a self, call: &'a Call, wanted: &'a Map) -> BoxFuture<'a, Result<Created, Failure>> {
        Box::pin(async move {
            let outputs = self.outputs(&call.address.path, wanted);
            Ok(Created { id: self.id(call, wanted), live: Some(Live { fields: wanted.clone(), outputs }) })
        })
    }

    fn read<'a>(&'a self, objects: &'a [Recorded]) -> BoxFuture<'a, Result<Vec<Option<Live>>, Failure>> {
        let live = |o: &Recorded| Some(Live { fields: o.fields.clone(), outputs: o.outputs.clone() });
        Box::pin(async move { Ok(objects.iter().map(live).collect()) })
    }

    fn sync<'a>(&'a self, _: &'a Call, _: &'a str, _: &'a Live, _: &'a Map) -> BoxFuture<'a, Result<(), Failure>> {
        Box::pin(async { Ok(()) })
    }

    fn ready<'a>(&'a self, _: &'a Call, _: &'a Recorded) -> BoxFuture<'a, Result<Progress, Failure>> {
        Box::pin(async { Ok(Progress::Done) })
    }

    fn delete<'a>(&'a self, _: &'a Call, _: &'a Recorded) -> BoxFuture<'a, Result<Progress, Failure>> {
        Box::pin(async { Ok(Progress::Done) })
    }

    fn find<'a>(&'a self, _: &'a Call, _: &'a Map) -> BoxFuture<'a, Result<Found, Failure>> {
        Box::pin(async { Ok(Found::Absent) })
    }
}
