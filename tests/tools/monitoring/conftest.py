"""The real Celery of `tests.tools.shop`."""

from __future__ import annotations

from tests.tools.shop import app, call, send, wait_until, workers

__all__ = ["app", "call", "send", "wait_until", "workers"]
