"""What a reading says of a broker, and what it admits not to know."""

from __future__ import annotations

import pytest

from tests.tools.brokers.rabbitmq.conftest import Read, gaps, queue
from tools.reading import EvidenceBook, address


async def test_counts_rates_and_settings_of_each_kind_of_queue(read: Read) -> None:
    # Given
    queues = [
        {"name": "mail", "ready": 5, "unacked": 2, "consumers": 1, "published": 90, "acked": 80, "ack_per_s": 3,
         "head_age_s": 120, "arguments": {"x-max-length": 100, "x-max-priority": 3}},
        {"name": "orders", "type": "quorum", "vhost": "shop", "ready": 6},
        {"name": "events", "type": "stream", "vhost": "shop", "ready": 7},
    ]  # fmt: skip
    policy = {"name": "short", "pattern": "mail", "definition": {"max-length": 50, "overflow": "reject-publish"}}
    # When
    reading = await read({"queues": queues, "policies": [policy]})
    # Then
    mail = queue(reading, "mail")
    assert [(r.kind, r.namespace, r.ready, r.in_flight) for r in reading.queues] == [
        ("classic", "/", 5, 2), ("quorum", "shop", 6, 0), ("stream", "shop", None, 0),
    ]  # fmt: skip
    assert mail.oldest_age_s == pytest.approx(120, abs=5)
    assert mail.details["settings"] == {"max_length": 50, "max_priority": 3, "overflow": "reject-publish"}
    assert mail.details["rates"]["ack"] == 3
    counters = reading.counters[address(mail)]
    assert (counters.arrived, counters.completed, counters.failed) == (90, 80, None)
    assert queue(reading, "events").details["retained"] == 7
    assert gaps(reading, "ready") == {"events": "rabbitmq_stream_ready"}


async def test_a_quorum_queue_has_the_default_delivery_limit_from_version_4_on(read: Read) -> None:
    queues = [{"name": "q", "type": "quorum"}]
    new, old = await read({"queues": queues, "version": "4.0.1"}), await read({"queues": queues, "version": "3.13.7"})
    assert queue(new, "q").details["settings"] == {"delivery_limit": 20}
    assert "settings" not in queue(old, "q").details


async def test_a_queue_that_was_not_counted_yet_is_unknown_and_never_0(read: Read) -> None:
    reading = await read({"queues": [{"name": "new", "type": "quorum", "ready": 3, "counted": False}]})
    record = queue(reading, "new")
    assert (record.ready, record.in_flight, record.consumers) == (None, None, None)
    assert reading.counters == {}
    assert gaps(reading, "ready") == gaps(reading, "in_flight") == {"new": "rabbitmq_uncounted"}
    assert reading.consumers[address(record)].count is None


async def test_many_queues_that_lack_a_number_share_one_reason(read: Read) -> None:
    reading = await read({"queues": [{"name": f"q{n}"} for n in range(60)]})
    (gap,) = [g for g in reading.gaps if g.field == "dead"]
    assert (gap.at.queue, gap.text.facts) == (None, {"count": 60})


@pytest.mark.parametrize("off", [{"stats_off": True}, {"rates_mode": "none"}])
async def test_a_server_that_keeps_no_rates_gives_depths_and_no_counters(read: Read, off: dict[str, object]) -> None:
    reading = await read({"queues": [{"name": "mail", "ready": 4, "published": 9}], **off})
    assert queue(reading, "mail").ready == 4
    assert reading.counters == {}


async def test_a_column_that_the_server_no_longer_knows_is_noticed(read: Read) -> None:
    reading = await read({"queues": [{"name": "a"}, {"name": "b"}], "lost_columns": ["durable", "arguments"]})
    (gap,) = [g for g in reading.gaps if g.field == "queues"]
    assert gap.text.facts == {"columns": "durable, arguments"}
    assert not reading.coverage.complete


async def test_one_virtual_host_where_the_url_names_one(read: Read) -> None:
    document = {"queues": [{"name": "a", "vhost": "/"}, {"name": "b", "vhost": "shop"}],
                "consumers": [{"queue": "a"}, {"queue": "b", "vhost": "shop"}]}  # fmt: skip
    reading = await read(document, vhost="shop")
    assert [r.name for r in reading.queues] == ["b"]
    assert list(reading.facts["consumers"]) == ["shop/b"]
    assert [row["vhost"] for row in reading.facts["connections"]] == []


async def test_alarms_stopped_nodes_and_queues_that_are_down_are_no_good_health(read: Read) -> None:
    node = {"name": "a"}
    calm = await read({"nodes": [node]})
    alarm = await read({"nodes": [{**node, "mem_alarm": True}]})
    split = await read({"nodes": [{**node, "partitions": ["b"]}]})
    stopped = await read({"nodes": [node, {"name": "b", "running": False}]})
    down = await read({"nodes": [node], "queues": [{"name": "q", "state": "down", "counted": False}]})
    vhost = await read({"nodes": [node], "vhosts": {"shop": "stopped"}})
    assert calm.health == "ok"
    assert {r.health for r in (alarm, split, stopped, down, vhost)} == {"degraded"}
    assert alarm.facts["alarms"] == [{"node": "a", "resource": "memory"}]


async def test_memory_is_that_of_the_node_nearest_to_its_limit(read: Read) -> None:
    nodes = [{"name": "a", "mem_used": 900, "mem_limit": 10_000}, {"name": "b", "mem_used": 800, "mem_limit": 1_000}]
    reading = await read({"nodes": nodes})
    assert (reading.memory.used_bytes, reading.memory.max_bytes) == (800, 1_000)


async def test_consumers_bring_their_prefetch_to_the_queue(read: Read) -> None:
    consumers = [{"queue": "mail", "prefetch": 10}, {"queue": "mail", "prefetch": 0}, {"queue": "mail", "ack": False}]
    states = [{"name": "p", "state": "blocked"}, {"name": "f", "state": "flow"}]
    reading = await read({"queues": [{"name": "mail"}], "consumers": consumers, "connections": states})
    assert queue(reading, "mail").consumers == 3
    assert queue(reading, "mail").details["prefetch"] == {
        "consumers": 3, "sum": 10, "unlimited": 1, "without_ack": 1,
    }  # fmt: skip
    assert reading.facts["connection_states"] == {"blocked": 1, "flow": 1, "running": 1}


async def test_every_number_has_its_evidence_with_a_command_that_only_reads(read: Read) -> None:
    # Given
    book = EvidenceBook()
    setting = {"x-dead-letter-exchange": "", "x-dead-letter-routing-key": "dead"}
    queues = [{"name": "o'b; $(id)", "ready": 5, "arguments": setting}, {"name": "dead", "ready": 2}]
    # When
    await read({"queues": queues}, book=book)
    # Then
    subject = "main///o'b; $(id)"
    assert {e.metric: e.value for e in book.items if e.subject == subject} == {
        "queue.ready": 5, "queue.in_flight": 0, "queue.consumers": 0, "queue.dead": 2, "queue.ack_rate": 0,
        "queue.publish_rate": 0, "queue.redeliver_rate": 0,
    }  # fmt: skip
    (ready,) = book.find("queue.ready", subject)
    assert ready.source == "GET /api/queues/%2F/o%27b%3B%20%24%28id%29: messages_ready"
    assert str(ready.paste).startswith("curl -s -u monitor 'http://localhost:15672/api/queues/%2F/o%27b")
    assert {e.metric for e in book.items} >= {"broker.memory_used", "broker.alarms", "broker.disk_free"}


async def test_only_the_largest_queues_have_evidence(read: Read) -> None:
    book = EvidenceBook()
    await read({"queues": [{"name": f"q{n}", "ready": n} for n in range(500)]}, book=book)
    assert [e.value for e in book.find("queue.ready")] == list(range(499, 299, -1))


async def test_a_restart_of_a_node_begins_a_new_epoch_of_the_counters(read: Read) -> None:
    from tools.brokers.rabbitmq import BROKER
    from tools.brokers.rabbitmq.stub import StubTransport, stub_session
    from tools.targets import parse_target

    document = {"queues": [{"name": "mail"}], "nodes": [{"name": "a", "uptime_s": 5_000}]}
    target = parse_target("main", "rabbitmq+stub:///world.yaml", {})
    session = stub_session(target, document)
    first = (await BROKER.read(session, EvidenceBook())).counters["//mail"].epoch
    # the clock and the way to the node differ a little each time
    session._transport = StubTransport(target, {**document, "nodes": [{"name": "a", "uptime_s": 5_002}]})
    again = (await BROKER.read(session, EvidenceBook())).counters["//mail"].epoch
    session._transport = StubTransport(target, {**document, "nodes": [{"name": "a", "uptime_s": 3}]})
    restarted = (await BROKER.read(session, EvidenceBook())).counters["//mail"].epoch
    assert first == again != restarted


async def test_a_server_without_statistics_says_nothing_of_clients_memory_and_policies_and_so_do_we(read: Read) -> None:
    # Given a disk alarm, a connection and a policy that such a server does not show
    policy = {"name": "dead", "pattern": ".*", "definition": {"dead-letter-exchange": "dlx"}}
    document = {
        "stats_off": True, "queues": [{"name": "mail", "ready": 4}], "policies": [policy],
        "nodes": [{"disk_alarm": True}], "connections": [{"name": "c"}],
    }  # fmt: skip
    # When
    reading = await read(document)
    # Then
    assert reading.facts["alarms"] == [{"node": "rabbit@stub", "resource": "disk"}]
    assert (reading.health, reading.memory.used_bytes) == ("degraded", None)
    assert [reading.facts[key] for key in ("connections", "connection_states", "channels", "consumers")] == [None] * 4
    assert {gap.field: gap.text.key for gap in reading.gaps if gap.text.key.endswith("_off")} == {
        "prefetch": "rabbitmq_lists_off", "channels": "rabbitmq_lists_off", "connections": "rabbitmq_lists_off",
        "consumers": "rabbitmq_stats_off", "dead": "rabbitmq_stats_off",
    }  # fmt: skip
