"""The scorers: one file each, its name is its key; each gives a fraction, or None where a case does not concern it."""

from collections.abc import Callable
from typing import Final

from domain.registry import Registry
from evals.examination import Paper

Scorer = Callable[[Paper], float | None]

SCORERS: Final[Registry[Scorer]] = Registry("evals.scorers", "scorer")
