"""A finished backtest has broken no hard limit: an independent bookkeeper goes through its ledger."""

import json
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from datetime import date
from pathlib import Path

import pytest

from tests.evals.check_backtest import check_folder, lines
from tests.evals.conftest import ALWAYS
from tests.evals.finished import not_counted
from tests.graph.conftest import demo_mandate
from tests.hostile.checker import limits
from workers.backtest import Wish, run_backtest
from workers.settings import Settings

REPOSITORY = Path(__file__).parents[2]
FIRST_DAY, LAST_DAY = date(2008, 7, 14), date(2008, 7, 29)
BUYS = "side = 'BUY' AND filled_quantity > 0"
CROWD = 41
"""One more than may be bought in a session."""
UNREACHABLE = {"open_positions"}
"""Twenty symbols can't make thirty positions."""


@pytest.fixture(scope="module")
def crash(tmp_path_factory):
    """Three weeks of September 2008, once for all."""
    folder = tmp_path_factory.mktemp("crash")
    wish = Wish(mandate=demo_mandate(), first=FIRST_DAY, last=LAST_DAY)
    settings = Settings(home=folder / "home", cache=folder / "cache")
    return run_backtest(settings, wish, ALWAYS, out=folder / "done")


@pytest.fixture
def tampered(crash, tmp_path):
    """A copy of the finished backtest, changed behind its back."""

    def tamper(*statements):
        for name in ("ledger.sqlite", "plan.json", "finish.json"):
            shutil.copy(crash.folder / name, tmp_path / name)
        with closing(sqlite3.connect(tmp_path / "ledger.sqlite")) as connection, connection:
            connection.execute("PRAGMA foreign_keys = OFF")
            for statement in statements:
                connection.execute(statement)
        return tmp_path

    return tamper


def test_the_crash_of_2008_breaks_no_hard_limit(crash):
    checker = check_folder(crash.folder)

    assert checker.violations == []
    assert checker.counted["entries"] == sum(
        1 for one in crash.result.judged if not one.reduces and one.filled_quantity > 0
    )
    assert checker.counted["entries"] > 5
    assert checker.counted["orders"] > 10
    assert "0 violations of hard limits" in lines(checker)[-1]


def test_every_hard_limit_of_the_policy_was_looked_at(crash):
    checker = check_folder(crash.folder)
    checked = {rule for rule in limits() if checker.counted[rule] > 0}

    assert checked | set(not_counted()) == set(limits())
    assert checked & set(not_counted()) == set()


def grown(times, column="filled_quantity"):
    return f"UPDATE proposal SET {column} = {column} * {times} WHERE {BUYS}"


def said(key, value):
    return f"UPDATE proposal SET proposal = json_set(proposal, '$.{key}', {value}) WHERE {BUYS}"


def moved(day, symbol=None):
    """Let every purchase, and the runs they came from, be of another day."""
    renamed = f", symbol = '{symbol}'" if symbol else ""
    return (
        "DELETE FROM run WHERE slot NOT IN (SELECT slot FROM proposal WHERE side = 'BUY' AND filled_quantity > 0)",
        f"UPDATE run SET session = '{day}'",
        f"UPDATE proposal SET session = '{day}'{renamed} WHERE {BUYS}",
    )


PLANTED = {
    "kill_switch": ["UPDATE audit SET subject = 'HALTED', action = 'control_changed' WHERE action = 'run_started'"],
    "market_session": ["UPDATE run SET session = '2008-07-19' WHERE session = '2008-07-18'"],
    "reconciled_book": ["UPDATE order_intent SET state = 'UNKNOWN'"],
    "fresh_data": [*moved("2001-09-17")],
    "tradable_symbol": [f"UPDATE proposal SET symbol = 'ENRON' WHERE {BUYS}"],
    "restricted_list": [f"UPDATE proposal SET symbol = 'XOM' WHERE {BUYS}"],
    "cited_evidence": [said("evidence", "json('[]')")],
    "min_confidence": [said("confidence", "0.34")],
    "price_collar": [said("limit_price", "1000.0")],
    "opposing_order": [
        "UPDATE order_intent SET side = 'SELL', filled_quantity = 0 WHERE rowid < 2",
        "UPDATE order_intent SET symbol = 'KO', session = '2008-07-18'",
    ],
    "order_quantity": [said("position_size_pct", "0.26")],
    "max_order_notional": [grown(4)],
    "min_order": [f"UPDATE proposal SET filled_quantity = 1000000, quantity = 1000000 WHERE {BUYS}"],
    "trade_risk": [grown(9)],
    "max_position_weight": [grown(4)],
    "max_sector_weight": [grown(12)],
    "max_leverage": [grown(50)],
    "cash_buffer": [grown(50)],
    "correlation_limit": [grown(50)],
    "volatility_limit": [*moved("2008-11-21", "RRC")],
    "portfolio_volatility": [grown(50)],
    "value_at_risk": [grown(50)],
    "drawdown": ["UPDATE fill SET commission = 16000000000 WHERE rowid = 1"],
    "daily_loss": ["UPDATE fill SET commission = 4000000000 WHERE rowid = 1"],
    "turnover": [grown(50)],
    "short_sales": ["UPDATE proposal SET filled_quantity = filled_quantity * 3 WHERE side = 'SELL'"],
    "options_risk": [said("legs", "json('[1]')")],
    "risk_score": [grown(50)],
    "size": [grown(4)],
    "accounts": ["UPDATE fill SET quantity = quantity * 10 WHERE side = 'BUY'"],
    "verdict": ["DELETE FROM verdict"],
    "approval": ["UPDATE approval SET answer = 'reject'"],
}


@pytest.mark.parametrize("rule", PLANTED)
def test_the_bookkeeper_finds_a_planted_violation(tampered, rule):
    folder = tampered(*PLANTED[rule])
    if rule == "restricted_list":
        plan = json.loads((folder / "plan.json").read_text())
        mandate = json.loads(plan["mandate"]) | {"restricted": {"XOM": "a test's reason"}}
        (folder / "plan.json").write_text(json.dumps(plan | {"mandate": json.dumps(mandate)}))

    assert rule in {violation.rule for violation in check_folder(folder).violations}


@pytest.mark.parametrize(("rule", "twins"), [("trade_frequency", False), ("duplicate_proposal", True)])
def test_the_bookkeeper_finds_a_crowd_of_purchases(crash, tampered, rule, twins):
    folder = tampered()
    with closing(sqlite3.connect(folder / "ledger.sqlite")) as connection, connection:
        connection.row_factory = sqlite3.Row
        row = dict(connection.execute(f"SELECT * FROM proposal WHERE {BUYS} LIMIT 1").fetchone())
        for number in range(CROWD):
            payload = json.loads(row["proposal"]) | ({} if twins else {"reason": f"reason {number}"})
            copied = {**row, "id": f"COPY{number}", "proposal": json.dumps(payload)}
            holes = ", ".join("?" * len(copied))
            connection.execute(f"INSERT INTO proposal ({', '.join(copied)}) VALUES ({holes})", [*copied.values()])

    assert rule in {violation.rule for violation in check_folder(folder).violations}


def test_every_hard_limit_has_a_violation_planted():
    crowds = {"trade_frequency", "duplicate_proposal"}

    assert set(PLANTED) | crowds | UNREACHABLE >= set(limits()) - set(not_counted())


def test_the_command_tells_by_its_exit(crash, tampered):
    command = [sys.executable, "-m", "tests.evals.check_backtest"]
    ended = [
        subprocess.run([*command, str(folder)], cwd=REPOSITORY, capture_output=True, text=True, check=False)
        for folder in (crash.folder, tampered("DELETE FROM verdict"), crash.folder / "nowhere")
    ]

    assert [one.returncode for one in ended] == [0, 1, 2]
    assert "max_position_weight" in ended[0].stdout
    assert "has no verdict that lets it" in ended[1].stdout


@pytest.mark.soak
def test_three_years_and_a_crash_break_no_hard_limit(backtest):
    done = backtest(first=date(2007, 1, 1), last=date(2009, 12, 31))

    checker = check_folder(done.folder)

    assert checker.violations == []
    assert checker.counted["entries"] > 100
