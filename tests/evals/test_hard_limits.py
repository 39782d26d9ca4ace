"""A finished backtest has broken no hard limit: an independent bookkeeper goes through its ledger."""

import sqlite3
from contextlib import closing
from datetime import date

import pytest

from tests.evals.finished import FinishedChecker
from tests.graph.conftest import demo_mandate


def checked(folder) -> FinishedChecker:
    sectors = {symbol: member.sector for symbol, member in demo_mandate().universe.items()}
    with closing(sqlite3.connect(folder / "ledger.sqlite")) as connection:
        checker = FinishedChecker(lambda text, *given: ask(connection, text, given), "demo", sectors)
        checker.go_through()
    return checker


def ask(connection, text, given):
    return connection.execute(text.replace("%s", "?"), given).fetchall()


def test_the_crash_of_2008_breaks_no_hard_limit(backtest):
    done = backtest(first=date(2008, 9, 2), last=date(2008, 9, 19))

    checker = checked(done.folder)

    assert checker.violations == []
    assert checker.counted["entries"] == sum(
        1 for one in done.result.judged if not one.reduces and one.filled_quantity > 0
    )
    assert checker.counted["entries"] > 5
    assert checker.counted["orders"] > 10


@pytest.mark.parametrize(
    ("statement", "rules"),
    [
        ("UPDATE fill SET quantity = quantity * 10 WHERE side = 'BUY'", {"accounts", "cash_buffer"}),
        (
            "UPDATE proposal SET filled_quantity = filled_quantity * 4 WHERE side = 'BUY'",
            {"size", "max_order_notional"},
        ),
        (
            "UPDATE audit SET subject = 'HALTED', action = 'control_changed' WHERE action = 'run_started'",
            {"kill_switch"},
        ),
        ("DELETE FROM verdict", {"verdict"}),
    ],
)
def test_the_bookkeeper_sees_a_ledger_that_was_tampered_with(backtest, statement, rules):
    done = backtest()
    with closing(sqlite3.connect(done.folder / "ledger.sqlite")) as connection, connection:
        connection.execute(statement)

    assert rules <= {violation.rule for violation in checked(done.folder).violations}


@pytest.mark.soak
def test_three_years_and_a_crash_break_no_hard_limit(backtest):
    done = backtest(first=date(2007, 1, 1), last=date(2009, 12, 31))

    checker = checked(done.folder)

    assert checker.violations == []
    assert checker.counted["entries"] > 100
