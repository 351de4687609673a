"""A worker at work: what runs, what waits in it, and what is told apart."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest

from tools.frameworks.celery import control

from .conftest import Lab, Opener, celery_of, started_lab, wait_until


@pytest.fixture(scope="module")
def busy() -> Iterator[Lab]:
    """Two processes busy, one task acknowledged early and one late; one task waits for its time, one for its retry."""
    with started_lab() as lab:
        lab.start("w1@lab", "mail,late", concurrency=2)
        lab.send("mail", "lab.nap", 0, countdown=600)
        lab.send("mail", "lab.flaky")
        wait_until(lambda: any(b'"retries": 1' in value for value in lab.client.hvals("unacked")))
        lab.send("late", "lab.late_nap", 300)
        lab.send("mail", "lab.nap", 300)
        wait_until(lambda: len(lab.ask("w1@lab", "active") or ()) == 2 and lab.client.hlen("unacked") == 3)
        yield lab


async def test_eta_retry_late_and_early_tasks_are_told_apart(busy: Lab, opened: Opener) -> None:
    found = await celery_of(opened(busy.url))
    records = {r.name: r for r in found.queues}
    mail, late = records["mail"], records["late"]
    assert (mail.ready, mail.scheduled, mail.retrying, mail.in_flight) == (0, 1, 1, 1)
    assert (late.ready, late.scheduled, late.retrying, late.in_flight) == (0, 0, 0, 1)
    # the early one is in neither list nor hash: only the worker knows of it
    assert mail.details["in_flight"] == {"unacked": 0, "running_acknowledged_early": 1}
    assert late.details["in_flight"] == {"unacked": 1, "running_acknowledged_early": 0}


async def test_the_rules_get_their_facts(busy: Lab, opened: Opener) -> None:
    facts = (await celery_of(opened(busy.url))).facts
    unacked = facts["unacked"]
    assert unacked["by_queue"] == {
        "mail": {"total": 2, "eta": 2, "retries": 1},
        "late": {"total": 1, "eta": 0, "retries": 0},
    }
    assert (unacked["total"], unacked["eta"], unacked["retries"], unacked["held_by_nobody"]) == (3, 2, 1, 0)
    assert unacked["oldest_delivered_s"] >= 0
    liveness = facts["liveness"]
    assert (liveness["clients_known"], liveness["brpop"], liveness["answered"], liveness["expected"]) == (True, 1, 1, 1)
    assert facts["pidbox"] == ["w1@lab"]
    assert facts["exchanges"] == {"mail": "mail", "late": "late"}


async def test_who_consumes_is_a_fact_when_everybody_answered(busy: Lab, opened: Opener) -> None:
    # Given a queue that the worker does not consume
    busy.send("video")
    view = (await celery_of(opened(busy.url))).consumers
    assert (view["mail"].count, view["mail"].confidence, view["mail"].basis) == (1, "fact", "answered")
    assert (view["video"].count, view["video"].confidence, view["video"].basis) == (0, "fact", "answered")
    busy.client.delete("video", "_kombu.binding.video", "_kombu.binding_permanent.video")


async def test_workers_describe_themselves(busy: Lab, opened: Opener) -> None:
    result = await opened(busy.url).call("inspect_workers", {"target": "main"})
    assert result.data is not None
    (worker,) = result.data["workers"]
    assert (worker["id"], worker["host"], worker["state"]) == ("w1@lab", "lab", "running")
    assert (worker["concurrency"], worker["busy"], worker["queues"]) == (2, 2, ["late", "mail"])
    assert {(j["name"], j["queue"]) for j in worker["jobs"]} == {("lab.nap", "mail"), ("lab.late_nap", "late")}
    assert all(j["runtime_s"] >= 0 for j in worker["jobs"])
    # the contract's null is listed with its reason
    assert worker["heartbeat_age_s"] is None
    assert "heartbeat_age_s" in {u.field for u in result.unknown}
    assert len([e for e in result.evidence if e.metric == "worker.job_runtime_s"]) == 2


@pytest.mark.parametrize(
    ("state", "tasks"), [("scheduled", ["lab.nap"]), ("retry", ["lab.flaky"]), ("active", []), ("ready", [])]
)
async def test_peeking_shows_each_state_apart(busy: Lab, opened: Opener, state: str, tasks: list[str]) -> None:
    result = await opened(busy.url).call("peek_messages", {"target": "main", "queue": "mail", "state": state})
    assert result.data is not None
    assert [m["name"] for m in result.data["messages"]] == tasks
    assert result.status == ("ok" if tasks else "no_data")


async def test_a_control_command_leaves_no_key_and_no_connection(busy: Lab, opened: Opener) -> None:
    # Given all keys but the table of deadlines, which the reply queue's own expiry is written to
    def keys() -> dict[bytes, bytes]:
        return {k: busy.client.dump(k) for k in busy.client.keys("*") if k != b"_kombu.binding_deadlines"}

    before, runner = keys(), opened(busy.url)
    # When
    found = await celery_of(runner)
    # Then the worker was asked, and nothing of it stays
    assert found.facts["liveness"]["asked"]
    assert keys() == before
    await runner.close()
    wait_until(lambda: not any(row["name"] == "queuewright" for row in busy.client.client_list()))


async def test_without_permission_for_the_connections_who_consumes_is_a_hypothesis(busy: Lab, opened: Opener) -> None:
    # Given a user who may do everything but list the clients
    busy.client.acl_setuser("looker", enabled=True, passwords=["+pw"], keys=["*"], channels=["*"],
                            commands=["+@all", "-client|list"])  # fmt: skip
    found = await celery_of(opened(busy.url.replace("://", "://looker:pw@")))
    # Then what the worker answered is known, and that there are no others is not
    view = found.consumers["mail"]
    assert (view.count, view.confidence, view.basis) == (1, "hypothesis", "clients_denied")
    assert [w.id for w in found.workers or []] == ["w1@lab"]
    assert found.queues[0].consumers is None
    assert {g.field for g in found.gaps if g.text.key == "celery_clients_denied"} >= {"consumers", "in_flight"}
    assert found.facts["unacked"]["held_by_nobody"] is None


async def test_a_user_who_may_not_publish_leaves_the_workers_unknown(busy: Lab, opened: Opener) -> None:
    busy.client.acl_setuser("mute", enabled=True, passwords=["+pw"], keys=["*"], channels=["*"],
                            commands=["+@all", "-publish"])  # fmt: skip
    found = await celery_of(opened(busy.url.replace("://", "://mute:pw@")))
    assert found.workers is None
    assert "celery_control_failed" in {g.text.key for g in found.gaps}
    assert found.consumers["mail"].confidence == "hypothesis"


async def test_the_environment_of_another_celery_is_not_followed(
    busy: Lab, opened: Opener, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given a shell in which some other application's broker is set
    for name in ("CELERY_BROKER_URL", "CELERY_BROKER_READ_URL", "CELERY_BROKER_WRITE_URL"):
        monkeypatch.setenv(name, "redis://127.0.0.1:1/0")
    found = await celery_of(opened(busy.url))
    assert [w.state for w in found.workers or []] == ["running"]


async def test_our_own_connections_are_never_counted_as_consumers(busy: Lab, opened: Opener) -> None:
    # Given a control command of another call that still waits, with a BRPOP of ours, since one that heard is silent
    deaf = busy.client.pubsub()
    deaf.psubscribe("/0.celery.pidbox")
    asking = asyncio.create_task(control.ask(await opened(busy.url).open("main"), "", 1, fresh=True))
    await asyncio.to_thread(wait_until, lambda: busy.waiting() >= 2)
    # When
    found = await celery_of(opened(busy.url), workers=False)
    # Then it is left out, though it was there all the time
    assert found.facts["liveness"]["brpop"] == 1
    assert busy.waiting() >= 2
    assert (await asking).names == ["w1@lab"]
    deaf.close()
