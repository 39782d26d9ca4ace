"""What confidences were worth is learned from the past only, and lowers what an overconfident analyst may do."""

from datetime import date, timedelta

import pytest

from domain.proposal import Origin
from graph.learning import learn_calibrations
from tests.evals.builders import an_episode, an_outcome
from tests.graph.conftest import SESSION, open_desk, proposal

FIRST = date(2016, 9, 1)
KNOWN = date(2017, 5, 25)


class NothingAlike:
    """A recall in which nothing is like anything."""

    def add(self, _episode):
        pass

    def similar(self, _text, _portfolio, _before, **_options):
        return ()


@pytest.fixture
def remembering(tmp_path):
    with open_desk(tmp_path / "home", recall=NothingAlike()) as made:
        yield made


def live_through(desk, count, *, won=0.48, known=KNOWN, first=FIRST, origin=Origin.QUANT):
    """Let an analyst have stated 0.6 `count` times, and be right in a share `won` of them."""
    for number in range(count):
        episode = an_episode(
            f"E{known}{number}",
            proposal_id=desk.anchor,
            session=first + timedelta(days=number),
            origin=origin,
            confidence=0.6,
        )
        desk.ledger.open_episode(episode)
        gain = 0.03 if number % 25 < won * 25 else -0.03
        desk.ledger.save_outcomes([an_outcome(episode, gain, until=known)])


@pytest.fixture(autouse=True)
def anchor(request):
    """A stored proposal that the episodes belong to: the ledger wants one that exists."""
    desk = request.getfixturevalue("remembering")
    (held,) = desk.propose(proposal("GE", action="HOLD", position_size_pct=0))
    desk.anchor = held.id


def decided(desk, slot="2017-05-26"):
    desk.analyst.proposals = [proposal("AAPL", confidence=0.6, evidence=["AAPL.last_close", "AAPL.hit_rate"])]
    desk.runner.start(slot)
    return next(r for r in desk.ledger.proposals("demo", slot=slot) if r.proposal.symbol == "AAPL")


def observed(record, rule="min_confidence"):
    return next(result.observed for result in record.verdict.results if result.rule == rule)


def test_120_overconfident_outcomes_lower_the_confidence_that_counts_and_the_size(remembering, tmp_path):
    """Stated 0.6, right 60 times of 120 (12 of each 25, rounded up): the calibrated 0.5 cuts the size to 5/6."""
    with open_desk(tmp_path / "blank") as blank:
        stated = decided(blank)
    live_through(remembering, 120)
    assert learn_calibrations(remembering.ctx) == 1

    humbled = decided(remembering)

    share = remembering.book().calibrations[Origin.QUANT].calibrated(0.6)
    assert (observed(stated), observed(humbled)) == (0.6, pytest.approx(share))
    assert 0.45 < share < 0.52
    assert "min_confidence" in humbled.verdict.breached
    assert "calibration" in humbled.trade.sized_by
    assert humbled.trade.quantity < stated.trade.quantity


@pytest.mark.parametrize(
    ("count", "known", "origin"),
    [
        (99, KNOWN, Origin.QUANT),
        (120, SESSION, Origin.QUANT),
        (120, SESSION + timedelta(days=9), Origin.QUANT),
        (120, KNOWN, Origin.PERSON),
    ],
    ids=["too few", "complete today", "complete later", "a person's"],
)
def test_nothing_is_learned_from_what_was_not_known(remembering, count, known, origin):
    live_through(remembering, count, known=known, origin=origin)

    assert learn_calibrations(remembering.ctx) == 0
    assert remembering.book().calibrations == {}


def test_what_is_learned_changes_nothing_when_the_future_does(remembering):
    live_through(remembering, 120)
    learn_calibrations(remembering.ctx)
    before = remembering.book().calibrations
    live_through(remembering, 120, won=1.0, known=SESSION + timedelta(days=3))

    learn_calibrations(remembering.ctx)

    assert remembering.book().calibrations == before


def test_a_run_that_remembers_learns_before_it_decides(remembering, monkeypatch):
    live_through(remembering, 120)
    monkeypatch.setattr("graph.runner.score_outcomes", lambda _ctx: 1)

    humbled = decided(remembering)

    assert "calibration" in humbled.trade.sized_by
