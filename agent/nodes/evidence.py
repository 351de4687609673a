"""Turns tool results into numbered evidence, thread facts, and the tool messages that the model reads."""

from __future__ import annotations

from typing import Any

from langchain_core.messages import ToolMessage

from agent.state import AgentState, ThreadFacts
from tools.contract import ToolResult
from tools.runner import for_model

# Names remembered for follow-up questions.
MOST_QUEUES = 200


async def evidence(state: AgentState) -> dict[str, Any]:
    """Numbers the evidence over the turn (e1, e2, …), also where findings refer to it."""
    numbered = list(state["evidence"])
    calls = list(state["tool_calls"])
    facts = ThreadFacts(**(state.get("facts") or {}))
    queues = list(state.get("queues") or [])
    messages = []
    for item in state["results"]:
        result = ToolResult.model_validate(item["result"])
        _renumber(result, len(numbered))
        numbered += [e.model_dump() for e in result.evidence]
        calls.append(
            {"name": item["name"], "args": item["args"], "status": result.status, "elapsed_ms": result.elapsed_ms}
        )
        _remember(facts, queues, item["args"], result)
        messages.append(ToolMessage(for_model(result), tool_call_id=item["id"], name=item["name"]))
    return {
        "messages": messages,
        "results": [],
        "evidence": numbered,
        "tool_calls": calls,
        "facts": facts,
        "queues": queues[-MOST_QUEUES:],
    }


def _renumber(result: ToolResult, offset: int) -> None:
    ids = {old.id: f"e{offset + i}" for i, old in enumerate(result.evidence, start=1)}
    for item in result.evidence:
        item.id = ids[item.id]
    for finding in (result.data or {}).get("findings", []):
        finding["evidence"] = [ids[e] for e in finding["evidence"] if e in ids]


def _remember(facts: ThreadFacts, queues: list[str], args: dict[str, Any], result: ToolResult) -> None:
    if result.status == "error" and (result.error is None or result.error.code.startswith("unknown_")):
        return
    if args.get("target"):
        if facts.get("target") not in (None, args["target"]):
            # Another broker: its queue is another one too.
            facts.pop("queue", None)
            facts.pop("framework", None)
        facts["target"] = args["target"]
    if args.get("queue"):
        facts["queue"] = args["queue"]
    if args.get("framework"):
        facts["framework"] = args["framework"]
    for name in _names(result.data or {}):
        if name in queues:
            queues.remove(name)
        queues.append(name)


def _names(data: dict[str, Any]) -> list[str]:
    """Queue names of a result, rarest first kept last: records, one record, findings."""
    rows = [*data.get("queues", []), data] if isinstance(data.get("queues", []), list) else [data]
    names = [row.get("name") for row in rows if (isinstance(row, dict) and "ready" in row) or "trend" in row]
    found = [f["at"].get("queue") for f in data.get("findings", [])]
    return [n for n in (*names, *found) if isinstance(n, str) and n]
