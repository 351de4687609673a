"""Connections and mailboxes that disagree: nothing is declared absent that may be there."""

from __future__ import annotations

import pytest

from tools.frameworks.celery import control

from .conftest import Lab, Opener, celery_of, wait_until


async def test_two_workers_with_one_node_name_are_both_heard(lab: Lab, opened: Opener) -> None:
    # Given two processes behind one mailbox, each with a queue of its own and a task in its hands
    lab.start("w1@lab", "mail")
    lab.start("w1@lab", "video")
    wait_until(lambda: lab.waiting() == 2)
    for queue in ("mail", "video"):
        lab.send(queue, "lab.late_nap", 300)
    wait_until(lambda: lab.client.hlen("unacked") == 2)
    # When
    found = await celery_of(opened(lab.url))
    # Then both queues are consumed, both deliveries are in somebody's hands, and what is told apart by name is unknown
    assert {name: (v.count, v.confidence) for name, v in found.consumers.items()} == {
        "mail": (1, "fact"), "video": (1, "fact"),
    }  # fmt: skip
    assert found.facts["unacked"]["held_by_nobody"] == 0
    assert (found.facts["liveness"]["answered"], found.facts["liveness"]["expected"]) == (2, 2)
    (worker,) = found.workers or []
    assert (worker.queues, worker.busy, worker.pid, worker.concurrency) == (["mail", "video"], 2, None, None)
    assert "celery_duplicate_nodes" in {n.key for n in found.notices}


async def test_a_worker_without_remote_control_leaves_its_queue_unknown(lab: Lab, opened: Opener) -> None:
    # Given a worker that answers, and one that cannot be asked
    lab.start("w1@lab", "mail")
    lab.start("mute@lab", "video", remote_control=False)
    for queue in ("mail", "video"):
        lab.send(queue, "lab.late_nap", 300)
    wait_until(lambda: lab.client.hlen("unacked") == 2)
    # When
    found = await celery_of(opened(lab.url))
    # Then who answered is known, and nothing is said to be absent
    assert [w.id for w in found.workers or []] == ["w1@lab"]
    view = found.consumers
    assert (view["mail"].count, view["mail"].confidence) == (1, "hypothesis")
    assert (view["video"].count, view["video"].confidence, view["video"].basis) == (None, "hypothesis", "silent")
    records = {r.name: r for r in found.queues}
    assert (records["video"].consumers, records["video"].in_flight) == (None, None)
    assert found.facts["unacked"]["held_by_nobody"] is None
    assert (found.facts["liveness"]["answered"], found.facts["liveness"]["expected"]) == (1, 2)
    assert "celery_silent" in {g.text.key for g in found.gaps if g.field == "consumers"}


async def test_mailboxes_that_outlived_their_workers_cost_no_waiting(
    lab: Lab, opened: Opener, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given a worker, bindings of killed ones, and a time-out that would end the whole question
    lab.start("w1@lab", "mail")
    for number in range(3):
        lab.client.sadd("_kombu.binding.celery.pidbox", f"\x06\x16\x06\x16dead{number}@lab.celery.pidbox")
    monkeypatch.setattr(control, "REPLY_TIMEOUT_S", 60.0)
    found = await celery_of(opened(lab.url))
    # Then the living one is everybody
    assert [(w.id, w.state) for w in found.workers or []] == [("w1@lab", "idle")]
    assert (found.consumers["mail"].count, found.consumers["mail"].basis) == (1, "answered")
