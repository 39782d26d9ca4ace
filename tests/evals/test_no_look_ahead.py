"""A backtest knows nothing of what comes after it: noise in place of every later price leaves its ledger as it was."""

import random

import pytest

from quant.strategies import STRATEGIES
from tests.graph.test_no_look_ahead import Clairvoyant, OneDayAhead, Shown, Telltale, noise_from
from tools.market_data._sp500 import RecordedCloses, load_sp500
from workers import backtest as backtests

TRUE = load_sp500()
FIRST_ROW = 300
DAYS = random.Random(51).sample(TRUE.sessions[FIRST_ROW:-1], 50)
SESSIONS = 3


@pytest.fixture
def shown(monkeypatch):
    """Exchange the prices: those that the feed knows, and those that the broker fills at."""

    def show(known, filled, make_feed=Shown):
        monkeypatch.setattr(backtests, "replayed", lambda _: (make_feed(known), RecordedCloses(filled)))

    return show


@pytest.mark.parametrize("day", DAYS[:3], ids=str)
def test_noise_from_a_day_on_leaves_the_backtest_up_to_it_as_it_was(backtest, shown, day):
    check(backtest, shown, day)


@pytest.mark.soak
@pytest.mark.parametrize("day", DAYS, ids=str)
def test_noise_from_fifty_days_on_leaves_the_backtests_up_to_them_as_they_were(backtest, shown, day):
    check(backtest, shown, day, sessions=10)


def test_a_feed_that_is_a_day_ahead_turns_the_check_red(backtest, shown):
    with pytest.raises(AssertionError, match="saw its own future"):
        check(backtest, shown, DAYS[0], OneDayAhead)


def test_a_signal_that_knows_tomorrow_turns_the_check_red(backtest, shown, monkeypatch):
    monkeypatch.setitem(STRATEGIES._found, "trend", Clairvoyant)

    with pytest.raises(AssertionError, match="saw its own future"):
        check(backtest, shown, DAYS[0], Telltale)


def check(backtest, shown, day, make_feed=Shown, sessions=SESSIONS):
    """Replay up to `day` on true prices, and again with noise in place of all that follow its morning.

    The broker fills at the close of `day`, so its prices are noise from the next session on.
    """
    row = TRUE.row(day)
    span = {"first": TRUE.sessions[row - sessions + 1], "last": day}
    shown(TRUE, TRUE, make_feed)
    true = backtest("true", **span).result
    shown(noise_from(day), noise_from(TRUE.after(day)), make_feed)
    blind = backtest("noise", **span).result

    assert blind.ledger_digest == true.ledger_digest, f"the backtest up to {day} saw its own future"
    assert blind == true
