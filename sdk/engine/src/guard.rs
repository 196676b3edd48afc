//! [`Guarded`]: a driver whose answers can be stored: what the type says is secret is marked as one before anybody sees it.
//!
//! A typed driver answers with secrets that are marked by their types. One that was written by hand over plain values may forget it,
//! and what is forgotten here would be in a journal for ever.
use std::sync::Arc;

use purlin_core::{
    Map, Schema,
    driver::{BoxFuture, Call, Created, Driver, Failure, Found, Live, Progress, Recorded},
};

/// A driver with its type.
pub(crate) struct Guarded {
    pub(crate) driver: Arc<dyn Driver>,
    pub(crate) schema: &'static Schema,
}

impl Guarded {
    fn mark(&self, live: &mut Live) {
        for spec in self.schema.fields.iter().filter(|f| f.secret) {
            mark(&mut live.fields, spec.name);
        }
        for spec in self.schema.outputs.iter().filter(|o| o.secret) {
            mark(&mut live.outputs, spec.name);
        }
    }
}

fn mark(map: &mut Map, name: &str) {
    if let Some(value) = map.get_mut(name).filter(|v| !v.is_null()) {
        *value = std::mem::take(value).into_secret();
    }
}

impl Driver for Guarded {
    fn create<'a>(&'a self, call: &'a Call, wanted: &'a Map) -> BoxFuture<'a, Result<Created, Failure>> {
        Box::pin(async move {
            let mut created = self.driver.create(call, wanted).await?;
            if let Some(live) = &mut created.live {
                self.mark(live);
            }
            Ok(created)
        })
    }

    fn read<'a>(&'a self, objects: &'a [Recorded]) -> BoxFuture<'a, Result<Vec<Option<Live>>, Failure>> {
        Box::pin(async move {
            let mut all = self.driver.read(objects).await?;
            all.iter_mut().flatten().for_each(|live| self.mark(live));
            Ok(all)
        })
    }

    fn sync<'a>(
        &'a self,
        call: &'a Call,
        id: &'a str,
        live: &'a Live,
        wanted: &'a Map,
    ) -> BoxFuture<'a, Result<(), Failure>> {
        self.driver.sync(call, id, live, wanted)
    }

    fn ready<'a>(&'a self, call: &'a Call, object: &'a Recorded) -> BoxFuture<'a, Result<Progress, Failure>> {
        self.driver.ready(call, object)
    }

    fn delete<'a>(&'a self, call: &'a Call, object: &'a Recorded) -> BoxFuture<'a, Result<Progress, Failure>> {
        self.driver.delete(call, object)
    }

    fn find<'a>(&'a self, call: &'a Call, wanted: &'a Map) -> BoxFuture<'a, Result<Found, Failure>> {
        self.driver.find(call, wanted)
    }
}
