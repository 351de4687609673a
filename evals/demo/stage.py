"""Sets the demo up and takes all of it down again, whatever happens."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import redis

ROOT = Path(__file__).resolve().parents[2]
BACKLOG = 1_200
PER_SECOND = 15
WORKER_STARTS_WITHIN_S = 30.0


@dataclass(frozen=True)
class Stage:
    """What is running: the broker's URL."""

    url: str


@contextmanager
def stage() -> Iterator[Stage]:
    """An embedded Redis, a worker for one of two queues, and a producer for both."""
    from evals.embedded_redis import EmbeddedRedis

    with EmbeddedRedis() as server:
        url = f"redis://127.0.0.1:{server.port}/0"
        os.environ["SHOP_BROKER"] = url
        worker = _start_worker(url)
        stop = threading.Event()
        producer = threading.Thread(target=_produce, args=(stop,), daemon=True)
        try:
            _await_worker(server.port, worker)
            producer.start()
            _await_depth(server.port)
            yield Stage(url)
        finally:
            stop.set()
            if producer.is_alive():
                producer.join(timeout=5)
            _end(worker)


def _start_worker(url: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "celery", "-A", "evals.demo.shop", "worker"]
    options = ["-n", "shop-1@demo", "-Q", "receipts", "-c", "2", "-l", "ERROR"]
    env = {**os.environ, "SHOP_BROKER": url, "PYTHONPATH": str(ROOT)}
    return subprocess.Popen(
        [*command, *options], env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
    )


def _await_worker(port: int, worker: subprocess.Popen[bytes]) -> None:
    client = redis.Redis(port=port)
    _until(
        lambda: any(row["cmd"] == "brpop" for row in client.client_list()) or worker.poll() is not None,
        "the Celery worker did not connect",
    )
    if worker.poll() is not None:
        raise RuntimeError(f"the Celery worker ended with code {worker.returncode}")


def _await_depth(port: int) -> None:
    client = redis.Redis(port=port)
    _until(lambda: int(client.llen("thumbnails")) >= BACKLOG, "the backlog did not appear")


def _until(condition: Callable[[], bool], failure: str) -> None:
    deadline = time.monotonic() + WORKER_STARTS_WITHIN_S
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(failure)
        time.sleep(0.05)


def _produce(stop: threading.Event) -> None:
    from evals.demo.shop import app

    with app.producer_pool.acquire(block=True) as producer:
        for picture in range(BACKLOG):
            app.send_task("shop.thumbnail", args=[picture], producer=producer)
        order = 0
        while not stop.wait(1 / PER_SECOND):
            order += 1
            app.send_task("shop.thumbnail", args=[BACKLOG + order], producer=producer)
            app.send_task("shop.receipt", args=[order], producer=producer)


def _end(worker: subprocess.Popen[bytes]) -> None:
    """Ends the worker and its children: they are one process group."""
    for sign, patience in ((signal.SIGTERM, 5), (signal.SIGKILL, 5)):
        try:
            os.killpg(worker.pid, sign)
            worker.wait(timeout=patience)
        except (ProcessLookupError, subprocess.TimeoutExpired):
            continue
