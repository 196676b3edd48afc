//! Every resource type of `purlin-aws` through the harness, against moto: its verbs, with a kill at each API call, and
//! its IAM actions. One file a service, one test a type.
//!
//! Where an update or an action has no case here, the type's line says why.
mod ec2;
mod iam;
mod kms;
mod s3;

use purlin_aws::Provider;
use purlin_core::{
    Component, Configure, Handle,
    provider::ProviderConfig,
    types::Cidr,
};
use purlin_tests::{
    AwsAccount,
    harness::{Cases, actions, verbs},
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
    let verified = verbs(cases).unwrap_or_else(|broken| panic!("{broken}"));
    assert!(verified.kills > 0, "nothing was killed: {verified}");
    let seen = actions(cases).unwrap_or_else(|broken| panic!("{broken}"));
    assert!(seen > 0, "no action was seen");
    #[expect(clippy::print_stdout, reason = "shown with --nocapture: what the harness did, and for how long")]
    {
        println!("{}: {verified}; {seen} actions", std::any::type_name::<A::Resource>());
    }
}

fn cidr(text: &str) -> Cidr {
    text.parse().expect("a CIDR block")
}
