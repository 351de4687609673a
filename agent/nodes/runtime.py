"""What the nodes may use: built once per process, handed to the graph, never stored in a checkpoint."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from tools.config import Config
from tools.runner import Runner

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel
    from langchain_core.runnables import Runnable

    from knowledge.search import Knowledge


@dataclass
class Runtime:
    """Model, tools and knowledge of a process.

    Attributes:
        streams: the surface shows tokens as they come, so an answer can be corrected but not taken back.
    """

    config: Config
    runner: Runner
    model: BaseChatModel
    streams: bool = False

    @property
    def knowledge(self) -> Knowledge:
        """The knowledge base, opened when first used, since opening costs a Chroma import."""
        return self.runner.knowledge()

    @cached_property
    def tool_schemas(self) -> list[dict[str, Any]]:
        """The tools as models are told of them."""
        return [
            {"type": "function", "function": {"name": t.name, "description": t.description, "parameters": t.schema}}
            for t in self.runner.registry.tools.values()
        ]

    @cached_property
    def bound_model(self) -> Runnable[Any, Any]:
        """The model with the tools' schemas bound; the same bytes every time, so that a provider can cache them."""
        return self.model.bind_tools(self.tool_schemas)
