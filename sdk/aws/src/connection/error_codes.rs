//! What the error codes of AWS's services mean to the engine.
use purlin_core::driver::Kind;

/// What an error code means. Services of AWS use one word in several spellings, so families are told by their endings.
pub(super) fn kind_of(code: &str, status: Option<u16>) -> Kind {
    // Some services put `Client.` or a shape's namespace before the code.
    let code = code.rsplit_once('#').map_or(code, |(_, c)| c);
    let code = code.strip_prefix("Client.").unwrap_or(code);
    match code {
        "Throttling"
        | "ThrottlingException"
        | "ThrottledException"
        | "RequestThrottledException"
        | "RequestThrottled"
        | "TooManyRequestsException"
        | "ProvisionedThroughputExceededException"
        | "RequestLimitExceeded"
        | "BandwidthLimitExceeded"
        | "SlowDown"
        | "PriorRequestNotComplete"
        | "EC2ThrottledException" => Kind::Throttled,

        "ExpiredToken"
        | "ExpiredTokenException"
        | "InvalidClientTokenId"
        | "UnrecognizedClientException"
        | "AuthFailure"
        | "InvalidAccessKeyId"
        | "SignatureDoesNotMatch"
        | "InvalidSignatureException"
        | "TokenRefreshRequired"
        | "MissingAuthenticationToken"
        | "MissingAuthenticationTokenException"
        | "IncompleteSignature"
        | "RequestExpired"
        | "RequestTimeTooSkewed"
        | "InvalidToken" => Kind::Credentials,

        "AccessDenied"
        | "AccessDeniedException"
        | "UnauthorizedOperation"
        | "UnauthorizedAccess"
        | "NotAuthorized"
        | "AuthorizationError"
        | "OptInRequired" => Kind::Denied,

        "DependencyViolation"
        | "DeleteConflict"
        | "ResourceInUse"
        | "OperationAborted"
        | "ConditionalRequestConflict"
        | "ConcurrentModification"
        | "ConcurrentModificationException"
        | "EntityTemporarilyUnmodifiable"
        | "ConflictException"
        | "IncorrectState"
        | "InvalidGroup.InUse" => Kind::NotYet,

        "TooManyBuckets" => Kind::Quota,

        "InvalidSubnet.Conflict" | "BucketAlreadyOwnedByYou" => Kind::AlreadyExists,

        "InternalError"
        | "InternalFailure"
        | "InternalServerError"
        | "InternalServiceError"
        | "ServiceFailure"
        | "ServiceUnavailable"
        | "ServiceUnavailableException"
        | "Unavailable"
        | "RequestTimeout"
        | "RequestTimeoutException"
        | "DependencyTimeoutException"
        | "KMSInternalException" => Kind::Unavailable,

        _ if ends(
            code,
            &[
                "LimitExceeded",
                "LimitExceededException",
                "QuotaExceeded",
                "QuotaExceededException",
                "QuotaExceededFault",
            ],
        ) =>
        {
            Kind::Quota
        }
        _ if code.contains("AlreadyExists") || code.ends_with(".Duplicate") || code.starts_with("Duplicate") => {
            Kind::AlreadyExists
        }
        _ if code.starts_with("NoSuch")
            || ends(code, &["NotFound", "NotFoundException", "NotFoundFault", "NoSuchEntity"]) =>
        {
            Kind::NotFound
        }
        "" => kind_of_status(status),
        _ if status.is_some_and(|s| s >= 500 && s != 501) => Kind::Unavailable,
        _ => Kind::Invalid,
    }
}

/// For answers without a code, such as those to `HEAD`.
fn kind_of_status(status: Option<u16>) -> Kind {
    match status {
        Some(401 | 403) => Kind::Denied,
        Some(404) => Kind::NotFound,
        Some(429) => Kind::Throttled,
        Some(501) => Kind::Invalid,
        Some(s) if s >= 500 => Kind::Unavailable,
        _ => Kind::Invalid,
    }
}

fn ends(code: &str, endings: &[&str]) -> bool {
    endings.iter().any(|end| code.ends_with(end))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_says_what_kind() {
        for (status, code, kind) in [
            (503, "RequestLimitExceeded", Kind::Throttled),
            (503, "SlowDown", Kind::Throttled),
            (400, "ThrottlingException", Kind::Throttled),
            (403, "UnauthorizedOperation", Kind::Denied),
            (403, "ExpiredToken", Kind::Credentials),
            (401, "AuthFailure", Kind::Credentials),
            (400, "VpcLimitExceeded", Kind::Quota),
            (409, "LimitExceeded", Kind::Quota),
            (400, "LimitExceededException", Kind::Quota),
            (400, "InvalidVpcID.NotFound", Kind::NotFound),
            (404, "NoSuchEntity", Kind::NotFound),
            (404, "NoSuchBucket", Kind::NotFound),
            (400, "NotFoundException", Kind::NotFound),
            (409, "EntityAlreadyExists", Kind::AlreadyExists),
            (400, "AlreadyExistsException", Kind::AlreadyExists),
            (400, "InvalidGroup.Duplicate", Kind::AlreadyExists),
            (400, "InvalidPermission.Duplicate", Kind::AlreadyExists),
            (409, "BucketAlreadyExists", Kind::AlreadyExists),
            (400, "DependencyViolation", Kind::NotYet),
            (409, "DeleteConflict", Kind::NotYet),
            (500, "InternalError", Kind::Unavailable),
            (500, "SomethingNew", Kind::Unavailable),
            (400, "InvalidParameterValue", Kind::Invalid),
            (501, "NotImplemented", Kind::Invalid),
        ] {
            assert_eq!(kind_of(code, Some(status)), kind, "{code}");
        }
    }

    #[test]
    fn a_prefix_of_the_protocol_is_no_part_of_the_code() {
        assert_eq!(kind_of("Client.UnauthorizedOperation", Some(403)), Kind::Denied);
        assert_eq!(kind_of("com.amazonaws.kms#NotFoundException", Some(400)), Kind::NotFound);
    }

    #[test]
    fn without_a_code_the_status_decides() {
        for (status, kind) in
            [(403, Kind::Denied), (404, Kind::NotFound), (429, Kind::Throttled), (500, Kind::Unavailable)]
        {
            assert_eq!(kind_of("", Some(status)), kind);
        }
    }
}
