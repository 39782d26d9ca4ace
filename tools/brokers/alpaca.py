"""Alpaca's paper accounts: every answer that can't be read is an unknown outcome, never a no."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from threading import Event
from typing import Any

import structlog

from domain.checkup import Finding
from domain.errors import BadInput, OperatorNeeded, OrderRefused, OutcomeUnknown, RateLimited, Transient
from domain.mandate import Mandate
from domain.orders import Account, BrokerPosition, Fill, Order, OrderIntent, OrderStatus, RestingLeg
from domain.ports import Clock
from domain.trade import Side
from tools.alpaca_api import NOT_FOUND, AlpacaApi, AlpacaSettings, Refusal, moment, server_time
from tools.brokers import BROKERS
from tools.brokers._alpaca_book import Names
from tools.brokers._alpaca_checkup import examine
from tools.brokers._alpaca_legs import ask_for, is_leg, read_answer, read_leg
from tools.brokers._alpaca_orders import (
    is_duplicate,
    is_held,
    number,
    read_position,
    refusal_of,
    refuse_unsendable,
)
from tools.brokers._alpaca_stream import listen
from tools.exchange import Exchange

PAGE = 100
"""Executions in one answer, the most there are."""
MOST_ORDERS = 500
LONGEST_ID = 128

log: structlog.stdlib.BoundLogger = structlog.get_logger()


@BROKERS.register
class AlpacaBroker:
    """One paper account. Also `Protecting`: stop and target rest at Alpaca as legs, with an entry or by themselves."""

    name = "alpaca"
    simulated = False
    assumption = (
        "Alpaca's paper account fills against quotes without queue or impact, and simulates no dividends or fees; "
        "sizes are reckoned from cash and equity, not from its buying power."
    )

    def __init__(self, settings: AlpacaSettings, clock: Clock | None) -> None:
        self._settings = settings
        self._clock = clock
        self._api = AlpacaApi(settings, settings.base_url, "v2", clock)
        self._names = Names(self._api)
        self._exchange = Exchange()

    @classmethod
    def connect(cls, home: Path, mandate: Mandate, clock: Clock) -> "AlpacaBroker":  # noqa: ARG003 - `home` is the port's
        """Read the settings, with keys of the portfolio's own where there are any; nothing is asked yet.

        Raises:
            OperatorNeeded: a key is missing.
            NotPaper: the address is not Alpaca's paper host.
        """
        return cls(AlpacaSettings.read(mandate.name), clock)

    @staticmethod
    def market_time() -> datetime:
        """Ask Alpaca what time it is; raises Transient."""
        return server_time(AlpacaSettings.read())

    def account(self) -> Account:
        """Tell the money.

        Raises:
            OperatorNeeded: the account is blocked, or the keys are not accepted.
            Transient: no readable answer.
        """
        told = self._read("/account")
        if told.get("account_blocked") or told.get("trading_blocked") or told.get("status") != "ACTIVE":
            raise OperatorNeeded(
                f"the Alpaca account {told.get('account_number')} is {told.get('status')} or blocked",
                "look at it on Alpaca's page",
            )
        try:
            return Account(
                account_id=str(told["account_number"]),
                paper=True,
                cash=number(told["cash"]),
                equity=number(told["equity"]),
                at=self._now(),
                margin=number(told.get("multiplier") or 1) > 1,
                brackets=True,
            )
        except (KeyError, ValueError) as error:
            raise Transient(f"Alpaca told an account that can't be read: {error}") from None

    def positions(self) -> tuple[BrokerPosition, ...]:
        """Tell the holdings, by symbol; short ones are negative."""
        try:
            return tuple(
                read_position(told) for told in sorted(self._read("/positions"), key=lambda row: row["symbol"])
            )
        except (KeyError, ValueError, TypeError) as error:
            raise Transient(f"Alpaca told a position that can't be read: {error}") from None

    def tradable(self, symbols: Sequence[str]) -> dict[str, bool]:
        """Tell for each symbol whether it is active and tradable; an unknown one is not."""
        found = {}
        for symbol in symbols:
            told = self._find(f"/assets/{symbol}")
            found[symbol] = bool(told and told.get("status") == "active" and told.get("tradable"))
        return found

    def submit(self, intent: OrderIntent) -> Order:
        """Send an order once.

        An id that was sent before trades nothing: the first order comes back as it stands.

        Raises:
            OrderRefused: Alpaca answered no, or could never take it.
            RateLimited: not taken; the limit of requests is used up, or another order still holds the shares.
            AccessDenied: the keys are not accepted; not taken.
            OutcomeUnknown: no readable answer.
        """
        if len(intent.client_order_id) > LONGEST_ID:
            raise BadInput(f"client order id {intent.client_order_id[:20]}... is too long", "128 characters at most")
        refuse_unsendable(intent)
        try:
            told = self._api.change("POST", "/orders", ask_for(intent))
        except Refusal as refusal:
            return self._refused(intent, refusal)
        try:
            order = read_answer(told)
        except Transient as error:
            raise OutcomeUnknown(error.message, "look the client order id up") from None
        if order.status is OrderStatus.UNKNOWN:
            raise OutcomeUnknown(f"Alpaca calls the order {told.get('status')!r}", "look the client order id up")
        log.info("order_sent", client_order_id=intent.client_order_id, broker_order_id=order.broker_order_id)
        return self._as_it_stands(order)

    def find(self, client_order_id: str) -> Order | None:
        """Look an order up; one that was replaced is followed to the order that stands in its place.

        Raises:
            Transient: no readable answer.
        """
        query = {"client_order_id": client_order_id, "nested": "true"}
        told = self._find("/orders:by_client_order_id", query)
        if told is None:
            return None
        before = Decimal(0)
        self._names.learn(told)
        while told.get("status") == "replaced" and told.get("replaced_by"):
            before += number(told["filled_qty"])
            later = self._find(f"/orders/{told['replaced_by']}")
            if later is None:
                raise Transient(f"Alpaca has no order {told['replaced_by']}, which replaced ours")
            self._names.learn(later)
            told = later
        return read_answer(told, client_order_id, before)

    def open_orders(self) -> tuple[Order, ...]:
        """List the orders that may still fill, oldest first; the legs of brackets are not among them."""
        return tuple(read_answer(told) for told in self._open() if not is_leg(told))

    def cancel(self, client_order_id: str) -> None:
        """Ask for a cancellation; unknown and finished orders are ignored."""
        order = self.find(client_order_id)
        if order is not None and not order.status.is_final:
            self._delete(order.broker_order_id)

    def has_legs(self, symbol: str) -> bool:
        """Tell whether a leg rests for `symbol`."""
        return bool(self.resting_legs(symbol))

    def resting_legs(self, symbol: str | None = None) -> tuple[RestingLeg, ...]:
        """List the legs that rest, of one symbol or of all, those of unfilled entries too; raises Transient."""
        return tuple(read_leg(told) for told in self._open(symbol) if is_leg(told))

    def cancel_legs(self, symbol: str) -> bool:
        """Ask to cancel every leg that rests for `symbol`; true when none rests (any more)."""
        resting = [told for told in self._open(symbol) if is_leg(told)]
        for told in resting:
            self._delete(told["id"])
        return not resting or not any(is_leg(told) for told in self._open(symbol))

    def fills(self, since: datetime) -> tuple[Fill, ...]:
        """List executions at or after `since`, oldest first: those of legs under the id of their entry."""
        if since.tzinfo is None:
            raise BadInput(f"since {since.isoformat()} has no time zone", "pass an aware datetime in UTC")
        rows: list[Any] = []
        query = {"direction": "asc", "page_size": str(PAGE), "after": _stamp(since - timedelta(seconds=1))}
        while True:
            page = self._read("/account/activities/FILL", query)
            rows += page
            if len(page) < PAGE:
                break
            query = {**query, "page_token": page[-1]["id"]}
        try:
            return tuple(self._fill(row, since) for row in rows if moment(row["transaction_time"]) >= since)
        except (KeyError, ValueError, TypeError) as error:
            raise Transient(f"Alpaca told an execution that can't be read: {error}") from None

    def watch_stream(self, on_hint: Callable[[str], None], stop: Event) -> None:
        """Listen until `stop`; call `on_hint` on every (re)connection and every event. A hint is a reason to look."""
        listen(self._settings, on_hint, stop)

    def examine(self, symbols: Sequence[str]) -> tuple[Finding, ...]:
        """Look at account, clock, calendar, limit and symbols; raises DeskError where Alpaca can't be used."""
        self.account()
        return examine(self._api, self._settings, self._now(), self.tradable(symbols))

    def _now(self) -> datetime:
        return self._clock.now() if self._clock is not None else self.market_time()

    def _read(self, path: str, query: dict[str, str] | None = None) -> Any:
        try:
            return self._api.read(path, query)
        except Refusal as refusal:
            raise Transient(f"Alpaca's {path} answered {refusal.status}: {refusal.message[:200]}") from None

    def _find(self, path: str, query: dict[str, str] | None = None) -> Any | None:
        try:
            return self._api.read(path, query)
        except Refusal as refusal:
            if refusal.status == NOT_FOUND:
                return None
            raise Transient(f"Alpaca answered {refusal.status}: {refusal.message[:200]}") from None

    def _open(self, symbol: str | None = None) -> list[Any]:
        query = {"status": "open", "limit": str(MOST_ORDERS), "direction": "asc"}
        found = self._read("/orders", {**query, "symbols": symbol} if symbol else query)
        if len(found) >= MOST_ORDERS:
            raise Transient(f"Alpaca has {MOST_ORDERS} open orders or more; they can't all be told")
        return list(found)

    def _delete(self, order_id: str) -> None:
        try:
            self._api.change("DELETE", f"/orders/{order_id}")
        except Refusal as refusal:
            log.info("cancellation_refused", order=order_id, status=refusal.status, reason=refusal.message[:100])
        except OutcomeUnknown as error:
            raise Transient(error.message, "it is asked for again by the next look") from error

    def _refused(self, intent: OrderIntent, refusal: Refusal) -> Order:
        if is_duplicate(refusal):
            return self._first_of(intent)
        if is_held(refusal) and intent.reduces:
            raise RateLimited(f"the {intent.symbol} to sell are held by another order", "sent again once it has gone")
        raise refusal_of(intent, refusal) from None

    def _first_of(self, intent: OrderIntent) -> Order:
        try:
            order = self.find(intent.client_order_id)
        except Transient as error:
            raise OutcomeUnknown(error.message, "look the client order id up") from error
        if order is None:
            raise OutcomeUnknown(f"Alpaca has had {intent.client_order_id} before, and does not show it", "look it up")
        if order.status is OrderStatus.REJECTED:
            raise OrderRefused(f"order {intent.client_order_id} was rejected before")
        asked = (intent.symbol, intent.side, intent.quantity)
        if (order.symbol, order.side, order.quantity) != asked:
            said = "this client order id was sent before with other terms; the first order stands"
            return order.model_copy(update={"reason": said})
        return order

    def _as_it_stands(self, order: Order) -> Order:
        """Look once more: Alpaca answers before it has worked an order."""
        try:
            return self.find(order.client_order_id) or order
        except Transient:
            return order

    def _fill(self, row: Any, since: datetime) -> Fill:
        name, leg = self._names.of(row["order_id"], since)
        at = moment(row["transaction_time"])
        return Fill(
            execution_id=row["id"],
            client_order_id=name,
            symbol=row["symbol"],
            side=Side.BUY if row["side"] == "buy" else Side.SELL,
            quantity=number(row["qty"]),
            price=number(row["price"]),
            at=at,
            session=self._exchange.session_at(at),
            leg=leg,
        )


def _stamp(at: datetime) -> str:
    return at.isoformat().replace("+00:00", "Z")
