"""Workers that are gone, and workers that do not answer: two different things."""

from __future__ import annotations

import os
import signal

from .conftest import Lab, Opener, celery_of, kill, wait_until


async def test_a_killed_worker_is_a_fact_and_what_it_held_is_counted(lab: Lab, opened: Opener) -> None:
    # Given a worker killed while it runs a task that it acknowledges late
    worker = lab.start("w1@lab", "mail")
    lab.send("mail", "lab.late_nap", 300)
    wait_until(lambda: lab.client.hlen("unacked") == 1)
    kill(worker)
    wait_until(lambda: not any(row["cmd"] == "brpop" for row in lab.client.client_list()))
    # When
    found = await celery_of(opened(lab.url))
    # Then nobody is there, nobody was asked, and the delivery belongs to nobody
    view = found.consumers["mail"]
    assert (view.count, view.confidence, view.basis) == (0, "fact", "no_client")
    assert found.workers == []
    assert found.facts["liveness"]["asked"] is False
    assert found.facts["unacked"]["held_by_nobody"] == 1
    # its mailbox outlives it, and does not make it a worker
    assert found.facts["pidbox"] == ["w1@lab"]


async def test_a_suspended_worker_is_silent_and_its_queue_unknown(lab: Lab, opened: Opener) -> None:
    # Given a worker that is stopped by a signal: connected, and deaf
    worker = lab.start("w1@lab", "mail")
    os.killpg(worker.pid, signal.SIGSTOP)
    lab.send("mail")
    runner = opened(lab.url)
    # When
    found = await celery_of(runner)
    record = await runner.call("inspect_queue", {"target": "main", "queue": "mail"})
    os.killpg(worker.pid, signal.SIGCONT)
    # Then nothing about it is zero
    assert [(w.id, w.state, w.busy) for w in found.workers or []] == [("w1@lab", "silent", None)]
    view = found.consumers["mail"]
    assert (view.count, view.confidence, view.basis) == (None, "hypothesis", "silent")
    assert record.data is not None
    assert (record.data["consumers"], record.data["in_flight"]) == (None, None)
    assert {"consumers", "in_flight"} <= {u.field for u in record.unknown}
    assert found.facts["unacked"]["held_by_nobody"] is None


async def test_a_live_worker_beside_a_killed_one_is_everybody(lab: Lab, opened: Opener) -> None:
    # Given two workers, of which the one with an unacknowledged task is killed
    dead = lab.start("dead@lab", "images")
    lab.send("images", "lab.late_nap", 300)
    wait_until(lambda: lab.client.hlen("unacked") == 1)
    lab.start("live@lab", "mail")
    kill(dead)
    wait_until(lambda: sum(1 for row in lab.client.client_list() if row["cmd"] == "brpop") == 1)
    # When
    found = await celery_of(opened(lab.url))
    # Then the live one answered, so what nobody has is lost
    assert [w.id for w in found.workers or []] == ["live@lab"]
    assert found.consumers["images"].count == 0
    assert found.consumers["images"].basis == "answered"
    assert found.facts["unacked"]["held_by_nobody"] == 1


async def test_a_worker_under_a_prefix_is_asked_under_it(lab: Lab, opened: Opener) -> None:
    lab.start("w1@lab", "mail", prefix="shop:")
    found = await celery_of(opened(lab.url, prefix="shop:"))
    assert [(w.id, w.queues) for w in found.workers or []] == [("w1@lab", ["mail"])]
