"""A gRPC server that answers as Google does and the emulator cannot: statistics, times, pages, refusals.

It is generic: each call goes to `behave(call, request)`, which gives a protobuf message, or a status to end with.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent import futures
from typing import Any

import grpc
from google.cloud import tasks_v2, tasks_v2beta3

PARENT = "projects/my-project/locations/europe-west1"
Behaviour = Callable[[str, Any], Any]


class Status(Exception):
    """Ends the call so."""

    def __init__(self, code: grpc.StatusCode, message: str = "no") -> None:
        super().__init__(message)
        self.code, self.message = code, message


class FakeGoogle:
    """Attributes:
    queues: v2beta3 messages by id. tasks: v2 messages by queue id. seen: calls in their order, with the view.
    """

    def __init__(self) -> None:
        self.queues: dict[str, Any] = {}
        self.tasks: dict[str, list[Any]] = {}
        self.seen: list[str] = []
        self.behave: Behaviour = self.usual
        self.release = threading.Event()

    def queue(self, name: str, tasks: int = 0, **fields: Any) -> None:
        given = {"state": "RUNNING", "stats": {"tasks_count": tasks}} | fields
        self.queues[name] = tasks_v2beta3.Queue(name=f"{PARENT}/queues/{name}", **given)
        self.tasks[name] = [self.task(name, n) for n in range(tasks)]

    def task(self, queue: str, number: int | str, due_in_s: float = -60, **fields: Any) -> Any:
        request = fields.pop("http_request", {"url": "https://h.example/x?token=t0ken", "body": b'{"n": 1}'})
        return tasks_v2.Task(
            name=f"{PARENT}/queues/{queue}/tasks/{number}", http_request=request,
            schedule_time=_at(due_in_s), create_time=_at(-600), **fields,
        )  # fmt: skip

    def usual(self, call: str, request: Any) -> Any:
        if call == "v2beta3.ListQueues":
            page, token = _page(list(self.queues.values()), request)
            if "stats" not in request.read_mask.paths:
                page = [_without_stats(queue) for queue in page]
            return tasks_v2beta3.ListQueuesResponse(queues=page, next_page_token=token)
        if call.startswith("v2.ListTasks"):
            page, token = _page(self.tasks[request.parent.rpartition("/")[2]], request)
            return tasks_v2.ListTasksResponse(tasks=page, next_page_token=token)
        raise Status(grpc.StatusCode.UNIMPLEMENTED, "Method not found!")

    @property
    def url(self) -> str:
        return f"cloudtasks://my-project/europe-west1?endpoint_url=http://127.0.0.1:{self.port}"

    def __enter__(self) -> FakeGoogle:
        self._server = grpc.server(futures.ThreadPoolExecutor(max_workers=8))
        self._server.add_generic_rpc_handlers((_Handler(self),))
        self.port = self._server.add_insecure_port("127.0.0.1:0")
        self._server.start()
        return self

    def __exit__(self, *_exception: object) -> None:
        self.release.set()
        self._server.stop(0).wait()


class _Handler(grpc.GenericRpcHandler):
    def __init__(self, fake: FakeGoogle) -> None:
        self._fake = fake

    def service(self, handler_call_details: Any) -> Any:
        _, service, method = handler_call_details.method.split("/")
        version = service.split(".")[3]
        module = tasks_v2beta3 if version == "v2beta3" else tasks_v2
        kind = getattr(module, f"{method}Request")

        def answer(raw: bytes, context: grpc.ServicerContext) -> bytes:
            request = kind.deserialize(raw)
            full = method == "ListTasks" and request.response_view == tasks_v2.Task.View.FULL
            call = f"{version}.{method}{' FULL' if full else ''}"
            self._fake.seen.append(call)
            try:
                found = self._fake.behave(call, request)
            except Status as status:
                context.abort(status.code, status.message)
            return found if isinstance(found, bytes) else type(found).serialize(found)

        return grpc.unary_unary_rpc_method_handler(answer)


def _page(items: list[Any], request: Any) -> tuple[list[Any], str]:
    start = int(request.page_token or 0)
    following = start + request.page_size
    return items[start:following], str(following) if following < len(items) else ""


def _without_stats(queue: Any) -> Any:
    return tasks_v2beta3.Queue(name=queue.name, state=queue.state, rate_limits=queue.rate_limits)


def _at(seconds: float) -> dict[str, int]:
    moment = time.time() + seconds
    return {"seconds": int(moment), "nanos": int(moment % 1 * 1e9)}
