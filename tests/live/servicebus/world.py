"""Service Bus through the real SDK. No server of it runs outside a container, so what answers are the two doubles.

The name follows the other systems' worlds; nothing here proves anything about the service itself.
"""

from __future__ import annotations

import asyncio
import json
from contextlib import ExitStack
from types import TracebackType
from typing import Any

from azure.servicebus.management import ServiceBusAdministrationClient

from evals.servers.servicebus_amqp import DoubledMessage, ServiceBusAmqpDouble
from evals.servers.servicebus_double import ServiceBusDouble
from evals.servers.servicebus_keys import KEY_NAME
from tests.tools.brokers.servicebus.world import HOSTILE


class RealWorld:
    """`async with RealWorld() as world:` both doubles with the same key; `counts` asks the SDK's own client."""

    peeks = True
    empty_name = "no-such-queue"
    hostile = HOSTILE

    async def __aenter__(self) -> RealWorld:
        self._stack = ExitStack()
        self.double = self._stack.enter_context(ServiceBusDouble())
        self.amqp = self._stack.enter_context(ServiceBusAmqpDouble())
        self.options: dict[str, Any] = self.double.options
        self._admin = self._stack.enter_context(
            ServiceBusAdministrationClient.from_connection_string(
                f"Endpoint=sb://{self.double.endpoint.removeprefix('https://')}/;SharedAccessKeyName={KEY_NAME};"
                f"SharedAccessKey={self.double.key}",
                connection_verify=self.double.certificate,
            )
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    @property
    def url(self) -> str:
        return f"{self.double.url}?amqp_url={self.amqp.url}"

    async def put(self, queue: str, count: int) -> None:
        self.double.queue(queue, active=count)
        self.amqp.messages[queue] = [
            DoubledMessage(json.dumps({"n": n}).encode(), message_id=f"m{n}") for n in range(count)
        ]

    async def counts(self, queue: str) -> dict[str, int]:
        found = await asyncio.to_thread(self._admin.get_queue_runtime_properties, queue)
        return {
            "ready": found.active_message_count,
            "scheduled": found.scheduled_message_count,
            "dead": found.dead_letter_message_count,
        }
