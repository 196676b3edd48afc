//! [`failure`]: an error of the SDK, as the engine needs it: what kind, what it may have done, which call.
//!
//! Three cases decide everything. The request was never sent: nothing happened. The service answered with an error: its
//! code says what kind, and only a 5xx leaves doubt. The answer never came, or could not be read: nobody knows,
//! whatever the transport says about the reason.
use std::{error::Error, io, time::Duration};

use aws_credential_types::provider::error::CredentialsError;
use aws_smithy_runtime_api::client::{orchestrator::HttpResponse, result::SdkError};
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use purlin_core::driver::{ApiCall, Effect, Failure, Kind};

use super::error_codes::kind_of;

/// What an SDK's error means. `operation` is the API's name of the call: `CreateVpc`.
pub fn failure<E>(service: &'static str, operation: &'static str, error: SdkError<E, HttpResponse>) -> Failure
where
    E: ProvideErrorMetadata + Error + 'static,
{
    let mut call = ApiCall {
        service: service.to_owned(),
        operation: operation.to_owned(),
        request_id: None,
        code: error.code().map(ToOwned::to_owned),
        status: None,
    };
    let mut retry_after = None;
    if let Some(response) = error.raw_response() {
        let header = |name| response.headers().get(name);
        call.status = Some(response.status().as_u16());
        call.request_id = header("x-amzn-requestid").or_else(|| header("x-amz-request-id")).map(ToOwned::to_owned);
        retry_after = header("retry-after").and_then(|secs| secs.parse().ok()).map(Duration::from_secs);
    }
    let said = error.message().map(ToOwned::to_owned);
    let mut failure = match &error {
        SdkError::ConstructionFailure(_) => {
            Failure::new(Kind::Invalid, format!("the request is not complete: {}", causes(&error)))
        }
        SdkError::ServiceError(_) => answered(&call, said),
        SdkError::DispatchFailure(_) => not_delivered(&error),
        SdkError::TimeoutError(_) => lost("no answer in time", &error),
        _ => unreadable(&call, &error),
    };
    failure.retry_after = retry_after;
    failure.call(call)
}

/// A create refers to something that is not there: made a moment ago, it may only be unseen yet. The engine tries for a
/// while.
#[must_use]
pub fn unseen_is_not_yet(failure: Failure) -> Failure {
    match failure.kind {
        Kind::NotFound => Failure { kind: Kind::NotYet, ..failure },
        _ => failure,
    }
}

/// A policy names a role or user that was made a moment ago: services refuse it until IAM has spread the news.
#[must_use]
pub fn unseen_principal_is_not_yet(failure: Failure) -> Failure {
    let malformed = |call: &ApiCall| call.code.as_deref().is_some_and(|code| code.starts_with("MalformedPolicy"));
    if failure.call.as_ref().is_some_and(malformed) && failure.message.contains("principal") {
        Failure { kind: Kind::NotYet, ..failure }
    } else {
        failure
    }
}

/// A delete answered: what was not there to be deleted is deleted.
///
/// # Errors
/// Every failure but [`Kind::NotFound`].
pub fn absent_is_done<T>(outcome: Result<T, Failure>) -> Result<(), Failure> {
    match outcome {
        Err(failure) if failure.kind != Kind::NotFound => Err(failure),
        _ => Ok(()),
    }
}

/// A call that did succeed answered without something that it always has.
pub fn incomplete(service: &'static str, operation: &'static str, what: &str) -> Failure {
    Failure::new(Kind::Broken, format!("the answer has no {what}")).in_doubt().call(ApiCall {
        service: service.to_owned(),
        operation: operation.to_owned(),
        request_id: None,
        code: None,
        status: None,
    })
}

/// The service answered with an error.
fn answered(call: &ApiCall, said: Option<String>) -> Failure {
    let code = call.code.as_deref().unwrap_or_default();
    let kind = kind_of(code, call.status);
    let message = said.filter(|m| !m.is_empty()).unwrap_or_else(|| match (code, call.status) {
        ("", Some(status)) => format!("the service answered with HTTP status {status} and no reason"),
        ("", None) => "the service answered with an error and no reason".to_owned(),
        (code, _) => format!("the service answered {code}"),
    });
    let failure = Failure::new(kind, message);
    match kind {
        Kind::Unavailable => failure.in_doubt(),
        Kind::Denied => failure.help("`permissions` prints the least policy that this stack needs"),
        Kind::Quota => failure.help("use less, or ask for a higher limit (AWS console: Service Quotas)"),
        Kind::Credentials => failure.help("renew the credentials, such as with `aws sso login`, and run it again"),
        _ => failure,
    }
}

/// The request did not get through, or its answer did not.
fn not_delivered<E: Error + 'static>(error: &SdkError<E, HttpResponse>) -> Failure {
    if find::<CredentialsError>(error).is_some() || causes(error).contains("no identity resolver") {
        return Failure::new(Kind::Credentials, format!("no usable credentials: {}", causes(error))).help(
            "set `AWS_PROFILE`, or `AWS_ACCESS_KEY_ID` and `AWS_SECRET_ACCESS_KEY`, or log in with `aws sso login`",
        );
    }
    // A connection that was refused never carried a request. Of everything else that can break, nobody knows when it
    // broke.
    if find::<io::Error>(error).is_some_and(|e| e.kind() == io::ErrorKind::ConnectionRefused) {
        return Failure::new(Kind::Unavailable, format!("the endpoint refuses connections: {}", causes(error)))
            .help("check the region and, with an endpoint of your own, its address");
    }
    lost("the connection broke", error)
}

fn lost<E: Error + 'static>(what: &str, error: &SdkError<E, HttpResponse>) -> Failure {
    Failure::new(Kind::Unavailable, format!("{what}: {}", causes(error))).in_doubt()
}

/// An answer came and is not what the service's model says.
fn unreadable<E: Error + 'static>(call: &ApiCall, error: &SdkError<E, HttpResponse>) -> Failure {
    let refused = call.status.is_some_and(|s| (400..500).contains(&s) || s == 501);
    let kind = if refused { kind_of("", call.status) } else { Kind::Unavailable };
    let effect = if refused { Effect::None } else { Effect::Unknown };
    Failure { effect, ..Failure::new(kind, format!("the answer cannot be read: {}", causes(error))) }
}

/// The first cause of a type.
fn find<'a, T: Error + 'static>(error: &'a (dyn Error + 'static)) -> Option<&'a T> {
    chain(error).find_map(|e| e.downcast_ref::<T>())
}

fn chain<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |e| (*e).source())
}

/// What the SDK says in a chain of causes without saying anything.
const EMPTY_WORDS: [&str; 2] = ["other", NOT_ENABLED];
const NOT_ENABLED: &str = "the credential provider was not enabled";

/// All causes below the SDK's own word for the case, in one line, from the nearest to the farthest; without
/// repetitions.
fn causes(error: &(dyn Error + 'static)) -> String {
    let mut told: Vec<String> = Vec::new();
    for cause in chain(error).skip(1) {
        let text = cause.to_string();
        if !EMPTY_WORDS.contains(&text.as_str()) && !told.iter().any(|t| t.contains(&text)) {
            told.push(text);
        }
    }
    let told = if told.is_empty() { error.to_string() } else { told.join(": ") };
    // The list of places where credentials were looked for comes in lines, and says of each the same.
    let told = told.replace(&format!(": {NOT_ENABLED}"), "");
    told.lines().map(str::trim).collect::<Vec<_>>().join("; ").replace(":; ", ": ")
}

#[cfg(test)]
mod tests {
    use aws_smithy_runtime_api::{client::result::ConnectorError, http::StatusCode};
    use aws_smithy_types::{body::SdkBody, error::ErrorMetadata};
    use purlin_core::provider::Connection as _;
    use purlin_tests::{AwsAccount, Fault};

    use super::*;
    use crate::testing::{connect, connect_with};

    type Wrong = SdkError<ErrorMetadata, HttpResponse>;

    fn response(status: u16) -> HttpResponse {
        let status = StatusCode::try_from(status).expect("a status");
        let mut response = HttpResponse::new(status, SdkBody::empty());
        response.headers_mut().insert("x-amzn-requestid", "r-1");
        response
    }

    fn answer(status: u16, code: &str) -> Failure {
        let error = ErrorMetadata::builder().code(code).message("said so").build();
        failure("ec2", "CreateVpc", Wrong::service_error(error, response(status)))
    }

    #[test]
    fn only_an_unwell_service_leaves_doubt() {
        assert_eq!(answer(400, "VpcLimitExceeded").effect, Effect::None);
        assert_eq!(answer(503, "RequestLimitExceeded").effect, Effect::None);
        assert_eq!(answer(500, "InternalError").effect, Effect::Unknown);
    }

    #[test]
    fn the_call_is_named_whole() {
        let call = answer(400, "VpcLimitExceeded").call.expect("a call");
        assert_eq!(call.to_string(), "ec2:CreateVpc (VpcLimitExceeded, HTTP 400, request r-1)");
    }

    #[test]
    fn without_a_code_the_status_says_what_kind() {
        let bare = |status| {
            failure("s3", "HeadBucket", Wrong::service_error(ErrorMetadata::builder().build(), response(status)))
        };
        assert_eq!(bare(404).kind, Kind::NotFound);
        assert_eq!(bare(403).kind, Kind::Denied);
        assert_eq!(bare(404).message, "the service answered with HTTP status 404 and no reason");
    }

    #[test]
    fn an_answer_that_cannot_be_read_leaves_doubt() {
        let broken = |status| failure("iam", "CreateRole", Wrong::response_error("not XML", response(status)));
        assert_eq!((broken(200).kind, broken(200).effect), (Kind::Unavailable, Effect::Unknown));
        assert_eq!((broken(404).kind, broken(404).effect), (Kind::NotFound, Effect::None));
    }

    #[test]
    fn a_broken_connection_leaves_doubt_whatever_it_says() {
        let reset = || io::Error::from(io::ErrorKind::ConnectionReset);
        for error in [
            ConnectorError::io(reset().into()),
            ConnectorError::other(reset().into(), None),
            ConnectorError::timeout("late".into()),
        ] {
            let failure = failure("ec2", "CreateVpc", Wrong::dispatch_failure(error));
            assert_eq!((failure.kind, failure.effect), (Kind::Unavailable, Effect::Unknown));
        }
    }

    #[test]
    fn what_was_not_sent_did_nothing() {
        let refused = io::Error::from(io::ErrorKind::ConnectionRefused);
        let refused = failure("ec2", "CreateVpc", Wrong::dispatch_failure(ConnectorError::io(refused.into())));
        assert_eq!((refused.kind, refused.effect), (Kind::Unavailable, Effect::None));
        let none = CredentialsError::not_loaded(format!(
            "Attempted:\n  Profile: {NOT_ENABLED}\n  Token: {NOT_ENABLED}: unset"
        ));
        let none = failure("ec2", "CreateVpc", Wrong::dispatch_failure(ConnectorError::other(none.into(), None)));
        assert_eq!((none.kind, none.effect), (Kind::Credentials, Effect::None));
        assert_eq!(none.message, "no usable credentials: Attempted: Profile; Token: unset");
        let incomplete = failure("ec2", "CreateVpc", Wrong::construction_failure("no CIDR"));
        assert_eq!((incomplete.kind, incomplete.effect), (Kind::Invalid, Effect::None));
    }

    #[test]
    fn help_names_the_next_step() {
        let help = |code| answer(400, code).help.unwrap_or_default();
        assert!(help("UnauthorizedOperation").contains("`permissions`"));
        assert!(help("VpcLimitExceeded").contains("Service Quotas"));
        assert!(help("ExpiredToken").contains("aws sso login"));
    }

    #[tokio::test]
    async fn over_the_wire_a_lost_answer_and_a_lost_request_look_alike() {
        let aws = AwsAccount::fresh().expect("moto");
        let connection = connect(&aws).await;
        for fault in [Fault::LoseResponse, Fault::LoseRequest] {
            aws.fault("sts", "GetCallerIdentity", fault).expect("a rule");
            let failure = connection.identity().await.expect_err("no answer");
            assert_eq!((failure.kind, failure.effect), (Kind::Unavailable, Effect::Unknown));
        }
    }

    #[tokio::test]
    async fn over_the_wire_throttling_is_throttling() {
        let aws = AwsAccount::fresh().expect("moto");
        let connection = connect(&aws).await;
        aws.fault("sts", "GetCallerIdentity", Fault::Throttle).expect("a rule");
        let failure = connection.identity().await.expect_err("throttled");
        assert_eq!((failure.kind, failure.effect), (Kind::Throttled, Effect::None));
    }

    #[tokio::test]
    async fn over_the_wire_nobody_listens() {
        let aws = AwsAccount::fresh().expect("moto");
        // Bound and dropped: a port of our own that nobody else was given in the meantime.
        let free = std::net::TcpListener::bind("127.0.0.1:0").and_then(|l| l.local_addr()).expect("a port");
        let nobody = connect_with(&aws, [("endpoint", format!("http://{free}").into())]).await;
        let failure = nobody.identity().await.expect_err("nobody");
        assert_eq!((failure.kind, failure.effect), (Kind::Unavailable, Effect::None));
        assert!(failure.message.starts_with("the endpoint refuses connections: "), "{}", failure.message);
    }
}
