//! A connected provider: clients for each service, the identity that they act as, drivers and lookups by name.
//!
//! Opening one makes no call: credentials are loaded when the first call needs them. What the calls of all drivers
//! share stands beside this: [`Clients`] (how calls are made) and [`failure()`] (what their errors mean).
mod clients;
mod drivers;
mod error_codes;
pub mod failure;
mod lookups;

use std::sync::Arc;

pub use clients::Clients;
pub use failure::failure;
use purlin_core::{
    Map, Plain, Schema, Value,
    driver::{BoxFuture, Driver, Failure, Kind},
    provider::{Connection, Identity},
};

use crate::{facts, provider::Settings};

/// An account and a region, with credentials for it.
pub struct AwsConnection {
    clients: Clients,
    settings: Settings,
}

impl AwsConnection {
    /// Connects with a provider's settings; what they leave out comes from the environment, as with AWS's own tools.
    ///
    /// # Errors
    /// The settings have another shape, or no region is named anywhere.
    pub async fn open(config: &Map) -> Result<Self, Failure> {
        let settings = Settings::decode(&Value::Map(config.clone()))
            .map_err(|e| Failure::new(Kind::Invalid, format!("the settings of the provider `aws`: {e}")))?;
        let clients = Clients::connect(&settings).await?;
        Ok(Self { clients, settings })
    }

    async fn who(&self) -> Result<Identity, Failure> {
        let caller = crate::sts::ask(&self.clients).await?;
        if let Some(expected) = self.settings.account.as_ref().filter(|a| **a != caller.account) {
            let message =
                format!("the credentials are for account {}, but the program says {expected}", caller.account);
            return Err(Failure::new(Kind::Credentials, message)
                .help("use credentials of that account (`AWS_PROFILE`), or change `.account(..)` of the provider"));
        }
        let region = self.clients.region();
        // The caller's own ARN knows the partition for certain, also of regions that are newer than this build.
        let partition = caller.arn.partition();
        Ok(Identity {
            id: format!("aws:{}:{region}", caller.account).into(),
            facts: facts::map(&caller.account, region, partition),
        })
    }
}

impl Connection for AwsConnection {
    fn identity(&self) -> BoxFuture<'_, Result<Identity, Failure>> {
        Box::pin(self.who())
    }

    fn driver(&self, schema: &'static Schema) -> Option<Arc<dyn Driver>> {
        drivers::driver(schema.name, &self.clients)
    }

    fn lookup<'a>(&'a self, name: &'a str, query: &'a Map) -> BoxFuture<'a, Result<Value, Failure>> {
        Box::pin(lookups::answer(&self.clients, name, query))
    }

    fn default_tags(&self) -> Map {
        match self.settings.default_tags.encode() {
            Value::Map(tags) => tags,
            _ => Map::new(),
        }
    }
}
