"""Whether a process lives, by the signs of life it leaves in the ledger."""

import os
from datetime import timedelta

from domain.errors import OperatorNeeded
from tools.clock import ReplayClock, wall_time
from workers.settings import read_settings
from workers.storage import open_ledger

SILENT_AFTER = timedelta(seconds=90)
"""A process that has not been seen for so long counts as dead."""


def sign_of_life(kind: str) -> str:
    """Tell when a process of this kind was last seen: a worker of this machine, others anywhere.

    Raises:
        OperatorNeeded: none was seen within 90 seconds.
    """
    now = wall_time()
    ledger = open_ledger(read_settings(), ReplayClock(now.date(), now))
    try:
        seen = [process for process in ledger.processes(now - SILENT_AFTER) if process.kind == kind]
    finally:
        ledger.close()
    mine = [process for process in seen if kind != "worker" or f" {os.uname().nodename}/" in process.name]
    if not mine:
        raise OperatorNeeded(
            f"no {kind} was seen for {SILENT_AFTER.total_seconds():.0f} s", f"start it with `pm {kind}`; see its log"
        )
    newest = max(mine, key=lambda process: process.seen_at)
    return f"{newest.name}: seen {(now - newest.seen_at).total_seconds():.0f} s ago"
