"""The stub's file: mistakes name file and key, failures are those of a server, changes are seen."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.tools.brokers.kafka.world import HOSTILE, HOSTILE_GROUPS, StubWorld
from tools import texts
from tools.brokers.kafka import BROKER
from tools.config import Config
from tools.errors import Unsupported
from tools.runner import Runner
from tools.targets import parse_target


async def refusal(path: Path) -> str:
    with pytest.raises(Unsupported) as caught:
        await BROKER.open(parse_target("main", f"kafka+stub://{path}", {}))
    return texts.error_texts("en", caught.value)[0]


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("topics: {t: {mesages: 1}}", "topics.t.mesages"),
        ("fail: often", "fail"),
        ("groups: {g: {lag: {nope: 1}}}", "groups.g"),
        ("topics: {t: {messages: -1}}", "topics.t.messages"),
        ("topics: [", "world.yaml"),
    ],
)
async def test_a_mistake_names_file_and_key(tmp_path: Path, text: str, key: str) -> None:
    file = tmp_path / "world.yaml"
    file.write_text(text)
    said = await refusal(file)
    assert key in said
    assert str(file) in said


async def test_a_missing_file_is_named(tmp_path: Path) -> None:
    assert "no.yaml" in await refusal(tmp_path / "no.yaml")


@pytest.mark.parametrize("fail", ["unreachable", "timeout", "auth_failed", "forbidden"])
async def test_a_failure_is_the_servers(tmp_path: Path, configured: Callable[..., Config], fail: str) -> None:
    file = tmp_path / "world.yaml"
    file.write_text(f"fail: {fail}")
    runner = Runner(configured(main=f"kafka+stub://{file}"))
    for lang in ("en", "ru"):
        result = await runner.call("inspect_broker", {"target": "main"}, lang=lang)
        assert result.error is not None
        assert result.error.code == fail
    await runner.close()


async def test_the_world_shows_what_was_put_even_later(configured: Callable[..., Config]) -> None:
    async with StubWorld() as world:
        runner = Runner(configured(main=world.url))
        for name in HOSTILE:
            await world.put(name, 4)
            result = await runner.call("inspect_queue", {"target": "main", "queue": name})
            assert result.data is not None, result.error
            assert result.data["ready"] == (await world.counts(name))["ready"]
        await runner.close()


async def test_any_name_of_a_group_is_carried_and_quoted(tmp_path: Path, configured: Callable[..., Config]) -> None:
    import shlex

    import yaml

    file = tmp_path / "world.yaml"
    for name in HOSTILE_GROUPS:
        document = {"topics": {"t": {"messages": 3}}, "groups": {name: {"committed": {"t": {0: 1}}}}}
        file.write_text(yaml.safe_dump(document))
        runner = Runner(configured(main=f"kafka+stub://{file}"))
        result = await runner.call("inspect_queue", {"target": "main", "queue": "t"})
        await runner.close()
        paste = next(e.paste for e in result.evidence if e.metric == "queue.ready")
        assert paste is not None
        assert len(shlex.split(paste)) == 6
