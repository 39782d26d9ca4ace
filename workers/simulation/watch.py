"""The promises, looked at from outside: raw rows of the ledger against the truth at the broker, after every event."""

import sqlite3
from collections import defaultdict
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from domain.orders import OrderIntent
from domain.records import ProposalStatus
from domain.trade import Side
from workers.simulation.exchange import Exchange
from workers.simulation.feed import UNIVERSE, Market
from workers.simulation.world import World

MICRO = Decimal(1_000_000)
HARD_NAME, HARD_SECTOR, HARD_GROSS = 0.12, 0.35, 1.2
"""The hard limits of risk_engine/policy.toml, written down a second time on purpose."""
DRIFT = 1.03
"""Between a verdict and its intent prices move; so much is no breach."""
GOES_ON = ("execute", "resize")
FINAL = tuple(status.value for status in ProposalStatus if status.is_final)
OPEN_STATES = ("PENDING", "SUBMITTING", "OPEN", "PARTIAL", "UNKNOWN", "QUARANTINED")
OLDEST_VERDICT = timedelta(seconds=180)
"""An approved trade is judged again at prices no older than this when its order is promised."""


class Watch:
    """Checks what must hold at any moment. It shares no code with what it checks: SQL and sums only."""

    def __init__(self, world: World, raw: sqlite3.Connection, market: Market, approvers: tuple[str, ...]) -> None:
        self.world = world
        self._raw = raw
        self._market = market
        self._approvers = approvers
        self._exchange: Exchange | None = None
        self._seen = (-1, -1)
        self._posted: set[str] = set()
        self._intents_seen: set[str] = set()
        self._answers_seen: set[tuple[str, int]] = set()
        self._ended: dict[str, str] = {}
        self.before_post: dict[int, Callable[[], None]] = {}
        """What somebody does when the n-th order is about to leave."""
        self._about_to_leave: set[str] = set()

    def look_at(self, exchange: Exchange) -> None:
        """Know the truth."""
        self._exchange = exchange

    @property
    def exchange(self) -> Exchange:
        """The truth at the broker."""
        assert self._exchange is not None
        return self._exchange

    def rows(self, sql: str, *parameters: object) -> list[Any]:
        """Read rows behind the ledger's back."""
        return self._raw.execute(sql, parameters).fetchall()

    def after_event(self) -> None:
        """Check everything that must always hold, unless nothing has changed."""
        seen = (self._raw.total_changes, self.exchange.version)
        if seen == self._seen or self.world.violations:
            return
        if seen[0] != self._seen[0]:
            self._new_intents()
            self._new_answers()
            self._ends_stay()
            self._rooms()
            self._cash()
        self._seen = seen
        self._one_order_each()
        self._refused_means_refused()

    def posting(self, intent: OrderIntent) -> None:
        """Check what must hold at the moment an order leaves (I2, I3, I4)."""
        name = intent.client_order_id
        first = name not in self._posted
        self._posted.add(name)
        self.world.counted["orders sent" if first else "orders sent again"] += 1
        stored = self.rows("SELECT proposal_id, version, reduces FROM order_intent WHERE client_order_id = ?", name)
        if not stored:
            self.world.broken("I2", f"{name} leaves without a committed intent")
            return
        if first:
            self._may_leave(intent)

    def looked_up(self, client_order_id: str) -> None:
        """Notice the question that comes before a first submission."""
        if client_order_id not in self._about_to_leave:
            self._about_to_leave.add(client_order_id)
            self.before_post.pop(len(self._about_to_leave), lambda: None)()

    def _may_leave(self, intent: OrderIntent) -> None:
        state, epoch = self.rows("SELECT state, epoch FROM control")[0]
        origin, kind = self.rows("SELECT origin, exit_kind FROM proposal WHERE id = ?", intent.proposal_id)[0]
        flees = intent.reduces and (origin == "flatten" or (origin == "monitor" and kind == "stop"))
        if state == "HALTED" and not flees:
            self.world.broken("I4", f"{intent.client_order_id} is sent first after HALTED (epoch {epoch})")
        if state == "REDUCING" and not intent.reduces:
            self.world.broken("I4", f"{intent.client_order_id} opens while REDUCING")
        verdicts = self.rows(
            "SELECT decision, phase, quantity, at FROM verdict WHERE proposal_id = ? "
            "ORDER BY version, phase = 'after_yes'",
            intent.proposal_id,
        )
        decision, phase, quantity, at = verdicts[-1] if verdicts else ("none", "first", 0, "")
        if decision not in GOES_ON:
            self.world.broken("I3", f"{intent.client_order_id} is sent on the verdict {decision}")
        if Decimal(quantity) / MICRO < intent.quantity:
            self.world.broken("I3", f"{intent.client_order_id} sends {intent.quantity}, more than was allowed")
        if phase == "after_yes" or any(row[0] == "approval" for row in verdicts):
            self._answered(intent, phase, at)

    def _answered(self, intent: OrderIntent, phase: str, judged_at: str) -> None:
        name = intent.client_order_id
        yes = self.rows(
            'SELECT a."by", a.at, a.quantity, a.collar_low, a.collar_high, p.price FROM approval a '
            "JOIN proposal p ON p.id = a.proposal_id "
            "WHERE a.proposal_id = ? AND a.version = ? AND a.answer = 'approve'",
            intent.proposal_id,
            intent.version,
        )
        if not yes:
            self.world.broken("I3", f"{name} needed a yes and has none")
            return
        by, _, quantity, low, high, price = yes[0]
        if by not in self._approvers:
            self.world.broken("I3", f"{name} was approved by {by}, who is no approver")
        if Decimal(quantity) / MICRO < intent.quantity:
            self.world.broken("I3", f"{name} sends more than {by} allowed")
        if phase != "after_yes":
            self.world.broken("I3", f"{name} was not judged again after the yes")
        elif intent.created_at - _moment(judged_at) > OLDEST_VERDICT:
            self.world.broken("I3", f"{name} goes out on a verdict of {judged_at}")
        if low is not None and not low - 1e-6 <= price <= high + 1e-6:
            self.world.broken("I3", f"{name} goes out at {price}, outside the {low} to {high} that were shown")
        self._price_now(intent)

    def _price_now(self, intent: OrderIntent) -> None:
        if intent.reduces or intent.limit_price is not None or intent.collar_low is None or intent.collar_high is None:
            return
        shown = self._market.shown(intent.symbol, self.world.now).mid
        low, high = float(intent.collar_low) * 0.99, float(intent.collar_high) * 1.01
        if not low <= shown <= high:
            self.world.broken("I3", f"{intent.client_order_id} goes out at {shown:.2f}, far outside its collar")

    def _one_order_each(self) -> None:
        legs = [(o.intent.proposal_id, o.intent.leg) for o in self.exchange.orders.values()]
        if len(set(legs)) < len(legs):
            twice = next(leg for leg in legs if legs.count(leg) > 1)
            self.world.broken("I1", f"P-{twice[0]} has {legs.count(twice)} {twice[1]} orders at the broker")

    def _new_intents(self) -> None:
        for (name,) in self.rows("SELECT client_order_id FROM order_intent"):
            if name not in self._intents_seen:
                self._intents_seen.add(name)
                self._caps(name)

    def _caps(self, newest: str) -> None:
        """Weigh holdings, live and possible orders at the worst of it (I6); only entries can break a limit."""
        if self.rows("SELECT reduces FROM order_intent WHERE client_order_id = ?", newest)[0][0]:
            return
        exchange = self.exchange
        worst: defaultdict[str, Decimal] = defaultdict(Decimal, exchange.held)
        for name, symbol, side, quantity in self.rows(
            f"SELECT client_order_id, symbol, side, quantity FROM order_intent WHERE state IN {OPEN_STATES}"  # noqa: S608 - our own constants
        ):
            if side != Side.BUY.value:
                continue
            order = exchange.orders.get(name)
            worst[symbol] += order.remaining if order else Decimal(quantity) / MICRO
        price = {symbol: self._market.quote(symbol, self.world.now).mid for symbol in UNIVERSE}
        equity = float(exchange.cash) + sum(float(units) * price[s] for s, units in exchange.held.items())
        weight = {symbol: float(units) * price[symbol] / equity for symbol, units in worst.items()}
        bought = self.rows("SELECT symbol FROM order_intent WHERE client_order_id = ?", newest)[0][0]
        by_hand = {symbol for symbol, units in exchange.by_hand.items() if units}
        if by_hand:
            return
        sector = sum(share for symbol, share in weight.items() if UNIVERSE[symbol] == UNIVERSE[bought])
        for what, share, limit in (
            (bought, weight.get(bought, 0.0), HARD_NAME),
            (UNIVERSE[bought], sector, HARD_SECTOR),
            ("gross", sum(weight.values()), HARD_GROSS),
        ):
            if share > limit * DRIFT:
                self.world.broken("I6", f"{what} may come to {share:.1%}, the limit is {limit:.0%} ({newest})")

    def _new_answers(self) -> None:
        rows = self.rows(
            'SELECT a.proposal_id, a.version, a.answer, a."by", a.at, p.expires_at, a.channel FROM approval a '
            "JOIN proposal p ON p.id = a.proposal_id"
        )
        for pid, version, answer, by, at, expires, channel in rows:
            if (pid, version) in self._answers_seen:
                continue
            self._answers_seen.add((pid, version))
            if channel == "desk":
                continue
            if by not in self._approvers:
                self.world.broken("I3", f"the answer {answer} of {by}, who is no approver, counted for P-{pid}")
            if expires is not None and _moment(at) >= _moment(expires):
                self.world.broken("I3", f"the answer {answer} of {by} counted for P-{pid} after it had expired")

    def _ends_stay(self) -> None:
        for pid, status in self.rows("SELECT id, status FROM proposal"):
            before = self._ended.get(pid)
            late_fill = (before, status) == ("rejected", "done")
            if before is not None and before != status and not late_fill:
                self.world.broken("I3", f"P-{pid} was {before} and became {status}")
            if status in FINAL:
                self._ended[pid] = status

    def _refused_means_refused(self) -> None:
        refused = self.rows("SELECT client_order_id FROM order_intent WHERE state = 'REJECTED'")
        for (name,) in refused:
            order = self.exchange.orders.get(name)
            if order is not None and (order.told.filled_quantity or order.remaining):
                self.world.broken(
                    "I10", f"{name} is REJECTED in the ledger and {order.told.status.value} at the broker"
                )
        for intent in self.exchange.on_their_way.values():
            if (intent.client_order_id,) in refused and intent.client_order_id not in self.exchange.orders:
                self.world.broken("I10", f"{intent.client_order_id} is REJECTED in the ledger and may still arrive")

    def _rooms(self) -> None:
        bad = self.rows(
            "SELECT r.proposal_id, r.quantity, p.status FROM reservation r JOIN proposal p ON p.id = r.proposal_id "
            "WHERE r.quantity < 0 OR p.status NOT IN ('judged', 'awaiting', 'approved')"
        )
        for pid, quantity, status in bad:
            self.world.broken("I13", f"P-{pid} is {status} and reserves {quantity}")

    def _cash(self) -> None:
        (cash,) = self.rows("SELECT cash FROM portfolio")[0]
        (flows,) = self.rows("SELECT COALESCE(SUM(amount), 0) FROM flow")[0]
        moved = Decimal(0)
        for side, quantity, price, commission in self.rows("SELECT side, quantity, price, commission FROM fill"):
            notional = Decimal(quantity) * Decimal(price) / MICRO
            moved += (notional if side == Side.SELL.value else -notional) - Decimal(commission)
        if abs(Decimal(cash) - Decimal(flows) - moved) > 1:
            self.world.broken("I12", f"cash is {cash}, flows and fills add up to {flows + moved} millionths")


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
