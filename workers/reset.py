"""Move a PM_HOME's state aside, under the lock that guards its opening."""

import fcntl
import shutil
from pathlib import Path

from domain.errors import OperatorNeeded

STATE = ("ledger.sqlite", "checkpoints.sqlite", "broker.sqlite", "memory")


def archive(home: Path) -> Path | None:
    """Move the three databases into the next `archive/NNN`; return it, or None where there is no state.

    Raises:
        OperatorNeeded: the folder can't be written to; nothing was moved.
    """
    if not home.is_dir():
        return None
    try:
        return _move(home)
    except OSError as error:
        raise OperatorNeeded(
            f"{home} can't be reset: {error.strerror}", "make it a folder that you may write to, then ask again"
        ) from error


def _move(home: Path) -> Path | None:
    with (home / "open.lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        files = [path for name in STATE for path in sorted(home.glob(name + "*"))]
        if not files:
            return None
        shelf = home / "archive"
        taken = [int(path.name) for path in shelf.glob("*") if path.name.isdigit()]
        target = shelf / f"{max(taken, default=0) + 1:03d}"
        target.mkdir(parents=True)
        for path in files:
            shutil.move(path, target / path.name)
    return target
