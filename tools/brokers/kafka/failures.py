"""librdkafka's errors in our own tree, with the call, and what the library or the cluster said.

librdkafka retries for ever and ends in a bare time-out; why it could not connect comes by callback and log line only,
so `Heard` keeps those.
"""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass, field
from typing import Any

from tools.brokers.kafka.session import Failure
from tools.brokers.kafka.settings import CALL_TIMEOUT_S, tls
from tools.errors import (
    AuthFailed,
    CallTimeout,
    Forbidden,
    ProtocolMismatch,
    TargetError,
    Unreachable,
    Unsupported,
)
from tools.targets import Target

# A name may have several addresses, of which the first refuses: a second look comes after the back-off of 0.1 to 0.5 s.
PATIENCE_S = 1.0
_DOWN = "_ALL_BROKERS_DOWN"
_AUTHENTICATION = {"_AUTHENTICATION", "SASL_AUTHENTICATION_FAILED", "UNSUPPORTED_SASL_MECHANISM", "ILLEGAL_SASL_STATE"}
_NO_CONNECTION = {"_TRANSPORT", "_RESOLVE", "_TIMED_OUT", "_TIMED_OUT_QUEUE", "_WAIT_COORD", "_FAIL", "_DESTROY", _DOWN}
_MOST_HEARD = 50


@dataclass
class Heard:
    """What the library said about connections since `clear`, by Kafka's name of the error and when."""

    said: list[tuple[str, str]] = field(default_factory=list)
    since: float = field(default_factory=time.monotonic)

    def clear(self) -> None:
        """Forgets, before a call."""
        self.said.clear()
        self.since = time.monotonic()

    def note(self, code: str, detail: str) -> None:
        """One error; the first fifty since the last call."""
        if len(self.said) < _MOST_HEARD:
            self.said.append((code, detail))

    def error(self, error: Any) -> None:
        """librdkafka's `error_cb`."""
        self.note(error.name(), error.str())

    def logger(self) -> logging.Logger:
        """For librdkafka's log lines, of which nothing reaches the terminal: closed connections are only there."""
        found = logging.Logger("queuewright.kafka")
        found.addHandler(_Notes(self))
        return found

    @property
    def why(self) -> tuple[str, str] | None:
        """The most telling of what was heard; None when nothing was."""
        told = [one for one in self.said if one[0] != _DOWN]
        first = [one for one in told if one[0] in _AUTHENTICATION or one[0] in {"_SSL", "_BAD_MSG"}]
        return next(iter(first or told or self.said), None)

    @property
    def hopeless(self) -> bool:
        """Whether waiting on makes no sense: refused credentials, or no server left after a second try."""
        codes = {code for code, _ in self.said}
        late = time.monotonic() - self.since > PATIENCE_S
        return bool(codes & _AUTHENTICATION) or (late and _DOWN in codes)


class _Notes(logging.Handler):
    """Keeps the failures among the log lines: `FAIL [rdkafka#producer-1] [thrd:…]: words`."""

    def __init__(self, heard: Heard) -> None:
        super().__init__()
        self._heard = heard

    def emit(self, record: logging.LogRecord) -> None:
        said = record.getMessage()
        if said.startswith("FAIL"):
            self._heard.note("log", said.rpartition("]: ")[2])


def failure(error: BaseException) -> Failure:
    """The code and words of an error of the library's; one that carries none is told by its own words."""
    said: Any = error.args[0] if error.args else None
    if hasattr(said, "name") and hasattr(said, "str"):
        return Failure(said.name(), said.str())
    return Failure(type(error).__name__, str(error))


def of_connection(code: str) -> bool:
    """Whether an error is about reaching the cluster at all."""
    return code in _NO_CONNECTION


def translated(target: Target, call: str, code: str, detail: str, heard: Heard) -> TargetError:
    """The error of a call, told by the reason of a failed connection where one was heard."""
    if of_connection(code) and heard.why:
        code, detail = heard.why
    facts: dict[str, Any] = {"target": target.name, "call": call, "detail": detail}
    if code in _AUTHENTICATION:
        return AuthFailed(**facts)
    if Failure(code, detail).forbidden:
        return Forbidden(**facts)
    if code == "_SSL" or "PLAINTEXT broker listener" in detail or "ssl." in detail:
        return ProtocolMismatch("kafka_tls_mismatch", **facts)
    if code == "_BAD_MSG":
        return ProtocolMismatch("kafka_protocol_mismatch", **facts)
    if "security.protocol" in detail or "unexpected" in detail.lower():
        return ProtocolMismatch("kafka_security_mismatch", **facts)
    if "TIMED_OUT" in code or "timed out" in detail.lower():
        text = "kafka_timeout_tls" if tls(target) else "kafka_timeout"
        return CallTimeout(text, seconds=CALL_TIMEOUT_S, **facts)
    if of_connection(code) or code == "log":
        return Unreachable(**facts)
    return Unsupported("reply_error", **facts)
