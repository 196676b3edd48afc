//! [`TypedDriver`]: the verbs for the plain struct of one resource type. [`Typed`] makes a [`Driver`] of it.
use std::future::Future;

use smol_str::SmolStr;

use super::{BoxFuture, Call, Created, Driver, Failure, Found, Kind, Live, Progress, Recorded};
use crate::{Map, Outputs as _, Resource, plain::Mismatch};

/// An object as it is, typed.
#[derive(Clone, Debug)]
pub struct Observed<R: Resource> {
    /// The fields. Those that cannot be read back hold what was recorded (see [`Known`]).
    pub fields: R,
    /// The outputs.
    pub outputs: R::Outputs,
}

/// An object as the state knows it, typed.
#[derive(Clone, Debug)]
pub struct Wanted<R> {
    /// The physical id.
    pub id: SmolStr,
    /// The fields as they were last applied.
    pub fields: R,
    /// The outputs as they were last read.
    pub outputs: Map,
}

/// An object to be read: its id, and what is recorded of it.
#[derive(Clone, Debug)]
pub struct Known<R> {
    /// The physical id.
    pub id: SmolStr,
    /// The fields as they were last applied. None where no whole record is: for an object that a program only refers to, or is about
    /// to adopt.
    pub fields: Option<R>,
    /// The outputs as they were last read; empty where there is no record.
    pub outputs: Map,
}

/// The verbs of one resource type. See [`super`] for the rules of each.
pub trait TypedDriver: Send + Sync + 'static {
    /// The type.
    type Resource: Resource;

    /// Makes the object with exactly one mutating call.
    fn create(
        &self,
        call: &Call,
        wanted: &Self::Resource,
    ) -> impl Future<Output = Result<Created<Observed<Self::Resource>>, Failure>> + Send;

    /// Live state of many objects, in the order asked.
    fn read(
        &self,
        objects: &[Known<Self::Resource>],
    ) -> impl Future<Output = Result<Vec<Option<Observed<Self::Resource>>>, Failure>> + Send;

    /// Makes the live object equal to what is wanted. By default there is nothing that could differ.
    fn sync(
        &self,
        call: &Call,
        id: &str,
        live: &Self::Resource,
        wanted: &Self::Resource,
    ) -> impl Future<Output = Result<(), Failure>> + Send {
        let _ = (call, id, live, wanted);
        async { Ok(()) }
    }

    /// One look whether dependents may use it. By default it is ready once it exists.
    fn ready(
        &self,
        call: &Call,
        object: &Wanted<Self::Resource>,
    ) -> impl Future<Output = Result<Progress, Failure>> + Send {
        let _ = (call, object);
        async { Ok(Progress::Done) }
    }

    /// Removes it, or goes on removing it.
    fn delete(
        &self,
        call: &Call,
        object: &Wanted<Self::Resource>,
    ) -> impl Future<Output = Result<Progress, Failure>> + Send;

    /// Finds what an interrupted create with these fields made.
    fn find(&self, call: &Call, wanted: &Self::Resource) -> impl Future<Output = Result<Found, Failure>> + Send;
}

/// A [`TypedDriver`] as a [`Driver`].
pub struct Typed<D>(pub D);

fn reads<R: Resource>(fields: &Map) -> Result<R, Failure> {
    R::decode(fields).map_err(|e| mismatch(R::schema().name, &e))
}

fn mismatch(ty: &str, e: &Mismatch) -> Failure {
    Failure::new(Kind::Invalid, format!("{ty}: {e}"))
}

fn live<R: Resource>(observed: Observed<R>) -> Live {
    Live { fields: observed.fields.encode(), outputs: observed.outputs.encode() }
}

fn recorded<R: Resource>(object: &Recorded) -> Result<Wanted<R>, Failure> {
    Ok(Wanted { id: object.id.clone(), fields: reads(&object.fields)?, outputs: object.outputs.clone() })
}

fn known<R: Resource>(object: &Recorded) -> Known<R> {
    // A type without required fields would read "nothing is recorded" as "all fields were left out".
    let fields = if object.fields.is_empty() { None } else { R::decode(&object.fields).ok() };
    Known { id: object.id.clone(), fields, outputs: object.outputs.clone() }
}

impl<D: TypedDriver> Driver for Typed<D> {
    fn create<'a>(&'a self, call: &'a Call, wanted: &'a Map) -> BoxFuture<'a, Result<Created, Failure>> {
        Box::pin(async move {
            let created = self.0.create(call, &reads(wanted)?).await?;
            Ok(Created { id: created.id, live: created.live.map(live) })
        })
    }

    fn read<'a>(&'a self, objects: &'a [Recorded]) -> BoxFuture<'a, Result<Vec<Option<Live>>, Failure>> {
        Box::pin(async move {
            let known: Vec<_> = objects.iter().map(known).collect();
            let observed = self.0.read(&known).await?;
            Ok(observed.into_iter().map(|o| o.map(live)).collect())
        })
    }

    fn sync<'a>(
        &'a self,
        call: &'a Call,
        id: &'a str,
        live: &'a Live,
        wanted: &'a Map,
    ) -> BoxFuture<'a, Result<(), Failure>> {
        Box::pin(async move { self.0.sync(call, id, &reads(&live.fields)?, &reads(wanted)?).await })
    }

    fn ready<'a>(&'a self, call: &'a Call, object: &'a Recorded) -> BoxFuture<'a, Result<Progress, Failure>> {
        Box::pin(async move { self.0.ready(call, &recorded(object)?).await })
    }

    fn delete<'a>(&'a self, call: &'a Call, object: &'a Recorded) -> BoxFuture<'a, Result<Progress, Failure>> {
        Box::pin(async move { self.0.delete(call, &recorded(object)?).await })
    }

    fn find<'a>(&'a self, call: &'a Call, wanted: &'a Map) -> BoxFuture<'a, Result<Found, Failure>> {
        Box::pin(async move { self.0.find(call, &reads(wanted)?).await })
    }
}
