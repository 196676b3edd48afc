//! What the drivers of EC2 share about calls: filters, and what failed.
use std::error::Error;

use aws_sdk_ec2::types::Filter;
use aws_smithy_runtime_api::client::{orchestrator::HttpResponse, result::SdkError};
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use purlin_core::driver::{Failure, Known};

use crate::connection::failure::{failure, incomplete};

/// EC2 takes this many values in one filter.
pub(super) const FILTER_VALUES: usize = 200;

/// A filter of a read.
pub(super) fn filter(name: &str, values: impl IntoIterator<Item = impl Into<String>>) -> Filter {
    let values = values.into_iter().map(Into::into).collect();
    Filter::builder().name(name).set_values(Some(values)).build()
}

/// The ids of objects, in portions that fit into one filter. A filter passes over ids that are not there; a list of ids
/// would not.
pub(super) fn id_filters<'a, R: 'a>(name: &'a str, objects: &'a [Known<R>]) -> impl Iterator<Item = Filter> + 'a {
    objects.chunks(FILTER_VALUES).map(move |chunk| filter(name, chunk.iter().map(|o| o.id.as_str())))
}

/// A failed call of EC2.
pub(super) fn failed<E>(operation: &'static str) -> impl FnOnce(SdkError<E, HttpResponse>) -> Failure
where
    E: ProvideErrorMetadata + Error + 'static,
{
    move |error| failure("ec2", operation, error)
}

/// The call answered without `what`.
pub(super) fn lacks(operation: &'static str, what: &str) -> Failure {
    incomplete("ec2", operation, what)
}
