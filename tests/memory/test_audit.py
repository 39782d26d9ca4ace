"""The audit chain: without gaps, and any change shows."""

import pytest

from domain.errors import LedgerDamaged
from domain.ids import digest
from tests.memory.fakes import FakeClock


def harm(backend, *statements: str) -> None:
    for statement in statements:
        backend.raw(statement)


@pytest.fixture
def told(desk):
    for number in range(5):
        desk.ledger.audit("demo", "noted", f"n{number}", {"number": number, "share": 0.1, "note": None}, "local")
    desk.ledger.audit("system", "started", "pm", {}, "local")
    return desk


def test_each_row_stands_on_the_one_before(told):
    rows = list(told.ledger.audit_rows("demo"))

    assert [row.sequence for row in rows] == list(range(1, len(rows) + 1))
    assert rows[0].previous_hash == "0" * 64
    assert [row.previous_hash for row in rows[1:]] == [row.hash for row in rows[:-1]]
    assert rows[-1].detail == {"number": 4, "share": 0.1, "note": None}


def test_a_hash_can_be_recomputed_by_hand(told):
    row = next(iter(told.ledger.audit_rows("system")))
    said = ["system", 1, "2026-01-02T03:04:05.000678+00:00", "local", "started", "pm", "{}", "0" * 64]

    assert row.hash == digest(said)


def test_rows_carry_the_time_on_the_wall(told):
    assert {row.at for row in told.ledger.audit_rows("demo")} == {FakeClock().wall()}


def test_whole_chains_verify_with_their_lengths(told):
    assert told.ledger.verify_audit() == {"demo": len(list(told.ledger.audit_rows("demo"))), "system": 1}


def test_long_chains_are_read_in_pages(told, monkeypatch):
    monkeypatch.setattr("memory.ledger.audit_store.PAGE", 2)

    assert [row.sequence for row in told.ledger.audit_rows("demo")] == list(range(1, 8))


@pytest.mark.parametrize(
    ("statement", "named"),
    [
        ("UPDATE audit SET actor = 'nobody' WHERE chain = 'demo' AND sequence = 4", "row 4: noted n1 was changed"),
        ("UPDATE audit SET at = '2026-01-02 03:04:06.000000' WHERE chain = 'demo' AND sequence = 3", "row 3"),
        ("""UPDATE audit SET detail = '{"number":9}' WHERE chain = 'demo' AND sequence = 5""", "row 5"),
        ("DELETE FROM audit WHERE chain = 'demo' AND sequence = 4", "row 4: the row is missing"),
        ("DELETE FROM audit WHERE chain = 'demo' AND sequence = 1", "row 1: the row is missing"),
        ("DELETE FROM audit WHERE chain = 'demo' AND sequence >= 6", "row 6: the row is missing, 7 were written"),
        ("DELETE FROM audit WHERE chain = 'system'", "audit chain 'system' is broken at row 1"),
        ("DELETE FROM audit_head WHERE chain = 'demo'", "'demo' has rows but no head"),
        ("UPDATE audit_head SET length = 6 WHERE chain = 'demo'", "should end at row 6"),
    ],
)
def test_any_change_is_found_at_its_first_row(told, backend, statement, named):
    harm(backend, statement)

    with pytest.raises(LedgerDamaged, match=named):
        told.ledger.verify_audit()


def test_two_rows_in_exchanged_places_are_found(told, backend):
    harm(
        backend,
        "UPDATE audit SET sequence = 99 WHERE chain = 'demo' AND sequence = 4",
        "UPDATE audit SET sequence = 4 WHERE chain = 'demo' AND sequence = 5",
        "UPDATE audit SET sequence = 5 WHERE chain = 'demo' AND sequence = 99",
    )

    with pytest.raises(LedgerDamaged, match="row 4: noted n2 does not follow"):
        told.ledger.verify_audit()


def test_a_fact_that_was_rolled_back_leaves_no_row(told):
    before = len(list(told.ledger.audit_rows("demo")))

    def note_and_fail():
        with told.ledger._database.write() as session:
            told.ledger._note(session, "demo", "noted", "x")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        note_and_fail()

    assert len(list(told.ledger.audit_rows("demo"))) == before
    told.ledger.verify_audit()
