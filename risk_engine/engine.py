"""The gate's judgement: every rule about every trade, how much is allowed, and what becomes of it."""

import math
from collections.abc import Collection, Mapping, Sequence

from domain.book import Book, ControlState
from domain.errors import DeskError
from domain.mandate import Mandate
from domain.market import MarketSnapshot
from domain.research import Room
from domain.trade import SizeLimits, Trade
from domain.verdict import Decision, Outcome, Phase, RiskVerdict, RuleResult
from risk_engine import room
from risk_engine.answer import finite
from risk_engine.figures import Figures
from risk_engine.policy import Policy
from risk_engine.reserve import remembered
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
        self._last_figures: Figures | None = None
        self._enabled = {rule.name: rule for rule in policy.rules if rule.name not in policy.disabled}
        self._disabled = {
            name: RuleResult(rule=name, outcome=Outcome.DISABLED, message="disabled by policy")
            for name in policy.disabled
        }
        self._exempt = {
            rule.name: RuleResult(rule=rule.name, outcome=Outcome.NOT_APPLICABLE, message="exits are always possible")
            for rule in policy.rules
            if not rule.applies_to_exits
        } | self._disabled
        self._named = tuple((rule.name, rule) for rule in policy.rules)
        self._alike = frozenset(rule.name for rule in policy.rules if rule.same_for_entries)
        self._resizing = tuple(rule for rule in self._enabled.values() if rule.resizes)
        self._score = next(rule for rule in policy.rules if isinstance(rule, RiskScore))
        self._score_at = policy.rules.index(self._score)

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
        verdicts = {}
        for trade in self._in_turn(trades, situation, hashes):
            verdict = self._verdict(trade, situation, phase, opening)
            verdicts[trade.proposal_id] = verdict
            is_exit = situation.is_exit(trade)
            book = remembered(book, trade, hashes[trade.proposal_id], verdict.quantity, is_exit=is_exit)
            situation = situation.after(book, trade.symbol)
        return verdicts

    def evaluate(self, trade: Trade, book: Book, market: MarketSnapshot, phase: Phase) -> RiskVerdict:
        """Judge one trade on a fixed book."""
        situation = self._situation(book, market, self._figures(book, market, (trade,)))
        return self._verdict(trade, situation, phase, book.digest)

    def measure(
        self, trade: Trade, book: Book, market: MarketSnapshot, rules: Collection[str]
    ) -> tuple[RuleResult, ...]:
        """Ask only the rules that are named, in the policy's order, of a trade as it is: no sizing, no decision."""
        situation = self._situation(book, market, self._figures(book, market, (trade,)))
        named = [(name, rule) for name, rule in self._named if name in rules]
        return self._results(named, trade, situation, self._disabled, is_exit=False)

    def room(self, book: Book, market: MarketSnapshot) -> Room:
        """Tell what is left under the soft limits, as fractions of equity; none of it when that can't be known."""
        situation = self._situation(book, market, self._figures(book, market, ()))
        return room.left(self._policy, situation)

    def min_order(self, equity: float) -> float:
        """Tell the smallest order, in dollars."""
        rule = self._policy.find(MinOrder)
        return rule.smallest(equity) if rule else 0.0

    def size_limits(self) -> SizeLimits:
        """Tell what sizing keeps to before any rule is asked."""
        return self._policy.size_limits()

    def _situation(self, book: Book, market: MarketSnapshot, figures: Figures) -> Situation:
        return Situation(book, market, self._mandate, figures, self._enabled)

    def _figures(self, book: Book, market: MarketSnapshot, trades: Sequence[Trade]) -> Figures:
        ordered = {order.symbol for order in book.working} | {taken.symbol for taken in book.reservations}
        symbols = {*book.positions, *ordered, *(trade.symbol for trade in trades)}
        wanted = tuple(sorted(symbol for symbol in symbols if symbol in market.history))
        last = self._last_figures
        if last is None or last.market is not market or last.symbols != wanted:
            self._last_figures = last = Figures(market, wanted)
        return last

    def _in_turn(self, trades: Sequence[Trade], situation: Situation, hashes: Mapping[str, str]) -> Sequence[Trade]:
        if len(trades) == 1:
            return trades
        turns = {trade.proposal_id: self._turn(trade, situation) for trade in trades}
        return sorted(trades, key=lambda t: (turns[t.proposal_id], hashes[t.proposal_id], t.proposal_id))

    def _turn(self, trade: Trade, situation: Situation) -> float:
        if situation.is_exit(trade):
            return -math.inf
        if self._score.name in self._disabled:
            return math.inf
        try:
            return finite(self._score.points(trade, situation))
        except Exception:  # noqa: BLE001 - as below: the verdict will say what went wrong
            return math.inf

    def _verdict(self, trade: Trade, situation: Situation, phase: Phase, book_digest: str) -> RiskVerdict:
        is_exit = situation.is_exit(trade)
        fitted, failed = (trade, {}) if trade.reduces else self._fit(trade, situation)
        known = (self._exempt if is_exit else self._disabled | situation.of_entries) | failed
        results = self._results(self._named, fitted, situation, known, is_exit=is_exit)
        decision = _decide(results, fitted, situation, is_exit=is_exit)
        bound = () if fitted.quantity >= trade.quantity else _binding(results, fitted.quantity)
        market = situation.market
        noted = self._noted(results)
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
            risk_score=results[self._score_at].observed,
            snapshot_digest=market.digest,
            book_digest=book_digest,
            policy_digest=self._policy.digest,
            code_version=self._code_version,
            assumptions=tuple(dict.fromkeys((*self._policy.assumptions, *market.assumptions, *noted, *lacks))),
        )

    def _fit(self, trade: Trade, situation: Situation) -> tuple[Trade, dict[str, RuleResult]]:
        """Cut the trade to the least that a resizing rule lets through; return what failed on the way too.

        A quantity that is no number is left as it is, for the rules to refuse.
        """
        least = trade.quantity
        failed: dict[str, RuleResult] = {}
        if not math.isfinite(least):
            return trade, failed
        for rule in self._resizing:
            try:
                allowance = rule.allowance(trade, situation)
            except Exception as error:  # noqa: BLE001 - as below
                failed[rule.name] = _failure(rule, error)
            else:
                least = least if allowance is None or allowance >= least - TOLERANCE else allowance
        return trade if least >= trade.quantity else trade.of(least), failed

    def _noted(self, results: Sequence[RuleResult]) -> tuple[str, ...]:
        if not self._policy.unavailable:
            return ()
        return tuple(f"{result.rule}: {result.message}" for result in results if result.outcome is Outcome.NOTE)

    def _results(
        self,
        named: Sequence[tuple[str, Rule]],
        trade: Trade,
        situation: Situation,
        known: Mapping[str, RuleResult],
        *,
        is_exit: bool,
    ) -> tuple[RuleResult, ...]:
        results, unavailable = [], self._policy.unavailable
        for name, rule in named:
            result = known.get(name)
            if result is None:
                try:
                    result = situation.ask(rule, trade)
                except Exception as error:  # noqa: BLE001 - whatever goes wrong, the trade is refused, the run goes on
                    result = _failure(rule, error)
                if result.outcome is Outcome.NOT_EVALUATED and name in unavailable:
                    result = rule.says(Outcome.NOTE, result.message)
                if not is_exit and name in self._alike:
                    situation.of_entries[name] = result
            results.append(result)
        return tuple(results)


def _failure(rule: Rule, error: Exception) -> RuleResult:
    said = str(error) if isinstance(error, DeskError) else f"{type(error).__name__}: {error}"
    return RuleResult(rule=rule.name, outcome=Outcome.ERROR, message=f"could not be judged: {said}")


def _decide(results: Sequence[RuleResult], trade: Trade, situation: Situation, *, is_exit: bool) -> Decision:
    """Take the strictest outcome; halting stands above all."""
    outcomes = [outcome for result in results if (outcome := result.outcome) is not Outcome.PASS]
    if situation.book.control is ControlState.HALTED and _halts(results):
        return Decision.HALT
    if Outcome.HARD in outcomes or Outcome.NOT_EVALUATED in outcomes or Outcome.ERROR in outcomes:
        return Decision.REJECT
    if trade.quantity <= 0.0:
        return Decision.REJECT
    if Outcome.SOFT in outcomes:
        return Decision.APPROVAL
    if is_exit or trade.quantity >= trade.asked_quantity - TOLERANCE:
        return Decision.EXECUTE
    return Decision.APPROVAL if trade.quantity < ASK_SHARE * trade.asked_quantity - TOLERANCE else Decision.RESIZE


def _halts(results: Sequence[RuleResult]) -> bool:
    return any(result.rule == "kill_switch" and result.outcome.rejects for result in results)


def _binding(results: Sequence[RuleResult], quantity: float) -> tuple[str, ...]:
    return tuple(
        result.rule
        for result in results
        if result.largest_quantity is not None and result.largest_quantity <= quantity + TOLERANCE
    )
