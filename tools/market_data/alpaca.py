"""Alpaca's prices: adjusted daily bars for returns, the unadjusted last close, and live quotes with their age."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from functools import cached_property
from typing import Any, NamedTuple

import structlog

from domain.errors import BadInput, NoData, Transient
from domain.market import Execution, MarketSnapshot, Provenance, Quote, SymbolHistory
from tools.alpaca_api import AlpacaApi, AlpacaSettings, Refusal, moment
from tools.exchange import NEW_YORK, Exchange
from tools.market_data import MARKET_DATA

WINDOW = 756
"""Sessions of history in a snapshot: three years."""
SHORTEST = 260
"""Fewer sessions than this are not enough to decide on: one year and a week."""
MOST_GAPS = 5
"""So many sessions of the window may be missing for a symbol; the close before stands in, and that is told."""
SIP_DELAY = timedelta(minutes=16)
"""Consolidated data are free once they are 15 minutes old."""
PAGE = 10_000
BELIEVABLE = 0.05
"""A quote whose middle is further than this from the last trade is no quote."""
AHEAD = timedelta(seconds=5)
"""A quote may be stamped this much later than we asked: it came while we waited, or the clocks differ."""
FORBIDDEN = 403

log: structlog.stdlib.BoundLogger = structlog.get_logger()


class Bars(NamedTuple):
    """One symbol's adjusted bars on the sessions asked for; `gaps` are sessions without one."""

    closes: tuple[float, ...]
    highs: tuple[float, ...]
    lows: tuple[float, ...]
    volumes: tuple[float, ...]
    raw_close: float | None
    gaps: tuple[date, ...]


class Known(NamedTuple):
    """All complete bars before one session: they don't change while it lasts."""

    sessions: tuple[date, ...]
    bars: Mapping[str, Bars]
    feed: str


@MARKET_DATA.register
class AlpacaFeed:
    """Prices as they are now; the keys are read when the first price is asked for."""

    name = "alpaca"
    simulated = False
    replayed = False
    execution = Execution.CONTINUOUS

    def __init__(self, settings: AlpacaSettings | None = None) -> None:
        self._given = settings
        self._exchange = Exchange()
        self._known: dict[tuple[tuple[str, ...], date], Known] = {}

    def snapshot(self, symbols: Sequence[str], session: date, as_of: datetime) -> MarketSnapshot:
        """Tell three years of bars before `session`, and the newest quotes.

        Raises:
            NoData: an unknown symbol, one with less than a year of bars or too many gaps, or a day that is no session.
            BadInput: `as_of` has no time zone.
            Transient: no readable answer, or yesterday's bars are not final yet.
            AccessDenied: the keys are not accepted.
        """
        if as_of.tzinfo is None:
            raise BadInput(f"as_of {as_of.isoformat()} has no time zone", "pass an aware datetime in UTC")
        known = self._bars(tuple(symbols), session, as_of)
        latest = self._snapshots(symbols)
        quotes, doubts = _quotes(latest, known, as_of)
        at = max([as_of, *(quote.at for quote in quotes.values())])
        told = [
            f"{s}: no bar on {bars.gaps[0]}; the close before stands in" for s, bars in known.bars.items() if bars.gaps
        ]
        return MarketSnapshot(
            feed=self.name,
            simulated=False,
            execution=self.execution,
            as_of=at,
            session=session,
            opens_at=self.opens(session),
            closes_at=self.closes(session),
            sessions=known.sessions,
            previous_session=self._exchange.before(session, 1)[-1],
            history={symbol: _history(symbol, known.bars[symbol], quotes.get(symbol)) for symbol in symbols},
            assumptions=(*self._assumptions(known.feed), *told, *doubts),
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

    @cached_property
    def _settings(self) -> AlpacaSettings:
        return self._given or AlpacaSettings.read()

    @cached_property
    def _api(self) -> AlpacaApi:
        return AlpacaApi(self._settings, self._settings.data_url, "v2", None)

    def _assumptions(self, bars_feed: str) -> tuple[str, ...]:
        said = []
        if self._settings.feed == "iex":
            said.append("quotes are those of IEX alone: a small part of all trading, with wider spreads")
        if bars_feed == "iex":
            said.append("bars are those of IEX alone: volumes are understated")
        return tuple(said)

    def _bars(self, symbols: tuple[str, ...], session: date, as_of: datetime) -> Known:
        for (names, day), known in self._known.items():
            if day == session and set(symbols) <= set(names):
                return known._replace(bars={symbol: known.bars[symbol] for symbol in symbols})
        sessions = self._exchange.before(session, WINDOW)
        final = self._exchange.closes(sessions[-1]) + SIP_DELAY
        if as_of < final:
            raise Transient(f"the bars of {sessions[-1]} are final at {final:%H:%M} UTC", "ask again then")
        adjusted, feed = self._fetch(symbols, sessions[0], sessions[-1], "all")
        raw, _ = self._fetch(symbols, sessions[-5], sessions[-1], "raw")
        begin = max(self._first_row(symbol, adjusted.get(symbol, {}), sessions) for symbol in symbols)
        kept = sessions[begin:]
        bars = {symbol: _aligned(symbol, adjusted[symbol], raw.get(symbol, {}), kept) for symbol in symbols}
        self._known = {(symbols, session): Known(kept, bars, feed)}
        return self._known[symbols, session]

    def _first_row(self, symbol: str, bars: Mapping[date, Any], sessions: Sequence[date]) -> int:
        row = next((row for row, day in enumerate(sessions) if day in bars), None)
        if row is None:
            raise NoData(f"Alpaca has no bars of {symbol}", "remove it from the mandate, or correct its name")
        if len(sessions) - row < SHORTEST:
            have = len(sessions) - row
            raise NoData(f"Alpaca has {have} sessions of {symbol}, {SHORTEST} are needed", "leave it out until then")
        return row

    def _fetch(
        self, symbols: Sequence[str], first: date, last: date, adjustment: str
    ) -> tuple[dict[str, dict[date, Any]], str]:
        try:
            return self._pages(symbols, first, last, adjustment, "sip"), "sip"
        except Refusal as refusal:
            if refusal.status != FORBIDDEN:
                raise _unreadable(refusal) from None
        log.warning("consolidated_bars_refused", instead=self._settings.feed)
        try:
            return self._pages(symbols, first, last, adjustment, self._settings.feed), self._settings.feed
        except Refusal as refusal:
            raise _unreadable(refusal) from None

    def _pages(
        self, symbols: Sequence[str], first: date, last: date, adjustment: str, feed: str
    ) -> dict[str, dict[date, Any]]:
        query = {
            "symbols": ",".join(symbols),
            "timeframe": "1Day",
            "start": datetime.combine(first, datetime.min.time(), NEW_YORK).isoformat(),
            "end": self._exchange.closes(last).isoformat(),
            "adjustment": adjustment,
            "feed": feed,
            "limit": str(PAGE),
        }
        found: dict[str, dict[date, Any]] = {}
        while True:
            told = self._api.read("/stocks/bars", query)
            for symbol, bars in (told.get("bars") or {}).items():
                days = found.setdefault(symbol, {})
                days |= {moment(bar["t"]).astimezone(NEW_YORK).date(): bar for bar in bars}
            if not told.get("next_page_token"):
                return found
            query = {**query, "page_token": told["next_page_token"]}

    def _snapshots(self, symbols: Sequence[str]) -> dict[str, Any]:
        try:
            told = self._api.read("/stocks/snapshots", {"symbols": ",".join(symbols), "feed": self._settings.feed})
        except Refusal as refusal:
            raise _unreadable(refusal) from None
        return dict(told.get("snapshots", told) or {})


def _aligned(symbol: str, adjusted: Mapping[date, Any], raw: Mapping[date, Any], sessions: Sequence[date]) -> Bars:
    gaps = tuple(day for day in sessions if day not in adjusted)
    if len(gaps) > MOST_GAPS:
        raise NoData(
            f"Alpaca lacks {len(gaps)} bars of {symbol}, the first on {gaps[0]}", "leave it out of the mandate"
        )
    rows: list[tuple[float, float, float, float]] = []
    for day in sessions:
        bar = adjusted.get(day)
        if bar is None:
            close = rows[-1][0]
            rows.append((close, close, close, 0.0))
        else:
            rows.append((float(bar["c"]), float(bar["h"]), float(bar["l"]), float(bar["v"])))
    if any(not close > 0.0 for close, *_ in rows):
        raise NoData(f"Alpaca tells a close of {symbol} that is not above zero", "leave it out of the mandate")
    closes, highs, lows, volumes = zip(*rows, strict=True)
    last = raw.get(sessions[-1])
    return Bars(closes, highs, lows, volumes, float(last["c"]) if last else None, gaps)


def _quotes(latest: Mapping[str, Any], known: Known, as_of: datetime) -> tuple[dict[str, Quote], list[str]]:
    """Take the quotes that can be one: two prices above zero, stamped by now, near the last trade."""
    quotes, doubts = {}, []
    for symbol, bars in known.bars.items():
        told = latest.get(symbol) or {}
        quote, trade = told.get("latestQuote") or {}, told.get("latestTrade") or {}
        bid, ask = float(quote.get("bp") or 0.0), float(quote.get("ap") or 0.0)
        if bid <= 0.0 or ask <= 0.0 or known.sessions[-1] in bars.gaps:
            continue
        at = moment(quote["t"])
        price = float(trade.get("p") or 0.0)
        if price > 0.0 and abs((bid + ask) / 2.0 / price - 1.0) > BELIEVABLE:
            doubts.append(f"{symbol}: the quote {bid:g} to {ask:g} is too far from the last trade at {price:g}")
        elif at > as_of + AHEAD:
            doubts.append(f"{symbol}: the quote is stamped {at:%H:%M:%S}, after now")
        else:
            quotes[symbol] = Quote(bid=bid, ask=ask, at=at)
    return quotes, doubts


def _history(symbol: str, bars: Bars, quote: Quote | None) -> SymbolHistory:
    return SymbolHistory(
        symbol=symbol,
        closes=bars.closes,
        highs=bars.highs,
        lows=bars.lows,
        volumes=bars.volumes,
        raw_close=bars.raw_close,
        quote=quote,
        provenance=Provenance.REAL,
    )


def _unreadable(refusal: Refusal) -> Transient:
    return Transient(f"Alpaca's prices answered {refusal.status}: {refusal.message[:200]}", "see `pm doctor`")
