"""Missing permissions, throttling and faults: the queue stays, and each unknown names what is missing."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from tests.tools.brokers.sqs.fake_aws import JSON, FakeAws, ok, refusal
from tools.brokers.sqs import BROKER, broker, client
from tools.brokers.sqs.session import SqsSession
from tools.reading import EvidenceBook
from tools.targets import parse_target


def refusing(aws: FakeAws, operation: str, answer: Any, queue: str | None = None) -> None:
    def behave(asked: str, parameters: dict[str, Any]) -> Any:
        if asked == operation and (queue is None or str(parameters.get("QueueUrl")).endswith(f"/{queue}")):
            return answer
        return aws.usual(asked, parameters)

    aws.behave = behave


async def test_a_queue_that_may_not_be_read_stays_and_names_the_permission(call: Any, aws: FakeAws) -> None:
    aws.queues = ["mail", "secret"]
    refusing(aws, "GetQueueAttributes", refusal("AccessDenied", "not authorized", 403), "secret")
    result = await call(aws.url, "inspect_broker")
    assert {q["name"]: q["ready"] for q in result.data["queues"]} == {"mail": 7, "secret": None}
    gap = next(u for u in result.unknown if u.at.queue == "secret" and u.field == "ready")
    assert "sqs:GetQueueAttributes" in str(gap.enable)
    assert result.data["coverage"]["complete"] is False


async def test_cloudwatch_denied_leaves_the_age_unknown(call: Any, aws: FakeAws) -> None:
    result = await call(aws.url, "inspect_queue", queue="mail")
    assert (result.data["ready"], result.data["oldest_age_s"]) == (7, None)
    gap = next(u for u in result.unknown if u.field == "oldest_age_s")
    assert "cloudwatch:GetMetricData" in str(gap.enable)


async def test_cloudwatch_that_is_none_leaves_the_age_unknown(call: Any, aws: FakeAws) -> None:
    refusing(aws, "GetMetricData", (200, {}, b"<html>"))
    result = await call(aws.url, "inspect_queue", queue="mail")
    assert result.data["ready"] == 7
    assert "oldest_age_s" in {u.field for u in result.unknown}


async def test_the_list_denied_is_an_error_that_names_the_permission(call: Any, aws: FakeAws) -> None:
    refusing(aws, "ListQueues", refusal("AccessDenied", "not authorized", 403))
    result = await call(aws.url, "inspect_broker")
    assert result.error.code == "forbidden"
    assert "sqs:ListQueues" in result.error.hint


@pytest.mark.parametrize("code", ["InvalidClientTokenId", "SignatureDoesNotMatch", "ExpiredToken"])
async def test_wrong_credentials_are_told_and_not_shown(call: Any, aws: FakeAws, code: str) -> None:
    refusing(aws, "ListQueues", refusal(code, "The security token s3cr3t/pw+x is invalid", 403))
    result = await call(aws.url, "inspect_broker")
    assert result.error.code == "auth_failed"
    assert "s3cr3t" not in json.dumps(result.model_dump())


async def test_throttling_of_a_queue_is_a_fact(aws: FakeAws, monkeypatch: pytest.MonkeyPatch) -> None:
    aws.queues = ["mail", "busy"]
    refusing(aws, "GetQueueAttributes", refusal("RequestThrottled", "slow down", 403), "busy")
    session = await BROKER.open(parse_target("main", aws.url, {"SECRET": "x"}))
    reading = await BROKER.read(session, EvidenceBook())
    await session.close()
    assert [(t["call"], t["queue"]) for t in reading.facts["throttled"]] == [("GetQueueAttributes", "busy")]
    assert reading.health == "degraded"
    assert {r.name: r.ready for r in reading.queues} == {"mail": 7, "busy": None}
    # asked twice, not for ever
    assert aws.seen.count("GetQueueAttributes") == 3


async def test_a_queue_that_vanished_is_unknown(call: Any, aws: FakeAws) -> None:
    refusing(aws, "GetQueueAttributes", refusal("AWS.SimpleQueueService.NonExistentQueue", "does not exist"))
    result = await call(aws.url, "inspect_queue", queue="mail")
    assert result.data["ready"] is None
    assert "does not exist" in next(u.reason for u in result.unknown if u.field == "ready")


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        ((200, JSON, b"not json"), "protocol_mismatch"),
        ((200, JSON, b'["a list"]'), "protocol_mismatch"),
        ((200, JSON, b'{"QueueUrls": 5}'), "protocol_mismatch"),
        ((200, {"Content-Type": "text/html"}, b"<html>hello</html>"), "protocol_mismatch"),
        ((404, {"Content-Type": "text/html"}, b"<html>not here</html>"), "unsupported"),
        ((500, {"Content-Type": "text/html"}, b"<html>broken</html>"), "unreachable"),
        ((200, JSON | {"Content-Length": "5000"}, b'{"QueueUrls": ['), "unreachable"),
        (None, "unreachable"),
    ],
    ids=["text", "list", "number", "page", "404", "500", "cut", "hung up"],
)
async def test_an_answer_that_is_none_of_sqs_is_one_clear_error(
    call: Any, aws: FakeAws, answer: Any, code: str
) -> None:
    refusing(aws, "ListQueues", answer)
    result = await call(aws.url, "inspect_broker")
    assert result.error.code == code
    assert "s3cr3t" not in json.dumps(result.model_dump())


@pytest.mark.parametrize(
    "answer",
    [ok({}), ok({"Attributes": None}), ok({"Attributes": {"ApproximateNumberOfMessages": "many"}}),
     ok({"Attributes": {"RedrivePolicy": "{", "RedriveAllowPolicy": "[]", "CreatedTimestamp": "1e99"}})],
)  # fmt: skip
async def test_an_absent_or_odd_field_is_unknown(call: Any, aws: FakeAws, answer: Any) -> None:
    refusing(aws, "GetQueueAttributes", answer)
    result = await call(aws.url, "inspect_queue", queue="mail")
    assert [result.data[f] for f in ("ready", "in_flight", "scheduled")] == [None] * 3
    assert {"ready", "in_flight", "scheduled"} <= {u.field for u in result.unknown}


async def test_a_server_that_never_answers_is_a_timeout(
    call: Any, aws: FakeAws, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "READ_TIMEOUT_S", 0.2)
    aws.behave = lambda _operation, _parameters: aws.release.wait(30) and None
    result = await call(aws.url, "inspect_broker")
    assert result.error.code == "timeout"
    assert "ListQueues" in result.error.message


async def test_one_call_ends_before_the_tool_does(call: Any, aws: FakeAws, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "CALL_TIMEOUT_S", 0.2)
    aws.behave = lambda _operation, _parameters: aws.release.wait(30) and None
    result = await call(aws.url, "inspect_broker")
    assert result.error.code == "timeout"
    assert "ListQueues" in result.error.message


async def test_a_cancelled_reading_begins_no_further_call(aws: FakeAws) -> None:
    aws.queues = [f"q{n}" for n in range(100)]
    started = asyncio.Event()
    loop = asyncio.get_running_loop()

    def behave(operation: str, parameters: dict[str, Any]) -> Any:
        if operation == "GetQueueAttributes":
            loop.call_soon_threadsafe(started.set)
            aws.release.wait(30)
        return aws.usual(operation, parameters)

    aws.behave = behave
    session = await BROKER.open(parse_target("main", aws.url, {"SECRET": "x"}))
    reading = asyncio.create_task(BROKER.read(session, EvidenceBook()))
    await started.wait()
    reading.cancel()
    with pytest.raises(asyncio.CancelledError):
        await reading
    aws.release.set()
    await session.close()
    assert aws.seen.count("GetQueueAttributes") <= 8


async def test_a_connection_refused_is_unreachable(call: Any) -> None:
    result = await call("sqs://k:${SECRET}@eu-central-1?endpoint_url=http://127.0.0.1:1", "inspect_broker")
    assert result.error.code == "unreachable"


async def test_a_host_that_is_no_region_is_named(call: Any) -> None:
    result = await call("sqs://k:${SECRET}@localhost", "inspect_broker")
    assert result.error.code == "unsupported"
    assert "endpoint_url" in result.error.hint


async def test_a_key_without_a_secret_is_told(call: Any) -> None:
    result = await call("sqs://AKIDEXAMPLE@eu-central-1", "inspect_broker")
    assert result.error.code == "auth_failed"
    assert "${SECRET}" in result.error.hint


async def test_no_credentials_at_all_is_told(call: Any, aws: FakeAws, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/nowhere")
    monkeypatch.setenv("AWS_CONFIG_FILE", "/nowhere")
    result = await call(f"sqs://eu-central-1?endpoint_url={aws.endpoint}", "inspect_broker")
    assert result.error.code == "auth_failed"
    assert aws.seen == []


async def test_more_queues_than_the_cap_are_said_to_be_there(
    call: Any, aws: FakeAws, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(broker, "MOST_QUEUES", 30)
    monkeypatch.setattr(broker, "PAGE", 20)
    aws.queues = [f"q{n}" for n in range(45)]
    result = await call(aws.url, "inspect_broker")
    assert (result.data["queues_total"], result.data["coverage"]["complete"]) == (30, False)
    assert "sqs_capped" in {w["code"] for w in result.data["warnings"]}
    assert aws.seen.count("ListQueues") == 2


async def test_what_does_not_fit_into_the_time_is_unknown(
    call: Any, aws: FakeAws, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(broker, "READ_SECONDS", 0.0)
    result = await call(aws.url, "inspect_broker")
    assert [q["ready"] for q in result.data["queues"]] == [None]
    assert result.data["coverage"]["complete"] is False
    assert "queues" in {u.field for u in result.unknown}


async def test_a_session_makes_no_call_that_changes_something(aws: FakeAws) -> None:
    session = SqsSession(
        parse_target("main", aws.url, {"SECRET": "x"}), client.BotoTransport(parse_target("m", "sqs://r", {}))
    )
    for operation in ("ReceiveMessage", "DeleteMessage", "PurgeQueue", "SendMessage", "SetQueueAttributes"):
        with pytest.raises(ValueError, match=operation):
            await session.call(operation, QueueUrl="x")
    assert aws.seen == []


async def test_throttled_metrics_are_told(call: Any, aws: FakeAws) -> None:
    refusing(aws, "GetMetricData", refusal("ThrottlingException", "Rate exceeded"))
    result = await call(aws.url, "inspect_queue", queue="mail")
    assert "ThrottlingException" in next(u.reason for u in result.unknown if u.field == "oldest_age_s")
