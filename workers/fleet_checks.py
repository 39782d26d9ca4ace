"""What `pm doctor` asks of a desk that runs by itself: workers, beat, queues, the last runs, what was parked."""

from collections.abc import Callable, Iterator

from domain.errors import OperatorNeeded
from domain.jobs import JobStatus
from domain.storage import Ledger
from tools.clock import wall_time
from workers.health import SILENT_AFTER
from workers.queues import QUEUE_DESK, QUEUE_RUNS, lists_of
from workers.settings import Settings

LONGEST_QUEUE = 1000
Look = Callable[[], str]


def fleet_checks(ledger: Ledger, portfolio: str, settings: Settings) -> Iterator[tuple[str, Look]]:
    """List the checks, those of Redis, workers and beat only where PM_REDIS_URL is set."""
    if settings.redis_url is not None:
        yield "queues", lambda: _queues(settings)
        yield "workers", lambda: _seen(ledger, "worker", "start some with `pm worker`, see their logs")
        yield "beat", lambda: _seen(ledger, "beat", "start two with `pm beat`, see their logs")
    yield "last runs", lambda: _runs(ledger, portfolio)
    yield "jobs", lambda: _jobs(ledger, portfolio)
    yield "outbox", lambda: _outbox(ledger)


def _queues(settings: Settings) -> str:
    from redis import Redis  # noqa: PLC0415 - a desk without Redis needs no client
    from redis.exceptions import RedisError  # noqa: PLC0415 - the same

    assert settings.redis_url is not None
    try:
        client = Redis.from_url(settings.redis_url.get_secret_value(), socket_timeout=5.0)
        lengths = {name: sum(map(client.llen, lists_of(name))) for name in (QUEUE_DESK, QUEUE_RUNS)}
        client.close()
    except RedisError as error:
        raise OperatorNeeded(f"Redis does not answer: {error}", "start it, or correct PM_REDIS_URL") from None
    told = ", ".join(f"{name} {length}" for name, length in lengths.items())
    if max(lengths.values()) > LONGEST_QUEUE:
        raise OperatorNeeded(f"messages wait: {told}", "start more workers")
    return f"answers; waiting: {told}"


def _seen(ledger: Ledger, kind: str, remedy: str) -> str:
    now = wall_time()
    seen = [process for process in ledger.processes(now - SILENT_AFTER) if process.kind == kind]
    if not seen:
        raise OperatorNeeded(f"no {kind} was seen for {SILENT_AFTER.total_seconds():.0f} s", remedy)
    ages = (f"{process.name} {(now - process.seen_at).total_seconds():.0f} s ago" for process in seen)
    return f"{len(seen)}: {', '.join(ages)}"


def _runs(ledger: Ledger, portfolio: str) -> str:
    runs = ledger.runs(portfolio, limit=3)
    return ", ".join(f"{run.slot} {run.status.value}" for run in runs) or "none yet: `pm run` makes one"


def _jobs(ledger: Ledger, portfolio: str) -> str:
    jobs = ledger.jobs(portfolio)
    parked = [job.name for job in jobs if job.status is JobStatus.PARKED]
    if parked:
        raise OperatorNeeded(
            f"{len(parked)} parked: {', '.join(parked[:5])}", "see `pm jobs` for why, then `pm jobs --retry NAME`"
        )
    failing = [f"{job.name} ({job.attempts} times: {job.problem})" for job in jobs if job.attempts > 1 and job.problem]
    if failing:
        raise OperatorNeeded(f"keep failing: {', '.join(failing)}", "see events.log in PM_HOME")
    unfinished = len(ledger.unfinished(portfolio))
    return f"none parked, none failing; {unfinished} proposals not at their end"


def _outbox(ledger: Ledger) -> str:
    parked = ledger.outbox_parked(limit=5)
    if parked:
        item, problem = parked[0]
        raise OperatorNeeded(
            f"{len(parked)} messages given up, the last to {item.topic}: {problem}", "mend the channel"
        )
    waiting = ledger.outbox_waiting()
    return ", ".join(f"{topic} {number}" for topic, number in waiting.items()) or "nothing waits"
