"""The built-in embedder: hashed words and letter triples; no model, no network, always the same vector."""

import hashlib
import re
from functools import lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

DIMENSIONS: Final = 384
WORD_WEIGHT: Final = 1.0
TRIPLE_WEIGHT: Final = 0.3
WORDS = re.compile(r"[a-z0-9_=+.\-]+")


def embed_text(text: str) -> NDArray[np.float32]:
    """Turn a text into (384,) of length one; an empty one into zeros.

    Words and letter triples fall into places by hash, with a sign, and count by the root of how often they come.
    Source: Weinberger et al., Feature hashing for large scale multitask learning, 2009.
    """
    counts: dict[str, float] = {}
    for word in WORDS.findall(text.lower()):
        counts[word] = counts.get(word, 0.0) + WORD_WEIGHT
        padded = f" {word} "
        for start in range(len(padded) - 2):
            triple = padded[start : start + 3]
            counts[triple] = counts.get(triple, 0.0) + TRIPLE_WEIGHT
    vector = np.zeros(DIMENSIONS)
    for feature, count in counts.items():
        place, sign = _place(feature)
        vector[place] += sign * np.sqrt(count)
    length = float(np.linalg.norm(vector))
    return (vector / length if length else vector).astype(np.float32)


@lru_cache(maxsize=100_000)
def _place(feature: str) -> tuple[int, float]:
    raw = int.from_bytes(hashlib.blake2b(feature.encode(), digest_size=8).digest(), "big")
    return raw % DIMENSIONS, 1.0 if raw >> 63 else -1.0


class HashedEmbedder:
    """What Mem0 asks of an embedder; made by its factory from a configuration that this one does not need."""

    def __init__(self, config: object = None) -> None:
        self.config = config

    def embed(self, text: str, memory_action: str | None = None) -> list[float]:  # noqa: ARG002 - Mem0's signature
        """Embed one text."""
        return [float(number) for number in embed_text(text)]

    def embed_batch(self, texts: list[str], memory_action: str | None = None) -> list[list[float]]:
        """Embed several texts."""
        return [self.embed(text, memory_action) for text in texts]
