"""Nothing of session D or later can be seen by run D: noise in its place leaves every decision as it was."""

import json
import random
from contextlib import contextmanager
from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import pytest
from langgraph.checkpoint.memory import InMemorySaver

from agent.analysts.quant import QuantAnalyst
from domain.errors import LookAhead
from domain.market import MarketSnapshot
from quant.strategies import STRATEGIES
from quant.strategies.trend import Trend
from tests.graph.conftest import Desk
from tools.market_data._sp500 import load_sp500
from tools.market_data.recorded import RecordedFeed
from tools.trading_hours import closes_at

D = date(2017, 5, 26)
FIRST = date(1991, 1, 14)
TRUE = load_sp500()
DAYS = sorted(random.Random(50).sample([day for day in TRUE.sessions if day >= FIRST], 50))


class Shown(RecordedFeed):
    """A recorded feed whose table can be exchanged."""

    def show(self, table):
        self._table = table


class OneDayAhead(Shown):
    """A feed with an off-by-one: the bar that it dates D-1 is the one of D."""

    def _history(self, symbol, row):
        bars = super()._history(symbol, row)
        tomorrow = float(self._table.closes[row, self._table.column(symbol)])
        return bars.model_copy(update={"closes": (*bars.closes[1:], tomorrow)})


class Clairvoyant(Trend):
    """A strategy that scores each symbol by its next close, which it was told behind the snapshot's back."""

    told = None

    def scores(self, closes):
        scores = super().scores(closes)
        scores[-1] = Clairvoyant.told / closes[-1] - 1.0
        return scores


class Telltale(Shown):
    """A feed whose snapshots are clean, and that whispers the next close to the strategy."""

    def snapshot(self, symbols, session, as_of):
        row = self._table.row(session)
        Clairvoyant.told = np.array([self._table.closes[row, self._table.column(symbol)] for symbol in sorted(symbols)])
        return super().snapshot(symbols, session, as_of)


@pytest.mark.parametrize("days", [DAYS[at : at + 10] for at in range(0, 50, 10)], ids=lambda days: str(days[0]))
def test_noise_from_the_session_on_leaves_fifty_random_decisions_as_they_were(tmp_path, days):
    """One portfolio through ten sessions at a time, so that it decides on holdings, stops and horizons too."""
    decided = check_blindness(tmp_path, days)

    made = [proposal for run in decided for proposal in run["proposals"]]
    assert len(decided) == 10
    assert {proposal["origin"] for proposal in made} == {"quant", "monitor"}
    assert {"execute", "approval"} <= {proposal["verdict"]["decision"] for proposal in made if proposal["verdict"]}


def test_a_feed_that_is_a_day_ahead_turns_the_check_red(tmp_path):
    with pytest.raises(AssertionError, match=f"the run of {D} saw its own future"):
        check_blindness(tmp_path, [D], OneDayAhead)


def test_a_strategy_that_knows_tomorrow_turns_the_check_red(tmp_path, monkeypatch):
    monkeypatch.setitem(STRATEGIES._found, "trend", Clairvoyant)

    with pytest.raises(AssertionError, match=f"the run of {D} saw its own future"):
        check_blindness(tmp_path, [D], Telltale)


def test_a_bar_of_the_session_itself_stops_the_run(tmp_path):
    class WithToday(RecordedFeed):
        def snapshot(self, symbols, session, as_of):
            known = super().snapshot(symbols, session, as_of)
            today = {name: getattr(known, name) for name in MarketSnapshot.model_fields}
            return MarketSnapshot(**{**today, "sessions": (*known.sessions[1:], session)})

    with opened(tmp_path / "home", WithToday()) as desk:
        desk.move_to(D)
        with pytest.raises(LookAhead, match=f"a bar of {D}"):
            desk.runner.start(D.isoformat())

        assert desk.ledger.proposals("demo") == ()


@pytest.mark.parametrize("early", [timedelta(seconds=1), timedelta(hours=6)])
def test_a_bar_that_closes_after_the_moment_of_decision_is_refused(early):
    last = TRUE.before(D)

    with pytest.raises(LookAhead, match=f"the close of {last} is not known"):
        RecordedFeed().snapshot(["AAPL"], D, closes_at(last) - early)


def check_blindness(home, days, make_feed=Shown):
    """Decide each day twice, on true prices and on noise from that day on; return the decisions, which must agree.

    The broker fills at the true closes both times, so that both portfolios come to the next day with the same book.
    """
    decided = []
    with opened(home / "true", make_feed(TRUE)) as seeing, opened(home / "noise", make_feed(TRUE)) as blind:
        for day in days:
            blind.feed.show(noise_from(day))
            decided.append(decisions(seeing, day))
            assert decisions(blind, day) == decided[-1], f"the run of {day} saw its own future"
    return [json.loads(made) for made in decided]


def noise_from(day):
    """The true prices before `day`, a random walk of daily steps up to ten per cent from it on."""
    at, closes = TRUE.row(day), TRUE.closes.copy()
    steps = np.random.default_rng(day.toordinal()).normal(0.0, 0.05, closes[at:].shape).clip(-0.1, 0.1)
    closes[at:] = closes[at - 1] * np.exp(np.cumsum(steps, axis=0).clip(-5.0, 5.0))
    return replace(TRUE, closes=closes)


def decisions(desk, day):
    """Run `day`; return the bytes of all that was decided."""
    desk.move_to(day)
    slot = day.isoformat()
    run = desk.runner.start(slot).run
    records = desk.ledger.proposals("demo", slot=slot)
    found = {
        "snapshot": run.snapshot_digest,
        "scan": run.scan_digest,
        "note": plain(desk.ledger.note("demo", slot)),
        "theses": [plain(thesis) for thesis in desk.ledger.theses("demo", slot)],
        "proposals": [
            {
                "id": record.id,
                "origin": record.origin.value,
                "proposal": plain(record.proposal),
                "trade": plain(record.trade),
                "verdict": plain(record.first_verdict),
            }
            for record in records
        ],
        "undecided": run.undecided,
    }
    return json.dumps(found, sort_keys=True).encode()


def plain(value):
    return value.model_dump(mode="json") if value else None


@contextmanager
def opened(home, feed):
    home.mkdir()
    desk = Desk(home, InMemorySaver(), session=FIRST, feed=feed, analyst=QuantAnalyst())
    try:
        yield desk
    finally:
        desk.ledger.close()
