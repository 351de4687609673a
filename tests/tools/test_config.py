"""Precedence, variables, and errors that say where."""

from __future__ import annotations

from pathlib import Path

import pytest

from tools.config import load_config
from tools.errors import BadArguments, UnknownTarget
from tools.targets import parse_target


def write(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def test_arguments_beat_environment_beats_file(tmp_path: Path) -> None:
    # Given one target in all three places, and one only in the file
    file = write(
        tmp_path / "q.toml", '[targets.main]\nurl = "redis://file:1/0"\n[targets.other]\nurl = "redis://file:2/0"\n'
    )
    environ = {"QUEUEWRIGHT_TARGETS": "main=redis://env:1/0;third=redis://env:3/0"}
    # When
    config = load_config(config_path=file, target_args=["main=redis://arg:1/0"], environ=environ)
    # Then
    assert {name: t.host for name, t in config.targets.items()} == {"main": "arg", "other": "file", "third": "env"}


def test_dot_env_lies_between_environment_and_file(tmp_path: Path) -> None:
    write(tmp_path / ".env", "OPENAI_BASE_URL=http://dotenv/v1\nQUEUEWRIGHT_MODEL=from-dotenv\n")
    write(tmp_path / "queuewright.toml", '[model]\nname = "from-file"\nbase_url = "http://file/v1"\n')
    config = load_config(environ={"QUEUEWRIGHT_MODEL": "from-env"}, working_directory=tmp_path)
    assert (config.model.name, config.model.base_url) == ("from-env", "http://dotenv/v1")


def test_the_embedder_of_the_environment_beats_that_of_the_file(tmp_path: Path) -> None:
    file = write(tmp_path / "q.toml", '[knowledge]\nembedder = "from-file"\nbase_url = "http://file/v1"\n')
    config = load_config(config_path=file, environ={"QUEUEWRIGHT_EMBEDDER": "from-env"})
    assert (config.knowledge.embedder, config.knowledge.base_url) == ("from-env", "http://file/v1")


def test_servers_do_not_read_the_working_directory(tmp_path: Path) -> None:
    write(tmp_path / "queuewright.toml", '[targets.evil]\nurl = "redis://evil:1/0"\n')
    assert load_config(environ={"HOME": str(tmp_path)}, working_directory=None).targets == {}


def test_a_variable_is_expanded_in_user_info_and_kept_out_of_sight(tmp_path: Path) -> None:
    file = write(tmp_path / "q.toml", '[targets.main]\nurl = "redis://app:${PW}@cache:6379/2"\n')
    target = load_config(config_path=file, environ={"PW": "s3cret-word"}).target("main")
    assert "s3cret-word" in target.url
    assert "s3cret-word" not in f"{target!r} {target.endpoint}"
    assert target.db == 2


def test_a_variable_in_the_host_is_not_expanded(tmp_path: Path) -> None:
    file = write(tmp_path / "q.toml", '[targets.main]\nurl = "redis://${EVIL}:6379/0"\n')
    target = load_config(config_path=file, environ={"EVIL": "evil.example"}).target("main")
    assert "evil.example" not in target.url


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('[targets.main]\nurl = "redis://:${MISSING}@h/0"', "MISSING"),
        ("[targets.main]\nport = 1", "main"),
        ('[targets.main]\nurl = "redis://h/0"\nfoo = 1', "foo"),
        ('[targets.main]\nurl = "redis://h/0"\ncontrol = "no"', "control"),
        ("[model]\ntimeout_s = 'soon'", "model.timeout_s"),
        ("[nonsense]\na = 1", "nonsense"),
        ("x = 1\ny = = 2", "line 2"),
        ('[targets.main]\nurl = "http://169.254.169.254/"', "main"),
        ('[targets."a b"]\nurl = "redis://h/0"', "a b"),
    ],
)
def test_an_error_names_what_is_wrong(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(BadArguments, match=says):
        load_config(config_path=write(tmp_path / "q.toml", text), environ={})


def test_an_unknown_target_names_the_known_ones(tmp_path: Path) -> None:
    config = load_config(target_args=["main=redis://h/0"], environ={"HOME": str(tmp_path)})
    with pytest.raises(UnknownTarget) as caught:
        config.target("mian")
    assert caught.value.facts["known"] == "main"


def test_an_argument_that_is_no_pair_is_refused_without_showing_a_password() -> None:
    with pytest.raises(BadArguments) as caught:
        load_config(target_args=["redis://:hunter22@h/0"], environ={})
    assert "hunter22" not in str(caught.value)


@pytest.mark.parametrize(
    ("url", "endpoint", "hosts"),
    [
        ("kafka://a:9092,B:9093", "kafka://a:9092,b:9093/", (("a", 9092), ("b", 9093))),
        ("redis+sentinel://:p@h1:1,h2/mymaster/1", "redis+sentinel://h1:1,h2/1", (("h1", 1), ("h2", None))),
        ("sqs://eu-central-1?endpoint_url=http://h:1", "sqs://eu-central-1/ at http://h:1", (("eu-central-1", None),)),
        ("cloudtasks://project/place", "cloudtasks://project/place", (("project", None),)),
    ],
)
def test_a_target_tells_its_hosts_and_what_it_touches(
    url: str, endpoint: str, hosts: tuple[tuple[str, int | None], ...]
) -> None:
    target = parse_target("main", url, {})
    assert (target.endpoint, target.hosts) == (endpoint, hosts)


@pytest.mark.parametrize(
    ("url", "options"),
    [
        ("kafka://a:9092,b:port", {}),
        ("kafka://a:9092,169.254.169.254:80", {}),
        ("sqs://eu-central-1?endpoint_url=http://169.254.169.254/latest", {}),
        ("sqs://eu-central-1", {"endpoint_url": "file:///etc/passwd"}),
        ("amqp://h", {"management_url": "http://metadata.google.internal"}),
        ("amqp://h", {"peek": "yes"}),
    ],
)
def test_a_target_that_leads_where_none_may_is_refused(url: str, options: dict[str, object]) -> None:
    with pytest.raises(BadArguments):
        parse_target("main", url, {}, options)


def test_a_management_url_has_its_own_secret() -> None:
    target = parse_target("main", "amqp://a:pw-1@h", {"PW": "t/wo"}, {"management_url": "http://b:${PW}@h:15672"})
    assert (target.management_url, set(target.secrets)) == ("http://b:t%2Fwo@h:15672", {"pw-1", "t%2Fwo", "t/wo"})
    assert not any(secret in repr(target) for secret in ("pw-1", "/wo", "%2Fwo"))
