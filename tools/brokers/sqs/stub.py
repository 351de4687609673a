r"""An SQS that stands in memory, for evals and tests: the same session, the same calls, no server.

A target names its file as `sqs+stub:///path/world.yaml` (absolute, else relative to the working directory); a file that
changes is read again. Everything below is optional; unknown words are an error that names file and key.

```yaml
fail: unreachable              # or timeout, auth_failed, forbidden: every call ends so
region: eu-central-1
account: "123456789012"
deny:                          # IAM actions that are missing, for all queues or for one
  - cloudwatch:GetMetricData
  - sqs:GetQueueAttributes mail
throttle: [sqs:GetQueueAttributes logs]    # calls that AWS asks to slow down, written the same way
metrics: true                  # false: CloudWatch has no points
queues:
  mail:                        # a name that ends in .fifo is a FIFO queue
    ready: 10000
    in_flight: 12
    scheduled: 3
    growth_per_s: 2.5          # of `ready`; below zero it drains
    oldest_age_s: 900          # what CloudWatch says; absent: no point
    sent_per_s: 5              # the same, as are received_per_s, deleted_per_s and empty_receives_per_s
    dead_letter: {queue: mail-dlq, max_receive_count: 5}
    attributes: {VisibilityTimeout: 60}      # differs from a new queue's; null: absent in the answer
    messages:                  # the first ones to be received, also counted as ready; a string is a body
      - {body: '{"n": 1}', id: m1, receives: 2, group: customer-7}
```
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from tools.brokers.sqs.errors import error_of
from tools.brokers.sqs.queues import COUNTS
from tools.brokers.sqs.session import SqsSession
from tools.brokers.sqs.stub_document import StubDocument, StubMessage, StubQueue
from tools.errors import AuthFailed, CallTimeout, Forbidden, TargetError, Unreachable
from tools.stubs import World
from tools.targets import Target

_NEW_QUEUE = {
    "VisibilityTimeout": "30", "MaximumMessageSize": "1048576", "MessageRetentionPeriod": "345600", "DelaySeconds": "0",
    "ReceiveMessageWaitTimeSeconds": "0", "CreatedTimestamp": "1795000000", "LastModifiedTimestamp": "1795000000",
    "SqsManagedSseEnabled": "true",
}  # fmt: skip
_FIFO = {
    "FifoQueue": "true", "ContentBasedDeduplication": "false", "DeduplicationScope": "queue",
    "FifoThroughputLimit": "perQueue",
}  # fmt: skip
_METRICS = {
    "ApproximateAgeOfOldestMessage": "oldest_age_s",
    "NumberOfMessagesSent": "sent_per_s",
    "NumberOfMessagesReceived": "received_per_s",
    "NumberOfMessagesDeleted": "deleted_per_s",
    "NumberOfEmptyReceives": "empty_receives_per_s",
}
_POINTS = 5


class StubTransport:
    """Answers as SQS and CloudWatch would."""

    def __init__(self, target: Target, world: World[StubDocument]) -> None:
        self._target = target
        self._world = world
        self.document = world.current()

    async def call(self, service: str, operation: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """One answer.

        Raises:
            TargetError: as `fail`, `deny` and `throttle` say, or for a queue that is not there.
        """
        self.document = self._world.current()
        if self.document.fail:
            raise self._failure(operation)
        queue = str(parameters.get("QueueUrl", "")).rpartition("/")[2]
        action = f"{service}:{operation}"
        for refused, code, said in (
            (
                self.document.deny,
                "AccessDenied",
                f"User: arn:aws:iam::1:user/stub is not authorized to perform: {action}",
            ),
            (self.document.throttle, "RequestThrottled", "Request is throttled."),
        ):
            if action in refused or f"{action} {queue}" in refused:
                raise error_of(
                    self._target.name, service, operation, code, said, 403 if refused is self.document.deny else 400
                )
        if queue and queue not in self.document.queues:
            said = "The specified queue does not exist."
            raise error_of(self._target.name, service, operation, "QueueDoesNotExist", said)
        answer: dict[str, Any] = getattr(self, f"_{operation}")(parameters, queue)
        return answer

    async def close(self) -> None:
        """Nothing to give back."""

    def _failure(self, operation: str) -> TargetError:
        facts: dict[str, Any] = {"target": self._target.name, "call": operation}
        if self.document.fail == "timeout":
            return CallTimeout("sqs_timeout", seconds=4.0, **facts)
        if self.document.fail == "auth_failed":
            said = "InvalidClientTokenId: The security token included in the request is invalid."
            return AuthFailed("sqs_auth_failed", detail=said, **facts)
        if self.document.fail == "forbidden":
            action = f"sqs:{operation}"
            return Forbidden("sqs_forbidden", permission=action, detail=f"AccessDenied: no {action}", **facts)
        return Unreachable("sqs_unreachable", detail="Connection refused", **facts)

    def _url(self, name: str) -> str:
        return f"https://sqs.{self.document.region}.amazonaws.com/{self.document.account}/{name}"

    def _arn(self, name: str) -> str:
        return f"arn:aws:sqs:{self.document.region}:{self.document.account}:{name}"

    def _queue(self, name: str) -> StubQueue:
        return self.document.queues[name] or StubQueue()

    def _ready(self, queue: StubQueue) -> int:
        return max(0, queue.ready + len(queue.messages) + self._world.grown(queue.growth_per_s))

    def _ListQueues(self, parameters: Mapping[str, Any], _queue: str) -> dict[str, Any]:  # noqa: N802 - the call's name
        names = [n for n in self.document.queues if n.startswith(parameters.get("QueueNamePrefix", ""))]
        return _page([self._url(n) for n in names], parameters, "QueueUrls")

    def _ListDeadLetterSourceQueues(self, parameters: Mapping[str, Any], queue: str) -> dict[str, Any]:  # noqa: N802
        names = [n for n in self.document.queues if (d := self._queue(n).dead_letter) and d.queue == queue]
        return _page([self._url(n) for n in names], parameters, "queueUrls")

    def _GetQueueAttributes(self, parameters: Mapping[str, Any], name: str) -> dict[str, Any]:  # noqa: N802
        queue = self._queue(name)
        counts = (self._ready(queue), queue.in_flight, queue.scheduled)
        found: dict[str, Any] = {"QueueArn": self._arn(name), **_NEW_QUEUE, **(_FIFO if name.endswith(".fifo") else {})}
        found |= {attribute: str(n) for attribute, n in zip(COUNTS.values(), counts, strict=True)}
        if queue.dead_letter:
            policy = {
                "deadLetterTargetArn": self._arn(queue.dead_letter.queue),
                "maxReceiveCount": queue.dead_letter.max_receive_count,
            }
            found["RedrivePolicy"] = json.dumps(policy)
        found |= {k: _wire(v) for k, v in queue.attributes.items()}
        wanted = parameters.get("AttributeNames", [])
        return {"Attributes": {k: v for k, v in found.items() if v is not None and ("All" in wanted or k in wanted)}}

    def _ReceiveMessage(self, parameters: Mapping[str, Any], name: str) -> dict[str, Any]:  # noqa: N802
        queue = self._queue(name)
        messages = [*queue.messages, *(StubMessage(body=json.dumps({"n": n})) for n in range(min(queue.ready, 10)))]
        now = int(1000 * time.time())
        return {
            "Messages": [
                {
                    "MessageId": m.id or f"{name}-{i}",
                    "ReceiptHandle": f"handle-{i}",
                    "Body": m.body,
                    "Attributes": {"SentTimestamp": str(now - 60_000), "ApproximateReceiveCount": str(m.receives + 1)}
                    | ({"MessageGroupId": m.group} if m.group else {}),
                }
                for i, m in enumerate(messages[: parameters.get("MaxNumberOfMessages", 1)])
            ]
        }

    def _GetMetricData(self, parameters: Mapping[str, Any], _queue: str) -> dict[str, Any]:  # noqa: N802
        newest = datetime.now(UTC).replace(second=0, microsecond=0) - timedelta(minutes=1)
        times = [newest - timedelta(minutes=i) for i in range(_POINTS)]
        results = []
        for query in parameters["MetricDataQueries"]:
            metric = query["MetricStat"]["Metric"]
            queue = self.document.queues.get(metric["Dimensions"][0]["Value"])
            value = getattr(queue, _METRICS[metric["MetricName"]], None) if self.document.metrics else None
            if value is not None and query["MetricStat"]["Stat"] == "Sum":
                value *= query["MetricStat"]["Period"]
            known = value is not None
            results.append(
                {"Id": query["Id"], "Timestamps": times if known else [], "Values": [value] * _POINTS if known else []}
            )
        return {"MetricDataResults": results}


def open_stub(target: Target) -> SqsSession:
    """A session over the queues that the target's YAML file describes.

    Raises:
        Unsupported: the file is missing, or says what this stub does not know.
    """
    return SqsSession(target, StubTransport(target, World(target, StubDocument)))


def stub_session(target: Target, document: Mapping[str, Any]) -> SqsSession:
    """The same from a mapping, for tests in code.

    Raises:
        Unsupported: the mapping says what this stub does not know.
    """
    return SqsSession(target, StubTransport(target, World(target, StubDocument, document)))


def _page(urls: list[str], parameters: Mapping[str, Any], key: str) -> dict[str, Any]:
    """A page from `NextToken` on; an empty list is absent, as in SQS' answers."""
    start, size = int(parameters.get("NextToken", 0)), int(parameters.get("MaxResults", 1_000))
    page, following = urls[start : start + size], start + size
    more = {"NextToken": str(following)} if following < len(urls) else {}
    return ({key: page} if page else {}) | more


def _wire(value: str | int | bool | None) -> str | None:
    """An attribute as it travels: a string."""
    if value is None:
        return None
    return str(value).lower() if isinstance(value, bool) else str(value)
