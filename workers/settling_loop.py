"""Settle once, or again and again: only when somebody has asked for something, and each minute."""

import threading
from collections.abc import Callable
from contextlib import suppress

from domain.errors import Busy
from workers.delivery import deliver
from workers.settling import ADVANCE, COMMAND, Settled, settle
from workers.till import open_till

LOOK_ANYWAY_SECONDS = 60.0


def settle_once(portfolio: str) -> Settled:
    """Settle, and tell people what came of it."""
    settled = settle(portfolio)
    deliver(portfolio)
    return settled


def settle_until_stopped(portfolio: str, seconds: float, say: Callable[[str], None]) -> None:
    """Settle until the process is interrupted; a ledger that is busy is tried again."""
    waited, pause = LOOK_ANYWAY_SECONDS, threading.Event()
    say(f"settling every {seconds:g} seconds; Ctrl-C ends it")
    while True:
        if waited >= LOOK_ANYWAY_SECONDS or _asked(portfolio):
            waited = 0.0
            with suppress(Busy):
                settled = settle_once(portfolio)
                if settled.done or settled.refused:
                    say(f"{settled.done} requests carried out, {settled.refused} refused or put off")
        pause.wait(seconds)
        waited += seconds


def _asked(portfolio: str) -> bool:
    with open_till(portfolio) as till:
        return bool(till.ledger.outbox_waiting([ADVANCE, COMMAND]))
