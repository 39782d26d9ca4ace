"""The stand-in's market: recorded closes as daily bars (highs, lows, volumes made up), prices and news by request."""

from bisect import bisect_left, bisect_right
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import Any

from tests.standins.alpaca import hours
from tools.market_data._sp500 import load_sp500

VOLUME = 20_000_000
PAGE = 1000
SIP_DELAY = timedelta(minutes=15)


class Market:
    """Prices are the last recorded close before the stand-in's day, unless a test has set one."""

    def __init__(self) -> None:
        self.table = load_sp500()
        self.set_prices: dict[str, Decimal] = {}
        self.quote_age = timedelta(seconds=1)
        self.silent: set[str] = set()
        self.inactive: set[str] = set()
        self.news: list[dict[str, Any]] = []
        self.raw_factor = Decimal(1)

    def price(self, symbol: str, now: datetime) -> Decimal | None:
        """Tell what a share costs now; None for an unknown symbol."""
        if symbol in self.set_prices:
            return self.set_prices[symbol]
        column = self.table.column(symbol)
        if column is None:
            return None
        row = bisect_left(self.table.sessions, now.astimezone(hours.NEW_YORK).date())
        return Decimal(str(round(float(self.table.closes[row - 1, column]), 2)))

    def bars(self, symbol: str, first: datetime, last: datetime, now: datetime, *, raw: bool) -> list[dict[str, Any]]:
        """List daily bars; today's is still forming and is listed too."""
        first_day, last_day, today = (moment.astimezone(hours.NEW_YORK).date() for moment in (first, last, now))
        return _bars(symbol, first_day, min(last_day, today), today, float(self.raw_factor) if raw else 1.0)

    def quote(self, symbol: str, now: datetime) -> dict[str, Any] | None:
        """Tell bid and ask, a cent either side of the price; None where there is none."""
        price = self.price(symbol, now)
        if price is None or symbol in self.silent:
            return None
        told = {"bp": float(price - Decimal("0.01")), "bs": 1, "bx": "V", "ap": float(price + Decimal("0.01"))}
        return {**told, "as": 1, "ax": "V", "c": ["R"], "z": "C", "t": hours.stamp(now - self.quote_age)}

    def trade(self, symbol: str, now: datetime) -> dict[str, Any] | None:
        """Tell the latest trade."""
        price = self.price(symbol, now)
        if price is None or symbol in self.silent:
            return None
        return {
            "t": hours.stamp(now - self.quote_age),
            "x": "V",
            "p": float(price),
            "s": 100,
            "c": ["@"],
            "i": 1,
            "z": "C",
        }

    def add_news(self, headline: str, symbols: list[str], at: datetime) -> None:
        """Publish something."""
        stamp = hours.stamp(at)
        item = {"id": len(self.news) + 1, "headline": headline, "author": "Stand-in", "created_at": stamp}
        more = {"updated_at": stamp, "summary": "", "content": "", "url": None, "images": [], "source": "benzinga"}
        self.news.append({**item, **more, "symbols": symbols})


def page_of(rows: list[tuple[str, dict[str, Any]]], query: dict[str, str]) -> tuple[list[Any], str | None]:
    """Cut one page out of rows; the token is the number of rows before it."""
    start, size = int(query.get("page_token") or 0), min(int(query.get("limit") or PAGE), 10_000)
    rest = len(rows) > start + size
    return rows[start : start + size], str(start + size) if rest else None


@lru_cache(maxsize=200)
def _bars(symbol: str, first: date, last: date, today: date, factor: float) -> list[dict[str, Any]]:
    table = load_sp500()
    column = table.column(symbol)
    if column is None:
        return []
    begin, end = bisect_left(table.sessions, first), bisect_right(table.sessions, last)
    found = []
    for row, session in enumerate(table.sessions[begin:end], begin):
        close = float(table.closes[row - 1 if session == today else row, column]) * factor
        midnight = hours.stamp(datetime.combine(session, datetime.min.time(), hours.NEW_YORK))
        prices = {"o": round(close * 0.998, 4), "h": round(close * 1.006, 4), "l": round(close * 0.994, 4)}
        found.append({"t": midnight, **prices, "c": round(close, 4), "v": VOLUME, "n": 1000, "vw": round(close, 4)})
    return found
