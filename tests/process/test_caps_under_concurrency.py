"""Eight processes at once: what fits alone and not together is never let in together, in whatever order it arrives."""

import itertools
import json
import random
import shutil
from datetime import timedelta

import pytest

from domain.errors import AlreadyDecided
from domain.proposal import Origin
from domain.records import ProposalStatus
from graph.answers import answer_card
from graph.batches import Draft, add_proposals
from tests.graph.conftest import demo_mandate, open_desk, proposal
from tests.memory.crowd import at_once

SYMBOLS = ("JNJ", "LLY", "MRK", "PFE", "UNH", "KO", "PEP", "PG")
CAP = 0.25
IMPORTS = """
import json
from tests.process.test_caps_under_concurrency import desk_at, one_sector, members
from tests.graph.conftest import proposal
from domain.errors import Busy
"""
PROPOSE = """
with desk_at(home, {database!r}) as desk:
    desk.runner.propose([proposal(members()[number], position_size_pct=0.08)])
"""
ADVANCE = """
import random
from pathlib import Path
names = json.loads((home / "names").read_text())
random.Random(number + {turn}).shuffle(names)
with desk_at(home, {database!r}) as desk:
    for name in names:
        for _ in range(20):
            try:
                desk.runner.advance(name)
                break
            except Busy:
                continue
"""


def members():
    return SYMBOLS


def one_sector():
    """The demo mandate with all symbols of the test in one sector."""
    universe = demo_mandate().universe
    return demo_mandate(
        universe={
            name: instrument.model_copy(update={"sector": "one"}) if name in SYMBOLS else instrument
            for name, instrument in universe.items()
        }
    )


def desk_at(home, database):
    return open_desk(home, database=database, mandate=one_sector())


def address(backend):
    return backend.address if backend.is_postgres else None


def sector_weight(desk) -> float:
    """Holdings and everything on its way, at the morning's prices; worst case."""
    book = desk.book()
    market = desk.feed.snapshot(SYMBOLS, desk.clock.session(), desk.feed.opens(desk.clock.session()))
    held = sum(book.held(s) * market.history[s].closes[-1] for s in SYMBOLS)
    coming = sum(r.quantity * r.price for r in book.reservations if r.symbol in SYMBOLS and r.side.value == "BUY")
    coming += sum(w.quantity * w.price for w in book.working if w.symbol in SYMBOLS and w.side.value == "BUY")
    return (held + coming) / book.equity


@pytest.mark.process
def test_of_eight_that_fit_alone_only_as_much_is_bought_as_fits_together(backend, tmp_path):
    home = tmp_path
    with desk_at(home, address(backend)) as desk:
        desk.runner.enter()

    went_wrong = at_once(home, 8, IMPORTS, PROPOSE.format(database=address(backend)))

    with desk_at(home, address(backend)) as desk:
        records = desk.ledger.proposals("demo")
        assert went_wrong == ""
        assert len(records) == 8
        assert 0.15 < sector_weight(desk) <= CAP + 1e-3
        assert any(r.verdict.quantity < r.verdict.asked_quantity for r in records)
        desk.ledger.verify_audit()


@pytest.mark.process
def test_a_batch_gets_the_same_verdicts_in_whatever_order_its_members_arrive(backend, tmp_path, request):
    said = []
    for turn in range(2):
        home = tmp_path / str(turn)
        home.mkdir()
        place = backend if turn == 0 else _another(backend, home, request)
        if not backend.is_postgres and turn == 0:
            shutil.copy(tmp_path / "ledger.sqlite", home / "ledger.sqlite")
        with desk_at(home, address(place)) as desk:
            desk.runner.enter()
            session = desk.clock.session()
            market = desk.feed.snapshot(tuple(desk.mandate.universe), session, desk.feed.opens(session))
            batch = [Draft(Origin.PERSON, proposal(symbol, position_size_pct=0.08)) for symbol in SYMBOLS]
            stored = add_proposals(desk.ctx, "one-batch", None, market, batch)
            (home / "names").write_text(json.dumps([record.id for record in stored]))

        went_wrong = at_once(home, 8, IMPORTS, ADVANCE.format(database=address(place), turn=turn * 100))

        with desk_at(home, address(place)) as desk:
            assert went_wrong == ""
            assert sector_weight(desk) <= CAP + 1e-3
            records = desk.ledger.proposals("demo")
            assert len(desk.ledger.intents("demo")) == sum(r.filled_quantity > 0 for r in records)
            said.append(
                [(r.id, r.first_verdict.decision, r.first_verdict.quantity, r.first_verdict.results) for r in records]
            )

    assert said[0] == said[1]


def _another(backend, home, request):
    from tests.standins.backends import PostgresBackend, SqliteBackend

    if not backend.is_postgres:
        return SqliteBackend(home)
    return PostgresBackend(backend.cluster, backend.cluster.create(request.getfixturevalue("blank_database")))


@pytest.mark.parametrize("seed", range(6))
def test_caps_hold_under_any_interleaving_of_approvals_and_expiry(tmp_path, seed):
    chance = random.Random(seed)
    volatile = ("AMD", "RRC", "BAC", "GE")
    with open_desk(tmp_path, mandate=_all_in_one(volatile)) as desk:
        desk.runner.enter()
        for number in itertools.count():
            act = chance.choice(("propose", "propose", "approve", "approve", "half", "reject", "expire", "replace"))
            waiting = list(desk.waiting())
            if act == "propose" or (act == "replace" and not waiting):
                symbols = chance.sample((*volatile, "CVX", "XOM"), chance.choice((1, 2, 4)))
                share = chance.choice((0.05, 0.08, 0.12))
                desk.propose(*(desk.buy(s, share, confidence=0.5, time_horizon_days=20 + number) for s in symbols))
            elif waiting and act == "expire":
                desk.ledger.expire("demo", chance.choice(waiting).expires_at + timedelta(seconds=1))
                desk.runner.settle()
            elif waiting and act == "replace":
                desk.propose(desk.buy(chance.choice(waiting).proposal.symbol, 0.03, time_horizon_days=200 + number))
            elif waiting:
                # Answers first, settling later: between them others are proposed, answered or expire.
                record = chance.choice(waiting)
                try:
                    answer_card(
                        desk.ctx,
                        record,
                        answer="reject" if act == "reject" else "approve",
                        by="local",
                        channel="test",
                        quantity=float(record.quantity) if act == "half" else None,
                    )
                except AlreadyDecided:
                    continue
                if chance.random() < 0.5:
                    desk.runner.settle()
            assert _weight(desk, (*volatile, "CVX", "XOM")) <= CAP + 2e-3
            if number >= 24:
                break
        desk.runner.settle()

        assert _weight(desk, (*volatile, "CVX", "XOM")) <= CAP + 2e-3
        assert not desk.ledger.proposals("demo", statuses=[ProposalStatus.EXECUTING, ProposalStatus.APPROVED])


def _all_in_one(symbols):
    universe = demo_mandate().universe
    return demo_mandate(
        universe={
            name: instrument.model_copy(update={"sector": "one"}) if name in (*symbols, "CVX", "XOM") else instrument
            for name, instrument in universe.items()
        }
    )


def _weight(desk, symbols) -> float:
    book = desk.book()
    market = desk.feed.snapshot(symbols, desk.clock.session(), desk.feed.opens(desk.clock.session()))
    units = {s: book.held(s) for s in symbols}
    for item in (*book.reservations, *book.working):
        if item.symbol in units and item.side.value == "BUY":
            units[item.symbol] += item.quantity
    return sum(units[s] * market.history[s].closes[-1] for s in symbols) / book.equity
