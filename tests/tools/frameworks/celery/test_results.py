"""Results and reply queues, by sampling."""

from __future__ import annotations

from .conftest import Lab, Opener, celery_of


async def test_results_are_estimated_with_those_that_never_expire(lab: Lab, opened: Opener) -> None:
    # Given a database of which half is results, and half of those never expire
    pipeline = lab.client.pipeline()
    for number in range(1_000):
        pipeline.set(f"celery-task-meta-{number}", "x" * 1_000, ex=None if number % 2 else 9_000)
        pipeline.set(f"cache:{number}", "x")
    pipeline.execute()
    # When
    found = await celery_of(opened(lab.url))
    # Then (the sample of 500 is off by less than a third nearly always: 5 standard deviations)
    results = found.facts["results"]
    assert results["sampled"] == 500
    assert 700 < results["estimated"] < 1_300
    assert 250 < results["without_ttl"] < 750
    assert 1_000 <= results["average_bytes"] < 1_500
    assert results["without_ttl"] <= results["estimated"]


async def test_reply_queues_are_counted_and_are_no_queues(lab: Lab, opened: Opener) -> None:
    lab.send("mail")
    reply = '{"body": "", "headers": {}, "properties": {"delivery_tag": 1}}'
    for number in range(30):
        lab.client.rpush(f"{number}.reply.celery.pidbox", reply)
        if number < 10:
            lab.client.expire(f"{number}.reply.celery.pidbox", 10)
    found = await celery_of(opened(lab.url))
    assert found.facts["reply_queues"] == {"count": 30, "without_ttl": 20}
    assert [q.name for q in found.queues] == ["mail"]
