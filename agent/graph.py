"""The graph, written out: the flow is the product.

question ─► retrieve ─► think ─► act ─► evidence ─► answer
                          ▲                │
                          └────────────────┘
"""

from __future__ import annotations

from typing import Any, Literal

from langchain_core.messages import AIMessage
from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.graph import END, START, StateGraph
from langgraph.graph.state import CompiledStateGraph

from agent.nodes.act import act
from agent.nodes.answer import answer
from agent.nodes.evidence import evidence
from agent.nodes.retrieve import retrieve
from agent.nodes.runtime import Runtime
from agent.nodes.think import think
from agent.state import AgentState

Graph = CompiledStateGraph[AgentState, None, AgentState, AgentState]


def build_graph(runtime: Runtime, checkpointer: BaseCheckpointSaver[str] | None = None) -> Graph:
    """Compiles the five nodes over one process's runtime."""

    async def retrieve_node(state: AgentState) -> dict[str, Any]:
        return await retrieve(state, runtime)

    async def think_node(state: AgentState) -> dict[str, Any]:
        return await think(state, runtime)

    async def act_node(state: AgentState, config: RunnableConfig) -> dict[str, Any]:
        return await act(state, runtime, config.get("configurable", {}).get("thread_id"))

    async def answer_node(state: AgentState) -> dict[str, Any]:
        return await answer(state, runtime)

    graph = StateGraph(AgentState)
    graph.add_node("retrieve", retrieve_node)
    graph.add_node("think", think_node)
    graph.add_node("act", act_node)
    graph.add_node("evidence", evidence)
    graph.add_node("answer", answer_node)
    graph.add_edge(START, "retrieve")
    graph.add_edge("retrieve", "think")
    graph.add_conditional_edges("think", after_think)
    graph.add_edge("act", "evidence")
    graph.add_edge("evidence", "think")
    graph.add_edge("answer", END)
    return graph.compile(checkpointer=checkpointer)


def after_think(state: AgentState) -> Literal["act", "answer"]:
    """Tools are run while the model asks for them and no limit has stopped the turn."""
    last = state["messages"][-1]
    asks = isinstance(last, AIMessage) and bool(last.tool_calls or last.invalid_tool_calls)
    return "act" if asks and not state.get("stop") else "answer"
