"""What AWS refuses, in our own tree: one table of error codes for the real client and the stub.

Codes: botocore's service model of SQS, and "Common error types" of the SQS and CloudWatch API references.
"""

from __future__ import annotations

from typing import Any

from tools.asking import Throttled
from tools.errors import AuthFailed, Forbidden, TargetError, Unreachable, Unsupported

_AUTH = frozenset(
    {
        "InvalidClientTokenId", "UnrecognizedClientException", "SignatureDoesNotMatch", "InvalidSignatureException",
        "ExpiredToken", "ExpiredTokenException", "InvalidAccessKeyId", "MissingAuthenticationToken",
        "MissingAuthenticationTokenException", "IncompleteSignature", "IncompleteSignatureException", "AuthFailure",
        "RequestExpired", "InvalidSecurity", "InvalidToken",
    }
)  # fmt: skip
_DENIED = frozenset(
    {"AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "NotAuthorized", "KmsAccessDenied"}
)
_THROTTLED = frozenset(
    {
        "RequestThrottled", "RequestThrottledException", "Throttling", "ThrottlingException", "ThrottledException",
        "TooManyRequestsException", "RequestLimitExceeded", "SlowDown", "KmsThrottled", "OverLimit",
    }
)  # fmt: skip
_GONE = frozenset({"QueueDoesNotExist", "NonExistentQueue", "QueueDeletedRecently"})
_PREFIX = {"cloudwatch": "cloudwatch", "sqs": "sqs"}


class Gone(Unsupported):
    """The queue was deleted, or AWS hides that it may not be read."""


def permission_of(service: str, operation: str) -> str:
    """The IAM action that a call needs, such as `sqs:GetQueueAttributes`."""
    # ListDeadLetterSourceQueues and the others are actions of the same name.
    return f"{_PREFIX[service]}:{operation}"


def error_of(target: str, service: str, operation: str, code: str, message: str, status: int = 400) -> TargetError:
    """The error that stands for AWS' answer to one call. Facts: target, call, detail, permission."""
    permission = permission_of(service, operation)
    # Codes carry a name space in the query protocol: AWS.SimpleQueueService.NonExistentQueue
    short = code.rsplit(".", 1)[-1].rsplit("#", 1)[-1]
    detail = f"{short}: {message}" if message else short
    facts: dict[str, Any] = {"target": target, "call": operation, "detail": detail, "permission": permission}
    if short in _AUTH:
        return AuthFailed("sqs_auth_failed", **facts)
    if short in _THROTTLED:
        return Throttled("sqs_throttled", **facts)
    if short in _GONE:
        return Gone("sqs_refused", **facts)
    if short in _DENIED or status == 403:
        return Forbidden("sqs_forbidden", **facts)
    if status >= 500:
        return Unreachable("sqs_server_error", **facts)
    return Unsupported("sqs_refused", **facts)
