//! Every resource type of `purlin-aws` through the harness, against moto: its verbs, with a kill at each API call, and
//! its IAM actions. One file a service, one test a type.
//!
//! What a type declares and nothing here needs is named with its reason.
mod ec2;
mod iam;
mod kms;
mod s3;

use purlin_aws::Provider;
use purlin_core::{Component, Configure, Handle, provider::ProviderConfig, types::Cidr};
use purlin_tests::{
    AwsAccount,
    harness::{self, Cases},
};

/// The provider of an account. Its default tag must come to every object that takes tags.
fn provider(aws: &AwsAccount) -> ProviderConfig {
    Provider::new()
        .region(aws.region.as_str())
        .endpoint(aws.endpoint.as_str())
        .credentials(aws.access_key.as_str(), aws.secret_key.as_str())
        .default_tags([("from", "provider")])
        .into()
}

fn check<P: 'static, A>(cases: &Cases<P, A>)
where
    A: Component<Handle = Handle<A::Resource>> + Configure + 'static,
{
    let verified = harness::all(cases).unwrap_or_else(|broken| panic!("{broken}"));
    assert!(verified.kills > 0 && verified.actions > 0, "the harness had nothing to do: {verified}");
    #[expect(clippy::print_stdout, reason = "shown with --nocapture: what the harness did, and for how long")]
    {
        println!("{}: {verified}", std::any::type_name::<A::Resource>());
    }
}

fn cidr(text: &str) -> Cidr {
    text.parse().expect("a CIDR block")
}
