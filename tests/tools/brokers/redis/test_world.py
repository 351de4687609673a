"""The stub's world, as the contract suite uses it."""

from __future__ import annotations

from tests.tools.brokers.redis.world import HOSTILE, StubWorld
from tools.config import load_config
from tools.runner import Runner


async def test_what_is_put_is_what_the_tools_tell(tmp_path: object) -> None:
    async with StubWorld() as world:
        for number, name in enumerate(HOSTILE, 1):
            await world.put(name, number)
        config = load_config(target_args=[f"main={world.url}"], environ={"QUEUEWRIGHT_HOME": str(tmp_path)})
        runner = Runner(config)
        result = await runner.call("inspect_broker", {"target": "main"})
        peeked = await runner.call("peek_messages", {"target": "main", "queue": HOSTILE[-1], "limit": 2})
        await runner.close()
        assert result.data is not None
        assert {q["name"]: q["ready"] for q in result.data["queues"]} == {
            name: (await world.counts(name))["ready"] for name in HOSTILE
        }
        assert peeked.data is not None
        assert [m["state"] for m in peeked.data["messages"]] == ["ready", "ready"]
