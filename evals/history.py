"""Everything that decisions are judged by: episodes with outcomes, executions, and the prices around them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property

import numpy as np

from domain.episodes import Judged
from domain.orders import BookedFill
from evals.finding import Finding
from quant.arrays import Floats


@dataclass(frozen=True)
class History:
    """One portfolio's record; `closes` are (T, N) dollars over `sessions` (oldest first) and `symbols`.

    `fills` are oldest first. `sectors` names each symbol's.
    """

    judged: tuple[Judged, ...] = ()
    fills: tuple[BookedFill, ...] = ()
    sessions: tuple[date, ...] = ()
    symbols: tuple[str, ...] = ()
    closes: Floats = field(default_factory=lambda: np.empty((0, 0)))
    sectors: Mapping[str, str] = field(default_factory=dict)

    @cached_property
    def rows(self) -> dict[date, int]:
        """Where each session stands."""
        return {session: row for row, session in enumerate(self.sessions)}

    @cached_property
    def columns(self) -> dict[str, int]:
        """Where each symbol stands."""
        return {symbol: column for column, symbol in enumerate(self.symbols)}

    def move(self, symbol: str, session: date, back: int, until: int = 1) -> float | None:
        """Tell a symbol's return from `back` to `until` sessions before `session`, a fraction; None where not known.

        With the defaults the last close that counts is the one before the session: what was known at its open.
        """
        row, column = self.rows.get(session), self.columns.get(symbol)
        if row is None or column is None or row - until - back < 0:
            return None
        return float(self.closes[row - until, column] / self.closes[row - until - back, column] - 1.0)


Judge = Callable[[History], Finding]
"""What a plugin of quality or behaviour is."""
