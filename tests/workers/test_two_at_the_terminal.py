"""What takes two people takes two at the terminal as well."""

import json
from pathlib import Path

import pytest

from workers.cli.app import run

DEMO = Path(__file__).parents[2] / "portfolios" / "demo.toml"


@pytest.fixture
def pm(tmp_path, monkeypatch, capsys):
    """The demo's session, decided for a mandate with two approvers, where every card is grave."""
    mandate = tmp_path / "pair.toml"
    text = DEMO.read_text(encoding="utf-8").replace('name = "demo"', 'name = "pair"')
    mandate.write_text(text.replace('approvers = ["local"]', 'approvers = ["ann", "bob"]'), encoding="utf-8")
    monkeypatch.setenv("PM_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("PM_MEMORY", "off")
    monkeypatch.setattr("workers.cards.safeguards.reasons_for_two", lambda record: (f"P-{record.id} is grave",))

    def call(*words):
        code = run([*words, "--portfolio", str(mandate), "--json"])
        return code, json.loads(capsys.readouterr().out.splitlines()[-1])

    code, said = call("run")
    assert code == 0, said
    return call


def test_one_yes_waits_for_the_other_person(pm):
    (waiting, *_) = pm("pending")[1]

    stranger = pm("approve", waiting["id"], "--by", "eve")
    first = pm("approve", waiting["id"], "--by", "ann", "--half")
    again = pm("approve", waiting["id"], "--by", "ann", "--half")
    still = [one["id"] for one in pm("pending")[1]]
    second = pm("approve", waiting["id"], "--by", "bob")

    assert (stranger[0], "eve is no approver" in stranger[1]["error"]) == (1, True)
    assert (first[1]["done"], first[1]["approved_by"], again[1]["done"]) == (False, ["ann"], False)
    assert waiting["id"] in still
    assert second[0] == 0
    assert second[1]["status"] in {"executing", "done", "rejected"}
    assert second[1]["quantity"] <= waiting["quantity"] // 2  # the least that both agreed to


def test_a_no_takes_one(pm):
    (waiting, *_) = pm("pending")[1]

    assert pm("reject", waiting["id"])[1]["status"] == "declined"
