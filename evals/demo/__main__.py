"""Asks two questions about the demo's shop, one in English and one in Russian, through the real graph."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import tempfile
from pathlib import Path
from types import FrameType

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

from agent.surfaces.cli.output import note, print_line
from agent.surfaces.cli.render import print_markdown
from evals.demo.stage import stage

QUESTIONS = (
    "Measure thumbnails for 5 seconds and tell me why it keeps growing",
    "Живы ли воркеры и почему никто не забирает задачи из thumbnails?",
)


def main() -> int:
    """The exit code: 0 when both questions were answered in full."""
    signal.signal(signal.SIGTERM, _interrupted)
    note("starting an embedded Redis and a Celery application (two queues, one worker)")
    try:
        with stage() as running:
            return asyncio.run(_ask(running.url))
    except KeyboardInterrupt:
        note("stopped; nothing is left running")
        return 130


async def _ask(url: str) -> int:
    from agent.session import open_agent
    from tools.config import load_config

    partial = False
    with tempfile.TemporaryDirectory(prefix="queuewright-demo-") as state:
        # State goes with the demo; the index stays in the user's cache, so that the next run finds it.
        config = load_config(target_args=[f"shop={url}"], environ=_environment()).model_copy(
            update={"state_dir": Path(state)}
        )
        async with open_agent(config, surface="demo", progress=note) as agent:
            for question in QUESTIONS:
                print_line(f"\n{'─' * 78}\n» {question}\n")
                answer = await agent.ask(question, thread_id="demo")
                print_markdown(answer["answer"])
                calls = ", ".join(f"{c['name']} {c['elapsed_ms']} ms" for c in answer["tool_calls"])
                note(f"{calls}; {len(answer['evidence'])} facts read; {answer['duration_ms']} ms")
                partial = partial or answer["partial"]
    note("done; nothing is left running")
    return int(partial)


def _environment() -> dict[str, str]:
    """The demo never talks to a configured model or target: only where the cache lies is taken over."""
    return {k: v for k, v in os.environ.items() if k in {"HOME", "XDG_CACHE_HOME", "QUEUEWRIGHT_HOME"}}


def _interrupted(_signal: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main())
