"""Daily bars of a vendor that has no live quotes: real prices for research; what needs a quote fails closed."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from datetime import date, datetime, timedelta

from domain.errors import BadInput, NoData, Transient
from domain.market import Execution, MarketSnapshot
from tools.exchange import Exchange
from tools.market_data._bar_table import BarTable, table_of
from tools.market_data._bar_window import WINDOW, window_of
from tools.market_data._file_formats import Series

FINAL_AFTER = timedelta(minutes=30)
"""A session's bar is taken for final this long after the close."""


class DailyFeed(ABC):
    """Implements `domain.ports.MarketData` over daily bars; a subclass fetches them."""

    name = ""
    simulated = False
    replayed = False
    execution = Execution.CONTINUOUS

    def __init__(self) -> None:
        self._exchange = Exchange()
        self._known: tuple[tuple[str, ...], date, BarTable] | None = None

    @abstractmethod
    def fetch(self, symbols: Sequence[str], first: date, last: date) -> tuple[Series, ...]:
        """Fetch daily bars of sessions from `first` to `last`, both included; raises Transient or NoData."""

    def snapshot(self, symbols: Sequence[str], session: date, as_of: datetime) -> MarketSnapshot:
        """Tell up to three years of bars before `session`; the bar of `session` itself is still forming.

        Raises:
            NoData: an unknown symbol, one with less than a year of bars, or a day that is no session.
            BadInput: `as_of` has no time zone, or the vendor's bars can't be right.
            Transient: no answer, or the newest bars are not there yet.
        """
        if as_of.tzinfo is None:
            raise BadInput(f"as_of {as_of.isoformat()} has no time zone", "pass an aware datetime in UTC")
        sessions = self._exchange.before(session, WINDOW)
        final = self._exchange.closes(sessions[-1]) + FINAL_AFTER
        if as_of < final:
            raise Transient(f"the bars of {sessions[-1]} are final at {final:%H:%M} UTC", "ask again then")
        table = self._table(tuple(symbols), session, sessions)
        window = window_of(table, symbols, len(table.sessions))
        if window.sessions[-1] != sessions[-1]:
            raise Transient(f"{self.name} has no bars of {sessions[-1]} yet", "ask again later")
        return MarketSnapshot(
            feed=self.name,
            simulated=self.simulated,
            execution=self.execution,
            as_of=as_of,
            session=session,
            opens_at=self._exchange.opens(session),
            closes_at=self._exchange.closes(session),
            sessions=window.sessions,
            previous_session=sessions[-1],
            history=dict(window.history),
            lacks=window.lacks,
            assumptions=table.told,
        )

    def next_session(self, after: date) -> date:
        """Find the first session later than `after`."""
        return self._exchange.next_session(after)

    def opens(self, session: date) -> datetime:
        """Tell when `session` opens; raises NoData where it is not one."""
        return self._exchange.opens(session)

    def closes(self, session: date) -> datetime:
        """Tell when `session` closes; raises NoData where it is not one."""
        return self._exchange.closes(session)

    def _table(self, symbols: tuple[str, ...], session: date, sessions: Sequence[date]) -> BarTable:
        if self._known is not None and self._known[1] == session and set(symbols) <= set(self._known[0]):
            return self._known[2]
        told = self.fetch(symbols, sessions[0], sessions[-1])
        missing = set(symbols) - {series.symbol for series in told}
        if missing:
            raise NoData(f"{self.name} has no bars of {min(missing)}", "correct the symbol, or leave it out")
        cut = tuple(
            series._replace(rows=tuple(row for row in series.rows if sessions[0] <= row.session <= sessions[-1]))
            for series in told
        )
        table = table_of(cut, adjusted=False)
        self._known = (symbols, session, table)
        return table
