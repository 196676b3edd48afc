//! S3: buckets, and grants of access to them.
//!
//! - [`Bucket`]: private, encrypted, over TLS only, unless the program says otherwise;
//! - [`LifecycleRule`]: what happens to objects as they grow old;
//! - [`read`], [`write()`], [`read_write`]: what a role may do with a bucket, the bucket's key included.
pub mod bucket;
pub mod grants;
pub mod lifecycle;

pub use bucket::Bucket;
pub use grants::{BucketGrant, read, read_write, write};
pub use lifecycle::{LifecycleRule, StorageClass, Transition};
