"""Turns tool results into numbered evidence, thread facts, and the tool messages that the model reads."""

from __future__ import annotations

from typing import Any

from langchain_core.messages import ToolMessage

from agent.state import AgentState, ThreadFacts
from tools.contract import ToolResult
from tools.runner import for_model

# Names remembered for follow-up questions.
MOST_QUEUES = 200
# After these the arguments named nothing that exists, so nothing of them is remembered.
_MEANT_NOTHING = {"bad_arguments", "unknown_tool", "unknown_target", "limit_reached"}
_NO_SUCH_QUEUE = {"unknown_queue", "ambiguous_queue"}


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
        _remember_place(facts, item["args"], result)
        _remember_queues(queues, result.data or {})
        # How long a call took helps no model, and would make each request unlike the one before.
        shown = result.model_copy(update={"elapsed_ms": 0})
        messages.append(ToolMessage(for_model(shown), tool_call_id=item["id"], name=item["name"]))
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
    for i, item in enumerate(result.evidence, start=1):
        item.id = f"e{offset + i}"
    for finding in _rows(result.data or {}, "findings"):
        finding["evidence"] = [ids[e] for e in finding.get("evidence") or [] if e in ids]


def _remember_place(facts: ThreadFacts, args: dict[str, Any], result: ToolResult) -> None:
    """The last target, queue and framework that a call was about."""
    code = result.error.code if result.error else None
    if code in _MEANT_NOTHING:
        return
    if args.get("target"):
        if facts.get("target") not in (None, args["target"]):
            # Another broker: its queue is another one too.
            facts.pop("queue", None)
            facts.pop("framework", None)
        facts["target"] = args["target"]
    if args.get("queue") and code not in _NO_SUCH_QUEUE:
        facts["queue"] = args["queue"]
    elif args.get("queue") and facts.get("queue") == args["queue"]:
        # named in the question, and there is no such queue
        facts.pop("queue")
    if args.get("framework"):
        facts["framework"] = args["framework"]


def _remember_queues(queues: list[str], data: dict[str, Any]) -> None:
    """Queue names of a result, newest last: of records, of one record, of findings."""
    records = [row for row in (*_rows(data, "queues"), data) if "ready" in row or "trend" in row]
    names = [row.get("name") for row in records]
    names += [finding["at"].get("queue") for finding in _rows(data, "findings") if finding.get("at")]
    for name in names:
        if isinstance(name, str) and name:
            if name in queues:
                queues.remove(name)
            queues.append(name)


def _rows(data: dict[str, Any], key: str) -> list[dict[str, Any]]:
    value = data.get(key)
    return [row for row in value if isinstance(row, dict)] if isinstance(value, list) else []
