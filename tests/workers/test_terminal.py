"""What a person sees: help that teaches, no colours in a pipe, a width that fits, empty states that say so."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]
COMMANDS = (
    *("run", "pending", "approve", "reject", "status", "positions", "orders", "why", "report", "propose"),
    *("reset", "doctor", "graph", "audit", "audit verify", "audit show", "backtest"),
)
HEAVY = (
    *("langgraph", "langchain_core", "pandas", "numpy", "scipy", "sklearn", "sqlmodel", "sqlalchemy"),
    *("alembic", "pydantic", "rich", "structlog", "openai"),
)
WIDTH = 120


def test_help_lists_every_command_with_a_whole_sentence(fresh):
    said = fresh("--help")

    assert said.code == 0
    for command in COMMANDS:
        assert f"  {command.split()[0]} " in said.out
    assert "..." not in said.out.split("Commands:")[1], "a summary was cut off"
    assert "pm run" in said.out


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_teaches_itself(fresh, command):
    said = fresh(*command.split(), "--help")

    assert said.code == 0
    assert f"Usage: pm {command}" in said.out
    assert len(said.out.splitlines()[2]) > 20
    assert not fresh.home.exists()


def test_help_imports_nothing_heavy():
    probe = (
        "import sys, json; from workers.cli.app import run; code = run(['--help']); "
        f"print(json.dumps([code, [m for m in {HEAVY!r} if m in sys.modules]]))"
    )
    done = subprocess.run([sys.executable, "-c", probe], cwd=REPOSITORY, capture_output=True, text=True, check=True)

    assert json.loads(done.stdout.splitlines()[-1]) == [0, []]


def test_pm_without_a_command_shows_the_help_and_says_so_to_scripts(fresh):
    assert "Usage: pm" in fresh().out
    assert fresh().code == 2
    assert "Usage: pm audit" in fresh("audit").out


@pytest.mark.parametrize(
    "command", ["run", "report", "pending", "status", "positions", "orders", "doctor", "audit show"]
)
def test_piped_output_has_no_colours_and_fits_its_width(demo, command):
    said = demo(*command.split())

    assert said.code == 0
    assert said.err == ""
    assert "\x1b" not in said.out
    if command != "audit show":
        assert max(len(line) for line in said.out.splitlines()) <= WIDTH


def test_why_fits_its_width_and_has_no_colours(demo):
    said = demo("why", demo.json("pending")[0]["id"])

    assert "\x1b" not in said.out
    assert max(len(line) for line in said.out.splitlines()) <= WIDTH


def test_an_empty_home_says_what_there_is_not(fresh):
    assert fresh("pending").out.strip() == "Nothing waits in 'demo'."
    assert "no positions" in fresh("positions").out
    assert fresh("orders").out.strip() == "none"
    assert "`pm run` makes one" in fresh("status").out
    assert "there is no run yet" in fresh("report").refused()


def test_a_report_of_an_unknown_slot_is_refused(demo):
    assert "'lunch'" in demo("report", "--slot", "lunch").refused()


def test_model_text_cannot_write_markup_or_control_codes_to_the_terminal(demo, proposals):
    hostile = "\x1b[31m[red]wow[/red] \x07\x1b]0;title\x07"
    demo("propose", proposals({"symbol": "JPM", "reason": hostile}))
    put_in = next(p for p in demo.json("orders") if p["symbol"] == "JPM")

    told = demo("why", put_in["proposal_id"]).out

    assert "[red]wow[/red]" in told
    assert "\x1b" not in told
    assert "\x07" not in told


def test_the_settings_choose_the_portfolio_where_the_command_line_names_none(fresh, mandate, monkeypatch):
    monkeypatch.setenv("PM_PORTFOLIO", mandate())

    assert fresh.json("status")["portfolio"] == "mine"
    assert fresh.json("status", "-p", "demo")["portfolio"] == "demo"


def test_graph_draws_both_machines(fresh):
    drawn = fresh("graph").out

    assert "thesis" in drawn
    assert "await_approval" in drawn
