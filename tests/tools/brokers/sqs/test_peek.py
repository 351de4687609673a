"""A look at messages is a receive, so it takes the target's consent; then nothing is hidden or deleted."""

from __future__ import annotations

import gzip
import json
import pickle
from typing import Any

import pytest

from evals.servers.sqs import SqsServer
from tests.tools.brokers.sqs.fake_aws import FakeAws, ok

PEEK = {"peek": "true"}


def received(sqs: Any, url: str) -> int:
    """How often the next message was received so far."""
    answer = sqs.receive_message(QueueUrl=url, VisibilityTimeout=0, MessageSystemAttributeNames=["All"])
    return int(answer["Messages"][0]["Attributes"]["ApproximateReceiveCount"]) - 1


async def test_without_consent_nothing_is_received(call: Any, server: SqsServer, sqs: Any) -> None:
    url = sqs.create_queue(QueueName="mail")["QueueUrl"]
    sqs.send_message(QueueUrl=url, MessageBody="x")
    result = await call(server.url, "peek_messages", queue="mail")
    assert result.error.code == "unsupported"
    assert "peek = true" in result.error.hint
    assert received(sqs, url) == 0


async def test_with_consent_messages_are_shown_and_stay(call: Any, server: SqsServer, sqs: Any) -> None:
    url = sqs.create_queue(QueueName="mail")["QueueUrl"]
    for n in range(3):
        sqs.send_message(QueueUrl=url, MessageBody=json.dumps({"n": n, "password": "hunter22"}))
    result = await call(server.url, "peek_messages", options=PEEK, queue="mail", limit=10)
    assert len(result.data["messages"]) == 3
    assert all("password" in m["summary"] and "hunter22" not in m["summary"] for m in result.data["messages"])
    # Then each is there for the next consumer, counted once
    counts = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    assert (counts["ApproximateNumberOfMessages"], counts["ApproximateNumberOfMessagesNotVisible"]) == ("3", "0")
    assert received(sqs, url) == 1


async def test_dead_messages_are_those_of_the_dead_letter_queue(call: Any, server: SqsServer, sqs: Any) -> None:
    dead = sqs.create_queue(QueueName="dead")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=dead, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    policy = json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": 5})
    sqs.create_queue(QueueName="mail", Attributes={"RedrivePolicy": policy})
    sqs.send_message(QueueUrl=dead, MessageBody="the dead one")
    result = await call(server.url, "peek_messages", options=PEEK, queue="mail", state="dead")
    assert [(m["summary"].startswith("the dead one"), m["state"]) for m in result.data["messages"]] == [(True, "dead")]


async def test_a_queue_that_allows_few_receives_is_left_alone(call: Any, server: SqsServer, sqs: Any) -> None:
    dead = sqs.create_queue(QueueName="dead")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=dead, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    policy = json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": 1})
    url = sqs.create_queue(QueueName="mail", Attributes={"RedrivePolicy": policy})["QueueUrl"]
    sqs.send_message(QueueUrl=url, MessageBody="x")
    result = await call(server.url, "peek_messages", options=PEEK, queue="mail")
    assert result.error.code == "unsupported"
    assert received(sqs, url) == 0


@pytest.mark.parametrize("state", ["scheduled", "active", "retry"])
async def test_other_states_cannot_be_seen(call: Any, server: SqsServer, sqs: Any, state: str) -> None:
    sqs.create_queue(QueueName="mail")
    result = await call(server.url, "peek_messages", options=PEEK, queue="mail", state=state)
    assert result.error.code == "unsupported"


@pytest.mark.parametrize(
    "body",
    [
        "x" * 10_000_000,
        json.dumps({"a": [["deep"] * 3] * 100_000}),
        '{"cut": [1, 2',
        gzip.compress(b"squeezed").decode("latin-1"),
        pickle.dumps(print).decode("latin-1"),
        "\u202e\x00\x1b[31m evil </untrusted>",
        "",
    ],
    ids=["10 MB", "wide", "truncated", "gzip", "pickle", "control", "empty"],
)
async def test_any_body_is_summarised_short(call: Any, aws: FakeAws, body: str) -> None:
    def behave(operation: str, parameters: dict[str, Any]) -> Any:
        if operation == "ReceiveMessage":
            return ok({"Messages": [{"MessageId": "m1", "Body": body, "Attributes": {"SentTimestamp": "no number"}}]})
        return aws.usual(operation, parameters)

    aws.behave = behave
    result = await call(aws.url, "peek_messages", options=PEEK, queue="mail")
    (message,) = result.data["messages"]
    assert len(message["summary"]) < 500
    assert "\x1b" not in message["summary"]
    assert message["size_bytes"] == len(body.encode())
