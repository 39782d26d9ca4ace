"""What a run costs of itself: time beside a bare graph of the same shape, and memory."""

import statistics
import subprocess
import sys
from collections.abc import Iterator
from itertools import count
from operator import add
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Any, TypedDict

from langgraph.graph import END, START, StateGraph
from langgraph.types import Send

from agent.analysts.quant import QuantAnalyst
from benchmarks.figure import Figure, Timed, timed
from memory.checkpoints import open_checkpoints
from tests.graph.conftest import SESSION, open_desk

SLOT = SESSION.isoformat()
TIMES = 7
SYMBOLS = 5
MEGABYTE = 1024.0
PEAK = """
import re, resource, sys
def peak():
    try:
        return int(re.search(r"VmHWM:\\s+(\\d+)", open("/proc/self/status").read())[1])
    except OSError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1024 if sys.platform == "darwin" else 1)
"""
CORE = "import workers.wiring, memory.checkpoints, langgraph.graph, agent.analysts.quant, tools.brokers.simulated\n"
RUN = """
from contextlib import redirect_stdout
from io import StringIO
from workers.cli.app import run
with redirect_stdout(StringIO()):
    code = run(["run", "--json"])
assert code == 0
"""


def measure() -> Iterator[Figure]:
    with TemporaryDirectory() as folder:
        home = Path(folder)
        cold, _ = _run(home / "cold")
        runs = [_run(home / f"run{number}") for number in range(TIMES)]
        proposals = runs[0][1]
        ours = Timed(*(statistics.median(column) for column in zip(*(took for took, _ in runs), strict=True)))
        saver = open_checkpoints(home / "bare.sqlite")
        numbers = count()
        bare = timed(lambda: _bare(saver, next(numbers), proposals), TIMES)
        saver.conn.close()
        yield Figure("run, first in a process (imports of the core done)", cold.wall, "s")
        yield Figure(f"run, median of {TIMES} new homes", ours.wall, "s", 0.3)
        yield Figure("  of that, processor time", ours.cpu, "s")
        yield Figure(f"bare graph: same nodes, fan-out, {proposals} threads, SQLite checkpoints", bare.wall, "s")
        yield Figure("run / bare graph, processor time", ours.cpu / bare.cpu, "x")
        interpreter, core, peak = (_peak(code, home / "memory") for code in ("", CORE, RUN))
        yield Figure("peak memory of `pm run` above the interpreter's", peak - interpreter, "MB", 120)
        yield Figure("of that, the imports of the core alone", core - interpreter, "MB")
        yield Figure("the bare interpreter", interpreter, "MB")


def _run(home: Path) -> tuple[Timed, int]:
    with open_desk(home, analyst=QuantAnalyst()) as desk:
        return timed(lambda: desk.runner.start(SLOT), 1), len(desk.ledger.proposals("demo"))


class _State(TypedDict, total=False):
    done: Annotated[list[str], add]


def _bare(saver: Any, number: int, proposals: int) -> None:
    _drive(_decide().compile(checkpointer=saver), f"run{number}")
    settle = _settle().compile(checkpointer=saver)
    for proposal in range(proposals):
        _drive(settle, f"proposal{number}-{proposal}")


def _drive(graph: Any, thread: str) -> None:
    config = {"configurable": {"thread_id": thread}}
    for _ in graph.stream({"done": []}, config, stream_mode="updates", durability="sync"):
        pass


def _decide() -> StateGraph[Any]:
    graph: StateGraph[Any] = StateGraph(_State)
    for name in ("observe", "scan", "research", "thesis", "propose", "size"):
        graph.add_node(name, lambda _: {"done": ["x"]})
    for before, after in ((START, "observe"), ("observe", "scan"), ("scan", "research")):
        graph.add_edge(before, after)
    graph.add_conditional_edges(
        "research", lambda _: [Send("thesis", {"done": []}) for _ in range(SYMBOLS)], ["thesis"]
    )
    for before, after in (("thesis", "propose"), ("propose", "size"), ("size", END)):
        graph.add_edge(before, after)
    return graph


def _settle() -> StateGraph[Any]:
    graph: StateGraph[Any] = StateGraph(_State)
    for name in ("assess", "execute", "remember"):
        graph.add_node(name, lambda _: {"done": ["x"]})
    for before, after in ((START, "assess"), ("assess", "execute"), ("execute", "remember"), ("remember", END)):
        graph.add_edge(before, after)
    return graph


def _peak(code: str, home: Path) -> float:
    done = subprocess.run(  # noqa: S603 - this interpreter
        [sys.executable, "-c", f"{PEAK}{code}\nprint(peak(), file=sys.__stdout__)"],
        env={"PM_HOME": str(home), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=True,
    )
    return float(done.stdout.strip().splitlines()[-1]) / MEGABYTE
