"""What can be made to go wrong at the stand-in, and what has been asked for."""

from collections import deque
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

Kind = Literal[
    "timeout",  # carried out, and no answer comes
    "timeout_before",  # not carried out, and no answer comes
    "reset",  # carried out, then the connection is reset
    "reset_before",  # reset before anything was read
    "gateway_timeout",  # carried out, answered with 504
    "server_error",  # not carried out, answered with 500
    "rate_limited",  # not carried out, answered with 429 and its headers
    "html",  # carried out, answered with a page for people
    "html_error",  # not carried out, answered with a page for people and 502
    "unknown_enum",  # carried out, answered with a status that nobody has heard of
    "late",  # no answer, and the order is accepted `seconds` later
    "reject_later",  # accepted, then rejected by the exchange
    "partial",  # filled in `parts`, one each tick
    "stuck_cancel",  # a cancellation stays pending until the session ends
    "unauthorized",  # 401
]
ANSWERED_ELSEWHERE = frozenset({"late", "reject_later", "partial", "stuck_cancel"})
"""These change what becomes of an order, not how the request is answered."""


@dataclass
class Fault:
    """One thing that goes wrong, for `times` requests or until a moment of the stand-in's clock.

    Empty `method` and `path` mean any; `path` is a beginning.
    """

    kind: Kind
    method: str = ""
    path: str = ""
    times: int = 1
    until: datetime | None = None
    seconds: float = 600.0
    parts: int = 3

    def fits(self, method: str, path: str, now: datetime) -> bool:
        """Whether a request is spoilt by it."""
        if (self.method and self.method != method) or not path.startswith(self.path):
            return False
        return now < self.until if self.until is not None else self.times > 0


class Faults:
    """The script: the first fault that fits a request spoils it."""

    def __init__(self) -> None:
        self._script: deque[Fault] = deque()

    def add(self, fault: Fault) -> None:
        """Ask for one."""
        self._script.append(fault)

    def clear(self) -> None:
        """Let everything go right from now on."""
        self._script.clear()

    def take(self, method: str, path: str, now: datetime) -> Fault | None:
        """Take the fault that spoils this request, if any."""
        for fault in self._script:
            if fault.fits(method, path, now):
                fault.times -= 1
                return fault
        return None
