"""Help of the program and of every command."""

from __future__ import annotations

import subprocess
import sys

import pytest

from agent.surfaces.cli.main import BUILT_IN, run

from .conftest import COMMAND, ROOT


@pytest.mark.parametrize("command", BUILT_IN)
def test_every_command_explains_itself_with_examples(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run([command, "--help"]) == 0

    said = capsys.readouterr().out
    assert f"usage: queuewright {command}" in said
    assert f"  queuewright {command}" in said.partition("examples:")[2]
    assert "--target" in said


def test_the_program_lists_its_commands(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["--help"]) == 0

    said = capsys.readouterr().out
    assert all(f"\n  {command} " in said for command in BUILT_IN)


def test_help_loads_nothing_heavy() -> None:
    # Given what help has no use for
    heavy = ["pydantic", "rich", "prompt_toolkit", "langgraph", "redis", "asyncio", "importlib.metadata", "tomllib"]
    program = (
        "import sys; from agent.surfaces.cli.main import run; run(['--help']);"
        f"print([m for m in {heavy} if m in sys.modules], file=sys.stderr)"
    )

    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)

    assert done.stderr.strip() == "[]"


def test_a_closed_stdout_is_no_error() -> None:
    done = subprocess.run(["sh", "-c", '"$@" --help >&-', "sh", *COMMAND], capture_output=True, text=True, check=False)

    assert (done.returncode, done.stderr) == (0, "")
