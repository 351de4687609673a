"""Which messages a peek shows, and what of them."""

from __future__ import annotations

import gzip
import json
import pickle
from typing import Any

import pytest

from tools.brokers.kafka import BROKER
from tools.brokers.kafka.peeking import summary
from tools.brokers.kafka.session import Record
from tools.brokers.kafka.stub import stub_session
from tools.contract import MessageSummary
from tools.errors import Forbidden, Unsupported
from tools.reading import EvidenceBook, Peek
from tools.targets import Target


async def peeked(target: Target, document: dict[str, Any], limit: int = 5, state: Any = "ready") -> list[str | None]:
    session = stub_session(target, document)
    reading = await BROKER.read(session, EvidenceBook())
    return [m.id for m in await BROKER.peek(session, reading, Peek("t", state, limit))]


async def test_what_the_largest_group_reads_next_is_shown(target: Target) -> None:
    document = {"topics": {"t": {"messages": 10}}, "groups": {"g": {"committed": {"t": {0: 6}}}}}
    assert await peeked(target, document, 3) == ["0/6", "0/7", "0/8"]


async def test_without_a_group_the_newest_are_shown(target: Target) -> None:
    assert await peeked(target, {"topics": {"t": {"messages": 10}}}, 3) == ["0/7", "0/8", "0/9"]


async def test_where_nothing_waits_nothing_is_shown(target: Target) -> None:
    document = {"topics": {"t": {"messages": 10}}, "groups": {"g": {"committed": {"t": {0: 10}}}}}
    assert await peeked(target, document) == []


async def test_partitions_share_the_limit_and_what_one_lacks_goes_to_the_others(target: Target) -> None:
    partitions = [{"end": 1}, {"end": 100}, {"end": 0}, {"end": 100, "leader": None}]
    document = {"topics": {"t": {"partitions": partitions}}, "groups": {"g": {"committed": {"t": {0: 0}}}}}
    assert sorted(str(one) for one in await peeked(target, document, 4)) == ["0/0", "1/0", "1/1", "1/2"]


@pytest.mark.parametrize("state", ["scheduled", "retry", "dead", "active"])
async def test_a_log_has_no_other_state(target: Target, state: str) -> None:
    with pytest.raises(Unsupported):
        await peeked(target, {"topics": {"t": {}}}, state=state)


async def test_a_refused_read_is_forbidden(target: Target) -> None:
    with pytest.raises(Forbidden):
        await peeked(target, {"topics": {"t": {"messages": 1}}, "deny": ["fetch"]})


class Bomb:
    """Would leave a trace when unpickled."""

    def __reduce__(self) -> tuple[Any, tuple[str]]:
        return exec, ("raise SystemExit",)


def said(value: bytes | None, key: bytes | None = None, timestamp: int | None = 0) -> MessageSummary:
    return summary(Record("t", 0, 1, timestamp, key, value, ("trace-id",)))


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b'{"password": "hunter2", "n": 1}', '"n": 1'),
        (pickle.dumps(Bomb()), "pickle"),
        (gzip.compress(b'{"n": 1}', mtime=0), "gzip"),
        (b"\x00\xff\xfe\x01" * 50, "binary"),
        (b'{"n": [1, 2, ', '{"n": [1, 2, '),
        (None, "tombstone"),
        (b"", ""),
        (b"x" * 10_000_000, "[+"),
    ],
)
def test_any_body_is_a_short_summary(body: bytes | None, words: str) -> None:
    one = said(body)
    assert words in one.summary
    assert len(one.summary) < 600
    assert "hunter2" not in one.summary
    assert one.size_bytes == len(body or b"")


def test_a_key_is_redacted_and_cleaned() -> None:
    one = said(b"{}", b"ann@example.com\x1b[31m" + b"k" * 500)
    assert "ann@example.com" not in one.summary
    assert "\x1b" not in json.loads(one.summary.partition("} ")[0] + "}")["key"]
    assert len(one.summary) < 300


@pytest.mark.parametrize(("given", "shown"), [(0, "1970-01-01T00:00:00.000Z"), (None, None), (10**18, None)])
def test_a_time_that_no_calendar_holds_is_unknown(given: int | None, shown: str | None) -> None:
    assert said(b"{}", timestamp=given).enqueued_at == shown
