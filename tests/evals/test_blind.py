"""Behind the disguise: no ticker, name or date of the real world is shown, and every answer names the real things."""

import json
import re
from datetime import date

import pytest

from agent.analysts.quant import QuantAnalyst
from agent.blind import Disguise
from agent.questions import proposal_prompt, research_prompt, thesis_prompt
from domain.proposal import TradeProposal
from domain.research import Thesis
from tests.evals.conftest import FIRST
from tests.graph.conftest import demo_mandate
from workers import backtest as backtests

UNIVERSE = demo_mandate().universe
NAMES = {symbol: member.name for symbol, member in UNIVERSE.items()}
DISGUISE = Disguise(NAMES, FIRST)


class Witness(QuantAnalyst):
    """The baseline; it remembers everything that it was shown, and each prompt that a model would have seen."""

    shown = None

    def research(self, question):
        Witness.shown += [question.model_dump_json(exclude={"slot"}), said(research_prompt(question))]
        return super().research(question)

    def thesis(self, question):
        Witness.shown += [question.model_dump_json(exclude={"slot"}), said(thesis_prompt(question))]
        return super().thesis(question)

    def propose(self, question):
        Witness.shown += [question.model_dump_json(exclude={"slot"}), said(proposal_prompt(question))]
        return super().propose(question)


def said(prompt):
    """What is asked, without the house rules, whose example of an id names a ticker."""
    return "\n".join(message.content for message in prompt.messages if message.role != "system")


@pytest.fixture
def witnessed(monkeypatch):
    Witness.shown = []
    monkeypatch.setattr(backtests, "ANALYSTS", {"quant": Witness})
    return Witness.shown


def test_a_blind_analyst_is_shown_nothing_of_the_real_world(backtest, witnessed):
    backtest("blind", blind=True)

    real = re.compile(
        "|".join([*(rf"\b{re.escape(word)}\b" for word in [*UNIVERSE, *NAMES.values()]), r"(?<![\d.])2008\b"])
    )
    assert len(witnessed) > 100
    assert [found.group() for text in witnessed if (found := real.search(text))] == []
    assert any("S01" in text for text in witnessed)
    assert any("2200-" in text for text in witnessed)


def test_the_search_finds_what_a_seeing_analyst_is_shown(backtest, witnessed):
    backtest("seeing")

    assert any("AAPL" in text for text in witnessed)
    assert any("2008-07" in text for text in witnessed)


def test_the_baseline_decides_the_same_behind_the_disguise(backtest):
    seeing, blind = backtest("seeing").result, backtest("blind", blind=True).result

    assert [(fill.session, fill.symbol, fill.side, fill.quantity) for fill in seeing.fills] == [
        (fill.session, fill.symbol, fill.side, fill.quantity) for fill in blind.fills
    ]
    assert blind.fills
    assert blind.blind
    assert not seeing.blind


def test_what_is_masked_comes_back_as_it_was():
    thesis = Thesis(
        symbol="KO",
        bull_case="KO (Coca-Cola) rose 5 % by 2008-09-05, Johnson & Johnson did not",
        bear_case="KOSS and IKO are other companies",
        stance="bullish",
        confidence=0.6,
        expected_upside_pct=5.0,
        worst_case_loss_pct=2.0,
        time_horizon_days=30,
        invalidation="KO.return_5 falls",
        evidence=("KO.return_5", "MARKET.breadth_200"),
    )

    masked = DISGUISE.mask(thesis)

    assert re.fullmatch(r"S\d\d \(Company \d\d\) rose 5 % by 2200-\d\d-\d\d, Company \d\d did not", masked.bull_case)
    assert masked.bear_case == thesis.bear_case
    assert re.fullmatch(r"S\d\d\.return_5", masked.evidence[0])
    assert masked.evidence[1] == "MARKET.breadth_200"
    assert DISGUISE.unmask(masked) == thesis


def test_days_keep_their_weekday_and_their_distance():
    masked = DISGUISE._mask.swapped(["2008-09-15", "2008-09-19", "2008-13-45"])

    first, second = (date.fromisoformat(day) for day in masked[:2])
    assert (first.weekday(), (second - first).days) == (date(2008, 9, 15).weekday(), 4)
    assert masked[2] == "2008-13-45"


def test_labels_do_not_follow_the_alphabet_and_are_the_same_every_time():
    labels = [DISGUISE._mask.text(symbol) for symbol in sorted(UNIVERSE)]

    assert sorted(labels) == [f"S{place:02d}" for place in range(1, 21)]
    assert labels != sorted(labels)
    assert labels == [Disguise(NAMES, FIRST)._mask.text(symbol) for symbol in sorted(UNIVERSE)]


def test_a_proposal_of_a_masked_symbol_is_about_the_real_one():
    made = TradeProposal.model_validate(
        json.loads(
            '{"symbol": "S01", "action": "BUY", "position_size_pct": 0.05, "reason": "S01 looks strong",'
            ' "confidence": 0.6, "risk_level": "low", "expected_upside_pct": 5, "worst_case_loss_pct": 2,'
            ' "time_horizon_days": 14}'
        )
    )

    real = DISGUISE.unmask(made)

    assert real.symbol in UNIVERSE
    assert real.reason == f"{real.symbol} looks strong"
