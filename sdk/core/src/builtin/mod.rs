//! Resources that need no cloud: they exist in the state alone.
//!
//! [`Data`] keeps a value; [`Password`] and [`RandomId`] are generated once and stay as they are until a field says
//! otherwise. Their provider, [`BUILTIN`], is always connected. Since nothing exists outside of the state, an
//! interrupted create never happened.
mod data;
mod password;
mod random;
mod random_id;

use std::{
    marker::PhantomData,
    sync::{Arc, LazyLock},
};

pub use data::{Data, DataArgs, DataAttributes, DataOutputs};
pub use password::{Password, PasswordArgs, PasswordAttributes, PasswordOutputs};
pub use random_id::{RandomId, RandomIdArgs, RandomIdAttributes, RandomIdOutputs};

use crate::{
    Lifecycle, Map, Resource, Schema, Value,
    driver::{BoxFuture, Call, Created, Driver, Failure, Found, Kind, Live, Progress, Recorded},
    provider::{Connection, Identity, ProviderKind},
    resource::Outputs,
};

/// The provider of the resources in this module.
pub static BUILTIN: Builtin = Builtin;

/// The kind `purlin`. It has no settings, and one identity everywhere.
pub struct Builtin;

impl ProviderKind for Builtin {
    fn name(&self) -> &'static str {
        "purlin"
    }

    fn types(&self) -> &'static [&'static Schema] {
        static TYPES: LazyLock<[&Schema; 3]> =
            LazyLock::new(|| [Data::schema(), Password::schema(), RandomId::schema()]);
        &*TYPES
    }

    fn connect<'a>(&'a self, _: &'a Map) -> BoxFuture<'a, Result<Arc<dyn Connection>, Failure>> {
        Box::pin(async { Ok(Arc::new(Connected) as Arc<dyn Connection>) })
    }
}

struct Connected;

impl Connection for Connected {
    fn identity(&self) -> BoxFuture<'_, Result<Identity, Failure>> {
        Box::pin(async { Ok(Identity { id: "purlin".into(), facts: Map::new() }) })
    }

    fn driver(&self, schema: &'static Schema) -> Option<Arc<dyn Driver>> {
        fn of<R: Kept>(schema: &Schema) -> Option<Arc<dyn Driver>> {
            (schema.name == R::schema().name).then(|| Arc::new(InState::<R>(PhantomData)) as Arc<dyn Driver>)
        }
        of::<Data>(schema).or_else(|| of::<Password>(schema)).or_else(|| of::<RandomId>(schema))
    }

    fn lookup<'a>(&'a self, name: &'a str, _: &'a Map) -> BoxFuture<'a, Result<Value, Failure>> {
        Box::pin(
            async move { Err(Failure::new(Kind::Invalid, format!("the provider `purlin` has no lookup `{name}`"))) },
        )
    }
}

/// A type that exists in the state alone.
trait Kept: Lifecycle {
    /// Its outputs when it is made.
    fn make(&self, call: &Call) -> Result<Self::Outputs, Failure>;

    /// Its outputs from then on: by default those that were recorded.
    fn kept(object: &Recorded) -> Map {
        object.outputs.clone()
    }
}

/// The driver of such a type: what was recorded is what is.
///
/// Not a [`TypedDriver`](crate::driver::TypedDriver): a read must pass on secrets that are sealed in a state that was
/// not unlocked.
struct InState<R>(PhantomData<fn() -> R>);

impl<R: Kept> Driver for InState<R> {
    fn create<'a>(&'a self, call: &'a Call, wanted: &'a Map) -> BoxFuture<'a, Result<Created, Failure>> {
        Box::pin(async move {
            let fields =
                R::decode(wanted).map_err(|e| Failure::new(Kind::Invalid, format!("{}: {e}", R::schema().name)))?;
            let outputs = fields.make(call)?.encode();
            // The operation's id is unique and outlives a rename, which the path does not.
            Ok(Created { id: call.operation.clone(), live: Some(Live { fields: fields.encode(), outputs }) })
        })
    }

    fn read<'a>(&'a self, objects: &'a [Recorded]) -> BoxFuture<'a, Result<Vec<Option<Live>>, Failure>> {
        let live = |object: &Recorded| Some(Live { fields: object.fields.clone(), outputs: R::kept(object) });
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

#[cfg(test)]
mod tests {
    use std::{
        future::Future,
        pin::pin,
        task::{Context, Poll, Waker},
    };

    use super::*;
    use crate::{
        Address,
        driver::{Entropy, Owner},
    };

    /// The result of a future that waits for nothing, as all of this module do.
    pub(super) fn now<T>(future: impl Future<Output = T>) -> T {
        match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(value) => value,
            Poll::Pending => panic!("nothing here waits"),
        }
    }

    pub(super) fn call(operation: &str) -> Call {
        Call {
            address: Address::new("it", "purlin:builtin:Data"),
            owner: Owner { stack: "test".into(), lineage: "0".into(), path: "it".into() },
            operation: operation.into(),
            entropy: Entropy([7; 32]),
        }
    }

    fn driver<R: Resource>() -> Arc<dyn Driver> {
        let connection = now(BUILTIN.connect(&Map::new())).expect("always");
        connection.driver(R::schema()).expect("a type of this provider")
    }

    #[test]
    fn every_type_has_a_driver_and_no_actions() {
        let connection = now(BUILTIN.connect(&Map::new())).expect("always");
        for schema in BUILTIN.types() {
            assert!(connection.driver(schema).is_some(), "{schema:?}");
            assert_eq!(schema.provider.name(), "purlin");
        }
        assert_eq!(now(connection.identity()).expect("always").id, "purlin");
    }

    #[test]
    fn what_was_made_reads_back_as_recorded() {
        let driver = driver::<Data>();
        let wanted = Data { value: Value::from("a"), triggers: None }.encode();
        let created = now(driver.create(&call("op1"), &wanted)).expect("no call can fail");
        let live = created.live.expect("the answer is whole");
        assert_eq!((created.id.as_str(), &live.fields), ("op1", &wanted));
        let recorded = Recorded { id: created.id, fields: live.fields.clone(), outputs: live.outputs.clone() };
        assert_eq!(now(driver.read(&[recorded])).expect("no call"), [Some(live)]);
    }

    #[test]
    fn an_update_of_data_shows_in_its_output() {
        let driver = driver::<Data>();
        let updated = Recorded {
            id: "op1".into(),
            fields: Data { value: Value::from("new"), triggers: None }.encode(),
            outputs: [("value".into(), Value::from("old"))].into(),
        };
        let live = now(driver.read(&[updated])).expect("no call").remove(0).expect("it is there");
        assert_eq!(live.outputs["value"], Value::from("new"));
    }

    #[test]
    fn a_sealed_password_is_passed_on_as_it_is() {
        let driver = driver::<Password>();
        let recorded = Recorded {
            id: "op1".into(),
            fields: Map::new(),
            outputs: [("value".into(), Value::Sealed("c2VhbGVk".into()))].into(),
        };
        let live = now(driver.read(std::slice::from_ref(&recorded))).expect("no call").remove(0).expect("it is there");
        assert_eq!(live.outputs, recorded.outputs);
    }

    #[test]
    fn fields_of_another_shape_are_refused_by_name() {
        let wrong: Map = [("bytes".into(), Value::from("many"))].into();
        let failure = now(driver::<RandomId>().create(&call("op1"), &wrong)).expect_err("bytes is a number");
        assert!(failure.message.contains("`bytes`"), "{failure}");
    }
}
