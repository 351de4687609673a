"""The one door: what it lets through, what it answers, what it keeps."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable
from types import ModuleType
from typing import Any

import pytest
import redis
from pydantic import BaseModel, ConfigDict

from tools.config import Config
from tools.contract import Context, Risk, ToolOutput
from tools.errors import BadArguments, UnknownTarget, UnknownTool
from tools.registry import TOOLS, Registry, ToolSpec
from tools.runner import Runner, for_model
from tools.untrusted import unwrap


@pytest.fixture
async def runner(configured: Callable[..., Config], url: str) -> AsyncIterator[Runner]:
    runner = Runner(configured(main=url))
    yield runner
    await runner.close()


async def test_a_reading_tool_answers_with_an_envelope(runner: Runner) -> None:
    result = await runner.call("list_targets", {})
    assert result.status == "ok"
    assert result.data == {"targets": [{"name": "main", "system": "redis", "reachable": True, "error": None}]}


@pytest.mark.parametrize(
    ("tool", "arguments", "error"),
    [
        ("inspect_brokr", {}, UnknownTool),
        ("inspect_broker", {"target": "mian"}, UnknownTarget),
        ("inspect_broker", {}, BadArguments),
        ("inspect_broker", {"target": "main", "url": "redis://evil/0"}, BadArguments),
        ("inspect_broker", {"target": 7}, BadArguments),
    ],
)
async def test_a_wrong_input_attempts_nothing(
    runner: Runner, tool: str, arguments: dict[str, Any], error: type[Exception]
) -> None:
    with pytest.raises(error):
        await runner.call(tool, arguments)
    assert not runner.audit.path.exists()


async def test_an_unreachable_target_is_an_error_that_names_call_and_hint(configured: Callable[..., Config]) -> None:
    # Given a target where nothing listens, whose URL carries a password
    runner = Runner(configured(gone="redis://:hunter22@127.0.0.1:1/0"))
    # When
    result = await runner.call("inspect_broker", {"target": "gone"})
    await runner.close()
    # Then
    assert result.status == "error"
    assert result.error is not None
    assert result.error.code == "unreachable"
    assert "gone" in result.error.message
    assert "INFO" in result.error.message
    assert result.error.hint
    assert "hunter22" not in json.dumps(result.model_dump()) + runner.audit.path.read_text()


async def test_a_wrong_password_is_told_apart(
    configured: Callable[..., Config], valkey: redis.Redis, valkey_server: Any
) -> None:
    valkey.acl_setuser("app", enabled=True, passwords=["+right-one"], keys=["*"], commands=["+@all"])
    try:
        runner = Runner(configured(main=f"redis://app:wrong-one@127.0.0.1:{valkey_server.port}/0"))
        result = await runner.call("inspect_broker", {"target": "main"})
        await runner.close()
    finally:
        valkey.acl_deluser("app")
    assert result.error is not None
    assert result.error.code == "auth_failed"
    assert "wrong-one" not in json.dumps(result.model_dump())


async def test_every_write_is_refused_before_it_runs(configured: Callable[..., Config]) -> None:
    # Given a tool that writes
    ran: list[str] = []
    tool, module = _tool("purge_queue", Risk.DESTRUCTIVE, lambda: ran.append("ran"))
    runner = Runner(configured(), registry=Registry(tools=(tool,)))
    # When
    result = await runner.call("purge_queue", {})
    # Then
    assert result.error is not None
    assert result.error.code == "refused"
    assert ran == []
    assert module is not None


async def test_a_defect_in_a_tool_is_an_honest_internal_error(configured: Callable[..., Config]) -> None:
    def fail() -> None:
        raise ZeroDivisionError("with redis://:hunter22@h/0 in it")

    tool, _ = _tool("broken", Risk.READ, fail)
    result = await Runner(configured(), registry=Registry(tools=(tool,))).call("broken", {})
    assert result.error is not None
    assert result.error.code == "internal"
    assert "ZeroDivisionError" in result.error.message
    assert "hunter22" not in result.error.message


async def test_each_call_is_one_audit_line(runner: Runner) -> None:
    await runner.call("list_targets", {}, thread_id="t1")
    await runner.call("inspect_broker", {"target": "main"}, thread_id="t1")
    lines = [json.loads(line) for line in runner.audit.path.read_text().splitlines()]
    assert [(line["tool"], line["status"], line["thread_id"]) for line in lines] == [
        ("list_targets", "ok", "t1"),
        ("inspect_broker", "ok", "t1"),
    ]
    assert runner.audit.path.stat().st_mode & 0o777 == 0o600


async def test_what_reaches_a_model_is_cut_and_says_so(configured: Callable[..., Config]) -> None:
    # Given a result far beyond the limit
    tool, _ = _tool("big", Risk.READ, lambda: None, {"queues": [{"name": f"q{i}", "ready": i} for i in range(5_000)]})
    result = await Runner(configured(), registry=Registry(tools=(tool,))).call("big", {})
    # When
    block = for_model(result)
    # Then it fits, is still one document, and is marked
    [(source, document)] = unwrap(block)
    assert len(block) <= 20_000
    assert source == "big"
    assert isinstance(document, dict)
    assert document["truncated"] is True
    assert document["data"]["queues"][0] == {"name": "q0", "ready": 0}


def test_every_registered_tool_loads_and_describes_itself() -> None:
    for tool in TOOLS:
        assert tool.description
        assert tool.schema["type"] == "object"
        assert callable(tool.run)


def _tool(
    name: str, risk: Risk, effect: Callable[[], Any], data: dict[str, Any] | None = None
) -> tuple[ToolSpec, ModuleType]:
    """A tool made on the spot; its module is one like any other."""
    import sys

    class Args(BaseModel):
        """A tool of this test."""

        model_config = ConfigDict(extra="forbid")

    async def run(_ctx: Context, _args: Args) -> ToolOutput:
        effect()
        return ToolOutput(data or {})

    module = ModuleType(f"made_{name}")
    module.Args, module.run = Args, run  # type: ignore[attr-defined]
    sys.modules[module.__name__] = module
    return ToolSpec(name, module.__name__, risk), module
