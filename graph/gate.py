"""The gate: joins the ledger's book, a fresh snapshot and the risk engine, under the portfolio's lock."""

from collections.abc import Collection, Mapping, Sequence
from typing import Protocol

from domain.book import Book
from domain.errors import Busy, RunAborted, WaitsForCash
from domain.judgement import Judgement
from domain.mandate import Mandate
from domain.market import MarketSnapshot
from domain.ports import Clock, MarketData
from domain.records import Approval, ProposalRecord, ProposalStatus
from domain.research import Room
from domain.storage import Ledger, LockedBook
from domain.trade import SizeLimits, Trade
from domain.verdict import Decision, Outcome, Phase, RiskVerdict, RuleResult
from graph.priced import priced_symbols
from graph.proceeds import accepted, awaited, need_it
from graph.sizing import size
from graph.waiting import waits_behind

TO_BE_JUDGED = frozenset({ProposalStatus.SCHEDULED, ProposalStatus.APPROVED})
MOST_VERSIONS = 3
"""A proposal is shown to a person at most this often."""
SMALLEST_SHARE = 0.5
"""After a yes, this share of what was shown still executes; less needs a new card."""
GROWTH = 0.05
"""After a yes, a breach may have grown by this share of its soft limit."""


class Judge(Protocol):
    """The risk engine, as the gate uses it."""

    def judge(
        self, trades: Sequence[Trade], book: Book, market: MarketSnapshot, phase: Phase
    ) -> dict[str, RiskVerdict]:
        """Judge a batch jointly; by proposal id."""

    def evaluate(self, trade: Trade, book: Book, market: MarketSnapshot, phase: Phase) -> RiskVerdict:
        """Judge one trade on a fixed book."""

    def measure(
        self, trade: Trade, book: Book, market: MarketSnapshot, rules: Collection[str]
    ) -> tuple[RuleResult, ...]:
        """Ask only the rules that are named."""


class RoomKeeper(Judge, Protocol):
    """A risk engine that also says what is left under its limits."""

    def room(self, book: Book, market: MarketSnapshot) -> Room:
        """Tell what is left, as fractions of equity."""

    def min_order(self, equity: float) -> float:
        """Tell the smallest order, in dollars."""

    def size_limits(self) -> SizeLimits:
        """Tell what sizing keeps to before any rule is asked."""


class RiskGate:
    """Judges proposals of one portfolio; the only writer of verdicts. `policy` is the digest of the stored policy."""

    def __init__(
        self,
        ledger: Ledger,
        market: MarketData,
        engine: Judge,
        rooms: RoomKeeper,
        mandate: Mandate,
        clock: Clock,
        policy: str = "",
    ) -> None:
        self._policy = policy
        self._ledger = ledger
        self._market = market
        self._engine = engine
        self._rooms = rooms
        self._mandate = mandate
        self._clock = clock

    def assess(self, proposal_id: str) -> RiskVerdict:
        """Judge the whole unjudged batch, or the one proposal a person has approved; a second call reads the answer.

        Entries that need the cash of exits of their batch are judged after those, see `graph.proceeds`.

        Raises:
            RunAborted: the proposal has been settled some other way.
            Busy: a person answered while this looked.
            WaitsForCash: it is an entry that is not judged yet; ask again.
        """
        before = self._ledger.proposal(proposal_id)
        self._refuse_late(before)
        if before.verdict is not None and _stands(before, before.verdict):
            return before.verdict
        # A member of a batch may find itself judged: only who judges needs prices.
        snapshot = self._fresh_snapshot() if before.status in TO_BE_JUDGED else None
        with self._ledger.locked_book(self._mandate.name) as locked:
            verdict = self._judge(locked, proposal_id, snapshot)
        if verdict is None:
            said = self._ledger.proposal(proposal_id).problem
            raise WaitsForCash(f"P-{proposal_id} {said}", "it is judged by the next look")
        return verdict

    def _judge(self, locked: LockedBook, proposal_id: str, snapshot: MarketSnapshot | None) -> RiskVerdict | None:
        record = locked.proposal(proposal_id)
        phase = Phase.AFTER_YES if record.status is ProposalStatus.APPROVED else Phase.FIRST
        stored = locked.verdict(record.id, record.version, phase)
        if stored is not None and record.status is not ProposalStatus.EXECUTING:
            return stored
        if snapshot is not None and record.status is ProposalStatus.SCHEDULED:
            return self._judge_batch(locked, record, snapshot).get(record.id)
        if snapshot is not None and record.status is ProposalStatus.APPROVED:
            return self._judge_again(locked, record, snapshot)
        if record.status in TO_BE_JUDGED:
            raise Busy(f"P-{record.id} was answered this moment", "it will be continued; try again")
        if record.verdict is not None and not record.status.is_final:
            return record.verdict
        raise RunAborted(f"P-{record.id} is {record.status.value}", "look at it with `pm why`")

    def _refuse_late(self, record: ProposalRecord) -> None:
        session = self._clock.session()
        if record.session < session:
            raise RunAborted(f"P-{record.id} is of {record.session}, the session is {session}", "propose it again")

    def _fresh_snapshot(self) -> MarketSnapshot:
        session = self._clock.session()
        as_of = self._market.opens(session) if self._clock.replay else self._clock.now()
        snapshot = self._market.snapshot(priced_symbols(self._mandate, self._ledger), session, as_of)
        self._ledger.save_snapshot(snapshot)
        return snapshot

    def _judge_batch(
        self, locked: LockedBook, record: ProposalRecord, snapshot: MarketSnapshot
    ) -> dict[str, RiskVerdict]:
        batch = locked.batch(record.batch_id)
        members = [m for m in batch if m.status is ProposalStatus.SCHEDULED and m.trade]
        book = locked.book(snapshot.session, _prices(snapshot), without=[m.id for m in members])
        trades = [trade for m in members if (trade := self._size(m, book, snapshot)) is not None]
        judgement = self._judgement(Phase.FIRST, trades, book, snapshot)
        verdicts = judge_again(self._engine, judgement, snapshot)
        bringing = awaited(locked, batch, self._clock) | accepted(trades, verdicts)
        if need_it(self._engine, judgement, snapshot, verdicts, sum(bringing.values())):
            names = ", ".join(f"P-{name}" for name in sorted(bringing))
            waiting = [trade.proposal_id for trade in trades if not trade.reduces]
            locked.note_waiting(waiting, f"waits for the cash of {names}")
            trades = [trade for trade in trades if trade.reduces]
            judgement = self._judgement(Phase.FIRST, trades, book, snapshot)
            verdicts = judge_again(self._engine, judgement, snapshot)
        if trades:
            locked.save_judgement(judgement)
        for trade in trades:
            _record(locked, verdicts[trade.proposal_id], trade)
        return verdicts

    def _judge_again(self, locked: LockedBook, record: ProposalRecord, snapshot: MarketSnapshot) -> RiskVerdict:
        approval = locked.approval(record.id, record.version)
        if approval is None or approval.payload_hash != record.payload_hash:
            raise RunAborted(f"P-{record.id} carries no answer for what it is now", "answer it again: `pm pending`")
        book = locked.book(snapshot.session, _prices(snapshot), without=[record.id])
        trade = self._size(record, book, snapshot)
        if trade is None:
            raise RunAborted(f"P-{record.id} is HOLD and can't be approved")
        trade = trade.of(min(trade.quantity, approval.quantity))
        judgement = self._judgement(Phase.AFTER_YES, [trade], book, snapshot, approval)
        verdict = judge_again(self._engine, judgement, snapshot)[record.id]
        locked.save_judgement(judgement)
        _record(locked, verdict, trade)
        return verdict

    def _judgement(
        self,
        phase: Phase,
        trades: Sequence[Trade],
        book: Book,
        snapshot: MarketSnapshot,
        approval: Approval | None = None,
    ) -> Judgement:
        return Judgement(
            phase=phase,
            trades=tuple(trades),
            book=book,
            snapshot=snapshot.digest,
            policy=self._policy,
            approval=approval,
        )

    def _size(self, record: ProposalRecord, book: Book, snapshot: MarketSnapshot) -> Trade | None:
        return size(
            record.id,
            record.proposal,
            record.origin,
            book,
            snapshot,
            facts=record.facts,
            version=record.version,
            min_order=self._rooms.min_order(book.equity),
            exit_kind=record.exit_kind,
            limits=self._rooms.size_limits(),
            ungrounded=record.trade.ungrounded if record.trade else (),
        )


def _stands(record: ProposalRecord, verdict: RiskVerdict) -> bool:
    """Whether a member of a batch that was judged has its answer, which neither time nor prices change."""
    return record.status is ProposalStatus.JUDGED and verdict.phase is Phase.FIRST and verdict.version == record.version


def judge_again(engine: Judge, judgement: Judgement, snapshot: MarketSnapshot) -> dict[str, RiskVerdict]:
    """Make the verdicts of a judgement, by proposal id: the first time and whenever somebody wants to check."""
    if judgement.approval is None:
        verdicts = engine.judge(judgement.trades, judgement.book, snapshot, judgement.phase)
        for name, others in waits_behind(engine, judgement, snapshot, verdicts).items():
            verdicts[name] = verdicts[name].model_copy(update={"waits_behind": others})
    else:
        (trade,) = judgement.trades
        verdict = engine.evaluate(trade, judgement.book, snapshot, judgement.phase)
        verdicts = {trade.proposal_id: lift(verdict, judgement.approval, trade.price)}
    return {name: verdict.model_copy(update={"judgement": judgement.digest}) for name, verdict in verdicts.items()}


def lift(verdict: RiskVerdict, approval: Approval, price: float) -> RiskVerdict:
    """Apply a person's yes to a fresh verdict: soft breaches that were shown and have not grown; never a hard one.

    What the person did not see comes back as APPROVAL (a new card), or as REJECT after the last version.
    """
    if verdict.decision in {Decision.REJECT, Decision.HALT}:
        return verdict
    outside = _outside_collar(approval, price)
    shrunk = verdict.quantity < SMALLEST_SHARE * approval.quantity
    unseen = [
        result.rule
        for result in verdict.results
        if result.outcome is Outcome.SOFT and not _was_shown(approval, result.rule, result.observed, result.soft)
    ]
    if outside or shrunk or unseen:
        again = Decision.REJECT if verdict.version >= MOST_VERSIONS else Decision.APPROVAL
        return verdict.model_copy(update={"decision": again})
    decision = Decision.EXECUTE if verdict.quantity >= approval.quantity else Decision.RESIZE
    return verdict.model_copy(update={"decision": decision})


def _was_shown(approval: Approval, rule: str, observed: float | None, soft: float | None) -> bool:
    if rule not in approval.shown:
        return False
    before = approval.shown[rule]
    if before is None or observed is None or soft is None:
        return before == observed
    worse = observed - before if observed >= soft else before - observed
    return worse <= GROWTH * abs(soft) + 1e-12


def _outside_collar(approval: Approval, price: float) -> bool:
    below = approval.collar_low is not None and price < approval.collar_low
    above = approval.collar_high is not None and price > approval.collar_high
    return below or above


def _record(locked: LockedBook, verdict: RiskVerdict, trade: Trade) -> None:
    if verdict.decision.goes_on:
        status = ProposalStatus.JUDGED if verdict.phase is Phase.FIRST else ProposalStatus.APPROVED
    elif verdict.decision is Decision.APPROVAL:
        status = ProposalStatus.JUDGED
    else:
        status = ProposalStatus.REJECTED
    risk = verdict.quantity * trade.price * trade.plan.stop_distance if trade.plan else 0.0
    locked.record_verdict(verdict, trade.of(verdict.quantity), status, risk)


def _prices(snapshot: MarketSnapshot) -> Mapping[str, float]:
    return {symbol: bars.price for symbol, bars in snapshot.history.items()}
