"""The gate's judgement: every rule about every trade, how much is allowed, and what becomes of it."""

import math
from collections.abc import Sequence

from domain.book import Book, ControlState
from domain.errors import DeskError
from domain.mandate import Mandate
from domain.market import MarketSnapshot
from domain.research import Room
from domain.trade import Trade
from domain.verdict import Decision, Outcome, Phase, RiskVerdict, RuleResult
from risk_engine import room
from risk_engine.figures import Figures
from risk_engine.policy import Policy
from risk_engine.reserve import remembered, reserved
from risk_engine.rule import TOLERANCE, Rule
from risk_engine.rules.min_order import MinOrder
from risk_engine.rules.risk_score import RiskScore
from risk_engine.situation import Situation

ASK_SHARE = 0.25
"""A person is asked when less than this share of what was asked is left."""


class Engine:
    """Judges trades of one portfolio: pure, and the same input always gives the same bytes."""

    def __init__(self, policy: Policy, mandate: Mandate, code_version: str) -> None:
        self._policy = policy
        self._mandate = mandate
        self._code_version = code_version
        self._enabled = {rule.name: rule for rule in policy.rules if rule.name not in policy.disabled}
        self._resizing = tuple(rule for rule in self._enabled.values() if rule.resizes)
        self._score = next(rule for rule in policy.rules if isinstance(rule, RiskScore))

    def judge(
        self, trades: Sequence[Trade], book: Book, market: MarketSnapshot, phase: Phase
    ) -> dict[str, RiskVerdict]:
        """Judge a batch jointly, by proposal id: each accepted member takes its room before the next is looked at.

        Exits come first, then the smallest risk on the opening book; the order of `trades` changes nothing.
        All verdicts name the opening book. Members see those before them as recent proposals of the session.
        """
        members = {trade.proposal_id for trade in trades}
        opening = book.digest
        book = book.model_copy(update={"recent": tuple(r for r in book.recent if r.proposal_id not in members)})
        figures = self._figures(book, market, trades)
        situation = self._situation(book, market, figures)
        hashes = {trade.proposal_id: trade.proposal.payload_hash for trade in trades}
        turns = {trade.proposal_id: self._turn(trade, situation) for trade in trades}
        verdicts = {}
        for trade in sorted(trades, key=lambda t: (turns[t.proposal_id], hashes[t.proposal_id], t.proposal_id)):
            verdict = self._verdict(trade, situation, phase, opening)
            verdicts[trade.proposal_id] = verdict
            book = remembered(book, trade, hashes[trade.proposal_id])
            if verdict.decision.goes_on or verdict.decision is Decision.APPROVAL:
                book = reserved(book, trade, verdict.quantity, is_exit=situation.is_exit(trade))
            situation = situation.after(book, trade.symbol)
        return verdicts

    def evaluate(self, trade: Trade, book: Book, market: MarketSnapshot, phase: Phase) -> RiskVerdict:
        """Judge one trade on a fixed book."""
        situation = self._situation(book, market, self._figures(book, market, (trade,)))
        return self._verdict(trade, situation, phase, book.digest)

    def room(self, book: Book, market: MarketSnapshot) -> Room:
        """Tell what is left under the soft limits, as fractions of equity; none of it when that can't be known."""
        situation = self._situation(book, market, self._figures(book, market, ()))
        return room.left(self._policy, situation)

    def min_order(self, equity: float) -> float:
        """Tell the smallest order, in dollars."""
        rule = self._policy.find(MinOrder)
        return rule.smallest(equity) if rule else 0.0

    def _situation(self, book: Book, market: MarketSnapshot, figures: Figures) -> Situation:
        return Situation(book, market, self._mandate, figures, self._enabled)

    def _figures(self, book: Book, market: MarketSnapshot, trades: Sequence[Trade]) -> Figures:
        ordered = {order.symbol for order in book.working} | {taken.symbol for taken in book.reservations}
        return Figures(market, {*book.positions, *ordered, *(trade.symbol for trade in trades)})

    def _turn(self, trade: Trade, situation: Situation) -> tuple[bool, float]:
        if situation.is_exit(trade):
            return False, 0.0
        risk = self._result(self._score, trade, situation, is_exit=False).observed
        return True, math.inf if risk is None else risk

    def _verdict(self, trade: Trade, situation: Situation, phase: Phase, book_digest: str) -> RiskVerdict:
        is_exit = situation.is_exit(trade)
        fitted, sized = (trade, {}) if is_exit else self._fit(trade, situation)
        results = tuple(
            sized.get(rule.name) or self._result(rule, fitted, situation, is_exit=is_exit)
            for rule in self._policy.rules
        )
        decision = _decide(results, fitted, situation, is_exit=is_exit)
        bound = () if fitted.quantity >= trade.quantity else _binding(results, fitted.quantity)
        market = situation.market
        noted = tuple(f"{result.rule}: {result.message}" for result in results if result.outcome is Outcome.NOTE)
        lacks = tuple(f"the feed lacks {thing}" for thing in market.lacks) if noted else ()
        return RiskVerdict(
            proposal_id=trade.proposal_id,
            version=trade.version,
            phase=phase,
            decision=decision,
            quantity=0.0 if decision in {Decision.REJECT, Decision.HALT} else fitted.quantity,
            asked_quantity=trade.asked_quantity,
            sized_by=(*trade.sized_by, *(name for name in bound if name not in trade.sized_by)),
            results=results,
            risk_score=next((result.observed for result in results if result.rule == self._score.name), None),
            snapshot_digest=market.digest,
            book_digest=book_digest,
            policy_digest=self._policy.digest,
            code_version=self._code_version,
            assumptions=tuple(dict.fromkeys((*self._policy.assumptions, *market.assumptions, *noted, *lacks))),
        )

    def _fit(self, trade: Trade, situation: Situation) -> tuple[Trade, dict[str, RuleResult]]:
        """Cut the trade until no resizing rule wants it smaller; return the results at that quantity too."""
        while True:
            results = {r.name: self._result(r, trade, situation, is_exit=False) for r in self._resizing}
            least = min((r.largest_quantity for r in results.values() if r.largest_quantity is not None), default=None)
            if least is None or least >= trade.quantity - TOLERANCE:
                return trade, results
            trade = trade.of(least)

    def _result(self, rule: Rule, trade: Trade, situation: Situation, *, is_exit: bool) -> RuleResult:
        if rule.name in self._policy.disabled:
            return RuleResult(rule=rule.name, outcome=Outcome.DISABLED, message="disabled by policy")
        if is_exit and not rule.applies_to_exits:
            return RuleResult(rule=rule.name, outcome=Outcome.NOT_APPLICABLE, message="exits are always possible")
        try:
            result = situation.ask(rule, trade)
        except Exception as error:  # noqa: BLE001 - whatever goes wrong in a rule, the trade is refused, the run goes on
            said = str(error) if isinstance(error, DeskError) else f"{type(error).__name__}: {error}"
            return RuleResult(rule=rule.name, outcome=Outcome.ERROR, message=f"could not be judged: {said}")
        if result.outcome is Outcome.NOT_EVALUATED and rule.name in self._policy.unavailable:
            return result.model_copy(update={"outcome": Outcome.NOTE})
        return result


def _decide(results: Sequence[RuleResult], trade: Trade, situation: Situation, *, is_exit: bool) -> Decision:
    """Take the strictest outcome; halting stands above all."""
    breached = {result.rule for result in results if result.outcome.rejects}
    if situation.book.control is ControlState.HALTED and "kill_switch" in breached:
        return Decision.HALT
    if breached or trade.quantity <= 0.0:
        return Decision.REJECT
    if any(result.outcome is Outcome.SOFT for result in results):
        return Decision.APPROVAL
    if is_exit or trade.quantity >= trade.asked_quantity - TOLERANCE:
        return Decision.EXECUTE
    return Decision.APPROVAL if trade.quantity < ASK_SHARE * trade.asked_quantity - TOLERANCE else Decision.RESIZE


def _binding(results: Sequence[RuleResult], quantity: float) -> tuple[str, ...]:
    return tuple(
        result.rule
        for result in results
        if result.largest_quantity is not None and result.largest_quantity <= quantity + TOLERANCE
    )
