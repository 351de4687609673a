from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from knowledge.lint import lint, main

Write = Callable[..., Path]
ONE = "## Section {{#one}}\n\n{text}\n"


def _findings(write: Write, articles_dir: Path, english: str, russian: str) -> list[str]:
    write("en", "performance/batching", body=ONE.format(text=english))
    write("ru", "performance/batching", body=ONE.format(text=russian))
    return [str(problem) for problem in lint(articles_dir)]


@pytest.mark.parametrize(
    ("english", "russian"),
    [
        ("10,000 messages wait 0.5 s at 80%.", "10 000 сообщений ждут 0,5 с при 80 %."),
        ("Since Redis 7.0, `LLEN celery` takes 3,600 s.", "С Redis 7.0 `LLEN celery` длится 3 600 с."),
        ("```python\ntimeout = 30  # seconds\n```", "```python\ntimeout = 30  # секунд\n```"),
        ("A ``code `span` `` here.", "Вот ``code `span` ``."),
    ],
)
def test_the_same_facts_in_both_notations_are_equal(
    write: Write, articles_dir: Path, english: str, russian: str
) -> None:
    assert _findings(write, articles_dir, english, russian) == []


@pytest.mark.parametrize(
    ("english", "russian", "finding"),
    [
        ("Wait 30 s.", "Подождите 60 с.", "en/performance/batching.md:14: number 30 is not in"),
        ("Wait.", "Подождите 1 000 мс.", "ru/performance/batching.md:14: number 1000 is not in"),
        ("Set `acks_late`.", "Включите позднее подтверждение.", "code span `acks_late` is not in"),
        ("```yaml\nreplicas: 3\n```", "```yaml\nreplicas: 4\n```", "number 3 is not in"),
        ("```python\nx = 1\ndef f(:\n```", "Код.", "en/performance/batching.md:16: python does not parse"),
        ("```yaml\na: 1\nb: [\n```", "```yaml\na: 1\nb: [\n```", "yaml does not parse"),
        ("```toml\na =\n```", "```toml\na =\n```", "toml does not parse"),
        ("```json\n{,}\n```", "```json\n{,}\n```", "json does not parse"),
        ("```bash\necho 1\nif true; then\n```", "```bash\necho 1\n```", "bash does not parse"),
        ("```\nls\n```", "```\nls\n```", "code block without a language"),
        ("### Deep\n\nText.", "Текст.", "heading of level 3"),
    ],
)
def test_each_difference_is_found_where_it_stands(
    write: Write, articles_dir: Path, english: str, russian: str, finding: str
) -> None:
    assert any(finding in found for found in _findings(write, articles_dir, english, russian))


def test_the_exit_code_says_whether_anything_was_found(
    two_articles: Path, write: Write, capsys: pytest.CaptureFixture[str]
) -> None:
    write("ru", "scaling/priorities", body=ONE.format(text="Текст."))
    assert main([str(two_articles)]) == 1
    assert "ru/scaling/priorities.md" in capsys.readouterr().out

    write("ru", "scaling/priorities")
    assert main([str(two_articles)]) == 0
    assert capsys.readouterr().out == ""
