"""The desk's processes, made of production parts: they know the ledger, and forget everything else when they die."""

import sqlite3
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Self, cast

from sqlalchemy import Engine as SqlEngine

from domain.judgement import PolicyText
from domain.mandate import Mandate, parse_mandate
from graph.context import Context
from graph.decide import build_decide
from graph.gate import RiskGate
from graph.runner import Runner
from graph.settle import build_settle
from memory.ledger.store import SqlLedger
from risk_engine.engine import Engine
from risk_engine.policy import Policy
from workers.desks import Desks
from workers.simulation.analyst import RandomAnalyst
from workers.simulation.brokerage import Brokerage
from workers.simulation.exchange import Exchange
from workers.simulation.faults import Swarm
from workers.simulation.feed import UNIVERSE, Feed, Market
from workers.simulation.machine import Machine, Saver
from workers.simulation.process import Process
from workers.simulation.storage import SimulatedClock, SimulatedDatabase, SimulatedLocks
from workers.simulation.watch import Watch
from workers.simulation.world import World
from workers.wiring import load, read_policy

APPROVERS = ("alice", "bob")
PORTFOLIO = "simulation"


@dataclass
class House:
    """What survives every crash: databases, locks, the broker, the clock."""

    world: World
    swarm: Swarm
    engine: SqlEngine
    raw: sqlite3.Connection
    market: Market
    exchange: Exchange
    watch: Watch
    clock: SimulatedClock
    analyst: RandomAnalyst
    locks: SimulatedLocks = field(default_factory=SimulatedLocks)
    saver: Saver = field(default_factory=dict)


class SimulatedDesks:
    """Stands where a process has `workers.desks.Desks`: one portfolio, wired to simulated edges."""

    def __init__(self, runner: Runner) -> None:
        self.runner = runner
        self.ctx = runner.ctx
        self.ledger = runner.ctx.ledger
        self.feed = runner.ctx.market
        self.assumptions: tuple[str, ...] = ()
        self.portfolios = (PORTFOLIO,)

    def of(self, *_: object, **__: object) -> Self:
        """The one there is."""
        return self

    def mandate(self, _: str) -> Mandate:
        """Its mandate."""
        return _mandate()


class Worker:
    """One process with its ports; after a crash everything in it is made anew."""

    def __init__(self, name: str, house: House) -> None:
        self.process = Process(name, house.world, house.swarm)
        self._house = house
        self._built_in = 0
        self._runner: Runner | None = None

    @property
    def runner(self) -> Runner:
        """The production runner of this life of the process."""
        if self._runner is None or self._built_in != self.process.lives:
            self._built_in = self.process.lives
            self._runner = _start(self.process, self._house)
        return self._runner

    @property
    def desks(self) -> Desks:
        """The same, as the production jobs ask for it."""
        return cast("Desks", SimulatedDesks(self.runner))

    def carry_out(self, job: Callable[[Self], object]) -> None:
        """Do one job."""
        self.process.busy = True
        try:
            job(self)
        finally:
            self.process.busy = False


class NodeByNode(Runner):
    """The production runner; its graphs are driven node by node."""

    def __init__(self, ctx: Context, saver: Saver, saved: Callable[[], None]) -> None:
        self._threads, self._saved = saver, saved
        super().__init__(ctx, cast("Any", saver))

    def _machines(self, _: Any) -> Any:
        threads, saved = self._threads, self._saved
        return Machine(_decide(), threads, saved), Machine(_settle(), threads, saved)


def mandate() -> Mandate:
    """The portfolio of every simulation."""
    return _mandate()


def policy() -> tuple[Policy, PolicyText]:
    """The shipped policy, as it is for a live feed."""
    return _policy()


def _start(process: Process, house: House) -> Runner:
    clock = house.clock
    ledger = SqlLedger(SimulatedDatabase(house.engine, process), clock)
    ledger.sleep = house.world.spend
    feed = Feed(house.market, process, clock)
    limits, text = _policy()
    engine = Engine(limits, _mandate(), "simulation")
    ctx = Context(
        mandate=_mandate(),
        clock=clock,
        market=feed,
        broker=Brokerage(house.exchange, process, house.watch),
        ledger=ledger,
        analyst=house.analyst,
        gate=RiskGate(ledger, feed, engine, engine, _mandate(), clock, text.digest),
        locks=house.locks,
        rooms=engine,
        levels=limits,
    )
    return NodeByNode(ctx, house.saver, lambda: process.cross("checkpoint"))


@cache
def _mandate() -> Mandate:
    universe = "\n".join(f'{name} = {{ name = "{name}", sector = "{sector}" }}' for name, sector in UNIVERSE.items())
    approvers = ", ".join(f'"{name}"' for name in APPROVERS)
    text = f"""
name = "{PORTFOLIO}"
start = 2024-03-05
starting_cash = 100000
style = "mean_reversion"
shortlist = 3
approval_minutes = 10
approvers = [{approvers}]
[universe]
{universe}
"""
    return parse_mandate(text, "the simulation's mandate")


@cache
def _policy() -> tuple[Policy, PolicyText]:
    text = read_policy(_mandate(), recorded=False)
    return load(text), text


@cache
def _decide() -> Any:
    return build_decide()


@cache
def _settle() -> Any:
    return build_settle()
