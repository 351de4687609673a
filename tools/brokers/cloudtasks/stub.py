r"""A Cloud Tasks that stands in memory, for evals and tests: the same session, the same calls, no server.

A target names its file as `cloudtasks+stub:///path/world.yaml` (absolute, else relative to the working directory); a
file that changes is read again. Everything below is optional; unknown words are an error that names file and key.

```yaml
fail: unreachable              # or timeout, auth_failed, forbidden: every call ends so
project: my-project
location: europe-west1
stats: true                    # false: only the v2 API is there, as with an emulator
deny:                          # permissions that are missing, for all queues or for one
  - cloudtasks.tasks.list logs
  - cloudtasks.tasks.fullView
throttle: [cloudtasks.tasks.list]          # calls beyond the quota, written the same way
queues:
  mail:
    state: running             # or paused, disabled
    ready: 10000               # due tasks
    scheduled: 3               # due in an hour, never dispatched
    retrying: 2                # due in five minutes, dispatched before, and answered with `code`
    code: 14                   # gRPC status of their last attempt (14: UNAVAILABLE)
    in_flight: 5               # what the statistics say
    growth_per_s: 2.5          # of `ready`; below zero it drains
    oldest_age_s: 900          # of the due task that waits longest
    executed_last_minute: 300
    effective_execution_rate: 20           # absent: the configured rate
    rate_limits: {max_dispatches_per_second: 50, max_concurrent_dispatches: 10, max_burst_size: 10}
    retry: {max_attempts: 8, max_retry_duration: 3600s, min_backoff: 5s, max_backoff: 600s, max_doublings: 5}
    tasks:                     # in addition, first in the list
      - {id: t1, body: '{"n": 1}', url: https://handler.example/work, method: POST, due_in_s: 0, created_s_ago: 60,
         dispatch_count: 3, response_count: 3, code: 5}
```
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any

from tools.brokers.cloudtasks.errors import PERMISSIONS, error_of
from tools.brokers.cloudtasks.session import TasksSession
from tools.brokers.cloudtasks.stub_document import StubDocument, StubQueue, StubTask
from tools.stubs import World
from tools.targets import Target

_FAILURES = {
    "unreachable": ("UNAVAILABLE", "failed to connect to all addresses; Connection refused"),
    "timeout": ("DEADLINE_EXCEEDED", "Deadline Exceeded"),
    "auth_failed": ("UNAUTHENTICATED", "Request had invalid authentication credentials."),
    "forbidden": ("PERMISSION_DENIED", "The principal lacks IAM permission for the resource."),
}
_RATES = {"max_dispatches_per_second": 500.0, "max_burst_size": 100, "max_concurrent_dispatches": 1_000}
_RETRY: dict[str, str | int] = {
    "max_attempts": 100, "max_retry_duration": "0s", "min_backoff": "0.100s", "max_backoff": "3600s",
    "max_doublings": 16,
}  # fmt: skip


class StubTransport:
    """Answers as Cloud Tasks would."""

    def __init__(self, target: Target, world: World[StubDocument]) -> None:
        self._target = target
        self._world = world
        self.document = world.current()

    async def call(self, call: str, request: Mapping[str, Any]) -> dict[str, Any]:
        """One answer.

        Raises:
            TargetError: as `fail`, `deny` and `throttle` say, or for what is not there.
        """
        self.document = self._world.current()
        name = self._target.name
        if self.document.fail:
            raise error_of(name, call, *_FAILURES[self.document.fail], seconds=5.0)
        queue = str(request["parent"]).partition("/queues/")[2]
        permission = PERMISSIONS[call]
        if {permission, f"{permission} {queue}"} & set(self.document.deny):
            said = f"The principal lacks IAM permission {permission!r} for the resource."
            raise error_of(name, call, "PERMISSION_DENIED", said)
        if {permission, f"{permission} {queue}"} & set(self.document.throttle):
            raise error_of(name, call, "RESOURCE_EXHAUSTED", "Quota exceeded for quota metric 'List requests'.")
        if call == "v2beta3.ListQueues" and not self.document.stats:
            raise error_of(name, call, "UNIMPLEMENTED", "Method not found!")
        if "ListQueues" in call:
            return self._list_queues(request, stats="v2beta3" in call)
        if queue not in self.document.queues:
            raise error_of(name, call, "NOT_FOUND", "Queue does not exist.")
        return self._list_tasks(request, queue, full=call.endswith("FULL"))

    async def close(self) -> None:
        """Nothing to give back."""

    def _queue(self, name: str) -> StubQueue:
        return self.document.queues[name] or StubQueue()

    def _ready(self, queue: StubQueue) -> int:
        return max(0, queue.ready + self._world.grown(queue.growth_per_s))

    def _list_queues(self, request: Mapping[str, Any], *, stats: bool) -> dict[str, Any]:
        names = list(self.document.queues)
        start = int(request.get("page_token") or 0)
        following = start + int(request["page_size"])
        queues = [self._message(str(request["parent"]), name, stats) for name in names[start:following]]
        return {"queues": queues, "next_page_token": str(following) if following < len(names) else ""}

    def _message(self, parent: str, name: str, stats: bool) -> dict[str, Any]:
        queue = self._queue(name)
        rates = _RATES | queue.rate_limits
        found: dict[str, Any] = {
            "name": f"{parent}/queues/{name}", "state": queue.state.upper(), "rate_limits": rates,
            "retry_config": _RETRY | queue.retry,
        }  # fmt: skip
        if stats:
            effective = queue.effective_execution_rate
            found["stats"] = {
                "tasks_count": str(self._ready(queue) + queue.scheduled + queue.retrying + len(queue.tasks)),
                "executed_last_minute_count": str(queue.executed_last_minute),
                "concurrent_dispatches_count": str(queue.in_flight),
                "effective_execution_rate": rates["max_dispatches_per_second"] if effective is None else effective,
            }
        return found

    def _list_tasks(self, request: Mapping[str, Any], name: str, *, full: bool) -> dict[str, Any]:
        start = int(request.get("page_token") or 0)
        following = start + int(request["page_size"])
        page = list(islice(self._tasks(self._queue(name)), start, following + 1))
        shown, more = page[: following - start], len(page) > following - start
        tasks = [_task(f"{request['parent']}/tasks/{t.id or start + i}", t, full) for i, t in enumerate(shown)]
        return {"tasks": tasks, "next_page_token": str(following) if more else ""}

    def _tasks(self, queue: StubQueue) -> Iterator[StubTask]:
        yield from queue.tasks
        for n in range(self._ready(queue)):
            yield StubTask(due_in_s=-queue.oldest_age_s if n == 0 else 0)
        yield from (StubTask(due_in_s=3_600) for _ in range(queue.scheduled))
        for _ in range(queue.retrying):
            yield StubTask(due_in_s=300, dispatch_count=1, response_count=1, code=queue.code)


def open_stub(target: Target) -> TasksSession:
    """A session over the queues that the target's YAML file describes.

    Raises:
        Unsupported: the file is missing, or says what this stub does not know.
    """
    return _session(target, World(target, StubDocument))


def stub_session(target: Target, document: Mapping[str, Any]) -> TasksSession:
    """The same from a mapping, for tests in code.

    Raises:
        Unsupported: the mapping says what this stub does not know.
    """
    return _session(target, World(target, StubDocument, document))


def _session(target: Target, world: World[StubDocument]) -> TasksSession:
    document = world.current()
    return TasksSession(target, StubTransport(target, world), document.project, document.location)


def _task(name: str, task: StubTask, full: bool) -> dict[str, Any]:
    now = time.time()
    found = {
        "name": name, "schedule_time": now + task.due_in_s, "create_time": now - task.created_s_ago,
        "dispatch_count": task.dispatch_count, "response_count": task.response_count, "last_code": task.code,
    }  # fmt: skip
    return found | ({"url": task.url, "method": task.method, "body": task.body.encode()} if full else {})
