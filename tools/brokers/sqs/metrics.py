"""CloudWatch's view of queues that hold messages: age of the oldest, and what was sent, received and deleted a minute.

One GetMetricData call for the ages of up to 500 queues, one for the flow of the 100 largest (its limit is 500 metrics a
call). CloudWatch bills each metric, so only queues with messages are asked for. Its points cover whole minutes and come
some minutes late: they tell what was, and two of them seconds apart tell no rate. A metric without a point is unknown,
never 0: SQS stops to publish for a queue that nobody used for six hours.
"""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from tools.brokers.sqs.session import SqsSession
from tools.contract import QueueRecord
from tools.errors import TargetError

AGE = "ApproximateAgeOfOldestMessage"
FLOW = {
    "sent_per_s": "NumberOfMessagesSent",
    "received_per_s": "NumberOfMessagesReceived",
    "deleted_per_s": "NumberOfMessagesDeleted",
    "empty_receives_per_s": "NumberOfEmptyReceives",
}
MOST_AGES = 500
MOST_FLOWS = 100
MOST_PAGES = 5
PERIOD_S = 60
BACK = timedelta(minutes=15)
# Minutes that a rate is taken over, of those that have a point.
FLOW_POINTS = 5

Point = tuple[datetime, float]


@dataclass
class Metrics:
    """What CloudWatch said.

    Attributes:
        ages: seconds and when, by queue name.
        flows: messages per second by queue name, with `window_s` and `as_of`.
        asked: queues whose age was asked for.
        error: why there is nothing.
    """

    ages: dict[str, Point] = field(default_factory=dict)
    flows: dict[str, dict[str, Any]] = field(default_factory=dict)
    asked: set[str] = field(default_factory=set)
    error: TargetError | None = None


async def read_metrics(session: SqsSession, records: Sequence[QueueRecord]) -> Metrics:
    """Ages and flows of the largest queues that hold messages."""
    held = [r for r in records if (r.ready or 0) + (r.in_flight or 0) > 0]
    names = [r.name for r in sorted(held, key=lambda r: -((r.ready or 0) + (r.in_flight or 0)))]
    found = Metrics(asked=set(names[:MOST_AGES]))
    if not names:
        return found
    try:
        ages = await _points(session, [(name, AGE, "Maximum") for name in names[:MOST_AGES]])
        flows = await _points(session, [(n, metric, "Sum") for n in names[:MOST_FLOWS] for metric in FLOW.values()])
    except TargetError as error:
        found.error = error
        return found
    found.ages = {name: points[0] for (name, _), points in ages.items()}
    for name in names[:MOST_FLOWS]:
        series = {key: flows[(name, metric)] for key, metric in FLOW.items() if (name, metric) in flows}
        if series:
            found.flows[name] = _flow(series)
    return found


def _flow(series: Mapping[str, list[Point]]) -> dict[str, Any]:
    newest = max(points[0][0] for points in series.values())
    since = newest - timedelta(seconds=PERIOD_S * (FLOW_POINTS - 1))
    flow: dict[str, Any] = dict.fromkeys(FLOW)
    minutes = 0
    for key, points in series.items():
        recent = [value for at, value in points if at >= since]
        if recent:
            flow[key] = round(sum(recent) / (PERIOD_S * len(recent)), 3)
            minutes = max(minutes, len(recent))
    return flow | {
        "window_s": PERIOD_S * minutes,
        "as_of": (newest + timedelta(seconds=PERIOD_S)).isoformat(timespec="seconds"),
    }


async def _points(session: SqsSession, wanted: Sequence[tuple[str, str, str]]) -> dict[tuple[str, str], list[Point]]:
    """Points of each queue and metric, newest first; those without a point are left out."""
    now = datetime.now(UTC).replace(second=0, microsecond=0)
    by_id = {f"m{i}": one for i, one in enumerate(wanted)}
    queries = [
        {
            "Id": identity,
            "MetricStat": {
                "Metric": {
                    "Namespace": "AWS/SQS",
                    "MetricName": metric,
                    "Dimensions": [{"Name": "QueueName", "Value": name}],
                },
                "Period": PERIOD_S,
                "Stat": stat,
            },
        }
        for identity, (name, metric, stat) in by_id.items()
    ]
    # up to the last whole minute: a minute that is not over would make every rate too small
    span = {"StartTime": now - BACK, "EndTime": now, "ScanBy": "TimestampDescending"}
    found: dict[tuple[str, str], list[Point]] = {}
    token: dict[str, str] = {}
    for _ in range(MOST_PAGES):
        answer = await session.call("GetMetricData", "cloudwatch", MetricDataQueries=queries, **span, **token)
        for result in answer.get("MetricDataResults") or []:
            one = by_id.get(str(result.get("Id")))
            points = list(zip(result.get("Timestamps") or [], result.get("Values") or [], strict=False))
            if one and points:
                found.setdefault(one[:2], []).extend(points)
        if not answer.get("NextToken"):
            break
        token = {"NextToken": answer["NextToken"]}
    return {key: sorted(points, reverse=True) for key, points in found.items()}


def paste_of(session: SqsSession, name: str, metric: str, stat: str) -> str:
    """The command that reads one metric of one queue for the last quarter of an hour."""
    now = datetime.now(UTC)
    command = session.command(
        "cloudwatch", "get-metric-statistics", "--namespace", "AWS/SQS", "--metric-name", metric,
        "--dimensions", f"Name=QueueName,Value={name}", "--statistics", stat, "--period", str(PERIOD_S),
    )  # fmt: skip
    span = shlex.join(["--start-time", _iso(now - BACK), "--end-time", _iso(now)])
    return f"{command} {span}"


def _iso(at: datetime) -> str:
    return at.isoformat(timespec="seconds").replace("+00:00", "Z")
