"""Bad input: each is one clear message with a remedy; nothing is lost and nothing traded."""

import json
import shutil

import pytest


def untouched_by(pm, *argv):
    """Run a command that must be refused, and check that the portfolio is where it was."""
    before = pm.state()
    refused = pm(*argv).refused()
    assert pm.state() == before
    return refused


@pytest.mark.parametrize(
    ("day", "says"),
    [
        ("1989-12-29", "outside the recorded data"),
        ("1990-06-01", "sessions of data before"),
        ("2017-05-27", "Saturday"),
        ("2017-05-29", "not a session"),
        ("2023-01-03", "outside the recorded data"),
        ("2199-01-01", "outside the recorded data"),
        ("2017-02-30", "is not a date"),
        ("26.05.2017", "is not a date"),
        ("", "is not a date"),
        ("tomorrow", "is not a date"),
    ],
)
def test_a_date_that_is_no_session_is_refused_with_one_that_is(fresh, day, says):
    refused = fresh("run", "--as-of", day).refused()

    assert says in refused
    assert "20" in refused.splitlines()[1], "the remedy names a date"
    assert fresh.json("orders") == []


@pytest.mark.parametrize("slot", ["", "  ", "x" * 61, "line\nbreak"])
def test_a_slot_that_is_no_name_is_refused(fresh, slot):
    assert "slot" in fresh("run", "--slot", slot).refused()


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ('style = "trend"', 'style = "trend"\ncolour = "red"', "colour"),
        ('style = "trend"', 'style = "luck"', "luck"),
        ("starting_cash = 100_000", "starting_cash = nan", "starting_cash"),
        ("starting_cash = 100_000", "starting_cash = inf", "starting_cash"),
        ("starting_cash = 100_000", "starting_cash = -1", "starting_cash"),
        ("shortlist = 5", "shortlist = 1e18", "shortlist"),
        ("[universe]", "[universe", "mine.toml"),
        ("start = 2017-05-26", "start = 2017-05-27", "2017-05-27"),
        ("BAC = { name", "ZZZZ = { name", "ZZZZ"),
        ("[limits] ", "[limits]\nmax_position_weight = { hard = 0.9 }\n#", "max_position_weight"),
        ("[limits] ", "[limits]\nno_such_rule = { hard = 0.9 }\n#", "no_such_rule"),
    ],
)
def test_a_wrong_mandate_is_refused_naming_what_is_wrong(fresh, mandate, old, new, says):
    assert says in fresh("run", "-p", mandate(old, new)).refused()


def test_a_mandate_that_is_empty_binary_missing_or_a_folder_is_refused(fresh, tmp_path):
    (tmp_path / "empty.toml").write_text("")
    (tmp_path / "binary.toml").write_bytes(bytes(range(128, 256)))
    (tmp_path / "folder.toml").mkdir()

    for name in ("empty", "binary", "folder", "missing"):
        assert f"{name}.toml" in fresh("run", "-p", str(tmp_path / f"{name}.toml")).refused()
    assert "choose one of: demo" in fresh("status", "-p", "nobody").refused()


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"symbol": "TSLA"}, "TSLA"),
        ({"symbol": "aapl"}, "symbol"),
        ({"symbol": ""}, "symbol"),
        ({"color": "red"}, "color"),
        ({"position_size_pct": 1e18}, "position_size_pct"),
        ({"position_size_pct": float("nan")}, "NaN"),
        ({"confidence": float("inf")}, "Infinity"),
        ({"expected_upside_pct": float("-inf")}, "-Infinity"),
        ({"position_size_pct": 6}, "position_size_pct"),
        ({"position_size_pct": "0.06"}, "position_size_pct"),
        ({"position_size_pct": 0}, "position_size_pct"),
        ({"position_size_pct": -0.06}, "position_size_pct"),
        ({"confidence": None}, "confidence"),
        ({"time_horizon_days": 1e18}, "time_horizon_days"),
        ({"time_horizon_days": 10**30}, "time_horizon_days"),
        ({"risk_level": "HIGH"}, "risk_level"),
        ({"action": "HODL"}, "action"),
        ({"reason": ""}, "reason"),
        ({"reason": "\ud800"}, "reason"),
        ({"order_type": "limit"}, "limit_price"),
    ],
)
def test_a_proposal_with_a_wrong_field_refuses_the_whole_file(demo, proposals, change, says):
    path = proposals({"symbol": "JPM"}, change)

    refused = demo("propose", path)

    assert says in refused.refused()
    assert len(demo.json("orders")) == 2
    assert demo.json("report")["proposals"]


NO_PROPOSALS = (
    *("", "  \n", '{"symbol": "AAPL", ', "[", "[]", "{}", "null", "NaN", "1e18", '"x"', "[[]]", "not json"),
    *("9" * 5000, "[" * 100_000, '{"symbol": "AAPL", "symbol": "JPM"}', "\ufeff{}"),
)


@pytest.mark.parametrize("text", NO_PROPOSALS, ids=lambda text: text[:12] or "empty")
def test_a_file_that_holds_no_proposals_is_refused(demo, proposals, text):
    assert demo("propose", proposals(text=text)).refused()

    assert len(demo.json("orders")) == 2


def test_a_file_that_cannot_be_read_is_refused(fresh, tmp_path):
    (tmp_path / "binary").write_bytes(bytes(range(128, 256)))

    assert "No such file" in fresh("propose", str(tmp_path / "missing")).refused()
    assert "directory" in fresh("propose", str(tmp_path)).refused()
    assert "can't be read" in fresh("propose", str(tmp_path / "binary")).refused()


@pytest.mark.parametrize("command", ["approve", "reject", "why"])
@pytest.mark.parametrize("given", ["ZZZZ", "P-ZZZZ", "", "%", "'; DROP TABLE proposals; --", "é"])
def test_an_unknown_or_ambiguous_proposal_is_refused(demo, command, given):
    assert untouched_by(demo, command, given)


@pytest.mark.parametrize("first", ["approve", "reject"])
@pytest.mark.parametrize("second", ["approve", "reject"])
def test_a_second_answer_is_refused_and_the_first_one_stands(demo, first, second):
    waiting = demo.json("pending")[0]["id"]
    assert demo(first, waiting).code == 0

    untouched_by(demo, second, waiting)


def test_a_proposal_that_was_executed_or_rejected_by_the_engine_takes_no_answer(demo):
    for proposal in demo.json("report")["proposals"]:
        if proposal["status"] != "awaiting":
            untouched_by(demo, "approve", proposal["id"])
            untouched_by(demo, "reject", proposal["id"])


def test_an_expired_proposal_takes_no_answer(demo):
    waiting = demo.json("pending")[0]["id"]
    demo.json("run")

    assert "expired" in untouched_by(demo, "approve", waiting)


@pytest.mark.parametrize("quantity", ["0", "-1", "1.5", "162", "1e18", "nan", "inf", "-inf"])
def test_an_approval_may_only_shrink_to_whole_units(demo, quantity):
    waiting = demo.json("pending")[0]

    assert waiting["quantity"] == 161
    assert "quantity" in untouched_by(demo, "approve", waiting["id"], "--quantity", quantity)


def test_half_and_quantity_exclude_each_other(demo):
    untouched_by(demo, "approve", demo.json("pending")[0]["id"], "--half", "--quantity", "3")


DAMAGES = {
    "not sqlite": lambda path: path.write_bytes(b"this is not a database\n" * 300),
    "truncated": lambda path: path.write_bytes(path.read_bytes()[: path.stat().st_size // 2]),
    "cut to a stub": lambda path: path.write_bytes(path.read_bytes()[:50]),
    "overwritten": lambda path: path.write_bytes(_scribbled(path.read_bytes())),
    "a folder": lambda path: (path.unlink(), path.mkdir()),
}


def _scribbled(whole):
    return whole[:4096] + b"\xa5" * (len(whole) - 4096)


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("file", ["ledger", "checkpoints", "broker"])
def test_a_damaged_database_stops_before_anything_is_traded_and_is_left_as_it_is(demo, tmp_path, file, damage):
    path = demo.home / f"{file}.sqlite"
    whole = tmp_path / "whole"
    shutil.copytree(demo.home, whole)
    for leftover in demo.home.glob(f"{path.name}-*"):
        leftover.unlink()
    DAMAGES[damage](path)

    said = demo("run")

    assert f"{file}" in said.refused()
    if path.is_file():
        path.unlink()
    else:
        path.rmdir()
    shutil.copy(whole / path.name, path)
    assert len(demo.json("orders")) == 2, "nothing was traded, nothing lost"
    assert demo("audit", "verify").code == 0
    assert demo.json("run")["as_of"] == "2017-05-30"


def test_damaged_checkpoints_moved_away_cost_nothing_as_the_remedy_says(demo):
    waiting = demo.json("pending")[0]
    path = demo.home / "checkpoints.sqlite"
    DAMAGES["overwritten"](path)
    assert "move it away" in demo("approve", waiting["id"]).refused()
    for file in demo.home.glob(f"{path.name}*"):
        file.unlink()

    demo.json("run", "--as-of", "2017-05-26")

    told = demo.json("why", waiting["id"])
    assert (told["status"], told["filled_quantity"]) == ("done", waiting["quantity"])
    assert len(demo.json("orders")) == 3


def test_a_changed_ledger_row_is_found_by_the_audit_and_by_the_doctor(demo):
    import sqlite3

    with sqlite3.connect(demo.home / "ledger.sqlite") as db:
        tables = [name for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type='table'")]
        table = next(name for name in tables if "audit" in name and "head" not in name)
        db.execute(f"UPDATE {table} SET actor = 'nobody' WHERE sequence = 3")

    assert "3" in demo("audit", "verify").refused()
    doctor = demo("doctor", "--json")
    assert doctor.code == 1
    assert [part["part"] for part in doctor.json if not part["ok"]] == ["audit chain"]


def test_a_home_that_is_no_folder_is_refused_by_every_command(home_at, tmp_path):
    (tmp_path / "file").write_text("mine")

    for home in (tmp_path / "file", tmp_path / "file" / "below"):
        for command in ("run", "status", "pending"):
            refused = home_at(home)(command).refused()
            assert "PM_HOME" in refused
            assert str(home) in refused
        assert home_at(home)("doctor").code == 1
    assert (tmp_path / "file").read_text() == "mine"


@pytest.mark.parametrize(
    ("variable", "value", "says"),
    [
        ("PM_ANALYST", "oracle", "choose one of: openai, quant"),
        ("PM_BROKER", "oracle", "simulated"),
        ("PM_MARKET_DATA", "oracle", "recorded"),
        ("PM_ANALYST", "../quant", "openai, quant"),
        ("PM_PORTFOLIO", "oracle", "choose one of: demo"),
        ("PM_ANALYST", "openai", "OPENAI_API_KEY"),
        ("PM_SIM_SLIPPAGE_BPS", "much", "PM_SIM_SLIPPAGE_BPS: Input should be"),
        ("PM_SIM_SLIPPAGE_BPS", "nan", "PM_SIM_SLIPPAGE_BPS"),
        ("PM_SIM_HALF_SPREAD_BPS", "-1", "PM_SIM_HALF_SPREAD_BPS"),
        ("PM_SIM_COMMISSION_PER_SHARE", "1e18", "PM_SIM_COMMISSION_PER_SHARE"),
        ("PM_SIM_MINIMUM_COMMISSION", "inf", "PM_SIM_MINIMUM_COMMISSION"),
    ],
)
def test_a_setting_that_cannot_be_one_is_refused_with_those_that_can(fresh, monkeypatch, variable, value, says):
    monkeypatch.setenv(variable, value)

    assert says in fresh("run").refused()
    monkeypatch.delenv(variable)
    assert fresh.json("orders") == []


def test_a_key_is_never_printed(fresh, monkeypatch):
    monkeypatch.setenv("PM_ANALYST", "openai")
    monkeypatch.setenv("OPENAI_API_KEY", "sk-very-secret")
    monkeypatch.setenv("PM_MODEL_TIMEOUT_SECONDS", "-1")

    said = fresh("doctor")

    assert "sk-very-secret" not in said.out + said.err
    assert said.code == 1


def test_a_mistake_of_ours_is_one_line_and_its_details_are_in_a_file(fresh, monkeypatch):
    def breaks(*_, **__):
        raise ZeroDivisionError("1 by 0")

    monkeypatch.setattr("workers.cli.show_book.status", breaks)

    said = fresh("status", "--json")

    assert said.code == 1
    assert json.loads(said.out)["error"] == "unexpected ZeroDivisionError: 1 by 0"
    assert "Traceback" in (fresh.home / "errors.log").read_text()
