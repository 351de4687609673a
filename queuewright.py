"""The `queuewright` command.

`agent`, `tools`, `knowledge` and `evals` are general names: with somebody's own `agent/` on PYTHONPATH a plain
import would find theirs. So this uniquely named module puts its own directory first on the path.
"""

from __future__ import annotations

import sys
from pathlib import Path


def main() -> None:
    """Runs the command line and exits with its code."""
    here = str(Path(__file__).resolve().parent)
    if sys.path[:1] != [here]:
        sys.path.insert(0, here)
    from agent.surfaces.cli.main import run

    sys.exit(run(sys.argv[1:]))


if __name__ == "__main__":
    main()
