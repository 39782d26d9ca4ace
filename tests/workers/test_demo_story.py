"""The story a new user lives through on real prices: run, look, answer, go on."""

import re
import shlex

import pytest

TEN_SESSIONS_AFTER = 10


def test_the_demo_session_shows_an_executed_a_rejected_and_a_waiting_proposal_with_their_rules(demo):
    run = demo.json("report")

    by_decision = {p["decision"] for p in run["proposals"]}
    assert {"execute", "reject", "approval"} <= by_decision
    assert {p["status"] for p in run["proposals"]} >= {"done", "rejected", "awaiting"}
    for proposal in run["proposals"]:
        if proposal["decision"] in {"approval", "reject"}:
            assert proposal["breached"]
    filled = {order["symbol"]: order["filled_quantity"] for order in run["orders"]}
    assert filled == {p["symbol"]: p["filled_quantity"] for p in run["proposals"] if p["status"] == "done"}


def test_the_run_prints_market_both_sides_verdicts_orders_book_and_assumptions(fresh):
    said = fresh("run")

    assert said.code == 0
    assert said.err == ""
    for heading in ("Market", "For and against", "Proposals and verdicts", "Orders", "Portfolio", "Waiting for you"):
        assert heading in said.out
    assert "Assumptions and stand-ins" in said.out
    assert "deterministic baseline, no model" in said.out
    assert "PAPER" in said.out


def test_the_demo_run_is_the_portfolios_first_session_however_often_it_is_asked_for(fresh):
    first = fresh.json("run", "--demo")
    fresh.json("run")
    again = fresh.json("run", "--demo")

    assert first["as_of"] == again["as_of"] == "2017-05-26"
    assert (first["already_done"], again["already_done"]) == (False, True)


def test_the_printed_hint_answers_what_waits_when_pasted(demo):
    card = demo("pending").out
    pasted = shlex.split(re.search(r"(?<=│ )pm approve [^ ]+", card).group())
    waiting = demo.json("pending")[0]

    said = demo(*pasted[1:])

    assert said.code == 0
    assert "filled" in said.out
    held = {p["symbol"]: p["quantity"] for p in demo.json("positions")["positions"]}
    assert held[waiting["symbol"]] == waiting["quantity"]
    assert demo.json("pending") == []


def test_the_hint_names_the_portfolio_the_way_the_user_did(fresh, mandate):
    path = mandate()
    fresh("run", "-p", path)

    card = fresh("pending", "-p", path).out

    line = re.search(r"(?<=│ )pm reject .*?(?=  )", card).group()
    assert fresh(*shlex.split(line)[1:]).code == 0
    assert fresh.json("pending", "-p", path) == []


def test_why_tells_every_rule_the_answer_and_the_order_after_an_approval(demo):
    waiting = demo.json("pending")[0]
    demo("approve", waiting["id"][:4], "--half")

    told = demo("why", f"p-{waiting['id'][:5].lower()}").out

    assert "approve by local (terminal, in hindsight)" in told
    assert "filled" in told
    for rule in waiting["rules"]:
        assert rule["rule"] in told
    assert demo.json("why", waiting["id"])["filled_quantity"] == waiting["quantity"] // 2


def test_the_second_run_of_a_slot_does_nothing_and_says_so(demo):
    before = demo.state()

    said = demo("run", "--as-of", "2017-05-26")

    assert said.code == 0
    assert "has run already: nothing was done again" in said.out
    assert demo.state() == before


def test_a_run_that_names_no_date_goes_on_to_the_next_session_and_ends_what_waited(demo):
    waiting = demo.json("pending")[0]

    run = demo.json("run")

    assert run["as_of"] == "2017-05-30"
    assert demo.json("why", waiting["id"])["status"] == "expired"
    assert demo.json("status")["session"] == "2017-05-30"


def test_a_slot_has_the_name_it_is_given_and_runs_once(demo):
    first = demo.json("run", "--as-of", "2017-05-26", "--slot", "afternoon")
    again = demo.json("run", "--slot", "afternoon")

    assert (first["slot"], first["as_of"], first["already_done"]) == ("afternoon", "2017-05-26", False)
    assert again["already_done"] is True
    assert again["orders"] == first["orders"]


def test_a_slot_belongs_to_one_session(demo):
    before = demo.state()

    assert "was used for 2017-05-26" in demo("run", "--as-of", "2017-06-05", "--slot", "2017-05-26").refused()
    assert demo.state() == before


def test_an_earlier_date_is_refused_with_the_ways_out(demo):
    refused = demo("run", "--as-of", "2017-05-25").refused()

    assert "pm reset" in refused
    assert "PM_HOME" in refused


def test_a_run_of_the_past_is_shown_without_touching_what_waits_now(demo):
    demo.json("run")
    waiting, status = demo.json("pending"), demo.json("status")

    shown = demo.json("run", "--as-of", "2017-05-26")

    assert shown["already_done"] is True
    assert shown["as_of"] == "2017-05-26"
    assert demo.json("pending") == waiting
    assert demo.json("status") == status


def test_the_owners_example_is_executed_at_six_per_cent_on_an_empty_book(fresh, proposals):
    told = fresh.json("propose", proposals())[0]

    assert told["decision"] == "execute"
    assert told["asked_pct"] == 0.06
    book = fresh.json("positions")
    weight = book["positions"][0]["weight"]
    assert 0.06 - book["positions"][0]["price"] / book["equity"] <= weight <= 0.06


def test_ten_sessions_after_the_demo_show_at_least_two_kinds_of_verdict(demo):
    seen = {p["decision"] for _ in range(TEN_SESSIONS_AFTER) for p in demo.json("run")["proposals"]}

    assert len(seen & {"execute", "resize", "approval", "reject", "halt"}) >= 2


TEN_DAYS = (
    *("1991-01-11", "1994-04-04", "1998-08-31", "2001-09-17", "2003-03-12"),
    *("2008-10-10", "2011-08-08", "2016-11-09", "2020-03-16", "2022-12-28"),
)


@pytest.mark.parametrize("day", TEN_DAYS)
def test_any_session_runs_from_an_empty_home_and_decides_the_same_from_another(home_at, tmp_path, day):
    one, other = home_at(tmp_path / "one"), home_at(tmp_path / "other")

    run, again = one.json("run", "--as-of", day), other.json("run", "--as-of", day)

    assert run["status"] == "done"
    assert run["as_of"] == day
    assert run["proposals"] or run["undecided"]
    assert run == again
    assert one("audit", "verify").code == 0
