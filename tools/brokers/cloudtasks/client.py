"""Google's gRPC client behind a session: one channel per target, a deadline on every call, no hidden retries.

Credentials are Google's application default ones (GOOGLE_APPLICATION_CREDENTIALS, `gcloud auth application-default
login`, or the machine's service account). With `endpoint_url = "http://HOST:PORT"`, as of an emulator, none are used.
"""

from __future__ import annotations

import asyncio
import importlib.util
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from tools.blocking import DaemonExecutor, in_thread
from tools.brokers.cloudtasks.errors import error_of
from tools.brokers.cloudtasks.session import AT_ONCE
from tools.errors import AuthFailed, CallTimeout, MissingExtra, ProtocolMismatch, TargetError, Unreachable
from tools.targets import Target

RPC_TIMEOUT_S = 5.0
# Beyond the deadline of the RPC it covers the search for credentials, which may ask the machine's metadata service.
CALL_TIMEOUT_S = 7.0
# Twenty tasks of 1 MiB in the full view, and the frame.
MOST_BYTES = 32_000_000
HOST = "cloudtasks.googleapis.com"
_OPTIONS = (
    ("grpc.max_receive_message_length", MOST_BYTES),
    ("grpc.enable_retries", 0),
    # a pool of its own: two targets must not share a connection that one of them has broken
    ("grpc.use_local_subchannel_pool", 1),
)


class GrpcTransport:
    """Blocking calls in daemon threads."""

    def __init__(self, target: Target) -> None:
        self._target = target
        self._executor = DaemonExecutor(AT_ONCE)
        self._channel: Any = None
        self._clients: dict[str, Any] = {}
        self._lock = threading.Lock()

    async def call(self, call: str, request: Mapping[str, Any]) -> dict[str, Any]:
        """The answer as `session` describes it.

        Raises:
            TargetError: everything that can go wrong.
        """
        try:
            async with asyncio.timeout(CALL_TIMEOUT_S):
                return await in_thread(self._executor, self._blocking, call, dict(request))
        except TimeoutError:
            raise CallTimeout(
                "cloudtasks_timeout", target=self._target.name, call=call, seconds=CALL_TIMEOUT_S
            ) from None

    async def close(self) -> None:
        """Closes the channel."""
        channel, self._channel, self._clients = self._channel, None, {}
        if channel is not None:
            channel.close()
        self._executor.shutdown()

    def _blocking(self, call: str, request: dict[str, Any]) -> dict[str, Any]:
        from google.api_core.exceptions import GoogleAPICallError
        from google.auth.exceptions import GoogleAuthError

        version, _, method = call.partition(".")
        try:
            client = self._client(version)
            if method == "ListQueues":
                return _queues(client, request)
            return _tasks(client, request, full=method.endswith("FULL"))
        except GoogleAPICallError as error:
            raise self._translated(call, error) from None
        except GoogleAuthError as error:
            raise AuthFailed("cloudtasks_credentials", **self._facts(call, error)) from None
        except (ValueError, TypeError, AttributeError) as error:
            raise ProtocolMismatch("cloudtasks_mismatch", **self._facts(call, error)) from None
        except OSError as error:
            raise Unreachable("cloudtasks_unreachable", **self._facts(call, error)) from None

    def _facts(self, call: str, error: Exception) -> dict[str, Any]:
        return {"target": self._target.name, "call": call, "detail": f"{type(error).__name__}: {error}"[:1_000]}

    def _translated(self, call: str, error: Any) -> TargetError:
        status = error.grpc_status_code.name if error.grpc_status_code is not None else "UNKNOWN"
        return error_of(self._target.name, call, status, str(error.message or ""), RPC_TIMEOUT_S)

    def _client(self, version: str) -> Any:
        with self._lock:
            if self._channel is None:
                self._channel = _channel(self._target)
            if version not in self._clients:
                self._clients[version] = _opened(version, self._channel)
            return self._clients[version]


def _channel(target: Target) -> Any:
    import grpc
    from google.cloud.tasks_v2.services.cloud_tasks.transports import CloudTasksGrpcTransport

    parts = urlsplit(target.endpoint_url)
    if parts.scheme == "http":
        return grpc.insecure_channel(f"{parts.hostname}:{parts.port or 80}", options=_OPTIONS)
    authority = Path(target.tls_ca).read_bytes() if target.tls_ca else None
    trusted = {"ssl_credentials": grpc.ssl_channel_credentials(authority)} if authority else {}
    host = f"{parts.hostname}:{parts.port or 443}" if parts.hostname else f"{HOST}:443"
    return CloudTasksGrpcTransport.create_channel(host, options=_OPTIONS, **trusted)


def _opened(version: str, channel: Any) -> Any:
    if version == "v2":
        from google.cloud import tasks_v2
        from google.cloud.tasks_v2.services.cloud_tasks.transports import CloudTasksGrpcTransport

        return tasks_v2.CloudTasksClient(transport=CloudTasksGrpcTransport(channel=channel))
    from google.cloud import tasks_v2beta3
    from google.cloud.tasks_v2beta3.services.cloud_tasks.transports import (
        CloudTasksGrpcTransport as BetaTransport,
    )

    return tasks_v2beta3.CloudTasksClient(transport=BetaTransport(channel=channel))


def _queues(client: Any, request: dict[str, Any]) -> dict[str, Any]:
    if paths := request.pop("read_mask", None):
        request["read_mask"] = {"paths": paths}
    page = next(iter(client.list_queues(request=request, timeout=RPC_TIMEOUT_S, retry=None).pages))
    queues = [type(q).to_dict(q, use_integers_for_enums=False) for q in page.queues]
    return {"queues": queues, "next_page_token": page.next_page_token}


def _tasks(client: Any, request: dict[str, Any], *, full: bool) -> dict[str, Any]:
    request["response_view"] = "FULL" if full else "BASIC"
    page = next(iter(client.list_tasks(request=request, timeout=RPC_TIMEOUT_S, retry=None).pages))
    # The protobuf messages below Google's wrappers: a thousand tasks through the wrappers take a second.
    raw = type(page).pb(page)
    return {"tasks": [_task(task, full) for task in raw.tasks], "next_page_token": raw.next_page_token}


def _task(task: Any, full: bool) -> dict[str, Any]:
    last = task.last_attempt
    answered = last.HasField("response_time") or last.response_status.code != 0
    found = {
        "name": task.name,
        "schedule_time": _seconds(task, "schedule_time"),
        "create_time": _seconds(task, "create_time"),
        "dispatch_count": task.dispatch_count,
        "response_count": task.response_count,
        "last_code": last.response_status.code if answered else None,
    }
    if full:
        to_http = task.HasField("http_request")
        request = task.http_request if to_http else task.app_engine_http_request
        found |= {
            "url": task.http_request.url if to_http else request.relative_uri,
            "method": type(request).DESCRIPTOR.fields_by_name["http_method"].enum_type.values_by_number[
                request.http_method
            ].name,
            "body": bytes(request.body),
        }  # fmt: skip
    return found


def _seconds(task: Any, field: str) -> float | None:
    if not task.HasField(field):
        return None
    moment = getattr(task, field)
    return float(moment.seconds) + float(moment.nanos) / 1e9


def assert_installed() -> None:
    """Raises MissingExtra when Google's client is not there, without loading it."""
    try:
        found = importlib.util.find_spec("google.cloud.tasks_v2")
    except ModuleNotFoundError:
        found = None
    if found is None:
        raise MissingExtra(package="google-cloud-tasks", extra="cloudtasks")
