"""What is read of queues is what boto3 says of them."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from evals.servers.sqs import SqsServer


def attributes(sqs: Any, url: str) -> dict[str, str]:
    found: dict[str, str] = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    return found


@pytest.fixture
def shop(sqs: Any) -> dict[str, str]:
    """`mail` with a dead-letter queue and messages in every state, and a FIFO queue; URLs by name."""
    urls = {"mail-dlq": sqs.create_queue(QueueName="mail-dlq")["QueueUrl"]}
    policy = {"deadLetterTargetArn": attributes(sqs, urls["mail-dlq"])["QueueArn"], "maxReceiveCount": "5"}
    urls["mail"] = sqs.create_queue(
        QueueName="mail",
        Attributes={"RedrivePolicy": json.dumps(policy), "VisibilityTimeout": "90", "MessageRetentionPeriod": "3600"},
    )["QueueUrl"]
    urls["pay.fifo"] = sqs.create_queue(
        QueueName="pay.fifo", Attributes={"FifoQueue": "true", "ContentBasedDeduplication": "true"}
    )["QueueUrl"]
    for n in range(7):
        sqs.send_message(QueueUrl=urls["mail"], MessageBody=json.dumps({"n": n}))
    sqs.receive_message(QueueUrl=urls["mail"], MaxNumberOfMessages=2)
    sqs.send_message(QueueUrl=urls["mail"], MessageBody="later", DelaySeconds=600)
    for n in range(3):
        sqs.send_message(QueueUrl=urls["mail-dlq"], MessageBody=f"dead {n}")
    return urls


async def test_the_three_counts_are_those_of_boto3(
    call: Any, server: SqsServer, sqs: Any, shop: dict[str, str]
) -> None:
    queues = {q["name"]: q for q in (await call(server.url, "inspect_broker")).data["queues"]}
    assert queues.keys() == shop.keys()
    for name, url in shop.items():
        said = attributes(sqs, url)
        assert [queues[name][field] for field in ("ready", "in_flight", "scheduled")] == [
            int(said["ApproximateNumberOfMessages"]), int(said["ApproximateNumberOfMessagesNotVisible"]),
            int(said["ApproximateNumberOfMessagesDelayed"]),
        ]  # fmt: skip
    assert [queues["mail"][field] for field in ("ready", "in_flight", "scheduled")] == [5, 2, 1]


async def test_dead_is_what_waits_in_the_queue_that_the_policy_names(
    call: Any, server: SqsServer, shop: dict[str, str]
) -> None:
    queues = {q["name"]: q for q in (await call(server.url, "inspect_broker")).data["queues"]}
    assert queues["mail"]["dead"] == queues["mail-dlq"]["ready"] == 3
    assert queues["mail"]["details"]["redrive"]["max_receive_count"] == 5
    assert queues["mail-dlq"]["details"]["dead_letter_sources"] == ["mail"]
    assert queues["pay.fifo"]["dead"] is None


async def test_settings_are_read_with_their_units(call: Any, server: SqsServer, shop: dict[str, str]) -> None:
    mail = (await call(server.url, "inspect_queue", queue="mail")).data
    pay = (await call(server.url, "inspect_queue", queue="pay.fifo")).data
    assert (mail["kind"], pay["kind"]) == ("standard", "fifo")
    assert (mail["details"]["visibility_timeout_s"], mail["details"]["retention_s"]) == (90, 3_600)
    assert mail["details"]["max_message_bytes"] == 1_048_576
    assert pay["details"]["fifo"]["content_based_deduplication"] is True


async def test_what_sqs_cannot_tell_is_null_with_a_reason(call: Any, server: SqsServer, shop: dict[str, str]) -> None:
    result = await call(server.url, "inspect_queue", queue="pay.fifo")
    unknown = {u.field for u in result.unknown}
    nulls = {field for field in ("retrying", "dead", "consumers", "paused") if result.data[field] is None}
    assert nulls == {"retrying", "dead", "consumers", "paused"}
    assert nulls <= unknown


async def test_each_count_has_evidence_that_a_person_can_repeat(
    call: Any, server: SqsServer, shop: dict[str, str]
) -> None:
    result = await call(server.url, "inspect_queue", queue="mail")
    values = {e.metric: e.value for e in result.evidence}
    assert values["queue.ready"] == 5
    assert values["queue.dead"] == 3
    paste = next(e.paste for e in result.evidence if e.metric == "queue.ready")
    assert paste.startswith("aws sqs get-queue-attributes --region eu-central-1 --endpoint-url http://127.0.0.1:")
    assert "testing" not in paste


async def test_the_oldest_age_comes_from_cloudwatch(call: Any, server: SqsServer, shop: dict[str, str]) -> None:
    # Given what CloudWatch would hold of the last minutes
    watch = server.client("cloudwatch")
    start = datetime.now(UTC).replace(second=0, microsecond=0)
    for minutes, age, sent in ((4, 60, 120), (3, 120, 60), (2, 180, 60)):
        watch.put_metric_data(
            Namespace="AWS/SQS",
            MetricData=[
                {
                    "MetricName": metric, "Dimensions": [{"Name": "QueueName", "Value": "mail"}],
                    "Timestamp": start - timedelta(minutes=minutes), "Value": value,
                }
                for metric, value in (
                    ("ApproximateAgeOfOldestMessage", age), ("NumberOfMessagesSent", sent),
                    ("NumberOfMessagesReceived", 0), ("NumberOfEmptyReceives", 0),
                )
            ],
        )  # fmt: skip
    watch.close()
    # When
    mail = (await call(server.url, "inspect_queue", queue="mail")).data
    dead = await call(server.url, "inspect_queue", queue="mail-dlq")
    # Then the newest age, and the rate over the minutes that have a point
    assert mail["oldest_age_s"] == 180
    assert mail["details"]["flow"] == {
        "sent_per_s": pytest.approx(240 / 180, abs=0.001), "received_per_s": 0, "deleted_per_s": None,
        "empty_receives_per_s": 0, "window_s": 180,
        "as_of": (start - timedelta(minutes=1)).isoformat(timespec="seconds"),
    }  # fmt: skip
    # and where there is no point it is unknown
    assert dead.data["oldest_age_s"] is None
    assert "oldest_age_s" in {u.field for u in dead.unknown}


async def test_a_prefix_chooses_queues(call: Any, server: SqsServer, shop: dict[str, str]) -> None:
    result = await call(server.url, "inspect_broker", options={"prefix": '"mail-"'})
    assert [q["name"] for q in result.data["queues"]] == ["mail-dlq"]


async def test_a_measurement_sees_the_depth_change(call: Any, server: SqsServer, shop: dict[str, str]) -> None:
    result = await call(server.url, "measure", queue="mail", seconds=1)
    (row,) = result.data["queues"]
    assert [ready for _, ready in row["points"]] == [5, 5, 5]
    # no rate is made of counters that SQS does not have
    assert row["arrival_per_s"] is None
