//! The verbs of all types of the scenarios: one driver, which reads the rules of a type from its schema.
use std::sync::Arc;

use purlin_core::{
    Map, Schema, Value,
    driver::{BoxFuture, Call, Created, Driver, Failure, Found, Kind, Live, Progress, Recorded},
    schema::FindBy,
};
use tokio::time::Instant;

use super::cloud::{Cloud, Inner, Thing, Trouble, outputs};

/// The verbs of a type.
pub(super) struct Verbs {
    pub(super) cloud: Arc<Cloud>,
    pub(super) schema: &'static Schema,
}

fn owner(call: &Call) -> String {
    format!("{}/{}", call.owner.stack, call.owner.path)
}

impl Driver for Verbs {
    fn create<'a>(&'a self, call: &'a Call, wanted: &'a Map) -> BoxFuture<'a, Result<Created, Failure>> {
        Box::pin(
            async move { self.cloud.call("create", &call.address.path, |inner| self.make(inner, call, wanted)).await },
        )
    }

    fn read<'a>(&'a self, objects: &'a [Recorded]) -> BoxFuture<'a, Result<Vec<Option<Live>>, Failure>> {
        Box::pin(async move {
            let short = self.schema.name.rsplit(':').next().unwrap_or_default();
            let ids: Vec<&str> = objects.iter().map(|o| o.id.as_str()).collect();
            let name = format!("{short} {}", ids.join(" "));
            let result = self.cloud.call("read", &name, |inner| {
                if let Some(fault) = inner.faults.iter().find(|f| f.verb == "read" && f.name == short)
                    && let Trouble::Fail(kind, message) = &fault.trouble
                {
                    return Err(Failure::new(*kind, message.clone()));
                }
                Ok(objects.iter().map(|o| inner.seen(&o.id).map(live)).collect())
            });
            result.await
        })
    }

    fn sync<'a>(
        &'a self,
        call: &'a Call,
        id: &'a str,
        _: &'a Live,
        wanted: &'a Map,
    ) -> BoxFuture<'a, Result<(), Failure>> {
        Box::pin(
            async move { self.cloud.call("sync", &call.address.path, |inner| self.change(inner, id, wanted)).await },
        )
    }

    fn ready<'a>(&'a self, call: &'a Call, object: &'a Recorded) -> BoxFuture<'a, Result<Progress, Failure>> {
        Box::pin(async move {
            let path = &call.address.path;
            let waits = self.cloud.lock().things.get(object.id.as_str()).is_some_and(|t| t.looks > 0);
            let troubled = self.cloud.lock().faults.iter().any(|f| f.verb == "ready" && f.name == *path);
            if !waits && !troubled {
                return Ok(Progress::Done);
            }
            let look = |inner: &mut Inner| {
                let Some(thing) = inner.things.get_mut(object.id.as_str()) else { return Ok(Progress::Done) };
                thing.looks = thing.looks.saturating_sub(1);
                if thing.looks > 0 {
                    return Ok(Progress::Waiting("status CREATING".into()));
                }
                if thing.ty.output("endpoint").is_some() {
                    thing.outputs.insert("endpoint".into(), format!("https://{}", object.id).into());
                }
                Ok(Progress::Done)
            };
            self.cloud.call("ready", path, look).await
        })
    }

    fn delete<'a>(&'a self, call: &'a Call, object: &'a Recorded) -> BoxFuture<'a, Result<Progress, Failure>> {
        Box::pin(async move {
            let remove = |inner: &mut Inner| {
                if let Some(user) = inner.user(&object.id) {
                    return Err(Failure::new(Kind::Invalid, format!("{} is in use by {user}", object.id)));
                }
                inner.things.remove(object.id.as_str());
                Ok(Progress::Done)
            };
            // By its id, since two generations have one path.
            self.cloud.call("delete", &format!("{} {}", call.address.path, object.id), remove).await
        })
    }

    fn find<'a>(&'a self, call: &'a Call, wanted: &'a Map) -> BoxFuture<'a, Result<Found, Failure>> {
        Box::pin(async move {
            self.cloud.call("find", &call.address.path, |inner| Ok(self.search(inner, call, wanted))).await
        })
    }
}

impl Verbs {
    fn make(&self, inner: &mut Inner, call: &Call, wanted: &Map) -> Result<Created, Failure> {
        self.allows(inner, wanted, None)?;
        let path = &call.address.path;
        let id = match (self.schema.find, wanted.get("name")) {
            (FindBy::Name, Some(Value::Str(name))) => name.to_string(),
            _ => {
                let count = inner.made.entry(path.clone()).or_default();
                *count += 1;
                format!("{}-{count}", path.rsplit('/').next().unwrap_or(path))
            }
        };
        let slow = self.schema.name == "test:run:Cluster";
        let mut thing = Thing {
            ty: self.schema,
            fields: reveal(wanted),
            outputs: Map::new(),
            owner: owner(call),
            op: call.operation.clone(),
            looks: if slow { inner.looks } else { 0 },
            born: Instant::now(),
        };
        if self.schema.name == "test:run:Disk" {
            thing.fields.entry("size".into()).or_insert(Value::Int(8));
        }
        thing.outputs = outputs(self.schema, &id);
        thing.outputs.append(&mut inner.next);
        let told = || Live { fields: thing.fields.clone(), outputs: thing.outputs.clone() };
        let whole = (!slow && self.schema.settle.is_zero()).then(told);
        inner.things.insert(id.clone(), thing);
        Ok(Created { id: id.into(), live: whole })
    }

    fn change(&self, inner: &mut Inner, id: &str, wanted: &Map) -> Result<(), Failure> {
        self.allows(inner, wanted, Some(id))?;
        let Some(thing) = inner.things.get_mut(id) else {
            return Err(Failure::new(Kind::NotFound, format!("{id} does not exist")));
        };
        for spec in self.schema.fields.iter().filter(|f| f.replace) {
            if thing.fields.get(spec.name) != wanted.get(spec.name) {
                return Err(Failure::new(Kind::Invalid, format!("`{}` of {id} cannot be changed", spec.name)));
            }
        }
        let mut fields = reveal(wanted);
        for spec in self.schema.fields.iter().filter(|f| f.computed) {
            if let (None, Some(kept)) = (fields.get(spec.name), thing.fields.get(spec.name)) {
                fields.insert(spec.name.into(), kept.clone());
            }
        }
        if let (true, Some(Value::Str(version))) =
            (thing.fields.get("text") != fields.get("text"), thing.outputs.get("version"))
        {
            let next = version.trim_start_matches('v').parse::<u32>().unwrap_or_default() + 1;
            thing.outputs.insert("version".into(), format!("v{next}").into());
        }
        thing.fields = fields;
        Ok(())
    }

    /// Links lead to something usable, and unique values are free.
    fn allows(&self, inner: &Inner, wanted: &Map, own: Option<&str>) -> Result<(), Failure> {
        for spec in self.schema.fields {
            let Some(Value::Str(value)) = wanted.get(spec.name) else { continue };
            if spec.refers_to.is_some() {
                match inner.things.get(value.as_str()) {
                    None => return Err(Failure::new(Kind::Invalid, format!("`{}`: there is no {value}", spec.name))),
                    Some(target) if target.looks > 0 && !spec.exists => {
                        return Err(Failure::new(Kind::Invalid, format!("`{}`: {value} is not ready", spec.name)));
                    }
                    Some(_) => {}
                }
            }
            if let Some(unique) = &spec.unique {
                let same = |a: &Map, name: &str| a.get(name) == wanted.get(name);
                let taken = inner.things.iter().find(|(id, t)| {
                    t.ty.name == self.schema.name
                        && own != Some(id.as_str())
                        && same(&t.fields, spec.name)
                        && unique.within.is_none_or(|within| same(&t.fields, within))
                });
                if let Some((id, _)) = taken {
                    return Err(Failure::new(Kind::AlreadyExists, format!("`{}`: {id} has {value}", spec.name)));
                }
            }
        }
        Ok(())
    }

    fn search(&self, inner: &Inner, call: &Call, wanted: &Map) -> Found {
        let ours = |t: &Thing| t.owner == owner(call);
        let same = |name: &str, t: &Thing| t.fields.get(name) == wanted.get(name);
        let mut of_type = inner.things.iter().filter(|(id, t)| t.ty.name == self.schema.name && inner.shows(id));
        match self.schema.find {
            FindBy::Name => match of_type.find(|(_, t)| same("name", t)) {
                Some((id, t)) if ours(t) => Found::One(id.as_str().into()),
                Some((id, t)) if t.owner.is_empty() => Found::Ambiguous(format!("{id} has no owner")),
                _ => Found::Absent,
            },
            FindBy::NaturalKey => {
                match of_type.filter(|(_, t)| same("name", t) && same("pin", t)).collect::<Vec<_>>()[..] {
                    [] => Found::Absent,
                    [(id, t)] if ours(t) => Found::One(id.as_str().into()),
                    [(_, t)] if !t.owner.is_empty() => Found::Absent,
                    ref many => Found::Ambiguous(
                        many.iter().fold("these fit:".to_owned(), |text, (id, _)| format!("{text} {id}")),
                    ),
                }
            }
            _ => of_type.find(|(_, t)| t.op == call.operation).map_or(Found::Absent, |(id, _)| Found::One(id.into())),
        }
    }
}

fn live(thing: &Thing) -> Live {
    let mut fields = thing.fields.clone();
    for spec in thing.ty.fields.iter().filter(|f| f.write_only) {
        fields.remove(spec.name);
    }
    Live { fields, outputs: thing.outputs.clone() }
}

fn reveal(fields: &Map) -> Map {
    fields.iter().map(|(k, v)| (k.clone(), v.reveal())).collect()
}
