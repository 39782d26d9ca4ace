"""What models cost: holds, caps shared by threads and processes, sums."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from domain.errors import OverBudget
from domain.research import Answer, ModelCall, ResearchNote
from domain.spending import SpendCap, Spent
from tests.memory.crowd import at_once

DAY = SpendCap(scope="day", unit="tokens", most=1_000, variable="PM_MODEL_MAX_TOKENS_PER_DAY")
RUN = SpendCap(scope="run", unit="USD", most=1.0, variable="PM_MODEL_MAX_COST_USD")
CALL = Spent(tokens=300, cost_usd=0.3)
GRAB = """
from domain.errors import OverBudget
ledger = ledger_at({address!r}, FakeClock())
taken = 0
for _ in range(3):
    try:
        ledger.set_aside("demo", f"slot-{{number}}", Spent(tokens=100), (DAY,))
        taken += 1
    except OverBudget:
        pass
(home / f"took-{{number}}").write_text(str(taken))
"""
IMPORTS = """
from domain.spending import Spent
from tests.memory.fakes import FakeClock
from tests.memory.test_spending import DAY
from tests.standins.backends import ledger_at
"""


def a_call(**fields) -> ModelCall:
    given = {
        "node": "thesis", "subject": "KO", "prompt_digest": "p", "model": "m", "prompt_tokens": 200,
        "completion_tokens": 50, "cost_usd": 0.2, "latency_seconds": 0.5, "answer": "{}",
    }  # fmt: skip
    return ModelCall.model_validate(given | fields)


def test_a_call_that_would_pass_a_cap_gets_no_room_and_the_setting_is_named(ledger):
    for _ in range(3):
        ledger.set_aside("demo", "s", CALL, (DAY, RUN))

    with pytest.raises(OverBudget, match=r"1,000 tokens a day.*1,200 tokens.*PM_MODEL_MAX_TOKENS_PER_DAY"):
        ledger.set_aside("other", "t", CALL, (DAY, RUN))
    with pytest.raises(OverBudget, match=r"1.00 USD a run.*PM_MODEL_MAX_COST_USD"):
        ledger.set_aside("demo", "s", Spent(cost_usd=0.2), (DAY, RUN))


def test_what_was_not_used_is_given_back(ledger):
    hold = ledger.set_aside("demo", "s", Spent(tokens=900), (DAY,))
    ledger.settle(hold, Spent(tokens=100))
    again = ledger.set_aside("demo", "s", Spent(tokens=900), (DAY,))
    ledger.settle(again, Spent())

    assert ledger.set_aside("demo", "s", Spent(tokens=900), (DAY,))


def test_a_stored_call_takes_the_place_of_its_hold(ledger):
    hold = ledger.set_aside("demo", "s", Spent(tokens=900, cost_usd=0.9), (DAY,))
    ledger.save_calls("demo", "s", [a_call(hold=hold)])
    ledger.save_calls("demo", "s", [a_call(hold=hold)])

    (line,) = ledger.spending()
    assert (line.spent, line.held) == (Spent(tokens=250, cost_usd=0.2), Spent())
    assert ledger.set_aside("demo", "s", Spent(tokens=750), (DAY,))


def test_a_question_that_was_paid_for_twice_counts_twice_and_one_from_the_cache_nothing(ledger):
    for hold in (1, 2):
        ledger.save_calls("demo", "s", [a_call(hold=hold)])
    ledger.save_calls("demo", "s", [a_call(cached=True, prompt_tokens=0, completion_tokens=0, cost_usd=0.0)])

    (line,) = ledger.spending()
    assert (line.calls, line.cached, line.spent.tokens) == (2, 0, 500)


def test_yesterday_does_not_count_today(ledger, clock, monkeypatch):
    ledger.set_aside("demo", "s", Spent(tokens=1_000), (DAY,))
    tomorrow = clock.wall() + timedelta(days=1)
    monkeypatch.setattr(clock, "wall", lambda: tomorrow)

    assert ledger.set_aside("demo", "t", Spent(tokens=1_000), (DAY,))
    assert [line.day for line in ledger.spending()] == [tomorrow.date(), tomorrow.date() - timedelta(days=1)]


def test_sums_tell_runs_models_and_failures_apart(ledger):
    calls = [a_call(hold=1), a_call(hold=2, error="garbage", estimated=True), a_call(hold=3, model="n")]
    ledger.save_note("demo", "s", Answer[ResearchNote](value=None, calls=tuple(calls)))
    ledger.save_calls("other", "s", [a_call(hold=4)])

    first, second = ledger.spending(portfolio="demo")
    assert (first.model, first.calls, first.failed, first.estimated, first.seconds) == ("m", 2, 1, 1, 1.0)
    assert (second.model, second.calls, second.cost_usd) == ("n", 1, 0.2)
    assert len(ledger.spending()) == 3
    assert ledger.spending(first.day + timedelta(days=1)) == ()


def test_the_answer_is_kept_word_for_word(ledger):
    ledger.save_calls("demo", "s", [a_call(hold=1, answer='{"x": "Ä\\x00"')])

    assert ledger.calls("demo", "s")[0].answer == '{"x": "Ä\\x00"'


def test_sixteen_threads_do_not_pass_a_cap_together(ledger):
    def grab(_: int) -> int:
        try:
            return bool(ledger.set_aside("demo", "s", Spent(tokens=100), (DAY,)))
        except OverBudget:
            return 0

    with ThreadPoolExecutor(16) as pool:
        assert sum(pool.map(grab, range(32))) == 10


@pytest.mark.process
def test_eight_processes_share_one_cap(backend, tmp_path):
    backend.open().close()

    went_wrong = at_once(tmp_path, 8, IMPORTS, GRAB.format(address=backend.address))

    assert went_wrong == ""
    assert sum(int((tmp_path / f"took-{number}").read_text()) for number in range(8)) == 10
