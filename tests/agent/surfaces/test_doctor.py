"""`doctor`: what it finds, and what it keeps to itself."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from .conftest import Done, Endpoint

Run = Callable[..., Done]


def checks(done: Done) -> dict[str, dict[str, str]]:
    """By name."""
    return {check["name"]: check for check in done.document["checks"]}


def test_a_healthy_installation_passes(queuewright: Run, url: str) -> None:
    done = queuewright("doctor", "--json", "--target", f"main={url}")

    assert done.code == 0, done.out
    assert done.document["ok"] is True
    assert {check["status"] for check in done.document["checks"]} == {"ok"}
    assert checks(done)["target main"]["detail"].startswith("redis")


def test_an_unreachable_target_fails_without_its_password(queuewright: Run) -> None:
    done = queuewright("doctor", "--json", "--target", "main=redis://:hunter2secret@127.0.0.1:1/0")

    assert done.code == 1
    assert done.document["ok"] is False
    assert checks(done)["target main"]["status"] == "fail"
    assert checks(done)["target main"]["fix"]
    assert "hunter2secret" not in done.out + done.err


def test_a_foreign_package_of_our_name_is_named(queuewright: Run, tmp_path: Path) -> None:
    # Given somebody's own `agent` on PYTHONPATH
    foreign = tmp_path / "theirs" / "agent"
    foreign.mkdir(parents=True)
    (foreign / "__init__.py").write_text("raise RuntimeError('theirs')", encoding="utf-8")

    done = queuewright("doctor", "--json", PYTHONPATH=str(foreign.parent))

    # Then ours is used, and theirs is pointed at
    assert checks(done)["imports"]["status"] == "warn"
    assert str(foreign) in checks(done)["imports"]["detail"]


def test_state_that_others_can_read_is_pointed_at(queuewright: Run, environment: dict[str, str]) -> None:
    state = Path(environment["QUEUEWRIGHT_HOME"], "state")
    state.mkdir(mode=0o755)
    state.chmod(0o755)

    found = checks(queuewright("doctor", "--json"))["state"]

    assert found["status"] == "warn"
    assert "0755" in found["detail"]
    assert f"chmod -R go-rwx {state}" == found["fix"]


def test_a_broken_configuration_is_a_finding(queuewright: Run, tmp_path: Path) -> None:
    (tmp_path / "queuewright.toml").write_text("[nonsense]\n", encoding="utf-8")

    done = queuewright("doctor", "--json")

    assert done.code == 1
    assert checks(done)["configuration"]["status"] == "fail"
    assert "nonsense" in checks(done)["configuration"]["detail"]


def test_a_missing_index_is_no_failure(queuewright: Run, tmp_path: Path) -> None:
    done = queuewright("doctor", "--json", QUEUEWRIGHT_HOME=str(tmp_path / "new"))

    assert done.code == 0
    assert checks(done)["index"]["status"] == "warn"
    assert not (tmp_path / "new" / "cache").exists()


def test_the_models_endpoint_is_asked(queuewright: Run, endpoint: Endpoint) -> None:
    working = checks(queuewright("doctor", "--json", **endpoint.variables))["model"]
    unlisted = checks(queuewright("doctor", "--json", "--model", "other", **endpoint.variables))["model"]
    refused = queuewright("doctor", "--json", **endpoint.variables | {"OPENAI_API_KEY": "sk-wrong-key-0123456789"})
    gone = checks(queuewright("doctor", "--json", **endpoint.variables | {"OPENAI_BASE_URL": "http://127.0.0.1:1"}))

    assert working["status"] == "ok"
    assert unlisted["status"] == "warn"
    assert checks(refused)["model"]["status"] == "fail"
    assert "401" in checks(refused)["model"]["detail"]
    assert gone["model"]["status"] == "fail"
    assert "sk-wrong-key-0123456789" not in refused.out + refused.err
