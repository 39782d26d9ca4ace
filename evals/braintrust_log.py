"""Send traces to Braintrust from the outbox: off the order path, under ids that make repeats harmless."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Protocol

import structlog

from domain.errors import NotFound, Undelivered
from domain.storage import Ledger
from evals.braintrust_settings import BraintrustSettings
from evals.traces import TOPIC, Feedback, Row, told_by

AT_ONCE = 100
MOST_ATTEMPTS = 12
PAUSE = timedelta(seconds=30)
LONGEST_PAUSE = timedelta(hours=1)

log: structlog.stdlib.BoundLogger = structlog.get_logger()


class Sink(Protocol):
    """Where traces go."""

    def send(self, rows: Sequence[Row | Feedback]) -> None:
        """Store rows; the same rows again change nothing; raises Undelivered."""
        ...


class BraintrustLog:
    """Braintrust's logs of one project; the library is loaded and logged in at the first row."""

    def __init__(self, settings: BraintrustSettings) -> None:
        self._settings = settings
        self._logger: Any = None

    def send(self, rows: Sequence[Row | Feedback]) -> None:
        """Send rows and wait until they are taken; raises Undelivered with the library's reason."""
        try:
            logger = self._opened()
            spans: dict[str, Any] = {}
            for row in rows:
                if isinstance(row, Feedback):
                    logger.log_feedback(
                        id=row.id,
                        scores=row.scores,
                        expected=row.expected,
                        metadata=row.metadata,
                        source="app" if row.human else "external",
                    )
                    continue
                start = spans[row.parent].start_span if row.parent in spans else logger.start_span
                spans[row.id] = start(name=row.name, type=row.kind, id=row.id, **row.event)
            for span in reversed(spans.values()):
                span.end()
            logger.flush()
        except Exception as error:
            self._logger = None
            raise Undelivered(f"Braintrust did not take it: {type(error).__name__}: {str(error)[:200]}") from error

    def _opened(self) -> Any:
        if self._logger is None:
            self._settings.prepare()
            import braintrust  # noqa: PLC0415 - a second, only where a key is set

            self._logger = braintrust.init_logger(
                project=self._settings.project,
                api_key=self._settings.key,
                app_url=self._settings.app_url,
                set_current=False,
                force_login=True,
            )
        return self._logger


def send_traces(ledger: Ledger, sink: Sink | None, now: datetime) -> int:
    """Send what waits in the outbox, oldest first; return how many messages were sent.

    Without a sink they are struck off: the ledger holds all of it. A sink that fails is tried again later, and each
    message given up after a day or so; nothing else waits for it.
    """
    sent = 0
    while items := ledger.claim_outbox([TOPIC], now, limit=AT_ONCE):
        for item in items:
            try:
                if sink is not None:
                    sink.send(told_by(ledger, item))
                    sent += 1
            except NotFound as error:
                ledger.outbox_failed(item.key, error.message, None)
            except Undelivered as error:
                give_up = item.attempts >= MOST_ATTEMPTS
                pause = min(PAUSE * 2 ** (item.attempts - 1), LONGEST_PAUSE)
                ledger.outbox_failed(item.key, error.message, None if give_up else now + pause)
                log.warning("trace_not_sent", key=item.key, problem=error.message, given_up=give_up)
                return sent
            else:
                ledger.outbox_done(item.key, now)
    return sent
