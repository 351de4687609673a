"""Embeddings from any OpenAI-compatible endpoint, by setting; the embedded embedder needs none of this."""

import hashlib
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from knowledge.embeddings import EmbeddingFailed

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

__all__ = ["RemoteEmbedder"]

_BATCH = 128  # texts a request; OpenAI's limit is 2,048 inputs and 300,000 tokens
_RETRIES = 2


class RemoteEmbedder:
    """A model behind ``POST <base_url>/embeddings``; connected on first use, safe to share between threads."""

    def __init__(self, model: str, *, api_key: str, base_url: str | None = None, timeout_s: float = 60) -> None:
        self.name = "remote-" + re.sub(r"[^A-Za-z0-9.]+", "-", model)
        # One model name may mean different models at different endpoints.
        self.version = hashlib.sha256((base_url or "").encode()).hexdigest()[:8]
        self._model = model
        self._options: dict[str, Any] = {"api_key": api_key, "base_url": base_url, "timeout": timeout_s}
        self._client: Any = None

    def embed(self, texts: Sequence[str]) -> "npt.NDArray[np.float32]":
        """Vectors of unit length, one row a text; raises ``EmbeddingFailed``."""
        import numpy as np

        rows = [row for start in range(0, len(texts), _BATCH) for row in self._request(texts[start : start + _BATCH])]
        try:
            found = np.array(rows, dtype=np.float32)
            lengths = np.linalg.norm(found, axis=1, keepdims=True)
        except ValueError as error:  # rows of different lengths, or none
            raise EmbeddingFailed(f"{self._model} gave vectors of different lengths: {error}") from error
        if not np.all(lengths > 0):
            raise EmbeddingFailed(f"{self._model} gave a vector without a direction")
        unit: npt.NDArray[np.float32] = found / lengths
        return unit

    def _request(self, texts: Sequence[str]) -> list[list[float]]:
        import openai

        if self._client is None:
            self._client = openai.OpenAI(max_retries=_RETRIES, **self._options)
        try:
            answer = self._client.embeddings.create(model=self._model, input=list(texts), encoding_format="float")
            rows = sorted(answer.data, key=lambda row: row.index)
        except openai.OpenAIError as error:
            status = f" (HTTP {error.status_code})" if isinstance(error, openai.APIStatusError) else ""
            # What an endpoint answers may repeat the key.
            raise EmbeddingFailed(f"embeddings of {self._model}: {type(error).__name__}{status}") from error
        except (TypeError, AttributeError, ValueError) as error:  # what the SDK raises on an answer of another shape
            raise EmbeddingFailed(f"embeddings of {self._model}: not an embeddings answer ({error})") from error
        if len(rows) != len(texts):
            raise EmbeddingFailed(f"embeddings of {self._model}: {len(rows)} vectors for {len(texts)} texts")
        return [row.embedding for row in rows]
