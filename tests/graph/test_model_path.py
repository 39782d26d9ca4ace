"""A whole run with the analyst that asks a model, against a stand-in server, from the question to the order."""

import json

import pytest
import structlog

import agent.interview
from agent.analysts.openai import OpenAIAnalyst, OpenAISettings
from agent.cache import AnswerCache
from domain.records import ProposalStatus, RunStatus
from domain.verdict import Outcome
from tests.graph.conftest import SESSION, demo_mandate, open_desk
from tests.standins.chat_server import INJECTION, ChatServer
from workers.cli.app import run as pm

SLOT = SESSION.isoformat()
SECRET = "sk-planted-0123456789-secret"
SHORTLIST = {"AMD", "BBY", "BAC", "AAPL", "RRC"}


class Office:
    """Makes servers, and desks whose analyst asks them; all desks share one folder of answers."""

    def __init__(self, folder):
        self._folder = folder
        self._desks = 0

    def analyst(self, server, *, cached=True):
        settings = OpenAISettings(
            _env_file=None, openai_api_key=SECRET, openai_base_url=server.base_url, pm_model="gpt-5-mini"
        )
        cache = AnswerCache(self._folder / "answers") if cached else None
        return OpenAIAnalyst(settings, cache, sleep=lambda _: None)

    def desk(self, server, **options):
        self._desks += 1
        return open_desk(self._folder / f"home{self._desks}", analyst=self.analyst(server), **options)


@pytest.fixture
def office(tmp_path):
    return Office(tmp_path)


@pytest.fixture
def server():
    with ChatServer() as made:
        yield made


def test_five_symbols_are_seven_calls_and_the_same_slot_again_is_none(office, server):
    with office.desk(server) as desk:
        desk.runner.start(SLOT)
        first = len(server.calls)
        again = desk.runner.start(SLOT)

    assert first == len(server.calls) == 7
    assert again.already_done
    assert again.run.analyst == "openai"


def test_another_slot_of_the_same_date_and_book_is_answered_from_the_cache(office, server):
    """Everything is restricted, so that the first slot leaves the book as it was."""
    universe = demo_mandate().universe
    with office.desk(server, mandate=demo_mandate(restricted=dict.fromkeys(universe, "a test"))) as desk:
        desk.runner.start(SLOT)
        desk.runner.start("afternoon")

        assert len(server.calls) == 7
        assert [call.cached for call in desk.ledger.calls("demo", "afternoon")] == [True] * 7
        assert symbols(desk, "afternoon") == symbols(desk, SLOT) != set()


def test_what_the_model_used_is_in_the_ledger(office):
    with ChatServer(latency=0.05) as server, office.desk(server) as desk:
        desk.runner.start(SLOT)
        calls = desk.ledger.calls("demo", SLOT)

    assert sorted((call.node, call.subject) for call in calls) == [
        ("propose", ""),
        ("research", ""),
        *(("thesis", symbol) for symbol in sorted(SHORTLIST)),
    ]
    assert all(call.prompt_tokens > 100 for call in calls)
    assert all(call.completion_tokens > 0 and call.latency_seconds >= 0.05 for call in calls)
    for call in calls:
        assert call.cost_usd == pytest.approx((0.25 * call.prompt_tokens + 2.0 * call.completion_tokens) / 1e6)


@pytest.mark.parametrize("mode", ["refuse", "error_500", "unauthorized", "no_quota", "html", "garbage", "nan"])
def test_a_server_that_gives_nothing_usable_means_no_decision_and_no_order(office, mode):
    with ChatServer(script={"*": mode}) as server, office.desk(server) as desk:
        run = desk.runner.start(SLOT).run

        assert run.status is RunStatus.DONE
        assert set(run.undecided) == SHORTLIST
        assert all(reason.startswith("no research: ") and len(reason) > 20 for reason in run.undecided.values())
        assert nothing_was_traded(desk)


def test_a_server_that_is_down_means_no_decision_and_no_order(office):
    with ChatServer() as server:
        pass
    with office.desk(server) as desk:
        run = desk.runner.start(SLOT).run

        assert run.status is RunStatus.DONE
        assert set(run.undecided) == SHORTLIST
        assert all("no connection to" in reason for reason in run.undecided.values())
        assert nothing_was_traded(desk)


@pytest.mark.parametrize("mode", ["garbage", "nan", "refuse", "truncated", "error_500"])
def test_one_thesis_that_fails_costs_its_symbol_only(office, mode):
    with ChatServer(script={"thesis:AAPL": mode}) as server, office.desk(server) as desk:
        run = desk.runner.start(SLOT).run

        assert run.status is RunStatus.DONE
        assert set(run.undecided) == {"AAPL"}
        assert run.undecided["AAPL"]
        assert symbols(desk, SLOT) == SHORTLIST - {"AAPL"}
        assert {intent.symbol for intent in desk.ledger.intents("demo")} == {"BAC"}


@pytest.mark.parametrize("mode", ["out_of_range", "wrong_type", "extra_field"])
def test_one_proposal_that_can_not_be_read_costs_its_symbol_only(office, mode):
    """The stand-in spoils the first proposal, in the answer and in its repair."""
    with ChatServer(script={"propose": mode}) as server, office.desk(server) as desk:
        run = desk.runner.start(SLOT).run

        (spoiled,) = run.undecided
        assert run.status is RunStatus.DONE
        assert len([call for call in server.calls if call.node == "propose"]) == 2
        assert symbols(desk, SLOT) == SHORTLIST - {spoiled}


@pytest.mark.parametrize("mode", ["garbage", "nan", "error_500"])
def test_no_proposals_at_all_means_no_order(office, mode):
    with ChatServer(script={"propose": mode}) as server, office.desk(server) as desk:
        run = desk.runner.start(SLOT).run

        assert run.status is RunStatus.DONE
        assert set(run.undecided) == SHORTLIST
        assert nothing_was_traded(desk)


def test_a_thesis_with_invented_numbers_is_marked_and_its_trade_refused(office):
    with ChatServer(script={"thesis:BAC": "ungrounded"}) as server, office.desk(server) as desk:
        desk.runner.start(SLOT)

        (record,) = [one for one in desk.ledger.proposals("demo") if one.proposal.symbol == "BAC"]
        (thesis,) = [one for one in desk.ledger.theses("demo", SLOT) if one.symbol == "BAC"]
        rule = next(result for result in record.verdict.results if result.rule == "cited_evidence")
        assert thesis.ungrounded == record.trade.ungrounded == ("42.7 %",)
        assert (record.status, rule.outcome, rule.observed) == (ProposalStatus.REJECTED, Outcome.HARD, 0)
        assert "42.7 %" in rule.message
        assert "BAC" not in {intent.symbol for intent in desk.ledger.intents("demo")}


def test_pm_why_says_what_is_not_in_the_data(command):
    with ChatServer(script={"thesis:BAC": "ungrounded"}) as server:
        ran = command.run(server, "run", "--json", "--as-of", SLOT)
        (made,) = [one for one in ran["proposals"] if one["symbol"] == "BAC"]

        shown = command.read("why", made["id"])

    assert made["ungrounded"] == ["42.7 %"]
    assert "NOT GROUNDED: the argument states what is not in the data: 42.7 %" in shown
    assert "Sales will rise by 42.7 %." in shown


def test_instructions_in_the_models_own_words_stay_data(office):
    with ChatServer() as server, office.desk(server) as desk:
        desk.runner.start(SLOT)
        ordinary = traded(desk)
    with (
        ChatServer(script=dict.fromkeys(("research", "thesis", "propose"), "injection")) as server,
        office_without_answers(office).desk(server) as desk,
    ):
        desk.runner.start(SLOT)

        assert traded(desk) == ordinary != []
        assert all(prompt.count("</data>") == 2 for prompt in server.prompts)
        reasons = {record.proposal.symbol: record.proposal.reason for record in desk.ledger.proposals("demo")}
        assert reasons["AAPL"] == INJECTION.replace("\n", " ")
        assert all("ignore the limits" in call.prompt for call in server.calls if call.node != "research")


def test_pm_run_asks_seven_times_then_never_again_also_after_a_reset(command, server):
    first = command.run(server, "run", "--json", "--as-of", SLOT)
    again = command.run(server, "run", "--json", "--slot", SLOT)
    command.run(server, "reset", "--yes", "--json")
    anew = command.run(server, "run", "--json", "--as-of", SLOT)

    assert len(server.calls) == 7
    assert first["model"]["calls"] == 7
    assert first["model"]["prompt_tokens"] > 1_000
    assert first["model"]["completion_tokens"] > 100
    assert first["model"]["cost_usd"] > 0.0
    assert (again["already_done"], again["model"]) == (True, first["model"])
    assert anew["model"] == {"calls": 0, "cached": 7, "prompt_tokens": 0, "completion_tokens": 0, "cost_usd": 0.0}
    assert decisions(anew) == decisions(first) != []


def test_pm_cost_tells_runs_days_models_caps_and_every_answer(command, server):
    ran = command.run(server, "run", "--json", "--as-of", SLOT)

    found = command.run(server, "cost", "--json")
    calls = command.run(server, "cost", "--slot", SLOT, "--answers", "--json")
    shown = command.read("cost")
    one_run = command.read("cost", "--slot", SLOT, "--answers")

    used = ran["model"]["prompt_tokens"] + ran["model"]["completion_tokens"]
    (run,), (day,), (model,) = found["runs"], found["days"], found["models"]
    assert (run["name"], day["name"], model["name"]) == (SLOT, found["today"], "gpt-5-mini")
    assert run["calls"] == 7
    assert run["cost_usd"] == ran["model"]["cost_usd"]
    assert [(cap["scope"], cap["most"], cap["used"]) for cap in found["caps"]] == [
        ("run", 60_000, used), ("day", 600_000, used),
    ]  # fmt: skip
    assert run["held_tokens"] == 0
    assert {"gpt-5-mini", "PM_MODEL_MAX_TOKENS_PER_DAY", f"{used:,}"} <= set(shown.split())
    assert [call["node"] for call in calls].count("thesis") == 5
    assert all(json.loads(call["answer"]) and call["prompt_digest"][:12] in one_run for call in calls)
    assert "Stand-in: the market facts are as shown." in one_run


def test_the_cap_of_a_day_is_shared_by_processes_and_ends_in_no_decision(command, server, monkeypatch):
    command.run(server, "run", "--json", "--as-of", SLOT)
    monkeypatch.setenv("PM_MODEL_MAX_TOKENS_PER_DAY", "9000")

    second = command.run(server, "run", "--json")

    assert len(server.calls) == 7
    assert second["proposals"] == []
    assert second["undecided"]
    assert all("PM_MODEL_MAX_TOKENS_PER_DAY" in reason for reason in second["undecided"].values())


@pytest.mark.parametrize("mode", ["error_500", "refuse", "down"])
def test_pm_run_without_a_usable_model_ends_well_and_says_so(command, mode, monkeypatch):
    monkeypatch.setattr(agent.interview, "BACKOFF_SECONDS", (0.0, 0.0))
    with ChatServer(script={"*": mode}) as server:
        if mode == "down":
            server.close()

        found = command.run(server, "run", "--json")

    assert found["status"] == "done"
    assert set(found["undecided"]) == SHORTLIST
    assert found["proposals"] == found["orders"] == []


@pytest.mark.parametrize("mode", ["good", "unauthorized", "bad_request"])
def test_the_key_is_in_no_output_file_or_prompt(command, mode, tmp_path):
    with ChatServer(script={"*": mode}) as server:
        command.run(server, "run", "--json", "--as-of", SLOT)
        command.read("run", "--slot", SLOT)
        command.read("report")

        assert all(call.authorization == f"Bearer {SECRET}" for call in server.calls)
        assert not any(SECRET in prompt for prompt in server.prompts)
    assert SECRET not in command.printed
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert {"ledger.sqlite", "events.log"} <= {path.name for path in files}
    assert not [path.name for path in files if SECRET.encode() in path.read_bytes()]


class Command:
    """Carries out `pm` in this process, with a home and a cache of its own."""

    def __init__(self, monkeypatch, capsys):
        self._monkeypatch = monkeypatch
        self._capsys = capsys
        self.printed = ""

    def run(self, server, *argv):
        self._monkeypatch.setenv("OPENAI_BASE_URL", server.base_url)
        return json.loads(self.read(*argv))

    def read(self, *argv):
        code = pm(argv)
        out, err = self._capsys.readouterr()
        self.printed += out + err
        assert (code, err) == (0, ""), out
        return out


@pytest.fixture
def command(tmp_path, monkeypatch, capsys):
    settings = {
        "PM_ANALYST": "openai",
        "PM_HOME": str(tmp_path / "home"),
        "PM_CACHE": str(tmp_path / "cache"),
        "PM_MODEL": "gpt-5-mini",
        "OPENAI_API_KEY": SECRET,
    }
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    yield Command(monkeypatch, capsys)
    structlog.reset_defaults()


def office_without_answers(office):
    return Office(office._folder / "apart")


def symbols(desk, slot):
    return {record.proposal.symbol for record in desk.ledger.proposals("demo", slot=slot)}


def traded(desk):
    return [(intent.symbol, intent.side, intent.quantity) for intent in desk.ledger.intents("demo")]


def nothing_was_traded(desk):
    return desk.ledger.proposals("demo") == () and desk.ledger.intents("demo") == () and not desk.book().positions


def decisions(report):
    return [(made["symbol"], made["decision"], made["quantity"]) for made in report["proposals"]]
