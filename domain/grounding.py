"""Whether the numbers and fact ids of an argument stand in the data that it was written from, within rounding."""

import re
import unicodedata
from bisect import bisect_left
from collections.abc import Iterable
from datetime import date
from functools import lru_cache
from typing import NamedTuple

from domain.proposal import TradeProposal
from domain.research import Desk, Thesis
from domain.scan import Fact, Scan

MOST_SHOWN = 10
SHOWN = 6e-5
"""Data are shown with four decimals: a text may round what was rounded already."""
SCALES = {"k": 1e3, "thousand": 1e3, "m": 1e6, "mn": 1e6, "million": 1e6, "bn": 1e9, "billion": 1e9, "trillion": 1e12}
NUMBER = re.compile(
    r"(?P<before>[A-Za-z])?(?P<sign>(?:(?<=[\s(\[:=,;~$])|^)[-+])?(?P<digits>\d[\d,]*(?:\.\d+)?|\.\d+)"
    r"\s?(?P<unit>%|per ?cent\b|percent\b|percentage points?\b|bps?\b|basis points?\b|thousand\b|million\b|billion\b"
    r"|trillion\b|(?:k|mn|m|bn)\b)?",
    re.IGNORECASE,
)
FACT_ID = re.compile(r"\b[A-Z][A-Z0-9\-/]*(?:\.[A-Z]{1,2})?\.[a-z][a-z0-9_]*\b")
DAY = re.compile(r"\b\d{4}-\d{2}-\d{2}\b")
INDICES = ("S&P 500", "Nasdaq 100", "Nasdaq-100", "Russell 1000", "Russell 2000", "Dow 30")
"""Names with numbers in them."""


class Stated(NamedTuple):
    """A number as it was written: `value` and half of its last digit; `signed` when a plus or minus stands there."""

    words: str
    value: float
    slack: float
    percent: bool
    signed: bool


class Ground:
    """The numbers that a text may state: those of facts in words and values, a signal's, and the writer's own."""

    def __init__(self, facts: Iterable[Fact], days: Iterable[date] = (), names: Iterable[str] = ()) -> None:
        self._facts = {fact.id: fact for fact in facts}
        self._days = {day.isoformat() for day in (*days, *(fact.session for fact in self._facts.values()))}
        self._names = _any_of(frozenset((*names, *INDICES)) - {""})
        self._plain: list[float] = []
        self._percent: list[float] = []
        self._ordered: dict[tuple[bool, bool], list[float]] = {}
        for fact in self._facts.values():
            self._add_fact(fact)

    def add(self, *numbers: float, percent: Iterable[float] = (), fractions: Iterable[float] = ()) -> None:
        """Allow further numbers: as they are, in per cent, or fractions (0.06, also as 6 %); with either sign."""
        shares = list(fractions)
        self._ordered.clear()
        self._plain += [sign * value for value in (*numbers, *shares) for sign in (1, -1)]
        in_percent = (*percent, *(100.0 * share for share in shares))
        self._percent += [sign * value for value in in_percent for sign in (1, -1)]

    def missing(self, text: str) -> tuple[str, ...]:
        """List the numbers and fact ids of `text` that stand nowhere in the data, as they were written."""
        text = _plain(text)
        foreign = [found for found in FACT_ID.findall(text) if found not in self._facts]
        foreign += [day for day in DAY.findall(text) if day not in self._days]
        numbers = [stated.words for stated in _numbers(self._bare(text)) if not self.has(stated)]
        return tuple(dict.fromkeys((*foreign, *numbers)))[:MOST_SHOWN]

    def contradictions(self, text: str) -> tuple[str, ...]:
        """List the facts of which `text` states another number than the data, right behind the fact's id."""
        text = _plain(text)
        wrong = []
        for found in FACT_ID.finditer(text):
            fact = self._facts.get(found.group())
            behind = re.match(r"\s*(?:is|was|of|at|stands at|[=:(])?\s*", text[found.end() :])
            start = found.end() + (behind.end() if behind else 0)
            number = NUMBER.match(text, start) if start < len(text) else None
            stated = _stated(number) if number else None
            if fact and stated and not Ground((fact,)).has(stated):
                wrong.append(f"{fact.id} is stated as {stated.words}, the data say: {fact.text}")
        return tuple(wrong)

    def _add_fact(self, fact: Fact) -> None:
        self._plain.append(fact.value)
        self._percent.append(100.0 * fact.value)
        for stated in _numbers(fact.text):
            (self._percent if stated.percent else self._plain).append(stated.value)

    def _bare(self, text: str) -> str:
        return DAY.sub(" ", FACT_ID.sub(" ", self._names.sub(" ", text)))

    def has(self, stated: "Stated") -> bool:
        """Whether a number stands in the data, within its rounding; a plus or minus must be right too."""
        known = self._in_order(percent=stated.percent, signed=stated.signed)
        value = stated.value if stated.signed else abs(stated.value)
        behind = bisect_left(known, value)
        return any(abs(value - near) <= stated.slack for near in known[max(behind - 1, 0) : behind + 1])

    def _in_order(self, *, percent: bool, signed: bool) -> list[float]:
        found = self._ordered.get((percent, signed))
        if found is None:
            known = self._percent if percent else [*self._plain, *self._percent]
            found = self._ordered[percent, signed] = sorted(known if signed else map(abs, known))
        return found


@lru_cache(maxsize=1024)
def _any_of(names: frozenset[str]) -> "re.Pattern[str]":
    longest_first = sorted(names, key=lambda name: (-len(name), name))
    return re.compile("|".join(map(re.escape, longest_first)), re.IGNORECASE)


def ground_of(scan: Scan, desk: Desk, symbol: str) -> Ground:
    """Collect what may be stated about `symbol`: its facts and the market's, its signal, its place on the desk."""
    facts = (*scan.facts_of(symbol), *scan.facts_of("MARKET"))
    ground = Ground(facts, (scan.session,), (desk.names.get(symbol, ""), symbol))
    rising = sum(signal.score > 0 for signal in scan.signals)
    ground.add(len(scan.signals), rising, len(scan.signals) - rising)
    signal = scan.signal_of(symbol)
    if signal is not None:
        ground.add(signal.score, signal.rank, signal.cases, signal.horizon_sessions)
        ground.add(fractions=(signal.volatility, signal.mean_abs_move))
        if signal.hit_rate is not None:
            ground.add(fractions=(signal.hit_rate, 1.0 - signal.hit_rate))
    for position in desk.positions:
        if position.symbol == symbol:
            ground.add(position.held_sessions, position.quantity, fractions=(position.weight, position.gain))
    ground.add(fractions=(desk.target_position_pct, desk.min_order_pct, desk.room.cash, desk.room.per_position))
    return ground


def ungrounded(thesis: Thesis, scan: Scan, desk: Desk) -> tuple[str, ...]:
    """List what a thesis states and the data don't have; its own estimates, and the prices they mean, are its own."""
    ground = ground_of(scan, desk, thesis.symbol)
    _add_estimates(ground, thesis, scan)
    stated = ground.missing(f"{thesis.bull_case}\n{thesis.bear_case}\n{thesis.invalidation}")
    return tuple(dict.fromkeys((*_foreign(thesis.evidence, scan), *stated)))[:MOST_SHOWN]


def ungrounded_reason(proposal: TradeProposal, thesis: Thesis | None, scan: Scan, desk: Desk) -> tuple[str, ...]:
    """List what a proposal's reason and evidence state and the data don't have; its own fields are its own."""
    ground = ground_of(scan, desk, proposal.symbol)
    if thesis is not None:
        _add_estimates(ground, thesis, scan)
    ground.add(proposal.time_horizon_days, percent=(proposal.expected_upside_pct, proposal.worst_case_loss_pct))
    ground.add(fractions=(proposal.position_size_pct, proposal.confidence))
    stated = (*_foreign(proposal.evidence, scan), *ground.missing(proposal.reason))
    return tuple(dict.fromkeys(stated))[:MOST_SHOWN]


def _foreign(evidence: Iterable[str], scan: Scan) -> tuple[str, ...]:
    known = {fact.id for fact in scan.facts}
    return tuple(name[:24] for name in evidence if name not in known)


def _add_estimates(ground: Ground, thesis: Thesis, scan: Scan) -> None:
    """Let a text repeat the numbers that the thesis gives in fields of their own."""
    upside, loss = thesis.expected_upside_pct, thesis.worst_case_loss_pct
    ground.add(0.5, thesis.time_horizon_days, percent=(upside, loss, 50.0))
    ground.add(fractions=(thesis.confidence, 1.0 - thesis.confidence))
    for fact in scan.facts_of(thesis.symbol):
        if fact.id.endswith(".last_close"):
            ground.add(*(fact.value * (1.0 + change / 100.0) for change in (upside, -upside, loss, -loss)))


def _plain(text: str) -> str:
    return unicodedata.normalize("NFKC", text).replace("\u2212", "-").replace("\u2013", "-")


@lru_cache(maxsize=4096)
def _numbers(text: str) -> tuple[Stated, ...]:
    return tuple(stated for found in NUMBER.finditer(text) if (stated := _stated(found)) is not None)


def _stated(found: "re.Match[str]") -> Stated | None:
    digits, unit = found["digits"].rstrip(","), (found["unit"] or "").lower()
    if found["before"] and not unit and "." not in digits:
        return None  # Q3, F5: a name
    percent = unit.startswith(("%", "per", "bp", "basis"))
    value, decimals = float(digits.replace(",", "")), len(digits.partition(".")[2])
    scale = SCALES.get(unit, 0.01 if unit.startswith(("bp", "basis")) else 1.0)
    sign = -1.0 if found["sign"] == "-" else 1.0
    return Stated(
        words=found.group().strip()[:24],
        value=sign * value * scale,
        slack=0.5 * 10.0**-decimals * scale + (100.0 * SHOWN if percent else SHOWN),
        percent=percent,
        signed=bool(found["sign"]),
    )
