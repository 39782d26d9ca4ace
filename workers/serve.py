"""`pm serve`: the jobs of the desk on a scheduler thread of one process, with no Redis."""

import os
import signal
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress

import structlog

from domain.errors import BadInput, DeskError
from domain.jobs import JobStatus
from tools.clock import wall_time
from workers.carry import Outcome, carry_out
from workers.desks import Desks
from workers.jobs import PERIODIC, UNCOUNTED
from workers.logs import log_to
from workers.metrics import serve_metrics
from workers.planner import Call, Planner
from workers.settings import Settings
from workers.watch import start_streams

TICK_SECONDS = 1.0
SWEEP_SECONDS = 5.0
SEEN_SECONDS = 10.0
THREADS = 4
SILENT = frozenset({*UNCOUNTED, "advance"})
"""Jobs that a person is told of only when they fail."""

Say = Callable[[str], None]
log: structlog.stdlib.BoundLogger = structlog.get_logger()


class Server:
    """Plans every second, and carries out what is due on a few threads; the same job never twice at once."""

    def __init__(self, desks: Desks, say: Say) -> None:
        self._desks = desks
        self._planner = Planner(desks)
        self._say = say
        self._stopped = threading.Event()
        self._something_ended = threading.Event()
        self._running: set[Call] = set()
        self._guard = threading.Lock()
        self._next: dict[str, float] = {}
        self._hinted: set[str] = set()

    def stop(self, *_: object) -> None:
        """Begin nothing any more; what runs comes to its end."""
        self._stopped.set()
        self._something_ended.set()

    def run(self) -> None:
        """Serve until stopped, or until a replay with a last day is over."""
        for portfolio in self._desks.portfolios:
            self._announce(portfolio)
        start_streams(self._desks, self._hint, self._stopped)
        with ThreadPoolExecutor(THREADS, thread_name_prefix="job") as pool:
            while not self._stopped.is_set():
                for call in self._due():
                    self._submit(pool, call)
                if self._is_over():
                    break
                self._something_ended.wait(TICK_SECONDS)
                self._something_ended.clear()
            self._say("stopping: waiting for what runs")

    def _hint(self, portfolio: str) -> None:
        with self._guard:
            self._hinted.add(portfolio)
        self._something_ended.set()

    def _due(self) -> list[Call]:
        with self._guard:
            calls = [Call("reconcile", portfolio) for portfolio in sorted(self._hinted)]
            self._hinted.clear()
        try:
            calls += self._planner.slots()
            if self._time_for("sweep", SWEEP_SECONDS):
                calls += self._planner.unfinished()
            for kind, seconds in PERIODIC.items():
                if self._time_for(kind, seconds):
                    calls += self._planner.periodic(kind)
            if self._time_for("seen", SEEN_SECONDS):
                self._desks.ledger.seen(f"serve {os.uname().nodename}/{os.getpid()}", "serve", wall_time())
        except DeskError as error:
            log.warning("planning_failed", problem=str(error))
        return calls

    def _time_for(self, what: str, seconds: float) -> bool:
        now = time.monotonic()
        if now < self._next.get(what, 0.0):
            return False
        self._next[what] = now + seconds
        return True

    def _submit(self, pool: ThreadPoolExecutor, call: Call) -> None:
        with self._guard:
            if call in self._running:
                return
            self._running.add(call)
        pool.submit(self._carry_out, call)

    def _carry_out(self, call: Call) -> None:
        try:
            begun = time.monotonic()
            outcome = carry_out(self._desks, *call)
            took = time.monotonic() - begun
            if outcome is Outcome.FAILED or (outcome is Outcome.DONE and call.kind not in SILENT):
                self._say(f"{call.portfolio}: {call.kind} {call.argument} {outcome.value} ({took:.1f} s)")
                if outcome is Outcome.DONE and call.kind == "run_slot":
                    self._tell_run(call)
        finally:
            with self._guard:
                self._running.discard(call)
            if call.kind not in PERIODIC:
                self._something_ended.set()

    def _tell_run(self, call: Call) -> None:
        with suppress(DeskError):
            made = self._desks.ledger.proposals(call.portfolio, slot=call.argument)
            for record in made:
                decision = record.verdict.decision.value if record.verdict else "none"
                self._say(
                    f"    P-{record.id} {record.proposal.action.value} {record.proposal.symbol}: "
                    f"{decision}, {record.status.value}"
                )

    def _announce(self, portfolio: str) -> None:
        with suppress(DeskError):
            ahead = self._planner.next_slot(portfolio)
            when = f"{ahead.kind.value} {ahead.name} at {ahead.due_at:%Y-%m-%d %H:%M} UTC" if ahead else "nothing ahead"
            self._say(f"{portfolio}: next is {when}")

    def _is_over(self) -> bool:
        """A replay with a last day is over when nothing is ahead, nothing is due and nothing runs."""
        if self._desks.settings.replay_until is None or self._running:
            return False
        try:
            over = not any(self._planner.next_slot(portfolio) for portfolio in self._desks.portfolios)
            if not over or self._planner.slots() or self._planner.unfinished():
                return False
            parked = [
                job.name
                for portfolio in self._desks.portfolios
                for job in self._desks.ledger.jobs(portfolio)
                if job.status is JobStatus.PARKED
            ]
        except DeskError:
            return False
        self._say(f"the replay is over{', parked: ' + ', '.join(parked) if parked else ''}")
        return True


def serve(settings: Settings, say: Say) -> None:
    """Run the desk until SIGTERM or SIGINT, or until a replay with a last day is over.

    Raises:
        BadInput: there is no portfolio to run.
    """
    log_to(settings.home_path, stdout=settings.log_stdout)
    with Desks(settings) as desks, ExitStack() as closing:
        if not desks.portfolios:
            raise BadInput("there is no portfolio to run", "write a mandate into portfolios/, or set PM_PORTFOLIOS")
        server = Server(desks, say)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, server.stop)
        say(
            f"serving {', '.join(desks.portfolios)}; {settings.market_data} prices, {settings.broker} broker, "
            f"ledger {settings.postgres or settings.home_path}"
        )
        if settings.metrics_port:
            closing.callback(serve_metrics(settings.metrics_port, lambda: desks.ledger.figures(wall_time())))
            say(f"figures at http://localhost:{settings.metrics_port}/metrics")
        server.run()
    say("stopped")
