"""Processor time of other processes and of the machine, as Linux counts it."""

import os
from pathlib import Path
from typing import NamedTuple

TICKS = os.sysconf("SC_CLK_TCK")
PROC = Path("/proc")


class Machine(NamedTuple):
    """Processor seconds of all processors since the start: those in which they worked, and all."""

    busy: float
    total: float


def cpu_of(pid: int) -> float:
    """Processor seconds of a process, its children and theirs, those that have ended included; 0 once it is gone."""
    try:
        fields = (PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()
        children = (PROC / str(pid) / "task" / str(pid) / "children").read_text().split()
    except OSError:
        return 0.0
    own_and_ended = sum(int(field) for field in fields[11:15]) / TICKS
    return own_and_ended + sum(cpu_of(int(child)) for child in children)


def machine() -> Machine:
    """Read what all processors have done so far, whoever they did it for."""
    user, nice, system, idle, waiting, *more = (
        int(field) / TICKS for field in (PROC / "stat").read_text().splitlines()[0].split()[1:9]
    )
    busy = user + nice + system + sum(more)
    return Machine(busy, busy + idle + waiting)
