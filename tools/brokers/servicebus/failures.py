"""What the SDK, HTTP and AMQP raise, in our error tree: with the target, the exact call and the service's own words."""

from __future__ import annotations

import re
import ssl
from functools import cache
from typing import Any

from tools.asking import Throttled
from tools.errors import (
    AuthFailed,
    CallTimeout,
    Forbidden,
    MissingExtra,
    ProtocolMismatch,
    TargetError,
    Unreachable,
    Unsupported,
)

# What the SDK and we raise on an answer of an unexpected shape.
SHAPE_ERRORS = (ValueError, AttributeError, TypeError, LookupError)
MOST_DETAIL = 400
# "Manage,EntityRead claims required for this operation", "'Send' claim(s) are required to perform this operation".
_CLAIM = re.compile(r"([\w,' ]*?)['\s]*claim(?:s|\(s\))?(?: are)? required", re.I)
# Sub-code 40100: the key or role is right and may not do this; other sub-codes of 401 are about the token itself.
_UNPERMITTED = re.compile(r"SubCode=40100|Unauthorized access for", re.I)
_THROTTLED = re.compile(r"\b500(?:0[0-9]|1[0-9])\b|throttl|server-?\s?busy|\bexceeded its request quota", re.I)
_DETAIL = re.compile(r"<Detail>(.*?)</Detail>", re.S)


@cache
def sdk_errors() -> tuple[type[Exception], ...]:
    """What one call through the SDK can raise. An odd answer can also break the SDK itself, hence the last ones."""
    import httpx
    from azure.core.exceptions import AzureError

    from tools.brokers.servicebus.wire import AnswerTooLarge

    return (AzureError, httpx.HTTPError, AnswerTooLarge, OSError, TimeoutError, *SHAPE_ERRORS)


def missing_extra(target: str, package: str) -> MissingExtra:
    """An SDK that is not installed; named with the extra that brings it."""
    return MissingExtra(target=target, call="import", package=package, extra="servicebus")


def translated(error: Exception, target: str, call: str, seconds: float) -> TargetError:
    """The error of one management call."""
    facts: dict[str, Any] = {"target": target, "call": call, "detail": _short(error)}
    if (status := getattr(error, "status_code", None)) is not None:
        return _refused(error, int(status), facts)
    return _broken(error, facts, seconds)


def amqp_translated(error: Exception, target: str, call: str, seconds: float) -> TargetError:
    """The error of one peek."""
    from azure.servicebus import exceptions as raised

    facts: dict[str, Any] = {"target": target, "call": call, "detail": _short(error)}
    if isinstance(error, raised.ServiceBusServerBusyError):
        return Throttled("servicebus_throttled", **facts)
    if isinstance(error, raised.ServiceBusAuthorizationError) or _CLAIM.search(_short(error)):
        return Forbidden("servicebus_listen", **facts)
    if isinstance(error, raised.ServiceBusAuthenticationError):
        return AuthFailed("servicebus_auth", **facts)
    if isinstance(error, (raised.OperationTimeoutError, raised.ServiceBusCommunicationError, TimeoutError)):
        kind = CallTimeout if not isinstance(error, raised.ServiceBusCommunicationError) else Unreachable
        return kind("servicebus_amqp_unreachable", seconds=seconds, **facts)
    if isinstance(error, (raised.MessagingEntityNotFoundError, raised.MessagingEntityDisabledError)):
        return Unsupported("servicebus_peek_refused", **facts)
    if isinstance(getattr(error, "inner_exception", error), SHAPE_ERRORS):
        return ProtocolMismatch("servicebus_amqp_mismatch", **facts)
    if isinstance(error, raised.ServiceBusError):
        return Unreachable("servicebus_amqp_unreachable", seconds=seconds, **facts)
    return _broken(error, facts, seconds)


def _refused(error: Exception, status: int, facts: dict[str, Any]) -> TargetError:
    """The service answered with an error status."""
    words = _words(error)
    facts["detail"] = f"HTTP {status}: {words}"[:MOST_DETAIL]
    if status == 429 or (status in {500, 503} and _THROTTLED.search(words)):
        return Throttled("servicebus_throttled", **facts)
    if status == 401 and not (_CLAIM.search(words) or _UNPERMITTED.search(words)):
        return AuthFailed("servicebus_auth", **facts)
    if status in {401, 403}:
        claim = _CLAIM.search(words)
        return Forbidden("servicebus_claim", claim=(claim.group(1).strip(" '") if claim else "") or "Manage", **facts)
    if status >= 500:
        return Unreachable("servicebus_failed", **facts)
    if status >= 300:
        return Unsupported("servicebus_rejected", **facts)
    return ProtocolMismatch("servicebus_mismatch", **facts)


def _broken(error: Exception, facts: dict[str, Any], seconds: float) -> TargetError:
    """No usable answer came at all."""
    import httpx
    from azure.core.exceptions import ClientAuthenticationError

    from tools.brokers.servicebus.wire import AnswerTooLarge

    if isinstance(error, ClientAuthenticationError):
        # azure-identity found no credential; its message lists what it tried.
        return AuthFailed("servicebus_no_credential", **facts)
    if isinstance(error, (TimeoutError, httpx.TimeoutException)):
        return CallTimeout("servicebus_timeout", seconds=seconds, **facts)
    if _tls(error):
        return ProtocolMismatch("servicebus_tls", **facts)
    if isinstance(error, (httpx.RemoteProtocolError, httpx.DecodingError, AnswerTooLarge)) and not _cut(error):
        return ProtocolMismatch("servicebus_mismatch", **facts)
    if isinstance(error, (httpx.HTTPError, OSError)):
        return Unreachable("servicebus_unreachable", **facts)
    return ProtocolMismatch("servicebus_mismatch", **facts)


def _words(error: Exception) -> str:
    """The service's words: the `Detail` of its error document, else the body or the reason of the status line."""
    response = getattr(error, "response", None)
    body = response.body().decode("utf-8", "replace") if response is not None else ""
    found = _DETAIL.search(body)
    return (found.group(1) if found else body or getattr(response, "reason", None) or "").strip()[:MOST_DETAIL]


def _short(error: BaseException) -> str:
    return " ".join((str(error) or type(error).__name__).split())[:MOST_DETAIL]


def _cut(error: BaseException) -> bool:
    return "disconnected" in str(error) or "peer closed" in str(error)


def _tls(error: BaseException) -> bool:
    seen: BaseException | None = error
    for _ in range(6):
        if isinstance(seen, ssl.SSLError) or "CERTIFICATE" in str(seen) or "[SSL" in str(seen):
            return True
        seen = seen.__cause__ or seen.__context__ if seen is not None else None
    return False
