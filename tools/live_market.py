"""The live market: a feed's prices, joined by headlines, events, VIX, asset status and the broker's clock."""

from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta
from typing import Protocol, TypeVar, runtime_checkable

import structlog

from domain.errors import BadInput, DeskError, OperatorNeeded, Transient
from domain.market import EventCalendar, Headline, MacroReading, MarketSnapshot, Provenance
from domain.ports import Clock, Events, Macro, MarketData, News, VolatilityIndex

KEPT = timedelta(minutes=5)
"""Headlines, events and the VIX are asked for again after this long."""
ASSETS_KEPT = timedelta(minutes=30)
"""The same for which symbols are tradable: one question a symbol."""
NEWS_WINDOW = timedelta(days=3)
EVENTS_AHEAD = timedelta(days=45)

T = TypeVar("T")
log: structlog.stdlib.BoundLogger = structlog.get_logger()


@runtime_checkable
class KnowsAssets(Protocol):
    """A broker that can be asked for the time, and which symbols it trades."""

    def market_time(self) -> datetime:
        """Tell the broker's time (aware, UTC)."""

    def tradable(self, symbols: Sequence[str]) -> dict[str, bool]:
        """Tell for each symbol whether it is active and tradable; a symbol that is not known is not."""


class LiveMarket:
    """Implements `domain.ports.MarketData` over a feed; each other part is optional, and what is missing is told."""

    replayed = False

    def __init__(
        self,
        feed: MarketData,
        clock: Clock,
        universe: Sequence[str],
        *,
        broker: object = None,
        news: Sequence[News] = (),
        events: Sequence[Events] = (),
        volatility: Sequence[VolatilityIndex] = (),
        macro: Sequence[Macro] = (),
    ) -> None:
        self.name, self.simulated, self.execution = feed.name, feed.simulated, feed.execution
        self._feed, self._clock, self._universe = feed, clock, tuple(universe)
        self._broker, self._news, self._events, self._volatility = broker, news, events, volatility
        self._macro = tuple(macro)
        self._kept: dict[str, tuple[datetime, object]] = {}

    def next_session(self, after: date) -> date:
        """Find the first session later than `after`."""
        return self._feed.next_session(after)

    def opens(self, session: date) -> datetime:
        """Tell when a session opens; raises NoData where the day is not one."""
        return self._feed.opens(session)

    def closes(self, session: date) -> datetime:
        """Tell when a session closes."""
        return self._feed.closes(session)

    def snapshot(self, symbols: Sequence[str], session: date, as_of: datetime) -> MarketSnapshot:
        """Tell all that is known now; `as_of` moves on to the moment at which the last answer was there.

        Raises:
            NoData: a symbol or the session is not in the feed.
            Transient: the feed of prices did not answer; every other part may be missing.
        """
        lacks: list[str] = []
        calendar = self._calendar(as_of, lacks)
        headlines = self._headlines(as_of, lacks)
        vix = self._vix(as_of, lacks)
        macro = self._readings(as_of, lacks)
        active = self._active(symbols, as_of, lacks)
        told = self._feed.snapshot(symbols, session, as_of)
        now = max(self._clock.now(), told.as_of)
        history = {
            symbol: bars.model_copy(update={"active": active.get(symbol, bars.active)})
            for symbol, bars in told.history.items()
        }
        return told.model_copy(
            update={
                "as_of": now,
                "history": history,
                "calendar": calendar or told.calendar,
                "headlines": headlines or told.headlines,
                "macro": macro or told.macro,
                "vix": told.vix if vix is None else vix,
                "vix_provenance": told.vix_provenance if vix is None else Provenance.REAL,
                "broker_clock": self._broker_clock(now, lacks),
                "lacks": (*told.lacks, *lacks),
            }
        )

    def _broker_clock(self, now: datetime, lacks: list[str]) -> datetime | None:
        """Tell what the broker's clock showed at `now`: its answer, less what has passed since halfway through."""
        if not isinstance(self._broker, KnowsAssets):
            lacks.append("broker clock")
            return None
        sent = self._clock.now()
        try:
            told = self._broker.market_time()
        except Transient as error:
            self._note_missing("broker clock", error, lacks)
            return None
        return told - (sent - now) - (self._clock.now() - sent) / 2

    def _active(self, symbols: Sequence[str], as_of: datetime, lacks: list[str]) -> dict[str, bool]:
        broker = self._broker
        if not isinstance(broker, KnowsAssets):
            lacks.append("asset status")
            return {}
        told = (
            self._keep(
                "assets", as_of, "asset status", lambda: broker.tradable(self._universe), lacks, kept=ASSETS_KEPT
            )
            or {}
        )
        return {symbol: told[symbol] for symbol in symbols if symbol in told}

    def _headlines(self, as_of: datetime, lacks: list[str]) -> tuple[Headline, ...]:
        if not self._news:
            lacks.append("news")
        found: dict[str, Headline] = {}
        for source in self._news:
            told = self._keep(
                f"news:{source.name}",
                as_of,
                f"news from {source.name}",
                lambda source=source: source.headlines(self._universe, as_of - NEWS_WINDOW, as_of),  # type: ignore[misc]
                lacks,
            )
            found |= {item.id: item for item in told or ()}
        return tuple(sorted((h for h in found.values() if h.at < as_of), key=lambda h: (h.at, h.id)))

    def _calendar(self, as_of: datetime, lacks: list[str]) -> EventCalendar | None:
        told = []
        for source in self._events:
            calendar = self._keep(
                f"events:{source.name}",
                as_of,
                f"events from {source.name}",
                lambda source=source: source.calendar(  # type: ignore[misc]
                    self._universe, as_of - timedelta(days=1), as_of + EVENTS_AHEAD
                ),
                lacks,
            )
            told += [calendar] if calendar else []
        if not told:
            lacks.append("event calendar")
            return None
        return EventCalendar(
            events=tuple(sorted((e for c in told for e in c.events), key=lambda e: (e.at, e.kind, e.symbol or ""))),
            covers=tuple(sorted({kind for c in told for kind in c.covers})),
            fetched_at=min(c.fetched_at for c in told),
            recorded=all(c.recorded for c in told),
        )

    def _readings(self, as_of: datetime, lacks: list[str]) -> tuple[MacroReading, ...]:
        found: dict[str, MacroReading] = {}
        for source in self._macro:
            what = f"macro series from {source.name}"
            told = self._keep(f"macro:{source.name}", as_of, what, lambda source=source: source.readings(as_of), lacks)  # type: ignore[misc]
            found |= {reading.series: reading for reading in told or ()}
        return tuple(found[series] for series in sorted(found))

    def _vix(self, as_of: datetime, lacks: list[str]) -> float | None:
        for source in self._volatility:
            told = self._keep(
                f"vix:{source.name}",
                as_of,
                f"VIX from {source.name}",
                lambda source=source: source.vix(as_of),  # type: ignore[misc]
                lacks,
            )
            if told is not None:
                return float(told)
        lacks.append("VIX")
        return None

    def _keep(
        self,
        key: str,
        as_of: datetime,
        what: str,
        ask: Callable[[], T],
        lacks: list[str],
        *,
        kept: timedelta = KEPT,
    ) -> T | None:
        """Ask, or repeat an answer that is young enough; a source that does not answer is told and left out."""
        known = self._kept.get(key)
        if known is not None and timedelta(0) <= as_of - known[0] < kept:
            return known[1]  # type: ignore[return-value]
        try:
            answer = ask()
        except (
            Transient,
            OperatorNeeded,
            BadInput,
        ) as error:  # a wrong key for news must not keep exits from the market
            self._note_missing(what, error, lacks)
            return None
        self._kept[key] = (as_of, answer)
        return answer

    def _note_missing(self, what: str, error: DeskError, lacks: list[str]) -> None:
        log.warning("source_did_not_answer", source=what, problem=error.message, remedy=error.remedy)
        lacks.append(what)
