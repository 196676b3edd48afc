//! The drivers of the fake cloud's types: what an author of a resource type writes, once for all types of [`super::kinds`].
use std::{collections::BTreeSet, sync::Arc};

use purlin_core::{
    Map, Schema, SmolStr, Value,
    driver::{BoxFuture, Call, Created, Driver, Failure, Found, Kind, Live, Progress, Recorded},
    provider::{Connection, Identity, ProviderKind},
    schema::FindBy,
};

use super::{
    cloud::{Cloud, Inner, Made, Thing},
    invariants::{self, Invariant},
    kinds::{self, Traits},
};

/// The provider of the fake cloud.
pub(crate) static SIM: Sim = Sim;

/// The kind `sim`. It is connected by the simulation, never by its settings.
pub(crate) struct Sim;

impl ProviderKind for Sim {
    fn name(&self) -> &'static str {
        "sim"
    }

    fn types(&self) -> &'static [&'static Schema] {
        kinds::schemas()
    }

    fn connect<'a>(&'a self, _: &'a Map) -> BoxFuture<'a, Result<Arc<dyn Connection>, Failure>> {
        Box::pin(async { Err(Failure::new(Kind::Invalid, "the simulation connects it")) })
    }
}

/// A connection to a fake cloud.
pub(crate) struct Connected(pub(crate) Cloud);

impl Connection for Connected {
    fn identity(&self) -> BoxFuture<'_, Result<Identity, Failure>> {
        Box::pin(async { Ok(Identity { id: "sim:1".into(), facts: Map::new() }) })
    }

    fn driver(&self, schema: &'static Schema) -> Option<Arc<dyn Driver>> {
        let traits = kinds::of_type(schema.name)?;
        Some(Arc::new(SimDriver { cloud: self.0.clone(), schema, traits }))
    }

    fn lookup<'a>(&'a self, name: &'a str, _: &'a Map) -> BoxFuture<'a, Result<Value, Failure>> {
        Box::pin(async move { Err(Failure::new(Kind::Invalid, format!("no lookup {name}"))) })
    }
}

struct SimDriver {
    cloud: Cloud,
    schema: &'static Schema,
    traits: &'static Traits,
}

impl SimDriver {
    fn made(&self, verb: &'static str, path: &SmolStr) -> Made {
        Made { verb, ty: self.schema.name, path: path.clone(), field: None }
    }
}

impl Driver for SimDriver {
    fn create<'a>(&'a self, call: &'a Call, wanted: &'a Map) -> BoxFuture<'a, Result<Created, Failure>> {
        let (call, wanted) = (call.clone(), wanted.clone());
        let (schema, traits) = (self.schema, self.traits);
        let made = self.made("create", &call.owner.path);
        Box::pin(self.cloud.call(made, move |inner| create(inner, schema, traits, &call, &wanted)))
    }

    fn read<'a>(&'a self, objects: &'a [Recorded]) -> BoxFuture<'a, Result<Vec<Option<Live>>, Failure>> {
        let (objects, schema) = (objects.to_vec(), self.schema);
        let made = self.made("read", &SmolStr::new_static("*"));
        let look = move |inner: &Inner, recorded: &Recorded| {
            let thing = inner.things.get(&recorded.id).filter(|t| t.visible_at <= inner.now)?;
            Some(live(schema, thing, &recorded.fields))
        };
        Box::pin(self.cloud.call(made, move |inner| Ok(objects.iter().map(|r| look(inner, r)).collect())))
    }

    fn sync<'a>(
        &'a self,
        call: &'a Call,
        id: &'a str,
        live: &'a Live,
        wanted: &'a Map,
    ) -> BoxFuture<'a, Result<(), Failure>> {
        Box::pin(async move {
            for spec in self.schema.fields {
                let (is, want) = (live.fields.get(spec.name), wanted.get(spec.name));
                let same = is.map(Value::reveal).unwrap_or_default() == want.map(Value::reveal).unwrap_or_default();
                if same || (spec.computed && want.is_none()) {
                    continue;
                }
                let made = Made { field: Some(spec.name.into()), ..self.made("sync", &call.owner.path) };
                let (id, want, call) = (SmolStr::from(id), want.cloned().unwrap_or_default(), call.clone());
                self.cloud.call(made, move |inner| sync(inner, spec, &call, &id, &want)).await?;
            }
            Ok(())
        })
    }

    fn ready<'a>(&'a self, call: &'a Call, object: &'a Recorded) -> BoxFuture<'a, Result<Progress, Failure>> {
        let (id, made) = (object.id.clone(), self.made("ready", &call.owner.path));
        let look = move |inner: &mut Inner| match inner.things.get(&id) {
            Some(thing) if thing.ready_at <= inner.now => Ok(Progress::Done),
            Some(_) => Ok(Progress::Waiting("status CREATING".into())),
            None => Err(Failure::new(Kind::NotFound, format!("{id} does not exist"))),
        };
        Box::pin(self.cloud.call(made, look))
    }

    fn delete<'a>(&'a self, call: &'a Call, object: &'a Recorded) -> BoxFuture<'a, Result<Progress, Failure>> {
        let (id, made, call) = (object.id.clone(), self.made("delete", &call.owner.path), call.clone());
        Box::pin(self.cloud.call(made, move |inner| delete(inner, &call, &id)))
    }

    fn find<'a>(&'a self, call: &'a Call, wanted: &'a Map) -> BoxFuture<'a, Result<Found, Failure>> {
        let (call, wanted, schema) = (call.clone(), wanted.clone(), self.schema);
        let made = self.made("find", &call.owner.path);
        Box::pin(self.cloud.call(made, move |inner| Ok(find(inner, schema, &call, &wanted))))
    }
}

/// What a read tells of an object. Fields that cannot be read back are as they were recorded.
fn live(schema: &Schema, thing: &Thing, recorded: &Map) -> Live {
    let mut fields = thing.fields.clone();
    for spec in schema.fields.iter().filter(|s| s.write_only) {
        fields.remove(spec.name);
        fields.extend(recorded.get(spec.name).map(|v| (spec.name.into(), v.clone())));
    }
    Live { fields, outputs: thing.outputs.clone() }
}

fn create(
    inner: &mut Inner,
    schema: &'static Schema,
    traits: &Traits,
    call: &Call,
    wanted: &Map,
) -> Result<Created, Failure> {
    invariants::create_has_intent(inner, call);
    let earlier = inner.things.iter().find(|(_, t)| t.op == call.operation).map(|(id, _)| id.clone());
    if schema.find == FindBy::Token
        && let Some(id) = earlier
    {
        return Ok(Created::id(id));
    }
    let taken = |why: String| Err(Failure::new(Kind::AlreadyExists, why));
    for (id, other) in inner.things.iter().filter(|(_, t)| t.ty == schema.name) {
        let same = |f: &str| wanted.get(f).is_some() && other.fields.get(f) == wanted.get(f);
        let clash = match schema.find {
            FindBy::Name => same("name"),
            FindBy::NaturalKey => same("bucket") && same("sub"),
            _ => same("block") && same("net"),
        };
        if clash {
            return taken(format!("{id} is there already"));
        }
    }
    for spec in schema.fields.iter().filter(|s| s.refers_to.is_some()) {
        let Some(target) = wanted.get(spec.name).and_then(Value::as_str) else { continue };
        match inner.things.get(target) {
            None => return Err(Failure::new(Kind::Invalid, format!("`{}`: {target} does not exist", spec.name))),
            Some(t) if t.visible_at > inner.now => {
                return Err(Failure::new(Kind::NotYet, format!("{target} is not visible")));
            }
            Some(_) => {}
        }
    }
    if let Some(id) = earlier {
        inner.breach(Invariant::NoDuplicate, format!("the operation of {id} makes another object"));
    }
    inner.next += 1;
    let n = inner.next;
    let id = match wanted.get("name").and_then(Value::as_str) {
        Some(name) if schema.find == FindBy::Name => SmolStr::from(name),
        _ => SmolStr::from(format!("{}-{n}", traits.name)),
    };
    let mut fields: Map = wanted.iter().map(|(k, v)| (k.clone(), v.reveal())).collect();
    fields.retain(|field, value| !traits.late.contains(&field.as_str()) && !value.is_null());
    let applied: BTreeSet<SmolStr> = fields.keys().cloned().collect();
    if schema.fields.iter().any(|s| s.computed) {
        fields.entry("size".into()).or_insert(Value::Int(7));
    }
    let outputs = schema.outputs.iter().map(|o| (o.name.into(), output(o.name, &id, 0))).collect();
    let [(_, stack), (_, path)] = call.owner.tags();
    let lag = if schema.settle.is_zero() { 0 } else { rand::RngExt::random_range(&mut inner.rng, 0..3_900) };
    let slow = if traits.slow == 0 { 0 } else { rand::RngExt::random_range(&mut inner.rng, 0..traits.slow) };
    let thing = Thing {
        ty: schema.name,
        fields,
        outputs,
        tags: (schema.find != FindBy::NaturalKey).then_some((stack, path)),
        op: call.operation.clone(),
        mine: true,
        visible_at: inner.now + lag,
        ready_at: inner.now + slow,
        drains: traits.drains,
        applied,
    };
    inner.note(|| format!("  + {id} for {}", call.owner.path));
    let whole = n.is_multiple_of(2).then(|| live(schema, &thing, wanted));
    inner.things.insert(id.clone(), thing);
    Ok(Created { id, live: whole })
}

/// An output after so many changes.
fn output(name: &str, id: &str, revision: i64) -> Value {
    match name {
        "revision" => Value::Int(revision),
        "material" => format!("hunter2-{id}").into(),
        "ip" => format!("10.{revision}.{id}").into(),
        _ => format!("arn:{id}").into(),
    }
}

fn sync(
    inner: &mut Inner,
    spec: &purlin_core::schema::FieldSpec,
    call: &Call,
    id: &SmolStr,
    want: &Value,
) -> Result<(), Failure> {
    invariants::sync_is_allowed(inner, spec, call, id);
    if spec.refers_to.is_some()
        && let Some(target) = want.as_str()
    {
        match inner.things.get(target) {
            None => return Err(Failure::new(Kind::Invalid, format!("`{}`: {target} does not exist", spec.name))),
            Some(t) if t.visible_at > inner.now => {
                return Err(Failure::new(Kind::NotYet, format!("{target} is not visible")));
            }
            Some(_) => {}
        }
    }
    let Some(thing) = inner.things.get_mut(id) else {
        return Err(Failure::new(Kind::NotFound, format!("{id} does not exist")));
    };
    let name = SmolStr::new_static(spec.name);
    if want.is_null() {
        thing.fields.remove(&name);
    } else {
        thing.fields.insert(name.clone(), want.reveal());
    }
    thing.applied.insert(name);
    thing.mine = true;
    let revision = thing.outputs.get("revision").and_then(Value::as_int).unwrap_or(0) + 1;
    for (output_name, value) in &mut thing.outputs {
        if matches!(output_name.as_str(), "revision") || (output_name == "ip" && spec.name == "size") {
            *value = output(output_name, id, revision);
        }
    }
    inner.note(|| format!("  ~ {id}.{} = {}", spec.name, want.display()));
    Ok(())
}

fn delete(inner: &mut Inner, call: &Call, id: &SmolStr) -> Result<Progress, Failure> {
    if !inner.things.contains_key(id) {
        return Ok(Progress::Done);
    }
    invariants::delete_is_allowed(inner, call, id);
    if let Some((holder, _)) = inner.holder(id) {
        return Err(Failure::new(Kind::NotYet, format!("{holder} still refers to {id}")));
    }
    if let Some(thing) = inner.things.get_mut(id)
        && thing.drains > 0
    {
        thing.drains -= 1;
        return Ok(Progress::Waiting("it is drained".into()));
    }
    inner.things.remove(id);
    inner.note(|| format!("  - {id}"));
    Ok(Progress::Done)
}

fn find(inner: &Inner, schema: &Schema, call: &Call, wanted: &Map) -> Found {
    let [(_, stack), (_, path)] = call.owner.tags();
    let mut of_type = inner.things.iter().filter(|(_, t)| t.ty == schema.name && t.visible_at <= inner.now);
    let found = match schema.find {
        FindBy::Token => of_type.find(|(_, t)| t.op == call.operation),
        FindBy::Name => {
            let named = of_type.find(|(_, t)| t.fields.get("name") == wanted.get("name"));
            if named.is_some_and(|(_, t)| t.tags.is_none()) {
                return Found::Ambiguous("nobody says whose it is".into());
            }
            named.filter(|(_, t)| t.tags == Some((stack, path)))
        }
        FindBy::NaturalKey => {
            of_type.find(|(_, t)| ["bucket", "sub"].iter().all(|f| t.fields.get(*f) == wanted.get(*f)))
        }
        _ => of_type.find(|(_, t)| t.op == call.operation && t.tags == Some((stack.clone(), path.clone()))),
    };
    found.map_or(Found::Absent, |(id, _)| Found::One(id.clone()))
}
