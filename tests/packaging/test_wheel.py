"""The wheel holds everything that runs: it works installed, from another directory, with nothing of the checkout."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The built wheel."""
    folder = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder), str(ROOT)]
    subprocess.run(command, check=True, capture_output=True)
    [built] = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def command(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The installed command: an environment of its own that sees the dependencies, and of ours only the wheel."""
    folder = tmp_path_factory.mktemp("venv")
    venv.create(folder, with_pip=False)
    site = next(folder.glob("lib/python*/site-packages"))
    # A path in a .pth file is added without reading the .pth files in it: our editable install stays unseen.
    (site / "dependencies.pth").write_text(sysconfig.get_paths()["purelib"] + "\n")
    install = [sys.executable, "-m", "pip", "--python", str(folder / "bin" / "python"), "install", "--quiet"]
    subprocess.run([*install, "--no-deps", "--no-index", str(wheel)], check=True)
    return folder / "bin" / "queuewright"


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """A home of its own, shared by the tests so that the index is built once."""
    home = tmp_path_factory.mktemp("home")
    return {"PATH": os.environ["PATH"], "HOME": str(home), "QUEUEWRIGHT_HOME": str(home / "queuewright")}


def run(command: Path, environment: dict[str, str], cwd: Path, *arguments: str) -> dict[str, object]:
    done = subprocess.run(
        [str(command), *arguments], env=environment, cwd=cwd, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return dict(json.loads(done.stdout))


def test_the_wheel_carries_data_and_no_tests(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    for part in (
        "knowledge/articles/ru/troubleshooting/no-consumers.md",
        "agent/prompts/expertise.ru.md",
        "tools/texts/ru.toml",
        "agent/embedded/texts/en.toml",
    ):
        assert part in names
    assert any(name.startswith("evals/cases/") and name.endswith(".yaml") for name in names)
    assert not [name for name in names if name.startswith(("tests/", "docs/"))]


def test_search_works_installed(command: Path, environment: dict[str, str], tmp_path: Path) -> None:
    found = run(command, environment, tmp_path, "search", "воркер жив, но ничего не берёт", "--json")
    assert found["hits"]


def test_ask_works_installed(command: Path, environment: dict[str, str], tmp_path: Path) -> None:
    answer = run(
        command, environment, tmp_path, "ask", "How do I keep one slow task from blocking the others?", "--json"
    )
    assert answer["citations"]


def test_eval_works_installed(command: Path, environment: dict[str, str], tmp_path: Path) -> None:
    totals = run(command, environment, tmp_path, "eval", "conversation", "--json")["totals"]
    assert isinstance(totals, dict)
    assert totals["cases"] > 0
    assert totals["setup_failed"] == 0
