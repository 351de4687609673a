"""What a person waits for: whole processes."""

from __future__ import annotations

import os
import pty
import re
import select
import signal
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from evals.bench.measure import Figure, cpu_seconds, paired_ratio

COMMAND = str(Path(sys.executable).with_name("queuewright"))
_ESCAPES = re.compile(rb"\x1b\[[0-9;?]*[A-Za-z]")
QUESTION = "How do I keep one slow task from blocking the others?"


@contextmanager
def _home() -> Iterator[dict[str, str]]:
    with tempfile.TemporaryDirectory(prefix="queuewright-bench-") as folder:
        yield {**os.environ, "QUEUEWRIGHT_HOME": folder, "OPENAI_API_KEY": "", "QUEUEWRIGHT_CONFIG": ""}


def help_process() -> list[Figure]:
    """`queuewright --help` against a bare interpreter."""
    with _home() as env:
        ratio, detail = paired_ratio(
            lambda: cpu_seconds([COMMAND, "--help"], env),
            lambda: cpu_seconds([sys.executable, "-c", "pass"], env),
            11,
        )
    return [Figure("--help against python -c pass", ratio, 8, "x", detail)]


def ask_process() -> list[Figure]:
    """`ask` with the embedded brain and a built index, against importing langgraph and chromadb."""
    with _home() as env:
        cpu_seconds([COMMAND, "index"], env)
        ratio, detail = paired_ratio(
            lambda: cpu_seconds([COMMAND, "ask", QUESTION, "--json"], env),
            lambda: cpu_seconds([sys.executable, "-c", "import langgraph.graph, chromadb"], env),
            5,
        )
    return [Figure("ask against import langgraph, chromadb", ratio, 1.7, "x", detail)]


def chat_prompt() -> list[Figure]:
    """From the start of `chat` to its prompt on a real pseudo-terminal."""
    with _home() as env:
        cpu_seconds([COMMAND, "index"], env)
        times = [_until_prompt(env) for _ in range(6)][1:]
    return [Figure("chat prompt on screen", statistics.median(times) * 1000, 300, "ms", f"{len(times)} starts")]


def _until_prompt(env: dict[str, str]) -> float:
    started = time.perf_counter()
    pid, terminal = pty.fork()
    if pid == 0:
        os.execve(  # noqa: S606 - no shell is meant
            COMMAND, [COMMAND, "chat"], {**env, "TERM": "xterm"}
        )
    try:
        return _read_prompt(terminal, started)
    finally:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        os.close(terminal)


def _read_prompt(terminal: int, started: float) -> float:
    seen = b""
    while time.perf_counter() - started < 20:
        if not select.select([terminal], [], [], 0.1)[0]:
            continue
        seen += os.read(terminal, 65_536)
        if b"\x1b[6n" in seen:
            # prompt_toolkit asks where the cursor stands before it draws
            os.write(terminal, b"\x1b[1;1R")
            seen = seen.replace(b"\x1b[6n", b"")
        if re.search(rb"(?m)^\s*>", _ESCAPES.sub(b"", seen)):
            return time.perf_counter() - started
    raise TimeoutError(f"no prompt; the screen says {seen[-300:]!r}")
