//! [`Provider`]: an AWS account and region, as a program describes it.
//!
//! What is left out comes from the environment, as with AWS's own tools: `AWS_REGION`, `AWS_PROFILE`,
//! `AWS_ACCESS_KEY_ID`, the files in `~/.aws`, the metadata of the machine. Resources belong to the account and region,
//! never to the credentials.
use purlin_core::{Expr, IntoInput, Object, Secret, SmolStr, provider::ProviderConfig, types::Tags};

use crate::AWS;

/// An account and a region. Give it to `stack.use_provider(..)`, or under a name to `stack.provider(name, ..)`.
///
/// ```
/// use purlin_aws::Provider;
/// # fn program(stack: &mut purlin_core::Stack) {
/// stack.use_provider(Provider::new().region("eu-west-1").account("123456789012"));
/// let virginia = stack.provider("virginia", Provider::new().region("us-east-1"));
/// # }
/// ```
#[derive(Clone, Debug, Default)]
#[must_use = "a provider does nothing until a stack uses it"]
pub struct Provider {
    config: Vec<(SmolStr, Expr)>,
}

impl Provider {
    /// A provider with nothing set: all comes from the environment.
    pub fn new() -> Self {
        Self::default()
    }

    /// The region: `eu-west-1`.
    pub fn region(self, region: impl IntoInput<String>) -> Self {
        self.set("region", region.into_expr())
    }

    /// The account that the credentials must be for, 12 digits. With others, nothing is read or changed.
    pub fn account(self, account: impl IntoInput<String>) -> Self {
        self.set("account", account.into_expr())
    }

    /// The profile of `~/.aws/config` that has the credentials.
    pub fn profile(self, profile: impl IntoInput<String>) -> Self {
        self.set("profile", profile.into_expr())
    }

    /// Where every service is, for emulators and private endpoints: `http://127.0.0.1:5000`.
    pub fn endpoint(self, url: impl IntoInput<String>) -> Self {
        self.set("endpoint", url.into_expr())
    }

    /// An access key that does not come from the environment: for emulators and tests.
    pub fn credentials(self, id: impl IntoInput<String>, secret: impl IntoInput<Secret<String>>) -> Self {
        self.set("access_key_id", id.into_expr()).set("secret_access_key", secret.into_expr())
    }

    /// Tags that go on everything this provider makes and that takes tags. A resource's own tags win.
    pub fn default_tags(self, tags: impl IntoInput<Tags>) -> Self {
        self.set("default_tags", tags.into_expr())
    }

    fn set(mut self, name: &'static str, expr: Expr) -> Self {
        self.config.retain(|(n, _)| n != name);
        self.config.push((SmolStr::new_static(name), expr));
        self
    }
}

impl From<Provider> for ProviderConfig {
    fn from(provider: Provider) -> Self {
        Self { config: provider.config, ..Self::ambient(&AWS) }
    }
}

/// The same, as a connection reads it.
#[derive(Object)]
#[cfg_attr(
    not(feature = "connection"),
    expect(dead_code, reason = "read by the connection, which this build leaves out")
)]
pub(crate) struct Settings {
    /// The region.
    pub(crate) region: Option<String>,
    /// The account that the credentials must be for.
    pub(crate) account: Option<String>,
    /// The profile that has the credentials.
    pub(crate) profile: Option<String>,
    /// Where every service is.
    pub(crate) endpoint: Option<String>,
    /// The access key.
    pub(crate) access_key_id: Option<String>,
    /// The secret of the access key.
    pub(crate) secret_access_key: Option<Secret<String>>,
    /// Tags for everything.
    pub(crate) default_tags: Tags,
}

#[cfg(test)]
mod tests {
    use purlin_core::{Plain as _, Value};

    use super::*;

    #[test]
    fn settings_are_what_the_program_said() {
        let provider = Provider::new()
            .region("us-east-1")
            .region("eu-west-1")
            .credentials("AKIA1", "hidden")
            .default_tags(Tags::from([("Team", "ml")]));
        let config = ProviderConfig::from(provider).config;
        let known = |expr: Expr| if let Expr::Value(value) = expr { value } else { panic!("all of it is known") };
        let map = Value::Map(config.into_iter().map(|(name, expr)| (name, known(expr))).collect());
        assert!(!map.display().contains("hidden"), "{}", map.display());
        let settings = Settings::decode(&map).expect("settings");
        assert_eq!(settings.region.as_deref(), Some("eu-west-1"), "the later one counts");
        assert_eq!(settings.secret_access_key.as_ref().map(|s| s.reveal().as_str()), Some("hidden"));
        assert_eq!(settings.default_tags, Tags::from([("Team", "ml")]));
        assert!(settings.account.is_none() && settings.profile.is_none() && settings.endpoint.is_none());
    }
}
