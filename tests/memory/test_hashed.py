"""The built-in embedder: the same text the same vector, similar texts close."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from memory.episodes.hashed import DIMENSIONS, HashedEmbedder, embed_text


@given(st.text(max_size=200))
def test_every_text_has_one_vector_of_length_one_or_none_at_all(text):
    vector = embed_text(text)

    assert vector.shape == (DIMENSIONS,)
    assert np.linalg.norm(vector) == pytest.approx(1.0, abs=1e-5) or not vector.any()
    assert (vector == embed_text(text)).all()


def test_what_shares_words_is_closer_than_what_does_not():
    asked = embed_text("AAPL technology BUY regime=calm signal=4 style=trend momentum is strong")
    near = embed_text("AAPL technology BUY regime=calm signal=4 style=trend momentum looks strong")
    far = embed_text("XOM energy SELL regime=stressed signal=0 style=mean_reversion oil falls")

    assert asked @ near > 0.8
    assert asked @ far < 0.4


def test_a_vector_never_changes():
    """Pinned: an index made last year must still be readable."""
    assert [round(float(x), 4) for x in embed_text("AAPL calm")[np.flatnonzero(embed_text("AAPL calm"))][:3]] == PINNED


def test_mem0_s_way_of_asking_gives_the_same():
    embedder = HashedEmbedder()

    assert embedder.embed("KO", "add") == embedder.embed_batch(["KO"])[0] == [float(x) for x in embed_text("KO")]


PINNED = [0.2611, -0.4767, -0.2611]
