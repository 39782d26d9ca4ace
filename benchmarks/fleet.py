"""`python -m benchmarks.fleet`: runs a minute by number of workers, and what a run costs by the length of its history.

Not part of `make bench`: it starts PostgreSQL, Redis and workers, and takes minutes. See --help for the sizes.
"""

import argparse
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory

import psycopg

from benchmarks.figure import Figure, timed
from memory.postgres import PostgresUrl
from tests.process.fleet import PM
from tests.standins.chat_server import ChatServer
from tests.standins.postgres import Postgres, started
from tests.standins.redis import RedisServer, started_redis
from tools.market_data.recorded import RecordedFeed

LATENCY = 0.5
SESSION = "2017-05-26"
NEXT = "2017-05-30"
TIMES = 5
REPOSITORY = Path(__file__).resolve().parents[1]


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.fleet", description=__doc__)
    parser.add_argument("--portfolios", type=int, default=200)
    parser.add_argument("--workers", type=int, nargs="*", default=[1, 2, 4])
    parser.add_argument("--history", type=int, nargs="*", default=[100, 100_000])
    asked = parser.parse_args()
    if len(asked.workers) > 1:  # settings are read once a process: each size has a process of its own
        for processes in asked.workers:
            sizes = [f"--portfolios={asked.portfolios}", "--history", "--workers", str(processes)]
            subprocess.run([sys.executable, "-m", "benchmarks.fleet", *sizes], check=True, cwd=REPOSITORY)  # noqa: S603 - ourselves
    else:
        for figure in throughput(asked.portfolios, *asked.workers) if asked.workers else ():
            print(figure.line(), flush=True)
    for figure in by_history(asked.history):
        print(figure.line(), flush=True)
    return 0


def throughput(portfolios: int, processes: int) -> Iterator[Figure]:
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
            done, wall = _decide_all(portfolios, environment)
        finally:
            worker.terminate()
            worker.wait()
        cpu = os.times().children_user + os.times().children_system
        yield Figure(f"{processes} worker processes, {portfolios} portfolios: runs a minute", done / wall * 60, "runs")
        yield Figure("  seconds of a process for one run", wall * processes / max(done, 1), "s")
        yield Figure("  model calls for one run", len(model.calls) / max(done, 1), "calls")
        yield Figure("  processor seconds so far, all processes", cpu, "s")


def set_environment(environment: dict[str, str]) -> None:
    """Set variables for this process and those it starts."""
    os.environ.update(environment)  # noqa: TID251 - the processes that are measured read their settings there


def _decide_all(portfolios: int, environment: dict[str, str]) -> tuple[int, float]:
    from workers.planner import Call  # noqa: PLC0415 - reads the settings that were just made
    from workers.tasks import send  # noqa: PLC0415 - the same

    url = PostgresUrl(environment["PM_DATABASE_URL"])
    with psycopg.connect(url.for_psycopg, autocommit=True) as connection:
        # Another session is another prompt: no answer comes from the cache.
        feed, session = RecordedFeed(), date.fromisoformat(SESSION)
        for number in range(portfolios):
            send(Call("run_slot", f"fleet{number}", session.isoformat()))
            session = feed.next_session(session)
        first = _wait(connection, 1)
        _wait(connection, portfolios)
        wall = time.perf_counter() - first
    return portfolios - 1, wall


def _wait(connection: "psycopg.Connection[tuple[int]]", wanted: int) -> float:
    while True:
        try:
            row = connection.execute("SELECT count(*) FROM run WHERE status = 'done'").fetchone()
        except psycopg.errors.UndefinedTable:
            row = None
        if row and row[0] >= wanted:
            return time.perf_counter()
        time.sleep(0.1)


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
