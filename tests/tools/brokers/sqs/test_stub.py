"""The stub answers as a server does, in the words of its file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from tools.brokers.sqs.stub import stub_session
from tools.errors import Unsupported
from tools.targets import parse_target

WORLD: dict[str, Any] = {
    "queues": {
        "mail": {
            "ready": 10, "in_flight": 2, "scheduled": 1, "oldest_age_s": 900, "received_per_s": 0,
            "empty_receives_per_s": 0, "dead_letter": {"queue": "dead"}, "attributes": {"VisibilityTimeout": 60},
            "messages": ["first", {"body": "second", "receives": 4}],
        },
        "dead": {"ready": 3},
        "pay.fifo": None,
    }
}  # fmt: skip


@pytest.fixture
def at(tmp_path: Path) -> Any:
    def written(world: dict[str, Any]) -> str:
        path = tmp_path / "world.yaml"
        path.write_text(yaml.safe_dump(world), encoding="utf-8")
        return f"sqs+stub://{path}"

    return written


async def test_a_world_is_read_like_a_region(call: Any, at: Any) -> None:
    result = await call(at(WORLD), "inspect_broker")
    mail, dead, pay = (next(q for q in result.data["queues"] if q["name"] == n) for n in WORLD["queues"])
    assert [mail[f] for f in ("ready", "in_flight", "scheduled", "dead", "oldest_age_s")] == [12, 2, 1, 3, 900]
    assert mail["details"]["visibility_timeout_s"] == 60
    assert dead["details"]["dead_letter_sources"] == ["mail"]
    assert (pay["kind"], pay["ready"]) == ("fifo", 0)


async def test_messages_are_shown_first_ones_first(call: Any, at: Any) -> None:
    result = await call(at(WORLD), "peek_messages", options={"peek": "true"}, queue="mail", limit=2)
    assert [m["summary"] for m in result.data["messages"]] == ["first [receives=1]", "second [receives=5]"]


@pytest.mark.parametrize("code", ["unreachable", "timeout", "auth_failed", "forbidden"])
async def test_it_fails_as_aws_fails(call: Any, at: Any, code: str) -> None:
    assert (await call(at({"fail": code}), "inspect_broker")).error.code == code


async def test_missing_permissions_are_unknown_by_name(call: Any, at: Any) -> None:
    world = WORLD | {"deny": ["cloudwatch:GetMetricData", "sqs:GetQueueAttributes mail"]}
    result = await call(at(world), "inspect_broker")
    enables = " ".join(str(u.enable) for u in result.unknown)
    assert "cloudwatch:GetMetricData" in enables
    assert "sqs:GetQueueAttributes" in enables


@pytest.mark.parametrize(
    ("world", "where"),
    [({"quues": {}}, "quues"), ({"queues": {"a": {"redy": 1}}}, "queues.a.redy"), ([1], ""), ({"fail": "x"}, "fail")],
)
def test_a_typing_error_is_named_by_its_place(world: Any, where: str) -> None:
    with pytest.raises(Unsupported) as error:
        stub_session(parse_target("main", "sqs+stub:///world.yaml", {}), world)
    assert where in str(error.value.facts["detail"])


async def test_a_missing_file_is_named(call: Any) -> None:
    result = await call("sqs+stub:///nowhere/world.yaml", "inspect_broker")
    assert result.error.code == "unsupported"
    assert "/nowhere/world.yaml" in result.error.message


@pytest.mark.parametrize("lang", ["en", "ru"])
async def test_every_sentence_renders(call: Any, at: Any, lang: str) -> None:
    result = await call(at(WORLD), "inspect_broker", lang=lang)
    assert all(u.reason for u in result.unknown)
    assert all(w["text"] for w in result.data["warnings"])
