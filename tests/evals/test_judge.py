"""Every question is asked of every portfolio, and an empty one has no answers but says so."""

from datetime import date

import pytest

from evals.behaviour import BEHAVIOUR
from evals.finding import Level
from evals.history import History
from evals.judge import judge, read_history
from evals.quality import QUALITY
from graph.outcomes import score_outcomes
from graph.views import market_now
from tests.graph.conftest import open_desk, proposal


@pytest.fixture
def desk(tmp_path):
    with open_desk(tmp_path / "home") as made:
        yield made


@pytest.mark.parametrize("registry", [QUALITY, BEHAVIOUR])
def test_the_name_of_a_finding_is_that_of_its_file(registry):
    for name in registry.names():
        finding = registry[name](History())

        assert (finding.name, finding.value, finding.level) == (name, None, Level.UNKNOWN)
        assert "needed" in finding.sentence


def test_a_portfolio_is_judged_from_its_ledger(desk):
    desk.propose(proposal("AAPL"), proposal("JNJ"))
    desk.move_to(date(2017, 6, 12))
    desk.runner.enter()
    score_outcomes(desk.ctx)

    history = read_history(desk.ledger, desk.mandate, market_now(desk.ctx))
    findings = {finding.name: finding for finding in judge(history)}

    assert set(findings) == {*QUALITY.names(), *BEHAVIOUR.names()}
    assert {fill.symbol for fill in history.fills} == {"AAPL", "JNJ"}
    assert [len(one.outcomes) for one in history.judged] == [2, 2]
    assert history.closes.shape == (len(history.sessions), len(history.symbols))
