"""Runs, snapshots and what the analyst said."""

import zlib
from datetime import UTC, date, datetime, timedelta

import pytest

from domain.errors import LedgerDamaged, NotFound
from domain.judgement import PolicyText
from domain.market import Execution, MarketSnapshot, SymbolHistory
from domain.records import Run, RunStatus
from domain.research import Answer, ModelCall, ResearchNote, Thesis
from domain.scan import Fact, Regime, Scan, Style
from tests.memory.fakes import D1, D2, NOW


def a_run(slot: str = "2017-05-26", **fields) -> Run:
    given = {"portfolio": "demo", "slot": slot, "session": D1, "analyst": "quant", "started_at": NOW}
    return Run.model_validate(given | fields)


def a_snapshot(price: float = 100.125) -> MarketSnapshot:
    return MarketSnapshot(
        feed="recorded",
        simulated=True,
        execution=Execution.CLOSE,
        as_of=NOW,
        session=D2,
        opens_at=NOW,
        closes_at=NOW + timedelta(hours=6),
        sessions=(D1,),
        history={"AAPL": SymbolHistory(symbol="AAPL", closes=(price,))},
    )


def a_scan() -> Scan:
    fact = Fact(id="AAPL.momentum", text="up", value=0.1 + 0.2, session=D1)
    return Scan(
        snapshot_digest="s", session=D1, style=Style.TREND, regime=Regime.CALM, signals=(), facts=(fact,), shortlist=()
    )


def a_call(node: str = "thesis", prompt: str = "p1", **fields) -> ModelCall:
    return ModelCall(node=node, subject="AAPL", prompt_digest=prompt, model="m", prompt_tokens=7, **fields)


def a_thesis(symbol: str) -> Thesis:
    return Thesis(
        symbol=symbol,
        bull_case="up",
        bear_case="down",
        stance="bullish",
        confidence=0.6,
        expected_upside_pct=4,
        worst_case_loss_pct=2,
        time_horizon_days=14,
        invalidation="below",
    )


def test_a_slot_that_is_started_twice_is_one_run_with_two_attempts(desk):
    first = desk.ledger.begin_run(a_run(assumptions=("closes only",)))
    again = desk.ledger.begin_run(a_run(analyst="openai", started_at=NOW + timedelta(hours=1)))

    assert first == a_run(attempts=1, assumptions=("closes only",))
    assert again == first.model_copy(update={"attempts": 2})
    assert desk.ledger.run("demo", "2017-05-26") == again


def test_a_run_that_is_done_is_read_and_not_counted_again(desk):
    desk.ledger.begin_run(a_run())
    desk.ledger.note_inputs("demo", "2017-05-26", "s1", "c1")
    desk.ledger.end_run("demo", "2017-05-26", RunStatus.DONE, {"XOM": "model down"}, "", NOW)
    desk.ledger.end_run("demo", "2017-05-26", RunStatus.FAILED, {}, "too late", NOW)

    stored = desk.ledger.begin_run(a_run())

    assert (stored.status, stored.attempts, stored.undecided) == (RunStatus.DONE, 1, {"XOM": "model down"})
    assert (stored.snapshot_digest, stored.scan_digest, stored.finished_at) == ("s1", "c1", NOW)


def test_runs_are_listed_newest_first(desk):
    for number in range(4):
        desk.ledger.begin_run(a_run(f"slot-{number}", started_at=NOW + timedelta(days=number)))

    assert [run.slot for run in desk.ledger.runs("demo", limit=2)] == ["slot-3", "slot-2"]
    assert desk.ledger.run("demo", "nothing") is None


def test_a_run_nobody_began_cannot_end(desk):
    with pytest.raises(NotFound, match="no run 'x'"):
        desk.ledger.end_run("demo", "x", RunStatus.DONE, {}, "", NOW)


def test_times_come_back_aware_in_utc(desk):
    desk.ledger.begin_run(a_run(started_at=NOW))

    assert desk.ledger.run("demo", "2017-05-26").started_at.tzinfo == UTC


def test_snapshots_and_scans_are_stored_once_under_their_digest(desk, backend):
    snapshot, scan = a_snapshot(), a_scan()
    digests = {desk.ledger.save_snapshot(snapshot), desk.ledger.save_snapshot(a_snapshot())}
    desk.ledger.save_scan(scan)

    assert digests == {snapshot.digest}
    assert desk.ledger.snapshot(snapshot.digest) == snapshot
    assert desk.ledger.scan(scan.digest) == scan
    kinds = backend.raw("SELECT kind, count(*) FROM snapshot WHERE kind <> 'bars' GROUP BY kind ORDER BY kind")
    assert kinds == [("scan", 1), ("snapshot", 1)]


def test_snapshots_of_two_days_share_the_months_between(desk, backend):
    days = tuple(date(2017, 1, 2) + timedelta(days=n) for n in range(120))
    prices = tuple(100.0 + n / 7 for n in range(120))
    snapshots = [
        a_snapshot().model_copy(
            update={
                "sessions": days[n : n + 100],
                "history": {"AAPL": SymbolHistory(symbol="AAPL", closes=prices[n : n + 100], volumes=(1e6,) * 100)},
            }
        )
        for n in (0, 1)
    ]
    for snapshot in snapshots:
        desk.ledger.save_snapshot(snapshot)
    another_start = backend.open(desk.clock)

    assert [another_start.snapshot(snapshot.digest) for snapshot in snapshots] == snapshots
    assert backend.raw("SELECT count(*) FROM snapshot WHERE kind = 'bars'") == [(6,)]
    assert snapshots[0].digest != snapshots[1].digest
    another_start.close()


def test_a_snapshot_that_lost_a_month_is_damage(desk, backend):
    digest = desk.ledger.save_snapshot(a_snapshot())
    backend.raw("DELETE FROM snapshot WHERE kind = 'bars'")
    another_start = backend.open(desk.clock)

    with pytest.raises(LedgerDamaged, match="can't be put together"):
        another_start.snapshot(digest)
    another_start.close()


def test_a_snapshot_is_not_a_scan(desk):
    digest = desk.ledger.save_snapshot(a_snapshot())

    with pytest.raises(NotFound, match="no scan"):
        desk.ledger.scan(digest)


@pytest.mark.parametrize("body", [b"noise", zlib.compress(b"{}")])
def test_a_snapshot_that_was_changed_is_damage(desk, backend, body):
    digest = desk.ledger.save_snapshot(a_snapshot())
    backend.raw("UPDATE snapshot SET body = %s", body)
    another_start = backend.open(desk.clock)

    with pytest.raises(LedgerDamaged, match="snapshot"):
        another_start.snapshot(digest)
    another_start.close()


def test_research_and_theses_are_kept_with_the_reason_where_there_is_none(desk):
    note = ResearchNote(summary="quiet", regime_view="calm", evidence=("MARKET.vix",))
    desk.ledger.save_note("demo", "s", Answer[ResearchNote](value=None, problem="model down"))
    missing = desk.ledger.note("demo", "s")
    desk.ledger.save_note("demo", "s", Answer[ResearchNote](value=note, calls=(a_call("research"),)))
    for symbol in ("MSFT", "AAPL"):
        desk.ledger.save_thesis("demo", "s", symbol, Answer[Thesis](value=a_thesis(symbol)))
    desk.ledger.save_thesis("demo", "s", "XOM", Answer[Thesis](value=None, problem="refused"))

    assert missing is None
    assert desk.ledger.note("demo", "s") == note
    assert desk.ledger.theses("demo", "s") == (a_thesis("AAPL"), a_thesis("MSFT"))
    assert desk.ledger.note("demo", "other") is None


def test_the_same_call_is_stored_once_in_the_order_of_asking(desk):
    desk.ledger.save_calls("demo", "s", [a_call(prompt="z"), a_call(prompt="a", cost_usd=0.5)])
    desk.ledger.save_calls("demo", "s", [a_call(prompt="z", cached=True), a_call(prompt="b")])

    assert desk.ledger.calls("demo", "s") == (
        a_call(prompt="z"),
        a_call(prompt="a", cost_usd=0.5),
        a_call(prompt="b"),
    )


def test_a_time_with_another_offset_is_stored_as_the_same_moment(desk):
    local = datetime.fromisoformat("2017-05-26T09:35:00-04:00")
    desk.ledger.begin_run(a_run(started_at=local))

    assert desk.ledger.run("demo", "2017-05-26").started_at == NOW


def test_a_changed_policy_takes_effect_with_the_next_session_and_is_audited(desk):
    ledger = desk.ledger
    old, new = PolicyText(text="soft = 1", recorded=True), PolicyText(text="soft = 2", recorded=True)
    ledger.pin_policy("demo", D1, old, "desk")

    same_session = ledger.pin_policy("demo", D1, new, "desk")
    next_session = ledger.pin_policy("demo", D2, new, "desk")

    assert (same_session, next_session) == (old, new)
    assert (ledger.policy_in_force("demo", D1), ledger.policy_in_force("demo", D2)) == (old, new)
    told = [row.detail for row in ledger.audit_rows("demo") if row.action == "policy_in_force"]
    assert told == [{"before": None, "after": old.digest}, {"before": old.digest, "after": new.digest}]
