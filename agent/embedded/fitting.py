"""Fits the intent model on the example utterances and keeps it in the cache folder.

The file is derived data: it is named after a hash of everything it depends on, written aside and renamed, and a damaged
or foreign one is fitted again.
"""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from collections.abc import Mapping, Sequence
from importlib.resources import files
from math import log
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zipfile import BadZipFile

from agent.embedded.features import SIGNS, fragments, signs
from agent.embedded.intents import Example, IntentModel, Weights, kernel_of_vectors, sources, weighted
from knowledge.embeddings import Embedder

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Array = npt.NDArray[np.float32]

FORMAT = "1"
_DIGITS = 5  # of the weights of terms, in the file
_KEPT = 8  # hexadecimal digits, times two, of the hash in the file's name


def open_model(embedder: Embedder, cache_dir: Path | None) -> IntentModel:
    """The model from the cache folder, or a freshly fitted one (some seconds), which is then kept there."""
    path = cache_dir / "router" / f"{embedder.name}-{_key(embedder)}.npz" if cache_dir else None
    if path is not None and (kept := _read(path, embedder)) is not None:
        return kept
    from agent.embedded.intents import examples

    model = fit(embedder, examples())
    if path is not None:
        _write(path, model)
    return model


def fit(embedder: Embedder, given: Sequence[Example], weights: Weights | None = None) -> IntentModel:
    """Solves (K + ridge·I) votes = targets for the kernel of the examples."""
    import numpy as np

    weights = weights or Weights()
    vectors = embedder.embed([example.slots.masked for example in given])
    matrix, terms = _wording(given)
    shown = _signs(given)
    intents = sorted({example.intent for example in given})
    wanted = np.zeros((len(given), len(intents)), dtype=np.float32)
    wanted[np.arange(len(given)), [intents.index(example.intent) for example in given]] = 1.0
    bias = wanted.mean(axis=0)
    kernel = (
        weights.vector * kernel_of_vectors(vectors @ vectors.T, weights.power)
        + weights.wording * _self_product(matrix, len(terms))
        + weights.signs * (shown @ shown.T)
    ).astype(np.float32)
    kernel[np.diag_indices_from(kernel)] += weights.ridge
    votes = np.linalg.solve(kernel, wanted - bias)
    wording = np.zeros((len(terms), len(intents)), dtype=np.float64)
    for row, (columns, values) in enumerate(matrix):
        wording[columns] += np.asarray(values)[:, None] * votes[row]
    terms = {term: (column, round(weight, _DIGITS)) for term, (column, weight) in terms.items()}
    arrays = {"vectors": vectors, "votes": votes, "wording": wording, "sign_votes": shown.T @ votes, "bias": bias}
    # As the file will hold them, so that a fresh model and a kept one answer alike.
    kept = {name: array.astype(np.float16).astype(np.float32) for name, array in arrays.items()}
    return IntentModel(embedder, weights, intents, terms=terms, **kept)


def _wording(given: Sequence[Example]) -> tuple[list[tuple[list[int], list[float]]], dict[str, tuple[int, float]]]:
    """Rows of unit length, as (columns, values), and the terms: text to (column, weight). A term "
    "seen once says nothing."""
    counted = [fragments(example.slots.masked) for example in given]
    seen: dict[str, int] = {}
    for row in counted:
        for term in row:
            seen[term] = seen.get(term, 0) + 1
    kept = sorted(term for term, times in seen.items() if times > 1)
    terms = {term: (column, log(len(given) / seen[term])) for column, term in enumerate(kept)}
    return [weighted(row, terms) for row in counted], terms


def _self_product(rows: Sequence[tuple[list[int], list[float]]], width: int) -> Array:
    """Likeness of wording of every example to every other, by way of the terms' postings."""
    import numpy as np

    postings: list[list[int]] = [[] for _ in range(width)]
    values: list[list[float]] = [[] for _ in range(width)]
    for row, (columns, weights) in enumerate(rows):
        for column, value in zip(columns, weights, strict=True):
            postings[column].append(row)
            values[column].append(value)
    product = np.zeros((len(rows), len(rows)), dtype=np.float32)
    for places, numbers in zip(postings, values, strict=True):
        weight = np.asarray(numbers, dtype=np.float32)
        product[np.ix_(places, places)] += weight[:, None] * weight
    return product


def _signs(given: Sequence[Example]) -> Array:
    import numpy as np

    rows = np.zeros((len(given), len(SIGNS)), dtype=np.float32)
    for row, example in enumerate(given):
        rows[row, [SIGNS.index(name) for name in signs(example.slots)]] = 1.0
    unit: Array = rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1.0)
    return unit


def _key(embedder: Embedder) -> str:
    """Changes with the utterances, the word lists, the code that reads them, the format and the embedder."""
    digest = hashlib.sha256(f"{FORMAT} {embedder.name} {embedder.version} {Weights()}".encode())
    here = files("agent.embedded")
    for name in (
        "features.py",
        "fitting.py",
        "intents.py",
        "names.py",
        "namesakes.py",
        "namesakes.toml",
        "quantities.py",
        "slots.py",
        "wordings.py",
        "wordlists.py",
        "words.toml",
    ):
        digest.update((here / name).read_bytes())
    for _, text in sources():
        digest.update(text.encode())
    return digest.hexdigest()[: 2 * _KEPT]


def _read(path: Path, embedder: Embedder) -> IntentModel | None:
    import numpy as np

    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as kept:
            arrays: dict[str, Any] = {name: kept[name] for name in kept.files}
        header = json.loads(arrays.pop("header").tobytes())
        arrays = {name: array.astype(np.float32) for name, array in arrays.items()}
        terms: Mapping[str, tuple[int, float]] = {t: (n, w) for n, (t, w) in enumerate(header["terms"])}
        return IntentModel(embedder, Weights(), header["intents"], terms=terms, **arrays)
    except (OSError, ValueError, KeyError, TypeError, BadZipFile):
        return None  # missing, damaged or of another format: it is fitted again


def _write(path: Path, model: IntentModel) -> None:
    """Best effort: a folder that cannot be written only costs the next start its time."""
    import numpy as np

    header = {"intents": model.intents, "terms": [[t, w] for t, (_, w) in model.terms.items()]}
    packed = np.frombuffer(json.dumps(header, ensure_ascii=False).encode(), dtype=np.uint8)
    arrays = {name: array.astype(np.float16) for name, array in model.arrays().items()}
    temporary = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        handle, temporary = tempfile.mkstemp(dir=path.parent, suffix=".part")
        with os.fdopen(handle, "wb") as file:
            np.savez(file, header=packed, **arrays)
        Path(temporary).replace(path)
    except OSError:
        if temporary:
            Path(temporary).unlink(missing_ok=True)
