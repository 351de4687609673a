"""Commands that a distribution brings by an entry point."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent.surfaces.cli import plugins
from agent.surfaces.cli.main import run

MODULE = """
HELP = "greet"
EXAMPLES = "  queuewright greet"
def arguments(parser): parser.add_argument("name")
def run(args):
    print("hello", args.name)
    return 0
"""


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A distribution first on the path, with the command `greet`."""
    metadata = tmp_path / "queuewright-9.9.dist-info"
    metadata.mkdir()
    entry_points = "[console_scripts]\nx = y:z\n\n[queuewright.commands]\ngreet = greeting_command\n"
    (metadata / "entry_points.txt").write_text(entry_points, encoding="utf-8")
    (tmp_path / "greeting_command.py").write_text(MODULE, encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    return tmp_path


def test_a_command_of_the_entry_point_group_runs(installed: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["greet", "Ada"]) == 0
    assert capsys.readouterr().out == "hello Ada\n"


def test_its_module_is_left_alone_while_another_command_runs(
    installed: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (installed / "greeting_command.py").write_text("raise RuntimeError", encoding="utf-8")

    assert run(["tools", "--json"]) == 0


def test_only_the_group_of_commands_counts_and_the_version_is_read(installed: Path) -> None:
    assert plugins.commands() == {"greet": "greeting_command"}
    assert plugins.version() == "9.9"
