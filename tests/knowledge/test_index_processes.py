from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from knowledge.search import Knowledge

ROOT = Path(__file__).parents[2]
OPEN = """
import json, sys
from knowledge.search import Knowledge
sys.stdin.readline()
with Knowledge.open(sys.argv[1], articles_dir=sys.argv[2], rebuild=sys.argv[3] == "rebuild") as knowledge:
    hits = [hit.id for hit in knowledge.search("many small tasks in one batch").hits]
print(json.dumps({"path": str(knowledge.info.path), "hits": hits}))
"""


def _start(cache: Path, articles: Path, mode: str = "open") -> subprocess.Popen[str]:
    command = [sys.executable, "-c", OPEN, str(cache), str(articles), mode]
    return subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def _finish(processes: list[subprocess.Popen[str]]) -> list[dict[str, object]]:
    """Let all of them go at once and collect what they found."""
    for process in processes:
        assert process.stdin
        process.stdin.write("\n")
        process.stdin.flush()
    return [json.loads(process.communicate(timeout=120)[0]) for process in processes]


def test_two_processes_that_build_at_once_both_end_well(two_articles: Path, cache: Path) -> None:
    first, second = _finish([_start(cache, two_articles), _start(cache, two_articles)])

    assert first == second
    with Knowledge.open(cache, articles_dir=two_articles) as afterwards:
        assert not afterwards.info.rebuilt
        assert str(afterwards.info.path) == first["path"]


def test_a_reader_and_two_rebuilding_processes_do_not_disturb_each_other(two_articles: Path, cache: Path) -> None:
    with Knowledge.open(cache, articles_dir=two_articles) as reader:
        expected = [hit.id for hit in reader.search("many small tasks in one batch").hits]
        processes = [_start(cache, two_articles, "rebuild"), _start(cache, two_articles, "rebuild")]
        results = _finish(processes)

        assert [result["hits"] for result in results] == [expected, expected]
        assert [hit.id for hit in reader.search("many small tasks in one batch").hits] == expected


def test_what_a_killed_build_left_is_cleaned_up_by_the_next(two_articles: Path, cache: Path) -> None:
    import os

    with Knowledge.open(cache, articles_dir=two_articles) as knowledge:
        path = knowledge.info.path
    left = path.with_name(f".{path.name}.0000.new")
    left.mkdir()
    os.utime(left, (0, 0))  # long ago

    Knowledge.open(cache, articles_dir=two_articles, rebuild=True).close()

    assert not left.exists()
