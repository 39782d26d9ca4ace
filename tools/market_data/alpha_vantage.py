"""Alpha Vantage's daily bars, adjusted and as traded (needs ALPHAVANTAGE_API_KEY); one request a symbol."""

from collections.abc import Sequence
from datetime import date
from pathlib import Path

from domain.errors import Transient
from tools.alpha_vantage_api import AlphaVantageSettings, ask_for_csv
from tools.market_data import MARKET_DATA
from tools.market_data._daily_feed import DailyFeed
from tools.market_data._file_formats import Series, columns


@MARKET_DATA.register
class AlphaVantageFeed(DailyFeed):
    """TIME_SERIES_DAILY_ADJUSTED, which some plans leave out: Alpha Vantage then says so, and nothing is decided."""

    name = "alpha_vantage"

    def __init__(self, settings: AlphaVantageSettings | None = None) -> None:
        super().__init__()
        self._given = settings

    def fetch(self, symbols: Sequence[str], first: date, last: date) -> tuple[Series, ...]:  # noqa: ARG002 - all or the newest 100
        """Fetch all bars of each symbol; raises Transient or RateLimited."""
        settings = self._given or AlphaVantageSettings()
        found: list[Series] = []
        for symbol in symbols:
            query = {"function": "TIME_SERIES_DAILY_ADJUSTED", "symbol": symbol, "outputsize": "full"}
            rows = ask_for_csv(settings, query)
            if not rows:
                raise Transient(f"Alpha Vantage sent no bars of {symbol}")
            found += columns(Path(f"{symbol} of Alpha Vantage"), rows, symbol)
        return tuple(found)
