"""What a namespace holds, read through the real SDK from the double, and checked against what the SDK itself says."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from evals.servers.servicebus_atom import RULE_KEY
from evals.servers.servicebus_double import ServiceBusDouble
from tests.live.servicebus.world import RealWorld
from tools.brokers.servicebus import listing


def by_name(result: Any) -> dict[str, Any]:
    return {queue["name"]: queue for queue in result.data["queues"]}


async def test_counts_are_those_of_the_sdk(on: Callable[..., Any]) -> None:
    async with RealWorld() as world:
        await world.put("orders", 7)
        world.double.queues["orders"].dead, world.double.queues["orders"].scheduled = 3, 2
        said = await world.counts("orders")
        result = await on(world.url, world.options, "inspect_queue", queue="orders")
    assert {key: result.data[key] for key in said} == said == {"ready": 7, "dead": 3, "scheduled": 2}
    ready = next(e for e in result.evidence if e.metric == "queue.ready")
    assert (ready.value, ready.source) == (7, "GET /orders: ActiveMessageCount")
    assert ready.paste.startswith("az servicebus queue show")


async def test_topics_hold_what_is_scheduled_and_subscriptions_the_rest(
    call: Callable[..., Any], double: ServiceBusDouble
) -> None:
    double.topic("events", scheduled=4, settings={"MaxSizeInMegabytes": "2048"})
    double.subscription("events", "audit", active=9, dead=1)
    found = by_name(await call("inspect_broker"))
    topic, subscription = found["events"], found["events/audit"]
    assert (topic["kind"], topic["ready"], topic["scheduled"], topic["dead"]) == ("topic", None, 4, None)
    assert (topic["details"]["max_size_bytes"], topic["details"]["subscriptions"]) == (2 * 1024**3, 1)
    assert (subscription["kind"], subscription["ready"], subscription["scheduled"]) == ("subscription", 9, None)


async def test_dead_letters_are_counted_apart_and_are_queues_of_their_own(
    call: Callable[..., Any], double: ServiceBusDouble
) -> None:
    double.queue("orders", active=5, dead=3, transfer_dead=2)
    double.queue("calm", active=1)
    found = by_name(await call("inspect_broker"))
    assert set(found) == {"orders", "calm", "orders/$DeadLetterQueue", "orders/$Transfer/$DeadLetterQueue"}
    assert (found["orders"]["dead"], found["orders"]["details"]["transfer_dead_letter"]) == (3, 2)
    assert found["orders/$DeadLetterQueue"]["ready"] == 3
    assert found["orders/$DeadLetterQueue"]["details"]["dead_letter_of"] == "orders"
    assert found["orders/$Transfer/$DeadLetterQueue"]["ready"] == 2


async def test_settings_are_read_as_they_are_in_force(call: Callable[..., Any], double: ServiceBusDouble) -> None:
    double.queue("jobs", active=1, settings={
        "LockDuration": "PT5M", "MaxDeliveryCount": "3", "RequiresSession": "true", "Status": "ReceiveDisabled",
        "DefaultMessageTimeToLive": "P1DT2H", "DeadLetteringOnMessageExpiration": "true",
        "ForwardTo": "https://double.servicebus.windows.net/a/b", "ForwardDeadLetteredMessagesTo": "https://x/dead",
        "SizeInBytes": "1000", "AccessedAt": "0001-01-01T00:00:00Z",
    })  # fmt: skip
    queue = (await call("inspect_queue", queue="jobs")).data
    expected = {
        "lock_duration_s": 300, "max_delivery_count": 3, "requires_session": True, "status": "ReceiveDisabled",
        "default_ttl_s": 93_600, "dead_lettering_on_expiration": True, "forward_to": "a/b",
        "forward_dead_letters_to": "dead", "size_bytes": 1_000, "max_size_bytes": 1024**3, "accessed_at": None,
        "auto_delete_on_idle_s": None, "requires_duplicate_detection": False,
    }  # fmt: skip
    assert {key: queue["details"][key] for key in expected} == expected
    assert queue["paused"] is True


async def test_what_the_service_does_not_say_is_unknown_and_never_zero(
    call: Callable[..., Any], double: ServiceBusDouble
) -> None:
    double.queue("odd", active=1, settings={"Status": None, "SizeInBytes": "much", "LockDuration": "soon"},
                 absent={"DeadLetterMessageCount", "ScheduledMessageCount"})  # fmt: skip
    double.queue("fine", active=2)
    result = await call("inspect_broker")
    odd = by_name(result)["odd"]
    assert (odd["ready"], odd["dead"], odd["scheduled"], odd["paused"]) == (1, None, None, None)
    assert not {"size_bytes", "lock_duration_s", "status"} & odd["details"].keys()
    assert by_name(result)["fine"]["details"]["size_bytes"] == 512
    unknown = {(u.at.queue, u.field) for u in result.unknown}
    assert {
        ("odd", "dead"),
        ("odd", "scheduled"),
        ("odd", "paused"),
        (None, "in_flight"),
        (None, "consumers"),
    } <= unknown


@pytest.mark.parametrize("name", ["in_flight", "consumers", "retrying", "oldest_age_s"])
async def test_every_empty_number_has_its_reason(call: Callable[..., Any], double: ServiceBusDouble, name: str) -> None:
    double.queue("orders", active=1)
    result = await call("inspect_queue", queue="orders")
    assert result.data[name] is None
    assert [u.reason for u in result.unknown if u.field == name]


async def test_pages_are_read_once_each_and_no_further_than_needed(
    call: Callable[..., Any], double: ServiceBusDouble
) -> None:
    for number in range(250):
        double.queue(f"q{number:03}", active=number)
    result = await call("inspect_broker")
    assert (result.data["queues_total"], result.data["coverage"]["complete"]) == (250, True)
    assert by_name(result)["q249"]["ready"] == 249
    skips = sorted(
        int(query.split("$skip=")[1].split("&")[0]) for _, path, query in double.requests if "queues" in path
    )
    assert skips == [0, 100, 200]


async def test_a_cap_is_said_and_forbids_completeness(
    call: Callable[..., Any], double: ServiceBusDouble, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listing, "MOST_QUEUES", 200)
    for number in range(350):
        double.queue(f"q{number:03}")
    result = await call("inspect_broker")
    assert result.data["queues_total"] <= 300
    assert result.data["coverage"]["complete"] is False
    assert "servicebus_capped" in {w["code"] for w in result.data["warnings"]}


async def test_topics_without_subscriptions_are_not_asked(call: Callable[..., Any], double: ServiceBusDouble) -> None:
    double.topic("lonely")
    double.topic("events")
    double.subscription("events", "audit")
    await call("inspect_broker")
    assert [path for _, path, _ in double.requests if path.endswith("/subscriptions")] == ["/events/subscriptions"]


async def test_nothing_but_get_is_sent_and_no_rule_key_is_shown(
    call: Callable[..., Any], double: ServiceBusDouble
) -> None:
    double.queue("orders", active=1)
    shown = str((await call("inspect_broker")).model_dump())
    assert {method for method, _, _ in double.requests} == {"GET"}
    assert RULE_KEY not in shown
    assert double.key not in shown


async def test_measure_asks_for_what_it_watches_alone(call: Callable[..., Any], double: ServiceBusDouble) -> None:
    double.queue("orders", active=5)
    double.topic("events")
    double.subscription("events", "audit", active=6)
    result = await call("measure", queue="events/audit", seconds=1)
    assert [ready for _, ready in result.data["queues"][0]["points"]] == [6, 6, 6]
    assert [path for _, path, _ in double.requests if path == "/events/subscriptions/audit"] != []
    assert "/orders" not in {path for _, path, _ in double.requests}


async def test_names_with_slashes_keep_their_place(call: Callable[..., Any], double: ServiceBusDouble) -> None:
    for name in RealWorld.hostile:
        double.queue(name, active=len(name))
    result = await call("inspect_broker")
    assert {name: queue["ready"] for name, queue in by_name(result).items()} == {n: len(n) for n in RealWorld.hostile}
    watched = await call("measure", queue="a/b/c", seconds=1)
    assert watched.data["queues"][0]["points"][-1][1] == 5
