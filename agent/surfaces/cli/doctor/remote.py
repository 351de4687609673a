"""What is elsewhere: the model's endpoint and the targets."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from agent.surfaces.cli.doctor.check import Check, Reporter

if TYPE_CHECKING:
    import httpx

    from tools.config import Config, ModelConfig

# What the OpenAI SDK talks to when a key is set and no URL.
DEFAULT_BASE_URL = "https://api.openai.com/v1"
# A person waits: an endpoint that needs longer to list its models counts as unreachable.
MOST_SECONDS = 10.0


async def model(lang: str, config: ModelConfig) -> Check:
    """The embedded brain, or whether the endpoint answers and takes the key."""
    import httpx

    from agent.models import EMBEDDED, model_name
    from tools.redact import redact

    report = Reporter(lang, "model")
    name = model_name(config)
    if name == EMBEDDED:
        return report.ok("embedded")
    if config.api_key is None and config.base_url is None:
        return report.fail("no_key", "no_key_fix", model=name)
    url = (config.base_url or DEFAULT_BASE_URL).rstrip("/")
    headers = {"Authorization": f"Bearer {config.api_key.get_secret_value()}"} if config.api_key else {}
    try:
        async with httpx.AsyncClient(timeout=min(config.timeout_s, MOST_SECONDS)) as client:
            answer = await client.get(f"{url}/models", headers=headers)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        detail = redact(f"{type(error).__name__} {error}".strip())
        return report.fail("unreachable", "unreachable_fix", url=redact(url), detail=detail)
    return _judged(report, answer, name, redact(url))


async def targets(lang: str, config: Config) -> list[Check]:
    """A check each; all are asked at once."""
    from tools.runner import Runner

    if not config.targets:
        return [Reporter(lang, "targets", "target").warn("none", "none_fix")]
    runner = Runner(config, surface="doctor")
    try:
        result = await runner.call("list_targets", {}, lang=lang)
    finally:
        await runner.close()
    if result.error:
        return [Reporter(lang, "targets", "target").failed(result.error.message, result.error.hint)]
    return [_target(lang, row) for row in (result.data or {})["targets"]]


def _target(lang: str, row: dict[str, Any]) -> Check:
    report = Reporter(lang, f"target {row['name']}", "target")
    if row["reachable"]:
        return report.ok("fine", system=row["system"])
    return report.failed(row["error"]["message"], row["error"]["hint"])


def _judged(report: Reporter, answer: httpx.Response, name: str, url: str) -> Check:
    if answer.status_code in {401, 403}:
        return report.fail("refused", "refused_fix", url=url, status=answer.status_code)
    if answer.status_code == 404:
        return report.warn("unlisted", "unlisted_fix", url=url, model=name)
    if not answer.is_success:
        return report.fail("status", "unreachable_fix", url=url, status=answer.status_code)
    if name not in _listed(answer):
        return report.warn("unlisted", "unlisted_fix", url=url, model=name)
    return report.ok("fine", url=url, model=name)


def _listed(answer: httpx.Response) -> set[str]:
    """Ids of the models; an answer that is no such list has none."""
    try:
        rows = answer.json()["data"]
        return {str(row["id"]) for row in rows}
    except (ValueError, KeyError, TypeError):
        return set()
