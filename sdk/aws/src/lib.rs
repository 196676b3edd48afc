//! AWS for Purlin: typed resources, each with the driver that makes it.
//!
//! One folder a service, one file a resource. A file has the declaration (a struct with `#[derive(Resource)]`), its
//! outputs, what the engine has to know beside its fields (`impl Lifecycle`), the driver, and the tests.
//!
//! Read it in this order:
//! 1. [`s3::Bucket`] or [`ec2::Vpc`]: what a resource file looks like;
//! 2. [`Provider`]: account, region, credentials and default tags, as the program says them;
//! 3. [`ownership`]: the tags by which an object tells whose it is, and which call made it;
//! 4. `connection`: the SDK's clients, and how their errors become the engine's failures (`connection::failure`);
//! 5. [`facts`]: what is certain before anything exists, such as ARNs.
//!
//! # Features
//!
//! The declarations always compile, and without an SDK they compile in seconds: a test of a program needs no more. A
//! driver and its SDK sit behind the feature of the service.
//!
//! | feature | brings | SDK |
//! |---|---|---|
//! | none | declarations: what plans, tests and components need | none |
//! | `connection` | credentials, region, identity, lookups of [`sts`] | `aws-config`, `aws-sdk-sts` |
//! | `ec2` | drivers and lookups of [`ec2`] | `aws-sdk-ec2` (minutes to compile) |
//! | `iam` | drivers of [`iam`] | `aws-sdk-iam` |
//! | `kms` | drivers of [`kms`] | `aws-sdk-kms` |
//! | `s3` | drivers of [`s3`] | `aws-sdk-s3` |
//!
//! All are on by default.
//!
//! # How a driver is written
//!
//! A driver is a struct with the `connection::Clients` and an `impl TypedDriver` (see [`purlin_core::driver`] for the
//! verbs). On AWS, the rules come to this:
//! - **`create` makes one mutating call**, and that call carries the tags of [`ownership::owner_tags`]. So an object is
//!   never without an owner, not even for the moment before a second call.
//! - **Nothing is tried twice here.** The SDK makes one attempt; its own retry would turn "made, answer lost" into
//!   "already exists" of our own object. The engine decides, with what `find` says.
//! - **`read` asks for many at once**, and by filter: an unknown id in a list of ids makes EC2 fail the whole call.
//! - **`read` gives fields in the form in which a program says them**: what the service fills in where nothing was
//!   asked for is none.
//! - **`sync` calls only for what differs**, and puts the ownership tags right (an object that was moved has another
//!   path).
//! - **`delete` takes "not found" for success**, and "still in use" for "not yet".
//! - Errors go through `connection::failure`, so that every one has its kind, its effect and the request's id.
mod choice;
#[cfg(feature = "connection")]
pub mod connection;
pub mod ec2;
pub mod facts;
pub mod iam;
pub mod kms;
pub mod ownership;
mod provider;
pub mod s3;
pub mod sts;
#[cfg(all(test, feature = "connection"))]
mod testing;

use std::sync::{Arc, LazyLock};

pub use provider::Provider;
use purlin_core::{
    Map, Resource, Schema,
    driver::{BoxFuture, Failure},
    provider::{Connection, ProviderKind},
};

/// The provider kind `aws`.
pub static AWS: AwsKind = AwsKind;

/// AWS as a kind of provider. There is one: [`AWS`].
#[derive(Clone, Copy, Debug)]
pub struct AwsKind;

static TYPES: LazyLock<Vec<&'static Schema>> = LazyLock::new(|| {
    vec![
        ec2::Vpc::schema(),
        ec2::Subnet::schema(),
        ec2::SecurityGroup::schema(),
        ec2::SecurityGroupRule::schema(),
        iam::Role::schema(),
        iam::RolePolicy::schema(),
        iam::ManagedPolicy::schema(),
        iam::PolicyAttachment::schema(),
        kms::Key::schema(),
        kms::Alias::schema(),
        s3::Bucket::schema(),
    ]
});

impl ProviderKind for AwsKind {
    fn name(&self) -> &'static str {
        "aws"
    }

    fn types(&self) -> &'static [&'static Schema] {
        &TYPES
    }

    #[cfg(feature = "connection")]
    fn connect<'a>(&'a self, config: &'a Map) -> BoxFuture<'a, Result<Arc<dyn Connection>, Failure>> {
        Box::pin(async move {
            let connection = connection::AwsConnection::open(config).await?;
            Ok(Arc::new(connection) as Arc<dyn Connection>)
        })
    }

    #[cfg(not(feature = "connection"))]
    fn connect<'a>(&'a self, _: &'a Map) -> BoxFuture<'a, Result<Arc<dyn Connection>, Failure>> {
        let failure =
            Failure::new(purlin_core::driver::Kind::Invalid, "this program was built without the drivers for AWS")
                .help(
                    "build `purlin-aws` with the features of the services that it uses, such as `features = [\"s3\"]`",
                );
        Box::pin(async move { Err(failure) })
    }
}
