"""Queues: declared ones with and without consumers, priorities, prefixes, lists that nobody declared."""

from __future__ import annotations

import json
import subprocess

from .conftest import Lab, Opener, celery_of

SEPARATOR = "\x06\x16"


async def test_backlogs_that_nobody_consumes_are_found_with_evidence(lab: Lab, opened: Opener) -> None:
    # Given three queues with a backlog and no worker
    for queue, count in (("mail", 3), ("images", 2), ("video", 1)):
        for _ in range(count):
            lab.send(queue)
    # When
    result = await opened(lab.url).call("inspect_broker", {"target": "main"})
    # Then each is there, and that nobody consumes it is a fact
    assert result.data is not None
    records = {q["name"]: (q["framework"], q["ready"], q["consumers"]) for q in result.data["queues"]}
    assert records == {"mail": ("celery", 3, 0), "images": ("celery", 2, 0), "video": ("celery", 1, 0)}
    measured = {e.subject: (e.value, e.source) for e in result.evidence if e.metric == "queue.ready"}
    assert measured["main/mail"] == (3, "LLEN mail")
    assert {e.metric: e.value for e in result.evidence}["broker.consumer_clients"] == 0


async def test_priorities_are_summed_and_shown_each(lab: Lab, opened: Opener) -> None:
    for priority in (0, 3, 3, 9):
        lab.send("mail", priority=priority)
    result = await opened(lab.url).call("inspect_queue", {"target": "main", "queue": "mail"})
    assert result.data is not None
    assert result.data["ready"] == 4
    assert result.data["priorities"] == {"0": 1, "3": 2, "6": 0, "9": 1}
    assert {e.metric: e.value for e in result.evidence if "priority" in e.metric} == {
        "queue.priority.3": 2, "queue.priority.9": 1,
    }  # fmt: skip


async def test_the_command_to_paste_reads_the_same_list(lab: Lab, opened: Opener) -> None:
    lab.send("it's a queue", priority=3)
    result = await opened(lab.url).call("inspect_queue", {"target": "main", "queue": "it's a queue"})
    (evidence,) = [e for e in result.evidence if e.metric == "queue.priority.3"]
    # When a shell splits the command
    *program, command, key = words_of(evidence.paste or "")
    # Then its last words are the command and the key
    assert program == ["redis-cli", "-n", "0"]
    assert lab.client.execute_command(command, key) == evidence.value == 1


def words_of(command: str) -> list[str]:
    split = subprocess.run(["bash", "-c", f"printf '%s\\0' {command}"], check=True, capture_output=True)
    return split.stdout.decode().rstrip("\0").split("\0")


async def test_a_declared_queue_whose_list_is_absent_holds_nothing(lab: Lab, opened: Opener) -> None:
    lab.send("mail")
    lab.client.delete("mail")
    (record,) = (await celery_of(opened(lab.url))).queues
    assert (record.name, record.ready) == ("mail", 0)


async def test_a_priority_outside_the_configured_steps_is_counted_too(lab: Lab, opened: Opener) -> None:
    lab.send("mail")
    lab.client.lpush(f"mail{SEPARATOR}5", *(lab.client.lrange("mail", 0, -1) * 2))
    (record,) = (await celery_of(opened(lab.url))).queues
    assert record.ready == 3


async def test_a_list_of_messages_that_nobody_declared_is_celerys(lab: Lab, opened: Opener) -> None:
    # Given a message whose binding is lost, and a list of something else
    lab.send("orphan")
    lab.client.delete("_kombu.binding.orphan", "_kombu.binding_permanent.orphan")
    lab.client.lpush("log lines", *[json.dumps({"line": n}) for n in range(200)])
    # When
    result = await opened(lab.url).call("inspect_broker", {"target": "main"})
    # Then
    assert result.data is not None
    found = {q["name"]: (q["framework"], q["details"].get("declared")) for q in result.data["queues"]}
    assert found == {"orphan": ("celery", False), "log lines": (None, None)}


async def test_a_key_of_the_wrong_type_is_reported_and_not_fatal(lab: Lab, opened: Opener) -> None:
    # Given a declared queue whose key somebody overwrote with a string
    lab.send("mail")
    lab.send("images")
    lab.client.set("mail", "overwritten")
    runner = opened(lab.url)
    # When
    result = await runner.call("inspect_broker", {"target": "main"})
    # Then its depth is unknown, says why, and the other queue is read
    assert result.data is not None
    ready = {q["name"]: q["ready"] for q in result.data["queues"]}
    assert ready == {"mail": None, "images": 1}
    assert "celery_wrong_type" in {w["code"] for w in result.data["warnings"]}
    assert any(u.at.queue == "mail" and u.field == "ready" and "WRONGTYPE" in u.reason for u in result.unknown)
    assert (await celery_of(runner)).facts["wrong_type"] == ["mail"]


async def test_a_prefix_is_read_where_configured_and_found_where_not(lab: Lab, opened: Opener) -> None:
    lab.send("mail", prefix="shop:")
    for options in ({"prefix": "shop:"}, {}):
        result = await opened(lab.url, **options).call("inspect_queue", {"target": "main", "queue": "mail"})
        assert result.data is not None
        assert (result.data["ready"], result.data["namespace"]) == (1, "shop:")


async def test_tables_under_a_second_prefix_are_named_as_unread(lab: Lab, opened: Opener) -> None:
    lab.send("mail")
    lab.send("mail", prefix="shop:")
    result = await opened(lab.url).call("inspect_broker", {"target": "main"})
    assert [u.at.namespace for u in result.unknown if u.field == "queues"] == ["shop:"]


async def test_tables_that_may_not_be_read_are_unknown_and_nothing_is_called_complete(lab: Lab, opened: Opener) -> None:
    # Given a user who may not read sets
    lab.send("mail")
    lab.client.acl_setuser("blind", enabled=True, passwords=["+pw"], keys=["*"], channels=["*"],
                           commands=["+@all", "-smembers"])  # fmt: skip
    # When
    result = await opened(lab.url.replace("://", "://blind:pw@")).call("inspect_broker", {"target": "main"})
    # Then
    assert result.data is not None
    assert result.data["coverage"]["complete"] is False
    assert any(u.field == "queues" and "SMEMBERS" in u.reason for u in result.unknown)


async def test_a_redis_without_celery_has_no_celery(lab: Lab, opened: Opener) -> None:
    lab.client.set("cache:1", "x")
    result = await opened(lab.url).call("inspect_broker", {"target": "main"})
    assert result.data is not None
    assert result.data["frameworks"] == []
