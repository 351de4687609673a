"""A router whose model is fitted once for these tests, and what the tests ask it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

import pytest

from agent.embedded.router import Request, Route, Router

ONE = {"main": "redis"}
TWO = {"main": "redis", "cache": "redis"}


class Ask(Protocol):
    """Routes a message; `targets` is one Redis called main unless given."""

    def __call__(self, text: str, targets: Mapping[str, str] = ..., **known: object) -> Route: ...


@pytest.fixture(scope="session")
def router_cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("router")


@pytest.fixture(scope="session")
def router(router_cache: Path) -> Router:
    made = Router(router_cache)
    made.prepare()
    return made


@pytest.fixture
def ask(router: Router) -> Ask:
    def routed(text: str, targets: Mapping[str, str] = ONE, **known: object) -> Route:
        return router.route(Request(text, targets=targets, **known))  # type: ignore[arg-type]

    return routed
