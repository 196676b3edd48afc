//! [`Clients`]: the SDK's clients of one account and region, set up as the engine needs them.
//!
//! - One attempt a call. The engine retries, and after a lost answer it looks before it asks again; a retry inside the
//!   SDK would turn "made, answer lost" into "already exists" of our own object.
//! - A limit on the time of every call. The SDK has none of its own: a call whose answer never comes would wait for
//!   ever.
//! - S3 with the bucket in the path where the endpoint is not AWS's: emulators have no name for each bucket.
use std::{sync::Arc, time::Duration};

use aws_config::{BehaviorVersion, Region, SdkConfig, retry::RetryConfig, timeout::TimeoutConfig};
use aws_credential_types::Credentials;
use purlin_core::driver::{Failure, Kind};

use crate::{facts, provider::Settings};

/// EC2 answers slow calls within half of this; a call that takes longer has been lost.
const CALL_TIMEOUT: Duration = Duration::from_secs(60);
/// Every region answers a connection within a second; this allows for two lost packets.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// Clients for each service. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Clients {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    region: String,
    #[cfg(feature = "ec2")]
    ec2: aws_sdk_ec2::Client,
    #[cfg(feature = "iam")]
    iam: aws_sdk_iam::Client,
    #[cfg(feature = "kms")]
    kms: aws_sdk_kms::Client,
    #[cfg(feature = "s3")]
    s3: aws_sdk_s3::Client,
    sts: aws_sdk_sts::Client,
}

impl Clients {
    /// Clients for a provider. Makes no call; reads the environment and the files of AWS's own tools.
    ///
    /// # Errors
    /// No region is named: not by the provider, not by the environment, not by the profile.
    pub(crate) async fn connect(settings: &Settings) -> Result<Self, Failure> {
        let timeouts = TimeoutConfig::builder()
            .connect_timeout(CONNECT_TIMEOUT)
            .operation_timeout(CALL_TIMEOUT)
            .operation_attempt_timeout(CALL_TIMEOUT)
            .build();
        let mut loader = aws_config::defaults(BehaviorVersion::latest())
            .retry_config(RetryConfig::standard().with_max_attempts(1))
            .timeout_config(timeouts);
        if let Some(region) = &settings.region {
            loader = loader.region(Region::new(region.clone()));
        }
        if let Some(profile) = &settings.profile {
            loader = loader.profile_name(profile);
        }
        if let Some(endpoint) = &settings.endpoint {
            loader = loader.endpoint_url(endpoint);
        }
        if let (Some(key), Some(secret)) = (&settings.access_key_id, &settings.secret_access_key) {
            loader = loader.credentials_provider(Credentials::new(key, secret.reveal(), None, None, "purlin"));
        }
        Self::of(&loader.load().await)
    }

    fn of(config: &SdkConfig) -> Result<Self, Failure> {
        let Some(region) = config.region().map(ToString::to_string) else {
            return Err(Failure::new(Kind::Credentials, "no AWS region is named")
                .help("set `AWS_REGION`, or say `.region(\"eu-west-1\")` in the program's provider"));
        };
        let shared = Shared {
            region,
            #[cfg(feature = "ec2")]
            ec2: aws_sdk_ec2::Client::new(config),
            #[cfg(feature = "iam")]
            iam: aws_sdk_iam::Client::new(config),
            #[cfg(feature = "kms")]
            kms: aws_sdk_kms::Client::new(config),
            #[cfg(feature = "s3")]
            s3: s3(config),
            sts: aws_sdk_sts::Client::new(config),
        };
        Ok(Self { shared: Arc::new(shared) })
    }

    /// The region: `eu-west-1`.
    pub fn region(&self) -> &str {
        &self.shared.region
    }

    /// The partition that the region is in: `aws`.
    pub fn partition(&self) -> &'static str {
        facts::partition_of(self.region())
    }

    /// The client of EC2.
    #[cfg(feature = "ec2")]
    pub fn ec2(&self) -> &aws_sdk_ec2::Client {
        &self.shared.ec2
    }

    /// The client of IAM.
    #[cfg(feature = "iam")]
    pub fn iam(&self) -> &aws_sdk_iam::Client {
        &self.shared.iam
    }

    /// The client of KMS.
    #[cfg(feature = "kms")]
    pub fn kms(&self) -> &aws_sdk_kms::Client {
        &self.shared.kms
    }

    /// The client of S3.
    #[cfg(feature = "s3")]
    pub fn s3(&self) -> &aws_sdk_s3::Client {
        &self.shared.s3
    }

    /// The client of STS.
    pub fn sts(&self) -> &aws_sdk_sts::Client {
        &self.shared.sts
    }
}

#[cfg(feature = "s3")]
fn s3(config: &SdkConfig) -> aws_sdk_s3::Client {
    let own = aws_types::service_config::ServiceConfigKey::builder()
        .service_id("S3")
        .env("AWS_ENDPOINT_URL")
        .profile("endpoint_url")
        .build()
        .ok()
        .and_then(|key| config.service_config()?.load_config(key));
    let elsewhere = config.endpoint_url().is_some() || own.is_some();
    let config = aws_sdk_s3::config::Builder::from(config).force_path_style(elsewhere).build();
    aws_sdk_s3::Client::from_conf(config)
}
