"""A live day from the command line, as a rehearsal at the Alpaca stand-in: decided before the open, traded after."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from tests.standins.alpaca.rig import alpaca_here
from workers.cli.app import run

EARLY = datetime(2022, 11, 22, 13, 0, tzinfo=UTC)
EVENTS = """
checked = 2022-11-20
fomc = { years = [2022, 2023], days = [2022-12-14] }
cpi = { years = [2022, 2023], days = [2022-12-13] }
jobs = { years = [2022, 2023], days = [2022-12-02] }
earnings = { years = [2022, 2023] }
"""


@pytest.fixture
def alpaca(monkeypatch, tmp_path):
    (tmp_path / "dates.toml").write_text(EVENTS, encoding="utf-8")
    for name, value in {
        "PM_HOME": str(tmp_path / "home"),
        "PM_CLOCK": "broker",
        "PM_BROKER": "alpaca",
        "PM_MARKET_DATA": "alpaca",
        "PM_NEWS": "alpaca",
        "PM_EVENTS": "file",
        "PM_EVENTS_FILE": str(tmp_path / "dates.toml"),
        "PM_MEMORY": "off",
    }.items():
        monkeypatch.setenv(name, value)
    with alpaca_here(monkeypatch, now=EARLY) as standin:
        yield standin


@pytest.fixture
def pm(capsys):
    def call(*words):
        code = run([*words, "--json"])
        said = capsys.readouterr().out
        return code, json.loads(said.splitlines()[-1])

    return call


def test_a_run_before_the_open_trades_after_it(alpaca, pm):
    alpaca.market.add_news("Exxon finds oil", ["XOM"], EARLY - timedelta(hours=1))
    code, decided = pm("run")
    sent_early = len(alpaca.sent())
    alpaca.set_now(datetime(2022, 11, 22, 14, 36, tzinfo=UTC))
    _, moved = pm("advance")
    _, status = pm("status")

    assert code == 0, decided
    assert {proposal["status"] for proposal in decided["proposals"]} == {"scheduled"}
    assert sent_early == 0
    assert {proposal["status"] for proposal in moved} <= {"done", "awaiting", "rejected"}
    filled = [order for order in alpaca.account.orders.values() if order.status == "filled"]
    assert filled
    assert all(seen.body["order_class"] == "oto" for seen in alpaca.sent())
    assert status["positions"] == len(alpaca.account.positions) == len(filled)
    assert status["cash"] == pytest.approx(float(alpaca.account.cash), abs=0.01)
    assert (status["mismatches"], status["unknown_orders"]) == (0, 0)


def test_what_the_account_holds_already_is_taken_over_at_its_cost(alpaca, pm):
    alpaca.set_now(datetime(2022, 11, 22, 15, 0, tzinfo=UTC))
    alpaca.place_by_hand("KO", "buy", 10)

    _, status = pm("status")
    _, again = pm("status")

    assert status["equity"] == pytest.approx(float(alpaca.account.equity()), abs=0.01)
    assert (status["positions"], status["mismatches"]) == (1, 0)
    assert status["cash"] == again["cash"] == pytest.approx(float(alpaca.account.cash), abs=0.01)


def test_a_holding_outside_the_mandate_stops_the_start(alpaca, pm):
    alpaca.market.set_prices["ZVZZT"] = alpaca.account.price("KO")
    alpaca.set_now(datetime(2022, 11, 22, 15, 0, tzinfo=UTC))
    alpaca.place_by_hand("ZVZZT", "buy", 1)

    code, said = pm("status")

    assert code == 1
    assert "ZVZZT" in said["error"]


def test_a_date_cant_be_chosen_live(alpaca, pm):
    code, said = pm("run", "--as-of", "2022-11-25")

    assert code == 1
    assert "leave it out" in said["remedy"]


def test_a_replay_cant_follow_the_brokers_clock(alpaca, pm, monkeypatch):
    monkeypatch.setenv("PM_MARKET_DATA", "recorded")

    code, said = pm("status")

    assert (code, "PM_CLOCK=broker" in said["error"]) == (1, True)
