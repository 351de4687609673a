"""An SQS and a CloudWatch on a free loopback port: moto's server, which keeps everything in memory."""

from __future__ import annotations

import importlib.util
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import urlopen

from evals.servers import ServerMissing

START_S = 20.0
TRIES = 2
REGION = "eu-central-1"
KEY, SECRET = "testing", "testing-secret"
# What `moto[server]` needs for SQS and CloudWatch; the rest of that extra serves other services.
_MODULES = ("moto", "flask", "flask_cors")


class SqsServer:
    """`with SqsServer() as server:` one running server.

    Attributes:
        url: of a target, with credentials (any will do) and the endpoint. endpoint: of the HTTP API.
    """

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> SqsServer:
        if missing := [name for name in _MODULES if importlib.util.find_spec(name) is None]:
            raise ServerMissing(f"{', '.join(missing)} not installed: pip install 'moto>=5.2' flask flask-cors")
        # a free port may be taken by somebody else before the server listens on it
        for left in reversed(range(TRIES)):
            try:
                self._start()
            except TimeoutError:
                self.stop()
                if not left:
                    raise
            else:
                return self
        raise AssertionError("the last try returns or raises")

    def __exit__(self, *_exception: object) -> None:
        self.stop()

    @property
    def endpoint(self) -> str:
        """Of the HTTP API."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def url(self) -> str:
        """Of a target."""
        return f"sqs://{KEY}:{SECRET}@{REGION}?endpoint_url={self.endpoint}"

    def client(self, service: str = "sqs") -> Any:
        """A client of boto3."""
        import boto3

        return boto3.client(
            service, REGION, endpoint_url=self.endpoint, aws_access_key_id=KEY, aws_secret_access_key=SECRET
        )

    def reset(self) -> None:
        """Empties it."""
        with urlopen(f"{self.endpoint}/moto-api/reset", data=b"", timeout=10) as answer:  # noqa: S310 - loopback
            answer.read()

    def stop(self) -> None:
        """Ends the process group; safe to call twice."""
        process, self._process = self._process, None
        if process is None:
            return
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()

    def _start(self) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = int(probe.getsockname()[1])
        with tempfile.TemporaryFile() as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(self.port)],
                stdout=log, stderr=subprocess.STDOUT, cwd=Path(tempfile.gettempdir()), start_new_session=True,
            )  # fmt: skip
            deadline = time.monotonic() + START_S
            while not self._answers():
                if time.monotonic() > deadline or self._process.poll() is not None:
                    log.seek(0)
                    raise TimeoutError(f"moto did not start: {log.read()[-1_000:].decode(errors='replace')}")
                time.sleep(0.05)

    def _answers(self) -> bool:
        try:
            with urlopen(f"{self.endpoint}/moto-api/data.json", timeout=2) as answer:  # noqa: S310 - loopback
                return bool(answer.status == 200)
        except (URLError, OSError):
            return False
