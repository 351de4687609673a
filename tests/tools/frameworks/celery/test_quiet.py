"""Asking the workers is only asking: what a consumer's connection does on the side, ours does not."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tools.brokers.redis.session import READING

from .conftest import Lab, Opener, celery_of, wait_until

# What a client says when it connects, and the words around a transaction and a script.
_FRAME = {"HELLO", "AUTH", "SELECT", "CLIENT", "PING", "MULTI", "EXEC", "SCRIPT", "EVALSHA", "TIME"}
# The table of deadlines that kombu keeps of the reply queues.
_DEADLINES = "_kombu.binding_deadlines"
LONG_AGO_S = 7_200


@contextmanager
def monitored(lab: Lab) -> Iterator[list[str]]:
    """Every command that the server executes within the block."""
    seen: list[str] = []
    with lab.client.monitor() as monitor:

        def listen() -> None:
            for row in monitor.listen():
                if row["command"] == "ECHO end of the block":
                    return
                seen.append(row["command"])

        thread = threading.Thread(target=listen)
        thread.start()
        lab.client.echo("start of the block")
        wait_until(lambda: "ECHO start of the block" in seen)
        yield seen
        lab.client.echo("end of the block")
        thread.join()


def foreign(command: str) -> bool:
    """Whether the command writes something that is not the control commands' own."""
    name, _, rest = command.partition(" ")
    if name.upper() in READING | _FRAME | {"ECHO"}:
        return False
    return "pidbox" not in rest and _DEADLINES not in rest


@pytest.fixture
def stopped(lab: Lab) -> Iterator[Lab]:
    """A worker stopped by a signal, with deliveries of long ago: it waits in vain and is deaf."""
    worker = lab.start("w1@lab", "mail")
    for _ in range(3):
        lab.send("mail", "lab.late_nap", 300)
    wait_until(lambda: lab.client.hlen("unacked") == 3)
    os.killpg(worker.pid, signal.SIGSTOP)
    for tag in lab.client.zrange("unacked_index", 0, -1):
        lab.client.zadd("unacked_index", {tag: time.time() - LONG_AGO_S})
    yield lab
    os.killpg(worker.pid, signal.SIGCONT)


async def test_waiting_for_a_silent_worker_gives_nothing_back_to_the_queue(stopped: Lab, opened: Opener) -> None:
    # Given deliveries older than the visibility timeout that kombu assumes where the application has a longer one
    held, waiting = stopped.client.hgetall("unacked"), stopped.client.lrange("mail", 0, -1)
    with monitored(stopped) as commands:
        found = await celery_of(opened(stopped.url))
    # Then the worker was asked and gave no answer, and nothing was written but the question
    assert [w.state for w in found.workers or []] == ["silent"]
    assert any(command.startswith("PUBLISH") for command in commands)
    assert [command for command in commands if foreign(command)] == []
    assert stopped.client.hgetall("unacked") == held
    assert stopped.client.lrange("mail", 0, -1) == waiting


async def test_asking_deletes_no_binding_that_nobody_refreshed(stopped: Lab, opened: Opener) -> None:
    # Given a table that kombu sweeps: its deadline is over
    stopped.client.sadd("_kombu.binding.old", "old\x06\x16\x06\x16old")
    stopped.client.zadd(_DEADLINES, {"old": 1.0})
    found = await celery_of(opened(stopped.url))
    assert found.facts["liveness"]["asked"]
    assert stopped.client.exists("_kombu.binding.old")
    assert stopped.client.zscore(_DEADLINES, "old") == 1.0
