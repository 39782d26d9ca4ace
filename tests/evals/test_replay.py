"""A replay is the same twice, and the same when it was killed; it keeps to itself, and says what came of it."""

import functools
from datetime import date

import pytest

from domain.errors import BadInput, Busy
from domain.history import ControlChange
from domain.verdict import Outcome
from evals.replay.approvers import Line, Script, Steady, approver_of
from evals.replay.result import halts_of
from memory.ledger.store import SqlLedger
from memory.locks import hold_file
from tests.evals.conftest import FIRST, LAST, NEVER
from tests.graph.conftest import demo_mandate
from tools.brokers.simulated import SimulatedBroker
from tools.clock import ReplayClock
from tools.market_data._sp500 import load_sp500
from tools.market_data.recorded import RecordedFeed
from workers import backtest as backtests


class Killed(BaseException):
    """What no handler of ours may catch."""


@pytest.fixture
def deadly(monkeypatch):
    """Make every public method of ledger and broker die at the n-th call of any of them, before or after its work."""

    def arm(fatal):
        calls = {"seen": 0}

        def dying(method):
            @functools.wraps(method)
            def call(self, *args, **kwargs):
                calls["seen"] += 1
                if calls["seen"] == fatal:
                    raise Killed
                done = method(self, *args, **kwargs)
                calls["seen"] += 1
                if calls["seen"] == fatal:
                    raise Killed
                return done

            return call

        for kind, names in ((SqlLedger, WRITING), (SimulatedBroker, ("submit",))):
            for name in names:
                monkeypatch.setattr(kind, name, dying(getattr(kind, name)))
        return calls

    yield arm
    monkeypatch.undo()


WRITING = (
    "open_portfolio",
    "pin_policy",
    "begin_run",
    "enter_session",
    "record_equity",
    "set_control",
    "save_snapshot",
    "save_scan",
    "note_inputs",
    "save_note",
    "save_thesis",
    "save_calls",
    "add_batch",
    "end_run",
    "ask",
    "decide",
    "expire",
    "commit_intent",
    "claim_intent",
    "mark_intent",
    "book_order",
    "finish",
    "open_episode",
    "save_outcomes",
)


def test_the_same_replay_twice_has_the_same_digest_and_shows_what_happened(backtest):
    one, two = backtest("one"), backtest("two")

    assert one.result.ledger_digest == two.result.ledger_digest
    assert one.result.model_dump() == two.result.model_dump()
    assert one.sessions == 10
    assert one.result.entries.approval > 0
    assert len(one.result.fills) > 5
    assert not one.already_done


def test_a_finished_one_is_shown_again_and_fresh_replays_it(backtest):
    first, again, fresh = backtest(), backtest(), backtest(fresh=True)

    assert again.already_done
    assert not fresh.already_done
    assert first.result == again.result == fresh.result


def test_another_answer_is_another_history(backtest):
    assert backtest("yes").result.ledger_digest != backtest("no", NEVER).result.ledger_digest


@pytest.mark.parametrize("fatal", [40, 90, 130, 160])
def test_a_killed_replay_goes_on_to_the_same_facts(backtest, deadly, monkeypatch, fatal):
    assert check_kill(backtest, deadly, monkeypatch, fatal)


@pytest.mark.soak
def test_a_replay_killed_anywhere_goes_on_to_the_same_facts(backtest, deadly, monkeypatch):
    fatal = 1
    while check_kill(backtest, deadly, monkeypatch, fatal, name=str(fatal)):
        fatal += 1

    assert fatal > 100


@pytest.mark.parametrize("fatal", [120, 160])
def test_a_killed_replay_with_memory_goes_on_to_the_same_facts(backtest, deadly, monkeypatch, fatal):
    assert check_kill(backtest, deadly, monkeypatch, fatal, memory=True)


def test_memory_scores_outcomes_and_is_said_to_be_there(backtest):
    with_memory, without = backtest("memory", memory=True), backtest("none")

    assert with_memory.result.ledger_digest != without.result.ledger_digest
    assert set(with_memory.assumptions) - set(without.assumptions) == {backtests.REMEMBERS}


def check_kill(backtest, deadly, monkeypatch, fatal, name="killed", **options):
    """Kill at the n-th crossing, go on, compare; tell whether there was such a crossing."""
    span = {"first": date(2008, 7, 14), "last": date(2008, 7, 16), **options}
    whole = backtest("whole", **span)
    deadly(fatal)
    try:
        backtest(name, **span)
    except Killed:
        monkeypatch.undo()
    else:
        monkeypatch.undo()
        return False

    assert backtest(name, **span).result == whole.result
    return True


def test_it_goes_on_where_it_was_killed(backtest):
    class Enough(Exception):
        pass

    def stop(done, _):
        if done == 4:
            raise Enough

    with pytest.raises(Enough):
        backtest(told=stop)

    done = backtest()

    assert done.resumed_after == 3
    assert done.result == backtest("whole").result


def test_two_processes_do_not_replay_the_same_at_once(backtest, tmp_path):
    backtest()

    with hold_file(tmp_path / "one" / "backtest.lock", "the test", 0.0), pytest.raises(Busy, match="the backtest in"):
        backtest()


def test_a_folder_with_another_backtest_or_anything_else_is_refused(backtest, tmp_path):
    backtest()
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("years of work")

    with pytest.raises(BadInput, match="holds another backtest"):
        backtest(approver=NEVER)
    with pytest.raises(BadInput, match="is not an empty folder"):
        backtest("mine", fresh=True)
    assert (tmp_path / "mine" / "thesis.txt").read_text() == "years of work"


def test_a_span_without_a_session_is_refused(backtest):
    with pytest.raises(BadInput, match="there is no session from 2008-09-06 to 2008-09-07"):
        backtest(first=date(2008, 9, 6), last=date(2008, 9, 7))


def test_the_curve_is_the_equity_that_the_ledger_struck_each_morning(backtest, tmp_path):
    result = backtest().result
    clock = ReplayClock(LAST, RecordedFeed().opens(LAST))
    ledger = SqlLedger.open(tmp_path / "one", clock)
    points = ledger.all_equity_points("demo")
    approvals = ledger.all_approvals("demo")
    ledger.close()

    assert [point.session for point in points] == list(result.curve.closes[1:])
    assert result.curve.closes[0] == load_sp500().before(FIRST)
    assert result.curve.equity[:-1] == pytest.approx([float(point.equity) for point in points], abs=1e-4)
    assert result.curve.unit_value[:-1] == pytest.approx([point.unit_value for point in points], abs=1e-9)
    assert all(
        sum(weights.values()) + cash == pytest.approx(1.0)
        for weights, cash in zip(result.curve.weights, result.curve.cash, strict=True)
    )
    assert approvals
    assert all(answer.hindsight for answer in approvals)


def test_half_allows_half_of_what_was_shown(backtest):
    halved = backtest("half", Steady(name="half", said="half")).result
    asked = {one.proposal_id: one for one in halved.judged if one.decision.value == "approval" and one.filled_quantity}

    assert asked
    assert all(one.filled_quantity <= one.quantity / 2 for one in asked.values())


def test_a_script_answers_by_symbol_rule_and_day(tmp_path):
    path = tmp_path / "answers.toml"
    path.write_text('otherwise = "none"\n[[line]]\nsay = "approve"\nrule = "model_risk"\nuntil = 2008-09-10\n')

    script = approver_of("script", path)

    assert script == Script(otherwise="none", line=(Line(say="approve", rule="model_risk", until=date(2008, 9, 10)),))


@pytest.mark.parametrize(
    ("kind", "text", "said"),
    [
        ("sometimes", None, "unknown approver 'sometimes'"),
        ("script", None, "belong together"),
        ("never", "", "belong together"),
        ("script", 'otherwise = "maybe"', "otherwise: Input should be"),
        ("script", "[[line]]\nsay = ", "not valid TOML"),
    ],
)
def test_a_wrong_approver_is_refused_with_the_reason(tmp_path, kind, text, said):
    path = None
    if text is not None:
        path = tmp_path / "answers.toml"
        path.write_text(text)

    with pytest.raises(BadInput, match=said):
        approver_of(kind, path)


def test_halts_are_stretches_and_say_who_ended_them():
    changes = [
        ControlChange(
            session=date(2008, 10, day), was=was, state=state, cause="drawdown", by=by, reason=f"reason {day}"
        )
        for day, was, state, by in (
            (1, "ACTIVE", "REDUCING", "breakers"),
            (3, "REDUCING", "HALTED", "breakers"),
            (31, "HALTED", "ACTIVE", "scripted operator"),
        )
    ]

    first, second = halts_of(changes, "scripted operator")

    assert (first.state, first.until, first.scripted) == ("REDUCING", date(2008, 10, 3), False)
    assert (second.state, second.until, second.scripted) == ("HALTED", date(2008, 10, 31), True)


def test_every_rule_is_counted_also_one_that_never_spoke(backtest):
    result = backtest().result

    assert len(result.by_rule) == 38
    assert result.by_rule["options_risk"].model_dump() == dict.fromkeys(
        ("soft", "hard", "not_evaluated", "error", "sized"), 0
    )
    assert sum(rule.soft for rule in result.by_rule.values()) == sum(
        outcome is Outcome.SOFT for one in result.judged if not one.reduces for outcome in one.breached.values()
    )


def test_a_restricted_symbol_is_never_held(backtest):
    mandate = demo_mandate(restricted={"KO": "a test's reason"})

    result = backtest(mandate=mandate).result

    assert all("KO" not in weights for weights in result.curve.weights)
