"""Long lists come in pages with columns, and end at a cap that is admitted."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from tests.tools.brokers.rabbitmq.conftest import Read
from tools.brokers.rabbitmq import BROKER, broker
from tools.brokers.rabbitmq.session import RabbitSession, Reply
from tools.brokers.rabbitmq.stub import StubDocument, StubTransport
from tools.reading import EvidenceBook, address
from tools.stubs import World
from tools.targets import parse_target

TARGET = parse_target("main", "rabbitmq+stub:///world.yaml", {})


class Recorded(StubTransport):
    """Remembers calls, and may change the world between pages."""

    calls: list[tuple[str, str, dict[str, str]]]

    async def send(self, method: str, path: str, query: Mapping[str, str], document: object = None) -> Reply:
        self.__dict__.setdefault("calls", []).append((method, path, dict(query)))
        reply = await super().send(method, path, query, document)
        if path == "/api/queues" and query["page"] == "1":
            self.after_first_page()
        return reply

    def after_first_page(self) -> None:
        """Nothing by default."""


def named(count: int) -> dict[str, Any]:
    return {"queues": [{"name": f"q{n:05d}", "ready": n} for n in range(count)]}


async def test_queues_are_read_in_pages_of_500_with_columns_and_nothing_is_asked_twice() -> None:
    transport = Recorded(TARGET, named(1_203))
    reading = await BROKER.read(RabbitSession(TARGET, transport), EvidenceBook())
    asked = [query for _, path, query in transport.calls if path == "/api/queues"]
    assert [query["page"] for query in asked] == ["1", "2", "3"]
    assert {query["page_size"] for query in asked} == {"500"}
    assert all("messages_ready" in query["columns"] for query in asked)
    assert sorted(record.ready or 0 for record in reading.queues) == list(range(1_203))
    assert reading.coverage.complete
    lists = ("queues", "connections", "channels")
    assert all("page" in query for _, path, query in transport.calls if path.split("/")[2] in lists)
    assert {method for method, _, _ in transport.calls} == {"GET"}


async def test_above_the_cap_the_rest_is_left_out_and_it_is_said(read: Read, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(broker, "MOST_QUEUES", 1_000)
    reading = await read(named(1_600))
    assert (reading.coverage.keys, reading.coverage.scanned, reading.coverage.complete) == (1_600, 1_000, False)
    assert [notice.key for notice in reading.notices] == ["rabbitmq_queues_capped"]


async def test_without_time_left_what_was_read_stays(read: Read, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(broker, "QUEUES_SECONDS", 0.0)
    reading = await read(named(1_600))
    assert (reading.coverage.scanned, reading.coverage.complete) == (500, False)


async def test_queues_that_vanish_between_two_pages_end_the_list() -> None:
    class Shrinking(Recorded):
        def after_first_page(self) -> None:
            self._world = World(TARGET, StubDocument, named(300))

    reading = await BROKER.read(RabbitSession(TARGET, Shrinking(TARGET, named(1_203))), EvidenceBook())
    assert (len(reading.queues), reading.coverage.complete) == (500, False)
    assert [notice.key for notice in reading.notices] == ["rabbitmq_queues_moved"]


async def test_a_queue_that_moves_to_the_next_page_is_listed_once_and_the_last_page_is_new() -> None:
    class Growing(Recorded):
        def after_first_page(self) -> None:
            queues = named(1_000)["queues"]
            self._world = World(TARGET, StubDocument, {"queues": [{"name": "first"}, *queues]})

    reading = await BROKER.read(RabbitSession(TARGET, Growing(TARGET, named(1_000))), EvidenceBook())
    assert len({address(record) for record in reading.queues}) == len(reading.queues) == 1_000
    assert "q00999" in {record.name for record in reading.queues}


async def test_depths_of_few_are_asked_one_by_one_and_of_many_by_pages() -> None:
    transport = Recorded(TARGET, named(700))
    session = RabbitSession(TARGET, transport)
    reading = await BROKER.read(session, EvidenceBook())
    transport.calls.clear()
    few = await BROKER.depths(session, reading, reading.queues[5:7])
    assert few == {"//q00005": 5, "//q00006": 6}
    assert [path for _, path, _ in transport.calls] == ["/api/queues/%2F/q00005", "/api/queues/%2F/q00006"]
    transport.calls.clear()
    many = await BROKER.depths(session, reading, reading.queues)
    assert many == {f"//q{n:05d}": n for n in range(700)}
    assert len(transport.calls) == 2


@pytest.mark.parametrize("name", [".", ".."])
async def test_the_depth_of_a_name_that_no_url_can_hold_is_read_from_the_list(name: str) -> None:
    session = RabbitSession(TARGET, StubTransport(TARGET, {"queues": [{"name": name, "ready": 3}]}))
    reading = await BROKER.read(session, EvidenceBook())
    assert await BROKER.depths(session, reading, reading.queues) == {f"//{name}": 3}


async def test_the_depth_of_a_queue_that_is_gone_is_unknown() -> None:
    transport = StubTransport(TARGET, named(3))
    session = RabbitSession(TARGET, transport)
    reading = await BROKER.read(session, EvidenceBook())
    transport._world = World(TARGET, StubDocument, named(2))
    assert await BROKER.depths(session, reading, reading.queues) == {"//q00000": 0, "//q00001": 1, "//q00002": None}
