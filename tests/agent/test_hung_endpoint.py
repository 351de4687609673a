"""An endpoint that accepts and never answers cannot keep the process alive."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.agent.faulty_endpoint import chunk, serving, silent

ROOT = Path(__file__).resolve().parents[2]


def test_the_process_ends_although_the_endpoint_hangs(home: Path) -> None:
    # Given an endpoint that begins an answer and says no more, as long as anybody listens
    with serving(silent(chunk(content="So "))) as endpoint:
        command = [sys.executable, "-m", "tests.agent.hung_turn", str(home), endpoint.url, "0.5"]
        # When a process asks it; the deadline is far beyond its time-out
        done = subprocess.run(
            command,
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
    # Then it has ended by itself, and says why
    assert (done.returncode, done.stdout) == (0, "model_timeout")
    assert done.stderr == ""
