"""Each rule on readings built by hand: what must be found, with which confidence, and what must not."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tools.contract import Memory
from tools.diagnosis.engine import diagnose
from tools.errors import Unreachable
from tools.reading import TargetReading

MIB = 1024 * 1024
Found = set[tuple[str, str | None, str, str]]


def found(world) -> Found:  # type: ignore[no-untyped-def]
    report = diagnose([world.facts()], "en")
    return {(f.cause, f.at.queue, f.severity, f.confidence) for f in report.findings}


def no_worker_at_all(w) -> None:  # type: ignore[no-untyped-def]
    w.queue("mail", 10)
    w.queue("reports", 3)
    w.queue("empty", 0)


def workers_that_lack_the_queue(w) -> None:  # type: ignore[no-untyped-def]
    w.queue("mail", 10, basis="answered")
    w.queue("video", 0)
    w.worker("w@a", "video")


def name_nearly_the_same(w) -> None:  # type: ignore[no-untyped-def]
    w.queue("email", 10, basis="answered")
    w.queue("emails", 0)
    w.worker("w@a", "emails")


def numbered_siblings(w) -> None:  # type: ignore[no-untyped-def]
    w.queue("jobs-1", 10, basis="answered")
    w.queue("jobs-2", 0)
    w.worker("w@a", "jobs-2")


def twin_is_busy(w) -> None:  # type: ignore[no-untyped-def]
    w.queue("email", 10, basis="answered")
    w.queue("emails", 5)
    w.worker("w@a", "emails", busy=1)


def consumed_before_by_this_process(w) -> None:  # type: ignore[no-untyped-def]
    w.queue("mail", 10, basis="answered")
    w.queue("video", 0)
    w.worker("w@a", "video", pid=7)
    w.seen("w@a", 7, started_ago_s=600, seen_ago_s=60)


def consumed_before_by_another_process(w) -> None:  # type: ignore[no-untyped-def]
    w.queue("mail", 10, basis="answered")
    w.worker("w@a", "video", pid=7)
    w.seen("w@a", 6, started_ago_s=600, seen_ago_s=60)


def silent_worker_with_backlog(w) -> None:  # type: ignore[no-untyped-def]
    w.queue("mail", 10, None, "silent")
    w.silent_worker("w@a")


def connections_not_shown(w) -> None:  # type: ignore[no-untyped-def]
    w.queue("mail", 10, None, "clients_denied")


def idle_while_messages_wait(w) -> None:  # type: ignore[no-untyped-def]
    w.queue("mail", 10)
    w.worker("w@a", "mail")


def idle_over_a_window(w) -> None:  # type: ignore[no-untyped-def]
    idle_while_messages_wait(w)
    w.rate("mail", 10, 10)
    w.earlier = TargetReading(w.reading.target, "redis", frameworks=[w.celery])


def idle_while_the_queue_falls(w) -> None:  # type: ignore[no-untyped-def]
    idle_while_messages_wait(w)
    w.rate("mail", 20, 10)


def all_workers_gone(w) -> None:  # type: ignore[no-untyped-def]
    w.queue("mail", 10)
    w.unacked(total=4, held_by_nobody=4, by_queue={"mail": {"total": 4, "eta": 0, "retries": 0}})


def one_worker_gone(w) -> None:  # type: ignore[no-untyped-def]
    w.queue("mail", 0)
    w.worker("w@a", "mail")
    w.unacked(total=4, held_by_nobody=4, by_queue={"mail": {"total": 4, "eta": 0, "retries": 0}})


def deliveries_nobody_could_tell_of(w) -> None:  # type: ignore[no-untyped-def]
    w.queue("mail", 0, None, "silent")
    w.silent_worker("w@a")
    w.unacked(total=4, held_by_nobody=None)


def grows(w) -> None:  # type: ignore[no-untyped-def]
    w.queue("mail", 900)
    w.worker("w@a", "mail", busy=1, reserved=4)
    w.rate("mail", 300, 900)


def bursts_into_free_slots(w) -> None:  # type: ignore[no-untyped-def]
    w.queue("mail", 90)
    w.worker("w@a", "mail", busy=1, concurrency=4)
    w.rate("mail", 30, 90)


def drains(w) -> None:  # type: ignore[no-untyped-def]
    w.queue("mail", 300)
    w.worker("w@a", "mail", busy=1)
    w.rate("mail", 900, 300)
    w.broker.memory = Memory(used_bytes=90 * MIB, max_bytes=100 * MIB, policy="noeviction")


def long_without_rate(w) -> None:  # type: ignore[no-untyped-def]
    w.queue("mail", 10_001)
    w.worker("w@a", "mail", busy=1)


def as_long_as_the_threshold(w) -> None:  # type: ignore[no-untyped-def]
    w.queue("mail", 10_000)
    w.worker("w@a", "mail", busy=1)


def hoards(w) -> None:  # type: ignore[no-untyped-def]
    w.queue("mail", 0)
    w.worker("w@a", "mail", busy=1, reserved=3)
    w.worker("w@b", "mail")


def holds_back_with_nobody_idle(w) -> None:  # type: ignore[no-untyped-def]
    w.queue("mail", 0)
    w.worker("w@a", "mail", busy=1, reserved=3)
    w.worker("w@b", "mail", busy=1)


def holds_back_with_work_for_everybody(w) -> None:  # type: ignore[no-untyped-def]
    w.queue("mail", 5)
    w.worker("w@a", "mail", busy=1, reserved=3)
    w.worker("w@b", "mail")


def piles_up(w) -> None:  # type: ignore[no-untyped-def]
    w.queue("mail", 0)
    w.worker("w@a", "mail", busy=1)
    w.unacked(total=5, held_by_nobody=0)


def holds_what_it_may(w) -> None:  # type: ignore[no-untyped-def]
    w.queue("mail", 0)
    w.worker("w@a", "mail", busy=1)
    w.unacked(total=4, held_by_nobody=0)


def eta_flood(w) -> None:  # type: ignore[no-untyped-def]
    w.queue("mail", 0)
    w.worker("w@a", "mail", details={"prefetch_count": 1_204})
    w.unacked(total=1_200, eta=1_200, held_by_nobody=0)


def job_far_beyond_peers(w) -> None:  # type: ignore[no-untyped-def]
    w.queue("mail", 0)
    worker = w.worker("w@a", "mail", busy=4, concurrency=8)
    for number, runtime in enumerate((61.0, 2.0, 3.0, 4.0)):
        w.job(worker, number, runtime)


def job_three_times_as_long_as_peers(w) -> None:  # type: ignore[no-untyped-def]
    w.queue("mail", 0)
    worker = w.worker("w@a", "mail", busy=4, concurrency=8)
    for number, runtime in enumerate((90.0, 30.0, 31.0, 32.0)):
        w.job(worker, number, runtime)


def job_long_without_peers(w) -> None:  # type: ignore[no-untyped-def]
    w.queue("mail", 0)
    w.job(w.worker("w@a", "mail", busy=1), 1, 601.0)


def jobs_all_equally_long(w) -> None:  # type: ignore[no-untyped-def]
    w.queue("mail", 0)
    worker = w.worker("w@a", "mail", busy=4, concurrency=8)
    for number in range(4):
        w.job(worker, number, 300.0)


def may_evict(w) -> None:  # type: ignore[no-untyped-def]
    w.broker.memory = Memory(used_bytes=10 * MIB, max_bytes=100 * MIB, policy="allkeys-lru")


def evicted(w) -> None:  # type: ignore[no-untyped-def]
    may_evict(w)
    w.broker.facts["info"]["evicted_keys"] = "12"


def full_and_may_evict(w) -> None:  # type: ignore[no-untyped-def]
    w.broker.memory = Memory(used_bytes=101 * MIB, max_bytes=100 * MIB, policy="allkeys-lru")


def evicts_only_what_expires(w) -> None:  # type: ignore[no-untyped-def]
    w.broker.memory = Memory(used_bytes=10 * MIB, max_bytes=100 * MIB, policy="volatile-lru")
    w.broker.facts["info"]["evicted_keys"] = "12"


def policy_without_limit(w) -> None:  # type: ignore[no-untyped-def]
    w.broker.memory = Memory(used_bytes=10 * MIB, max_bytes=None, policy="allkeys-lru")


def memory_short(w) -> None:  # type: ignore[no-untyped-def]
    w.broker.memory = Memory(used_bytes=81 * MIB, max_bytes=100 * MIB, policy="noeviction")


def memory_at_eighty_percent(w) -> None:  # type: ignore[no-untyped-def]
    w.broker.memory = Memory(used_bytes=80 * MIB, max_bytes=100 * MIB, policy="noeviction")


def memory_full(w) -> None:  # type: ignore[no-untyped-def]
    w.broker.memory = Memory(used_bytes=101 * MIB, max_bytes=100 * MIB, policy="noeviction")


def replica(w) -> None:  # type: ignore[no-untyped-def]
    w.replica()


def snapshot_failed(w) -> None:  # type: ignore[no-untyped-def]
    w.broker.facts["info"] = {"role": "master", "rdb_last_bgsave_status": "err"}


def append_only_file_unwritable(w) -> None:  # type: ignore[no-untyped-def]
    w.broker.facts["info"] = {"role": "master", "aof_enabled": "1", "aof_last_write_status": "err"}


def too_few_replicas(w) -> None:  # type: ignore[no-untyped-def]
    w.broker.facts |= {"info": {"role": "master", "min_slaves_good_slaves": "0"}, "replicas_needed": 1}


def replicas_wanted_unknown(w) -> None:  # type: ignore[no-untyped-def]
    w.broker.facts |= {"info": {"role": "master", "min_slaves_good_slaves": "1"}, "replicas_needed": None}


def connections_of_something_else(w) -> None:  # type: ignore[no-untyped-def]
    w.queue("mail", 10, None, "strangers")
    w.unacked(total=4, held_by_nobody=None)
    w.liveness(pubsub=0, brpop=1, asked=False, answered=None, expected=None)


def connected_and_not_asked(w) -> None:  # type: ignore[no-untyped-def]
    w.queue("mail", 10, None, "not_asked")
    w.liveness(pubsub=1, brpop=1, asked=False, answered=None, expected=None)


def results_for_ever(w) -> None:  # type: ignore[no-untyped-def]
    w.celery.facts["results"] = {
        "sampled": 500, "found": 400, "estimated": 8_000, "without_ttl": 7_000, "average_bytes": 300.0,
    }  # fmt: skip


def results_that_expire(w) -> None:  # type: ignore[no-untyped-def]
    results_for_ever(w)
    w.celery.facts["results"]["without_ttl"] = 0


def reply_queues_for_ever(w) -> None:  # type: ignore[no-untyped-def]
    w.celery.facts["reply_queues"] = {"count": 1_001, "without_ttl": 1_001}


def depth_unknown(w) -> None:  # type: ignore[no-untyped-def]
    w.queue("mail", None)


def scan_incomplete(w) -> None:  # type: ignore[no-untyped-def]
    w.broker.coverage.complete = False


HEALTHY = {("healthy", None, "info", "fact")}
TABLE: list[tuple[Callable[..., None], Found]] = [
    (no_worker_at_all,
     {("no-consumers", "mail", "critical", "fact"), ("no-consumers", "reports", "critical", "fact")}),
    (workers_that_lack_the_queue, {("no-consumers", "mail", "critical", "fact")}),
    (name_nearly_the_same, {("queue-mismatch", "email", "critical", "fact")}),
    (numbered_siblings, {("no-consumers", "jobs-1", "critical", "fact")}),
    (twin_is_busy, {("no-consumers", "email", "critical", "fact")}),
    (consumed_before_by_this_process, {("paused", "mail", "medium", "fact")}),
    (consumed_before_by_another_process, {("no-consumers", "mail", "critical", "fact")}),
    (silent_worker_with_backlog, {("consumer-stalled", "mail", "high", "hypothesis")}),
    (connections_not_shown, {("no-consumers", "mail", "high", "hypothesis")}),
    (idle_while_messages_wait, {("consumer-stalled", "mail", "high", "hypothesis")}),
    (idle_over_a_window, {("consumer-stalled", "mail", "critical", "fact")}),
    (idle_while_the_queue_falls, HEALTHY),
    (all_workers_gone, {("workers-lost", "mail", "critical", "fact"), ("no-consumers", "mail", "critical", "fact")}),
    (one_worker_gone, {("workers-lost", "mail", "high", "fact")}),
    (deliveries_nobody_could_tell_of, set()),
    (grows, {("backlog-growing", "mail", "medium", "fact")}),
    (bursts_into_free_slots, HEALTHY),
    (drains, {("backlog-draining", "mail", "info", "fact"), ("memory-pressure", None, "medium", "fact")}),
    (long_without_rate, {("backlog-growing", "mail", "medium", "hypothesis")}),
    (as_long_as_the_threshold, HEALTHY),
    (hoards, {("prefetch-hoarding", "mail", "medium", "fact")}),
    (holds_back_with_nobody_idle, HEALTHY),
    (holds_back_with_work_for_everybody, HEALTHY),
    (piles_up, {("unacked-pileup", None, "medium", "fact")}),
    (holds_what_it_may, HEALTHY),
    (eta_flood, {("unacked-pileup", None, "medium", "fact")}),
    (job_far_beyond_peers, {("stuck-jobs", "mail", "medium", "fact")}),
    (job_three_times_as_long_as_peers, HEALTHY),
    (job_long_without_peers, {("stuck-jobs", "mail", "high", "hypothesis")}),
    (jobs_all_equally_long, HEALTHY),
    (may_evict, {("eviction-risk", None, "low", "fact")}),
    (evicted, {("eviction-risk", None, "high", "fact")}),
    (full_and_may_evict,
     {("eviction-risk", None, "high", "fact"), ("memory-pressure", None, "high", "fact")}),
    (evicts_only_what_expires, {("eviction-risk", None, "low", "fact")}),
    (policy_without_limit, HEALTHY),
    (memory_short, {("memory-pressure", None, "medium", "fact")}),
    (memory_at_eighty_percent, HEALTHY),
    (memory_full, {("broker-refusing-writes", None, "critical", "fact")}),
    (replica, {("broker-refusing-writes", None, "high", "fact")}),
    (snapshot_failed, {("broker-refusing-writes", None, "high", "hypothesis")}),
    (append_only_file_unwritable, {("broker-refusing-writes", None, "critical", "fact")}),
    (too_few_replicas, {("broker-refusing-writes", None, "critical", "fact")}),
    (replicas_wanted_unknown, set()),
    (connections_of_something_else, {("no-consumers", "mail", "high", "hypothesis")}),
    (connected_and_not_asked, set()),
    (results_for_ever, {("result-bloat", None, "medium", "fact")}),
    (results_that_expire, HEALTHY),
    (reply_queues_for_ever, {("result-bloat", None, "medium", "fact")}),
    (depth_unknown, set()),
    (scan_incomplete, set()),
]  # fmt: skip


@pytest.mark.parametrize(("build", "expected"), TABLE, ids=[build.__name__ for build, _ in TABLE])
def test_finds_exactly_what_the_reading_proves(world, build: Callable[..., None], expected: Found) -> None:  # type: ignore[no-untyped-def]
    build(world)
    assert found(world) == expected


@pytest.mark.parametrize("lang", ["en", "ru"])
@pytest.mark.parametrize("build", [build for build, _ in TABLE], ids=[build.__name__ for build, _ in TABLE])
def test_every_outcome_has_a_sentence_in_both_languages(world, build: Callable[..., None], lang: str) -> None:  # type: ignore[no-untyped-def]
    build(world)
    report = diagnose([world.facts()], lang)
    sentences = [f.summary for f in report.findings] + [r.text for f in report.findings for r in f.remedies]
    sentences += [row["why"] for row in report.checked]
    assert all(sentences)
    assert not [s for s in sentences if "?" in s or "{" in s]


def test_a_target_that_failed_is_checked_as_unknown_and_finds_nothing(world) -> None:  # type: ignore[no-untyped-def]
    world.reading.broker = None
    world.reading.error = Unreachable(target="main", call="INFO", detail="refused")
    report = diagnose([world.facts()], "en")
    assert report.findings == []
    assert [(row["target"], row["result"]) for row in report.checked] == [("main", "unknown")]


def test_what_only_workers_could_tell_is_not_ruled_out_without_their_answer(world) -> None:  # type: ignore[no-untyped-def]
    silent_worker_with_backlog(world)
    report = diagnose([world.facts()], "en")
    unknown = {row["cause"] for row in report.checked if row["result"] == "unknown"}
    assert unknown >= {"no-consumers", "stuck-jobs", "prefetch-hoarding", "unacked-pileup", "healthy"}
    assert "stuck-jobs" not in {row["cause"] for row in report.checked if row["result"] == "ruled_out"}
