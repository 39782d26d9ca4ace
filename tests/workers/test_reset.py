"""`pm reset` starts over: the state is kept aside, the answers of the model stay, and decisions come out the same."""

import sqlite3


def test_reset_archives_the_state_keeps_the_cache_and_the_same_date_decides_the_same(demo):
    before = demo.json("report")
    (demo.home / "cache").mkdir(exist_ok=True)
    (demo.home / "cache" / "answer.json").write_text("kept")

    moved = demo.json("reset", "--yes")

    assert moved["archived_to"] == str(demo.home / "archive" / "001")
    assert (demo.home / "cache" / "answer.json").read_text() == "kept"
    assert demo.json("status")["last_run"] is None
    with sqlite3.connect(demo.home / "archive" / "001" / "ledger.sqlite") as db:
        assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    after = demo.json("run", "--as-of", before["as_of"])
    assert {**after, "already_done": None} == {**before, "already_done": None}


def test_an_archived_state_can_be_used_again_as_a_home(demo, home_at):
    before = demo.json("positions")
    demo.json("reset", "--yes")

    assert home_at(demo.home / "archive" / "001").json("positions") == before


def test_every_reset_has_a_shelf_of_its_own(demo):
    demo("reset", "-y")
    demo("status")
    demo("reset", "-y")

    assert sorted(path.name for path in (demo.home / "archive").iterdir()) == ["001", "002"]


def test_reset_asks_before_it_moves_anything_and_needs_a_yes_where_nobody_can_answer(demo, monkeypatch):
    monkeypatch.setattr("sys.stdin.isatty", lambda: False, raising=False)
    before = demo.state()

    assert "--yes" in demo("reset").refused()
    assert demo("reset", "--json").code == 1
    assert demo.state() == before


def test_reset_of_an_empty_home_has_nothing_to_do(fresh):
    said = fresh("reset", "--yes")

    assert said.code == 0
    assert "nothing to do" in said.out
    assert fresh.json("reset", "--yes") == {"archived_to": None}


def test_reset_frees_a_home_whose_ledger_is_damaged(demo):
    (demo.home / "ledger.sqlite").write_bytes(b"no database" * 999)

    assert demo("reset", "--yes").code == 0
    assert demo.json("run", "--as-of", "2017-05-26")["status"] == "done"
