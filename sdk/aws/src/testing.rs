//! What the tests of the drivers share: a connection to an account of the lab, and the life of an object through its
//! driver's verbs.
use std::{marker::PhantomData, sync::Arc};

use purlin_core::{
    Address, Map, Resource, SmolStr, Value,
    driver::{Call, Driver, Entropy, Failure, Found, Live, Owner, Progress, Recorded},
    provider::{Connection as _, ProviderConfig},
};
use purlin_tests::AwsAccount;

use crate::{Provider, connection::AwsConnection};

/// A connection to an account of the lab.
pub(crate) async fn connect(aws: &AwsAccount) -> AwsConnection {
    connect_with(aws, []).await
}

/// The same, with further settings of the provider.
pub(crate) async fn connect_with<const N: usize>(aws: &AwsAccount, more: [(&str, Value); N]) -> AwsConnection {
    let settings = [
        ("region", Value::from(aws.region.as_str())),
        ("endpoint", aws.endpoint.as_str().into()),
        ("access_key_id", aws.access_key.as_str().into()),
        ("secret_access_key", Value::from(aws.secret_key.as_str()).into_secret()),
    ];
    let config: Map = settings.into_iter().chain(more).map(|(name, value)| (name.into(), value)).collect();
    AwsConnection::open(&config).await.expect("the settings are complete")
}

/// The provider of a program that works in an account of the lab.
pub(crate) fn provider(aws: &AwsAccount) -> ProviderConfig {
    let place = Provider::new().region(aws.region.as_str()).endpoint(aws.endpoint.as_str());
    place.credentials(aws.access_key.as_str(), aws.secret_key.as_str()).into()
}

/// What a verb is told for the resource `path`.
pub(crate) fn call(path: &str, operation: &str) -> Call {
    Call {
        address: Address::new(path, "aws:test:Thing"),
        owner: Owner { stack: "shop".into(), lineage: "l1".into(), path: path.into() },
        operation: operation.into(),
        entropy: Entropy([7; 32]),
    }
}

/// The driver of a type, in an account.
pub(crate) struct Bench<R> {
    driver: Arc<dyn Driver>,
    resource: PhantomData<fn() -> R>,
}

impl<R: Resource> Bench<R> {
    /// The driver of `R`, in this account.
    pub(crate) async fn new(aws: &AwsAccount) -> Self {
        let driver = connect(aws).await.driver(R::schema()).expect("this build has the driver");
        Self { driver, resource: PhantomData }
    }

    /// Makes an object; its id, and what is known of it from there.
    pub(crate) async fn create(&self, call: &Call, wanted: &R) -> Result<(SmolStr, Live), Failure> {
        let created = self.driver.create(call, &wanted.encode()).await?;
        let live = match created.live {
            Some(live) => live,
            None => self.read(&created.id).await.expect("it was made"),
        };
        Ok((created.id, live))
    }

    /// Makes an object and brings it to what is wanted.
    pub(crate) async fn made(&self, call: &Call, wanted: &R) -> SmolStr {
        let (id, live) = self.create(call, wanted).await.expect("a create");
        self.driver.sync(call, &id, &live, &wanted.encode()).await.expect("a sync");
        id
    }

    /// The object as it is, with nothing known of it but the id.
    pub(crate) async fn read(&self, id: &str) -> Option<Live> {
        let bare = Recorded { id: id.into(), fields: Map::new(), outputs: Map::new() };
        self.driver.read(&[bare]).await.expect("a read").remove(0)
    }

    /// An object as a state would record it.
    pub(crate) async fn recorded(&self, id: &str) -> Recorded {
        let live = self.read(id).await.expect("it is there");
        Recorded { id: id.into(), fields: live.fields, outputs: live.outputs }
    }

    /// Many objects, as one read gives them.
    pub(crate) async fn read_all(&self, objects: &[Recorded]) -> Vec<Option<Live>> {
        self.driver.read(objects).await.expect("a read")
    }

    /// Brings an object from what it is to what is wanted.
    pub(crate) async fn sync(&self, call: &Call, id: &str, wanted: &R) -> Result<(), Failure> {
        let live = self.read(id).await.expect("it is there");
        self.driver.sync(call, id, &live, &wanted.encode()).await
    }

    /// One look whether it can be used.
    pub(crate) async fn ready(&self, call: &Call, id: &str, fields: &R) -> Result<Progress, Failure> {
        self.driver.ready(call, &recorded(id, fields)).await
    }

    /// Removes an object.
    pub(crate) async fn delete(&self, call: &Call, id: &str, fields: &R) -> Result<Progress, Failure> {
        self.driver.delete(call, &recorded(id, fields)).await
    }

    /// Looks for what an interrupted create made.
    pub(crate) async fn find(&self, call: &Call, wanted: &R) -> Found {
        self.driver.find(call, &wanted.encode()).await.expect("a search")
    }

    /// The life of an object: made as the first of `cases`, changed to each that follows, found again, removed.
    ///
    /// After each step the object reads back as it is wanted, and another sync changes nothing. A create is one call
    /// that changes anything. Another owner does not find the object. A second delete is as good as the first.
    pub(crate) async fn lives(&self, aws: &AwsAccount, cases: &[R]) {
        let made = call("thing", "op1");
        let first = cases.first().expect("a case");
        assert_eq!(self.find(&made, first).await, Found::Absent, "before the create");

        aws.mark().expect("the log");
        let (id, _) = self.create(&made, first).await.expect("a create");
        assert_eq!(changes(aws).len(), 1, "a create is one call: {:?}", changes(aws));
        assert_eq!(self.find(&made, first).await, Found::One(id.clone()), "right after the create");

        let later = call("thing", "op2");
        for wanted in cases {
            self.sync(&later, &id, wanted).await.expect("a sync");
            assert_eq!(self.read(&id).await.expect("it is there").fields, wanted.encode());
            assert_eq!(self.ready(&later, &id, wanted).await, Ok(Progress::Done));
            aws.mark().expect("the log");
            self.sync(&later, &id, wanted).await.expect("a sync");
            assert_eq!(changes(aws), [""; 0], "a second sync changes nothing");
        }

        let last = cases.last().expect("a case");
        assert_eq!(self.find(&made, last).await, Found::One(id.clone()), "after all changes");
        assert_eq!(self.find(&call("other", "op3"), last).await, Found::Absent, "for another owner");

        for _ in 0..2 {
            assert_eq!(self.delete(&later, &id, last).await, Ok(Progress::Done));
            assert_eq!(self.read(&id).await, None);
        }
        assert_eq!(self.find(&made, last).await, Found::Absent, "after the delete");
    }
}

fn recorded<R: Resource>(id: &str, fields: &R) -> Recorded {
    Recorded { id: id.into(), fields: fields.encode(), outputs: Map::new() }
}

/// The calls since the last mark that may have changed something, by name.
pub(crate) fn changes(aws: &AwsAccount) -> Vec<String> {
    let reads = ["Describe", "Get", "List", "Head"];
    let calls = aws.calls().expect("the log").into_iter();
    calls
        .filter(|call| !reads.iter().any(|prefix| call.operation.starts_with(prefix)))
        .map(|call| call.operation)
        .collect()
}
