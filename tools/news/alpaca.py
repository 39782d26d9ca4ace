"""Alpaca's news: headlines of the mandate's symbols, stamped with when they last changed."""

from collections.abc import Sequence
from datetime import datetime
from functools import cached_property
from typing import Any

import structlog

from domain.errors import Transient
from domain.market import Headline
from tools.alpaca_api import AlpacaApi, AlpacaSettings, Refusal, moment
from tools.news import NEWS

PAGE = 50
MOST_PAGES = 10
LONGEST_TITLE = 300

log: structlog.stdlib.BoundLogger = structlog.get_logger()


@NEWS.register
class AlpacaNews:
    """Headlines by symbol; the keys are read when the first are asked for."""

    name = "alpaca"

    def __init__(self, settings: AlpacaSettings | None = None) -> None:
        self._given = settings

    @cached_property
    def _api(self) -> AlpacaApi:
        settings = self._given or AlpacaSettings.read()
        return AlpacaApi(settings, settings.data_url, "v1beta1", None)

    def headlines(self, symbols: Sequence[str], since: datetime, until: datetime) -> tuple[Headline, ...]:
        """List what was last changed in [since, until), oldest first: an item changed later is not yet known.

        Raises:
            Transient: no readable answer.
            AccessDenied: the keys are not accepted.
        """
        query = {
            "symbols": ",".join(symbols),
            "start": since.isoformat(),
            "end": until.isoformat(),
            "sort": "asc",
            "limit": str(PAGE),
            "include_content": "false",
        }
        items: list[Any] = []
        for _ in range(MOST_PAGES):
            told = self._read(query)
            items += told.get("news") or []
            if not told.get("next_page_token"):
                break
            query = {**query, "page_token": told["next_page_token"]}
        else:
            log.warning("news_cut_off", items=len(items))
        try:
            found = [_headline(item) for item in items]
        except (KeyError, TypeError, ValueError) as error:
            raise Transient(f"Alpaca told a headline that can't be read: {type(error).__name__}") from None
        return tuple(sorted((h for h in found if since <= h.at < until), key=lambda h: (h.at, h.id)))

    def _read(self, query: dict[str, str]) -> Any:
        try:
            return self._api.read("/news", query)
        except Refusal as refusal:
            raise Transient(f"Alpaca's news answered {refusal.status}: {refusal.message[:200]}") from None


def _headline(item: Any) -> Headline:
    return Headline(
        id=f"alpaca-{item['id']}",
        at=moment(item.get("updated_at") or item["created_at"]),
        source=f"alpaca/{item.get('source') or 'unknown'}",
        title=" ".join(str(item["headline"]).split())[:LONGEST_TITLE],
        symbols=tuple(item.get("symbols") or ()),
    )
