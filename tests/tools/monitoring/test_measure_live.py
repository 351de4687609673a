"""`measure` on a real Valkey with a real worker: the right direction and roughly the right rate."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator

import pytest
import redis

from evals.embedded_redis import started
from tools.config import Config
from tools.runner import Runner


@pytest.fixture
def sending(send: Callable[..., None]) -> Iterator[Callable[[float], None]]:
    """Sends to `mail` about so many times a second until the test ends."""
    stop = threading.Event()
    threads: list[threading.Thread] = []

    def start(per_second: float) -> None:
        def loop() -> None:
            while not stop.wait(1 / per_second):
                send("mail", 1)

        threads.append(threading.Thread(target=loop))
        threads[0].start()

    yield start
    stop.set()
    for thread in threads:
        thread.join()


async def test_a_queue_nobody_consumes_grows_by_what_arrives(
    call, valkey: redis.Redis, send: Callable[..., None], sending: Callable[[float], None]
) -> None:  # type: ignore[no-untyped-def]
    send("mail", 10)
    sending(20)
    result = await call("measure", target="main", queue="mail", seconds=3)
    (row,) = result.data["queues"]
    arrived = valkey.llen("mail") - 10
    assert row["trend"] == "growing"
    assert row["completion_per_s"] == 0
    assert row["drain_s"] is None
    assert row["arrival_per_s"] == pytest.approx(arrived / 3, rel=0.4)
    assert len(row["points"]) >= 3
    assert [p[1] for p in row["points"]] == sorted(p[1] for p in row["points"])
    assert row["failure_per_s"] is None
    assert "failure_per_s" in [u.field for u in result.unknown]


async def test_a_queue_that_is_purged_while_nobody_consumes_leaves_its_arrivals_unknown(
    configured: Callable[..., Config], url: str, valkey: redis.Redis, send: Callable[..., None]
) -> None:
    # Given a backlog without a consumer, which somebody else deletes while it is measured
    send("mail", 10)
    runner = Runner(configured(main=url), progress=lambda _line: valkey.delete("mail"))
    # When
    result = await runner.call("measure", {"target": "main", "queue": "mail", "seconds": 1})
    await runner.close()
    # Then nothing was completed, and what arrived is unknown, not 0
    assert result.data is not None
    (row,) = result.data["queues"]
    assert (row["arrival_per_s"], row["completion_per_s"]) == (None, 0.0)
    assert [u.field for u in result.unknown if u.at.queue == "mail"] == ["arrival_per_s", "failure_per_s"]


async def test_a_worker_that_catches_up_drains_at_its_speed(
    call, workers, valkey: redis.Redis, send: Callable[..., None], wait_until: Callable[..., None]
) -> None:  # type: ignore[no-untyped-def]
    workers.start("mail", prefetch=1)
    send("mail", 100, seconds=0.1)
    wait_until(lambda: valkey.llen("mail") < 98, "the worker works")
    result = await call("measure", target="main", seconds=3)
    (row,) = result.data["queues"]
    assert row["trend"] == "draining"
    (start, first), (end, left) = row["points"][0], row["points"][-1]
    speed = (first - left) / (end - start)
    assert speed > 1
    assert row["completion_per_s"] == pytest.approx(speed, rel=0.35)
    assert row["arrival_per_s"] == pytest.approx(0, abs=0.25 * speed)
    assert row["drain_s"] == pytest.approx(left / speed, rel=0.35)


async def test_a_worker_of_two_queues_leaves_rates_unknown_and_says_why(
    call, workers, send: Callable[..., None]
) -> None:  # type: ignore[no-untyped-def]
    workers.start("mail,video")
    send("mail", 3)
    result = await call("measure", target="main", queue="mail", seconds=1, lang="ru")
    (row,) = result.data["queues"]
    assert (row["arrival_per_s"], row["completion_per_s"]) == (None, None)
    assert len(row["points"]) >= 3
    assert any("другие очереди" in u.reason for u in result.unknown if u.field == "completion_per_s")


async def test_a_broker_that_goes_away_ends_the_measurement_with_its_error(
    configured: Callable[..., Config],
) -> None:
    server = started()
    client = redis.Redis(port=server.port)
    client.sadd("_kombu.binding.mail", "mail\x06\x16\x06\x16mail")
    client.close()
    runner = Runner(configured(main=f"redis://127.0.0.1:{server.port}/0"), progress=lambda _line: server.terminate())
    result = await runner.call("measure", {"target": "main", "seconds": 3})
    await runner.close()
    assert (result.status, result.error and result.error.code) == ("error", "unreachable")


async def test_an_unknown_queue_is_an_error_with_the_nearest(call, send: Callable[..., None]) -> None:  # type: ignore[no-untyped-def]
    send("mail")
    result = await call("measure", target="main", queue="mial", seconds=1)
    assert (result.status, result.error.code) == ("error", "unknown_queue")
    assert "mail" in result.error.hint
