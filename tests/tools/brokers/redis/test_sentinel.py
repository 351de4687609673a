"""The primary is found through the sentinels, and the next one after a fail-over."""

from __future__ import annotations

import pytest

from evals.servers.redis import RedisSentinel
from tools.brokers.redis import BROKER
from tools.errors import AuthFailed, Unreachable, Unsupported
from tools.targets import parse_target

from .conftest import Reader


async def test_the_primary_is_read_and_named(group: RedisSentinel, read: Reader) -> None:
    group.primary().client().rpush("jobs", *["x"] * 150)
    found = await read(group.url)
    assert found.queues["jobs"].ready == 150
    assert found.reading.role == "master"
    assert found.fact("broker.replicas") == 1
    assert found.session.target.port == group.primary().port
    assert found.session.target.scheme == "redis"


async def test_after_a_fail_over_the_next_call_reaches_the_new_primary(group: RedisSentinel, read: Reader) -> None:
    session = (await read(group.url)).session
    before = group.primary()
    # When the replica takes over and the old primary lives on
    group.fail_over()
    after = group.primary()
    after.client().rpush("written later", 1, 2)
    # Then
    assert after is not before
    (length,) = await session.run(("LLEN", "written later"))
    assert length == 2
    assert session.target.port == after.port


async def test_a_primary_that_dies_is_an_error_until_another_takes_over(read: Reader) -> None:
    with RedisSentinel(program="valkey") as own:
        session = (await read(own.url)).session
        before = own.primary()
        before.crash()
        with pytest.raises(Unreachable):
            await session.run(("PING",))
        own.wait_for_another(before)
        (reply,) = await session.run(("INFO", "replication"))
        assert b"role:master" in reply


async def test_sentinels_that_are_down_do_not_matter_while_one_answers(group: RedisSentinel, read: Reader) -> None:
    places = f"127.0.0.1:1,127.0.0.1:2,{group.sentinels[2].address}"
    found = await read(f"redis+sentinel://:pw-of-group@{places}/mymaster/0")
    assert found.reading.role == "master"


async def test_a_sentinel_that_hangs_does_not_hold_up_the_others(group: RedisSentinel, read: Reader) -> None:
    group.sentinels[0].pause()
    try:
        assert (await read(group.url)).reading.role == "master"
    finally:
        group.sentinels[0].resume()


@pytest.mark.parametrize(
    ("url", "error", "text"),
    [
        ("redis+sentinel://127.0.0.1:1,127.0.0.1:2/mymaster/0", Unreachable, "redis_sentinels_unreachable"),
        ("redis+sentinel://{sentinel}/nobody/0", Unsupported, "redis_sentinel_unknown"),
        ("redis+sentinel://:{password}@{primary}/mymaster/0", Unsupported, "redis_not_sentinel"),
        ("redis+sentinel://:wr0ng@{sentinel}/mymaster/0", AuthFailed, "auth_failed"),
    ],
)
async def test_what_is_wrong_is_told_apart(
    group: RedisSentinel, read: Reader, url: str, error: type[Exception], text: str
) -> None:
    places = {"sentinel": group.sentinels[0].address, "primary": group.primary().address, "password": "pw-of-group"}
    with pytest.raises(error) as caught:
        await read(url.format(**places))
    assert getattr(caught.value, "text", None) == text
    assert "wr0ng" not in str(caught.value)
    assert "pw-of-group" not in str(caught.value)


async def test_a_url_without_the_group_is_refused() -> None:
    with pytest.raises(Unsupported) as caught:
        await BROKER.open(parse_target("main", "redis+sentinel://127.0.0.1:26379", {}))
    assert caught.value.text == "redis_sentinel_group"


async def test_a_sentinel_taken_for_a_redis_says_what_it_is(group: RedisSentinel, read: Reader) -> None:
    found = await read(f"redis://{group.sentinels[0].address}/0")
    assert "redis_is_sentinel" in [notice.key for notice in found.reading.notices]
