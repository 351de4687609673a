"""Agents with a scripted model and a fixed knowledge base; everything else is real."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from langchain_core.language_models import BaseChatModel

from agent.session import Agent, open_agent
from tests.agent.doubles import Open, fixed_knowledge, registry
from tools.config import Config, ModelConfig, load_config
from tools.registry import ToolSpec
from tools.runner import Runner


@pytest.fixture
def settings(home: Path) -> Callable[..., Config]:
    """A configuration: targets by name, `model` as the settings of `[model]`."""

    def build(model: dict[str, Any] | None = None, **targets: str) -> Config:
        config = load_config(
            target_args=[f"{name}={url}" for name, url in targets.items()], environ={"QUEUEWRIGHT_HOME": str(home)}
        )
        return config.model_copy(update={"model": ModelConfig.model_validate({"name": "scripted", **(model or {})})})

    return build


@pytest.fixture
def opened(settings: Callable[..., Config]) -> Open:
    """Opens an agent of this test's home; opened again it is what a restarted process would be."""

    @asynccontextmanager
    async def build(
        model: BaseChatModel | None,
        *tools: ToolSpec,
        limits: dict[str, Any] | None = None,
        streams: bool = False,
        **targets: str,
    ) -> AsyncIterator[Agent]:
        config = settings(limits, **targets)
        runner = Runner(config, registry=registry(*tools), surface="test", knowledge=fixed_knowledge)
        async with open_agent(config, surface="test", streams=streams, model=model, runner=runner) as agent:
            yield agent

    return build
