import gzip
import random
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest

from domain.errors import BadInput, LookAhead, NoData
from domain.market import Execution, MarketSnapshot, Provenance, SymbolHistory
from tools.market_data import MARKET_DATA
from tools.market_data import _days as days
from tools.market_data._sp500 import PriceTable, RecordedCloses, load_sp500, read_table
from tools.market_data.recorded import SHORTEST, WINDOW, RecordedFeed

SYMBOLS = ("AAPL", "MSFT", "XOM")
MONDAY = date(2021, 3, 1)


@pytest.fixture
def feed():
    return RecordedFeed()


def seen(feed, session=MONDAY, symbols=SYMBOLS):
    return feed.snapshot(symbols, session, feed.opens(session))


def test_the_feed_is_found_by_the_name_of_its_file():
    assert "recorded" in MARKET_DATA.names()
    assert MARKET_DATA["recorded"] is RecordedFeed


def test_the_table_equals_what_the_package_itself_loads():
    from skfolio.datasets import load_sp500_dataset

    expected = load_sp500_dataset()
    table = load_sp500()

    assert table.symbols == tuple(expected.columns)
    assert table.sessions == tuple(stamp.date() for stamp in expected.index)
    assert np.array_equal(table.closes, expected.to_numpy())


def test_neither_the_package_nor_pandas_is_imported():
    code = (
        "import sys; from tools.market_data.recorded import RecordedFeed; RecordedFeed();"
        "sys.exit(bool({'skfolio', 'pandas', 'sklearn'} & set(sys.modules)))"
    )

    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_snapshot_ends_the_day_before_its_session(feed):
    table = load_sp500()
    row = table.row(MONDAY)

    snapshot = seen(feed)

    assert snapshot.sessions == table.sessions[row - WINDOW : row]
    assert snapshot.sessions[-1] == date(2021, 2, 26)  # the Friday before
    assert snapshot.history["MSFT"].closes == tuple(table.closes[row - WINDOW : row, table.column("MSFT")])
    assert list(snapshot.history) == list(SYMBOLS)


def test_a_snapshot_says_what_it_is_and_what_it_lacks(feed):
    snapshot = seen(feed)

    assert (snapshot.feed, snapshot.simulated, snapshot.execution) == ("recorded", True, Execution.CLOSE)
    assert snapshot.opens_at == datetime(2021, 3, 1, 14, 30, tzinfo=UTC)
    assert snapshot.closes_at == datetime(2021, 3, 1, 21, 0, tzinfo=UTC)
    assert {"volumes", "quotes", "news", "VIX"} <= set(snapshot.lacks)
    assert any("not for investment" in text for text in snapshot.assumptions)
    assert any("half days" in text for text in snapshot.assumptions)
    bars = snapshot.history["AAPL"]
    assert bars.provenance is Provenance.REAL
    assert (bars.highs, bars.volumes, bars.raw_close, bars.quote, bars.active) == (None,) * 5
    assert (snapshot.vix, snapshot.calendar, snapshot.headlines) == (None, None, ())


def test_early_sessions_have_a_shorter_history(feed):
    table = load_sp500()

    snapshot = seen(feed, table.sessions[SHORTEST])

    assert snapshot.sessions == table.sessions[:SHORTEST]


@pytest.mark.parametrize("seed", range(50))
def test_what_happens_from_the_session_on_changes_nothing(feed, seed):
    chance = random.Random(seed)
    table = load_sp500()
    row = chance.randrange(SHORTEST, len(table.sessions))
    session = table.sessions[row]
    noisy = table.closes.copy()
    noisy[row:] = np.random.default_rng(seed).uniform(1, 1000, noisy[row:].shape)
    other = RecordedFeed(replace(table, closes=noisy))

    assert seen(other, session).digest == seen(feed, session).digest


def test_what_happened_the_day_before_does_change_it(feed):
    table = load_sp500()
    changed = table.closes.copy()
    changed[table.row(MONDAY) - 1, table.column("MSFT")] += 0.001

    assert seen(RecordedFeed(replace(table, closes=changed))).digest != seen(feed).digest


def test_nothing_in_the_feed_tells_the_close_of_the_session(feed):
    assert not hasattr(feed, "close")
    assert not hasattr(feed, "sessions_between")


def test_a_moment_before_the_last_close_is_refused(feed):
    with pytest.raises(LookAhead, match="2021-02-26 is not known"):
        feed.snapshot(SYMBOLS, MONDAY, feed.closes(date(2021, 2, 26)) - timedelta(seconds=1))


def test_the_evening_before_is_late_enough(feed):
    assert feed.snapshot(SYMBOLS, MONDAY, feed.closes(date(2021, 2, 26))).session == MONDAY


def test_a_moment_without_time_zone_is_refused(feed):
    with pytest.raises(BadInput, match="no time zone"):
        feed.snapshot(SYMBOLS, MONDAY, datetime(2021, 3, 1, 14, 30))  # noqa: DTZ001 - the point


@pytest.mark.parametrize("late", [MONDAY, MONDAY + timedelta(days=1)])
def test_a_bar_of_the_session_or_later_cannot_be_put_into_a_snapshot(feed, late):
    good = seen(feed)
    fields = {name: getattr(good, name) for name in MarketSnapshot.model_fields}
    fields["sessions"] = (*good.sessions, late)
    fields["history"] = {"AAPL": SymbolHistory(symbol="AAPL", closes=(*good.history["AAPL"].closes, 1.0))}

    with pytest.raises(LookAhead, match=f"a bar of {late}"):
        MarketSnapshot(**fields)


def test_an_unknown_symbol_is_answered_with_the_known_ones(feed):
    with pytest.raises(NoData, match=r"no symbol 'TSLA'; choose from: AAPL, AMD, .*XOM"):
        seen(feed, symbols=("AAPL", "TSLA"))


@pytest.mark.parametrize(
    ("day", "weekday", "before", "after"),
    [
        (date(2021, 2, 27), "Saturday", "2021-02-26", "2021-03-01"),
        (date(2021, 11, 25), "Thursday", "2021-11-24", "2021-11-26"),  # Thanksgiving
    ],
)
def test_a_day_without_trading_is_answered_with_its_neighbours(feed, day, weekday, before, after):
    for ask in (feed.opens, feed.closes, lambda d: feed.snapshot(SYMBOLS, d, datetime(2022, 1, 1, tzinfo=UTC))):
        with pytest.raises(NoData, match=rf"{day} \({weekday}\) is not a session.*{before} and {after}"):
            ask(day)


@pytest.mark.parametrize("day", [date(1989, 12, 29), date(2023, 1, 3), date(2999, 1, 1)])
def test_a_day_outside_the_data_is_answered_with_their_span(feed, day):
    with pytest.raises(NoData, match="span 1990-01-02 to 2022-12-28; choose a session from 1991-01-11 to 2022-12-28"):
        feed.opens(day)


def test_too_little_history_is_answered_with_the_first_usable_session(feed):
    first_usable = load_sp500().sessions[SHORTEST]

    with pytest.raises(NoData, match=f"only 259 sessions .* choose a session from {first_usable}"):
        seen(feed, load_sp500().sessions[SHORTEST - 1])


def test_the_next_session_skips_days_without_trading(feed):
    assert feed.next_session(date(2021, 2, 26)) == MONDAY
    assert feed.next_session(date(2021, 2, 27)) == MONDAY


def test_after_the_last_session_there_is_none(feed):
    with pytest.raises(NoData, match="no session after 2022-12-28"):
        feed.next_session(date(2022, 12, 28))


def test_only_the_broker_s_closes_tell_the_close_of_a_session():
    closes = RecordedCloses()

    # read off the package's file: 2022-12-28, AAPL 125.674
    assert closes.close(date(2022, 12, 28), "AAPL") == 125.674
    assert closes.close(date(2022, 12, 28), "TSLA") is None
    assert closes.close(date(2022, 12, 25), "AAPL") is None


def test_sessions_between_include_the_first_and_exclude_the_last():
    assert RecordedCloses().sessions_between(date(2021, 2, 26), date(2021, 3, 2)) == (date(2021, 2, 26), MONDAY)


def test_a_missing_file_says_how_to_get_it(tmp_path):
    with pytest.raises(NoData, match="reinstall the pinned packages: make"):
        read_table(tmp_path / "absent.csv.gz")


@pytest.mark.parametrize(
    "content",
    [
        b"not gzip at all",
        gzip.compress(b"Date,AAPL\n2021-01-04,1.0\n2021-01-05\n", mtime=0),
        gzip.compress(b"Date,AAPL\n2021-01-04,1.0\nyesterday,2.0\n", mtime=0),
        gzip.compress(b"Date,AAPL\n2021-01-05,1.0\n2021-01-04,2.0\n", mtime=0),
        gzip.compress(b"Date,AAPL\n2021-01-04,0.0\n", mtime=0),
        gzip.compress(b"Date,AAPL\n2021-01-04,nan\n", mtime=0),
        gzip.compress(b"Date,AAPL\n", mtime=0),
        gzip.compress(b"", mtime=0),
        gzip.compress(b"Date,AAPL\n2021-01-04,1.0\n", mtime=0)[:-6],
    ],
    ids=["no gzip", "short row", "no date", "unordered", "zero", "nan", "no rows", "empty", "cut off"],
)
def test_a_damaged_file_is_refused(tmp_path, content):
    path = tmp_path / "prices.csv.gz"
    path.write_bytes(content)

    with pytest.raises(NoData, match="reinstall"):
        read_table(path)


def test_a_plain_csv_file_can_be_read(tmp_path):
    path = tmp_path / "prices.csv"
    path.write_text("Date,AAPL,MSFT\n2021-01-04,1.5,2\n2021-01-05,1.25,3\n")

    table = read_table(path)

    assert (table.symbols, table.sessions) == (("AAPL", "MSFT"), (date(2021, 1, 4), date(2021, 1, 5)))
    assert table.closes.tolist() == [[1.5, 2.0], [1.25, 3.0]]


def test_an_absent_package_says_how_to_get_it(monkeypatch):
    monkeypatch.setattr(days.importlib.util, "find_spec", lambda _: None)

    with pytest.raises(NoData, match=r"skfolio.*reinstall"):
        load_sp500.__wrapped__()


def test_a_table_too_short_for_any_decision_says_so(tmp_path):
    sessions = tuple(date(2021, 1, 1) + timedelta(days=n) for n in range(10))
    feed = RecordedFeed(PriceTable(sessions, ("AAPL",), np.ones((10, 1))))

    with pytest.raises(NoData, match="hold 10 sessions, 261 are needed"):
        seen(feed, sessions[5], ("AAPL",))
