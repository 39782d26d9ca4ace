"""A tear sheet: whole, the same for the same ledger, nothing fetched, nothing from outside obeyed."""

import re
from datetime import date
from itertools import pairwise
from xml.etree import ElementTree as ET

import pytest

from evals.replay.reading import read_result
from evals.report.facts import gather
from evals.report.page import page
from tests.graph.conftest import open_desk, proposal
from tools.market_data._sp500 import RecordedCloses, load_sp500

FIRST, LAST = date(2017, 5, 26), date(2017, 6, 30)


@pytest.fixture(scope="module")
def facts(tmp_path_factory):
    """Five weeks in which two symbols are bought, one of them sold again, and one proposal is refused."""
    with open_desk(tmp_path_factory.mktemp("desk")) as desk:
        desk.propose(
            proposal("AAPL", reason="<script>alert(1)</script>"), proposal("JNJ"), proposal("BBY", confidence=0.1)
        )
        desk.move_to(date(2017, 6, 13))
        desk.propose(proposal("JNJ", action="SELL", position_size_pct=0.2))
        desk.move_to(LAST)
        desk.runner.enter()
        sessions = [day for day in load_sp500().sessions if FIRST <= day <= LAST]
        result = read_result(
            desk.ledger,
            desk.mandate,
            RecordedCloses(),
            sessions,
            date(2017, 5, 25),
            analyst="<b>bold</b>",
            approver="never",
            blind=False,
            rules=["max_position_weight"],
        )
        yield gather(result, desk.ledger, desk.mandate, RecordedCloses(), assumptions=["a & b"], code_version="test")


def test_it_has_every_part(facts):
    text = page(facts)

    for title in ("Equity", "Drawdown", "Figures", "By month", "Exposure by sector", "Verdicts", "Calibration"):
        assert f"<h2>{title}</h2>" in text
    for title in ("Regret", "Quality and habits", "Halts and resumes", "Cost", "Assumptions"):
        assert f"<h2>{title}</h2>" in text
    assert "PAPER" in text
    assert facts.result.ledger_digest in text
    assert len(re.findall("<svg", text)) >= 4


def test_figures_are_those_of_the_curve(facts):
    units = facts.result.curve.unit_value
    total = units[-1] / units[0] - 1.0

    assert facts.measures["demo"]["total_return"].value == pytest.approx(total)
    assert f"<td>{total:.1%}</td>" in page(facts)
    assert facts.measures["demo"]["hit_rate"].n == 1  # JNJ came and went


def test_the_share_of_months_that_ended_higher_is_told(facts):
    units, days = facts.result.curve.unit_value, facts.result.curve.closes
    ends = [units[0], next(u for u, day in zip(units[::-1], days[::-1], strict=True) if day.month == 5), units[-1]]
    higher = sum(after > before for before, after in pairwise(ends)) / 2

    assert f"{higher:.0%} of the months ended higher" in page(facts)


def test_every_picture_can_be_read_and_nothing_is_fetched(facts):
    text = page(facts)

    for svg in re.findall(r"<svg.*?</svg>", text, flags=re.DOTALL):
        ET.fromstring(svg)
    assert "<script" not in text
    assert not re.findall(r"""(?:src|href)=["'](?!#)""", text.replace("xlink:href", "href"))


def test_text_from_outside_is_escaped(facts):
    text = page(facts)

    assert "<b>bold</b>" not in text
    assert "&lt;b&gt;bold&lt;/b&gt;" in text
    assert "a &amp; b" in text


def test_the_same_facts_make_the_same_page(facts):
    assert page(facts) == page(facts)
