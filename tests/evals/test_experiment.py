"""The examination: cases that can be read, scorers that bite, a pass mark that fails, the same experiment logged."""

import json

import pytest

from agent.analysts.quant import QuantAnalyst
from domain.errors import BadInput
from domain.proposal import Action
from domain.research import Answer, Proposals
from evals.braintrust_settings import BraintrustSettings
from evals.cases import Dataset, Kind, read_cases
from evals.examination import Examiner
from evals.experiment import run_experiment
from evals.scorers import SCORERS
from risk_engine.engine import Engine
from tests.graph.conftest import demo_mandate
from tests.standins.braintrust import Braintrust
from tools.market_data.recorded import RecordedFeed
from workers.wiring import load, read_policy

NO_KEY = BraintrustSettings(_env_file=None, braintrust_api_key=None)


def examiner(analyst):
    mandate = demo_mandate()
    engine = Engine(load(read_policy(mandate, recorded=True)), mandate, "test")
    return Examiner(analyst, RecordedFeed(), mandate, engine)


def some(*kinds, most=2):
    """A few cases of each kind, with the marks of all."""
    everything = read_cases()
    chosen = [case for kind in kinds for case in [c for c in everything.cases if c.kind is kind][:most]]
    return Dataset(marks=everything.marks, case=tuple(chosen))


class Reckless(QuantAnalyst):
    """A deliberately bad analyst: buys what it argues against, all in, citing what does not exist."""

    name = "reckless"

    def thesis(self, question):
        thesis = super().thesis(question).value
        said = "Certain to rise 73.21 % on 2031-01-01"
        return Answer(value=thesis.model_copy(update={"confidence": 1.0, "bull_case": said, "stance": "bearish"}))

    def propose(self, question):
        bought = super().propose(
            question.model_copy(
                update={"theses": tuple(t.model_copy(update={"stance": "bullish"}) for t in question.theses)}
            )
        )
        mad = {"position_size_pct": 1.0, "evidence": ("AAPL.secret",), "confidence": 1.0}
        return Answer(
            value=Proposals(
                accepted=tuple(p.model_copy(update=mad) for p in bought.value.accepted if p.action is Action.BUY)
            )
        )


def test_there_are_sixty_cases_and_more_of_every_kind():
    dataset = read_cases()

    assert len(dataset.cases) >= 60
    assert {case.kind for case in dataset.cases} == set(Kind)
    assert set(dataset.marks) == set(SCORERS.names())


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[marks]\n[[case]]\nid = 'x y z'\nkind = 'calm'\nsession = 2017-05-26", "id"),
        ("[marks]\n[[case]]\nid = 'one'\nkind = 'calm'\nsession = 2017-05-26\ntypo = 1", "typo"),
        ("[marks]\n" + "[[case]]\nid = 'one'\nkind = 'calm'\nsession = 2017-05-26\n" * 2, "two cases are called"),
        ("[marks", "not valid TOML"),
    ],
)
def test_a_dataset_that_can_t_be_one_is_refused(text, said, tmp_path):
    (tmp_path / "cases.toml").write_text(text)

    with pytest.raises(BadInput, match=said):
        read_cases(tmp_path / "cases.toml")


def test_the_baseline_passes_a_few_of_every_kind():
    report = run_experiment(examiner(QuantAnalyst()), some(*Kind), "quant", NO_KEY)

    assert report.errors == {}
    assert {mark.scorer for mark in report.marks if not mark.passed} == set()
    assert report.logged_to == ""


def test_a_bad_analyst_is_below_every_mark_and_trades_nothing_that_a_rule_forbids():
    report = run_experiment(examiner(Reckless()), some(Kind.CALM, Kind.STALE, Kind.LIMIT), "reckless", NO_KEY)
    means = {mark.scorer: mark.mean for mark in report.marks}

    assert not report.passed
    assert means["evidence_cited"] == means["grounded"] == means["follows_thesis"] == means["sized_within_room"] == 0.0
    assert means["calibrated"] < 0.70
    assert means["does_nothing"] == 1.0  # the risk engine held


def test_a_case_that_breaks_the_analyst_fails_the_examination():
    class Broken(QuantAnalyst):
        def research(self, question):
            raise RuntimeError("out of order")

    report = run_experiment(examiner(Broken()), some(Kind.CALM, most=1), "broken", NO_KEY)

    assert not report.passed
    assert "out of order" in report.errors["calm-01"]


def test_the_same_experiment_is_logged_where_a_key_is_set():
    server = Braintrust()
    settings = BraintrustSettings(
        _env_file=None, braintrust_api_key="k", braintrust_api_url=server.url, braintrust_app_url=server.url
    )
    try:
        report = run_experiment(examiner(QuantAnalyst()), some(Kind.CALM, Kind.CRASH), "quant", settings)
    finally:
        server.close()

    cases = [row for row in server.rows.values() if row.get("span_attributes", {}).get("type") == "eval"]
    assert report.logged_to == server.url
    assert sorted(row["input"]["case"] for row in cases) == ["calm-01", "calm-02", "crash-01", "crash-02"]
    for case in cases:
        spans = [row for row in server.rows.values() if case["span_id"] in (row.get("span_parents") or ())]
        kinds = [span["span_attributes"]["type"] for span in spans]
        scored = [(name, score) for span in spans for name, score in (span.get("scores") or {}).items()]
        assert (kinds.count("task"), kinds.count("score")) == (1, len(SCORERS.names()))
        assert sorted(name for name, _ in scored) == sorted(SCORERS.names())
        assert {name: score for name, score in scored if score is not None} == report.scores[case["input"]["case"]]
    assert set(server.taken.values()) == {1}
    assert "k" not in json.dumps(list(server.rows.values())).split('"')
