"""On a replica nobody consumes and nobody can be asked: workers are connected to the primary."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import redis

from evals.embedded_redis import EmbeddedRedis

from .conftest import Lab, Opener, celery_of, wait_until


@pytest.fixture
def replica(lab: Lab) -> Iterator[str]:
    """The URL of a replica of the lab."""
    with EmbeddedRedis() as server:
        lab.client.config_set("repl-diskless-sync-delay", 0)
        client = redis.Redis(host="127.0.0.1", port=server.port)
        client.replicaof("127.0.0.1", str(lab.client.connection_pool.connection_kwargs["port"]))
        wait_until(lambda: client.info("replication").get("master_link_status") == "up")
        lab.send("mail")
        wait_until(lambda: client.exists("mail"))
        yield f"redis://127.0.0.1:{server.port}/0"
        client.close()


async def test_nothing_is_said_about_workers(replica: str, opened: Opener) -> None:
    found = await celery_of(opened(replica))
    view = found.consumers["mail"]
    assert (view.count, view.confidence, view.basis) == (None, "hypothesis", "replica")
    assert found.workers is None
    (record,) = found.queues
    assert (record.ready, record.consumers, record.in_flight) == (1, None, None)
    liveness = found.facts["liveness"]
    assert (liveness["clients_known"], liveness["pubsub"], liveness["brpop"], liveness["asked"]) == (
        False, None, None, False,
    )  # fmt: skip
    assert found.facts["unacked"]["held_by_nobody"] is None


@pytest.mark.parametrize(("lang", "word"), [("en", "replica"), ("ru", "реплика")])
async def test_the_workers_are_unknown_and_it_says_where_to_ask(
    replica: str, opened: Opener, lang: str, word: str
) -> None:
    result = await opened(replica).call("inspect_workers", {"target": "main"}, lang=lang)
    assert result.data == {"workers": None}
    (unknown,) = [u for u in result.unknown if u.field == "workers"]
    assert word in unknown.reason
    assert unknown.enable
    assert not [e for e in result.evidence if e.metric.endswith("_clients")]


async def test_rates_are_unknown_and_never_zero(replica: str, opened: Opener) -> None:
    result = await opened(replica).call("measure", {"target": "main", "queue": "mail", "seconds": 1})
    assert result.data is not None
    (row,) = result.data["queues"]
    assert (row["arrival_per_s"], row["completion_per_s"]) == (None, None)
    assert len(row["points"]) >= 3
    assert {"arrival_per_s", "completion_per_s"} <= {u.field for u in result.unknown if "replica" in u.reason}
