"""What Cloud Tasks refuses, in our own tree: one table of gRPC status codes for the real client and the stub."""

from __future__ import annotations

from typing import Any

from tools.asking import Throttled
from tools.errors import (
    AuthFailed,
    CallTimeout,
    Forbidden,
    ProtocolMismatch,
    TargetError,
    Unreachable,
    Unsupported,
)

# The IAM permission of each call (Cloud Tasks, "Access control"). The full view of tasks takes a second one.
PERMISSIONS = {
    "v2beta3.ListQueues": "cloudtasks.queues.list",
    "v2.ListQueues": "cloudtasks.queues.list",
    "v2.ListTasks": "cloudtasks.tasks.list",
    "v2.ListTasks FULL": "cloudtasks.tasks.fullView",
}


class Gone(Unsupported):
    """The queue, or the whole call, is not there."""


def error_of(target: str, call: str, status: str, message: str, seconds: float = 0.0) -> TargetError:
    """The error that stands for a status such as `PERMISSION_DENIED`. Facts: target, call, detail, permission.

    Args:
        seconds: the time-out of the call, for DEADLINE_EXCEEDED.
    """
    facts: dict[str, Any] = {
        "target": target,
        "call": call,
        "detail": f"{status}: {message[:1_000]}" if message else status,
        "permission": PERMISSIONS.get(call, call),
    }
    if status == "PERMISSION_DENIED":
        return Forbidden("cloudtasks_forbidden", **facts)
    if status == "UNAUTHENTICATED":
        return AuthFailed("cloudtasks_auth_failed", **facts)
    if status == "DEADLINE_EXCEEDED":
        return CallTimeout("cloudtasks_timeout", seconds=seconds, **facts)
    if status == "RESOURCE_EXHAUSTED":
        # gRPC says the same of an answer that is larger than we accept
        if "larger than max" in message:
            return ProtocolMismatch("cloudtasks_mismatch", **facts)
        return Throttled("cloudtasks_throttled", **facts)
    if status in {"UNIMPLEMENTED", "NOT_FOUND"}:
        return Gone("cloudtasks_refused", **facts)
    if status in {"UNAVAILABLE", "INTERNAL", "CANCELLED", "ABORTED"}:
        return Unreachable("cloudtasks_unreachable", **facts)
    return Unsupported("cloudtasks_refused", **facts)
