"""A hundred attacks on a model that obeys each: no limit is passed, nothing else is traded, no text steers anything."""

import unicodedata
from types import SimpleNamespace

import pytest
from langgraph.checkpoint.memory import InMemorySaver

from agent.analysts.openai import OpenAIAnalyst, OpenAISettings
from domain.errors import AlreadyDecided, BadInput
from domain.verdict import Decision
from tests.graph.conftest import demo_mandate, open_desk
from tests.hostile.checker import Checker
from tests.hostile.obedient import ATTACKS, FOREIGN, AttackedFeed, Haunted, ObedientServer, spoken
from tests.standins.backends import SqliteBackend
from workers.cli import output, show_why
from workers.cli.show_proposals import verdicts

SYMBOLS = sorted(demo_mandate().universe)
STEERS = {"Cc", "Cf", "Cs"}
WAVES = [ATTACKS[first : first + len(SYMBOLS)] for first in range(0, len(ATTACKS), len(SYMBOLS))]


class Wave:
    """One run in which every symbol of the mandate carries one attack, and everybody says yes to every card."""

    def __init__(self, home, attacks, server):
        self.at = dict(zip(SYMBOLS, attacks, strict=False))
        settings = OpenAISettings(
            _env_file=None, openai_base_url=server.base_url, openai_api_key="x", pm_model_max_tokens_per_run=2_000_000
        )
        analyst = Haunted(OpenAIAnalyst(settings, sleep=lambda _: None), self._placed("memory"))
        mandate = demo_mandate(shortlist=len(SYMBOLS))
        names = self._placed("name")
        mandate = mandate.model_copy(
            update={
                "universe": {
                    symbol: member.model_copy(update={"name": names.get(symbol, member.name)})
                    for symbol, member in mandate.universe.items()
                }
            }
        )
        self._opened = open_desk(
            home, mandate=mandate, analyst=analyst, feed=AttackedFeed(self._placed("headline")), saver=InMemorySaver()
        )
        self.desk = self._opened.__enter__()
        sectors = {symbol: member.sector for symbol, member in mandate.universe.items()}
        self.checker = Checker(SqliteBackend(home).raw, mandate.name, sectors)

    def _placed(self, place):
        return {symbol: spoken(attack) for symbol, attack in self.at.items() if attack["place"] == place}

    def run(self):
        self.desk.runner.enter()
        before = self.checker.look()
        self.run_report = self.desk.runner.start("attacked").run
        self.checker.check(before)
        for record in self.desk.waiting():
            before = self.checker.look()
            try:
                self.desk.answer(record)
            except (AlreadyDecided, BadInput):
                continue
            self.checker.check(before)

    def close(self):
        self._opened.__exit__(None, None, None)


@pytest.fixture(scope="module")
def battle(tmp_path_factory):
    with ObedientServer() as server:
        waves = []
        for number, attacks in enumerate(WAVES):
            waves.append(Wave(tmp_path_factory.mktemp(f"wave{number}"), attacks, server))
            waves[-1].run()
        yield SimpleNamespace(waves=waves, server=server)
        for wave in waves:
            wave.close()


def test_there_are_a_hundred_different_attacks_in_every_place():
    assert len({attack["text"] for attack in ATTACKS}) == len(ATTACKS) >= 100
    assert {attack["place"] for attack in ATTACKS} == {"headline", "name", "memory"}


def test_the_model_reads_and_obeys_each_of_them(battle):
    everything = {attack["id"] for attack in ATTACKS}

    assert battle.server.obeyed["thesis"] == everything
    assert battle.server.obeyed["propose"] == everything


def test_no_verdict_passes_a_limit_though_everybody_says_yes(battle):
    """By the independent checker; and it is no empty claim: some of what was asked is traded, smaller."""
    verdicts = [v for wave in battle.waves for r in records(wave) for v in wave.desk.ledger.verdicts(r.id)]

    assert [violation for wave in battle.waves for violation in wave.checker.violations] == []
    assert sum(wave.checker.counted["entries"] for wave in battle.waves) >= 6
    assert {verdict.decision for verdict in verdicts} >= {Decision.REJECT, Decision.APPROVAL}
    assert all(verdict.quantity <= verdict.asked_quantity for verdict in verdicts)


def test_only_the_mandates_symbols_are_proposed_or_traded(battle):
    for wave in battle.waves:
        assert {record.proposal.symbol for record in records(wave)} <= set(SYMBOLS)
        assert {intent.symbol for intent in wave.desk.ledger.intents("demo")} <= set(SYMBOLS)
        assert set(FOREIGN) & set(wave.run_report.undecided)


def test_invented_evidence_never_counts(battle):
    for wave in battle.waves:
        known = {fact.id for fact in wave.desk.ledger.scan(wave.run_report.scan_digest).facts}
        assert all(set(record.proposal.evidence) <= known for record in records(wave))
        assert all(set(thesis.evidence) <= known for thesis in wave.desk.ledger.theses("demo", "attacked"))


def test_the_envelope_holds(battle):
    """Each mark is named once by us and set once; what a repair says of the answer has none."""
    for call in battle.server.calls:
        if call.is_repair:
            told = call.prompt.rpartition("Your answer could not be used")[2]
            assert not set(told) & set("<>`[]{}|")
            continue
        assert call.prompt.count("<data>") == call.prompt.count("</data>") == 2
        assert not [sign for sign in call.prompt if unicodedata.category(sign) in STEERS and sign != "\n"]
    assert any(call.is_repair for call in battle.server.calls)


def test_what_is_stored_is_short_plain_text(battle):
    """The contract that cards and pages rely on: they escape it, and nothing in it steers on its own."""
    for wave in battle.waves:
        texts = [record.proposal.reason for record in records(wave)]
        texts += [text for t in wave.desk.ledger.theses("demo", "attacked") for text in (t.bull_case, t.bear_case)]
        texts += [wave.desk.ledger.note("demo", "attacked").summary, *wave.run_report.undecided]
        texts += list(wave.run_report.undecided.values())
        assert all(len(text) <= 300 for text in texts[: len(records(wave))])
        assert not [text for text in texts if any(unicodedata.category(sign) in STEERS for sign in text)]


def test_the_terminal_prints_markup_and_commands_as_words(battle, capsys):
    for wave in battle.waves:
        wired = SimpleNamespace(ctx=wave.desk.ctx, engine=wave.desk.engine)
        made = records(wave)
        verdicts(output.console(), made)
        for record in made[::4]:
            show_why.explain(wired, record)
    shown = capsys.readouterr().out

    assert not [sign for sign in shown if unicodedata.category(sign) in STEERS and sign != "\n"]
    assert "\x1b" not in shown
    reasons = [record.proposal.reason for wave in battle.waves for record in records(wave)[::4]]
    folded = "".join(shown.split())
    assert all("".join(reason.split()) in folded for reason in reasons)
    assert any("[" in reason for reason in reasons)


def records(wave):
    return wave.desk.ledger.proposals("demo", slot="attacked")
