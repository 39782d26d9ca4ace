"""The simulated broker's own SQLite file: accounts, orders, executions and holdings, in its own transactions."""

import fcntl
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

from domain.errors import OperatorNeeded, RateLimited
from domain.orders import BrokerPosition, Fill, OrderStatus
from domain.proposal import OrderType
from domain.trade import Side
from tools.brokers._ticket import Ticket

SCHEMA_VERSION = 2
BUSY_TIMEOUT_MS = 10_000
SCHEMA = """
CREATE TABLE IF NOT EXISTS account (
    portfolio TEXT PRIMARY KEY, starting_cash TEXT NOT NULL, cash TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS orders (
    portfolio TEXT NOT NULL, client_order_id TEXT NOT NULL, symbol TEXT NOT NULL, side TEXT NOT NULL,
    quantity TEXT NOT NULL, order_type TEXT NOT NULL, limit_price TEXT, stop_price TEXT,
    good_till_cancelled INTEGER NOT NULL, session TEXT NOT NULL, submitted_at TEXT NOT NULL,
    worked_through TEXT NOT NULL, triggered INTEGER NOT NULL, worst_price TEXT NOT NULL,
    filled TEXT NOT NULL, paid TEXT NOT NULL, status TEXT NOT NULL, reason TEXT NOT NULL,
    PRIMARY KEY (portfolio, client_order_id));
CREATE INDEX IF NOT EXISTS open_orders ON orders (portfolio, status);
CREATE TABLE IF NOT EXISTS fills (
    execution_id TEXT PRIMARY KEY, portfolio TEXT NOT NULL, client_order_id TEXT NOT NULL, symbol TEXT NOT NULL,
    side TEXT NOT NULL, quantity TEXT NOT NULL, price TEXT NOT NULL, commission TEXT NOT NULL,
    at TEXT NOT NULL, session TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS fills_at ON fills (portfolio, at);
CREATE TABLE IF NOT EXISTS holdings (
    portfolio TEXT NOT NULL, symbol TEXT NOT NULL, quantity TEXT NOT NULL, PRIMARY KEY (portfolio, symbol));
CREATE TABLE IF NOT EXISTS flows (
    portfolio TEXT NOT NULL, key TEXT NOT NULL, amount TEXT NOT NULL, PRIMARY KEY (portfolio, key));
"""
OPEN = (OrderStatus.ACCEPTED, OrderStatus.PARTIAL)


class AccountFile:
    """One portfolio's account in the file; safe for threads and processes; unless `durable`, not from a power cut.

    Raises:
        OperatorNeeded: the file is damaged, can't be written, or comes from a newer version; says what to do.
        RateLimited: another process kept the file locked for ten seconds; nothing was done.
    """

    def __init__(self, path: Path, portfolio: str, starting_cash: Decimal, *, durable: bool = True) -> None:
        self._path = path
        self._synchronous = "FULL" if durable else "OFF"
        self._portfolio = portfolio
        self._lock = threading.RLock()
        with self._translated():
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.with_name(path.name + ".lock").open("a") as guard:
                fcntl.flock(guard, fcntl.LOCK_EX)
                self._connection = self._open()
        with self.transaction():
            self._run(
                "INSERT INTO account VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
                portfolio,
                str(starting_cash),
                str(starting_cash),
            )

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Write all of the block or none of it; readers and writers of other processes see the one or the other."""
        with self._lock:
            if self._connection.in_transaction:
                yield
                return
            self._run("BEGIN IMMEDIATE")
            try:
                yield
                self._run("COMMIT")
            finally:
                if self._connection.in_transaction:
                    self._run("ROLLBACK")

    def close(self) -> None:
        """Let go of the file."""
        with self._lock:
            self._connection.close()

    def cash(self) -> Decimal:
        """Dollars in the account."""
        rows = self._rows("SELECT cash FROM account WHERE portfolio = ?", self._portfolio)
        return Decimal(rows[0]["cash"])

    def holdings(self) -> tuple[BrokerPosition, ...]:
        """Shares held, by symbol, those of zero left out."""
        rows = self._rows(
            "SELECT symbol, quantity FROM holdings WHERE portfolio = ? AND quantity <> '0' ORDER BY symbol",
            self._portfolio,
        )
        return tuple(BrokerPosition(symbol=row["symbol"], quantity=Decimal(row["quantity"])) for row in rows)

    def held(self, symbol: str) -> Decimal:
        """Shares of one symbol."""
        rows = self._rows("SELECT quantity FROM holdings WHERE portfolio = ? AND symbol = ?", self._portfolio, symbol)
        return Decimal(rows[0]["quantity"]) if rows else Decimal(0)

    def ticket(self, client_order_id: str) -> Ticket | None:
        """Find one order."""
        rows = self._rows(
            "SELECT * FROM orders WHERE portfolio = ? AND client_order_id = ?", self._portfolio, client_order_id
        )
        return _ticket(rows[0]) if rows else None

    def open_tickets(self) -> tuple[Ticket, ...]:
        """List the orders that may still fill, in the order of their acceptance."""
        rows = self._rows(
            "SELECT * FROM orders WHERE portfolio = ? AND status IN (?, ?) ORDER BY rowid", self._portfolio, *OPEN
        )
        return tuple(_ticket(row) for row in rows)

    def fills(self, since: datetime) -> tuple[Fill, ...]:
        """List executions at or after `since`, oldest first."""
        rows = self._rows(
            "SELECT * FROM fills WHERE portfolio = ? AND at >= ? ORDER BY at, rowid", self._portfolio, _stamp(since)
        )
        return tuple(_fill(row) for row in rows)

    def enter(self, ticket: Ticket) -> None:
        """Write a new order."""
        row = _row(ticket)
        self._run(f"INSERT INTO orders ({', '.join(row)}) VALUES ({', '.join('?' * len(row))})", *row.values())  # noqa: S608 - our own column names

    def change(self, ticket: Ticket) -> None:
        """Write an order as it stands now."""
        self._run(
            "UPDATE orders SET worked_through = ?, triggered = ?, filled = ?, paid = ?, status = ?, reason = ? "
            "WHERE portfolio = ? AND client_order_id = ?",
            ticket.worked_through.isoformat(),
            ticket.triggered,
            str(ticket.filled),
            str(ticket.paid),
            ticket.status.value,
            ticket.reason,
            ticket.portfolio,
            ticket.client_order_id,
        )

    def book(self, fill: Fill) -> None:
        """Write an execution, and move shares and cash with it."""
        signed = fill.quantity if fill.side is Side.BUY else -fill.quantity
        self._run(
            "INSERT INTO fills VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            fill.execution_id,
            self._portfolio,
            fill.client_order_id,
            fill.symbol,
            fill.side.value,
            str(fill.quantity),
            str(fill.price),
            str(fill.commission),
            _stamp(fill.at),
            fill.session.isoformat(),
        )
        self._run(
            "INSERT INTO holdings VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET quantity = excluded.quantity",
            self._portfolio,
            fill.symbol,
            str(self.held(fill.symbol) + signed),
        )
        self._run(
            "UPDATE account SET cash = ? WHERE portfolio = ?",
            str(self.cash() - signed * fill.price - fill.commission),
            self._portfolio,
        )

    def moved(self, key: str) -> Decimal | None:
        """Dollars that came (or, negative, went) under `key`; None when nothing did."""
        rows = self._rows("SELECT amount FROM flows WHERE portfolio = ? AND key = ?", self._portfolio, key)
        return Decimal(rows[0]["amount"]) if rows else None

    def move(self, key: str, amount: Decimal) -> None:
        """Write down money from (or, negative, to) outside, and change the cash with it."""
        self._run("INSERT INTO flows VALUES (?, ?, ?)", self._portfolio, key, str(amount))
        self._run("UPDATE account SET cash = ? WHERE portfolio = ?", str(self.cash() + amount), self._portfolio)

    def _open(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self._path, isolation_level=None, check_same_thread=False)
        connection.row_factory = sqlite3.Row
        connection.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MS}")
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute(f"PRAGMA synchronous = {self._synchronous}")
        version = connection.execute("PRAGMA user_version").fetchone()[0]
        if version > SCHEMA_VERSION:
            connection.close()
            raise OperatorNeeded(
                f"{self._path} was written by a newer version (schema {version}, this one knows {SCHEMA_VERSION})",
                "update this installation, or use another PM_HOME",
            )
        if version < SCHEMA_VERSION:
            connection.executescript(f"BEGIN IMMEDIATE; {SCHEMA} PRAGMA user_version = {SCHEMA_VERSION}; COMMIT;")
        return connection

    def _run(self, statement: str, *values: object) -> None:
        with self._translated():
            self._connection.execute(statement, values)

    def _rows(self, statement: str, *values: object) -> list[sqlite3.Row]:
        with self._lock, self._translated():
            return self._connection.execute(statement, values).fetchall()

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            code = getattr(error, "sqlite_errorcode", 0) & 0xFF
            if code in {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}:
                raise RateLimited(f"{self._path} is busy: another process is writing", "ask again") from error
            raise OperatorNeeded(
                f"the simulated broker's file {self._path} can't be used: {error}",
                "check disk space and permissions; if it is damaged, restore a copy, or start afresh with `pm reset`",
            ) from error
        except OSError as error:
            raise OperatorNeeded(
                f"the simulated broker's file {self._path} can't be opened: {error}", "check disk and permissions"
            ) from error


def _stamp(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="microseconds")


def _row(ticket: Ticket) -> dict[str, object]:
    return {
        "portfolio": ticket.portfolio,
        "client_order_id": ticket.client_order_id,
        "symbol": ticket.symbol,
        "side": ticket.side.value,
        "quantity": str(ticket.quantity),
        "order_type": ticket.order_type.value,
        "limit_price": None if ticket.limit_price is None else str(ticket.limit_price),
        "stop_price": None if ticket.stop_price is None else str(ticket.stop_price),
        "good_till_cancelled": ticket.good_till_cancelled,
        "session": ticket.session.isoformat(),
        "submitted_at": _stamp(ticket.submitted_at),
        "worked_through": ticket.worked_through.isoformat(),
        "triggered": ticket.triggered,
        "worst_price": str(ticket.worst_price),
        "filled": str(ticket.filled),
        "paid": str(ticket.paid),
        "status": ticket.status.value,
        "reason": ticket.reason,
    }


def _ticket(row: sqlite3.Row) -> Ticket:
    return Ticket(
        portfolio=row["portfolio"],
        client_order_id=row["client_order_id"],
        symbol=row["symbol"],
        side=Side(row["side"]),
        quantity=Decimal(row["quantity"]),
        order_type=OrderType(row["order_type"]),
        limit_price=None if row["limit_price"] is None else Decimal(row["limit_price"]),
        stop_price=None if row["stop_price"] is None else Decimal(row["stop_price"]),
        good_till_cancelled=bool(row["good_till_cancelled"]),
        session=date.fromisoformat(row["session"]),
        submitted_at=datetime.fromisoformat(row["submitted_at"]),
        worked_through=date.fromisoformat(row["worked_through"]),
        triggered=bool(row["triggered"]),
        worst_price=Decimal(row["worst_price"]),
        filled=Decimal(row["filled"]),
        paid=Decimal(row["paid"]),
        status=OrderStatus(row["status"]),
        reason=row["reason"],
    )


def _fill(row: sqlite3.Row) -> Fill:
    return Fill(
        execution_id=row["execution_id"],
        client_order_id=row["client_order_id"],
        symbol=row["symbol"],
        side=Side(row["side"]),
        quantity=Decimal(row["quantity"]),
        price=Decimal(row["price"]),
        commission=Decimal(row["commission"]),
        at=datetime.fromisoformat(row["at"]),
        session=date.fromisoformat(row["session"]),
    )
