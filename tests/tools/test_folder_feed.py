"""Feeds of a user's own files: every format that users have, what is refused, and a replay over them."""

import json
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from domain.errors import BadInput, LookAhead, NoData, OperatorNeeded
from domain.market import Execution
from tests.graph.conftest import demo_mandate
from tools.brokers.simulated import SimulatedBroker
from tools.clock import ReplayClock
from tools.exchange import Exchange
from tools.market_data._bar_window import SHORTEST
from tools.market_data._folder_feed import DataFolderSettings
from tools.market_data.csv import CsvFeed
from tools.market_data.parquet import ParquetFeed

SESSION = date(2022, 3, 1)
DAYS = Exchange().before(SESSION, SHORTEST + 40)
YAHOO = "Date,Open,High,Low,Close,Adj Close,Volume"
PLAIN = "Date,Open,High,Low,Close,Volume"


def price(number, base=100.0):
    return round(base * (1.0 + 0.001 * (number % 7) + 0.0005 * number), 4)


def plain(base=100.0, days=DAYS):
    lines = [
        f"{d},{price(n, base)},{price(n, base) + 1},{price(n, base) - 1},{price(n, base)},{1000 + n}"
        for n, d in enumerate(days)
    ]
    return "\n".join([PLAIN, *lines]) + "\n"


def yahoo(factor=0.5):
    lines = [
        f"{d},{price(n)},{price(n) + 1},{price(n) - 1},{price(n)},{price(n) * factor},{1000 + n}"
        for n, d in enumerate(DAYS)
    ]
    return "\n".join([YAHOO, *lines]) + "\n"


def yfinance(tickers=("AAPL", "MSFT")):
    fields = ("Close", "High", "Low", "Open", "Volume")
    head = ["Price", *(field for field in fields for _ in tickers)]
    second = ["Ticker", *(ticker for _ in fields for ticker in tickers)]
    body = []
    for n, day in enumerate(DAYS):
        cells = {"Close": price(n), "Open": price(n), "High": price(n) + 1, "Low": price(n) - 1, "Volume": 1000 + n}
        late = n < 10
        row = [("" if late and t == "MSFT" else str(cells[f])) for f in fields for t in tickers]
        body.append([str(day), *row])
    lines = [head, second, ["Date", *[""] * (len(head) - 1)], *body]
    return "\n".join(",".join(line) for line in lines) + "\n"


def stooq():
    head = "<TICKER>,<PER>,<DATE>,<TIME>,<OPEN>,<HIGH>,<LOW>,<CLOSE>,<VOL>,<OPENINT>"
    rows = [
        f"AAPL.US,D,{d:%Y%m%d},000000,{price(n)},{price(n) + 1},{price(n) - 1},{price(n)},{n},0"
        for n, d in enumerate(DAYS)
    ]
    return "\n".join([head, *rows]) + "\n"


def alpaca():
    bars = [
        {"t": f"{d}T05:00:00Z", "o": price(n), "h": price(n) + 1, "l": price(n) - 1, "c": price(n), "v": n, "vw": 1}
        for n, d in enumerate(DAYS)
    ]  # fmt: skip
    return json.dumps({"bars": {"AAPL": bars}, "next_page_token": None})


@pytest.fixture
def folder(tmp_path):
    made = tmp_path / "prices"
    made.mkdir()
    return made


def feed(folder, kind=CsvFeed, **settings):
    return kind(DataFolderSettings(_env_file=None, data_dir=folder, **settings))


def seen(feed, *symbols, session=SESSION):
    return feed.snapshot(symbols or ("AAPL",), session, Exchange().opens(session))


FORMATS = [
    ("AAPL.csv", plain()),
    ("aapl_us_d.csv", plain()),
    ("aapl.us.txt", stooq()),
    ("all.csv", yfinance()),
    ("bars.json", alpaca()),
    ("AAPL.csv", plain().replace(PLAIN, PLAIN.lower())),
]


@pytest.mark.parametrize(("name", "text"), FORMATS)
def test_each_format_is_read_into_the_same_bars(folder, name, text):
    (folder / name).write_text(text)

    told = seen(feed_of_two_ends(folder))

    bars = told.history["AAPL"]
    expected = [price(n) for n in range(len(DAYS))]
    assert told.sessions == DAYS
    assert list(bars.closes) == pytest.approx(expected)
    assert list(bars.highs) == pytest.approx([value + 1 for value in expected])
    assert len(bars.volumes) == len(DAYS)
    assert (told.execution, told.simulated, bars.raw_close, bars.quote) == (Execution.CLOSE, True, None, None)
    assert "unadjusted prices" in told.lacks


def feed_of_two_ends(folder):
    """The session that is traded needs a bar of some symbol: a second file brings it."""
    (folder / "ZZ.csv").write_text(plain(50.0, (*DAYS, SESSION)))
    return feed(folder)


def test_adjusted_closes_are_for_returns_and_the_raw_one_is_kept(folder):
    (folder / "AAPL.csv").write_text(yahoo(0.5))
    (folder / "ZZ.csv").write_text(plain(50.0, (*DAYS, SESSION)))

    told = seen(feed(folder, data_adjusted=True))

    bars = told.history["AAPL"]
    last = price(len(DAYS) - 1)
    assert bars.closes[-1] == pytest.approx(last * 0.5)
    assert bars.highs[-1] == pytest.approx((last + 1) * 0.5)
    assert bars.raw_close == last


def test_parquet_files_are_read_by_their_columns(folder):
    rows = {"date": [*DAYS, SESSION], "close": [price(n) for n in range(len(DAYS) + 1)]}
    pq.write_table(pa.table(rows), folder / "AAPL.parquet")

    told = seen(feed(folder, ParquetFeed))

    assert list(told.history["AAPL"].closes) == pytest.approx([price(n) for n in range(len(DAYS))])
    assert {"volumes", "highs and lows"} <= set(told.lacks)


def line(number=100, **changes):
    cells = {
        "day": DAYS[number], "open": price(number), "high": price(number) + 1, "low": price(number) - 1,
        "close": price(number), "volume": 5,
    }  # fmt: skip
    return ",".join(str(cell) for cell in (cells | changes).values())


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"close": 0}, "no price"),
        ({"close": -3, "low": -4}, "no price"),
        ({"close": ""}, "no close"),
        ({"close": "abc"}, "close is 'abc'"),
        ({"close": "inf"}, "no price"),
        ({"high": 50}, "the high 50 is below"),
        ({"low": 106, "high": 107}, "the low 106 does not fit"),
        ({"day": "2021-07-04"}, r"2021-07-04 \(Sunday\), which is no session"),
        ({"day": "2021-12-24"}, r"2021-12-24 \(Friday\), which is no session"),
        ({"day": "soon"}, "'soon' is no date"),
        ({"volume": -1}, "a volume of -1"),
        ({"day": DAYS[99]}, "stands there twice"),
    ],
)
def test_a_row_that_can_not_be_is_refused_with_file_and_day(folder, changed, said):
    rows = plain().splitlines()
    rows[101] = line(**changed)
    (folder / "AAPL.csv").write_text("\n".join(rows))

    with pytest.raises(BadInput, match=said) as caught:
        feed(folder)
    assert "AAPL.csv" in str(caught.value)


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ({"AAPL.csv": yahoo(), "MSFT.csv": plain()}, "mixed adjustment: AAPL.csv has adjusted closes, MSFT.csv"),
        ({"AAPL.csv": plain(), "all.csv": yfinance()}, "AAPL stands in AAPL.csv and all.csv"),
        ({"AAPL.csv": yahoo().replace(f"{price(3) * 0.5},", ",", 1)}, "no adjusted close, mixed adjustment"),
        ({"AAPL.csv": plain(days=DAYS[::3])}, "lacks .* sessions"),
        ({"AAPL.csv": "a,b\n1,2\n"}, "no columns for date and close"),
        ({"AAPL.csv": ""}, "AAPL.csv is empty"),
        ({"AAPL.csv": "Date,Close\n2021-01-04\x00,3\n"}, "can't be read as CSV"),
        ({"AAPL.csv": stooq().replace(",D,", ",5,", 1)}, "<PER> is '5'"),
        ({"bars.json": "{"}, "bars.json is not JSON"),
        ({"bars.json": '{"bars": 3}'}, "holds no bars"),
    ],
)
def test_a_folder_that_does_not_fit_together_is_refused(folder, files, said):
    for name, text in files.items():
        (folder / name).write_text(text)

    with pytest.raises(BadInput, match=said):
        feed(folder)


def test_a_folder_that_is_missing_or_has_nothing_to_read_is_named(folder):
    with pytest.raises(OperatorNeeded, match="PM_DATA_DIR is not set"):
        CsvFeed(DataFolderSettings(_env_file=None))
    with pytest.raises(OperatorNeeded, match="is no folder"):
        feed(folder / "elsewhere")
    with pytest.raises(NoData, match=r"no \.csv or \.txt or \.json files"):
        feed(folder)


def test_big_moves_and_a_few_missing_sessions_are_told_and_kept(folder):
    rows = plain(days=(*DAYS, SESSION)).splitlines()
    rows[50] = line(49, open=10, high=11, low=9, close=10)
    del rows[200]
    (folder / "AAPL.csv").write_text("\n".join(rows))

    told = seen(feed(folder))

    assert told.history["AAPL"].closes[49] == 10.0
    assert told.history["AAPL"].closes[199] == told.history["AAPL"].closes[198]
    assert any(f"AAPL {DAYS[49]} -90%" in sentence for sentence in told.assumptions)
    assert any(f"AAPL lacks 1 sessions (first {DAYS[199]})" in sentence for sentence in told.assumptions)


def test_no_close_of_the_session_or_later_is_told_and_the_broker_fills_at_it(folder, tmp_path, monkeypatch):
    (folder / "AAPL.csv").write_text(plain(days=(*DAYS, SESSION)))
    monkeypatch.setenv("PM_MARKET_DATA", "csv")
    monkeypatch.setenv("PM_DATA_DIR", str(folder))
    prices = feed(folder)

    told = seen(prices)
    broker = SimulatedBroker.connect(tmp_path, demo_mandate(), ReplayClock(SESSION, prices.opens(SESSION)))

    assert told.sessions[-1] == DAYS[-1]
    assert broker._closes.close(SESSION, "AAPL") == price(len(DAYS))
    assert broker._close(SESSION, "AAPL") == Decimal(str(price(len(DAYS))))
    with pytest.raises(LookAhead):
        prices.snapshot(("AAPL",), SESSION, datetime(2022, 2, 28, 20, 59, tzinfo=UTC))


def test_what_the_files_do_not_have_is_named_with_what_they_have(folder):
    (folder / "AAPL.csv").write_text(plain(days=(*DAYS, SESSION)))
    (folder / "MSFT.csv").write_text(plain(days=DAYS[100:]))
    prices = feed(folder)

    with pytest.raises(NoData, match="no symbol 'KO'; they have: AAPL, MSFT"):
        seen(prices, "KO")
    with pytest.raises(NoData, match="sessions of MSFT"):
        seen(prices, "AAPL", "MSFT")
    with pytest.raises(NoData, match="no session of the data"):
        prices.opens(date(2022, 2, 27))
    with pytest.raises(NoData, match="no session after"):
        prices.next_session(SESSION)
    assert prices.next_session(DAYS[-1]) == SESSION
    assert prices.next_session(DAYS[0] - timedelta(days=400)) == DAYS[0]


def test_half_days_close_early(folder):
    day = date(2021, 11, 26)
    (folder / "AAPL.csv").write_text(plain(days=(*DAYS, SESSION)))

    assert feed(folder).closes(day) == datetime(2021, 11, 26, 18, 0, tzinfo=UTC)
