"""`python -m benchmarks.fleet`: runs a minute by number of workers, and what a run costs by the length of its history.

Not part of `make bench`: it starts PostgreSQL, Redis and workers, and takes minutes. See --help for the sizes.
"""

import argparse
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from datetime import date
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import psycopg

from benchmarks.figure import Figure, timed
from benchmarks.processes import Machine, cpu_of, machine
from memory.postgres import PostgresUrl
from tests.process.fleet import PM
from tests.standins.chat_server import ChatServer
from tests.standins.postgres import Postgres, started
from tests.standins.redis import RedisServer, started_redis
from tools.market_data.recorded import RecordedFeed

LATENCY = 0.5
LATENCIES = 3
"""So many calls of a run wait for one another; the others go on beside them."""
MOST_CALLS = 7
AGAIN_SECONDS = 100.0
FULL = 0.9
"""From this fraction of the processors on, they are what everybody waits for."""
SESSION = "2017-05-26"
NEXT = "2017-05-30"
TIMES = 5
REPOSITORY = Path(__file__).resolve().parents[1]
Connection = psycopg.Connection[Any]


class Spent(NamedTuple):
    """What was spent until a moment: seconds on the wall, of processors, and of the database at work."""

    wall: float
    workers: float
    postgres: float
    database: float
    machine: Machine


class Measured(NamedTuple):
    """How a number of runs went: seconds and calls for one run, `busy` as a fraction of all processors."""

    portfolios: int
    processes: int
    per_minute: float
    process: float
    workers: float
    postgres: float
    database: float
    calls: float
    busy: float

    def figures(self) -> Iterator[Figure]:
        """Put it into lines, with what limits it."""
        model = LATENCIES * LATENCY
        rest = max(self.process - model - self.workers - self.database, 0.0)
        yield Figure(
            f"{self.processes} worker processes, {self.portfolios} portfolios: runs a minute", self.per_minute, "runs"
        )
        yield Figure("  seconds of a process for one run", self.process, "s")
        yield Figure("    waiting for the model", model / self.process * 100, "%")
        yield Figure("    computing", self.workers / self.process * 100, "%")
        yield Figure("    waiting for the database at work", self.database / self.process * 100, "%")
        yield Figure("    waiting for a processor, a lock or a connection", rest / self.process * 100, "%")
        yield Figure("  processor time for one run, workers", self.workers, "s")
        yield Figure("  processor time for one run, PostgreSQL", self.postgres, "s")
        yield Figure("  processors of the machine in use, by anybody", self.busy * 100, "%")
        yield Figure("  model calls for one run", self.calls, "calls", MOST_CALLS)
        yield Figure(f"  limited by {self._limit(model, rest)}: share of a run's time", self._share(model, rest), "%")

    def _limit(self, model: float, rest: float) -> str:
        if self.busy >= FULL:
            return "the processors"
        return max((model, "the model"), (self.workers, "computing"), (self.database, "the database"), (rest, "locks"))[
            1
        ]

    def _share(self, model: float, rest: float) -> float:
        share = {"the processors": self.workers + rest, "the model": model, "computing": self.workers, "locks": rest}
        return share.get(self._limit(model, rest), self.database) / self.process * 100


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.fleet", description=__doc__)
    parser.add_argument("--portfolios", type=int, default=200)
    parser.add_argument(
        "--few", type=int, default=50, help="a run costs the same with so many portfolios; 0: not asked"
    )
    parser.add_argument("--workers", type=int, nargs="*", default=[1, 2, 4])
    parser.add_argument("--history", type=int, nargs="*", default=[100, 100_000])
    asked = parser.parse_args()
    measured = [_tell(in_a_process(asked.portfolios, processes)) for processes in asked.workers]
    if asked.workers and asked.few:
        few, many = _tell(in_a_process(asked.few, asked.workers[-1])), measured[-1]
        ratio = (many.workers + many.postgres) / (few.workers + few.postgres)
        name = f"processor time for one run, {many.portfolios} portfolios against {few.portfolios}"
        print(Figure(name, ratio, "x", 1.2).line(), flush=True)
    for figure in by_history(asked.history):
        print(figure.line(), flush=True)
    return 0


def _tell(measured: Measured) -> Measured:
    for figure in measured.figures():
        print(figure.line(), flush=True)
    return measured


def in_a_process(portfolios: int, processes: int) -> Measured:
    """Measure in a process of its own: settings are read once in each."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(throughput, portfolios, processes).result()


def throughput(portfolios: int, processes: int) -> Measured:
    """Decide one session of many portfolios, five symbols each, with a model that answers after half a second."""
    with (
        TemporaryDirectory() as folder,
        started() as postgres,
        started_redis() as redis,
        ChatServer(latency=LATENCY) as model,
    ):
        environment = _environment(Path(folder), postgres, redis, portfolios)
        environment |= {"PM_ANALYST": "openai", "OPENAI_BASE_URL": model.base_url, "OPENAI_API_KEY": "none"}
        environment |= {"PM_MODEL_MAX_TOKENS_PER_DAY": "1000000000", "PM_MODEL_MAX_TOKENS_PER_RUN": "1000000"}
        set_environment(environment)
        with Path(folder, "worker.log").open("wb") as log:
            worker = subprocess.Popen(  # noqa: S603 - our own command
                [PM, "worker", "-c", str(processes)], stdout=log, stderr=log, cwd=folder
            )
        try:
            _send_all(portfolios)
            with psycopg.connect(PostgresUrl(environment["PM_DATABASE_URL"]).for_psycopg, autocommit=True) as there:
                # The first run of each process loads what the others find loaded.
                begun = _wait(there, processes, portfolios)
                before, asked = _spent(there, worker.pid, postgres.pid), len(model.calls)
                ended = _wait(there, portfolios, portfolios)
                after = _spent(there, worker.pid, postgres.pid)
        finally:
            worker.terminate()
            worker.wait()
        runs, wall = ended - begun, after.wall - before.wall
        return Measured(
            portfolios=portfolios,
            processes=processes,
            per_minute=runs / wall * 60,
            process=wall * processes / runs,
            workers=(after.workers - before.workers) / runs,
            postgres=(after.postgres - before.postgres) / runs,
            database=(after.database - before.database) / runs,
            calls=(len(model.calls) - asked) / runs,
            busy=(after.machine.busy - before.machine.busy) / (after.machine.total - before.machine.total),
        )


def set_environment(environment: dict[str, str]) -> None:
    """Set variables for this process and those it starts."""
    os.environ.update(environment)  # noqa: TID251 - the processes that are measured read their settings there


def _send_all(portfolios: int) -> None:
    from workers.planner import Call  # noqa: PLC0415 - reads the settings that were just made
    from workers.tasks import send  # noqa: PLC0415 - the same

    # Another session is another prompt: no answer comes from the cache.
    feed, session = RecordedFeed(), date.fromisoformat(SESSION)
    for number in range(portfolios):
        send(Call("run_slot", f"fleet{number}", session.isoformat()))
        session = feed.next_session(session)


def _wait(there: Connection, wanted: int, portfolios: int) -> int:
    """Wait until so many runs are done; tell how many are. What waits too long is sent again, as beat would."""
    sent = time.monotonic()
    while True:
        if time.monotonic() - sent > AGAIN_SECONDS:
            sent = time.monotonic()
            _send_all(portfolios)
        try:
            row = there.execute("SELECT count(*) FROM run WHERE status = 'done'").fetchone()
        except psycopg.errors.UndefinedTable:
            row = None
        if row and row[0] >= wanted:
            return int(row[0])
        time.sleep(0.1)


def _spent(there: Connection, worker: int, postgres: int) -> Spent:
    row = there.execute("SELECT active_time FROM pg_stat_database WHERE datname = current_database()").fetchone()
    database = float(row[0]) / 1000 if row else 0.0
    return Spent(time.perf_counter(), cpu_of(worker), cpu_of(postgres), database, machine())


def by_history(sizes: list[int]) -> Iterator[Figure]:
    """Decide a session of one portfolio that has made so many proposals before."""
    from workers.carry import carry_out  # noqa: PLC0415 - reads the settings that were just made
    from workers.desks import Desks  # noqa: PLC0415 - the same

    before: float | None = None
    for size in sizes:
        with TemporaryDirectory() as folder, started() as postgres, started_redis() as redis:
            environment = _environment(Path(folder), postgres, redis, 1)
            set_environment({**environment, "PM_ANALYST": "quant"})
            with Desks() as desks:
                carry_out(desks, "run_slot", "fleet0", SESSION)
                _grow(PostgresUrl(environment["PM_DATABASE_URL"]), size)
                slots = iter(["", *(f"T{hour:02d}:00" for hour in range(10, 20))])
                took = timed(lambda d=desks, s=slots: carry_out(d, "run_slot", "fleet0", f"{NEXT}{next(s)}"), TIMES)
                swept = timed(lambda d=desks: d.ledger.unfinished("fleet0"), TIMES)
        yield Figure(f"run after {size:,} past proposals, processor time, median of {TIMES}", took.cpu, "s")
        yield Figure("  sweep of unfinished proposals", swept.wall, "s")
        if before is not None:
            yield Figure("  against the shorter history", took.cpu / before, "x", 1.2)
        before = took.cpu


def _grow(url: PostgresUrl, size: int) -> None:
    """Copy a settled proposal, its verdict and episode under new ids, fourteen for each day before the first."""
    with psycopg.connect(url.for_psycopg, autocommit=True) as connection:
        for table, key in (("proposal", "id"), ("verdict", "proposal_id"), ("episode", "id")):
            found = connection.execute(
                "SELECT column_name FROM information_schema.columns WHERE table_name = %s ORDER BY ordinal_position",
                [table],
            ).fetchall()
            source = "(SELECT proposal_id FROM episode WHERE proposal_id IS NOT NULL ORDER BY proposal_id LIMIT 1)"
            new = {
                key: "'OLD' || lpad(n::text, 9, '0')",
                "proposal_id": "'OLD' || lpad(n::text, 9, '0')",
                "batch_id": "'OLDBATCH' || (n / 5)::text",
                "spans_left": "0",
                "slot": "'old' || (n / 5)::text",
                "session": "DATE '2017-05-25' - (n / 14)",
            }
            if table == "verdict":
                new["body"] = "'{}'::jsonb"  # nobody reads it again, and forty rules a row take ten kilobytes
            columns = [name for (name,) in found]
            values = ", ".join(new.get(name, f't."{name}"') for name in columns)
            listed = ", ".join(f'"{name}"' for name in columns)
            connection.execute(
                f"INSERT INTO {table} ({listed}) SELECT {values} FROM {table} t, generate_series(1, %s) AS n"  # noqa: S608 - names from the catalogue
                f" WHERE t.{key} = {source}",
                [size],
            )
        connection.execute("ANALYZE")


def _environment(folder: Path, postgres: Postgres, redis: RedisServer, portfolios: int) -> dict[str, str]:
    text = (REPOSITORY / "portfolios" / "demo.toml").read_text(encoding="utf-8")
    paths = []
    for number in range(portfolios):
        path = folder / f"fleet{number}.toml"
        mine = text.replace('name = "demo"', f'name = "fleet{number}"', 1)
        path.write_text(mine, encoding="utf-8")
        paths.append(str(path))
    return {
        "PM_HOME": str(folder / "home"),
        "PM_CACHE": str(folder / "cache"),
        "PM_DATABASE_URL": postgres.url(postgres.create()),
        "PM_REDIS_URL": redis.url,
        "PM_PORTFOLIOS": ",".join(paths),
    }


if __name__ == "__main__":
    sys.exit(main())
