"""Peeks over AMQP: `com.microsoft:peek-message` on the entity's management node, which locks and counts nothing.

The SDK opens a receiving link beside it; it grants that link no credit until somebody receives, which nobody does
here, so the service never delivers a message to it (a test watches the credit). An entity that requires sessions
refuses such a link without a session, and one with a session would lock it: those are refused by `broker.peek`.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from tools.blocking import DaemonExecutor, in_thread
from tools.brokers.servicebus.failures import SHAPE_ERRORS, amqp_translated, missing_extra
from tools.brokers.servicebus.session import PeekCall, Peeked, PeekState
from tools.errors import TargetError
from tools.targets import Target

# Of the SDK, and of the whole call with its closing.
PEEK_TIMEOUT_S = 5.0
CALL_TIMEOUT_S = 6.5
_STATES: dict[str, PeekState] = {"SCHEDULED": "scheduled", "DEFERRED": "deferred"}


def client_class(target: str) -> Any:
    """The SDK's AMQP client.

    Raises:
        MissingExtra: it is not installed.
    """
    try:
        from azure.servicebus.aio import ServiceBusClient
    except ImportError:
        raise missing_extra(target, "azure-servicebus") from None
    return ServiceBusClient


def open_client(make: Callable[..., Any], target: Target, address: str) -> Any:
    """A client that has not connected yet.

    Args:
        make: gives the SDK's client its credentials.
        address: of an emulator's AMQP without TLS; empty for the namespace.
    """
    # What the SDK logs on a failed close comes with a traceback, which Python would print where nobody listens.
    logging.getLogger("azure").addHandler(logging.NullHandler())
    options: dict[str, Any] = {"retry_total": 0, "auth_timeout": PEEK_TIMEOUT_S, "user_agent": "queuewright"}
    if target.tls_ca:
        options["connection_verify"] = target.tls_ca
    if address:
        return make(endpoint=address, behind=";UseDevelopmentEmulator=true", **options)
    return make(**options)


class ThreadedCredential:
    """A blocking credential for the SDK's asyncio client, whose own kind needs a package more."""

    def __init__(self, credential: Any, executor: DaemonExecutor) -> None:
        self._credential = credential
        self._executor = executor

    async def get_token(self, *scopes: str, **options: Any) -> Any:
        """A token, fetched in a thread."""
        return await in_thread(self._executor, lambda: self._credential.get_token(*scopes, **options))


async def peek(client: Any, target: str, call: PeekCall) -> list[Peeked]:
    """At most `call.limit` messages of any state, in order of their sequence numbers.

    Raises:
        TargetError: unreachable, time-out, the key may not listen, or the entity refuses.
    """
    from azure.core.exceptions import AzureError

    named = f"peek_messages({call.path!r}, max_message_count={call.limit}, sequence_number={call.from_sequence})"
    try:
        async with asyncio.timeout(CALL_TIMEOUT_S):
            return await _peek(client, call)
    except TargetError:
        raise
    except (AzureError, OSError, *SHAPE_ERRORS) as error:
        raise amqp_translated(error, target, named, CALL_TIMEOUT_S) from None


async def _peek(client: Any, call: PeekCall) -> list[Peeked]:
    if call.subscription:
        receiver = client.get_subscription_receiver(call.entity, call.subscription, sub_queue=call.sub_queue)
    else:
        receiver = client.get_queue_receiver(call.entity, sub_queue=call.sub_queue)
    abandon = _abandoning(receiver)
    try:
        found = await receiver.peek_messages(call.limit, sequence_number=call.from_sequence, timeout=PEEK_TIMEOUT_S)
        return [_peeked(message) for message in found]
    finally:
        try:
            await receiver.close()
        finally:
            abandon()


def _abandoning(receiver: Any) -> Callable[[], None]:
    """Ends connections that the SDK leaves open: it forgets one that broke off before its session began.

    It reaches into the SDK, with care: where a later version has other names, nothing is done.
    """
    made: list[Any] = []
    create: Callable[..., None] = getattr(receiver, "_create_handler", lambda *_: None)

    def kept(*arguments: Any) -> None:
        create(*arguments)
        made.append(getattr(receiver, "_handler", None))

    def abandon() -> None:
        for found in made:
            for name in ("_connection", "_transport", "writer", "transport"):
                found = getattr(found, name, None)
            if found is not None:
                found.abort()

    receiver._create_handler = kept
    return abandon


def _peeked(message: Any) -> Peeked:
    return Peeked(
        sequence=int(message.sequence_number or 0),
        state=_STATES.get(getattr(message.state, "name", ""), "active"),
        body=_body(message),
        message_id=_text(message.message_id),
        subject=_text(message.subject),
        session_id=_text(message.session_id),
        content_type=_text(message.content_type),
        enqueued_at=_iso(message.enqueued_time_utc),
        scheduled_at=_iso(message.scheduled_enqueue_time_utc),
        delivery_count=message.delivery_count,
        dead_letter_reason=_text(message.dead_letter_reason),
        dead_letter_description=_text(message.dead_letter_error_description),
        dead_letter_source=_text(message.dead_letter_source),
    )


def _body(message: Any) -> bytes:
    """The body's bytes; an AMQP value or sequence as JSON, which is how people read it."""
    body = message.body
    if message.body_type.name == "DATA":
        return b"".join(bytes(part) for part in body)
    return json.dumps(_plain(body if message.body_type.name == "VALUE" else list(body)), default=str).encode()


def _plain(value: Any) -> Any:
    """AMQP's strings come as bytes; the SDK has bounded how deep they nest."""
    if isinstance(value, dict):
        return {str(_plain(key)): _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else value


def _text(value: object) -> str | None:
    if value is None:
        return None
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


def _iso(moment: datetime | None) -> str | None:
    if moment is None:
        return None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return moment.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
