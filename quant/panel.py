"""A snapshot's closes as one array."""

from dataclasses import dataclass
from datetime import date

import numpy as np

from domain.errors import NoData
from domain.market import MarketSnapshot, Provenance
from quant.arrays import Floats
from quant.returns import simple_returns


@dataclass(frozen=True)
class Panel:
    """Symbols by the alphabet, their (T, N) closes in dollars and (T-1, N) returns; `session` is the last bar's."""

    symbols: tuple[str, ...]
    closes: Floats
    returns: Floats
    session: date
    provenance: tuple[Provenance, ...]

    @property
    def market(self) -> Floats:
        """Returns of the equal-weight market, rebalanced each session: (T-1,)."""
        return np.asarray(self.returns.mean(axis=1))


def panel_of(snapshot: MarketSnapshot) -> Panel:
    """Lay the closes of a snapshot side by side; nothing else of it is read, so nothing later than its last bar is.

    Raises:
        NoData: the snapshot has no symbol.
        BadInput: a close that is not a finite number above zero.
    """
    symbols = tuple(sorted(snapshot.history))
    if not symbols:
        raise NoData(f"the feed {snapshot.feed} has no symbol for {snapshot.session}", "check the mandate's universe")
    doubles = b"".join(snapshot.history[symbol].doubles["closes"] for symbol in symbols)
    closes = np.frombuffer(doubles, dtype=np.float64).reshape(len(symbols), len(snapshot.sessions)).T
    return Panel(
        symbols=symbols,
        closes=closes,
        returns=simple_returns(closes),
        session=snapshot.sessions[-1],
        provenance=tuple(snapshot.history[symbol].provenance for symbol in symbols),
    )
