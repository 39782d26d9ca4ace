"""Many hands at once, and hands that are cut off."""

import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from domain.errors import AlreadyDecided, Busy
from domain.records import ProposalStatus
from memory.ledger import engine
from tests.memory.crowd import REPOSITORY, at_once
from tests.memory.fakes import D1, NOW, PRICES, a_new, a_trade, a_verdict, an_answer, an_intent

IMPORTS = """
from domain.errors import AlreadyDecided
from tests.memory.fakes import FakeClock, an_answer
from tests.standins.backends import ledger_at
"""
DECIDE = """
ledger = ledger_at({address!r}, FakeClock())
try:
    word = ledger.decide(an_answer("A", "approve" if number % 2 else "reject", by=f"u{number}")).status.value
except AlreadyDecided:
    word = "refused"
(home / f"said-{number}").write_text(word)
"""
DIE_INSIDE = """
import os, signal, sys
from domain.records import ProposalStatus
from tests.memory.fakes import FakeClock, a_trade, a_verdict
from tests.standins.backends import ledger_at
ledger = ledger_at(sys.argv[1], FakeClock())
with ledger.locked_book("demo") as locked:
    locked.record_verdict(a_verdict("A"), a_trade("A"), ProposalStatus.JUDGED, 1.0)
    os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.process
def test_of_eight_processes_that_answer_at_once_one_wins_and_all_are_audited(desk, backend, tmp_path):
    desk.waiting("A")

    went_wrong = at_once(tmp_path, 8, IMPORTS, DECIDE.replace("{address!r}", repr(backend.address)))

    said = [(tmp_path / f"said-{number}").read_text() for number in range(8)]
    assert went_wrong == ""
    (winner,) = [word for word in said if word != "refused"]
    actions = desk.actions()
    assert desk.ledger.proposal("A").status.value == winner
    assert actions.count(f"proposal_{winner}") == 1
    assert actions.count("decision_refused") == 7
    desk.ledger.verify_audit()


def test_of_contradicting_threads_and_the_clock_one_wins_each_round(desk):
    def decide(name: str, number: int) -> str:
        try:
            if number == 0:
                return "expired" if name in desk.ledger.expire("demo", NOW.replace(hour=20)) else "refused"
            return desk.ledger.decide(an_answer(name, "approve" if number % 2 else "reject")).status.value
        except AlreadyDecided:
            return "refused"

    with ThreadPoolExecutor(8) as pool:
        for turn in range(10):
            name = f"R{turn}"
            desk.waiting(name)
            said = list(pool.map(decide, [name] * 8, range(8)))

            (winner,) = [word for word in said if word != "refused"]
            assert desk.ledger.proposal(name).status.value == winner

    desk.ledger.verify_audit()


def test_two_locked_books_of_one_portfolio_never_overlap(desk):
    inside, most = [], []

    def judge(name: str) -> None:
        with desk.ledger.locked_book("demo") as locked:
            inside.append(name)
            most.append(len(inside))
            seen = len(locked.book(D1, PRICES).reservations)
            locked.record_verdict(a_verdict(name, seen + 1), a_trade(name), ProposalStatus.JUDGED, 1.0)
            inside.remove(name)

    names = [f"A{number}" for number in range(8)]
    desk.ledger.add_batch("demo", "b", None, D1, [a_new(name) for name in names], NOW)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(judge, names))

    assert most == [1] * 8
    assert sorted(room.quantity for room in desk.book().reservations) == [float(n) for n in range(1, 9)]


@pytest.mark.process
def test_a_process_killed_inside_a_locked_book_leaves_nothing(desk, backend):
    desk.schedule("A")
    before = desk.actions()

    killed = subprocess.run([sys.executable, "-c", DIE_INSIDE, backend.address], cwd=REPOSITORY, check=False)

    assert killed.returncode == -9
    assert desk.ledger.proposal("A").status is ProposalStatus.SCHEDULED
    assert desk.book().reservations == ()
    assert desk.actions() == before
    desk.judge("A")


def test_many_threads_write_without_losing_a_row(desk):
    def work(number: int) -> None:
        desk.ledger.audit("demo", "noted", str(number), {}, "test")
        desk.book()

    before = len(desk.actions())
    with ThreadPoolExecutor(20) as pool:
        list(pool.map(work, range(100)))

    assert len(desk.actions()) == before + 100
    desk.ledger.verify_audit()


def test_committing_the_same_intent_from_many_threads_commits_one(desk):
    desk.judged("A")
    with ThreadPoolExecutor(8) as pool:
        stored = list(pool.map(lambda _: desk.ledger.commit_intent(an_intent("A")), range(8)))

    assert stored == [stored[0]] * 8
    assert len(desk.ledger.intents("demo")) == 1


def test_readers_see_the_state_before_while_somebody_writes(desk):
    desk.schedule("A")
    with desk.ledger.locked_book("demo") as locked:
        locked.record_verdict(a_verdict("A"), a_trade("A"), ProposalStatus.JUDGED, 1.0)
        seen = []
        reader = threading.Thread(target=lambda: seen.append(desk.ledger.proposal("A").status))
        reader.start()
        reader.join()

    assert seen == [ProposalStatus.SCHEDULED]


def test_a_writer_that_cannot_get_the_lock_says_busy(desk, backend, monkeypatch):
    monkeypatch.setattr(engine, "BUSY_TIMEOUT_MS", 50)
    monkeypatch.setattr(engine, "STATEMENT_TIMEOUT_MS", 50)
    impatient = backend.open()

    with desk.ledger.locked_book("demo"), pytest.raises(Busy, match="another process is writing"):
        impatient.audit("demo", "noted", "x", {}, "test")
    impatient.close()
