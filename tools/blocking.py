"""Runs blocking SDK calls so that one that hangs can neither block the event loop nor keep the process alive.

`concurrent.futures` joins its threads at exit, so one hung socket would hang the process after its time-out was
reported. These threads are daemons: the interpreter leaves them behind.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


class DaemonExecutor(ThreadPoolExecutor):
    """At most `max_workers` calls at once, each in a daemon thread of its own.

    It extends `ThreadPoolExecutor` only because `loop.set_default_executor` insists on that type.
    """

    def __init__(self, max_workers: int = 8) -> None:
        super().__init__(max_workers=max_workers)
        self._slots = threading.BoundedSemaphore(max_workers)

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """Starts the call in a daemon thread; the future reports its result."""
        future: Future[T] = Future()

        def call() -> None:
            with self._slots:
                if not future.set_running_or_notify_cancel():
                    return
                try:
                    result = fn(*args, **kwargs)
                except BaseException as error:  # noqa: BLE001 - whatever it was belongs to the caller, not to this thread
                    future.set_exception(error)
                else:
                    future.set_result(result)

        threading.Thread(target=call, daemon=True, name="queuewright-blocking").start()
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Nothing to wait for: the threads are daemons."""
        super().shutdown(wait=False, cancel_futures=cancel_futures)


async def in_thread(executor: DaemonExecutor, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
    """Awaits a blocking call; cancelling the await leaves the thread to end by its own socket time-outs."""
    return await asyncio.wrap_future(executor.submit(fn, *args, **kwargs))
