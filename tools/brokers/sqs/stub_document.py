"""The shape of the stub's file; what each word means stands at the top of `stub`."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid")


class StubMessage(_Part):
    """One message."""

    body: str = '{"n": 1}'
    id: str | None = None
    receives: int = Field(0, ge=0)
    group: str | None = None


class StubDeadLetter(_Part):
    """A redrive policy."""

    queue: str
    max_receive_count: int = Field(5, ge=1)


class StubQueue(_Part):
    """One queue; see `stub`."""

    ready: int = Field(0, ge=0)
    in_flight: int = Field(0, ge=0)
    scheduled: int = Field(0, ge=0)
    growth_per_s: float = 0
    oldest_age_s: float | None = None
    sent_per_s: float | None = None
    received_per_s: float | None = None
    deleted_per_s: float | None = None
    empty_receives_per_s: float | None = None
    dead_letter: StubDeadLetter | None = None
    attributes: dict[str, str | int | bool | None] = {}
    messages: list[StubMessage] = []

    @field_validator("messages", mode="before")
    @classmethod
    def _bodies(cls, value: Any) -> Any:
        return [{"body": m} if isinstance(m, str) else m for m in value] if isinstance(value, list) else value


class StubDocument(_Part):
    """The file; see `stub`."""

    fail: Literal["unreachable", "timeout", "auth_failed", "forbidden"] | None = None
    region: str = "eu-central-1"
    account: str = "123456789012"
    deny: list[str] = []
    throttle: list[str] = []
    metrics: bool = True
    queues: dict[str, StubQueue | None] = {}
