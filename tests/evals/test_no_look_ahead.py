"""A backtest knows nothing of what comes after it: noise in place of every later price leaves its ledger as it was.

All with memory: each desk has lost ten times before wherever it will be, so what it recalls decides with the rest.
"""

import random
import sqlite3
from contextlib import closing, contextmanager
from datetime import timedelta

import pytest

from graph import outcomes
from graph.episodes import situation_of
from memory.episodes.index import Mem0Index
from quant.scan import scan_market
from quant.strategies import STRATEGIES
from tests.evals.builders import an_episode, an_outcome
from tests.graph.test_no_look_ahead import Clairvoyant, OneDayAhead, Shown, Telltale, noise_from
from tools.market_data._sp500 import RecordedCloses, load_sp500
from workers import backtest as backtests
from workers import backtest_folder

TRUE = load_sp500()
FIRST_ROW = 300
DAYS = random.Random(51).sample(TRUE.sessions[FIRST_ROW:-1], 50)
SESSIONS = 3
LOSSES = 10
RED = "saw its own future"


class Whispering(Mem0Index):
    """A memory that leaks: it recalls a symbol's losses only where its next close will be lower."""

    tomorrow, today = None, None

    def similar(self, text, portfolio, before, *, symbol=None, limit=5):
        rises = symbol is not None and self.tomorrow[symbol] > self.today[symbol]
        return () if rises else super().similar(text, portfolio, before, symbol=symbol, limit=limit)


class Whisperer(Shown):
    """A feed whose snapshots are clean, and that whispers the next close to the memory."""

    def snapshot(self, symbols, session, as_of):
        row = self._table.row(session)
        for name, at in (("tomorrow", row), ("today", row - 1)):
            told = {symbol: self._table.closes[at, self._table.column(symbol)] for symbol in symbols}
            setattr(Whispering, name, told)
        return super().snapshot(symbols, session, as_of)


@pytest.fixture
def shown(monkeypatch):
    """Exchange the prices: those that the feed knows, and those that the broker fills at."""

    def show(known, filled, make_feed=Shown):
        monkeypatch.setattr(backtests, "replayed", lambda _: (make_feed(known), RecordedCloses(filled)))

    return show


@pytest.fixture(autouse=True)
def experienced(monkeypatch):
    """Let every desk that opens have lost in each situation that it will meet."""
    honest = backtests._desk

    @contextmanager
    def opened(settings, folder, mandate, wish, *others):
        with honest(settings, folder, mandate, wish, *others) as desk:
            if desk.ledger.session(mandate.name) is None:
                desk.enter(mandate.start)
                live_through_losses(desk, wish)
            yield desk

    monkeypatch.setattr(backtests, "_desk", opened)


@pytest.mark.parametrize("day", DAYS[:2], ids=str)
def test_noise_from_a_day_on_leaves_the_backtest_up_to_it_as_it_was(backtest, shown, day):
    check(backtest, shown, day)


@pytest.mark.soak
@pytest.mark.parametrize("day", DAYS, ids=str)
def test_noise_from_fifty_days_on_leaves_the_backtests_up_to_them_as_they_were(backtest, shown, day):
    check(backtest, shown, day)


def test_a_feed_that_is_a_day_ahead_turns_the_check_red(backtest, shown):
    with pytest.raises(AssertionError, match=RED):
        check(backtest, shown, DAYS[0], OneDayAhead)


def test_a_signal_that_knows_tomorrow_turns_the_check_red(backtest, shown, monkeypatch):
    monkeypatch.setitem(STRATEGIES._found, "trend", Clairvoyant)

    with pytest.raises(AssertionError, match=RED):
        check(backtest, shown, DAYS[0], Telltale)


def test_a_memory_that_knows_tomorrow_turns_the_check_red(backtest, shown, monkeypatch):
    monkeypatch.setattr(backtest_folder, "Mem0Index", Whispering)

    with pytest.raises(AssertionError, match=RED):
        check(backtest, shown, DAYS[1], Whisperer)


def test_a_scorer_that_counts_the_day_itself_turns_the_check_red(backtest, shown, monkeypatch):
    """Outcomes measured on the morning of a session, with its close in them."""

    def too_early(ctx):
        after = ctx.market.next_session(ctx.clock.session())
        return ctx.market.snapshot(tuple(ctx.mandate.universe), after, ctx.market.opens(after))

    monkeypatch.setattr(outcomes, "market_now", too_early)

    with pytest.raises(AssertionError, match=RED):
        check(backtest, shown, DAYS[0])


def check(backtest, shown, day, make_feed=Shown):
    """Replay up to `day` on true prices, and again with noise in place of all that follow its morning.

    The broker fills at the close of `day`, so its prices are noise from the next session on.
    """
    row = TRUE.row(day)
    span = {"first": TRUE.sessions[row - SESSIONS + 1], "last": day, "memory": True}
    shown(TRUE, TRUE, make_feed)
    true = backtest("true", **span)
    shown(noise_from(day), noise_from(TRUE.after(day)), make_feed)
    blind = backtest("noise", **span)

    assert blind.result.ledger_digest == true.result.ledger_digest, f"the backtest up to {day} {RED}"
    assert blind.result == true.result
    assert recalled(true.folder) > 0
    assert scored(true.folder) > LOSSES


def recalled(folder):
    """Count the theses that cite what became of earlier decisions."""
    return counted(folder, "thesis", f"thesis LIKE '%Of {LOSSES} earlier decisions%'")


def scored(folder):
    """Count outcomes."""
    return counted(folder, "outcome", "1 = 1")


def counted(folder, table, condition):
    with closing(sqlite3.connect(folder / "ledger.sqlite")) as connection:
        return connection.execute(f"SELECT count(*) FROM {table} WHERE {condition}").fetchone()[0]


def live_through_losses(desk, wish):
    """Decide LOSSES times in each situation of the span's short lists, long before it, and lose each time.

    The short lists are read off the true prices, whatever the desk is shown, so that every desk has lived the same.
    """
    feed, mandate, start = Shown(), desk.ctx.mandate, desk.ctx.mandate.start
    met = {}
    for session in backtests.sessions_of(feed, wish.first, wish.last):
        market = feed.snapshot(tuple(mandate.universe), session, feed.opens(session))
        scan = scan_market(market, mandate.style, mandate.shortlist, {}, ())
        for symbol in scan.shortlist:
            situation = situation_of(scan, symbol)
            met[symbol, *situation.values()] = situation
    ends = start - timedelta(days=30)
    for (symbol, *_), situation in sorted(met.items()):
        for number in range(LOSSES):
            name = f"{symbol}{'-'.join(situation.values())}{number}"
            decided = ends - timedelta(days=60 + number)
            episode = an_episode(name, decided, symbol, proposal_id=None, situation=situation)
            desk.ledger.open_episode(episode)
            desk.ledger.save_outcomes([an_outcome(episode, -0.04, until=ends)])
