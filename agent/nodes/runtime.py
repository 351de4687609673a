"""What the nodes may use: built once per process, handed to the graph, never stored in a checkpoint."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from tools.config import Config
from tools.runner import Runner

if TYPE_CHECKING:
    from knowledge.search import Knowledge
    from langchain_core.language_models import BaseChatModel
    from langchain_core.runnables import Runnable


@dataclass
class Runtime:
    """Model, tools and knowledge of a process.

    Attributes:
        knowledge: opened when first used, since opening costs a Chroma import.
        streams: the surface shows tokens as they come, so an answer can be corrected but not taken back.
    """

    config: Config
    runner: Runner
    model: BaseChatModel
    knowledge_factory: Callable[[], Knowledge]
    streams: bool = False
    _knowledge: list[Knowledge] = field(default_factory=list)

    @property
    def knowledge(self) -> Knowledge:
        """The knowledge base."""
        if not self._knowledge:
            self._knowledge.append(self.knowledge_factory())
        return self._knowledge[0]

    @cached_property
    def bound_model(self) -> Runnable[Any, Any]:
        """The model with the tools' schemas bound; the same bytes every time, so that a provider can cache them."""
        tools = [
            {"type": "function", "function": {"name": t.name, "description": t.description, "parameters": t.schema}}
            for t in self.runner.registry.tools.values()
        ]
        return self.model.bind_tools(tools)
