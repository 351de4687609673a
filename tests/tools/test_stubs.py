"""A stub's file: read again when it changes, strict about what it holds, and named when it cannot be read."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from pydantic import BaseModel, ConfigDict

from tools import texts
from tools.errors import Unsupported
from tools.stubs import World
from tools.targets import Target, parse_target


class Queues(BaseModel):
    """A file's model."""

    model_config = ConfigDict(extra="forbid")

    ready: dict[str, int] = {}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "world.yaml"
    path.write_text("ready: {mail: 1}")
    return path


def target_of(path: Path | str) -> Target:
    return parse_target("main", f"sqs+stub://{path}", {})


def test_a_file_that_changes_is_read_again(file: Path) -> None:
    world = World(target_of(file), Queues)
    before = world.current()
    assert world.current() is before
    file.write_text("ready: {mail: 20}")
    assert world.current().ready == {"mail": 20}


@pytest.mark.parametrize("bad", ["ready: [", "redy: {}", None])
def test_a_file_that_went_bad_is_an_error_until_it_is_mended(file: Path, bad: str | None) -> None:
    world = World(target_of(file), Queues)
    file.unlink() if bad is None else file.write_text(bad)
    for _ in range(2):
        with pytest.raises(Unsupported):
            world.current()
    file.write_text("ready: {mail: 3}  # mended")
    assert world.current().ready == {"mail": 3}


@pytest.mark.parametrize(
    ("text", "where"),
    [("ready: {mail: many}", "ready.mail: "), ("- mail", "Input should be"), ("ready: [", "while parsing")],
)
def test_a_mistake_is_told_with_file_key_and_the_place_of_the_format(file: Path, text: str, where: str) -> None:
    file.write_text(text)
    with pytest.raises(Unsupported) as caught:
        World(target_of(file), Queues)
    for lang in texts.LANGUAGES:
        message, hint = texts.error_texts(lang, caught.value)
        assert str(file) in message
        assert "tools/brokers/sqs/stub.py" in str(hint)
    assert str(caught.value.facts["detail"]).startswith(where)


def test_an_empty_file_is_an_empty_world(file: Path) -> None:
    file.write_text("# nothing yet\n")
    assert World(target_of(file), Queues).current() == Queues()


def test_a_path_may_be_relative_to_the_working_directory(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(file.parent)
    assert World(target_of("/world.yaml"), Queues).current().ready == {"mail": 1}


def test_growth_begins_anew_with_each_reading(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    now = 1_000.0
    monkeypatch.setattr(time, "monotonic", lambda: now)
    world = World(target_of(file), Queues)
    now += 10
    assert [world.grown(2.5), world.grown(-1)] == [25, -10]
    file.write_text("ready: {mail: 300}")
    world.current()
    now += 1
    assert world.grown(2.5) == 2
