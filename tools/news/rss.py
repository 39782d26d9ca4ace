"""News from RSS and Atom feeds: addresses from `PM_RSS_FEEDS`, a `{symbol}` in one asks for each symbol."""

import calendar
import io
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import structlog
from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from domain.errors import OperatorNeeded, Transient
from domain.ids import short_id
from domain.market import Headline
from tools.http import fetch
from tools.news import NEWS

LONGEST_TITLE = 300
MOST_ITEMS = 200
TAG = re.compile(r"<[^>]*>")

log: structlog.stdlib.BoundLogger = structlog.get_logger()


class RssSettings(BaseSettings):
    """Addresses separated by commas or spaces."""

    model_config = SettingsConfigDict(
        env_prefix="PM_", env_file=Path(__file__).resolve().parents[2] / ".env", extra="ignore", env_ignore_empty=True
    )

    rss_feeds: str = Field(default="")

    @property
    def addresses(self) -> tuple[str, ...]:
        """The addresses; raises OperatorNeeded where there is none."""
        found = tuple(self.rss_feeds.replace(",", " ").split())
        if not found:
            raise OperatorNeeded(
                "PM_RSS_FEEDS is not set",
                "list addresses like https://example.org/rss?s={symbol}, or leave rss out of PM_NEWS",
            )
        return found


@NEWS.register
class RssNews:
    """Headlines of feeds; an item without a date is left out, because nobody can say when it was known."""

    name = "rss"

    def __init__(self, settings: RssSettings | None = None) -> None:
        self._given = settings

    def headlines(self, symbols: Sequence[str], since: datetime, until: datetime) -> tuple[Headline, ...]:
        """List what was published (or last changed) in [since, until), oldest first.

        An address with `{symbol}` is asked for each symbol; in other feeds an item belongs to the symbols that its
        title names as ($AAPL), (AAPL) or (NASDAQ: AAPL), and to the market where it names none.

        Raises:
            Transient: a feed did not answer, or is no feed.
        """
        found: dict[str, Headline] = {}
        for address in (self._given or RssSettings()).addresses:
            if "{symbol}" in address:
                for symbol in symbols:
                    self._add(found, address.replace("{symbol}", quote(symbol)), (symbol,), symbols)
            else:
                self._add(found, address, (), symbols)
        inside = (item for item in found.values() if since <= item.at < until)
        return tuple(sorted(inside, key=lambda item: (item.at, item.id)))

    def _add(self, found: dict[str, Headline], address: str, of: tuple[str, ...], symbols: Sequence[str]) -> None:
        import feedparser  # noqa: PLC0415 - only where a feed is asked

        # A stream, because the library takes a text that looks like a path or an address for one, and opens it.
        told = feedparser.parse(io.BytesIO(fetch(address)))
        if not told.get("version"):
            raise Transient(f"{urlsplit(address).hostname} sent no feed that can be read")
        source = _line(told.feed.get("title", "")) or str(urlsplit(address).hostname)
        undated = 0
        for entry in told.entries[:MOST_ITEMS]:
            at, title = _moment(entry), _line(entry.get("title", ""))
            if at is None or not title:
                undated += 1
                continue
            named = of or tuple(symbol for symbol in symbols if _names(title, symbol))
            key = short_id("rss", str(entry.get("id") or entry.get("link") or title))
            before = found.get(key)
            both = tuple(dict.fromkeys((*(before.symbols if before else ()), *named)))
            found[key] = Headline(id=f"rss-{key}", at=at, source=f"rss/{source[:60]}", title=title, symbols=both)
        if undated:
            log.info("news_without_date", source=source, items=undated)


def _moment(entry: Any) -> datetime | None:
    # dict.get: the library's own get makes up a date of one kind from the other.
    stamps = [stamp for key in ("published_parsed", "updated_parsed") if (stamp := dict.get(entry, key))]
    return max((datetime.fromtimestamp(calendar.timegm(stamp), UTC) for stamp in stamps), default=None)


def _line(text: str) -> str:
    return " ".join(TAG.sub(" ", text).split())[:LONGEST_TITLE]


def _names(title: str, symbol: str) -> bool:
    return re.search(rf"(?:\$|\((?:[A-Z]+:\s?)?){re.escape(symbol)}(?![A-Z0-9])", title) is not None
