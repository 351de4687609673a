"""The broker itself: eviction-risk, memory-pressure, broker-refusing-writes, result-bloat. Redis and Valkey.

Reads `facts["info"]`, the fields of INFO (https://redis.io/docs/latest/commands/info/). `errorstat_*` counts since the
start of the server, so it supports a finding about now and never makes one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from tools.contract import At, Confidence, Evidence, Severity
from tools.diagnosis.draft import Doubt, Draft, Outcome, Rule, Step
from tools.diagnosis.facts import Facts
from tools.diagnosis.thresholds import (
    MEMORY_NEARLY_FULL,
    MEMORY_PRESSURE,
    REPLY_QUEUES_WITHOUT_TTL,
    RESULTS_SAMPLED_LEAST,
    RESULTS_SHARE,
    RESULTS_WITHOUT_TTL,
)
from tools.reading import BrokerReading

_CAUSES = ("eviction-risk", "memory-pressure", "broker-refusing-writes")


def memory(facts: Facts) -> Iterator[Outcome]:
    """What the memory limit and the policy at the limit mean for queues."""
    broker = facts.reading.broker
    if broker is None or broker.system != "redis":
        return
    at = At(target=facts.target)
    used, limit, policy = broker.memory.used_bytes, broker.memory.max_bytes, broker.memory.policy
    if used is None or policy is None:
        for cause in _CAUSES:
            yield Doubt(cause, at, "info")
        return
    if limit is None:
        return
    if policy != "noeviction":
        yield _eviction(facts, broker, used / limit)
    if used >= limit and policy == "noeviction":
        yield _full(facts, broker, used, limit)
    elif used > MEMORY_PRESSURE * limit:
        yield _pressure(facts, used, limit, policy)


def _eviction(facts: Facts, broker: BrokerReading, share: float) -> Draft:
    """Low while nothing happens; lists have no time to live, so only `allkeys-*` takes them."""
    policy = broker.memory.policy or ""
    evicted = int(broker.facts.get("info", {}).get("evicted_keys") or 0)
    takes_lists = policy.startswith("allkeys")
    severity: Severity = "high" if takes_lists and (evicted or share > MEMORY_PRESSURE) else "low"
    text = ("evicted" if evicted else "summary") if takes_lists else "volatile"
    said: dict[str, object] = {
        "policy": policy,
        "limit": broker.memory.max_bytes,
        "evicted": evicted,
        "target": facts.target,
    }
    steps = (
        Step("set_noeviction", command="redis-cli CONFIG SET maxmemory-policy noeviction"),
        Step("own_instance"),
        Step("alert_at_80"),
    )
    shown = facts.measured(
        ("broker.eviction_policy", None), ("broker.memory_max", None), ("broker.memory_used", None),
        ("broker.evicted_keys", None),
    )  # fmt: skip
    return Draft("eviction-risk", severity, "fact", At(target=facts.target), said, shown, steps, text)


def _full(facts: Facts, broker: BrokerReading, used: int, limit: int) -> Draft:
    said: dict[str, object] = {"used": used, "limit": limit, "target": facts.target}
    return _refusing(facts, broker, "critical", said, _room(), "summary", "OOM")


def _pressure(facts: Facts, used: int, limit: int, policy: str) -> Draft:
    severity: Severity = "high" if used > MEMORY_NEARLY_FULL * limit else "medium"
    said: dict[str, object] = {
        "used": used,
        "limit": limit,
        "percent": round(100 * used / limit, 1),
        "target": facts.target,
        "policy": policy,
    }
    shown = facts.measured(("broker.memory_used", None), ("broker.memory_max", None), ("broker.eviction_policy", None))
    text = "noeviction" if policy == "noeviction" else "summary"
    return Draft("memory-pressure", severity, "fact", At(target=facts.target), said, shown, _room(), text)


def _room() -> tuple[Step, ...]:
    return (
        Step("find_big_keys", command="redis-cli --bigkeys"),
        Step("drain_or_expire"),
        Step("raise_maxmemory", command="redis-cli CONFIG SET maxmemory BYTES"),
        Step("alert_at_80"),
    )


def refusing(facts: Facts) -> Iterator[Outcome]:
    """Other reasons to refuse writes: a replica, too few of them, files that cannot be written. What is proven first.

    A failed write to the append-only file always stops writes, a failed snapshot unless it is configured otherwise
    (https://redis.io/docs/latest/operate/oss_and_stack/management/config/; the errors are NOREPLICAS and MISCONF).
    """
    broker = facts.reading.broker
    info: dict[str, str] = broker.facts.get("info", {}) if broker else {}
    if broker is None or broker.system != "redis" or not info:
        return
    said: dict[str, object] = {"target": facts.target, "primary": info.get("master_host", "?")}
    if info.get("role") == "slave" and info.get("slave_read_only", "1") == "1":
        step = Step("use_primary", {"primary": said["primary"]})
        yield _refusing(facts, broker, "high", said, (step,), "replica", "READONLY")
    if info.get("role") != "slave":
        yield from _too_few_replicas(facts, broker, info)
        yield from _unwritable(facts, broker, info)


def _too_few_replicas(facts: Facts, broker: BrokerReading, info: dict[str, str]) -> Iterator[Outcome]:
    """`min-replicas-to-write`; INFO counts the replicas in step only where such a limit is in force."""
    if not info.get("min_slaves_good_slaves", "").isdecimal():
        return
    good, needed = int(info["min_slaves_good_slaves"]), broker.facts.get("replicas_needed")
    if needed is None and good:
        yield Doubt("broker-refusing-writes", At(target=facts.target), "replicas_needed", {"good": good})
    elif good < (needed or 1):
        said: dict[str, object] = {"target": facts.target, "good": good, "needed": needed or 1}
        steps = (
            Step("see_replicas", command="redis-cli INFO replication"),
            Step("fewer_replicas", command="redis-cli CONFIG SET min-replicas-to-write 0"),
        )
        yield _refusing(facts, broker, "critical", said, steps, "replicas", "NOREPLICAS")


def _unwritable(facts: Facts, broker: BrokerReading, info: dict[str, str]) -> Iterator[Outcome]:
    said: dict[str, object] = {"target": facts.target}
    if info.get("aof_enabled") == "1" and info.get("aof_last_write_status") == "err":
        step = Step("fix_append_only", command="redis-cli INFO persistence")
        yield _refusing(facts, broker, "critical", said, (step,), "append_only", "MISCONF")
    if info.get("rdb_last_bgsave_status") == "err":
        steps = (
            Step("fix_snapshot", command="redis-cli INFO persistence"),
            Step("writes_on_error", command="redis-cli CONFIG GET stop-writes-on-bgsave-error"),
        )
        yield _refusing(facts, broker, "high", said, steps, "snapshot", "MISCONF")


def _refusing(
    facts: Facts, broker: BrokerReading, severity: Severity, said: dict[str, object], steps: tuple[Step, ...],
    text: str, code: str,
) -> Draft:  # fmt: skip
    """A snapshot that failed stops writes only where `stop-writes-on-bgsave-error` says so: proven by its errors."""
    refused = _refused(broker, code)
    shown = facts.measured(
        ("broker.memory_used", None), ("broker.memory_max", None), ("broker.eviction_policy", None),
        ("broker.role", None), ("broker.replicas_good", None), ("broker.replicas_needed", None),
    )  # fmt: skip
    if refused:
        shown += (_errors(facts, code, refused),)
    confidence: Confidence = "fact" if refused or text != "snapshot" else "hypothesis"
    at = At(target=facts.target)
    return Draft("broker-refusing-writes", severity, confidence, at, {**said, "refused": refused}, shown, steps, text)


def _errors(facts: Facts, code: str, count: int) -> Evidence:
    return Evidence(
        metric="broker.refused_writes",
        subject=facts.target,
        value=count,
        unit="errors",
        source=f"INFO errorstats: errorstat_{code}",
        paste=f"redis-cli -n {facts.reading.target.db} INFO errorstats",
    )


def _refused(broker: BrokerReading, code: str) -> int:
    match = re.fullmatch(r"count=(\d+)", broker.facts.get("info", {}).get(f"errorstat_{code}", ""))
    return int(match.group(1)) if match else 0


def results(facts: Facts) -> Iterator[Outcome]:
    """Results and reply queues that nothing will ever delete."""
    for framework in facts.reading.frameworks:
        found = framework.facts.get("results")
        replies = framework.facts.get("reply_queues") or {}
        kept = int(replies.get("without_ttl") or 0)
        if kept > REPLY_QUEUES_WITHOUT_TTL:
            shown = facts.measured(("reply_queues.count", None))
            steps = (Step("upgrade_celery"), Step("expire_replies"))
            said: dict[str, object] = {"count": kept}
            yield Draft("result-bloat", "medium", "fact", facts.at(framework), said, shown, steps, "replies")
        if found is None:
            yield Doubt("result-bloat", facts.at(framework), "results", needed=False)
        elif found["found"]:
            yield from _results(facts, facts.at(framework), found)


def _results(facts: Facts, at: At, found: dict[str, int | float]) -> Iterator[Draft]:
    used = facts.reading.broker.memory.used_bytes if facts.reading.broker else None
    kept = found["without_ttl"]
    if kept <= RESULTS_WITHOUT_TTL or found["found"] < RESULTS_SAMPLED_LEAST:
        return
    said: dict[str, object] = {
        "count": kept, "bytes": kept * found["average_bytes"], "sampled": found["sampled"],
        "fills_memory": kept * found["average_bytes"] > RESULTS_SHARE * used if used else False,
    }  # fmt: skip
    steps = (Step("result_expires"), Step("ignore_result"), Step("expire_results"))
    shown: tuple[Evidence, ...] = facts.measured(("results.estimated", None), ("results.without_ttl", None))
    yield Draft("result-bloat", "medium", "fact", at, said, shown, steps)


RULES = (
    Rule(_CAUSES, memory),
    Rule(("broker-refusing-writes",), refusing),
    Rule(("result-bloat",), results),
)
