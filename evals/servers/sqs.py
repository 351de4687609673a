"""An SQS and a CloudWatch on a free loopback port: moto's server, which keeps everything in memory."""

from __future__ import annotations

import importlib.util
import sys
import tempfile
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import urlopen

from evals.servers import ServerMissing
from evals.servers.process import ProcessServer, free_ports

START_S = 20.0
REGION = "eu-central-1"
KEY, SECRET = "testing", "testing-secret"
# What `moto[server]` needs for SQS and CloudWatch; the rest of that extra serves other services.
_MODULES = ("moto", "flask", "flask_cors")


class SqsServer(ProcessServer):
    """`with SqsServer() as server:` one running server.

    Attributes:
        url: of a target, with credentials (any will do) and the endpoint. endpoint: of the HTTP API.
    """

    NAME = "moto"
    TRIES = 2

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

    def _start(self) -> None:
        if missing := [name for name in _MODULES if importlib.util.find_spec(name) is None]:
            raise ServerMissing(f"{', '.join(missing)} not installed: pip install 'moto>=5.2' flask flask-cors")
        self.folder = Path(tempfile.mkdtemp(prefix="queuewright-sqs-"))
        (self.port,) = free_ports(1)
        self._run([sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(self.port)])
        self._wait(self._answers, START_S)

    def _answers(self) -> bool:
        try:
            with urlopen(f"{self.endpoint}/moto-api/data.json", timeout=2) as answer:  # noqa: S310 - loopback
                return bool(answer.status == 200)
        except (URLError, OSError):
            return False
