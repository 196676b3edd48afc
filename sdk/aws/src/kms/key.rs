//! [`Key`]: a key that encrypts what other services keep.
//!
//! Its id in Purlin is its ARN: that is what other services want and give back.
use std::time::Duration;

use purlin_core::{
    Lifecycle, Outputs, Resource,
    provider::ProviderKind,
    schema::{Actions, Estimate, FindBy},
    types::{Arn, Days, Policy, Tags},
};

use super::{KeySpec, KeyUsage};
use crate::AWS;

/// How often KMS renews where nothing else is asked for.
const ROTATION_PERIOD: Days = Days(365);
/// How long KMS waits where nothing else is asked for.
const DELETION_WINDOW: Days = Days(30);

/// A key that encrypts what other services keep. By default one for encryption, used by whom IAM lets, renewed once a year.
///
/// A delete schedules: for `deletion_window` the key decrypts nothing and can still be brought back
/// (`aws kms cancel-key-deletion`); for Purlin it is gone at once.
#[derive(Clone, Debug, PartialEq, Resource)]
#[resource("aws:kms:Key", outputs = KeyOutputs)]
pub struct Key {
    /// What it is for, at most 8,192 characters.
    pub description: Option<String>,
    /// Who may use and manage it. By default whoever IAM allows to, in the key's account.
    pub policy: Option<Policy>,
    /// Renew the key's material by itself; what the old material encrypted stays readable. Keys that cannot be renewed so (all
    /// but symmetric ones for encryption) take no notice.
    #[field(default = true)]
    pub rotation: bool,
    /// How often it is renewed, 90 to 2,560 days.
    #[field(default = ROTATION_PERIOD)]
    pub rotation_period: Days,
    /// It can be used. A disabled key encrypts and decrypts nothing.
    #[field(default = true, outage = "restart")]
    pub enabled: bool,
    /// Can be copied into other regions.
    #[field(replace)]
    pub multi_region: bool,
    /// The kind of key.
    #[field(replace, default = KeySpec::SymmetricDefault)]
    pub spec: KeySpec,
    /// What it is used for. Must fit the kind of key.
    #[field(replace, default = KeyUsage::EncryptDecrypt)]
    pub usage: KeyUsage,
    /// How long it can be brought back after a delete, 7 to 30 days.
    #[field(write_only, default = DELETION_WINDOW)]
    pub deletion_window: Days,
    /// Tags.
    #[field(default_tags)]
    pub tags: Tags,
}

/// What a [`Key`] tells.
#[derive(Clone, Debug, PartialEq, Outputs)]
pub struct KeyOutputs {
    /// The ARN: `arn:aws:kms:eu-west-1:123456789012:key/1234abcd-…`.
    pub arn: Arn<Key>,
    /// The bare id, unique in account and region: `1234abcd-…`.
    pub key_id: String,
}

impl Lifecycle for Key {
    const PROVIDER: &'static dyn ProviderKind = &AWS;
    const ACTIONS: Actions = Actions {
        create: &["kms:CreateKey", "kms:TagResource"],
        read: &[
            "kms:DescribeKey",
            "kms:GetKeyPolicy",
            "kms:GetKeyRotationStatus",
            "kms:ListResourceTags",
            "kms:ListKeys",
        ],
        sync: &[
            "kms:TagResource",
            "kms:UntagResource",
            "kms:PutKeyPolicy",
            "kms:UpdateKeyDescription",
            "kms:EnableKey",
            "kms:DisableKey",
            "kms:EnableKeyRotation",
            "kms:DisableKeyRotation",
        ],
        delete: &["kms:ScheduleKeyDeletion"],
    };
    const FIND: FindBy = FindBy::Tag;
    // Keys have no unique name: one that is looked for too early would be made twice.
    const SETTLE: Duration = Duration::from_secs(10);
    const ESTIMATE: Estimate = Estimate::all(Duration::from_secs(1));
    const STATEFUL: bool = true;
}

#[cfg(feature = "kms")]
pub(crate) use driver::KeyDriver;

#[cfg(feature = "kms")]
mod driver {
    use aws_sdk_kms::{
        Client,
        types::{KeyMetadata, KeyState, Tag},
    };
    use futures_util::{StreamExt as _, TryStreamExt as _, future::try_join3, stream};
    use purlin_core::{
        driver::{Call, Created, Failure, Found, Kind, Known, Observed, Progress, TypedDriver, Wanted},
        types::{Principal, Statement},
    };

    use super::*;
    use crate::{
        connection::{Clients, failure},
        kms::calls,
        ownership::{self, Ownership, TagChanges},
    };

    /// KMS knows several policies of a key by name, of which only this one can exist.
    const POLICY: &str = "default";
    const DEFAULT_SID: &str = "Enable IAM User Permissions";

    /// The verbs of [`Key`].
    pub(crate) struct KeyDriver {
        pub(crate) clients: Clients,
    }

    impl TypedDriver for KeyDriver {
        type Resource = Key;

        async fn create(&self, call: &Call, wanted: &Key) -> Result<Created<Observed<Key>>, Failure> {
            let answer = self
                .clients
                .kms()
                .create_key()
                .set_description(wanted.description.clone())
                .set_policy(wanted.policy.as_ref().map(Policy::to_json))
                .key_spec(wanted.spec.as_str().into())
                .key_usage(wanted.usage.as_str().into())
                .multi_region(wanted.multi_region)
                .set_tags(Some(calls::tags(ownership::create_tags(call, &wanted.tags))?))
                .send()
                .await
                .map_err(|e| failure::unseen_principal_is_not_yet(failure("kms", "CreateKey", e)))?;
            let made = answer.key_metadata.ok_or_else(|| failure::incomplete("kms", "CreateKey", "key"))?;
            let outputs = outputs("CreateKey", &made)?;
            // A new key can be used, and is not renewed.
            let rotation = wanted.rotation && !wanted.spec.rotates();
            Ok(Created::whole(outputs.arn.to_string(), Key { rotation, enabled: true, ..wanted.clone() }, outputs))
        }

        async fn read(&self, objects: &[Known<Key>]) -> Result<Vec<Option<Observed<Key>>>, Failure> {
            let client = self.clients.kms();
            let each: Vec<_> =
                objects.iter().map(|o| look(client.clone(), o.id.to_string(), o.fields.clone())).collect();
            stream::iter(each).buffered(calls::AT_ONCE).try_collect().await
        }

        async fn sync(&self, call: &Call, id: &str, live: &Key, wanted: &Key) -> Result<(), Failure> {
            let (client, key) = (self.clients.kms(), calls::bare(id));
            sync_tags(client, call, key, &wanted.tags).await?;
            if live.policy != wanted.policy {
                let policy = wanted.policy.clone().map_or_else(|| default_policy(id), Ok)?;
                let request = client.put_key_policy().key_id(key).policy_name(POLICY).policy(policy.to_json());
                let done = request.send().await.map_err(|e| failure("kms", "PutKeyPolicy", e));
                done.map_err(failure::unseen_principal_is_not_yet)?;
            }
            if live.description != wanted.description {
                let description = wanted.description.as_deref().unwrap_or_default();
                let request = client.update_key_description().key_id(key).description(description);
                request.send().await.map_err(|e| failure("kms", "UpdateKeyDescription", e))?;
            }
            // A disabled key takes no change of its rotation.
            if wanted.enabled && !live.enabled {
                client.enable_key().key_id(key).send().await.map_err(|e| failure("kms", "EnableKey", e))?;
            }
            if wanted.spec.rotates() {
                sync_rotation(client, key, live, wanted).await?;
            }
            if live.enabled && !wanted.enabled {
                client.disable_key().key_id(key).send().await.map_err(|e| failure("kms", "DisableKey", e))?;
            }
            Ok(())
        }

        async fn delete(&self, _: &Call, object: &Wanted<Key>) -> Result<Progress, Failure> {
            let days = i32::try_from(object.fields.deletion_window.0).unwrap_or(i32::MAX);
            let request = self.clients.kms().schedule_key_deletion().key_id(calls::bare(&object.id));
            let done = request.pending_window_in_days(days).send().await;
            match failure::absent_is_done(done.map_err(|e| failure("kms", "ScheduleKeyDeletion", e))) {
                // The one state in which a key cannot be scheduled is that it is already.
                Err(failed) if code(&failed) == Some("KMSInvalidStateException") => Ok(Progress::Done),
                Err(failed) => Err(failed),
                Ok(()) => Ok(Progress::Done),
            }
        }

        /// KMS has no search by tag: this looks at the tags of every key of account and region. Keys whose tags the identity may
        /// not see are passed over: it could not have made them and then be shut out.
        async fn find(&self, call: &Call, _: &Key) -> Result<Found, Failure> {
            let client = self.clients.kms();
            let mut arns = Vec::new();
            let mut pages = client.list_keys().into_paginator().page_size(1000).send();
            while let Some(page) = pages.next().await {
                let keys = page.map_err(|e| failure("kms", "ListKeys", e))?.keys.unwrap_or_default();
                arns.extend(keys.into_iter().filter_map(|key| key.key_arn));
            }
            let each = arns.into_iter().map(|arn| {
                let client = client.clone();
                async move {
                    match tags(client, calls::bare(&arn).to_owned()).await {
                        Ok(tags) => Ok(Some((arn, tags))),
                        Err(failed) if matches!(failed.kind, Kind::Denied | Kind::NotFound) => Ok(None),
                        Err(failed) => Err(failed),
                    }
                }
            });
            let mut seen = stream::iter(each).buffered(calls::AT_ONCE);
            while let Some(key) = seen.try_next().await? {
                let Some((arn, tags)) = key else { continue };
                let owner = ownership::owned_by(calls::pairs(&tags), call);
                let ours = owner == (Ownership::Ours { op: Some(call.operation.to_string()) });
                if ours && describe(client, calls::bare(&arn)).await?.is_some() {
                    return Ok(Found::One(arn.into()));
                }
            }
            Ok(Found::Absent)
        }
    }

    /// What KMS says of a key; none when it is gone or about to go.
    async fn describe(client: &Client, key: &str) -> Result<Option<KeyMetadata>, Failure> {
        let described = client.describe_key().key_id(key).send().await.map_err(|e| failure("kms", "DescribeKey", e));
        let described = match described {
            Ok(answer) => answer.key_metadata.ok_or_else(|| failure::incomplete("kms", "DescribeKey", "key"))?,
            Err(failed) if failed.kind == Kind::NotFound => return Ok(None),
            Err(failed) => return Err(failed),
        };
        let going = matches!(described.key_state(), Some(KeyState::PendingDeletion | KeyState::PendingReplicaDeletion));
        Ok((!going).then_some(described))
    }

    /// One key as it is; none when it is gone or about to go.
    async fn look(client: Client, id: String, recorded: Option<Key>) -> Result<Option<Observed<Key>>, Failure> {
        let key = calls::bare(&id);
        let Some(described) = describe(&client, key).await? else { return Ok(None) };
        let outputs = outputs("DescribeKey", &described)?;
        let spec = described.key_spec().map_or("SYMMETRIC_DEFAULT", |spec| spec.as_str());
        let spec = known(KeySpec::of(spec), spec)?;
        let usage = described.key_usage().map_or("ENCRYPT_DECRYPT", |usage| usage.as_str());
        let usage = known(KeyUsage::of(usage), usage)?;
        let recorded = recorded.as_ref();
        let (policy, (rotation, rotation_period), tags) = try_join3(
            policy(&client, key, &outputs, recorded),
            rotation(&client, key, spec, recorded),
            tags(client.clone(), key.to_owned()),
        )
        .await?;
        let fields = Key {
            description: match described.description() {
                None | Some("") => recorded.and_then(|r| r.description.clone()).filter(String::is_empty),
                Some(text) => Some(text.to_owned()),
            },
            policy,
            rotation,
            rotation_period,
            enabled: described.enabled(),
            multi_region: described.multi_region().unwrap_or(false),
            spec,
            usage,
            deletion_window: recorded.map_or(DELETION_WINDOW, |r| r.deletion_window),
            tags: ownership::strip(calls::pairs(&tags)),
        };
        Ok(Some(Observed { fields, outputs }))
    }

    /// The policy in the form in which the program says it: none for KMS's own default, unless that was asked for in words.
    async fn policy(
        client: &Client,
        key: &str,
        outputs: &KeyOutputs,
        recorded: Option<&Key>,
    ) -> Result<Option<Policy>, Failure> {
        let request = client.get_key_policy().key_id(key).policy_name(POLICY);
        let answer = request.send().await.map_err(|e| failure("kms", "GetKeyPolicy", e))?;
        let text = answer.policy().ok_or_else(|| failure::incomplete("kms", "GetKeyPolicy", "policy"))?;
        let policy =
            Policy::from_json(text).map_err(|e| Failure::new(Kind::Broken, format!("kms:GetKeyPolicy: {e}")))?;
        let unlabelled = |policy: Policy| policy.into_iter().map(|s| Statement { sid: None, ..s }).collect::<Policy>();
        let is_default = unlabelled(policy.clone()) == unlabelled(default_policy(outputs.arn.as_str())?);
        let in_words = recorded.is_some_and(|r| r.policy.is_some());
        Ok((in_words || !is_default).then_some(policy))
    }

    /// Whether and how often it is renewed. The period is not told while rotation is off; then it is what was recorded.
    async fn rotation(
        client: &Client,
        key: &str,
        spec: KeySpec,
        recorded: Option<&Key>,
    ) -> Result<(bool, Days), Failure> {
        let (as_asked, recorded_period) = recorded.map_or((true, ROTATION_PERIOD), |r| (r.rotation, r.rotation_period));
        if !spec.rotates() {
            return Ok((as_asked, recorded_period));
        }
        let answer = client.get_key_rotation_status().key_id(key).send().await;
        let answer = answer.map_err(|e| failure("kms", "GetKeyRotationStatus", e))?;
        let period = answer.rotation_period_in_days().and_then(|days| days.try_into().ok()).map(Days);
        Ok((answer.key_rotation_enabled(), period.unwrap_or(recorded_period)))
    }

    async fn tags(client: Client, key: String) -> Result<Vec<Tag>, Failure> {
        let mut pages = client.list_resource_tags().key_id(key).into_paginator().send();
        let mut tags = Vec::new();
        while let Some(page) = pages.next().await {
            tags.extend(page.map_err(|e| failure("kms", "ListResourceTags", e))?.tags.unwrap_or_default());
        }
        Ok(tags)
    }

    async fn sync_tags(client: &Client, call: &Call, key: &str, wanted: &Tags) -> Result<(), Failure> {
        let live = tags(client.clone(), key.to_owned()).await?;
        let changes = TagChanges::between(calls::pairs(&live), wanted, call);
        if !changes.remove.is_empty() {
            let request = client.untag_resource().key_id(key).set_tag_keys(Some(changes.remove));
            request.send().await.map_err(|e| failure("kms", "UntagResource", e))?;
        }
        if !changes.set.is_empty() {
            let request = client.tag_resource().key_id(key).set_tags(Some(calls::tags(changes.set)?));
            request.send().await.map_err(|e| failure("kms", "TagResource", e))?;
        }
        Ok(())
    }

    async fn sync_rotation(client: &Client, key: &str, live: &Key, wanted: &Key) -> Result<(), Failure> {
        if wanted.rotation && (!live.rotation || live.rotation_period != wanted.rotation_period) {
            let days = i32::try_from(wanted.rotation_period.0).unwrap_or(i32::MAX);
            let request = client.enable_key_rotation().key_id(key).rotation_period_in_days(days);
            request.send().await.map_err(|e| failure("kms", "EnableKeyRotation", e))?;
        }
        if live.rotation && !wanted.rotation {
            let request = client.disable_key_rotation().key_id(key);
            request.send().await.map_err(|e| failure("kms", "DisableKeyRotation", e))?;
        }
        Ok(())
    }

    fn outputs(operation: &'static str, key: &KeyMetadata) -> Result<KeyOutputs, Failure> {
        let arn = key.arn().ok_or_else(|| failure::incomplete("kms", operation, "ARN"))?;
        let arn = Arn::parse(arn).map_err(|e| Failure::new(Kind::Broken, format!("kms:{operation}: {e}")))?;
        Ok(KeyOutputs { arn, key_id: key.key_id().to_owned() })
    }

    /// What KMS puts where no policy is given: the account decides, by IAM.
    fn default_policy(arn: &str) -> Result<Policy, Failure> {
        let arn: Arn =
            arn.parse().map_err(|e| Failure::new(Kind::Invalid, format!("the id of a key is its ARN: {e}")))?;
        let account = arn.account().unwrap_or_default();
        let statement = Statement::allow().sid(DEFAULT_SID).principals([Principal::aws(account)]);
        Ok(Policy::new().statement(statement.actions(["kms:*"]).resources(["*"])))
    }

    fn known<T>(word: Option<T>, text: &str) -> Result<T, Failure> {
        word.ok_or_else(|| Failure::new(Kind::Invalid, format!("this version does not know the kind of key {text}")))
    }

    fn code(failed: &Failure) -> Option<&str> {
        failed.call.as_ref()?.code.as_deref()
    }
}

#[cfg(all(test, feature = "kms"))]
mod tests;
