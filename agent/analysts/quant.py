"""The deterministic baseline: it argues from the signals alone, asks no model, and is the yardstick for any."""

import math
from collections.abc import Iterable
from pathlib import Path
from typing import Literal

from agent.analysts import ANALYSTS
from agent.baseline_sizes import (
    CALM_VOLATILITY,
    COIN_TOSS,
    OWN_GAIN,
    OWN_SHARE,
    WILD_VOLATILITY,
    doubt,
    held_position,
    sizes,
)
from domain.proposal import Action, TradeProposal
from domain.research import (
    Answer,
    Desk,
    HeldPosition,
    ProposalQuestion,
    Proposals,
    Question,
    ResearchNote,
    Thesis,
    ThesisQuestion,
)
from domain.scan import Fact, Regime, Scan, Signal, Style
from domain.spending import Purse
from domain.value import Value

TRADING_DAYS = 252
MEAN_OF_UPPER_HALF = math.sqrt(2.0 / math.pi)
NOISE_MULTIPLE = 2.5
SMALLEST_LOSS_PCT = 1.0
FEWEST_FACTS = 2
FACTS_A_SIDE = 4
MARKET_FACTS = 8

REGIMES = {
    Regime.CALM: "calm: volatility is ordinary and stocks move on their own merits, so signals deserve their weight",
    Regime.CROWDED: "crowded: stocks move together, so several positions are closer to one than they look",
    Regime.STRESSED: "stressed: volatility is high, so sizes shrink with it and signals are worth less than usual",
}
RISKS = ("vol", "drawdown", "move", "beta", "corr")
RECORD = ".hit_rate"
SILENT = ("cases", "close", "price", "hit_rate", "own_record")


@ANALYSTS.register
class QuantAnalyst:
    """Answer from the scan's numbers by fixed rules; the same question always has the same answer.

    A thesis is bullish when its score is positive and its rank in the upper half, bearish when its score is negative.
    Confidence is the trailing hit rate of the signal's bucket: how often such cases ended higher.
    """

    name = "quant"
    baseline = True
    assumptions = ("analyst: deterministic baseline, no model; confidence is the trailing hit rate of the signal",)

    @classmethod
    def identity(cls) -> str:
        """The name says it all."""
        return cls.name

    @classmethod
    def connect(cls, cache: Path, purse: Purse) -> "QuantAnalyst":  # noqa: ARG003 - it keeps and costs nothing
        """Make the analyst; it needs no settings."""
        return cls()

    def warm(self) -> None:
        """Nothing has to be loaded."""

    def research(self, question: Question) -> Answer[ResearchNote]:
        """Describe regime, breadth and volatility in the words of the market facts."""
        scan = question.scan
        facts = scan.facts_of("MARKET")[:MARKET_FACTS]
        rising = sum(signal.score > 0 for signal in scan.signals)
        parts = [
            f"Deterministic baseline, no model: the market is {scan.regime.value}",
            f"{rising} of {len(scan.signals)} signals are positive ({_words(scan.style)})",
            *(fact.text for fact in facts),
        ]
        note = ResearchNote(
            summary=_clip(_sentences(parts), 2000),
            regime_view=f"The regime is {REGIMES[scan.regime]}.",
            evidence=tuple(fact.id for fact in facts),
        )
        return Answer(value=note)

    def thesis(self, question: ThesisQuestion) -> Answer[Thesis]:
        """Set the facts for a symbol against those that speak against it."""
        scan, symbol = question.scan, question.symbol
        signal = scan.signal_of(symbol)
        if signal is None:
            return Answer(value=None, problem=f"the scan has no signal for {symbol}")
        case = _Case.of(scan, signal)
        name = question.desk.names.get(symbol, symbol)
        bull = [*(fact.text for fact in case.bull), _record(signal)]
        own = [fact.text for fact in case.record if fact.id.endswith((OWN_SHARE, OWN_GAIN))]
        bear = [*own, *(fact.text for fact in case.bear), f"moves {signal.mean_abs_move:.2%} on an ordinary day"]
        thesis = Thesis(
            symbol=symbol,
            bull_case=_clip(f"{name}: {_sentences(bull)}", 1200),
            bear_case=_clip(f"{name}: {_sentences([*bear, _doubt(signal)])}", 1200),
            stance=_stance(scan, signal),
            confidence=COIN_TOSS if signal.hit_rate is None else signal.hit_rate,
            expected_upside_pct=_upside_pct(signal),
            worst_case_loss_pct=_worst_case_pct(signal),
            time_horizon_days=min(365, math.ceil(signal.horizon_sessions * 7 / 5)),
            invalidation=_invalidation(scan, signal),
            evidence=case.evidence,
        )
        return Answer(value=thesis)

    def propose(self, question: ProposalQuestion) -> Answer[Proposals]:
        """Buy what is bullish within the room there is, sell what is held and bearish, hold the rest that is held."""
        order = {symbol: place for place, symbol in enumerate(question.scan.shortlist)}
        theses = sorted(question.theses, key=lambda thesis: (order.get(thesis.symbol, len(order)), thesis.symbol))
        shares = sizes(question.scan, question.desk, theses)
        accepted: list[TradeProposal] = []
        undecided: dict[str, str] = {}
        for thesis in theses:
            answer = _decide(question.scan, question.desk, thesis, shares.get(thesis.symbol))
            if isinstance(answer, str):
                undecided[thesis.symbol] = answer
            else:
                accepted.append(answer)
        return Answer(value=Proposals(accepted=tuple(accepted), undecided=undecided))


class _Case(Value):
    bull: tuple[Fact, ...]
    bear: tuple[Fact, ...]
    record: tuple[Fact, ...]

    @classmethod
    def of(cls, scan: Scan, signal: Signal) -> "_Case":
        facts = scan.facts_of(signal.symbol)
        sides = {fact.id: _speaks_for(fact, signal, scan.style) for fact in facts}
        bull = [fact for fact in facts if sides[fact.id] is True][:FACTS_A_SIDE]
        bear = [fact for fact in facts if sides[fact.id] is False][:FACTS_A_SIDE]
        record = [fact for fact in facts if fact.id.endswith((RECORD, OWN_SHARE, OWN_GAIN))]
        lacking = max(0, FEWEST_FACTS - len(bull) - len(bear) - len(record))
        return cls(bull=tuple(bull), bear=(*bear, *scan.facts_of("MARKET")[:lacking]), record=tuple(record))

    @property
    def evidence(self) -> tuple[str, ...]:
        return tuple(fact.id for fact in (*self.bull, *self.bear, *self.record))


def _speaks_for(fact: Fact, signal: Signal, style: Style) -> bool | None:
    """True for the bull case, False for the bear case, None where a number speaks for neither."""
    measure = fact.id.rpartition(".")[2].lower()
    if fact.value == 0.0 or any(word in measure for word in SILENT):
        return None
    if any(word in measure for word in RISKS):
        return False
    if "rank" in measure:
        return signal.score > 0
    expects_return = style is Style.MEAN_REVERSION and "return" in measure
    return fact.value < 0 if expects_return else fact.value > 0


def _stance(scan: Scan, signal: Signal) -> Literal["bullish", "bearish", "neutral"]:
    if signal.score < 0:
        return "bearish"
    return "bullish" if signal.score > 0 and signal.rank <= len(scan.signals) / 2 else "neutral"


def _upside_pct(signal: Signal) -> float:
    """The mean gain of the cases that rise: the upper half of a driftless normal move over the horizon."""
    move = signal.volatility * math.sqrt(signal.horizon_sessions / TRADING_DAYS)
    return round(min(1000.0, move * MEAN_OF_UPPER_HALF * 100), 2)


def _worst_case_pct(signal: Signal) -> float:
    return round(min(100.0, max(SMALLEST_LOSS_PCT, NOISE_MULTIPLE * signal.mean_abs_move * 100)), 2)


def _record(signal: Signal) -> str:
    if signal.hit_rate is None:
        return f"only {signal.cases:,} past cases are like it, too few to count: confidence is set to {COIN_TOSS:.2f}"
    return (
        f"of {signal.cases:,} past cases like it {signal.hit_rate:.1%} ended higher after "
        f"{signal.horizon_sessions} sessions"
    )


def _doubt(signal: Signal) -> str:
    if signal.hit_rate is None:
        return "there is no record of such signals that would bear weight"
    return f"in {1 - signal.hit_rate:.1%} of {signal.cases:,} past cases like it the price did not end higher"


def _invalidation(scan: Scan, signal: Signal) -> str:
    turn = "rises above zero" if signal.score < 0 else "falls below zero"
    return (
        f"The {_words(scan.style)} score {turn}, or the price moves {_worst_case_pct(signal):.1f} % against the view "
        f"within {signal.horizon_sessions} sessions."
    )


def _decide(scan: Scan, desk: Desk, thesis: Thesis, size: float | None) -> TradeProposal | str:
    signal, held = scan.signal_of(thesis.symbol), held_position(desk, thesis.symbol)
    if signal is None:
        return "the scan has no signal for it"
    if thesis.symbol in desk.waiting:
        return "an earlier proposal for it is still waiting"
    if held and held.weight < 0:
        return "a short position is left to a person"
    if size is not None:
        return _entry(thesis, signal, size, desk.min_order_pct)
    return _keep_or_leave(thesis, signal, held)


def _entry(thesis: Thesis, signal: Signal, size: float, smallest: float) -> TradeProposal | str:
    if size <= 0.0 or size < smallest:
        return f"no room: {size:.2%} of equity is left for it, the smallest order is {smallest:.2%}"
    return _proposal(thesis, signal, Action.BUY, size)


def _keep_or_leave(thesis: Thesis, signal: Signal, held: HeldPosition | None) -> TradeProposal | str:
    if held is None and thesis.stance == "bullish" and (why := doubt(thesis, signal)):
        return why
    if held is None:
        return f"{thesis.stance}, and nothing of it is held"
    if thesis.stance == "bearish":
        return _proposal(thesis, signal, Action.SELL, min(1.0, held.weight))
    return _proposal(thesis, signal, Action.HOLD, 0.0)


def _proposal(thesis: Thesis, signal: Signal, action: Action, size: float) -> TradeProposal:
    rate = "no record" if signal.hit_rate is None else f"{signal.hit_rate:.0%} of {signal.cases:,} like cases rose"
    return TradeProposal(
        symbol=thesis.symbol,
        action=action,
        position_size_pct=size,
        reason=_clip(
            f"Baseline, {thesis.stance}: {signal.strategy} score {signal.score:+.2f}, rank {signal.rank}; {rate} "
            f"within {signal.horizon_sessions} sessions; volatility {signal.volatility:.0%} a year.",
            300,
        ),
        confidence=thesis.confidence,
        risk_level=_risk_level(signal.volatility),
        expected_upside_pct=thesis.expected_upside_pct,
        worst_case_loss_pct=thesis.worst_case_loss_pct,
        time_horizon_days=thesis.time_horizon_days,
        evidence=thesis.evidence[:40],
    )


def _risk_level(volatility: float) -> Literal["low", "medium", "high"]:
    if volatility >= WILD_VOLATILITY:
        return "high"
    return "medium" if volatility >= CALM_VOLATILITY else "low"


def _words(style: Style) -> str:
    return style.value.replace("_", " ")


def _sentences(parts: Iterable[str]) -> str:
    return " ".join(part[:1].upper() + part[1:].rstrip(". ") + "." for part in parts)


def _clip(text: str, length: int) -> str:
    return text if len(text) <= length else text[: length - 3].rstrip() + "..."
