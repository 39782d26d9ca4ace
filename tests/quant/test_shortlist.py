import pytest

from domain.scan import Signal
from quant.shortlist import reviews_of, shortlist_of


def signals_of(**scores: float) -> list[Signal]:
    ordered = sorted(scores, key=lambda symbol: -scores[symbol])
    return [
        Signal(
            symbol=symbol, strategy="trend", score=scores[symbol], rank=rank, hit_rate=None, cases=0,
            horizon_sessions=63, volatility=0.2, mean_abs_move=0.01,
        )
        for rank, symbol in enumerate(ordered, start=1)
    ]  # fmt: skip


SIGNALS = signals_of(A=2.0, B=1.0, C=0.5, D=0.0, E=-0.5, F=-1.0)


def test_held_symbols_that_have_turned_are_reviewed_the_weakest_first():
    assert reviews_of(SIGNALS, held=["A", "D", "E", "F"], expiring=[]) == ("F", "E")


def test_held_symbols_at_their_horizon_are_reviewed_and_others_at_theirs_are_not():
    assert reviews_of(SIGNALS, held=["A", "C"], expiring=["A", "B"]) == ("A",)


def test_a_held_symbol_without_a_signal_is_left_to_the_monitor():
    assert reviews_of(SIGNALS, held=["GONE"], expiring=["GONE"]) == ()


@pytest.mark.parametrize(
    ("reviews", "size", "expected"),
    [
        ((), 4, ("A", "B", "C", "F")),
        ((), 1, ("A",)),
        ((), 2, ("A", "F")),
        ((), 6, ("A", "B", "C", "D", "E", "F")),
        ((), 99, ("A", "B", "C", "D", "E", "F")),
        (("F", "A"), 5, ("F", "A", "B", "C", "E")),
        (("F", "A"), 3, ("F", "A", "B")),
        (("F", "E"), 1, ("F", "E")),
    ],
)
def test_the_short_list_is_the_reviews_then_the_strongest_and_the_weakest(reviews, size, expected):
    assert shortlist_of(SIGNALS, reviews, size) == expected


@pytest.mark.parametrize(
    ("settled", "expected"),
    [
        (["A"], ("B", "C", "F")),
        (["A", "B"], ("C", "D", "F")),
        (["F"], ("A", "B", "F")),
        (["A", "B", "C", "D"], ("A", "B", "F")),
    ],
)
def test_what_is_settled_gives_way_to_what_can_be_decided(settled, expected):
    """Ten symbols: A to D are the strongest two fifths; beyond them only strength counts."""
    ten = signals_of(A=4.0, B=3.0, C=2.0, D=1.0, K=0.5, L=0.4, M=0.3, N=0.2, O=0.1, F=-1.0)

    assert shortlist_of(ten, (), 3, settled) == expected
