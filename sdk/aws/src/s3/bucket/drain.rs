//! Everything out of a bucket that is to be deleted: versions, delete markers, unfinished uploads.
//!
//! It goes in steps, so that a run can be stopped between two of them; each step begins anew with what is there.
use aws_sdk_s3::{
    Client,
    types::{Delete, MultipartUpload, ObjectIdentifier},
};
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use purlin_core::driver::{Failure, Kind};

use super::config::{delete_policy, invalid};
use crate::connection::failure;

/// How many pages of a thousand a step removes: some seconds of work.
const PAGES: usize = 5;
/// How many uploads are aborted at once.
const AT_ONCE: usize = 8;

/// What a step did.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Step {
    /// How many versions and delete markers it removed.
    pub(super) removed: usize,
    /// There may be more.
    pub(super) more: bool,
}

/// Removes up to [`PAGES`] pages of versions, and then the unfinished uploads.
pub(super) async fn step(client: &Client, bucket: &str) -> Result<Step, Failure> {
    // It goes with the bucket in any case, and a statement of it may forbid what comes now.
    delete_policy(client, bucket).await?;
    let mut removed = 0;
    for _ in 0..PAGES {
        let (versions, more) = page(client, bucket).await?;
        removed += versions.len();
        if !versions.is_empty() {
            remove(client, bucket, versions).await?;
        }
        if !more {
            abort_uploads(client, bucket).await?;
            return Ok(Step { removed, more: false });
        }
    }
    Ok(Step { removed, more: true })
}

/// The first versions and delete markers, at most a thousand, and whether there are more.
pub(super) async fn page(client: &Client, bucket: &str) -> Result<(Vec<ObjectIdentifier>, bool), Failure> {
    let answer = client
        .list_object_versions()
        .bucket(bucket)
        .send()
        .await
        .map_err(|e| failure("s3", "ListObjectVersions", e))?;
    let versions = answer.versions().iter().map(|v| (v.key(), v.version_id()));
    let markers = answer.delete_markers().iter().map(|m| (m.key(), m.version_id()));
    let identifier = |(key, version): (Option<&str>, Option<&str>)| {
        let version = version.map(ToOwned::to_owned);
        ObjectIdentifier::builder().set_key(key.map(ToOwned::to_owned)).set_version_id(version).build().map_err(invalid)
    };
    let all = versions.chain(markers).map(identifier).collect::<Result<_, _>>()?;
    Ok((all, answer.is_truncated().unwrap_or(false)))
}

async fn remove(client: &Client, bucket: &str, versions: Vec<ObjectIdentifier>) -> Result<(), Failure> {
    let delete = Delete::builder().set_objects(Some(versions)).quiet(true).build().map_err(invalid)?;
    let answer = client.delete_objects().bucket(bucket).delete(delete).send().await;
    let answer = answer.map_err(|e| failure("s3", "DeleteObjects", e))?;
    let Some(refused) = answer.errors().first() else { return Ok(()) };
    let (key, code) = (refused.key().unwrap_or_default(), refused.code().unwrap_or("no reason"));
    let message = format!(
        "{} of the objects of {bucket} cannot be deleted, such as {key:?}: {code}: {}",
        answer.errors().len(),
        refused.message().unwrap_or_default()
    );
    let kind = match code {
        "AccessDenied" => Kind::Denied,
        "InternalError" | "SlowDown" => Kind::Unavailable,
        _ => Kind::Invalid,
    };
    Err(Failure::new(kind, message)
        .help("an object under a lock or a legal hold can be deleted only when that has ended"))
}

async fn abort_uploads(client: &Client, bucket: &str) -> Result<(), Failure> {
    loop {
        let answer = client.list_multipart_uploads().bucket(bucket).send().await;
        let answer = answer.map_err(|e| failure("s3", "ListMultipartUploads", e))?;
        let more = answer.is_truncated().unwrap_or(false);
        let each = answer
            .uploads
            .unwrap_or_default()
            .into_iter()
            .map(|upload| abort(client.clone(), bucket.to_owned(), upload));
        stream::iter(each).buffer_unordered(AT_ONCE).try_collect::<()>().await?;
        if !more {
            return Ok(());
        }
    }
}

async fn abort(client: Client, bucket: String, upload: MultipartUpload) -> Result<(), Failure> {
    let request = client.abort_multipart_upload().bucket(bucket).set_key(upload.key).set_upload_id(upload.upload_id);
    failure::absent_is_done(request.send().await.map_err(|e| failure("s3", "AbortMultipartUpload", e)))
}
