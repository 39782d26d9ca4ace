"""Put an analyst through one case: scan, research, theses, proposals, sizing and the risk engine; nothing is traded."""

from bisect import bisect_right
from collections.abc import Mapping
from datetime import timedelta

import numpy as np
from pydantic import Field, JsonValue

from domain.book import Book, Position
from domain.errors import NoData
from domain.ids import short_id
from domain.mandate import Mandate
from domain.market import Headline, MarketSnapshot
from domain.ports import Analyst, MarketData
from domain.proposal import Action, Origin, TradeProposal
from domain.research import Desk, ProposalQuestion, Question, Thesis, ThesisQuestion
from domain.scan import Scan
from domain.trade import Trade
from domain.value import Value
from domain.verdict import Phase, RiskVerdict
from evals.cases import Case
from graph.desk import describe_desk
from graph.gate import RoomKeeper
from graph.grounds import stated_without_ground
from graph.marks import marked
from graph.sizing import size
from quant.hit_rate import ROUND_TRIP_COST
from quant.scan import scan_market

EQUITY = 100_000.0
HELD_SESSIONS = 20
HOUR = timedelta(hours=1)


class Paper(Value):
    """What an analyst handed in for one case, and what the risk engine made of it.

    `undecided` names symbols without a decision, with the reason. `came_true` tells, by symbol, whether the price was
    higher at the thesis's horizon, net of cost; only scorers read it.
    """

    case: Case
    scan: Scan
    desk: Desk
    theses: tuple[Thesis, ...] = ()
    proposals: tuple[TradeProposal, ...] = ()
    undecided: dict[str, str] = Field(default_factory=dict)
    verdicts: dict[str, RiskVerdict] = Field(default_factory=dict)
    came_true: dict[str, bool] = Field(default_factory=dict)

    @property
    def traded(self) -> tuple[TradeProposal, ...]:
        """The proposals whose orders would have left without asking anybody."""
        return tuple(p for p in self.proposals if (v := self.verdicts.get(p.symbol)) and v.decision.goes_on)

    def plain(self) -> dict[str, JsonValue]:
        """Everything worth reading, as JSON."""
        return {
            "theses": [thesis.model_dump(mode="json") for thesis in self.theses],
            "proposals": [proposal.model_dump(mode="json") for proposal in self.proposals],
            "undecided": dict(self.undecided),
            "verdicts": {symbol: verdict.decision.value for symbol, verdict in self.verdicts.items()},
        }


class Examiner:
    """Examines one analyst on recorded data with one mandate's universe and the risk engine."""

    def __init__(self, analyst: Analyst, feed: MarketData, mandate: Mandate, engine: RoomKeeper) -> None:
        self._analyst = analyst
        self._feed = feed
        self._mandate = mandate
        self._engine = engine

    def examine(self, case: Case) -> Paper:
        """Ask the three questions as a run would, and let the risk engine judge what comes of them."""
        market = self._market(case)
        book = _book(case, market)
        mandate = self._mandate.model_copy(update={"universe": _named(self._mandate, case)})
        held = [symbol for symbol in case.desk.held if symbol in market.history]
        scan = scan_market(market, case.style, mandate.shortlist, held)
        desk = describe_desk(
            mandate,
            book,
            market,
            self._engine.room(book, market),
            waiting=case.desk.waiting,
            reviews=(),
            min_order_pct=min(1.0, self._engine.min_order(EQUITY) / EQUITY),
        )
        empty = Paper(case=case, scan=scan, desk=desk)
        news = market.headlines
        note = self._analyst.research(Question(scan=scan, desk=desk, slot=case.id, headlines=news))
        if note.value is None:
            return empty.model_copy(update={"undecided": dict.fromkeys(scan.shortlist, note.problem)})
        theses, undecided = [], {}
        for symbol in scan.shortlist:
            question = ThesisQuestion(
                scan=scan, desk=desk, slot=case.id, headlines=news, symbol=symbol, note=note.value
            )
            answer = marked(self._analyst.thesis(question), question)
            if answer.value is None:
                undecided[symbol] = answer.problem
            else:
                theses.append(answer.value)
        proposals = self._analyst.propose(
            ProposalQuestion(scan=scan, desk=desk, slot=case.id, note=note.value, theses=tuple(theses))
        )
        accepted = proposals.value.accepted if proposals.value else ()
        undecided |= proposals.value.undecided if proposals.value else dict.fromkeys(scan.shortlist, proposals.problem)
        return empty.model_copy(
            update={
                "theses": tuple(theses),
                "proposals": accepted,
                "undecided": undecided,
                "verdicts": self._judge(case, accepted, {t.symbol: t for t in theses}, scan, desk, book, market),
                "came_true": self._future(case, theses),
            }
        )

    def _market(self, case: Case) -> MarketSnapshot:
        symbols = tuple(symbol for symbol in self._mandate.universe if symbol not in case.drop)
        opens = self._feed.opens(case.session)
        market = self._feed.snapshot(symbols, case.session, opens)
        if case.stale:
            keep = len(market.sessions) - case.stale
            market = market.model_copy(
                update={
                    "sessions": market.sessions[:keep],
                    "history": {
                        symbol: bars.model_copy(update={"closes": bars.closes[:keep]})
                        for symbol, bars in market.history.items()
                    },
                }
            )
        news = tuple(
            Headline(id=f"{case.id}-{number}", at=opens - HOUR, source="the wire", title=text)
            for number, text in enumerate(case.headlines)
        )
        return market.model_copy(update={"headlines": news})

    def _judge(
        self,
        case: Case,
        proposals: tuple[TradeProposal, ...],
        theses: Mapping[str, Thesis],
        scan: Scan,
        desk: Desk,
        book: Book,
        market: MarketSnapshot,
    ) -> dict[str, RiskVerdict]:
        trades: dict[str, Trade] = {}
        origin = Origin.QUANT if self._analyst.baseline else Origin.MODEL
        for proposal in proposals:
            if proposal.action is Action.HOLD or proposal.symbol not in market.history:
                continue
            thesis = theses.get(proposal.symbol)
            trade = size(
                short_id(case.id, proposal.symbol),
                proposal,
                origin,
                book,
                market,
                facts=scan.facts,
                min_order=self._engine.min_order(EQUITY),
                limits=self._engine.size_limits(),
                ungrounded=stated_without_ground(proposal, thesis, scan, desk),
            )
            if trade is not None:
                trades[proposal.symbol] = trade
        verdicts = self._engine.judge(tuple(trades.values()), book, market, Phase.FIRST)
        return {symbol: verdicts[trade.proposal_id] for symbol, trade in trades.items()}

    def _future(self, case: Case, theses: list[Thesis]) -> dict[str, bool]:
        """Look up what came of each thesis's symbol; a horizon beyond the data has no answer."""
        found = {}
        last = case.session
        ends: dict[str, int] = {}
        sessions = [last]
        for _ in range(max((thesis.time_horizon_days for thesis in theses), default=0)):
            try:
                last = self._feed.next_session(last)
            except NoData:
                break
            sessions.append(last)
        for thesis in theses:
            end = bisect_right(sessions, case.session + timedelta(days=thesis.time_horizon_days))
            if end < len(sessions):
                ends[thesis.symbol] = end
        if not ends:
            return {}
        after = sessions[max(ends.values())]
        market = self._feed.snapshot(tuple(ends), after, self._feed.opens(after))
        start = market.sessions.index(case.session)
        for symbol, end in ends.items():
            closes = np.asarray(market.history[symbol].closes)
            if start + end - 1 < len(closes):
                found[symbol] = bool(closes[start + end - 1] * (1.0 - ROUND_TRIP_COST) > closes[start])
        return found


def _book(case: Case, market: MarketSnapshot) -> Book:
    positions = {}
    for symbol, share in case.desk.held.items():
        bars = market.history.get(symbol)
        if bars is not None:
            positions[symbol] = Position(
                symbol=symbol,
                quantity=float(int(share * EQUITY / bars.last_close)),
                average_price=bars.closes[-HELD_SESSIONS],
                opened=market.sessions[-HELD_SESSIONS],
            )
    invested = sum(one.quantity * market.history[one.symbol].last_close for one in positions.values())
    return Book(
        portfolio="eval",
        session=market.session,
        cash=EQUITY - invested,
        equity=EQUITY,
        positions=positions,
        unit_value=case.desk.unit_value,
        last_session_return=case.desk.last_return,
        control=case.desk.control,
    )


def _named(mandate: Mandate, case: Case) -> dict[str, object]:
    return {
        symbol: member.model_copy(update={"name": case.names.get(symbol, member.name)})
        for symbol, member in mandate.universe.items()
    }
