"""Each reason to refuse writes that the server tells of, and what may not be said where it told less."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator

import pytest
import redis

from tools.contract import ToolResult
from tools.diagnosis.engine import diagnose

CAUSE = "broker-refusing-writes"


def found(world) -> list[tuple[str, str]]:  # type: ignore[no-untyped-def]
    return [(f.severity, f.confidence) for f in diagnose([world.facts()], "en").findings if f.cause == CAUSE]


def checked(world) -> str:  # type: ignore[no-untyped-def]
    report = diagnose([world.facts()], "en")
    return next(row["result"] for row in report.checked if row["cause"] == CAUSE)


def test_too_few_replicas_is_a_fact_with_both_numbers(world) -> None:  # type: ignore[no-untyped-def]
    world.broker.facts |= {"info": {"role": "master", "min_slaves_good_slaves": "1"}, "replicas_needed": 2}
    assert found(world) == [("critical", "fact")]
    (finding,) = diagnose([world.facts()], "en").findings
    assert "2" in finding.summary
    assert "1" in finding.summary


def test_enough_replicas_refuse_nothing(world) -> None:  # type: ignore[no-untyped-def]
    world.broker.facts |= {"info": {"role": "master", "min_slaves_good_slaves": "2"}, "replicas_needed": 2}
    assert found(world) == []
    assert checked(world) == "ruled_out"


def test_no_replica_at_all_is_too_few_for_any_limit(world) -> None:  # type: ignore[no-untyped-def]
    # Given INFO tells that there is a limit, and CONFIG is refused
    world.broker.facts |= {"info": {"role": "master", "min_slaves_good_slaves": "0"}, "replicas_needed": None}
    assert found(world) == [("critical", "fact")]


def test_a_limit_that_cannot_be_read_rules_nothing_out(world) -> None:  # type: ignore[no-untyped-def]
    world.broker.facts |= {"info": {"role": "master", "min_slaves_good_slaves": "1"}, "replicas_needed": None}
    assert found(world) == []
    assert checked(world) == "unknown"
    assert "healthy" not in {f.cause for f in diagnose([world.facts()], "en").findings}


def test_a_failed_write_to_the_append_only_file_is_a_fact(world) -> None:  # type: ignore[no-untyped-def]
    world.broker.facts["info"] = {"role": "master", "aof_enabled": "1", "aof_last_write_status": "err"}
    assert found(world) == [("critical", "fact")]


def test_the_append_only_file_of_a_server_that_has_none_refuses_nothing(world) -> None:  # type: ignore[no-untyped-def]
    world.broker.facts["info"] = {"role": "master", "aof_enabled": "0", "aof_last_write_status": "err"}
    assert found(world) == []


def test_a_proven_reason_comes_before_a_possible_one(world) -> None:  # type: ignore[no-untyped-def]
    info = {"role": "master", "rdb_last_bgsave_status": "err", "min_slaves_good_slaves": "0"}
    world.broker.facts |= {"info": info, "replicas_needed": 1}
    assert found(world) == [("critical", "fact")]


@pytest.fixture
def alone(valkey: redis.Redis) -> Iterator[redis.Redis]:
    """A server that wants a replica for every write, and has none."""
    valkey.config_set("min-replicas-to-write", 1)
    yield valkey
    valkey.config_set("min-replicas-to-write", 0)


async def test_a_real_server_without_its_replica_refuses_writes(
    call: Callable[..., Awaitable[ToolResult]], alone: redis.Redis
) -> None:
    with pytest.raises(redis.exceptions.ResponseError, match="NOREPLICAS"):
        alone.lpush("mail", "x")
    result = await call("diagnose", target="main")
    assert result.data is not None
    assert [(f["cause"], f["confidence"]) for f in result.data["findings"]] == [(CAUSE, "fact")]
    values = {e.metric: e.value for e in result.evidence}
    assert values["broker.replicas_needed"] == 1
    assert values["broker.replicas_good"] == 0
    assert values["broker.refused_writes"] >= 1


async def test_a_real_server_with_one_of_two_replicas_refuses_writes_until_one_is_enough(
    call: Callable[..., Awaitable[ToolResult]], alone: redis.Redis, replicate: Callable[[], redis.Redis],
    wait_until: Callable[..., None],
) -> None:  # fmt: skip
    replicate()
    wait_until(lambda: alone.info("replication")["min_slaves_good_slaves"] == 1, "the primary counts its replica")
    enough = await call("diagnose", target="main")
    alone.config_set("min-replicas-to-write", 2)
    lacking = await call("diagnose", target="main")
    assert [f["cause"] for r in (enough, lacking) if r.data for f in r.data["findings"]] == ["healthy", CAUSE]


async def test_a_server_that_lacks_replicas_is_degraded(
    call: Callable[..., Awaitable[ToolResult]], alone: redis.Redis
) -> None:
    result = await call("inspect_broker", target="main")
    assert result.data is not None
    assert result.data["health"] == "degraded"
