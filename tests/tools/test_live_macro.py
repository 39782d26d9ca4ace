"""The live market joins macro series and the VIX, and says what did not answer."""

from datetime import UTC, date, datetime

import pytest

from domain.errors import AccessDenied, BadInput, Transient
from domain.market import MacroReading
from tests.tools.test_daily_feeds import AS_OF, SESSION, yahoo
from tools.live_market import LiveMarket
from tools.market_data.yahoo import YahooFeed

READING = MacroReading(
    series="DGS10", name="10-year yield", value=2.0, unit="%", reference=date(2022, 2, 25),
    known_at=datetime(2022, 2, 26, 5, tzinfo=UTC),
)  # fmt: skip


class Clock:
    def now(self):
        return AS_OF


class Source:
    name = "fred"

    def __init__(self, error=None):
        self._error = error

    def readings(self, as_of):
        if self._error:
            raise self._error
        return (READING,)

    def vix(self, as_of):
        return None if self._error else 30.2


def seen(source):
    market = LiveMarket(YahooFeed(yahoo), Clock(), ("AAPL",), macro=(source,), volatility=(source,))
    return market.snapshot(("AAPL",), SESSION, AS_OF)


def test_macro_series_and_the_vix_are_in_the_snapshot():
    told = seen(Source())

    assert told.macro == (READING,)
    assert told.vix == 30.2
    assert "VIX" not in told.lacks


@pytest.mark.parametrize("error", [Transient("no answer"), AccessDenied("wrong key"), BadInput("a wrong address")])
def test_a_source_that_does_not_answer_or_is_set_up_wrong_is_told_and_left_out(error):
    told = seen(Source(error))

    assert told.macro == ()
    assert {"macro series from fred", "VIX"} <= set(told.lacks)
