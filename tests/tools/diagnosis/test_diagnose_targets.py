"""Several targets at once: one that fails does not take the answer of the others."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tools.config import Config
from tools.errors import UnknownTarget
from tools.runner import Runner

NOBODY = "redis://127.0.0.1:1/0"


@pytest.fixture
def ask(configured: Callable[..., Config]) -> Callable[..., Any]:
    async def one(targets: dict[str, str], **arguments: object) -> Any:
        runner = Runner(configured(**targets))
        try:
            return await runner.call("diagnose", arguments)
        finally:
            await runner.close()

    return one


async def test_without_targets_there_is_no_data(ask: Callable[..., Any]) -> None:
    result = await ask({})
    assert (result.status, result.data) == ("no_data", {"findings": [], "checked": []})


async def test_the_one_target_that_was_asked_for_fails_the_call(ask: Callable[..., Any], url: str) -> None:
    result = await ask({"main": url, "gone": NOBODY}, target="gone")
    assert (result.status, result.error.code) == ("error", "unreachable")


async def test_a_target_that_fails_is_reported_beside_the_others(
    ask: Callable[..., Any], url: str, send: Callable[..., None]
) -> None:
    send("mail", 2)
    result = await ask({"main": url, "gone": NOBODY})
    assert result.status == "ok"
    assert [f["subject"] for f in result.data["findings"]] == ["main/mail"]
    assert [u.at.target for u in result.unknown if u.field == "target"] == ["gone"]
    assert [row["result"] for row in result.data["checked"] if row["target"] == "gone"] == ["unknown"]


async def test_when_every_target_fails_nothing_is_known_and_each_is_named(ask: Callable[..., Any]) -> None:
    result = await ask({"one": NOBODY, "two": NOBODY})
    assert result.status == "no_data"
    assert result.data["findings"] == []
    assert {u.at.target for u in result.unknown} == {"one", "two"}


async def test_an_unknown_queue_names_the_nearest(ask: Callable[..., Any], url: str, send: Callable[..., None]) -> None:
    send("reports")
    result = await ask({"main": url}, queue="report")
    assert result.error.code == "unknown_queue"
    assert "reports" in (result.error.hint or "")


async def test_an_unknown_target_is_an_input_error(ask: Callable[..., Any], url: str) -> None:
    with pytest.raises(UnknownTarget):
        await ask({"main": url}, target="mian")
