"""Every error that Queuewright raises on purpose.

    QueuewrightError
    ├── InputError                 nothing was attempted because of the input: exit code 2
    │   ├── BadArguments           bad_arguments
    │   ├── UnknownTool            unknown_tool
    │   └── UnknownTarget          unknown_target
    ├── LookupFailed
    │   ├── UnknownQueue           unknown_queue, with the three nearest
    │   └── AmbiguousQueue         ambiguous_queue, with the candidates
    ├── TargetError                a call to a target failed
    │   ├── Unreachable            unreachable
    │   ├── CallTimeout            timeout
    │   ├── AuthFailed             auth_failed
    │   ├── Forbidden              forbidden
    │   ├── ProtocolMismatch       protocol_mismatch
    │   ├── Unsupported            unsupported
    │   └── MissingExtra           missing_extra
    ├── GateError
    │   ├── Refused                refused
    │   └── Conflict               conflict
    ├── ModelFailed                model_failed
    ├── LimitReached               limit_reached
    └── InternalError              internal

An error carries facts, not sentences: `tools.texts` renders `error.<text>.message` and `.hint` in the
language of the call. Facts are redacted when rendered, so a raised error may hold what a server answered.
"""

from __future__ import annotations

from typing import ClassVar

__all__ = [
    "AmbiguousQueue",
    "AuthFailed",
    "BadArguments",
    "CallTimeout",
    "Conflict",
    "Forbidden",
    "GateError",
    "InputError",
    "InternalError",
    "LimitReached",
    "LookupFailed",
    "MissingExtra",
    "ModelFailed",
    "ProtocolMismatch",
    "QueuewrightError",
    "Refused",
    "TargetError",
    "UnknownQueue",
    "UnknownTarget",
    "UnknownTool",
    "Unreachable",
    "Unsupported",
]


class QueuewrightError(Exception):
    """The root of the tree.

    Args:
        text: which sentence of the catalogue says it; the code itself when omitted.
        facts: the sentence's placeholders.
    """

    code: ClassVar[str] = "internal"

    def __init__(self, text: str | None = None, **facts: object) -> None:
        self.text = text or self.code
        self.facts = facts
        super().__init__(f"{self.text}: {facts}" if facts else self.text)


class InputError(QueuewrightError):
    """Nothing was attempted because of the input."""


class BadArguments(InputError):
    """Arguments are malformed or do not fit the schema."""

    code = "bad_arguments"


class UnknownTool(InputError):
    """No tool has that name."""

    code = "unknown_tool"


class UnknownTarget(InputError):
    """No target has that name."""

    code = "unknown_target"


class LookupFailed(QueuewrightError):
    """A queue name did not lead to exactly one queue."""


class UnknownQueue(LookupFailed):
    """No queue has that name; facts hold the nearest names."""

    code = "unknown_queue"


class AmbiguousQueue(LookupFailed):
    """Several queues have that name; facts hold the candidates."""

    code = "ambiguous_queue"


class TargetError(QueuewrightError):
    """A call to a target failed. Facts: target, call, detail."""


class Unreachable(TargetError):
    """No connection could be made, or it broke."""

    code = "unreachable"


class CallTimeout(TargetError):
    """The call ran into its time-out."""

    code = "timeout"


class AuthFailed(TargetError):
    """The server refused the credentials, or wants some."""

    code = "auth_failed"


class Forbidden(TargetError):
    """The user may not make this call."""

    code = "forbidden"


class ProtocolMismatch(TargetError):
    """The other side does not speak the protocol that the URL promises, or TLS does not fit."""

    code = "protocol_mismatch"


class Unsupported(TargetError):
    """The system has no such thing."""

    code = "unsupported"


class MissingExtra(TargetError):
    """An optional dependency is not installed."""

    code = "missing_extra"


class GateError(QueuewrightError):
    """The gate did not let a call through."""


class Refused(GateError):
    """The policy refuses the call."""

    code = "refused"


class Conflict(GateError):
    """The state is not the one the call was meant for."""

    code = "conflict"


class ModelFailed(QueuewrightError):
    """The model endpoint gave no usable answer."""

    code = "model_failed"


class LimitReached(QueuewrightError):
    """A step, size or cost limit was reached."""

    code = "limit_reached"


class InternalError(QueuewrightError):
    """A defect of ours, caught at a boundary."""

    code = "internal"
