"""What every part of the ledger is made of: the database, the clock and the audit chain."""

import functools
import inspect
import time
from collections.abc import Callable
from typing import Any

from sqlmodel import Session

from domain.ports import Clock
from memory.ledger import chain
from memory.ledger.chain import Detail
from memory.ledger.engine import Database, TransactionLost

PAUSES = (0.02, 0.1, 0.4, 1.0)
"""Seconds between the attempts of a transaction that PostgreSQL has lost; then the caller is told."""


class Part:
    """One store of the ledger; each public method is one transaction, and runs again when that was lost.

    A context manager or generator is not run again: its block belongs to the caller.
    """

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        for name, method in list(vars(cls).items()):
            if not name.startswith("_") and inspect.isfunction(method) and not _yields(method):
                setattr(cls, name, _repeated(method))

    sleep: Callable[[float], None] = staticmethod(time.sleep)
    """How a lost transaction waits for its next attempt; virtual time is put here."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def _note(
        self,
        session: Session,
        portfolio: str,
        action: str,
        subject: str,
        detail: Detail | None = None,
        actor: str = "desk",
    ) -> None:
        chain.append(session, self._clock.wall(), portfolio, action, subject, detail or {}, actor)


def _repeated(method: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(method)
    def call(self: Part, *args: Any, **kwargs: Any) -> Any:
        for pause in PAUSES:
            try:
                return method(self, *args, **kwargs)
            except TransactionLost:
                self.sleep(pause)
        return method(self, *args, **kwargs)

    return call


def _yields(method: Callable[..., Any]) -> bool:
    return inspect.isgeneratorfunction(inspect.unwrap(method))
