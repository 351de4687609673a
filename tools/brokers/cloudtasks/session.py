"""An open Cloud Tasks. Every reader goes through `TasksSession`, which lets only reading calls pass.

Answers are plain dicts. A queue is its protobuf message as JSON with field names as in the API (`rate_limits`,
durations such as `"3600s"`, 64-bit numbers as strings); a task is short, because there are thousands: `name`,
`schedule_time` and `create_time` (Unix seconds or None), `dispatch_count`, `response_count`, `last_code` (gRPC status
of the last answered attempt or None), and in the full view `url`, `method`, `body` (bytes).
"""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from tools.asking import Asking
from tools.errors import AuthFailed, CallTimeout, ProtocolMismatch, TargetError, Unreachable
from tools.targets import Target

Answer = dict[str, Any]
# Listing does not dispatch, lease or hide a task.
READING = frozenset({"v2beta3.ListQueues", "v2.ListQueues", "v2.ListTasks", "v2.ListTasks FULL"})
AT_ONCE = 4
ASKING = Asking(AT_ONCE, (Unreachable, CallTimeout, AuthFailed, ProtocolMismatch))


class TasksTransport(Protocol):
    """What makes calls: Google's client, or the stub."""

    async def call(self, call: str, request: Mapping[str, Any]) -> Answer:
        """The answer with its `next_page_token`. Raises TargetError."""
        ...

    async def close(self) -> None:
        """Gives connections back."""
        ...


class TasksSession:
    """One project and location.

    Attributes:
        project, location: of the URL. parent: their resource name.
    """

    system = "cloudtasks"

    def __init__(self, target: Target, transport: TasksTransport, project: str, location: str) -> None:
        self.target = target
        self.project, self.location = project, location
        self._transport = transport

    @property
    def parent(self) -> str:
        """The resource that queues belong to."""
        return f"projects/{self.project}/locations/{self.location}"

    async def call(self, call: str, **request: Any) -> Answer:
        """One call.

        Raises:
            ValueError: a call that does not only read (a defect of ours).
            TargetError: what the service refused, or what concerns the connection.
        """
        if call not in READING:
            raise ValueError(f"not a reading call: {call}")
        return await self._transport.call(call, request)

    async def each(
        self, call: str, asked: Sequence[Mapping[str, Any]], deadline: float | None = None
    ) -> list[Answer | TargetError | None]:
        """The same call for each of these requests, at most `AT_ONCE` at a time. See `Asking.each`."""
        return await ASKING.each(lambda request: self.call(call, **request), asked, deadline)

    def command(self, *words: str) -> str:
        """A read-only gcloud command that a person can paste; credentials stay with their own configuration."""
        where = [f"--project={self.project}", f"--location={self.location}"]
        return shlex.join(["gcloud", "tasks", *words, *where])

    async def close(self) -> None:
        """Gives the connections back."""
        await self._transport.close()
