"""Proposals flow through real workers on a real PostgreSQL and Redis while processes are killed and servers fall."""

import contextlib
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from domain.errors import AlreadyDecided
from domain.proposal import Origin
from domain.records import ProposalStatus
from graph.answers import answer_card
from graph.batches import Draft, add_proposals
from graph.views import market_now
from tests.chaos.reckoning import Reckoning, reckon
from tests.graph.conftest import proposal
from tests.process.fleet import PM
from tests.standins.postgres import Postgres
from tests.standins.redis import RedisServer
from workers.desks import Desks
from workers.settings import Settings

REPOSITORY = Path(__file__).parents[2]
SESSION = "2017-05-26"
NOTHING_IS_SCHEDULED = "2017-05-25"
IN_A_BATCH = 5
QUIET_SECONDS = 150.0
CHILD, WORKER = "child", "worker"


@dataclass(frozen=True)
class Weather:
    """How much of what goes wrong; `spacing` is the mean time between two faults, in seconds."""

    proposals: int = 1000
    kills: int = 200
    flushes: int = 50
    restarts: int = 50
    workers: int = 3
    spacing: float = 1.5
    seed: int = 1


@dataclass
class Storm:
    """One storm: what was done, and what the reckoning found."""

    weather: Weather
    folder: Path
    postgres: Postgres
    redis: RedisServer
    environment: dict[str, str] = field(default_factory=dict)
    faults: Counter[str] = field(default_factory=Counter)
    processes: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def run(self) -> Reckoning:
        """Let it rage, then count."""
        self._prepare()
        chance = random.Random(self.weather.seed)
        with Desks(Settings(_env_file=None)) as desks:
            batches = self._batches(desks)
            for _ in range(self.weather.workers):
                self.processes.append(self._start("worker", "-c", "2"))
            beats = [self._start("beat"), self._start("beat")]
            try:
                self._rage(desks, batches, chance)
                calm_after = self._wait_for_calm(desks)
            finally:
                self._end(beats)
            return reckon(desks, self.folder / "home", self.faults, calm_after)

    def _prepare(self) -> None:
        text = (REPOSITORY / "portfolios" / "demo.toml").read_text(encoding="utf-8")
        symbols = text.partition("[universe]")[2].count("= {")
        count = -(-self.weather.proposals // symbols)
        paths = []
        for number in range(count):
            path = self.folder / f"storm{number}.toml"
            path.write_text(text.replace('name = "demo"', f'name = "storm{number}"', 1), encoding="utf-8")
            paths.append(str(path))
        self.environment = {
            "PM_HOME": str(self.folder / "home"),
            "PM_CACHE": str(self.folder / "cache"),
            "PM_DATABASE_URL": self.postgres.url(self.postgres.create()),
            "PM_REDIS_URL": self.redis.url,
            "PM_PORTFOLIOS": ",".join(paths),
            "PM_REPLAY_UNTIL": NOTHING_IS_SCHEDULED,
            "PM_TICK_SECONDS": "1",
        }
        os.environ.update(self.environment)

    def _batches(self, desks: Desks) -> list[tuple[str, list[str]]]:
        batches = []
        for name in desks.portfolios:
            wired = desks.of(name, enters=True)
            wired.runner.enter()
            symbols = sorted(wired.ctx.mandate.universe)
            batches += [(name, symbols[at : at + IN_A_BATCH]) for at in range(0, len(symbols), IN_A_BATCH)]
        return batches[: self.weather.proposals // IN_A_BATCH]

    def _rage(self, desks: Desks, batches: list[tuple[str, list[str]]], chance: random.Random) -> None:
        weather = self.weather
        faults = ["kill"] * weather.kills + ["flush"] * weather.flushes + ["restart"] * weather.restarts
        chance.shuffle(faults)
        chance.shuffle(batches)
        total = len(faults)
        for number, fault in enumerate(faults, start=1):
            due = len(batches) * number // total - (len(batches) * (number - 1) // total)
            for name, symbols in [batches[(len(batches) * (number - 1) // total) + at] for at in range(due)]:
                self._propose(desks, name, symbols)
            time.sleep(chance.expovariate(1.0 / weather.spacing))
            self._strike(fault, chance)
            self._tap(desks, chance.choice(desks.portfolios), chance)
            if number % 20 == 0:
                sys.stdout.write(f"  {number}/{total} faults: {dict(self.faults)}\n")

    def _propose(self, desks: Desks, name: str, symbols: list[str]) -> None:
        def write() -> None:
            ctx = desks.of(name, enters=True).ctx
            drafts = [Draft(Origin.PERSON, proposal(symbol, position_size_pct=0.02)) for symbol in symbols]
            add_proposals(ctx, f"{name}-{symbols[0]}", None, market_now(ctx), drafts)

        persist(write)

    def _answer_all(self, desks: Desks) -> None:
        for name in desks.portfolios:
            self._tap(desks, name, random.Random(name))

    def _tap(self, desks: Desks, name: str, chance: random.Random) -> None:
        """People answer the cards of a portfolio, yes or no; each answer is a row, and workers do the rest."""

        def tap() -> None:
            ctx = desks.of(name).ctx
            for record in ctx.ledger.proposals(name, statuses=[ProposalStatus.AWAITING]):
                said = "approve" if chance.random() < 0.5 else "reject"
                with contextlib.suppress(AlreadyDecided):
                    answer_card(ctx, record, answer=said, by="local", channel="storm")

        persist(tap)

    def _strike(self, fault: str, chance: random.Random) -> None:
        if fault == "flush":
            self.redis.client.flushall()
        elif fault == "restart":
            self.postgres.restart(crash=chance.random() < 0.5)
        else:
            self._kill(chance)
        self.faults[fault] += 1

    def _kill(self, chance: random.Random) -> None:
        """SIGKILL a child of a pool, or a worker with its children, as when a machine dies; then start another."""
        place = chance.randrange(len(self.processes))
        victim = self.processes[place]
        children = children_of(victim.pid)
        if children and chance.random() < 0.5:
            with contextlib.suppress(ProcessLookupError):
                os.kill(chance.choice(children), signal.SIGKILL)
            self.faults["killed children"] += 1
            return
        with contextlib.suppress(ProcessLookupError):
            os.killpg(victim.pid, signal.SIGKILL)
        victim.wait()
        self.processes[place] = self._start("worker", "-c", "2")
        self.faults["killed workers"] += 1

    def _start(self, *command: str) -> subprocess.Popen[bytes]:
        with (self.folder / f"{command[0]}.log").open("ab") as log:
            return subprocess.Popen(
                [PM, *command], env={**os.environ}, cwd=self.folder, stdout=log, stderr=log, start_new_session=True
            )

    def _wait_for_calm(self, desks: Desks) -> float | None:
        """Wait until every proposal has come to its end; tell how long after the last fault that was."""
        begun = time.monotonic()
        while time.monotonic() - begun < QUIET_SECONDS:
            self._answer_all(desks)
            if persist(lambda: not any(moving(desks, name) for name in desks.portfolios)):
                return time.monotonic() - begun
            time.sleep(1.0)
        return None

    def _end(self, beats: list[subprocess.Popen[bytes]]) -> None:
        for process in [*self.processes, *beats]:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def moving(desks: Desks, name: str) -> bool:
    """Whether a portfolio has a proposal that has not come to its end, or an order that is not final."""
    return bool(desks.ledger.unfinished(name)) or bool(desks.ledger.intents(name, open_only=True))


def persist(act):
    """Repeat what a database that was just restarted has interrupted."""
    for attempt in range(20):
        try:
            return act()
        except Exception:
            if attempt == 19:
                raise
            time.sleep(0.5)
    return None


def children_of(pid: int) -> list[int]:
    with contextlib.suppress(OSError):
        return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    return []
