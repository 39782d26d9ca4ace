"""The recorded feed: real daily closes replayed, each session seen from its morning."""

from collections.abc import Sequence
from datetime import date, datetime
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING

from domain.errors import BadInput, LookAhead, NoData
from domain.market import Execution, MarketSnapshot, Provenance, SymbolHistory
from tools import trading_hours
from tools.market_data import MARKET_DATA
from tools.market_data._days import Days, recorded_days

if TYPE_CHECKING:
    from tools.market_data._sp500 import PriceTable

WINDOW = 756
"""Sessions of history in a snapshot: three years."""
SHORTEST = 260
"""Fewer sessions than this are not enough to decide on: one year and a week."""
LACKS = ("volumes", "quotes", "unadjusted prices", "news", "event calendar", "VIX", "asset status")
ASSUMPTIONS = (
    "recorded prices are a sample for testing, not for investment: 20 companies that survived until 2022",
    "recorded closes are adjusted for splits and dividends",
    "half days are taken for full days",
    "orders fill on the session's close",
)


REMEMBERED = 8
"""So many snapshots are kept: the same question within a run has the same answer, digest included."""


@MARKET_DATA.register
class RecordedFeed:
    """Closes before a session, never the session's own: there is no way to ask for that one here."""

    name = "recorded"
    simulated = True
    replayed = True
    execution = Execution.CLOSE

    def __init__(self, table: "PriceTable | None" = None) -> None:
        """Replay `table`, or the recorded closes, which are read when the first snapshot is told."""
        self._given = table
        self._days: Days = table or recorded_days()
        self._told = lru_cache(maxsize=REMEMBERED)(self._tell)

    @cached_property
    def _table(self) -> "PriceTable":
        from tools.market_data._sp500 import load_sp500  # noqa: PLC0415 - who stops a desk needs its days, not its prices

        return self._given or load_sp500()

    def snapshot(self, symbols: Sequence[str], session: date, as_of: datetime) -> MarketSnapshot:
        """Tell the last three years of closes before `session`.

        Raises:
            NoData: an unknown symbol, a day that is no session, or one with less than a year of data before it.
            BadInput: `as_of` has no time zone.
            LookAhead: `as_of` lies before the last close that would be told.
        """
        if as_of.tzinfo is None:
            raise BadInput(f"as_of {as_of.isoformat()} has no time zone", "pass an aware datetime in UTC")
        return self._told(tuple(symbols), session, as_of)

    def _tell(self, symbols: tuple[str, ...], session: date, as_of: datetime) -> MarketSnapshot:
        row = self._row(session)
        if row < SHORTEST:
            raise NoData(f"only {row} sessions of data before {session}, {SHORTEST} are needed", self._first_usable())
        sessions = self._days.sessions[max(0, row - WINDOW) : row]
        if as_of < trading_hours.closes_at(sessions[-1]):
            raise LookAhead(
                f"the close of {sessions[-1]} is not known at {as_of.isoformat()}",
                f"ask as of {trading_hours.closes_at(sessions[-1]).isoformat()} or later, or for an earlier session",
            )
        return MarketSnapshot(
            feed=self.name,
            simulated=self.simulated,
            execution=self.execution,
            as_of=as_of,
            session=session,
            opens_at=trading_hours.opens_at(session),
            closes_at=trading_hours.closes_at(session),
            sessions=sessions,
            previous_session=sessions[-1],
            history={symbol: self._history(symbol, row) for symbol in symbols},
            lacks=LACKS,
            assumptions=ASSUMPTIONS,
        )

    def next_session(self, after: date) -> date:
        """Find the first session later than `after`.

        Raises:
            NoData: the data end there.
        """
        found = self._days.after(after)
        if found is None:
            raise NoData(f"there is no session after {after}: {self._span()}", "choose an earlier date")
        return found

    def opens(self, session: date) -> datetime:
        """Tell when `session` opens; raises NoData where it is not one."""
        self._row(session)
        return trading_hours.opens_at(session)

    def closes(self, session: date) -> datetime:
        """Tell when `session` closes; raises NoData where it is not one."""
        self._row(session)
        return trading_hours.closes_at(session)

    def _history(self, symbol: str, row: int) -> SymbolHistory:
        column = self._table.column(symbol)
        if column is None:
            known = ", ".join(self._table.symbols)
            raise NoData(f"the recorded feed has no symbol {symbol!r}", f"choose from: {known}")
        closes = self._table.closes[max(0, row - WINDOW) : row, column]
        return SymbolHistory(symbol=symbol, closes=tuple(closes.tolist()), provenance=Provenance.REAL)

    def _row(self, session: date) -> int:
        row = self._days.row(session)
        if row is not None:
            return row
        before, after = self._days.before(session), self._days.after(session)
        if before is None or after is None:
            raise NoData(f"{session} lies outside the recorded data: {self._span()}", self._first_usable())
        raise NoData(
            f"{session} ({session:%A}) is not a session: no trading that day",
            f"the nearest sessions are {before} and {after}",
        )

    def _span(self) -> str:
        return f"they span {self._days.sessions[0]} to {self._days.sessions[-1]}"

    def _first_usable(self) -> str:
        sessions = self._days.sessions
        if len(sessions) <= SHORTEST:
            return f"the data hold {len(sessions)} sessions, {SHORTEST + 1} are needed"
        return f"choose a session from {sessions[SHORTEST]} to {sessions[-1]}"
