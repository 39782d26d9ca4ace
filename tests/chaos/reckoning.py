"""After the storm: ledger against broker, order by order and to the cent; shares no code with what it checks."""

import sqlite3
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path

from domain.records import ProposalStatus
from workers.desks import Desks

OVER = frozenset({"done", "rejected", "declined", "expired", "superseded"})


@dataclass
class Reckoning:
    """What was found."""

    faults: Mapping[str, int]
    calm_after: float | None
    proposals: Counter[str] = field(default_factory=Counter)
    orders: int = 0
    fills: int = 0
    lost: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    different: list[str] = field(default_factory=list)
    parked: list[str] = field(default_factory=list)
    audit_rows: int = 0

    @property
    def clean(self) -> bool:
        return self.calm_after is not None and not (self.lost or self.doubled or self.different or self.parked)

    def __str__(self) -> str:
        calm = "never" if self.calm_after is None else f"{self.calm_after:.0f} s after the last fault"
        return "\n".join(
            [
                f"faults: {dict(self.faults)}",
                f"proposals: {sum(self.proposals.values())} {dict(self.proposals)}; all over {calm}",
                f"orders at the broker: {self.orders}, executions: {self.fills}; audit rows: {self.audit_rows}",
                f"lost: {len(self.lost)} {self.lost[:5]}",
                f"doubled: {len(self.doubled)} {self.doubled[:5]}",
                f"different from the broker: {len(self.different)} {self.different[:5]}",
                f"parked: {len(self.parked)} {self.parked[:5]}",
            ]
        )


def reckon(desks: Desks, home: Path, faults: Mapping[str, int], calm_after: float | None) -> Reckoning:
    found = Reckoning(faults=dict(faults), calm_after=calm_after)
    ledger = desks.ledger
    with sqlite3.connect(home / "broker.sqlite") as broker:
        for name in desks.portfolios:
            _orders(found, ledger, broker, name)
            _money(found, desks, broker, name)
            found.parked += [f"{name}/{job.name}" for job in ledger.jobs(name) if job.status.value == "parked"]
    found.audit_rows = sum(ledger.verify_audit().values())
    return found


def _orders(found: Reckoning, ledger, broker: sqlite3.Connection, name: str) -> None:
    at_broker = broker.execute(
        "SELECT client_order_id, symbol, side, quantity, filled, status FROM orders WHERE portfolio = ?", [name]
    ).fetchall()
    found.orders += len(at_broker)
    found.fills += broker.execute("SELECT count(*) FROM fills WHERE portfolio = ?", [name]).fetchone()[0]
    intents = {intent.client_order_id: intent for intent in ledger.intents(name)}
    twice = Counter((symbol, side) for _, symbol, side, *_ in at_broker)
    found.doubled += [f"{name}: {symbol} {side}" for (symbol, side), count in twice.items() if count > 1]
    for order, _symbol, _side, quantity, filled, _status in at_broker:
        mine = intents.get(order)
        if mine is None:
            found.different.append(f"{name}: order {order} has no intent")
        elif (mine.quantity, mine.filled_quantity) != (Decimal(quantity), Decimal(filled)):
            found.different.append(f"{name}: order {order} {mine.filled_quantity} of {mine.quantity}, broker {filled}")
    found.lost += [
        f"{name}: {i.client_order_id} of P-{i.proposal_id} is {i.state.value}, attempt {i.attempt}: {i.problem}"
        for i in intents.values()
        if not i.state.is_final
    ]
    records = ledger.proposals(name)
    found.proposals.update(record.status.value for record in records)
    found.lost += [
        f"{name}: P-{record.id} is {record.status.value}" for record in records if record.status.value not in OVER
    ]
    traded = {
        intent.proposal_id for intent in intents.values() if intent.client_order_id in {row[0] for row in at_broker}
    }
    found.lost += [
        f"{name}: P-{record.id} is done without an order"
        for record in records
        if record.status is ProposalStatus.DONE and record.trade is not None and record.id not in traded
    ]


def _money(found: Reckoning, desks: Desks, broker: sqlite3.Connection, name: str) -> None:
    held = {
        s: Decimal(q) for s, q in broker.execute("SELECT symbol, quantity FROM holdings WHERE portfolio = ?", [name])
    }
    ((cash,),) = broker.execute("SELECT cash FROM account WHERE portfolio = ?", [name])
    symbols = {intent.symbol for intent in desks.ledger.intents(name)}
    prices = dict.fromkeys({*held, *symbols}, 1.0)
    book = desks.ledger.book(name, desks.ledger.session(name), prices)
    mine = {symbol: Decimal(str(position.quantity)) for symbol, position in book.positions.items()}
    theirs = {symbol: quantity for symbol, quantity in held.items() if quantity}
    if mine != theirs:
        found.different.append(f"{name}: holds {mine}, broker {theirs}")
    if round(Decimal(str(book.cash)), 2) != round(Decimal(cash), 2):
        found.different.append(f"{name}: cash {book.cash}, broker {cash}")
