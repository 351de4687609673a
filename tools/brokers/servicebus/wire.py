"""HTTP under the SDK's management client: GET only, bounded in time and size, and to the endpoint that is configured.

The SDK's own transport knows no limit for the size of an answer, waits anew after each byte, and always calls
`https://NAMESPACE`, while an emulator listens elsewhere, often without TLS. Loaded only when a target is opened.
"""

from __future__ import annotations

import ssl
import time
from types import TracebackType
from typing import Any
from urllib.parse import urlsplit

import httpx
from azure.core.pipeline.transport import HttpResponse, HttpTransport

CONNECT_TIMEOUT_S = 3.0
# Of one request, from the first byte sent to the last one read. Below the runner's 10 s, so that the error names the
# exact call.
CALL_TIMEOUT_S = 6.0
# A page of 100 queues is about 200 kB.
MOST_BYTES = 10_000_000
CONNECTIONS = 4


class AnswerTooLarge(Exception):
    """The answer is larger than any the management API gives."""


class NotReading(Exception):
    """A request that is no GET: a defect of ours, stopped before it was sent."""


class Answer(HttpResponse):
    """A response in the shape that the SDK's pipeline reads."""

    def __init__(self, request: Any, response: httpx.Response, body: bytes) -> None:
        super().__init__(request, response)
        self.status_code = response.status_code
        self.headers = response.headers
        self.reason = response.reason_phrase
        self.content_type = response.headers.get("content-type")
        self._body = body

    def body(self) -> bytes:
        """The whole body."""
        return self._body


class Wire(HttpTransport[Any, Answer]):
    """One bounded pool.

    Args:
        endpoint: `http(s)://HOST:PORT` to call instead of the namespace; empty for the namespace itself.
        tls_ca: path of a certificate authority's file; empty for those of the system.
    """

    def __init__(self, endpoint: str = "", tls_ca: str = "") -> None:
        self._endpoint = endpoint.rstrip("/")
        self._http = httpx.Client(
            verify=ssl.create_default_context(cafile=tls_ca) if tls_ca else True,
            timeout=httpx.Timeout(CALL_TIMEOUT_S, connect=CONNECT_TIMEOUT_S),
            limits=httpx.Limits(max_connections=CONNECTIONS),
        )

    def send(self, request: Any, **_kwargs: Any) -> Answer:
        """Sends one request.

        Raises:
            httpx.HTTPError, AnswerTooLarge: on the way.
            NotReading: it would change something.
        """
        if request.method != "GET":
            raise NotReading(request.method)
        deadline = time.monotonic() + CALL_TIMEOUT_S
        with self._http.stream("GET", self._address(request.url), headers=dict(request.headers)) as response:
            body = bytearray()
            for chunk in response.iter_bytes():
                body += chunk
                if len(body) > MOST_BYTES:
                    raise AnswerTooLarge(f"more than {MOST_BYTES} bytes")
                if time.monotonic() > deadline:
                    raise httpx.ReadTimeout("the answer did not end in time")
            return Answer(request, response, bytes(body))

    def _address(self, url: str) -> str:
        if not self._endpoint:
            return url
        parts = urlsplit(url)
        return f"{self._endpoint}{parts.path}" + (f"?{parts.query}" if parts.query else "")

    def open(self) -> None:
        """The pool opens connections when they are needed."""

    def close(self) -> None:
        """Closes the pool."""
        self._http.close()

    def __enter__(self) -> Wire:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None = None,
        exc_value: BaseException | None = None,
        traceback: TracebackType | None = None,
    ) -> None:
        self.close()
