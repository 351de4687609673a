"""`queuewright eval` ends with the code that CI relies on: 0 passed, 1 gate failed, 2 nothing was attempted."""

from __future__ import annotations

import argparse
import json
from functools import partial
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from evals import command
from evals.casefiles import load_cases
from evals.world import open_bench

from .conftest import CaseFiles, NothingKnown, ScriptedModel, routing, says


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, case_files: CaseFiles, tmp_path: Path) -> Any:
    """Runs the command over a folder of case files, floors and a brain that says nothing but hello."""
    monkeypatch.setenv("QUEUEWRIGHT_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    brain = ScriptedModel(script=lambda *_: says("Hello."))
    monkeypatch.setattr("evals.world.open_bench", partial(open_bench, model=brain, knowledge=NothingKnown))
    monkeypatch.setattr("evals.casefiles.load_cases", partial(load_cases, folder=case_files.root))

    def started(*arguments: str, floors: Any = None) -> int:
        monkeypatch.setattr("evals.baseline.load_floors", lambda: floors or {})
        parser = argparse.ArgumentParser()
        command.arguments(parser)
        parser.set_defaults(config=None, target=[], model=None, lang=None, verbose=False)
        return command.run(parser.parse_args(arguments))

    return started


def test_a_good_run_ends_with_0_and_writes_its_reports(run, case_files, tmp_path, capsys) -> None:
    case_files.write("routing", [routing("hi", "Hello", "smalltalk")], half="tuning")

    code = run("routing", "--json", "--junit", str(tmp_path / "j.xml"), "--html", str(tmp_path / "p.html"))

    assert code == 0
    assert json.loads(capsys.readouterr().out)["totals"] == {"cases": 1, "passed": 1, "setup_failed": 0}
    assert ElementTree.parse(tmp_path / "j.xml").getroot().find("testsuite/testcase") is not None
    assert (tmp_path / "p.html").read_text(encoding="utf-8").startswith("<!doctype html>")


def test_a_drop_below_the_baseline_ends_with_1(run, case_files, capsys) -> None:
    cases = [routing("hi", "Hello", "smalltalk"), routing("look", "Look at main", tool="list_targets")]
    case_files.write("routing", cases, half="tuning")

    assert run("routing", floors={"routing": {"tuning": {"pass_rate": 0.5}}}) == 0
    assert run("routing", floors={"routing": {"tuning": {"pass_rate": 0.6}}}) == 1
    assert "pass_rate is 0.5, below its floor 0.6" in capsys.readouterr().out


def test_an_empty_run_ends_with_1(run) -> None:
    assert run("routing") == 1


def test_a_broken_case_file_ends_with_2_and_one_document(run, case_files, capsys) -> None:
    case_files.write("routing", [{"id": "r1"}])

    assert run("routing", "--json") == 2
    captured = capsys.readouterr()
    assert "case r1" in json.loads(captured.out)["error"]["message"]
    assert len(captured.err.splitlines()) == 1


def test_an_unknown_suite_ends_with_2(run, capsys) -> None:
    assert run("rooting") == 2
    assert "rooting" in capsys.readouterr().err


def test_a_report_that_cannot_be_written_is_refused_before_anything_runs(run, case_files, tmp_path, capsys) -> None:
    case_files.write("routing", [routing("hi", "Hello", "smalltalk")])

    assert run("routing", "--junit", str(tmp_path / "nowhere" / "j.xml")) == 2
    assert "no such folder" in capsys.readouterr().err
