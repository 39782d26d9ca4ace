"""One seed from its first slot to the morning after: build the house, let the day go wrong, look at the end."""

import hashlib
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from random import Random
from typing import Any, NamedTuple, NoReturn

import structlog

from workers.simulation.analyst import RandomAnalyst
from workers.simulation.beat import Beat
from workers.simulation.bus import Bus
from workers.simulation.ending import Ending
from workers.simulation.exchange import Exchange
from workers.simulation.faults import Swarm
from workers.simulation.feed import UNIVERSE, Market
from workers.simulation.people import People
from workers.simulation.phone import Phone
from workers.simulation.staff import APPROVERS, PORTFOLIO, House, Worker, mandate, policy
from workers.simulation.storage import SimulatedClock, open_memory
from workers.simulation.watch import Watch
from workers.simulation.world import Violation, World

HOUR = 3600.0
OPENS, CLOSES = 14.5 * HOUR, 21.0 * HOUR
DAY = 24 * HOUR
QUIET_SECONDS = 800.0
MORNING_SECONDS = 400.0


class Result(NamedTuple):
    """What came of one seed."""

    seed: int
    violations: tuple[Violation, ...]
    counted: Counter[str]
    trace_hash: str
    seconds: float
    trace: tuple[str, ...] = ()


def run_seed(seed: int, *, keep_trace: bool = False) -> Result:
    """Simulate one seed."""
    begun = time.process_time()
    with _silence():
        world = _simulate(seed, keep_trace=keep_trace)
    return Result(
        seed,
        tuple(world.violations),
        world.counted,
        world.trace_hash(),
        time.process_time() - begun,
        tuple(world.lines),
    )


def _simulate(seed: int, *, keep_trace: bool) -> World:
    chance = World(seed).stream("plan")
    late = chance.random() < 0.1  # noqa: PLR2004 - one in ten ends with the session
    lasts = chance.uniform(0.8, 1.6) * HOUR
    start = CLOSES - lasts + 300.0 if late else OPENS + chance.uniform(0.02, 3.5) * HOUR
    world = World(seed, start=start, keep_trace=keep_trace)
    swarm = Swarm(world.stream("swarm"))
    world.note("seed", f"{seed}: {swarm.spoken()}")
    house = _build(world, swarm)
    workers = [Worker("worker-1", house), Worker("worker-2", house)]
    bus = Bus(world, swarm, workers)
    people, phone = People(house), Phone(house, bus)
    beat = Beat(house, bus, phone)
    house.exchange.on_news = beat.hint
    _open(house, workers[0])
    _plan(house, bus, people, beat, lasts)
    beat.start()
    world.run(start + lasts)
    swarm.end()
    house.clock.skew = 0.0
    world.note("seed", "the faults are over")
    world.run(world.now + QUIET_SECONDS)
    _next_morning(house, bus, beat, world)
    if not world.violations:
        Ending(house, phone, beat.slots, workers[0]).check()
    _digest(house)
    return world


def _build(world: World, swarm: Swarm) -> House:
    market = Market(world, swarm)
    engine, raw = open_memory()
    watch = Watch(world, raw, market, APPROVERS)
    exchange = Exchange(world, swarm, market, Decimal(str(mandate().starting_cash)))
    watch.look_at(exchange)
    world.after_event = watch.after_event
    return House(world, swarm, engine, raw, market, exchange, watch, SimulatedClock(world), RandomAnalyst(world, swarm))


def _open(house: House, worker: Worker) -> None:
    ctx = worker.runner.ctx
    house.swarm.over = True
    ctx.ledger.open_portfolio(mandate(), ctx.clock.session(), ctx.clock.now())
    ctx.ledger.pin_policy(PORTFOLIO, ctx.clock.session(), policy()[1], "file")
    house.swarm.over = False


def _plan(house: House, bus: Bus, people: People, beat: Beat, lasts: float) -> None:
    world, swarm = house.world, house.swarm
    chance = world.stream("plan of events")
    slots = chance.randint(2, 4)
    for number in range(slots):
        at = lasts * 0.8 * (number + chance.uniform(0.0, 0.9)) / slots
        name = f"{world.moment().date()}/{number}"
        world.later(at, "beat", lambda name=name: beat.slot(name))  # type: ignore[misc]  # a bound default
    for _ in range(chance.randint(0, 2)):
        world.later(chance.uniform(60.0, lasts * 0.8), "terminal", people.type_proposals)
    if chance.random() < 0.3:  # noqa: PLR2004 - three of ten
        _plan_kill(house, people, chance, lasts)
    if chance.random() < 0.1:  # noqa: PLR2004 - one of ten
        paused = chance.uniform(100.0, lasts)
        world.later(paused, "pause", people.pause)
        world.later(paused + chance.uniform(60.0, 900.0), "resume", people.resume)
    if chance.random() < swarm.rate("external_trade"):
        symbol, units = chance.choice(sorted(UNIVERSE)), Decimal(chance.choice((-20, 5, 40)))
        world.later(chance.uniform(60.0, lasts), "by hand", lambda: house.exchange.trade_by_hand(symbol, units))
    for _ in range(chance.randint(1, 4)):
        if chance.random() < swarm.rate("flush"):
            world.later(chance.uniform(60.0, lasts), "redis", bus.flush)
    if chance.random() < swarm.rate("skew"):
        skew = chance.choice((-30.0, -4.0, -1.0, 1.0, 4.0, 30.0))
        world.later(chance.uniform(0.0, lasts), "clock", lambda: _skew(house, skew))


def _plan_kill(house: House, people: People, chance: Random, lasts: float) -> None:
    """Kill at a moment of its own, or just when an order is under way."""
    world, again, flatten = house.world, chance.random() < 0.4, chance.random() < 0.4  # noqa: PLR2004 - two of five
    wait = chance.choice((chance.uniform(0.0, 0.8), chance.uniform(0.0, 2.0), chance.uniform(0.0, 30.0)))

    def kill() -> None:
        people.kill()
        if again:
            world.later(chance.uniform(60.0, 900.0), "resume", people.resume)
        if flatten:
            world.later(chance.uniform(5.0, 300.0), "flatten", people.flatten)

    if chance.random() < 0.3:  # noqa: PLR2004 - three of ten
        world.later(chance.uniform(100.0, lasts), "kill", kill)
    else:
        house.watch.before_post[chance.randint(1, 3)] = lambda: world.later(wait, "kill", kill)


def _skew(house: House, seconds: float) -> None:
    if not house.swarm.over:
        house.clock.skew = seconds
        house.world.counted["clock jumps"] += 1
        house.world.note("clock", f"the desk's clock is {seconds:+.0f} s off")


def _next_morning(house: House, bus: Bus, beat: Beat, world: World) -> None:
    beat.stop()
    world.later(max(CLOSES - world.now, 0.0), "exchange", house.exchange.close_session)
    world.later(DAY + OPENS - world.now, "exchange", house.exchange.open_session)
    world.run(DAY + OPENS + 360.0)
    bus.send("equity_point")
    beat.start()
    world.run(world.now + MORNING_SECONDS)
    beat.stop()
    world.run(world.now + 60.0)


def _digest(house: House) -> None:
    said = hashlib.sha256()
    for table in (
        "proposal",
        "verdict",
        "approval",
        "order_intent",
        "fill",
        "position",
        "control",
        "run",
        "audit_head",
    ):
        for row in house.raw.execute(f"SELECT * FROM {table} ORDER BY 1, 2"):  # noqa: S608 - our own names
            said.update(repr(row).encode())
    house.world.note("ledger", said.hexdigest())


@contextmanager
def _silence() -> Iterator[None]:
    before = structlog.get_config()
    structlog.configure(processors=[_drop], cache_logger_on_first_use=False)
    try:
        yield
    finally:
        structlog.configure(**before)


def _drop(*_: Any) -> NoReturn:
    raise structlog.DropEvent
