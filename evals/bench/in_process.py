"""What a turn, an inspection and a search cost once the process is warm."""

from __future__ import annotations

import asyncio
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from evals.bench.measure import Figure, paired_ratio
from tools.config import Config, load_config

KEYS = 230_000
QUEUES = ("mail", "images", "reports")
DEPTH = 10_000
_QUESTIONS = (
    "How do I keep one slow task from blocking the others?",
    "Как выбрать visibility timeout для долгих задач?",
    "When should I use a dead letter queue?",
    "Почему задачи выполняются дважды?",
)


def conversation() -> list[Figure]:
    """In `chat`: a knowledge answer after the first, and a tool answer beyond the tool's own time."""
    return asyncio.run(_conversation())


async def _conversation() -> list[Figure]:
    from agent.session import open_agent
    from evals.embedded_redis import EmbeddedRedis

    with tempfile.TemporaryDirectory(prefix="queuewright-bench-") as home, EmbeddedRedis() as server:
        config = _config(Path(home), server.port)
        async with open_agent(config, surface="chat", streams=True) as agent:
            await agent.ask(_QUESTIONS[0], thread_id="bench")
            answers = [await agent.ask(q, thread_id="bench") for q in _QUESTIONS]
            tools = [await agent.ask("overview of the broker main", thread_id="bench") for _ in range(5)]
    knowledge = statistics.median(a["duration_ms"] for a in answers)
    beyond = statistics.median(a["duration_ms"] - sum(c["elapsed_ms"] for c in a["tool_calls"]) for a in tools)
    assert all(a["tool_calls"] for a in tools), "the question was meant to call a tool"
    return [
        Figure("chat: knowledge answer after the first", knowledge, 150, "ms", f"{len(answers)} questions"),
        Figure("chat: tool answer beyond the tool's time", beyond, 150, "ms", f"{len(tools)} questions"),
    ]


def inspection() -> list[Figure]:
    """`inspect_broker` on 230,000 keys and 3 Celery queues x 10,000, against one SCAN and one pipeline."""
    import redis

    from evals.embedded_redis import EmbeddedRedis

    with tempfile.TemporaryDirectory(prefix="queuewright-bench-") as home, EmbeddedRedis() as server:
        client = redis.Redis(port=server.port)
        _fill(client)
        config = _config(Path(home), server.port)
        with asyncio.Runner() as loop:
            ratio, detail = paired_ratio(_inspector(config, loop), lambda: _floor(client), 9)
    return [Figure("inspect_broker against the raw floor", ratio, 1.5, "x", detail)]


def retrieval() -> list[Figure]:
    """A query of the knowledge base, warm, 95th percentile."""
    from knowledge.search import Knowledge

    with tempfile.TemporaryDirectory(prefix="queuewright-bench-") as home:
        base = Knowledge.open(Path(home))
        for question in _QUESTIONS:
            base.search(question)
        times = []
        for round_ in range(50):
            for question in _QUESTIONS:
                started = time.perf_counter()
                base.search(f"{question} {round_}")
                times.append((time.perf_counter() - started) * 1000)
    p95 = statistics.quantiles(times, n=20)[-1]
    return [
        Figure("knowledge query, p95", p95, 10, "ms", f"{len(times)} queries, p50 {statistics.median(times):.1f} ms")
    ]


def _config(home: Path, port: int) -> Config:
    return load_config(target_args=[f"main=redis://127.0.0.1:{port}/0"], environ={"QUEUEWRIGHT_HOME": str(home)})


def _inspector(config: Config, loop: asyncio.Runner) -> Callable[[], float]:
    from tools.runner import Runner

    runner = Runner(config)

    def once() -> float:
        started = time.perf_counter()
        result: Any = loop.run(runner.call("inspect_broker", {"target": "main"}))
        took = time.perf_counter() - started
        assert [q["ready"] for q in result.data["queues"][:3]] == [DEPTH] * 3, "the queues were not found"
        return took

    return once


def _floor(client: Any) -> float:
    started = time.perf_counter()
    cursor = None
    while cursor != 0:
        cursor, _ = client.scan(cursor or 0, count=10_000)
    pipeline = client.pipeline(transaction=False)
    for queue in QUEUES:
        pipeline.llen(queue)
    pipeline.execute()
    return time.perf_counter() - started


def _fill(client: Any) -> None:
    for start in range(0, KEYS, 5_000):
        client.mset({f"session:{i}": "x" * 50 for i in range(start, start + 5_000)})
    for queue in QUEUES:
        client.sadd(f"_kombu.binding.{queue}", f"{queue}\x06\x16\x06\x16{queue}")
        client.lpush(queue, *(["x" * 300] * DEPTH))
