"""Statements compiled once, rows held for writing, and transactions that become sessions only when asked."""

import pytest
from sqlalchemy import bindparam, insert, select
from sqlalchemy.exc import IntegrityError
from sqlmodel import select as select_rows

from domain.book import ControlState
from memory.ledger.held import hold
from memory.ledger.prepared import Prepared
from memory.ledger.sql import by_key, run, table_of
from memory.ledger.tables import ControlRow, PortfolioRow

CONTROLS, ACCOUNTS = table_of(ControlRow), table_of(PortfolioRow)
STATES = Prepared(select(CONTROLS.c.portfolio).where(CONTROLS.c.state.in_(bindparam("states", expanding=True))))


@pytest.fixture
def database(desk):
    return desk.ledger._database


@pytest.mark.parametrize(
    ("states", "found"),
    [
        ([], []),
        ([ControlState.ACTIVE], ["demo"]),
        ([ControlState.HALTED], []),
        ([ControlState.HALTED, ControlState.ACTIVE], ["demo"]),
    ],
)
def test_a_list_may_have_any_length(database, states, found):
    with database.read() as db:
        assert run(db, STATES, states=states).scalars() == found


def test_a_refusal_is_the_one_that_sqlalchemy_raises(database):
    again = Prepared(insert(ACCOUNTS), tuple(ACCOUNTS.c.keys()))

    with pytest.raises(IntegrityError), database.write("demo") as db:
        run(db, again, **by_key(db, PortfolioRow, "demo")._asdict())

    with database.read() as db:
        assert by_key(db, PortfolioRow, "demo").cash == 100_000


def test_what_is_assigned_to_a_held_row_is_there_for_the_next_statement_and_afterwards(database):
    with database.write("demo") as db:
        row = hold(db, PortfolioRow, "demo")
        row.cash -= 1
        assert by_key(db, PortfolioRow, "demo").cash == 99_999
        assert hold(db, PortfolioRow, "demo") is row
        row.cash -= 1
        mapped = db.exec(select_rows(PortfolioRow)).one()
        assert mapped.cash == 99_998
        row.reference_high = 2.0

    with database.read() as db:
        kept = by_key(db, PortfolioRow, "demo")
    assert (kept.cash, kept.reference_high) == (99_998, 2.0)


def test_a_transaction_that_fails_leaves_a_held_row_as_it_was(database):
    def _fail() -> None:
        with database.write("demo") as db:
            hold(db, PortfolioRow, "demo").cash = 0
            by_key(db, PortfolioRow, "demo")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        _fail()

    with database.write("demo") as db:
        assert hold(db, PortfolioRow, "demo").cash == 100_000


def test_nobody_holds_what_is_not_there(database):
    with database.write("demo") as db:
        assert hold(db, PortfolioRow, "nobody") is None
