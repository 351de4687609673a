"""The one place that talks to Azure: the SDK's management client over our own bounded HTTP, and its AMQP peek.

The blocking SDK runs in daemon threads: its asyncio variant needs a package more and is no more bounded. Nothing is
retried in secret, no redirect is followed. The `azure` packages are imported when the first call is made.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any, TypeVar
from urllib.parse import urlsplit

from tools.blocking import DaemonExecutor, in_thread
from tools.brokers.servicebus.atom import entries
from tools.brokers.servicebus.failures import missing_extra, sdk_errors, translated
from tools.brokers.servicebus.session import PAGE, Entry, Feed, PeekCall, Peeked
from tools.errors import AuthFailed, TargetError, Unsupported
from tools.targets import Target

T = TypeVar("T")
# Of one call: connecting, a token where one is fetched, and the answer. Below the runner's 10 s.
CALL_TIMEOUT_S = 8.0
THREADS = 4
_NAMESPACE = ("name", "alias", "messaging_sku", "messaging_units", "namespace_type")


class ServiceBusClient:
    """A namespace behind one pool. With user-info in the URL it uses that shared access key, else azure-identity."""

    def __init__(self, target: Target) -> None:
        self._target = target
        self._executor = DaemonExecutor(THREADS)
        self._lock = threading.Lock()
        self._admin: Any = None
        self._amqp: Any = None

    async def namespace(self) -> Mapping[str, Any]:
        """`GET /$namespaceinfo`."""
        found = await self._run("get_namespace_properties", lambda admin: admin.get_namespace_properties())
        read = {name: getattr(found, name, None) for name in _NAMESPACE}
        return {name: getattr(value, "value", value) for name, value in read.items() if value is not None}

    async def feed(self, kind: Feed, skip: int = 0, topic: str | None = None) -> list[Entry]:
        """`GET /$Resources/queues`, `/$Resources/topics` or `/TOPIC/subscriptions`, one page."""
        call = f"list_{kind}({f'{topic!r}, ' if topic else ''}$skip={skip}, $top={PAGE})"

        def one(admin: Any) -> list[Entry]:
            listing = {
                "queues": admin.list_queues_runtime_properties,
                "topics": admin.list_topics_runtime_properties,
                "subscriptions": admin.list_subscriptions_runtime_properties,
            }[kind]
            named = (topic,) if topic else ()
            return _kept(lambda keep: next(listing(*named, start_index=skip, max_page_size=PAGE, cls=keep).by_page()))

        return await self._run(call, one)

    async def entry(self, name: str, subscription: str | None = None) -> Entry | None:
        """`GET /QUEUE` or `GET /TOPIC/subscriptions/SUBSCRIPTION`."""

        def one(admin: Any) -> list[Entry]:
            from azure.core.exceptions import ResourceNotFoundError

            get = admin.get_subscription_runtime_properties if subscription else admin.get_queue_runtime_properties
            named = (name, subscription) if subscription else (name,)
            try:
                return _kept(lambda keep: get(*named, cls=keep))
            except ResourceNotFoundError:
                return []

        found = await self._run(f"get({name!r}{f', {subscription!r}' if subscription else ''})", one)
        return found[0] if found else None

    async def peek(self, call: PeekCall) -> list[Peeked]:
        """`com.microsoft:peek-message` over AMQP.

        Raises:
            Unsupported: `endpoint_url` names a management API only, and the URL names no AMQP address.
        """
        from tools.brokers.servicebus import amqp

        address = _amqp_address(self._target)
        if self._amqp is None:
            kind = await in_thread(self._executor, amqp.client_class, self._target.name)
            make = self._connected(kind, "peek_messages", lambda found: amqp.ThreadedCredential(found, self._executor))
            self._amqp = amqp.open_client(make, self._target, address)
        return await amqp.peek(self._amqp, self._target.name, call)

    async def close(self) -> None:
        """Closes both pools; safe to call twice."""
        admin, amqp, self._admin, self._amqp = self._admin, self._amqp, None, None
        if admin is not None:
            admin.close()
        if amqp is not None:
            await amqp.close()
        self._executor.shutdown()

    async def _run(self, call: str, one: Callable[[Any], T]) -> T:
        try:
            async with asyncio.timeout(CALL_TIMEOUT_S):
                # The first call also imports the SDK, which takes half a second: not on the event loop.
                return await in_thread(self._executor, lambda: one(self._opened(call)))
        except TargetError:
            raise
        except sdk_errors() as error:
            raise translated(error, self._target.name, call, CALL_TIMEOUT_S) from None

    def _opened(self, call: str) -> Any:
        with self._lock:
            if self._admin is None:
                self._admin = self._open(call)
            return self._admin

    def _open(self, call: str) -> Any:
        # azure-identity tells at length what it tried, which Python would print where nobody listens.
        logging.getLogger("azure").addHandler(logging.NullHandler())
        try:
            from azure.servicebus.management import ServiceBusAdministrationClient

            from tools.brokers.servicebus.wire import Wire
        except ImportError:
            raise missing_extra(self._target.name, "azure-servicebus") from None
        try:
            wire = Wire(self._target.endpoint_url, self._target.tls_ca)
        except OSError as error:
            raise translated(error, self._target.name, call, CALL_TIMEOUT_S) from None
        make = self._connected(ServiceBusAdministrationClient, call)
        return make(transport=wire, retry_total=0, permit_redirects=False, user_agent="queuewright")

    def _connected(
        self, kind: Any, call: str, adapted: Callable[[Any], Any] = lambda found: found
    ) -> Callable[..., Any]:
        """Makes a client of that class with this target's credentials, `adapted` where azure-identity gives them."""
        host = f"{self._target.host}:{self._target.port}" if self._target.port else self._target.host
        name, key = self._target.username, self._target.password
        if not name or not key:
            credential = adapted(_default_credential(self._target, call))
            return lambda **options: kind(host, credential, **options)
        if ";" in name or ";" in key:
            raise AuthFailed("servicebus_key", target=self._target.name, call=call)
        return lambda endpoint=host, behind="", **options: kind.from_connection_string(
            f"Endpoint=sb://{endpoint}/;SharedAccessKeyName={name};SharedAccessKey={key}{behind}", **options
        )


class _Kept(Exception):
    """Ends a call of the SDK where its document is at hand."""


def _kept(ask: Callable[[Callable[..., Any]], Any]) -> list[Entry]:
    """The entries of the one document that a call of the SDK fetches.

    The SDK would go on to build its own objects, which takes most of the time of a page and fails as a whole where a
    single value is odd.
    """
    seen: list[list[Entry]] = []

    def keep(_response: Any, document: Any, _headers: Any) -> Any:
        seen.append(entries(document))
        raise _Kept

    with suppress(_Kept):
        ask(keep)
    return seen[0] if seen else []


def _default_credential(target: Target, call: str) -> Any:
    if urlsplit(target.endpoint_url).scheme == "http":
        raise Unsupported("servicebus_token_plain", target=target.name, call=call)
    try:
        from azure.identity import DefaultAzureCredential
    except ImportError:
        raise missing_extra(target.name, "azure-identity") from None
    return DefaultAzureCredential(process_timeout=5)


def _amqp_address(target: Target) -> str:
    """`HOST:PORT` of an emulator's AMQP without TLS; empty for port 5671 of the namespace itself."""
    named = target.query.get("amqp_url", "")
    if not named and not target.endpoint_url:
        return ""
    parts = urlsplit(named)
    if parts.scheme != "amqp" or not parts.hostname:
        raise Unsupported("servicebus_no_amqp", target=target.name, call="peek_messages")
    return f"{parts.hostname}:{parts.port or 5672}"
