"""An open SQS. Every reader goes through `SqsSession`, which lets only reading calls pass.

`call` raises what went wrong; `each` makes the same call for many queues, a few at a time, and gives the error of one
queue as that queue's answer.
"""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from typing import Any, Protocol
from urllib.parse import urlsplit

from tools.asking import Asking
from tools.errors import TargetError
from tools.targets import Target

Answer = dict[str, Any]
# The only calls that a session makes: none of them changes a queue or a message, but for the one that peeking needs.
READING = frozenset(
    {"sqs:ListQueues", "sqs:GetQueueAttributes", "sqs:ListDeadLetterSourceQueues", "cloudwatch:GetMetricData"}
)
TOUCHING = frozenset({"sqs:ReceiveMessage"})
AT_ONCE = 8
ASKING = Asking(AT_ONCE)


class SqsTransport(Protocol):
    """What makes calls: boto3, or the stub."""

    async def call(self, service: str, operation: str, parameters: Mapping[str, Any]) -> Answer:
        """The answer as boto3 gives it. Raises TargetError."""
        ...

    async def close(self) -> None:
        """Gives connections back."""
        ...


class SqsSession:
    """One target's connections.

    Attributes:
        region: as the URL says; None leaves it to the machine's AWS configuration.
    """

    system = "sqs"

    def __init__(self, target: Target, transport: SqsTransport) -> None:
        self.target = target
        self.region = target.host or None
        self._transport = transport

    async def call(self, operation: str, service: str = "sqs", **parameters: Any) -> Answer:
        """One call.

        Raises:
            ValueError: a call that does not only read, or one that touches messages where the target does not allow it.
            TargetError: what AWS refused, or what concerns the connection.
        """
        action = f"{service}:{operation}"
        if action not in READING and not (action in TOUCHING and self.target.peek):
            raise ValueError(f"not a reading call: {action}")
        return await self._transport.call(service, operation, parameters)

    async def each(
        self, operation: str, asked: Sequence[Mapping[str, Any]], deadline: float | None = None
    ) -> list[Answer | TargetError | None]:
        """The same call for each of these parameters, at most `AT_ONCE` at a time. See `Asking.each`."""
        return await ASKING.each(lambda parameters: self.call(operation, **parameters), asked, deadline)

    def command(self, service: str, *words: str) -> str:
        """A read-only AWS command that a person can paste; credentials stay with their own configuration."""
        region = ["--region", self.region] if self.region else []
        endpoint = ["--endpoint-url", endpoint_of(self.target)] if self.target.endpoint_url else []
        return shlex.join(["aws", service, words[0], *region, *endpoint, *words[1:]])

    async def close(self) -> None:
        """Gives the connections back."""
        await self._transport.close()


def endpoint_of(target: Target) -> str:
    """The endpoint without user-info."""
    parts = urlsplit(target.endpoint_url)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()
