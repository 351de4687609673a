"""The shape of the stub's file; what each word means stands at the top of `stub`."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid")


class StubTask(_Part):
    """One task."""

    id: str | None = None
    body: str = '{"n": 1}'
    url: str = "https://handler.example/work"
    method: str = "POST"
    due_in_s: float = 0
    created_s_ago: float = 60
    dispatch_count: int = Field(0, ge=0)
    response_count: int = Field(0, ge=0)
    code: int | None = None


class StubQueue(_Part):
    """One queue."""

    state: Literal["running", "paused", "disabled"] = "running"
    ready: int = Field(0, ge=0)
    scheduled: int = Field(0, ge=0)
    retrying: int = Field(0, ge=0)
    in_flight: int = Field(0, ge=0)
    growth_per_s: float = 0
    oldest_age_s: float = 60
    code: int = 14
    executed_last_minute: int = Field(0, ge=0)
    effective_execution_rate: float | None = None
    rate_limits: dict[str, float] = {}
    retry: dict[str, str | int] = {}
    tasks: list[StubTask] = []


class StubDocument(_Part):
    """The file."""

    fail: Literal["unreachable", "timeout", "auth_failed", "forbidden"] | None = None
    project: str = "my-project"
    location: str = "europe-west1"
    stats: bool = True
    deny: list[str] = []
    throttle: list[str] = []
    queues: dict[str, StubQueue | None] = {}
