"""Daily bars of Yahoo and Alpha Vantage, from answers written as they document them."""

from datetime import UTC, date, datetime

import pandas as pd
import pytest

from domain.errors import BadInput, NoData, OperatorNeeded, RateLimited, Transient
from domain.market import Execution
from tests.standins.vendors import VendorServer
from tools.alpha_vantage_api import AlphaVantageSettings
from tools.exchange import Exchange
from tools.market_data import MARKET_DATA
from tools.market_data.alpha_vantage import AlphaVantageFeed
from tools.market_data.yahoo import YahooFeed

SESSION = date(2022, 3, 1)
AS_OF = datetime(2022, 3, 1, 13, 0, tzinfo=UTC)
DAYS = (*Exchange().before(SESSION, 300), SESSION)
KEY = "AV-SECRET-1"


def price(number):
    return round(100.0 + 0.05 * number, 4)


def alpha_vantage(path="", query=None):
    head = "timestamp,open,high,low,close,adjusted_close,volume,dividend_amount,split_coefficient"
    rows = [
        f"{day},{price(n)},{price(n) + 1},{price(n) - 1},{price(n)},{price(n) / 2},{1000 + n},0.0,1.0"
        for n, day in enumerate(DAYS)
    ]
    return "\r\n".join([head, *reversed(rows)]) + "\r\n"


def yahoo(symbols, **options):
    """As yfinance.download(..., group_by="ticker", auto_adjust=False) answers; MSFT is younger than the others."""
    frames = {}
    for symbol in symbols:
        if symbol == "NONE":
            continue
        rows = {
            "Open": [price(n) for n in range(len(DAYS))],
            "High": [price(n) + 1 for n in range(len(DAYS))],
            "Low": [price(n) - 1 for n in range(len(DAYS))],
            "Close": [price(n) for n in range(len(DAYS))],
            "Adj Close": [price(n) / 2 for n in range(len(DAYS))],
            "Volume": [1000 + n for n in range(len(DAYS))],
        }
        frame = pd.DataFrame(rows, index=pd.DatetimeIndex(DAYS, name="Date"))
        frames[symbol] = frame.iloc[20:] if symbol == "MSFT" else frame
    return pd.concat(frames, axis=1) if frames else pd.DataFrame()


def check(told, *symbols):
    """Adjusted closes for returns, the last one as traded, and nothing of the session itself."""
    bars = told.history[symbols[0]]
    assert told.sessions[-1] == DAYS[-2]
    assert bars.closes[-1] == pytest.approx(price(299) / 2)
    assert bars.highs[-1] == pytest.approx((price(299) + 1) / 2)
    assert bars.raw_close == price(299)
    assert bars.volumes[-1] == 1299
    assert bars.quote is None
    assert (told.simulated, told.execution) == (False, Execution.CONTINUOUS)
    assert "quotes" in told.lacks
    assert set(told.history) == set(symbols)


def test_alpha_vantages_bars_are_adjusted_and_end_the_day_before():
    with VendorServer(alpha_vantage) as server:
        feed = AlphaVantageFeed(AlphaVantageSettings(_env_file=None, api_key=KEY, url=server.url))

        check(feed.snapshot(("AAPL", "KO"), SESSION, AS_OF), "AAPL", "KO")
        feed.snapshot(("AAPL",), SESSION, AS_OF)

    assert [query["symbol"] for _, query in server.asked] == ["AAPL", "KO"]


def test_yahoos_bars_are_adjusted_and_begin_where_all_symbols_have_them():
    feed = YahooFeed(yahoo)

    told = feed.snapshot(("AAPL", "BRK.B", "MSFT"), SESSION, AS_OF)

    check(told, "AAPL", "BRK.B", "MSFT")
    assert told.sessions[0] == DAYS[20]
    assert {"yahoo", "alpha_vantage"} <= set(MARKET_DATA.names())


def test_a_symbol_that_the_vendor_does_not_have_is_named():
    with pytest.raises(NoData, match="NONE"):
        YahooFeed(yahoo).snapshot(("AAPL", "NONE"), SESSION, AS_OF)


def test_bars_that_are_not_final_or_not_there_are_waited_for():
    late = date(2022, 3, 3)

    with pytest.raises(Transient, match="final at 21:30"):
        YahooFeed(yahoo).snapshot(("AAPL",), SESSION, datetime(2022, 2, 28, 21, 0, tzinfo=UTC))
    with pytest.raises(Transient, match="has no bars of 2022-03-02 yet"):
        YahooFeed(yahoo).snapshot(("AAPL",), late, datetime(2022, 3, 3, 13, 0, tzinfo=UTC))
    with pytest.raises(BadInput, match="time zone"):
        YahooFeed(yahoo).snapshot(("AAPL",), SESSION, datetime(2022, 3, 1, 13, 0))  # noqa: DTZ001 - the point


def test_yahoo_that_does_not_answer_is_told():
    def down(*_, **__):
        raise ConnectionError("reset")

    for download, said in ((down, "ConnectionError"), (lambda *_, **__: pd.DataFrame(), "no bars at all")):
        with pytest.raises(Transient, match=said):
            YahooFeed(download).snapshot(("AAPL",), SESSION, AS_OF)


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        ('{"Information": "This is a premium endpoint, AV-SECRET-1"}', RateLimited),
        ('{"Error Message": "Invalid API call"}', Transient),
        ("timestamp,close\n", Transient),
        ((500, ""), Transient),
        ("a,b\n1,2\n", BadInput),
    ],
)
def test_alpha_vantages_refusals_are_told_without_the_key(answer, error):
    with VendorServer(lambda *_: answer) as server:
        feed = AlphaVantageFeed(AlphaVantageSettings(_env_file=None, api_key=KEY, url=server.url))
        with pytest.raises(error) as caught:
            feed.snapshot(("AAPL",), SESSION, AS_OF)

    assert KEY not in str(caught.value)


def test_alpha_vantage_needs_its_key():
    with pytest.raises(OperatorNeeded, match="ALPHAVANTAGE_API_KEY"):
        AlphaVantageFeed(AlphaVantageSettings(_env_file=None)).snapshot(("AAPL",), SESSION, AS_OF)
