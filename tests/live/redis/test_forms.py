"""The same data behind each form of a URL, against what redis-py says of it."""

from __future__ import annotations

from typing import Any

import pytest

from evals.servers.redis import RedisServer, RedisUser
from tests.live.redis.conftest import Read, started
from tools.contract import QueueRecord
from tools.errors import AuthFailed, ProtocolMismatch, Unreachable

pytestmark = pytest.mark.live


@pytest.fixture(params=["plain", "tls", "unix", "cluster", "group"])
def form(request: pytest.FixtureRequest) -> tuple[str, Any, dict[str, Any]]:
    """URL, client of redis-py, and options of the target."""
    server: Any = request.getfixturevalue(request.param)
    options = {"tls_ca": str(server.ca)} if request.param == "tls" else {}
    if request.param == "cluster":
        for node in server.servers:
            node.client().flushall()
        return server.url, server.client(), options
    client = (server.primary() if request.param == "group" else server).client()
    client.flushall()
    return server.url.replace("pw/of unix", "pw%2Fof%20unix"), client, options


async def test_counts_are_those_of_the_servers_own_client(form: tuple[str, Any, dict[str, Any]], read: Read) -> None:
    url, client, options = form
    # Given
    client.rpush("jobs", *range(150))
    client.zadd("board", {str(n): n for n in range(120)})
    client.xgroup_create("orders", "billing", id="0", mkstream=True)
    for n in range(20):
        client.xadd("orders", {"n": n})
    client.xreadgroup("billing", "c1", {"orders": ">"}, count=6)
    # When
    _, reading = await read(url, **options)
    # Then
    records: dict[str, QueueRecord] = {record.name: record for record in reading.queues}
    (theirs,) = client.xinfo_groups("orders")
    assert records["jobs"].ready == client.llen("jobs") == 150
    assert records["board"].details["members"] == client.zcard("board")
    assert (records["orders"].ready, records["orders"].in_flight, records["orders"].consumers) == (
        theirs["lag"], theirs["pending"], theirs["consumers"],
    )  # fmt: skip
    assert (theirs["lag"], theirs["pending"]) == (14, 6)
    assert reading.coverage.complete
    assert (reading.role, reading.health) == ("master", "ok")
    assert str(reading.version).startswith("7.")


async def test_an_unknown_authority_and_a_plain_url_are_told_from_an_absent_server(
    tls: RedisServer, read: Read
) -> None:
    with pytest.raises(ProtocolMismatch) as caught:
        await read(tls.url)
    assert "pw-of-tls" not in str(caught.value)
    with pytest.raises((ProtocolMismatch, Unreachable)):
        await read(tls.url.replace("rediss://", "redis://"))
    with pytest.raises(AuthFailed):
        await read(tls.url.replace("pw-of-tls", "wr0ng"), tls_ca=str(tls.ca))


async def test_a_socket_that_is_not_there_is_unreachable(read: Read) -> None:
    with pytest.raises(Unreachable):
        await read("unix:///nowhere/redis.sock")


async def test_a_user_with_few_rights_reads_what_they_may(read: Read) -> None:
    server = started(RedisUser("+info", "+dbsize", "+scan", "+llen", "~jobs*"))
    try:
        with server.client() as client:
            client.rpush("jobs", *range(150))
            client.rpush("others", *range(150))
        _, reading = await read(server.url)
    finally:
        server.stop()
    assert {record.name: record.ready for record in reading.queues} == {"jobs": 150}
    assert {gap.field for gap in reading.gaps} >= {"queues", "clients", "slow_log"}
    assert not reading.coverage.complete


async def test_consumers_idle_times_are_read_before_and_after_the_change_of_7_2(plain: RedisServer, read: Read) -> None:
    with plain.client() as client:
        client.flushall()
        client.xgroup_create("orders", "billing", id="0", mkstream=True)
        client.xadd("orders", {"n": 1})
        client.xreadgroup("billing", "c1", {"orders": ">"})
        _, reading = await read(plain.url)
        (theirs,) = client.xinfo_consumers("orders", "billing")
    (member,) = reading.queues[0].details["groups"][0]["members"]
    assert member["name"] == "c1"
    assert 0 <= member["idle_s"] * 1_000 <= theirs["idle"]
    assert (member["inactive_s"] is None) == ("inactive" not in theirs)
