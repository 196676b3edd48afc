//! The verbs of [`Bucket`].
use std::collections::{BTreeMap, HashSet};

use aws_sdk_s3::{Client, types::CreateBucketConfiguration};
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use purlin_core::driver::{
    ApiCall, Call, Created, Failure, Found, Kind, Known, Observed, Progress, TypedDriver, Wanted,
};

use super::{Bucket, BucketOutputs, config, drain, policy};
use crate::{
    connection::{Clients, failure},
    ownership::{self, Ownership, TagChanges},
};

/// How many buckets are read at once; each takes eight calls.
const AT_ONCE: usize = 4;
/// The largest page that S3 gives.
const PAGE: i32 = 10_000;
/// The region whose buckets have no location, and where a bucket that is there can be created again.
const FIRST_REGION: &str = "us-east-1";

/// The verbs of [`Bucket`].
pub(crate) struct BucketDriver {
    pub(crate) clients: Clients,
}

impl BucketDriver {
    fn outputs(&self, name: &str) -> Result<BucketOutputs, Failure> {
        BucketOutputs::of(name, self.clients.region(), self.clients.partition())
            .ok_or_else(|| Failure::new(Kind::Invalid, format!("{name:?} is not the name of a bucket")))
    }

    /// Whose the bucket of this name is; none when there is none, or when it is in another account.
    async fn owner(&self, call: &Call, name: &str) -> Result<Option<Ownership>, Failure> {
        match config::tags(self.clients.s3(), name).await {
            Ok(tags) => Ok(Some(ownership::owned_by(config::pairs(&tags), call))),
            Err(failed) if matches!(failed.kind, Kind::NotFound | Kind::Denied) => Ok(None),
            Err(failed) => Err(failed),
        }
    }

    /// In its first region S3 answers "created" for a bucket of ours that is there already, whoever made it. So look first.
    async fn already_there(&self, call: &Call, name: &str) -> Result<bool, Failure> {
        if self.clients.region() != FIRST_REGION {
            return Ok(false);
        }
        match self.owner(call, name).await? {
            None => Ok(false),
            Some(Ownership::Ours { op }) if op.as_deref() == Some(call.operation.as_str()) => Ok(true),
            Some(owner) => {
                let refused =
                    Failure::new(Kind::AlreadyExists, format!("this account has a bucket of the name {name} already"));
                Err(ownership::taken(refused, &owner, name))
            }
        }
    }

    async fn delete_bucket(&self, name: &str) -> Result<Deletion, Failure> {
        let done = self.clients.s3().delete_bucket().bucket(name).send().await;
        match failure::absent_is_done(done.map_err(|e| failure("s3", "DeleteBucket", e))) {
            Ok(()) => Ok(Deletion::Done),
            Err(refused) if code(&refused) == Some("BucketNotEmpty") => Ok(Deletion::NotEmpty(refused)),
            Err(failed) => Err(failed),
        }
    }

    /// Says how much is in a bucket that may not be emptied.
    async fn holds(&self, name: &str, refused: Failure) -> Failure {
        let Ok((versions, more)) = drain::page(self.clients.s3(), name).await else { return refused };
        let least = if more { "at least " } else { "" };
        let message = format!("the bucket {name} is not empty: it holds {least}{} object versions", versions.len());
        Failure { message, ..refused }
            .help("empty it; or say `.force_destroy(true)`, apply that, and delete it then: all its objects go with it for good")
    }
}

/// What came of the call that deletes.
enum Deletion {
    Done,
    NotEmpty(Failure),
}

impl TypedDriver for BucketDriver {
    type Resource = Bucket;

    async fn create(&self, call: &Call, wanted: &Bucket) -> Result<Created<Observed<Bucket>>, Failure> {
        let name = named(wanted)?;
        let outputs = self.outputs(name)?;
        if self.already_there(call, name).await? {
            return Ok(Created::id(name));
        }
        let tags = config::sdk_tags(ownership::create_tags(call, &wanted.tags))?;
        let mut place = CreateBucketConfiguration::builder().set_tags(Some(tags));
        if self.clients.region() != FIRST_REGION {
            place = place.location_constraint(self.clients.region().into());
        }
        let made = self
            .clients
            .s3()
            .create_bucket()
            .bucket(name)
            .create_bucket_configuration(place.build())
            .object_ownership(config::ownership(wanted.acls))
            .object_lock_enabled_for_bucket(wanted.object_lock)
            .send()
            .await
            .map_err(|e| failure("s3", "CreateBucket", e));
        match made {
            Ok(_) => Ok(Created::whole(name, bare(wanted), outputs)),
            Err(refused) if refused.kind == Kind::AlreadyExists => Err(match self.owner(call, name).await {
                Ok(Some(owner)) => ownership::taken(refused, &owner, name),
                _ => refused.help("names of buckets are unique in all of AWS: give this one another name"),
            }),
            Err(failed) => Err(failed),
        }
    }

    /// One listing says which buckets there are; the configuration of those is read part by part.
    async fn read(&self, objects: &[Known<Bucket>]) -> Result<Vec<Option<Observed<Bucket>>>, Failure> {
        let client = self.clients.s3();
        let there = list(client).await?;
        let each = objects.iter().map(|object| {
            let (client, outputs) = (client.clone(), self.outputs(&object.id));
            let object = there.contains(object.id.as_str()).then(|| object.clone());
            async move {
                let Some(Known { id, fields, .. }) = object else { return Ok(None) };
                match config::read(&client, &id, fields.as_ref(), outputs?).await {
                    Ok(observed) => Ok(Some(observed)),
                    // It went after it was listed.
                    Err(failed) if failed.kind == Kind::NotFound => Ok(None),
                    Err(failed) => Err(failed),
                }
            }
        });
        stream::iter(each.collect::<Vec<_>>()).buffered(AT_ONCE).try_collect().await
    }

    /// Who owns it and who may see it come first, then how objects are kept, and the policy last: a public one is refused while
    /// the block is on.
    async fn sync(&self, call: &Call, id: &str, live: &Bucket, wanted: &Bucket) -> Result<(), Failure> {
        let client = self.clients.s3();
        sync_tags(client, call, id, wanted).await?;
        if live.public_access != wanted.public_access {
            config::put_public_access(client, id, wanted.public_access).await?;
        }
        if live.acls != wanted.acls {
            config::put_acls(client, id, wanted.acls).await?;
        }
        if live.versioned != wanted.versioned && !wanted.object_lock {
            config::put_versioned(client, id, wanted.versioned).await?;
        }
        if live.key != wanted.key || (wanted.key.is_some() && live.bucket_key != wanted.bucket_key) {
            config::put_encryption(client, id, wanted).await?;
        }
        if live.lifecycle != wanted.lifecycle {
            config::put_lifecycle(client, id, wanted).await?;
        }
        if (live.tls_only, &live.policy) != (wanted.tls_only, &wanted.policy) {
            let whole = policy::join(wanted, self.outputs(id)?.arn.as_str());
            config::put_policy(client, id, &whole).await?;
        }
        Ok(())
    }

    async fn delete(&self, _: &Call, object: &Wanted<Bucket>) -> Result<Progress, Failure> {
        let Deletion::NotEmpty(refused) = self.delete_bucket(&object.id).await? else { return Ok(Progress::Done) };
        if !object.fields.force_destroy {
            return Err(self.holds(&object.id, refused).await);
        }
        let step = drain::step(self.clients.s3(), &object.id).await?;
        if step.more {
            return Ok(Progress::Waiting(format!("{} object versions removed, there are more", step.removed)));
        }
        match self.delete_bucket(&object.id).await? {
            Deletion::Done => Ok(Progress::Done),
            Deletion::NotEmpty(_) => Ok(Progress::Waiting("objects that were written while it was emptied".to_owned())),
        }
    }

    /// A bucket carries its owner's tags from its first moment. Where an endpoint makes buckets without the tags that it was sent,
    /// nothing tells ours from another's: then a person has to.
    async fn find(&self, call: &Call, wanted: &Bucket) -> Result<Found, Failure> {
        let name = named(wanted)?;
        Ok(match self.owner(call, name).await? {
            Some(Ownership::Ours { .. }) => Found::One(name.into()),
            Some(Ownership::Nobody) => Found::Ambiguous(format!(
                "this account has a bucket {name} that says nothing of its owner: delete it, or say `.adopt(\"{name}\")`"
            )),
            Some(Ownership::Foreign { .. }) | None => Found::Absent,
        })
    }
}

/// The names of all buckets of the account.
async fn list(client: &Client) -> Result<HashSet<String>, Failure> {
    let mut pages = client.list_buckets().into_paginator().page_size(PAGE).send();
    let mut names = HashSet::new();
    while let Some(page) = pages.next().await {
        let buckets = page.map_err(|e| failure("s3", "ListBuckets", e))?.buckets.unwrap_or_default();
        names.extend(buckets.into_iter().filter_map(|bucket| bucket.name));
    }
    Ok(names)
}

/// S3 replaces all tags at once, so those of AWS and of others go along.
async fn sync_tags(client: &Client, call: &Call, name: &str, wanted: &Bucket) -> Result<(), Failure> {
    let live = config::tags(client, name).await?;
    let changes = TagChanges::between(config::pairs(&live), &wanted.tags, call);
    if changes == TagChanges::default() {
        return Ok(());
    }
    let mut all: BTreeMap<String, String> = config::pairs(&live).map(|(k, v)| (k.to_owned(), v.to_owned())).collect();
    all.retain(|key, _| !changes.remove.contains(key));
    all.extend(changes.set);
    config::put_tags(client, name, config::sdk_tags(all)?).await
}

/// A bucket right after its create, as far as that is certain everywhere. Whether public access is blocked by then is not: so it
/// is said to be the other way round, and is set.
fn bare(wanted: &Bucket) -> Bucket {
    Bucket {
        versioned: wanted.object_lock && wanted.versioned,
        key: None,
        public_access: !wanted.public_access,
        tls_only: false,
        policy: None,
        lifecycle: Vec::new(),
        ..wanted.clone()
    }
}

fn named(wanted: &Bucket) -> Result<&str, Failure> {
    let missing = || Failure::new(Kind::Invalid, "a name is needed to make an s3:Bucket");
    wanted.name.as_deref().ok_or_else(missing)
}

fn code(failed: &Failure) -> Option<&str> {
    failed.call.as_ref().and_then(|call: &ApiCall| call.code.as_deref())
}
