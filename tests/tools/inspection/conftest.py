"""Tools on described worlds."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from tools.config import Config
from tools.runner import Runner

Opener = Callable[[dict[str, Any]], Runner]


@pytest.fixture
async def world(configured: Callable[..., Config], tmp_path: Path) -> AsyncIterator[Opener]:
    """A runner whose target `main` is the stub of a document."""
    runners: list[Runner] = []

    def opened(document: dict[str, Any]) -> Runner:
        path = tmp_path / f"world-{len(runners)}.yaml"
        path.write_text(yaml.safe_dump(document, allow_unicode=True), encoding="utf-8")
        runners.append(Runner(configured(main=f"redis+stub://{path}")))
        return runners[-1]

    yield opened
    for runner in runners:
        await runner.close()
