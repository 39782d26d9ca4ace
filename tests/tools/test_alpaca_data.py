"""Alpaca's prices and news over real HTTP against the stand-in."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from domain.errors import AccessDenied, NoData, Transient
from domain.market import Execution
from tests.standins.alpaca import START
from tests.standins.alpaca.rig import alpaca_here
from tools.market_data._sp500 import load_sp500
from tools.market_data.alpaca import AlpacaFeed
from tools.news.alpaca import AlpacaNews

SESSION = date(2022, 11, 22)
SYMBOLS = ("AAPL", "KO")


@pytest.fixture
def alpaca(monkeypatch):
    with alpaca_here(monkeypatch) as standin:
        yield standin


@pytest.fixture
def feed(alpaca):
    return AlpacaFeed()


def test_bars_are_those_before_the_session_adjusted_with_volumes(feed):
    told = feed.snapshot(SYMBOLS, SESSION, START)

    table = load_sp500()
    row, column = table.row(date(2022, 11, 21)), table.column("AAPL")
    assert told.sessions[-1] == date(2022, 11, 21)
    assert len(told.sessions) == len(told.history["AAPL"].closes) == 756
    assert told.history["AAPL"].closes[-1] == pytest.approx(float(table.closes[row, column]), abs=1e-4)
    assert told.history["AAPL"].volumes[-1] > 0
    assert (told.execution, told.simulated) == (Execution.CONTINUOUS, False)


def test_orders_get_the_raw_close_and_returns_the_adjusted(feed, alpaca):
    alpaca.market.raw_factor = Decimal(2)

    bars = feed.snapshot(SYMBOLS, SESSION, START).history["KO"]

    assert bars.raw_close == pytest.approx(2 * bars.closes[-1])


def test_a_quote_keeps_its_age(feed, alpaca):
    alpaca.market.quote_age = timedelta(seconds=42)

    told = feed.snapshot(SYMBOLS, SESSION, START)

    assert told.as_of - told.history["AAPL"].quote.at == timedelta(seconds=42)


def test_a_quote_that_came_while_we_waited_moves_the_moment_on(feed, alpaca):
    told = feed.snapshot(SYMBOLS, SESSION, START - timedelta(seconds=3))

    assert told.as_of == told.history["AAPL"].quote.at == START - timedelta(seconds=1)


def test_a_symbol_without_a_quote_has_none_and_the_others_have(feed, alpaca):
    alpaca.market.silent.add("KO")

    told = feed.snapshot(SYMBOLS, SESSION, START)

    assert told.history["KO"].quote is None
    assert told.history["AAPL"].quote is not None


def test_quotes_are_of_iex_and_that_is_said(feed, alpaca):
    told = feed.snapshot(SYMBOLS, SESSION, START)

    assert any("IEX alone" in sentence for sentence in told.assumptions)
    assert not any("understated" in sentence for sentence in told.assumptions)


def test_pages_are_followed_and_bars_asked_for_once_a_session(feed, alpaca, monkeypatch):
    monkeypatch.setattr("tools.market_data.alpaca.PAGE", 500)
    feed.snapshot(SYMBOLS, SESSION, START)
    pages = len(alpaca.sent("GET", "/v2/stocks/bars"))

    feed.snapshot(("KO",), SESSION, START)

    assert pages == 5  # 1,512 adjusted bars in pages of 500, and the raw ones
    assert len(alpaca.sent("GET", "/v2/stocks/bars")) == pages


def test_an_unknown_symbol_is_named(feed):
    with pytest.raises(NoData, match="no bars of NOPE"):
        feed.snapshot(("AAPL", "NOPE"), SESSION, START)


def test_a_gap_is_filled_with_the_close_before_and_told(feed, alpaca, monkeypatch):
    bars = alpaca.market.bars
    monkeypatch.setattr(
        alpaca.market,
        "bars",
        lambda s, *a, **k: [b for b in bars(s, *a, **k) if s != "KO" or "2022-11-16" not in b["t"]],
    )

    told = feed.snapshot(SYMBOLS, SESSION, START)

    row = told.sessions.index(date(2022, 11, 16))
    assert told.history["KO"].closes[row] == told.history["KO"].closes[row - 1]
    assert told.history["KO"].volumes[row] == 0
    assert any("KO: no bar on 2022-11-16" in sentence for sentence in told.assumptions)


def test_a_missing_last_bar_leaves_no_quote_to_trade_on(feed, alpaca, monkeypatch):
    bars = alpaca.market.bars
    monkeypatch.setattr(
        alpaca.market,
        "bars",
        lambda s, *a, **k: [b for b in bars(s, *a, **k) if s != "KO" or "2022-11-21" not in b["t"]],
    )

    assert feed.snapshot(SYMBOLS, SESSION, START).history["KO"].quote is None


def test_a_quote_far_from_the_last_trade_is_not_believed(feed, alpaca, monkeypatch):
    quote = alpaca.market.quote
    monkeypatch.setattr(alpaca.market, "quote", lambda s, now: {**quote(s, now), "bp": 1.0})

    told = feed.snapshot(SYMBOLS, SESSION, START)

    assert told.history["AAPL"].quote is None
    assert any("too far from the last trade" in sentence for sentence in told.assumptions)


def test_minutes_after_the_close_the_days_bars_are_not_final(feed, alpaca):
    just_closed = datetime(2022, 11, 22, 21, 5, tzinfo=UTC)
    alpaca.set_now(just_closed)
    with pytest.raises(Transient, match="final at 21:16"):
        feed.snapshot(SYMBOLS, date(2022, 11, 23), just_closed)

    later = just_closed + timedelta(minutes=20)
    alpaca.set_now(later)

    assert feed.snapshot(SYMBOLS, date(2022, 11, 23), later).sessions[-1] == SESSION


@pytest.mark.parametrize("kind", ["timeout", "server_error", "html", "rate_limited"])
def test_no_readable_answer_is_transient(feed, alpaca, kind, monkeypatch):
    alpaca.go_wrong(kind, "GET", "/v2/stocks")
    monkeypatch.setenv("ALPACA_READ_SECONDS", "0.5")

    with pytest.raises(Transient):
        feed.snapshot(SYMBOLS, SESSION, START)


def test_wrong_keys_need_a_person(feed, alpaca):
    alpaca.go_wrong("unauthorized", "GET", "/v2/stocks")

    with pytest.raises(AccessDenied):
        feed.snapshot(SYMBOLS, SESSION, START)


def test_headlines_are_read_page_by_page_and_none_from_later(alpaca):
    for number in range(60):
        alpaca.market.add_news(f"Item {number} <b>of</b>\nmany", ["AAPL"], START - timedelta(minutes=number + 1))
    alpaca.market.add_news("About somebody else", ["XOM"], START - timedelta(minutes=1))
    alpaca.market.add_news("Too late", ["AAPL"], START)

    found = AlpacaNews().headlines(SYMBOLS, START - timedelta(days=1), START)

    assert len(found) == 60
    assert [item.at for item in found] == sorted(item.at for item in found)
    assert found[-1].title == "Item 0 <b>of</b> many"
    assert found[0].id.startswith("alpaca-")
