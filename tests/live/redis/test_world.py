"""The real server's world, as the contract suite uses it."""

from __future__ import annotations

from pathlib import Path

import pytest

from evals.servers.redis import RedisServer
from tests.live.redis.world import RealWorld
from tools.config import load_config
from tools.runner import Runner

pytestmark = pytest.mark.live


async def test_what_is_put_is_what_the_tools_tell(plain: RedisServer, tmp_path: Path) -> None:
    with plain.client() as client:
        client.flushall()
    async with RealWorld(plain) as world:
        await world.put("mail", 7)
        await world.put("empty", 0)
        config = load_config(target_args=[f"main={world.url}"], environ={"QUEUEWRIGHT_HOME": str(tmp_path)})
        runner = Runner(config)
        result = await runner.call("inspect_broker", {"target": "main"})
        measured = await runner.call("measure", {"target": "main", "queue": "mail", "seconds": 1})
        await runner.close()
        assert result.data is not None
        for queue in result.data["queues"]:
            assert await world.counts(queue["name"]) == {
                field: queue[field] for field in ("ready", "in_flight", "consumers")
            }
        assert measured.data is not None
        (row,) = measured.data["queues"]
        assert (row["arrival_per_s"], row["completion_per_s"], row["trend"]) == (0.0, 0.0, "steady")
