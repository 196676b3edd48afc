//! A cloud with one type, `test:disk:Disk`, whose provider does as it is told by its settings: so that every trouble
//! with a provider can be had. It keeps nothing: what was recorded is what is, unless drift is asked for.
use std::sync::{Arc, LazyLock, Mutex};

use purlin_core::{
    Lifecycle, Map, Outputs, Resource, Schema, Value,
    driver::{
        ApiCall, BoxFuture, Call, Created, Driver, Failure, Found, Kind, Known, Observed, Progress, Typed, TypedDriver,
        Wanted,
    },
    provider::{Connection, Identity, ProviderConfig, ProviderKind},
    schema::Actions,
};
use purlin_engine::Cancel;

/// The kind `test`.
pub(crate) static CLOUD: Cloud = Cloud;

pub(crate) struct Cloud;

/// A disk. Its name decides what becomes of it: `broken` cannot be made, `slow` is never ready.
#[derive(Clone, Debug, Resource)]
#[resource("test:disk:Disk", outputs = DiskOutputs)]
pub(crate) struct Disk {
    /// Its name.
    #[field(replace, unique = "disk")]
    pub(crate) name: String,
    /// Its size.
    pub(crate) size: i64,
    /// Who pays.
    pub(crate) owner: Option<String>,
}

/// Outputs of a disk.
#[derive(Clone, Debug, Outputs)]
pub(crate) struct DiskOutputs {
    /// Where it is mounted.
    pub(crate) device: String,
}

impl Lifecycle for Disk {
    const PROVIDER: &'static dyn ProviderKind = &CLOUD;
    const STATEFUL: bool = true;
    const ACTIONS: Actions = Actions {
        create: &["disk:CreateDisk", "disk:TagDisk"],
        read: &["disk:DescribeDisks"],
        sync: &["disk:ResizeDisk"],
        delete: &["disk:DeleteDisk"],
    };
}

/// What the provider of a test is: `trouble` is one of `none`, `drift`, `gone`, `no-credentials`, `unreachable`.
pub(crate) fn provider(account: &str, trouble: &str) -> ProviderConfig {
    let text = |text: &str| purlin_core::Expr::Value(text.into());
    ProviderConfig {
        name: "default".into(),
        kind: &CLOUD,
        config: vec![("account".into(), text(account)), ("trouble".into(), text(trouble))],
    }
}

/// Cancelled as soon as a disk named `slow` is waited for.
pub(crate) static CANCELLED_BY_SLOW: Mutex<Option<Cancel>> = Mutex::new(None);

impl ProviderKind for Cloud {
    fn name(&self) -> &'static str {
        "test"
    }

    fn types(&self) -> &'static [&'static Schema] {
        static TYPES: LazyLock<[&Schema; 1]> = LazyLock::new(|| [Disk::schema()]);
        &*TYPES
    }

    fn connect<'a>(&'a self, config: &'a Map) -> BoxFuture<'a, Result<Arc<dyn Connection>, Failure>> {
        let text = |name: &str| config.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
        Box::pin(async move {
            let (account, trouble) = (text("account"), text("trouble"));
            match trouble.as_str() {
                "no-credentials" => Err(Failure::new(Kind::Credentials, "no credentials were found")
                    .help("looked at the environment and at ~/.test/credentials")),
                _ => Ok(Arc::new(Connected { account, trouble }) as Arc<dyn Connection>),
            }
        })
    }
}

struct Connected {
    account: String,
    trouble: String,
}

fn call(operation: &str, code: &str, status: u16) -> ApiCall {
    ApiCall {
        service: "disk".into(),
        operation: operation.into(),
        request_id: Some("req-7".into()),
        code: Some(code.into()),
        status: Some(status),
    }
}

impl Connection for Connected {
    fn identity(&self) -> BoxFuture<'_, Result<Identity, Failure>> {
        Box::pin(async {
            match self.trouble.as_str() {
                "unreachable" => Err(Failure::new(Kind::Unavailable, "https://disk.test:443 refused the connection")),
                _ => Ok(Identity { id: format!("test:{}", self.account).into(), facts: Map::new() }),
            }
        })
    }

    fn driver(&self, _: &'static Schema) -> Option<Arc<dyn Driver>> {
        Some(Arc::new(Typed(DiskDriver { trouble: self.trouble.clone() })))
    }

    fn lookup<'a>(&'a self, name: &'a str, _: &'a Map) -> BoxFuture<'a, Result<Value, Failure>> {
        Box::pin(async move { Err(Failure::new(Kind::Invalid, format!("there is no lookup {name}"))) })
    }
}

struct DiskDriver {
    trouble: String,
}

impl TypedDriver for DiskDriver {
    type Resource = Disk;

    async fn create(&self, _: &Call, wanted: &Disk) -> Result<Created<Observed<Disk>>, Failure> {
        if wanted.name == "broken" {
            return Err(Failure::new(Kind::Invalid, "no rack has room for it")
                .call(call("CreateDisk", "NoRoom", 400))
                .help("choose another size"));
        }
        let outputs = DiskOutputs { device: format!("/dev/{}", wanted.name) };
        Ok(Created::whole(format!("disk-{}", wanted.name), wanted.clone(), outputs))
    }

    async fn read(&self, objects: &[Known<Disk>]) -> Result<Vec<Option<Observed<Disk>>>, Failure> {
        let live = |object: &Known<Disk>| {
            let mut fields = object.fields.clone()?;
            match self.trouble.as_str() {
                "gone" => return None,
                "drift" => fields.owner = Some("mallory".to_owned()),
                _ => {}
            }
            let outputs = DiskOutputs { device: format!("/dev/{}", fields.name) };
            Some(Observed { fields, outputs })
        };
        Ok(objects.iter().map(live).collect())
    }

    async fn ready(&self, _: &Call, object: &Wanted<Disk>) -> Result<Progress, Failure> {
        if object.fields.name != "slow" {
            return Ok(Progress::Done);
        }
        if let Some(cancel) = &*CANCELLED_BY_SLOW.lock().expect("no test panicked with it") {
            cancel.cancel();
        }
        Ok(Progress::Waiting("status FORMATTING".to_owned()))
    }

    async fn delete(&self, _: &Call, _: &Wanted<Disk>) -> Result<Progress, Failure> {
        Ok(Progress::Done)
    }

    async fn find(&self, _: &Call, _: &Disk) -> Result<Found, Failure> {
        Ok(Found::Absent)
    }
}
