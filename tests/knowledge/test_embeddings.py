from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np

from knowledge.embeddings import EmbeddedEmbedder, embedded


def test_a_paraphrase_in_the_other_language_is_nearer_than_another_subject() -> None:
    question, same, other = embedded().embed(
        ["The worker leaks memory", "У воркера утекает память", "Как испечь хлеб дома?"]
    )

    assert question @ same > question @ other


def test_threads_that_meet_an_unloaded_embedder_get_the_same_vectors() -> None:
    embedder = EmbeddedEmbedder()

    with ThreadPoolExecutor(4) as pool:
        vectors = list(pool.map(lambda _: embedder.embed(["очередь растёт"])[0], range(4)))

    assert all(np.array_equal(vector, vectors[0]) for vector in vectors)
    assert np.isclose(np.linalg.norm(vectors[0]), 1.0, atol=1e-3)
