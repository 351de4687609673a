"""Every number of an answer is found in what the tools returned: the check that the graph runs finds nothing."""

from __future__ import annotations

import random
from typing import Any

import pytest

from agent.nodes.grounding import unsupported
from tests.agent.embedded.turns import Conversation, envelope, final, found, measured, planned, remedy
from tools.contract import QueueRecord, WorkerJob, WorkerRecord


def result_of(tool: str, draw: random.Random) -> dict[str, Any]:
    """A result with numbers that no text could know."""
    n = [draw.randint(1_001, 9_999_999) for _ in range(6)]
    record = QueueRecord(name="mail", framework="celery", kind="list", ready=n[0], in_flight=n[1], consumers=n[2] % 50)
    evidence = [
        measured("e1", "queue.ready", "main/mail", n[0]),
        measured("e2", "unacked.oldest_s", "main", n[1], "s"),
        measured("e3", "broker.memory_used", "main", n[2], "bytes"),
    ]
    step = remedy("Start a worker.", "celery -A proj worker -Q mail")
    finding = found("no-consumers", "mail", "e1", "e2", "e3", summary=f"{n[0]:,} wait.", remedies=[step])
    job = WorkerJob(id="1", name="send", runtime_s=n[3] / 100)
    worker = WorkerRecord(id="w1", framework="celery", state="running", concurrency=n[4], busy=1, jobs=[job])
    row = {"name": "mail", "trend": "draining", "drain_s": n[3] / 10, "arrival_per_s": n[4] / 1000}
    memory = {"used_bytes": n[2], "max_bytes": n[3], "policy": "noeviction"}
    data: dict[str, dict[str, Any]] = {
        "diagnose": {"findings": [finding], "checked": []},
        "inspect_broker": {"target": "main", "system": "redis", "memory": memory, "queues": [record.model_dump()]},
        "inspect_queue": record.model_dump(),
        "inspect_workers": {"workers": [worker.model_dump()]},
        "measure": {"seconds": n[5] / 1e6, "queues": [row | {"points": [[0, n[0]], [5, n[1]]]}]},
        "peek_messages": {"messages": [{"id": "1", "size_bytes": n[0], "summary": "args: 17"}]},
    }
    return envelope(tool, data[tool], *evidence)


@pytest.mark.parametrize("lang", ["en", "ru"])
@pytest.mark.parametrize(
    "tool", ["diagnose", "inspect_broker", "inspect_queue", "inspect_workers", "measure", "peek_messages"]
)
def test_no_number_comes_from_anywhere_else(tool: str, lang: str) -> None:
    route = planned((tool, {"target": "main", "queue": "mail"}))
    draw = random.Random(f"{tool} {lang}")
    for _ in range(20):
        result = result_of(tool, draw)

        answer = final(route, Conversation(lang=lang, introduced=False).ask("?"), result)

        assert unsupported(answer, [result], []) == []
