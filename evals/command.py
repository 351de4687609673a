"""`eval`: the eval suite. Brought to the command line by an entry point, since nothing imports `evals`."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from evals.run import Outcome
    from tools.config import Config

HELP = "run the eval suite"
EXAMPLES = """  queuewright eval
  queuewright eval routing inspect --repeat 3
  queuewright eval --json --junit evals.xml --html evals.html
  queuewright eval routing --model gpt-5-mini    # instead of the embedded brain
"""
# A line of progress each so many cases.
_EVERY = 100


def arguments(parser: argparse.ArgumentParser) -> None:
    """Of this command."""
    parser.add_argument("suites", nargs="*", metavar="SUITE", help="routing, knowledge, inspect, conversation (all)")
    parser.add_argument("--repeat", type=_positive, default=1, metavar="K", help="play every case K times: pass^k")
    parser.add_argument("--html", metavar="FILE", help="write the run as one HTML page")
    parser.add_argument("--junit", metavar="FILE", help="write the run as JUnit XML")
    parser.add_argument("--json", action="store_true", help="one JSON document on stdout")


def run(args: argparse.Namespace) -> int:
    """0 when the gate passed, 1 when it did not, 2 when suites or case files are wrong."""
    from agent.surfaces.cli.boundary import configured, run_async
    from agent.surfaces.cli.output import note
    from evals.baseline import gate, load_floors
    from evals.casefiles import SUITES, CaseError, load_cases

    suites = list(dict.fromkeys(args.suites)) or list(SUITES)
    try:
        cases = load_cases(suites)
    except CaseError as error:
        return _refused(str(error), args)
    for path in (Path(name) for name in (args.junit, args.html) if name):
        if not path.resolve().parent.is_dir():
            return _refused(f"{path}: there is no such folder", args)
    if args.target:
        note("eval plays on worlds of its own: --target is not used")
    config = _neutral(configured(args), args.model)

    async def play() -> list[Outcome]:
        return await _play(config, cases, args.repeat, note)

    outcomes = run_async(play)
    reasons = gate(outcomes, suites, load_floors())
    _report(outcomes, reasons, config, args)
    return 1 if reasons else 0


def _neutral(config: Config, model: str | None) -> Config:
    """The embedded brain unless `--model` names another, whatever is configured: the gate means the same anywhere."""
    from agent.models import EMBEDDED

    return config.model_copy(update={"model": config.model.model_copy(update={"name": model or EMBEDDED})})


async def _play(config: Config, cases: Sequence[Any], repeat: int, note: Callable[[str], None]) -> list[Outcome]:
    import tempfile

    from agent.models import EMBEDDED
    from evals.run import PARALLEL_EMBEDDED, PARALLEL_REMOTE, run_cases
    from evals.world import open_bench

    def progress(done: int) -> None:
        if done % _EVERY == 0 or done == len(cases):
            note(f"{done} of {len(cases)} cases")

    parallel = PARALLEL_EMBEDDED if config.model.name == EMBEDDED else PARALLEL_REMOTE
    with tempfile.TemporaryDirectory(prefix="queuewright-eval-") as folder:
        async with open_bench(config, Path(folder), progress=note) as bench:
            return await run_cases(bench, cases, repeat=repeat, parallel=parallel, progress=progress)


def _report(outcomes: Sequence[Outcome], reasons: Sequence[str], config: Config, args: argparse.Namespace) -> None:
    from agent.surfaces.cli.output import print_json, print_line
    from evals import figures, page, report
    from tools.contract import now_iso

    document = figures.document(outcomes, reasons, str(config.model.name))
    if args.junit:
        Path(args.junit).write_text(report.junit(outcomes), encoding="utf-8")
    if args.html:
        Path(args.html).write_text(page.page(document, now_iso()), encoding="utf-8")
    if args.json:
        print_json(document)
    else:
        print_line(report.table(outcomes, reasons))


def _refused(message: str, args: argparse.Namespace) -> int:
    import sys

    from agent.surfaces.cli.output import failure_document, print_json, print_line

    if args.json:
        print_json(failure_document("bad_arguments", message, None))
    print_line(f"queuewright: {message}", file=sys.stderr)
    return 2


def _positive(text: str) -> int:
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError("must be at least 1")
    return value
