"""Connections on the database that no Celery worker is known to hold: perhaps another program's."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from tools.reading import FrameworkReading

from .conftest import Lab, Opener, celery_of, wait_until

Connect = Callable[[str], None]


@pytest.fixture
def foreign(lab: Lab) -> Iterator[Connect]:
    """Connects as another program would: waiting for items of its list, or listening to its channels."""
    connection, subscriber = lab.client.connection_pool.make_connection(), lab.client.pubsub()

    def connect(kind: str) -> None:
        if kind == "brpop":
            connection.connect()
            connection.send_command("BRPOP", "their list", 0)
            wait_until(lambda: any(row["cmd"] == "brpop" for row in lab.client.client_list()))
        else:
            subscriber.psubscribe("their channels.*")
            wait_until(lambda: any(int(row["psub"]) for row in lab.client.client_list()))

    yield connect
    subscriber.close()
    connection.disconnect()


def gap(found: FrameworkReading) -> str:
    (key,) = {g.text.key for g in found.gaps if g.field == "workers"}
    return key


@pytest.mark.parametrize(
    ("kind", "asked", "reason"),
    [("brpop", False, "celery_strangers"), ("psubscribe", True, "celery_strangers_asked")],
)
async def test_a_foreign_connection_is_neither_a_worker_nor_the_proof_that_none_is_there(
    lab: Lab, foreign: Connect, opened: Opener, kind: str, asked: bool, reason: str
) -> None:
    lab.send("mail")
    foreign(kind)
    found = await celery_of(opened(lab.url))
    view = found.consumers["mail"]
    assert (view.count, view.confidence, view.basis) == (None, "hypothesis", "strangers")
    assert found.workers is None
    assert found.facts["liveness"]["asked"] is asked
    assert gap(found) == reason


async def test_mailboxes_that_nobody_listens_to_make_no_worker_of_a_foreign_connection(
    lab: Lab, foreign: Connect, opened: Opener
) -> None:
    # Given what a killed worker leaves behind
    lab.send("mail")
    lab.client.sadd("_kombu.binding.celery.pidbox", "\x06\x16\x06\x16dead@lab.celery.pidbox")
    foreign("psubscribe")
    found = await celery_of(opened(lab.url))
    assert (found.consumers["mail"].basis, found.workers) == ("strangers", None)


@pytest.mark.parametrize(("lang", "word"), [("en", "another program"), ("ru", "другая программа")])
async def test_inspect_workers_names_no_worker_that_nobody_knows(
    lab: Lab, foreign: Connect, opened: Opener, lang: str, word: str
) -> None:
    lab.send("mail")
    foreign("brpop")
    result = await opened(lab.url).call("inspect_workers", {"target": "main"}, lang=lang)
    assert result.data == {"workers": None}
    (unknown,) = [u for u in result.unknown if u.field == "workers"]
    assert word in unknown.reason
    assert unknown.enable


async def test_a_worker_beside_a_foreign_connection_is_known_and_others_are_not_excluded(
    lab: Lab, foreign: Connect, opened: Opener
) -> None:
    lab.start("w1@lab", "mail")
    lab.send("video")
    foreign("brpop")
    found = await celery_of(opened(lab.url))
    assert [w.id for w in found.workers or []] == ["w1@lab"]
    assert (found.consumers["video"].count, found.consumers["video"].confidence) == (None, "hypothesis")


async def test_a_worker_whose_bindings_were_flushed_answers_all_the_same(lab: Lab, opened: Opener) -> None:
    lab.start("w1@lab", "mail")
    lab.client.flushdb()
    lab.send("mail", "lab.nap", 300)
    wait_until(lambda: lab.client.llen("mail") == 0)
    lab.send("mail", "lab.nap", 300)
    found = await celery_of(opened(lab.url))
    assert [w.id for w in found.workers or []] == ["w1@lab"]
    assert (found.consumers["mail"].count, found.consumers["mail"].basis) == (1, "answered")
