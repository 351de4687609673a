"""The one reader of `queuewright.toml`, the environment and `.env`.

Precedence: arguments, environment, `.env`, file, defaults.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError

from tools.errors import BadArguments, UnknownTarget
from tools.targets import Target, parse_target


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Thresholds(_Section):
    """Strictly above these, an alert holds (the seed's four)."""

    queue_length: float = 10_000
    failure_rate: float = 0.05
    latency_s: float = 60
    utilization: float = 0.9


class Policy(_Section):
    """What may happen at all, whoever approves."""

    read_only: bool = False
    approvers: tuple[str, ...] = ()
    expires_s: int = 600
    protected_queues: tuple[str, ...] = ()
    protected_namespaces: tuple[str, ...] = ("kube-system",)
    max_step: int | None = None
    cooldown_s: int = 0
    change_windows: tuple[str, ...] = ()


class Price(_Section):
    """USD per million tokens."""

    input: float
    output: float


class ModelConfig(_Section):
    """Which model answers, and its bounds. Times in seconds, costs in USD."""

    name: str | None = None
    base_url: str | None = None
    timeout_s: float = 60
    max_tokens_per_turn: int = 50_000
    max_cost_usd_per_turn: float | None = None
    max_steps: int = 12
    prices: dict[str, Price] = Field(default_factory=dict)
    api_key: SecretStr | None = None


EMBEDDED = "embedded"


class KnowledgeConfig(_Section):
    """How the knowledge base is searched: an embedding model of an OpenAI-compatible endpoint, or the embedded one.

    Without a base URL the model's is used. Time in seconds.
    """

    embedder: str = EMBEDDED
    base_url: str | None = None
    timeout_s: float = 10


class StateConfig(_Section):
    """Where conversations and the index live past one machine."""

    checkpoints: str = "sqlite"
    chroma_url: str | None = None


class Config(BaseModel):
    """Everything configured, in force."""

    model_config = ConfigDict(arbitrary_types_allowed=True, frozen=True)

    targets: dict[str, Target] = Field(default_factory=dict)
    thresholds: Thresholds = Thresholds()
    policy: Policy = Policy()
    model: ModelConfig = ModelConfig()
    knowledge: KnowledgeConfig = KnowledgeConfig()
    state: StateConfig = StateConfig()
    state_dir: Path
    cache_dir: Path
    sources: tuple[str, ...] = ()

    def target(self, name: str) -> Target:
        """The target of that name.

        Raises:
            UnknownTarget: with the names that exist.
        """
        if name not in self.targets:
            raise UnknownTarget(target=name, known=", ".join(sorted(self.targets)) or "-")
        return self.targets[name]

    @property
    def secrets(self) -> tuple[str, ...]:
        """Every configured secret, for the redactor."""
        found = [s for target in self.targets.values() for s in target.secrets]
        if self.model.api_key:
            found.append(self.model.api_key.get_secret_value())
        return tuple(found)


def load_config(
    *,
    config_path: Path | None = None,
    target_args: Sequence[str] = (),
    model: str | None = None,
    environ: Mapping[str, str] | None = None,
    working_directory: Path | None = None,
) -> Config:
    """The configuration in force.

    Args:
        config_path: of `--config`; then `$QUEUEWRIGHT_CONFIG`, the working directory's file, the user's.
        target_args: `NAME=URL`, of `--target`.
        working_directory: where `./queuewright.toml` and `./.env` are looked for; None means that they are not read
            (servers that an IDE starts in folders that nobody vetted).

    Raises:
        BadArguments: a file, a variable or an argument is malformed; says which and where.
    """
    env, sources = _environment(dict(os.environ if environ is None else environ), working_directory)
    path = _config_file(config_path, env, working_directory)
    document = _read_toml(path) if path else {}
    if path:
        sources.append(str(path))
    return Config(
        targets=_targets(document, env, target_args),
        thresholds=_section(Thresholds, document, "thresholds", path),
        policy=_section(Policy, document, "policy", path),
        model=_model(document, env, model, path),
        knowledge=_knowledge(document, env, path),
        state=_section(StateConfig, document, "state", path),
        state_dir=_home(env, "state", "XDG_STATE_HOME", ".local/state"),
        cache_dir=_home(env, "cache", "XDG_CACHE_HOME", ".cache"),
        sources=tuple(sources),
    )


def _environment(env: dict[str, str], working_directory: Path | None) -> tuple[dict[str, str], list[str]]:
    if working_directory is None or not (working_directory / ".env").is_file():
        return env, []
    from dotenv import dotenv_values

    values = dotenv_values(working_directory / ".env", interpolate=False)
    return {**{k: v for k, v in values.items() if v is not None}, **env}, [str(working_directory / ".env")]


def _config_file(given: Path | None, env: Mapping[str, str], working_directory: Path | None) -> Path | None:
    named = given or (Path(env["QUEUEWRIGHT_CONFIG"]) if env.get("QUEUEWRIGHT_CONFIG") else None)
    if named:
        if not named.is_file():
            raise BadArguments("config_missing", path=str(named))
        return named
    xdg = Path(env.get("XDG_CONFIG_HOME") or Path(env.get("HOME", "~")).expanduser() / ".config")
    candidates = [xdg / "queuewright" / "queuewright.toml"]
    if working_directory is not None:
        candidates.insert(0, working_directory / "queuewright.toml")
    return next((c for c in candidates if c.is_file()), None)


def _read_toml(path: Path) -> dict[str, Any]:
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as error:
        raise BadArguments("config_unreadable", path=str(path), detail=str(error)) from None
    known = {"targets", "thresholds", "policy", "model", "knowledge", "state"}
    if extra := sorted(set(document) - known):
        raise BadArguments("config_section", path=str(path), section=", ".join(extra))
    return document


_SectionT = Any


def _section(kind: type[_SectionT], document: Mapping[str, Any], name: str, path: Path | None) -> Any:
    try:
        return kind.model_validate(document.get(name, {}))
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        where = ".".join([name, *map(str, first["loc"])])
        raise BadArguments("config_value", path=str(path), key=where, detail=first["msg"]) from None


def _model(document: Mapping[str, Any], env: Mapping[str, str], name: str | None, path: Path | None) -> ModelConfig:
    section: ModelConfig = _section(ModelConfig, document, "model", path)
    key = env.get("OPENAI_API_KEY")
    return section.model_copy(
        update={
            "name": name or env.get("QUEUEWRIGHT_MODEL") or section.name,
            "base_url": env.get("OPENAI_BASE_URL") or section.base_url,
            "api_key": SecretStr(key) if key else None,
        }
    )


def _knowledge(document: Mapping[str, Any], env: Mapping[str, str], path: Path | None) -> KnowledgeConfig:
    section: KnowledgeConfig = _section(KnowledgeConfig, document, "knowledge", path)
    return section.model_copy(update={"embedder": env.get("QUEUEWRIGHT_EMBEDDER") or section.embedder})


def _targets(document: Mapping[str, Any], env: Mapping[str, str], arguments: Sequence[str]) -> dict[str, Target]:
    tables = document.get("targets", {})
    if not isinstance(tables, dict):
        raise BadArguments("targets_table")
    urls: dict[str, tuple[str, Mapping[str, object]]] = {}
    for name, table in tables.items():
        if not isinstance(table, dict) or not isinstance(table.get("url"), str):
            raise BadArguments("target_table", name=name)
        urls[name] = (table["url"], table)
    for item in [*env.get("QUEUEWRIGHT_TARGETS", "").split(";"), *arguments]:
        if not item.strip():
            continue
        name, separator, url = item.strip().partition("=")
        if not separator:
            raise BadArguments("target_argument", argument=name.partition("://")[0][:40])
        urls[name] = (url, urls.get(name, ("", {}))[1])
    return {name: parse_target(name, url, env, options) for name, (url, options) in urls.items()}


def _home(env: Mapping[str, str], kind: str, variable: str, default: str) -> Path:
    if env.get("QUEUEWRIGHT_HOME"):
        return Path(env["QUEUEWRIGHT_HOME"]) / kind
    base = Path(env[variable]) if env.get(variable) else Path(env.get("HOME", "~")).expanduser() / default
    return base / "queuewright"
