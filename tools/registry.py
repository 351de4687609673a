"""The one list: a line a system, a line a tool, as dotted names, so that nothing loads before it is used."""

from __future__ import annotations

import difflib
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from importlib import import_module
from typing import Any

from pydantic import BaseModel

from tools.contract import Context, Risk, ToolOutput
from tools.errors import UnknownTool
from tools.reading import Broker, Framework


@dataclass(frozen=True)
class SystemSpec:
    """A broker: its URL schemes and its module, which offers `BROKER`."""

    id: str
    schemes: tuple[str, ...]
    module: str


@dataclass(frozen=True)
class FrameworkSpec:
    """A framework: the brokers it can live on and its module, which offers `FRAMEWORK`."""

    id: str
    brokers: tuple[str, ...]
    module: str


@dataclass(frozen=True)
class ToolSpec:
    """A tool: its module offers `Args` (a pydantic model, whose docstring is the description) and `run`."""

    name: str
    module: str
    risk: Risk = Risk.READ
    timeout_s: float = 10.0

    @cached_property
    def arguments(self) -> type[BaseModel]:
        """The arguments' model."""
        return import_module(self.module).Args  # type: ignore[no-any-return]

    @cached_property
    def run(self) -> Callable[[Context, Any], Awaitable[ToolOutput]]:
        """The function."""
        return import_module(self.module).run  # type: ignore[no-any-return]

    @property
    def description(self) -> str:
        """What the tool does, for people and models."""
        return " ".join((self.arguments.__doc__ or "").split())

    @property
    def schema(self) -> dict[str, Any]:
        """The JSON schema of the arguments, without titles."""
        schema = self.arguments.model_json_schema()
        schema.pop("description", None)
        return _without_titles(schema)  # type: ignore[no-any-return]


SYSTEMS = (
    SystemSpec("redis", ("redis", "rediss", "valkey", "valkeys", "unix", "redis+sentinel", "redis+cluster",
                         "redis+stub"), "tools.brokers.redis"),
    SystemSpec("sqs", ("sqs", "sqs+stub"), "tools.brokers.sqs"),
    SystemSpec("cloudtasks", ("cloudtasks", "cloudtasks+stub"), "tools.brokers.cloudtasks"),
    SystemSpec("servicebus", ("servicebus", "servicebus+stub"), "tools.brokers.servicebus"),
    SystemSpec("rabbitmq", ("amqp", "amqps", "rabbitmq+stub"), "tools.brokers.rabbitmq"),
    SystemSpec("kafka", ("kafka", "kafka+ssl", "kafka+stub"), "tools.brokers.kafka"),
)  # fmt: skip

FRAMEWORKS = (
    FrameworkSpec("celery", ("redis",), "tools.frameworks.celery"),
)  # fmt: skip

TOOLS = (
    ToolSpec("list_targets", "tools.inspection.list_targets"),
    ToolSpec("inspect_broker", "tools.inspection.inspect_broker"),
    ToolSpec("measure", "tools.monitoring.measure"),
    ToolSpec("diagnose", "tools.diagnosis.diagnose"),
    ToolSpec("inspect_queue", "tools.inspection.inspect_queue"),
    ToolSpec("inspect_workers", "tools.inspection.inspect_workers"),
    ToolSpec("peek_messages", "tools.inspection.peek_messages"),
    ToolSpec("search_knowledge", "tools.inspection.search_knowledge"),
)

# Ids that people write, and ours.
ALIASES = {
    "aws_sqs": "sqs",
    "azure_service_bus": "servicebus",
    "google_cloud_tasks": "cloudtasks",
    "arqs": "arq",
    "bull": "bullmq",
}


class Registry:
    """Looks up systems, frameworks and tools; loads them when used."""

    def __init__(
        self,
        systems: tuple[SystemSpec, ...] = SYSTEMS,
        frameworks: tuple[FrameworkSpec, ...] = FRAMEWORKS,
        tools: tuple[ToolSpec, ...] = TOOLS,
    ) -> None:
        self._systems = {s.id: s for s in systems}
        self._frameworks = frameworks
        self.tools: Mapping[str, ToolSpec] = {t.name: t for t in tools}

    def system_of(self, scheme: str) -> str | None:
        """The broker id that a URL scheme belongs to; None when no system here speaks it."""
        return next((s.id for s in self._systems.values() if scheme in s.schemes), None)

    @property
    def schemes(self) -> list[str]:
        """Every URL scheme that can be a target."""
        return [scheme for s in self._systems.values() for scheme in s.schemes if "stub" not in scheme]

    def broker(self, system: str) -> Broker:
        """The broker of that id. KeyError when there is none."""
        return import_module(self._systems[system].module).BROKER  # type: ignore[no-any-return]

    def frameworks(self, system: str, only: tuple[str, ...] = ()) -> list[Framework]:
        """The frameworks that may live on that broker, all or those named."""
        return [
            import_module(f.module).FRAMEWORK
            for f in self._frameworks
            if system in f.brokers and (not only or f.id in only)
        ]

    @property
    def framework_ids(self) -> list[str]:
        """The frameworks that can be read."""
        return [f.id for f in self._frameworks]

    def tool(self, name: str) -> ToolSpec:
        """The tool of that name.

        Raises:
            UnknownTool: with the nearest names.
        """
        if name not in self.tools:
            near = difflib.get_close_matches(name, self.tools, n=3, cutoff=0.3) or list(self.tools)
            raise UnknownTool(tool=name[:80], nearest=", ".join(near))
        return self.tools[name]


def _without_titles(node: Any) -> Any:
    if isinstance(node, dict):
        return {k: _without_titles(v) for k, v in node.items() if not (k == "title" and isinstance(v, str))}
    return [_without_titles(v) for v in node] if isinstance(node, list) else node
