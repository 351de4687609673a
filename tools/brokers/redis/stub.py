"""A Redis that stands in memory, for evals and tests: the same session, the same commands, no server.

It passes the same contract suite as a real server and never proves that the client works.
"""

from __future__ import annotations

from tools.brokers.redis.session import RedisSession
from tools.targets import Target


def open_stub(target: Target) -> RedisSession:
    """A session over the key space that a YAML file describes."""
    raise NotImplementedError(target.name)
