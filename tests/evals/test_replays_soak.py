"""The shipped policy and the baseline over the years that a desk has to live through: is there a desk left?"""

import sys
from datetime import date

import pytest

import workers.backtest
from domain.proposal import Origin
from domain.verdict import Phase
from evals.replay.engine import replay
from evals.replay.summary import MAY_OPEN, months_without_opening
from graph.sizing import size
from graph.views import book_of, market_now
from tests.graph.conftest import proposal

YEARS = {2008: (0.30, 0.30), 2017: (0.20, 0.50), 2020: (0.20, 0.30), 2022: (0.20, 0.50)}
"""Year: the largest share that may be asked, the smallest that must go through."""
LAST = date(2022, 12, 28)
FEWEST = 40


@pytest.mark.soak
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("year", YEARS)
def test_a_hard_year_leaves_a_desk_that_trades(backtest, year):
    asked, executed = YEARS[year]

    result = backtest(first=date(year, 1, 1), last=min(date(year, 12, 31), LAST)).result

    assert result.entries.total >= FEWEST
    assert result.entries.asked_share <= asked
    assert result.entries.executed_share >= executed
    assert months_without_opening(result) == ()


@pytest.mark.soak
@pytest.mark.timeout(14_400)
def test_twenty_eight_years_leave_a_desk_that_trades(backtest, monkeypatch, capsys):
    possible = set()

    def look(ctx, session):
        if f"{session:%Y-%m}" not in possible and could_open(ctx):
            possible.add(f"{session:%Y-%m}")

    def looking(runner, sessions, enter, approver, assumptions, told):
        def ended(session):
            look(runner.ctx, session)
            told(session)

        replay(runner, sessions, enter, approver, assumptions, ended)

    monkeypatch.setattr(workers.backtest, "replay", looking)
    result = backtest(first=date(1995, 1, 1), last=LAST).result

    unproposed = months_without_opening(result)
    with capsys.disabled():
        sys.stdout.write(
            f"\n{result.entries.total} entries, {result.entries.asked_share:.1%} asked,"
            f" {result.entries.executed_share:.1%} executed; an opening was possible in {len(possible)} months;"
            f" none was proposed in {unproposed}\n"
        )
    assert result.entries.total >= FEWEST * 28
    assert result.entries.asked_share <= 0.20
    assert result.entries.executed_share >= 0.50
    assert set(unproposed) <= possible


def could_open(ctx):
    """Whether a person could buy two per cent of anything at the end of a session; nothing is written."""
    market = market_now(ctx)
    book = book_of(ctx, market)
    for symbol in sorted(ctx.mandate.universe):
        trade = size("probe", proposal(symbol, position_size_pct=0.02), Origin.PERSON, book, market)
        if trade.quantity > 0 and ctx.rooms.evaluate(trade, book, market, Phase.FIRST).decision in MAY_OPEN:
            return True
    return False
