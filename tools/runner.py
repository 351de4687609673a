"""The one door to every tool: validation, gate, time-outs, caps, redaction, untrusted marking, audit, samples.

`call` answers with an envelope for everything that can go wrong with a tool; only a wrong input raises.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable, Mapping
from threading import Lock
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ValidationError

from tools import gate, texts, untrusted
from tools.audit import AuditLog
from tools.config import EMBEDDED, Config
from tools.contract import Context, ErrorInfo, Session, ToolOutput, ToolResult
from tools.errors import BadArguments, CallTimeout, InputError, InternalError, QueuewrightError
from tools.redact import redact, redact_data
from tools.registry import ALIASES, Registry, ToolSpec
from tools.samples import SampleStore

if TYPE_CHECKING:
    from knowledge.embeddings import Embedder
    from knowledge.search import Knowledge

# What reaches a model: 5,000 tokens of 4 characters of JSON.
MODEL_CHARACTERS = 20_000


class Runner:
    """Runs tools for one process; owns one session per target.

    Args:
        surface: `cli`, `chat`, …: for the audit line.
    """

    def __init__(
        self,
        config: Config,
        *,
        registry: Registry | None = None,
        surface: str = "cli",
        progress: Callable[[str], None] | None = None,
        knowledge: Callable[[], Knowledge] | None = None,
    ) -> None:
        self.config = config
        self.registry = registry or Registry()
        self.surface = surface
        self.samples = SampleStore(config.state_dir / "samples.sqlite")
        self.audit = AuditLog(config.state_dir / "audit.jsonl")
        self._progress = progress or (lambda _line: None)
        self._sessions: dict[str, Session] = {}
        self._open_knowledge = knowledge
        self._knowledge: Knowledge | None = None
        self._knowledge_lock = Lock()

    async def call(
        self, name: str, arguments: Mapping[str, Any], *, lang: str = "en", thread_id: str | None = None
    ) -> ToolResult:
        """Runs one tool.

        Raises:
            InputError: unknown tool or target, or arguments against the schema; nothing was attempted.
        """
        spec = self.registry.tool(name)
        parsed = self._parse(spec, arguments)
        context = Context(self.config, self.registry, self.samples, self.open, self.knowledge, lang, self._progress)
        self._preload(spec, parsed)
        started = time.monotonic()
        try:
            gate.check(spec)
            output = await self._run(spec, context, parsed)
            result = self._envelope(name, output)
        except InputError:
            raise
        except QueuewrightError as error:
            result = self._failure(name, error, lang)
        except Exception as error:  # noqa: BLE001 - the boundary: a defect becomes an honest `internal`, never a traceback
            result = self._failure(name, InternalError(tool=name, detail=f"{type(error).__name__}: {error}"), lang)
        result.elapsed_ms = round((time.monotonic() - started) * 1000)
        self.audit.append(
            "tool_call",
            tool=name,
            args=redact_data(dict(arguments), *self.config.secrets),
            status=result.status,
            error=result.error and result.error.code,
            surface=self.surface,
            thread_id=thread_id,
            elapsed_ms=result.elapsed_ms,
        )
        return result

    async def open(self, target: str) -> Session:
        """The shared session of a target."""
        if target not in self._sessions:
            found = self.config.target(target)
            system = self.registry.system_of(found.scheme)
            if system is None:
                raise BadArguments("scheme_unknown", name=target, scheme=found.scheme)
            self._sessions[target] = await self.registry.broker(system).open(found)
        return self._sessions[target]

    def knowledge(self) -> Knowledge:
        """The process's one knowledge base, opened when first asked for; blocking, safe in threads."""
        with self._knowledge_lock:
            if self._knowledge is None:
                self._knowledge = (
                    self._open_knowledge() if self._open_knowledge else open_knowledge(self.config, self._told)
                )
            return self._knowledge

    def _told(self, done: int, total: int) -> None:
        if done in {0, total}:
            self._progress(f"index: {done}/{total}")

    async def close(self) -> None:
        """Closes every session."""
        sessions, self._sessions = list(self._sessions.values()), {}
        await asyncio.gather(*(s.close() for s in sessions), return_exceptions=True)

    def _parse(self, spec: ToolSpec, arguments: Mapping[str, Any]) -> BaseModel:
        fixed = {k: ALIASES.get(v, v) if k in {"framework", "queue_type", "worker_type"} and isinstance(v, str) else v
                 for k, v in arguments.items()}  # fmt: skip
        try:
            parsed = spec.arguments.model_validate(fixed)
        except ValidationError as error:
            first = error.errors(include_input=False, include_url=False)[0]
            where = ".".join(map(str, first["loc"])) or "-"
            raise BadArguments("arguments_schema", tool=spec.name, field=where, detail=first["msg"]) from None
        if isinstance(target := getattr(parsed, "target", None), str):
            self.config.target(target)
        return parsed

    def _preload(self, spec: ToolSpec, parsed: BaseModel) -> None:
        """Imports what the call will use, so that `elapsed_ms` measures the call alone."""
        _ = spec.run
        named = getattr(parsed, "target", None)
        for target in [self.config.target(named)] if named else self.config.targets.values():
            if system := self.registry.system_of(target.scheme):
                self.registry.broker(system)
                self.registry.frameworks(system, target.frameworks)

    async def _run(self, spec: ToolSpec, context: Context, parsed: BaseModel) -> ToolOutput:
        limit = spec.timeout_s + float(getattr(parsed, "seconds", 0) or getattr(parsed, "window_s", 0) or 0)
        try:
            async with asyncio.timeout(limit):
                return await spec.run(context, parsed)
        except TimeoutError:
            target = getattr(parsed, "target", None) or ", ".join(self.config.targets)
            raise CallTimeout(target=target, call=spec.name, seconds=limit) from None

    def _envelope(self, name: str, output: ToolOutput) -> ToolResult:
        result = ToolResult(
            tool=name,
            status=output.status,
            data=dict(output.data) if output.data is not None else None,
            unknown=output.unknown,
            evidence=output.evidence,
            truncated=output.truncated,
        )
        safe = untrusted.clean_data(redact_data(result.model_dump(), *self.config.secrets))
        return ToolResult.model_validate(safe)

    def _failure(self, name: str, error: QueuewrightError, lang: str) -> ToolResult:
        return ToolResult(tool=name, status="error", error=error_info(error, lang, self.config.secrets))


def open_knowledge(
    config: Config, progress: Callable[[int, int], None] | None = None, *, rebuild: bool = False
) -> Knowledge:
    """The knowledge base of this configuration; `progress` hears of (texts embedded, texts in all) during a build.

    Raises:
        knowledge.index.EmptyBase: there is no readable article.
        OSError: the cache cannot be written.
    """
    from knowledge.search import Knowledge

    return Knowledge.open(config.cache_dir, progress=progress, rebuild=rebuild, embedder=_embedder(config))


def _embedder(config: Config) -> Embedder | None:
    """The configured embedder; None for the embedded one."""
    if config.knowledge.embedder == EMBEDDED:
        return None
    from knowledge.remote import RemoteEmbedder

    key = config.model.api_key
    return RemoteEmbedder(
        config.knowledge.embedder,
        api_key=key.get_secret_value()
        if key
        else "unused",  # a local server wants none, but the SDK insists on a value
        base_url=config.knowledge.base_url or config.model.base_url,
        timeout_s=config.knowledge.timeout_s,
    )


def error_info(error: QueuewrightError, lang: str, secrets: tuple[str, ...] = ()) -> ErrorInfo:
    """The envelope of an error, redacted and cleaned."""
    message, hint = texts.error_texts(lang, error)
    return ErrorInfo(
        code=error.code,
        message=untrusted.clean(redact(message, *secrets), 2_000),
        hint=redact(hint, *secrets) if hint else None,
    )


def for_model(result: ToolResult, limit: int = MODEL_CHARACTERS) -> str:
    """The result as a marked block of at most `limit` characters: longest lists are shortened first, and it says so."""
    document = result.model_dump(exclude_defaults=True) | {"tool": result.tool, "status": result.status}
    while len(block := untrusted.wrap(result.tool, document)) > limit:
        longest = max(_lists(document), key=lambda found: len(json.dumps(found, ensure_ascii=False)), default=None)
        if longest is None or len(longest) <= 1:
            document = {"tool": result.tool, "status": result.status, "truncated": True, "data": None}
            continue
        del longest[len(longest) // 2 :]
        document["truncated"] = True
    return block


def _lists(node: Any) -> list[list[Any]]:
    if isinstance(node, dict):
        return [found for value in node.values() for found in _lists(value)]
    if isinstance(node, list):
        return [node, *(found for value in node for found in _lists(value))]
    return []
