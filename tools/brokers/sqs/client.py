"""boto3 behind a session: one client per service and target, short time-outs, and errors in our own tree.

Credentials stand in the URL (`sqs://KEY:${SECRET}@eu-central-1`), else boto3's own chain finds them: environment,
`~/.aws` (`?profile=NAME` picks one), container or instance role. Temporary credentials come by that chain
too. The chain may ask the instance metadata service, once and for at most a second.
"""

from __future__ import annotations

import asyncio
import importlib.util
import json
import re
import threading
from collections.abc import Mapping
from typing import Any

from tools.blocking import DaemonExecutor, in_thread
from tools.brokers.sqs.errors import error_of
from tools.brokers.sqs.session import AT_ONCE, endpoint_of
from tools.errors import AuthFailed, CallTimeout, MissingExtra, ProtocolMismatch, TargetError, Unreachable, Unsupported
from tools.targets import Target

CONNECT_TIMEOUT_S = 3.0
READ_TIMEOUT_S = 4.0
# Of one call with its one repetition. Below the runner's 10 s, so that the error names the exact call.
CALL_TIMEOUT_S = 6.0
# Ten messages of 1 MiB, escaped, are the largest answer that SQS gives.
MOST_BYTES = 64_000_000
_REGION = re.compile(r"^[a-z]{2,}(-[a-z]+)+-\d+$")
_AWS_HOSTS = (".amazonaws.com", ".amazonaws.com.cn", ".api.aws")
_METHODS = {
    "ListQueues": "list_queues",
    "GetQueueAttributes": "get_queue_attributes",
    "ListDeadLetterSourceQueues": "list_dead_letter_source_queues",
    "ReceiveMessage": "receive_message",
    "GetMetricData": "get_metric_data",
}


class BotoTransport:
    """Calls in daemon threads with their own socket time-outs."""

    def __init__(self, target: Target) -> None:
        self._target = target
        self._executor = DaemonExecutor(AT_ONCE)
        self._clients: dict[str, Any] = {}
        self._lock = threading.Lock()

    async def call(self, service: str, operation: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """The answer as boto3 gives it.

        Raises:
            TargetError: everything that can go wrong.
        """
        try:
            async with asyncio.timeout(CALL_TIMEOUT_S):
                return await in_thread(self._executor, self._blocking, service, operation, parameters)
        except TimeoutError:
            raise CallTimeout("sqs_timeout", target=self._target.name, call=operation, seconds=CALL_TIMEOUT_S) from None

    async def close(self) -> None:
        """Closes the pools."""
        clients, self._clients = list(self._clients.values()), {}
        for client in clients:
            client.close()
        self._executor.shutdown()

    def _blocking(self, service: str, operation: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
        botocore = _exceptions()
        try:
            answer = getattr(self._client(service), _METHODS[operation])(**parameters)
        except botocore.ClientError as error:
            raise self._refused(service, operation, error.response) from None
        except (botocore.BotoCoreError, botocore.ResponseParserError) as error:
            raise self._failed(operation, error) from None
        except (AttributeError, KeyError, TypeError, ValueError, RecursionError) as error:
            # botocore walks into answers of another shape than its model's without a check
            raise self._mismatch(operation, f"{type(error).__name__}: {error}") from None
        if not isinstance(answer, dict):
            raise self._mismatch(operation, "no object")
        return answer

    def _client(self, service: str) -> Any:
        with self._lock:  # boto3 sessions are not thread-safe
            if service not in self._clients:
                self._clients[service] = self._opened(service)
            return self._clients[service]

    def _opened(self, service: str) -> Any:
        import boto3
        from botocore.config import Config

        target = self._target
        if target.host and not target.endpoint_url and not _REGION.match(target.host):
            raise Unsupported("sqs_region", target=target.name, region=target.host)
        if bool(target.username) != bool(target.password):
            raise AuthFailed("sqs_half_credentials", target=target.name, call="-", detail="-")
        config = Config(
            connect_timeout=CONNECT_TIMEOUT_S,
            read_timeout=READ_TIMEOUT_S,
            retries={"mode": "standard", "total_max_attempts": 2},
            max_pool_connections=AT_ONCE,
            user_agent_extra="queuewright",
        )
        session = boto3.Session(
            aws_access_key_id=target.username,
            aws_secret_access_key=target.password,
            region_name=target.host or None,
            profile_name=target.query.get("profile") or None,
        )
        client = session.client(
            service, config=config, endpoint_url=_endpoint(target, service), verify=target.tls_ca or None
        )
        client.meta.events.register("before-parse", _assert_whole)
        return client

    def _refused(self, service: str, operation: str, response: Mapping[str, Any]) -> TargetError:
        error = response.get("Error") or {}
        status = (response.get("ResponseMetadata") or {}).get("HTTPStatusCode")
        code, message = str(error.get("Code") or "Unknown"), str(error.get("Message") or "")[:1_000]
        return error_of(self._target.name, service, operation, code, message, status if status else 400)

    def _failed(self, operation: str, error: Exception) -> TargetError:
        botocore = _exceptions()
        facts: dict[str, Any] = {"target": self._target.name, "call": operation, "detail": str(error)[:1_000]}
        credentials = (
            botocore.NoCredentialsError, botocore.PartialCredentialsError, botocore.CredentialRetrievalError,
            botocore.ProfileNotFound, botocore.SSOError, botocore.TokenRetrievalError, botocore.ConfigParseError,
        )  # fmt: skip
        if isinstance(error, credentials):
            return AuthFailed("sqs_credentials", **facts)
        if isinstance(error, botocore.ConnectTimeoutError):
            return CallTimeout("sqs_timeout", seconds=CONNECT_TIMEOUT_S, **facts)
        if isinstance(error, botocore.ReadTimeoutError):
            return CallTimeout("sqs_timeout", seconds=READ_TIMEOUT_S, **facts)
        if isinstance(error, (botocore.NoRegionError, botocore.InvalidRegionError)):
            return Unsupported("sqs_region", region=self._target.host or "-", **facts)
        if isinstance(error, (botocore.SSLError, botocore.ResponseParserError)):
            return self._mismatch(operation, str(error)[:1_000])
        return Unreachable("sqs_unreachable", **facts)

    def _mismatch(self, operation: str, detail: str) -> TargetError:
        return ProtocolMismatch("sqs_mismatch", target=self._target.name, call=operation, detail=detail[:1_000])


def _endpoint(target: Target, service: str) -> str | None:
    """The given endpoint; CloudWatch is asked there too, unless it is an endpoint of AWS that serves SQS alone."""
    if not target.endpoint_url:
        return None
    url = endpoint_of(target)
    host = url.partition("://")[2].partition("/")[0].partition(":")[0]
    return None if service != "sqs" and host.endswith(_AWS_HOSTS) else url


def _assert_whole(operation_model: Any, response_dict: Mapping[str, Any], **_rest: Any) -> None:
    """Stops an answer that is no JSON object, or was cut: botocore reads either as an empty answer without queues."""
    body, headers = response_dict.get("body"), response_dict.get("headers") or {}
    if response_dict.get("status_code", 0) >= 300 or operation_model.service_model.resolved_protocol != "json":
        return
    body = body if isinstance(body, bytes) else b""
    expected = str(headers.get("content-length", ""))
    if expected.isdecimal() and int(expected) != len(body):
        raise _exceptions().IncompleteReadError(actual_bytes=len(body), expected_bytes=expected)
    if len(body) > MOST_BYTES:
        raise _exceptions().ResponseParserError(f"an answer of {len(body)} bytes")
    try:
        whole = isinstance(json.loads(body), dict)
    except (ValueError, RecursionError):
        whole = False
    if not whole:
        raise _exceptions().ResponseParserError(f"no JSON object but {body[:80]!r}")


def _exceptions() -> Any:
    """botocore's exceptions with the parser's, as one name space."""
    from types import SimpleNamespace

    import botocore.exceptions
    import botocore.parsers

    return SimpleNamespace(**vars(botocore.exceptions), ResponseParserError=botocore.parsers.ResponseParserError)


def assert_installed() -> None:
    """Raises MissingExtra when boto3 is not there, without loading it."""
    if importlib.util.find_spec("boto3") is None:
        raise MissingExtra(package="boto3", extra="sqs")
