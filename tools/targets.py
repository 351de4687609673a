"""A target: a named broker or cluster to look at, parsed from its URL.

The model and MCP clients only ever see the name. Credentials stay in `url` and `secrets`, which are never printed.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import SplitResult, parse_qsl, quote, unquote, urlsplit

from tools.errors import BadArguments

THRESHOLDS = {"queue_length", "failure_rate", "latency_s", "utilization"}
NAME = re.compile(r"^[\w][\w.-]{0,63}$")
_VARIABLE = re.compile(r"\$\{(\w+)\}")
# Never talked to: the clouds' metadata services hand out credentials.
_METADATA_HOSTS = {"169.254.169.254", "metadata.google.internal", "fd00:ec2::254", "100.100.100.200"}
_NUMBERED = {"redis", "rediss", "valkey", "valkeys", "redis+sentinel", "redis+cluster"}
_PLAIN: Mapping[str, type] = {
    "prefix": str, "control": bool, "peek": bool, "tls_ca": str, "management_url": str, "endpoint_url": str,
}  # fmt: skip
_FORBIDDEN_SCHEMES = {"file", "data", "javascript"}


@dataclass(frozen=True)
class Target:
    """One named target.

    Attributes:
        scheme: of the URL, lower case; the registry maps it to a system.
        hosts: every host and port of the URL, the first of which is `host` and `port`.
        url: with credentials expanded; never shown.
        db: Redis database number, 0 when the URL names none.
        frameworks: ids to read; empty means detect.
        prefix: global key prefix of the applications on it.
        control: False forbids broadcasts such as Celery's inspect.
        priority_steps: Celery's emulated priorities on Redis (kombu's default 0, 3, 6, 9).
        result_url: where results live when not on the broker itself.
        management_url: RabbitMQ's management API; empty means the default of its system.
        endpoint_url: another endpoint of a cloud's API, such as an emulator; empty means the cloud itself.
        query: of the URL, by key.
        peek: True allows to peek where that hides or redelivers messages (RabbitMQ, SQS).
    """

    name: str
    scheme: str
    url: str = field(repr=False)
    host: str
    port: int | None
    hosts: tuple[tuple[str, int | None], ...] = ()
    db: int = 0
    path: str = ""
    query: Mapping[str, str] = field(default_factory=dict)
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    frameworks: tuple[str, ...] = ()
    prefix: str = ""
    result_url: str | None = field(default=None, repr=False)
    management_url: str = field(default="", repr=False)
    endpoint_url: str = ""
    control: bool = True
    peek: bool = False
    priority_steps: tuple[int, ...] = (0, 3, 6, 9)
    tls_ca: str = ""
    thresholds: Mapping[str, float] = field(default_factory=dict)
    secrets: tuple[str, ...] = field(default=(), repr=False)

    @property
    def endpoint(self) -> str:
        """Scheme, hosts, ports and database, vhost or place: what a call touches, without credentials."""
        if self.scheme in {"unix", "valkey+unix"} or self.scheme.endswith("+stub"):
            return f"{self.scheme}://{self.path}"
        places = ",".join(f"{host}:{port}" if port else host for host, port in self.hosts)
        within = self.db if self.scheme in _NUMBERED else self.path.strip("/")
        behind = f" at {self.endpoint_url}" if self.endpoint_url else ""
        return f"{self.scheme}://{places}/{within}{behind}"

    @property
    def fingerprint(self) -> str:
        """A short stable key of the endpoint and prefix, for samples and caches."""
        return hashlib.sha256(f"{self.endpoint}|{self.prefix}".encode()).hexdigest()[:16]


def expand(value: str, env: Mapping[str, str], where: str) -> str:
    """`${NAME}` in a part of a URL replaced from `env`, percent-encoded, since a password may hold any character.

    Raises:
        BadArguments: a variable is not set; the message names it and where it stands.
    """

    def one(match: re.Match[str]) -> str:
        name = match.group(1)
        if name not in env:
            raise BadArguments("variable_unset", variable=name, where=where)
        return quote(env[name], safe="")

    return _VARIABLE.sub(one, value)


def parse_target(name: str, url: str, env: Mapping[str, str], options: Mapping[str, object] | None = None) -> Target:
    """A target from its URL; variables are expanded in the user-info part only.

    Raises:
        BadArguments: the name or the URL is malformed, or leads where no target may.
    """
    if not NAME.match(name):
        raise BadArguments("target_name", name=name[:80])
    parts = _split(name, url, env, f"targets.{name}.url")
    scheme, hosts = parts.scheme.lower(), _hosts(name, parts)
    if scheme in _FORBIDDEN_SCHEMES or any(host in _METADATA_HOSTS for host, _ in hosts):
        raise BadArguments("target_forbidden", name=name)
    secrets = _passwords(parts)
    query = dict(parse_qsl(parts.query, keep_blank_values=True))
    typed = {"endpoint_url": query.get("endpoint_url", ""), **_options(name, options or {})}
    result_url = None
    if options and options.get("result_url"):
        results = _split(name, str(options["result_url"]), env, f"targets.{name}.result_url")
        result_url = results.geturl()
        secrets |= _passwords(results)
    if typed.get("management_url"):
        management = _split(name, typed["management_url"], env, f"targets.{name}.management_url")
        typed["management_url"] = management.geturl()
        secrets |= _passwords(management)
    for key in ("management_url", "endpoint_url"):
        _assert_web(name, key, typed.get(key) or "")
    return Target(
        name=name,
        scheme=scheme,
        url=parts.geturl(),
        host=hosts[0][0],
        port=hosts[0][1],
        hosts=hosts,
        query=query,
        db=_db(name, parts),
        path=parts.path,
        username=unquote(parts.username or "") or None,
        password=unquote(parts.password) if parts.password else None,
        result_url=result_url,
        secrets=tuple(sorted(secrets, key=len, reverse=True)),
        **typed,
    )


def _split(name: str, url: str, env: Mapping[str, str], where: str) -> SplitResult:
    """The parsed URL, its user-info expanded. What urlsplit says is never passed on: it quotes parts of a password."""
    try:
        parts = urlsplit(url.strip())
        user_info, at, location = parts.netloc.rpartition("@")
        # An @ of the password that nobody encoded must not reach the next parser.
        kept = ":".join(expand(part, env, where).replace("@", "%40") for part in user_info.split(":", 1))
        parts = parts._replace(netloc=f"{kept}{at}{location}")
    except ValueError:
        raise BadArguments("target_unreadable", name=name) from None
    if not parts.scheme or not (parts.netloc or parts.path):
        raise BadArguments("target_incomplete", name=name)
    return parts


def _hosts(name: str, parts: SplitResult) -> tuple[tuple[str, int | None], ...]:
    """Hosts in lower case with their ports; several are separated by commas (Kafka, Sentinel, Cluster)."""
    scheme, location = parts.scheme, parts.netloc.rpartition("@")[2]
    try:
        found = [urlsplit(f"{scheme}://{one}") for one in location.split(",")]
        return tuple(((one.hostname or "").lower(), one.port) for one in found)
    except ValueError:
        raise BadArguments("target_unreadable", name=name) from None


def _assert_web(name: str, key: str, url: str) -> None:
    """An address of an API is HTTP(S), and not one that hands out credentials."""
    if not url:
        return
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise BadArguments("target_option_type", name=name, option=key, expected="http(s)://HOST")
    if parts.hostname.lower() in _METADATA_HOSTS:
        raise BadArguments("target_forbidden", name=name)


def _passwords(parts: SplitResult) -> set[str]:
    return {s for s in (parts.password, unquote(parts.password or "")) if s}


def _db(name: str, parts: SplitResult) -> int:
    """The database number of a Redis URL, 0 when it names none; other systems have none."""
    match = re.search(r"(?:^|&)(?:db|virtual_host)=([^&]*)", parts.query)
    path = parts.path.strip("/") if parts.scheme.lower() in _NUMBERED else ""
    if parts.scheme.lower() == "redis+sentinel":
        path = path.partition("/")[2]  # behind the name of the monitored group
    given = match.group(1) if match else path
    if not given:
        return 0
    if not re.fullmatch(r"\d{1,6}", given):
        # Not shown: behind an unencoded / it may be the rest of a password.
        raise BadArguments("target_db", name=name)
    return int(given)


def _options(name: str, options: Mapping[str, object]) -> dict[str, Any]:
    """The typed options of a `[targets.NAME]` table; unknown keys are refused by name."""
    known = {"url", "result_url", "frameworks", "priority_steps", "thresholds", *_PLAIN}
    if extra := sorted(set(options) - known):
        raise BadArguments("target_option", name=name, option=", ".join(extra))
    found: dict[str, Any] = {}
    for key, kind in _PLAIN.items():
        if key in options:
            if not isinstance(options[key], kind):
                raise BadArguments("target_option_type", name=name, option=key, expected=kind.__name__)
            found[key] = options[key]
    for key, item in (("frameworks", str), ("priority_steps", int)):
        if key in options:
            value = options[key]
            if not isinstance(value, list) or not all(isinstance(v, item) for v in value):
                raise BadArguments("target_option_type", name=name, option=key, expected=f"list[{item.__name__}]")
            found[key] = tuple(value)
    if "thresholds" in options:
        found["thresholds"] = _thresholds(name, options["thresholds"])
    return found


def _thresholds(name: str, value: object) -> dict[str, float]:
    if not isinstance(value, dict) or not all(isinstance(v, (int, float)) for v in value.values()):
        raise BadArguments("target_option_type", name=name, option="thresholds", expected="{name = number}")
    if extra := sorted(set(value) - THRESHOLDS):
        raise BadArguments("target_option", name=name, option=f"thresholds.{', thresholds.'.join(extra)}")
    return {str(k): float(v) for k, v in value.items()}
