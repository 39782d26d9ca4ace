"""What judging decisions answers: a number with its interval and what chance alone would show, and a plain sentence."""

from enum import StrEnum

from pydantic import Field

from domain.value import Value


class Level(StrEnum):
    """How much it matters."""

    FINE = "fine"
    WATCH = "watch"
    WARNING = "warning"
    UNKNOWN = "unknown"


class Finding(Value):
    """One judgement over `n` cases; `value` is None where there are too few, and `sentence` says so.

    `low` and `high` bound a 95 % interval; `baseline` is what the value would be by chance, or for a neutral decider.
    `parts` holds further named numbers, `curve` points (x, y, n) where looking says more than reading.
    """

    name: str
    value: float | None
    n: int = Field(ge=0)
    low: float | None = None
    high: float | None = None
    baseline: float | None = None
    level: Level = Level.UNKNOWN
    sentence: str
    parts: dict[str, float] = Field(default_factory=dict)
    curve: tuple[tuple[float, float, int], ...] = ()

    @property
    def differs(self) -> bool:
        """Whether the interval leaves the baseline out: chance alone would rarely show this."""
        if self.low is None or self.high is None or self.baseline is None:
            return False
        return not self.low <= self.baseline <= self.high


def too_few(name: str, n: int, needed: int, of_what: str) -> Finding:
    """Say that there is nothing to say yet."""
    return Finding(name=name, value=None, n=n, sentence=f"{n} {of_what}; {needed} are needed to say anything.")
