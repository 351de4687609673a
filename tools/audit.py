"""One JSON line for each tool call, refusal and failure; append-only."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime
from pathlib import Path

from tools.redact import redact_data


class AuditLog:
    """Appends to `audit.jsonl` (mode 0600). One `write` a line, so lines of several processes do not mix."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def append(self, event: str, **fields: object) -> None:
        """Writes `{"at", "event", …fields}`, redacted."""
        record = {"at": datetime.now(UTC).isoformat(timespec="milliseconds"), "event": event, **fields}
        line = json.dumps(redact_data(record), ensure_ascii=False, default=str) + "\n"
        self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        descriptor = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            os.write(descriptor, line.encode())
        finally:
            os.close(descriptor)
