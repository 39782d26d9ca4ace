"""Examine an analyst on all cases as a Braintrust experiment: kept here, or logged there where a key is set."""

from collections import defaultdict
from collections.abc import Callable, Sequence
from contextlib import redirect_stderr
from io import StringIO
from typing import Any

from pydantic import Field

from domain.value import Value
from evals.braintrust_settings import BraintrustSettings
from evals.cases import Dataset
from evals.examination import Examiner, Paper
from evals.scorers import SCORERS

Told = Callable[[int, int], None]
"""Hears (cases done, cases in all)."""


class Mark(Value):
    """What one scorer gave on average over `n` cases that concern it, against the least it must give."""

    scorer: str
    mean: float | None
    least: float
    n: int = Field(ge=0)
    worst: tuple[str, ...] = ()

    @property
    def passed(self) -> bool:
        """Whether it is enough; a scorer that no case concerned has not passed."""
        return self.mean is not None and self.mean >= self.least


class Report(Value):
    """How an analyst did; `errors` names cases that could not be examined, each with the reason."""

    analyst: str
    cases: int
    marks: tuple[Mark, ...]
    errors: dict[str, str] = Field(default_factory=dict)
    scores: dict[str, dict[str, float]] = Field(default_factory=dict)
    logged_to: str = ""

    @property
    def passed(self) -> bool:
        """Whether every mark was reached and every case examined."""
        return not self.errors and all(mark.passed for mark in self.marks)


def run_experiment(
    examiner: Examiner, dataset: Dataset, analyst: str, settings: BraintrustSettings, told: Told = lambda *_: None
) -> Report:
    """Examine every case, score the papers, and compare with the pass marks.

    Without a key nothing is sent anywhere.

    Raises:
        OperatorNeeded: a key is set and Braintrust did not take the experiment.
    """
    settings.prepare()
    from braintrust import Eval, EvalCase  # noqa: PLC0415 - a second, only where something is evaluated

    papers: dict[str, Paper] = {}

    def task(given: dict[str, Any]) -> dict[str, Any]:
        case = by_id[given["case"]]
        papers[case.id] = examiner.examine(case)
        told(len(papers), len(dataset.cases))
        return papers[case.id].plain()

    def scorer(name: str) -> Callable[..., Any]:
        def score(input: dict[str, Any], output: Any, expected: Any) -> dict[str, Any]:  # noqa: A002, ARG001 - Braintrust passes these names
            return {"name": name, "score": SCORERS[name](papers[input["case"]])}

        return score

    by_id = {case.id: case for case in dataset.cases}
    data = [
        EvalCase(input={"case": case.id}, metadata={"kind": case.kind.value}, expected={"expect": case.expect.value})
        for case in dataset.cases
    ]
    with redirect_stderr(StringIO()):  # the library draws bars of its own
        result = Eval(
            settings.project,
            data=data,
            task=task,
            scores=[scorer(name) for name in SCORERS.names()],
            experiment_name=f"{analyst}-cases" if settings.key else None,
            no_send_logs=settings.key is None,
            max_concurrency=4,
            reporter=_silent(),
            enable_cache=False,
            state=_own_login() if settings.key else None,
        )
    scores = {one.input["case"]: {n: s for n, s in one.scores.items() if s is not None} for one in result.results}
    errors = {one.input["case"]: str(one.error) for one in result.results if one.error is not None}
    return Report(
        analyst=analyst,
        cases=len(result.results),
        marks=_marks(dataset, scores),
        errors=errors,
        scores=scores,
        logged_to=settings.app_url if settings.key else "",
    )


def _marks(dataset: Dataset, scores: dict[str, dict[str, float]]) -> tuple[Mark, ...]:
    given: dict[str, list[tuple[float, str]]] = defaultdict(list)
    for case, by_scorer in scores.items():
        for name, score in by_scorer.items():
            given[name].append((score, case))
    return tuple(
        Mark(
            scorer=name,
            mean=sum(score for score, _ in given[name]) / len(given[name]) if given[name] else None,
            least=dataset.marks.get(name, 1.0),
            n=len(given[name]),
            worst=_worst(given[name]),
        )
        for name in SCORERS.names()
    )


def _worst(scored: Sequence[tuple[float, str]]) -> tuple[str, ...]:
    return tuple(case for score, case in sorted(scored)[:3] if score < 1.0)


def _silent() -> Any:
    """A reporter that says nothing: the terminal is ours."""
    from braintrust import Reporter  # noqa: PLC0415 - as above

    return Reporter("silent", report_eval=lambda *_, **__: True, report_run=lambda *_, **__: True)


def _own_login() -> Any:
    """A login of the experiment's own, so that traces of the same process keep theirs."""
    from braintrust.logger import BraintrustState  # noqa: PLC0415 - as above

    make: Any = BraintrustState
    return make()
