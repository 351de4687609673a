"""A real Celery application: a producer, worker processes, and tools called through the real runner."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path

import pytest
import redis
from celery import Celery

from tools.config import Config
from tools.contract import ToolResult
from tools.runner import Runner

__all__ = ["app", "call", "send", "wait_until", "workers"]


@pytest.fixture
def app(url: str) -> Iterator[Celery]:
    """A producer on the empty server."""
    producer = Celery("shop", broker=url, set_as_current=False)
    producer.conf.task_ignore_result = True
    yield producer
    producer.close()


@pytest.fixture
def send(app: Celery) -> Callable[..., None]:
    """Sends tasks by name."""

    def publish(queue: str, count: int = 1, seconds: float = 0.0, countdown: float | None = None) -> None:
        with app.connection_for_write() as connection, connection.channel() as channel:
            producer = app.amqp.Producer(channel, auto_declare=False)
            for _ in range(count):
                app.send_task("shop.nap", args=(seconds,), queue=queue, countdown=countdown, producer=producer)

    return publish


_APP = """
import time
from celery import Celery
app = Celery("shop", broker={url!r})
app.conf.update(task_ignore_result=True, task_acks_late={late}, worker_prefetch_multiplier={prefetch},
                worker_eta_task_limit={eta_limit})

@app.task(name="shop.nap")
def nap(seconds):
    time.sleep(seconds)
"""


class Workers:
    """Real worker processes, each a process group of its own, ended by its id."""

    def __init__(self, folder: Path, url: str, valkey: redis.Redis) -> None:
        self.folder, self.url, self.valkey = folder, url, valkey
        self.running: list[subprocess.Popen[bytes]] = []

    def start(
        self, queues: str, name: str = "w1", *, late: bool = False, prefetch: int = 4, eta_limit: int | None = None
    ) -> subprocess.Popen[bytes]:
        settings = {"late": late, "prefetch": prefetch, "eta_limit": eta_limit}
        (self.folder / f"shop_{name}.py").write_text(_APP.format(url=self.url, **settings))
        waiting = self.waiting()
        process = subprocess.Popen(
            [sys.executable, "-m", "celery", "-A", f"shop_{name}", "worker", "-Q", queues, "-n", f"{name}@test", "-P",
             "threads", "-c", "1", "--without-gossip", "--without-mingle", "--without-heartbeat", "-l", "ERROR"],
            cwd=self.folder, env=os.environ | {"PYTHONWARNINGS": "ignore"}, start_new_session=True,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        self.running.append(process)
        until(lambda: self.waiting() > waiting, "the worker waits for tasks")
        return process

    def signal(self, process: subprocess.Popen[bytes], number: int) -> None:
        os.killpg(process.pid, number)
        if number == signal.SIGKILL:
            process.wait(10)

    def stop(self) -> None:
        for process in self.running:
            if process.poll() is None:
                self.signal(process, signal.SIGKILL)

    def waiting(self) -> int:
        return sum(c["cmd"] == "brpop" and c["name"] != "queuewright" for c in self.valkey.client_list())


@pytest.fixture
def workers(tmp_path: Path, url: str, valkey: redis.Redis) -> Iterator[Workers]:
    found = Workers(tmp_path, url, valkey)
    yield found
    found.stop()
    until(lambda: found.waiting() == 0, "the workers' connections are closed")


def until(condition: Callable[[], object], what: str, seconds: float = 15.0) -> None:
    """Waits until the condition holds."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"waited in vain until {what}"
        time.sleep(0.02)


@pytest.fixture
def wait_until() -> Callable[..., None]:
    return until


@pytest.fixture
async def call(configured: Callable[..., Config], url: str) -> AsyncIterator[Callable[..., Awaitable[ToolResult]]]:
    """Calls a tool on target `main` through the real runner."""
    runner = Runner(configured(main=url))

    async def one(tool: str, lang: str = "en", **arguments: object) -> ToolResult:
        return await runner.call(tool, arguments, lang=lang)

    yield one
    await runner.close()
