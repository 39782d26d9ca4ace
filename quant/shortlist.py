"""Which symbols the analyst argues about in one run."""

from collections.abc import Collection, Sequence

from domain.scan import Signal

STRONG = 0.4
"""The share of all symbols among which what can be decided goes before what is settled."""


def reviews_of(signals: Sequence[Signal], held: Collection[str], expiring: Collection[str]) -> tuple[str, ...]:
    """Name the held symbols that are expiring or whose score is below zero, the weakest first.

    A held symbol without a signal has no numbers to argue from and is left to the monitor.
    """
    due = [s for s in signals if s.symbol in held and (s.symbol in expiring or s.score < 0.0)]
    return tuple(signal.symbol for signal in sorted(due, key=lambda s: s.rank, reverse=True))


def shortlist_of(
    signals: Sequence[Signal],
    reviews: Sequence[str],
    size: int,
    settled: Collection[str] = (),
) -> tuple[str, ...]:
    """List all reviews, even beyond `size`, then the strongest others and, where there is room for two, the weakest.

    Of the strongest two fifths, those that are `settled` come last: what is held already, or was turned down lately.
    """
    strong = len(signals) * STRONG
    ranked = sorted(signals, key=lambda s: (s.symbol in settled or s.rank > strong, s.rank))
    others = [s.symbol for s in ranked if s.symbol not in reviews]
    room = max(size - len(reviews), 0)
    if room < 2 or len(others) <= room:  # noqa: PLR2004 - a single place goes to the strongest
        return (*reviews, *others[:room])
    weakest = max((s for s in signals if s.symbol in others), key=lambda s: s.rank).symbol
    return (*reviews, *[symbol for symbol in others if symbol != weakest][: room - 1], weakest)
