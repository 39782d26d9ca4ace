"""Yahoo's daily bars by yfinance, adjusted and as traded; needs no key, and comes with no promise of the vendor."""

import logging
import warnings
from collections.abc import Callable, Mapping, Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from domain.errors import NoData, Transient
from tools.market_data import MARKET_DATA
from tools.market_data._daily_feed import DailyFeed
from tools.market_data._file_formats import Series, columns

Download = Callable[..., Any]


@MARKET_DATA.register
class YahooFeed(DailyFeed):
    """One download for all symbols; Yahoo writes BRK-B where we write BRK.B."""

    name = "yahoo"

    def __init__(self, download: Download | None = None) -> None:
        super().__init__()
        self._download = download or _download

    def fetch(self, symbols: Sequence[str], first: date, last: date) -> tuple[Series, ...]:
        """Fetch bars of all symbols.

        Raises:
            Transient: no answer, or one that can't be read.
            NoData: Yahoo has nothing of a symbol.
        """
        theirs = {symbol.replace(".", "-"): symbol for symbol in symbols}
        try:
            frame = self._download(
                list(theirs), start=first.isoformat(), end=(last + timedelta(days=1)).isoformat(), auto_adjust=False,
                actions=False, progress=False, group_by="ticker", threads=False,
            )  # fmt: skip
        except Exception as error:  # noqa: BLE001 - yfinance raises whatever its transport does
            raise Transient(f"Yahoo did not answer: {type(error).__name__}", "check the network") from None
        if frame is None or frame.empty:
            raise Transient("Yahoo sent no bars at all", "check the network, and try again later")
        return tuple(series for name, symbol in theirs.items() for series in _series(frame, name, symbol))


def _series(frame: Any, name: str, symbol: str) -> tuple[Series, ...]:
    if name not in frame.columns.get_level_values(0):
        raise NoData(f"Yahoo has no bars of {name}", "correct the symbol, or leave it out")
    own = frame[name].dropna(how="all")
    rows: list[Mapping[str, object]] = [
        {"date": stamp.date(), **{str(column): float(cell) for column, cell in row.items()}}
        for stamp, row in own.iterrows()
    ]
    if not rows:
        raise NoData(f"Yahoo has no bars of {name}", "correct the symbol, or leave it out")
    return columns(Path(f"{name} of Yahoo"), rows, symbol)


def _download(*symbols: Any, **options: Any) -> Any:
    import yfinance  # noqa: PLC0415 - pandas and more, only where Yahoo is asked

    # What went wrong we tell ourselves, in one line.
    logging.getLogger("yfinance").setLevel(logging.CRITICAL)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return yfinance.download(*symbols, **options)
