"""Who may do what on the server, and passwords of any shape."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import redis

from tools.config import Config, load_config
from tools.errors import BadArguments
from tools.runner import Runner

AWKWARD = "ab/cd#9x?y@z:w%41 ё"


@pytest.fixture
def user(valkey: redis.Redis) -> Iterator[Callable[..., None]]:
    """Makes a user; it is gone after the test."""

    def make(password: str, *commands: str) -> None:
        valkey.acl_setuser("app", enabled=True, passwords=[f"+{password}"], keys=["*"], commands=list(commands))

    yield make
    valkey.acl_deluser("app")


async def status_of(config: Config, tool: str = "inspect_broker") -> Any:
    runner = Runner(config)
    try:
        return await runner.call(tool, {"target": "main"})
    finally:
        await runner.close()


async def test_a_password_from_the_environment_may_hold_any_character(
    user: Callable[..., None], valkey_server: Any, tmp_path: Path
) -> None:
    # Given
    user(AWKWARD, "+@all")
    file = tmp_path / "q.toml"
    file.write_text(f'[targets.main]\nurl = "redis://app:${{PW}}@127.0.0.1:{valkey_server.port}/0"\n')
    # When
    config = load_config(config_path=file, environ={"PW": AWKWARD, "QUEUEWRIGHT_HOME": str(tmp_path / "home")})
    result = await status_of(config)
    # Then
    assert result.status == "ok"
    assert AWKWARD in config.secrets


async def test_a_user_with_the_fewest_rights_is_served(
    user: Callable[..., None], valkey_server: Any, configured: Callable[..., Config]
) -> None:
    user("pw-of-app", "+info", "+dbsize", "+scan", "+llen", "+client|list", "+smembers")
    result = await status_of(configured(main=f"redis://app:pw-of-app@127.0.0.1:{valkey_server.port}/0"))
    assert result.status == "ok"


async def test_a_user_without_any_right_is_told_what_is_forbidden(
    user: Callable[..., None], valkey_server: Any, configured: Callable[..., Config]
) -> None:
    user("pw-of-app", "+ping")
    result = await status_of(configured(main=f"redis://app:pw-of-app@127.0.0.1:{valkey_server.port}/0"))
    assert {gap.field for gap in result.unknown} >= {"server", "queues", "clients"}


@pytest.mark.parametrize(
    "url",
    [
        "redis://:s3cr3tpw/x@localhost:6379/0",
        "redis://:s3cr3tpw#x@localhost:6379/0",
        "redis://:1234/s3cr3tpw@localhost:6379/0",
        "redis://:s3cr3tpw@localhost:port/0",
        "redis://localhost:6379/s3cr3tpw",
        "redis://localhost:6379/-1",
    ],
)
def test_a_url_that_cannot_be_read_is_refused_without_showing_a_part_of_it(url: str) -> None:
    from tools import texts

    with pytest.raises(BadArguments) as caught:
        load_config(target_args=[f"main={url}"], environ={})
    assert "s3cr3tpw" not in " ".join(str(t) for t in texts.error_texts("en", caught.value)) + str(caught.value)


@pytest.mark.parametrize(
    "text",
    [
        "targets = 5",
        '[targets.main]\nurl = "redis://h/0"\nthresholds = 5',
        '[targets.main]\nurl = "redis://h/0"\nthresholds = {queue_length = "x"}',
        '[targets.main]\nurl = "redis://h/0"\nthresholds = {queue_lenth = 5}',
    ],
)
def test_a_wrong_table_is_a_wrong_input(tmp_path: Path, text: str) -> None:
    file = tmp_path / "q.toml"
    file.write_text(text)
    with pytest.raises(BadArguments):
        load_config(config_path=file, environ={})
