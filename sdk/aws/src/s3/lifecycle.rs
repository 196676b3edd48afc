//! [`LifecycleRule`]: what happens to objects of a bucket as they grow old.
use purlin_core::{Object, types::Days};

use crate::choice::choice;

/// What happens to objects, their older versions and unfinished uploads after some days.
///
/// ```
/// use purlin_aws::s3::LifecycleRule;
/// use purlin_core::types::Days;
///
/// let logs = LifecycleRule::new("logs").prefix("logs/").expire(Days(30)).expire_noncurrent(Days(7));
/// # let _ = logs;
/// ```
#[derive(Clone, Debug, Default, PartialEq, Object)]
pub struct LifecycleRule {
    /// Name, 1 to 255 characters, unique in the bucket.
    pub id: String,
    /// Only objects whose key starts so. None: all objects.
    pub prefix: Option<String>,
    /// The rule is kept but does nothing.
    pub disabled: bool,
    /// Objects are deleted so long after they were written. With versions they become noncurrent.
    pub expire: Option<Days>,
    /// Delete markers under which no version is left are removed. Not with `expire`, which does it too.
    pub expire_delete_markers: bool,
    /// Versions are deleted so long after another took their place.
    pub expire_noncurrent: Option<Days>,
    /// How many noncurrent versions are kept however old they are, 1 to 100. Needs `expire_noncurrent`.
    pub keep_noncurrent: Option<u32>,
    /// Uploads in parts that were not finished are removed so long after they began.
    pub abort_multipart: Option<Days>,
    /// Where objects move.
    pub transitions: Vec<Transition>,
    /// Where noncurrent versions move.
    pub noncurrent_transitions: Vec<Transition>,
}

/// A move into another storage class.
#[derive(Clone, Debug, PartialEq, Object)]
pub struct Transition {
    /// How long after it was written, or after another version took its place.
    pub after: Days,
    /// The storage class.
    pub class: StorageClass,
}

choice! {
    /// Where objects are kept, from the dearest to the cheapest to keep.
    pub enum StorageClass {
        /// Moves by itself between tiers as objects are read or not.
        IntelligentTiering = "INTELLIGENT_TIERING",
        /// Cheaper to keep, dearer to read.
        StandardIa = "STANDARD_IA",
        /// As the one before, in one availability zone only.
        OnezoneIa = "ONEZONE_IA",
        /// Cheap to keep, read at once.
        GlacierIr = "GLACIER_IR",
        /// Cheap to keep, read after minutes or hours.
        Glacier = "GLACIER",
        /// Cheapest to keep, read after half a day.
        DeepArchive = "DEEP_ARCHIVE",
    }
}

impl LifecycleRule {
    /// A rule that does nothing yet.
    pub fn new(id: impl Into<String>) -> Self {
        Self { id: id.into(), ..Self::default() }
    }

    /// Only for objects whose key starts so.
    #[must_use]
    pub fn prefix(mut self, prefix: impl Into<String>) -> Self {
        self.prefix = Some(prefix.into()).filter(|p| !p.is_empty());
        self
    }

    /// Keeps the rule, but it does nothing.
    #[must_use]
    pub fn disabled(mut self, disabled: bool) -> Self {
        self.disabled = disabled;
        self
    }

    /// Deletes objects so long after they were written.
    #[must_use]
    pub fn expire(mut self, after: Days) -> Self {
        self.expire = Some(after);
        self
    }

    /// Removes delete markers under which no version is left.
    #[must_use]
    pub fn expire_delete_markers(mut self) -> Self {
        self.expire_delete_markers = true;
        self
    }

    /// Deletes versions so long after another took their place.
    #[must_use]
    pub fn expire_noncurrent(mut self, after: Days) -> Self {
        self.expire_noncurrent = Some(after);
        self
    }

    /// Keeps so many noncurrent versions however old they are.
    #[must_use]
    pub fn keep_noncurrent(mut self, versions: u32) -> Self {
        self.keep_noncurrent = Some(versions);
        self
    }

    /// Removes unfinished uploads in parts so long after they began.
    #[must_use]
    pub fn abort_multipart(mut self, after: Days) -> Self {
        self.abort_multipart = Some(after);
        self
    }

    /// Moves objects into another storage class.
    #[must_use]
    pub fn transition(mut self, after: Days, class: StorageClass) -> Self {
        self.transitions.push(Transition { after, class });
        self
    }

    /// Moves noncurrent versions into another storage class.
    #[must_use]
    pub fn noncurrent_transition(mut self, after: Days, class: StorageClass) -> Self {
        self.noncurrent_transitions.push(Transition { after, class });
        self
    }
}

#[cfg(feature = "s3")]
pub(super) use wire::{from_sdk, to_sdk};

#[cfg(feature = "s3")]
mod wire {
    use aws_sdk_s3::types;
    use purlin_core::driver::{Failure, Kind};

    use super::*;

    /// Stands in the place of a prefix where the live rule has a filter that Purlin does not write: so it shows as a difference.
    const OTHER_FILTER: &str = "(a filter by tags or sizes)";

    /// The rule in the SDK's types.
    pub(in crate::s3) fn to_sdk(rule: &LifecycleRule) -> Result<types::LifecycleRule, Failure> {
        let status = if rule.disabled { types::ExpirationStatus::Disabled } else { types::ExpirationStatus::Enabled };
        let filter = types::LifecycleRuleFilter::builder().prefix(rule.prefix.as_deref().unwrap_or_default());
        let expiration = (rule.expire.is_some() || rule.expire_delete_markers).then(|| {
            let marker = rule.expire_delete_markers.then_some(true);
            let expiration = types::LifecycleExpiration::builder().set_days(rule.expire.map(number));
            expiration.set_expired_object_delete_marker(marker).build()
        });
        let noncurrent = rule.expire_noncurrent.map(|after| {
            let expiration = types::NoncurrentVersionExpiration::builder().noncurrent_days(number(after));
            expiration.set_newer_noncurrent_versions(rule.keep_noncurrent.map(|n| number(Days(n)))).build()
        });
        let abort = rule
            .abort_multipart
            .map(|after| types::AbortIncompleteMultipartUpload::builder().days_after_initiation(number(after)).build());
        let moves = rule
            .transitions
            .iter()
            .map(|t| types::Transition::builder().days(number(t.after)).storage_class(t.class.as_str().into()).build());
        let noncurrent_moves = rule.noncurrent_transitions.iter().map(|t| {
            let to = types::NoncurrentVersionTransition::builder().noncurrent_days(number(t.after));
            to.storage_class(t.class.as_str().into()).build()
        });
        types::LifecycleRule::builder()
            .id(&rule.id)
            .status(status)
            .filter(filter.build())
            .set_expiration(expiration)
            .set_noncurrent_version_expiration(noncurrent)
            .set_abort_incomplete_multipart_upload(abort)
            .set_transitions(some(moves.collect()))
            .set_noncurrent_version_transitions(some(noncurrent_moves.collect()))
            .build()
            .map_err(|e| Failure::new(Kind::Invalid, e.to_string()))
    }

    /// The rules as a program says them, in the order in which `recorded` has them: S3 keeps none.
    pub(in crate::s3) fn from_sdk(live: &[types::LifecycleRule], recorded: &[LifecycleRule]) -> Vec<LifecycleRule> {
        let mut rules: Vec<LifecycleRule> = live.iter().map(rule).collect();
        let place = |rule: &LifecycleRule| recorded.iter().position(|r| r.id == rule.id).unwrap_or(usize::MAX);
        rules.sort_by(|a, b| place(a).cmp(&place(b)).then_with(|| a.id.cmp(&b.id)));
        rules
    }

    fn rule(live: &types::LifecycleRule) -> LifecycleRule {
        let expiration = live.expiration();
        let noncurrent = live.noncurrent_version_expiration();
        let moves = live.transitions().iter().filter_map(|t| moved(t.days(), t.storage_class()));
        let noncurrent_moves =
            live.noncurrent_version_transitions().iter().filter_map(|t| moved(t.noncurrent_days(), t.storage_class()));
        LifecycleRule {
            id: live.id().unwrap_or_default().to_owned(),
            prefix: prefix(live).filter(|p| !p.is_empty()),
            disabled: *live.status() != types::ExpirationStatus::Enabled,
            expire: expiration.and_then(|e| days(e.days())),
            expire_delete_markers: expiration.and_then(|e| e.expired_object_delete_marker()).unwrap_or(false),
            expire_noncurrent: noncurrent.and_then(|e| days(e.noncurrent_days())),
            keep_noncurrent: noncurrent.and_then(|e| e.newer_noncurrent_versions()).and_then(|n| n.try_into().ok()),
            abort_multipart: live.abort_incomplete_multipart_upload().and_then(|a| days(a.days_after_initiation())),
            transitions: moves.collect(),
            noncurrent_transitions: noncurrent_moves.collect(),
        }
    }

    fn prefix(live: &types::LifecycleRule) -> Option<String> {
        let Some(filter) = live.filter() else {
            // The place of the prefix before filters were invented.
            #[expect(deprecated, reason = "rules of old buckets still have it")]
            return live.prefix().map(ToOwned::to_owned);
        };
        let other = filter.tag().is_some()
            || filter.and().is_some()
            || filter.object_size_greater_than().is_some()
            || filter.object_size_less_than().is_some();
        if other { Some(OTHER_FILTER.to_owned()) } else { filter.prefix().map(ToOwned::to_owned) }
    }

    fn moved(after: Option<i32>, class: Option<&types::TransitionStorageClass>) -> Option<Transition> {
        Some(Transition { after: days(after)?, class: StorageClass::of(class?.as_str())? })
    }

    fn days(days: Option<i32>) -> Option<Days> {
        days.and_then(|d| d.try_into().ok()).map(Days)
    }

    fn number(days: Days) -> i32 {
        i32::try_from(days.0).unwrap_or(i32::MAX)
    }

    fn some<T>(items: Vec<T>) -> Option<Vec<T>> {
        Some(items).filter(|items| !items.is_empty())
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        #[test]
        fn a_rule_reads_back_as_it_was_written() {
            let full = LifecycleRule::new("all")
                .prefix("a/")
                .expire(Days(90))
                .expire_noncurrent(Days(30))
                .keep_noncurrent(3)
                .abort_multipart(Days(7))
                .transition(Days(30), StorageClass::StandardIa)
                .transition(Days(60), StorageClass::Glacier)
                .noncurrent_transition(Days(30), StorageClass::GlacierIr);
            let markers = LifecycleRule::new("markers").expire_delete_markers().disabled(true);
            let rules = [full, markers];
            let sent: Vec<_> = rules.iter().rev().map(|r| to_sdk(r).expect("all required parts are there")).collect();
            assert_eq!(from_sdk(&sent, &rules), rules);
        }

        #[test]
        fn a_filter_that_purlin_does_not_write_shows_as_a_difference() {
            let tag = types::Tag::builder().key("k").value("v").build().expect("key and value");
            let mut sent = to_sdk(&LifecycleRule::new("r").expire(Days(1))).expect("all required parts are there");
            sent.filter = Some(types::LifecycleRuleFilter::builder().tag(tag).build());
            assert_eq!(from_sdk(&[sent], &[])[0].prefix.as_deref(), Some(OTHER_FILTER));
        }

        #[test]
        fn every_storage_class_of_the_service_is_known() {
            assert!(types::TransitionStorageClass::values().iter().all(|word| StorageClass::of(word).is_some()));
        }
    }
}
