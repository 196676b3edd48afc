//! `sts::CallerIdentity`: the account that the credentials are for.
use purlin_core::{Map, Object, lookup::Lookup, provider::ProviderKind, types::Arn};

use crate::AWS;

/// Asks who we are: `let caller = stack.lookup(sts::CallerIdentity)?;`.
///
/// The answer is kept in the plan. Use its account; the ARN is that of whoever plans, and another may apply.
#[derive(Clone, Copy, Debug, Default)]
pub struct CallerIdentity;

/// Who we are.
#[derive(Clone, Debug, PartialEq, Eq, Object)]
pub struct Caller {
    /// The account, 12 digits.
    pub account: String,
    /// The user or the session of a role.
    pub arn: Arn,
    /// The unique id of the user or role: `AROA…:session`.
    pub user: String,
}

impl Lookup for CallerIdentity {
    type Answer = Caller;
    const NAME: &'static str = "aws:sts:CallerIdentity";
    const PROVIDER: &'static dyn ProviderKind = &AWS;

    fn query(&self) -> Map {
        Map::new()
    }
}

/// Asks STS. It needs no permission.
#[cfg(feature = "connection")]
pub(crate) async fn ask(clients: &crate::connection::Clients) -> Result<Caller, purlin_core::driver::Failure> {
    use crate::connection::failure::{failure, incomplete};

    const OPERATION: &str = "GetCallerIdentity";
    let answer = clients.sts().get_caller_identity().send().await.map_err(|e| failure("sts", OPERATION, e))?;
    let arn = answer.arn().and_then(|arn| arn.parse().ok()).ok_or_else(|| incomplete("sts", OPERATION, "ARN"))?;
    let account = answer.account().ok_or_else(|| incomplete("sts", OPERATION, "account"))?.to_owned();
    Ok(Caller { account, arn, user: answer.user_id().unwrap_or_default().to_owned() })
}

#[cfg(all(test, feature = "connection"))]
mod tests {
    use purlin_core::{Plain as _, driver::Kind, provider::Connection as _};
    use purlin_tests::{AwsAccount, Fault};

    use super::*;
    use crate::testing::{connect, connect_with};

    #[tokio::test]
    async fn the_identity_is_the_account_and_the_region() {
        let aws = AwsAccount::fresh().expect("moto");
        let identity = connect(&aws).await.identity().await.expect("an identity");
        assert_eq!(identity.id, format!("aws:{}:{}", aws.id, aws.region));
        assert_eq!(identity.facts.get("partition").and_then(|p| p.as_str()), Some("aws"));
    }

    #[tokio::test]
    async fn the_lookup_gives_the_account() {
        let aws = AwsAccount::fresh().expect("moto");
        let answer = connect(&aws).await.lookup(CallerIdentity::NAME, &Map::new()).await.expect("an answer");
        assert_eq!(Caller::decode(&answer).expect("a caller").account, aws.id);
    }

    #[tokio::test]
    async fn credentials_of_another_account_are_refused() {
        let aws = AwsAccount::fresh().expect("moto");
        let connection = connect_with(&aws, [("account", "000000000001".into())]).await;
        let failure = connection.identity().await.expect_err("another account");
        assert_eq!(failure.kind, Kind::Credentials);
        assert_eq!(
            failure.message,
            format!("the credentials are for account {}, but the program says 000000000001", aws.id)
        );
    }

    #[tokio::test]
    async fn a_call_is_made_once_however_it_fails() {
        let aws = AwsAccount::fresh().expect("moto");
        let connection = connect(&aws).await;
        let lost = Fault::LoseResponse;
        let unwell = Fault::Status { status: 503, code: "ServiceUnavailable".into() };
        for fault in [lost, unwell, Fault::Throttle] {
            aws.mark().expect("the log");
            aws.fault("sts", "GetCallerIdentity", fault.clone()).expect("a rule");
            connection.identity().await.expect_err("a fault");
            assert_eq!(aws.calls().expect("the log").len(), 1, "{fault:?}");
        }
    }
}
