"""The graph for LangGraph's own studio (`langgraph.json`); the studio brings its own checkpoints."""

from __future__ import annotations

from pathlib import Path

from agent.graph import Graph, build_graph
from agent.models import make_model
from agent.nodes.runtime import Runtime
from tools.config import load_config
from tools.runner import Runner


def graph() -> Graph:
    """A compiled graph over the configuration in the working directory."""
    config = load_config(working_directory=Path.cwd())
    runner = Runner(config, surface="studio")
    return build_graph(Runtime(config, runner, make_model(config.model)))
