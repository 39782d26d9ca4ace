"""The Celery application: messages on Redis are hints at rows of the ledger, and losing all of them loses nothing.

`pm worker` and `pm beat` start it; so does `celery -A workers.celery_app worker`.
"""

from typing import Any

from celery import Celery

from domain.errors import OperatorNeeded
from workers.jobs import PERIODIC
from workers.queues import PRIORITIES, QUEUE_DESK, QUEUE_RUNS, SEPARATOR, URGENT
from workers.settings import Settings, read_settings

SWEEP_SECONDS = 30.0
SOFT_LIMIT_SECONDS, HARD_LIMIT_SECONDS, VISIBILITY_SECONDS = 480, 540, 600
"""A task ends before Redis gives its message to somebody else."""
RESULT = {"max_retries": 3, "interval_start": 0, "interval_step": 0.2, "interval_max": 0.5}


def make_app(settings: Settings) -> Celery:
    """Make the application for these settings.

    Raises:
        OperatorNeeded: PM_REDIS_URL is not set.
    """
    if settings.redis_url is None:
        raise OperatorNeeded(
            "PM_REDIS_URL is not set, and worker and beat talk through Redis",
            "set it, for example redis://localhost:6379/0; `pm serve` runs the desk without Redis",
        )
    url = settings.redis_url.get_secret_value()
    made = Celery("portfolio-agent", broker=url, include=["workers.tasks"])
    made.conf.update(
        task_acks_late=True,
        task_reject_on_worker_lost=True,
        worker_prefetch_multiplier=1,
        task_ignore_result=True,
        task_serializer="json",
        accept_content=["json"],
        task_default_queue=QUEUE_DESK,
        task_routes={"pm.run_slot": {"queue": QUEUE_RUNS}},
        task_soft_time_limit=SOFT_LIMIT_SECONDS,
        task_time_limit=HARD_LIMIT_SECONDS,
        task_publish_retry_policy=RESULT,
        broker_connection_retry_on_startup=True,
        broker_transport_options={
            "visibility_timeout": VISIBILITY_SECONDS,
            "unacked_restore_interval": 5,
            "priority_steps": list(PRIORITIES),
            "sep": SEPARATOR,
            "unacked_restore_throttle": 1,
            "socket_keepalive": True,
        },
        worker_hijack_root_logger=False,
        worker_send_task_events=False,
        worker_cancel_long_running_tasks_on_connection_loss=False,
        timezone="America/New_York",
        beat_cron_starting_deadline=300,
        beat_scheduler="workers.beat.DeskScheduler",
        beat_max_loop_interval=min(settings.tick_seconds, 5.0),
        beat_schedule=_schedule(settings),
        redbeat_redis_url=url,
        redbeat_key_prefix="pm:beat:",
        redbeat_lock_timeout=max(10, int(3 * settings.tick_seconds)),
    )
    return made


def _schedule(settings: Settings) -> dict[str, dict[str, Any]]:
    """What beat asks for: plans only; crons live in the mandates, and a plan that comes late is dropped."""
    rounds = {"slots": settings.tick_seconds, "unfinished": min(SWEEP_SECONDS, 6 * settings.tick_seconds), **PERIODIC}
    return {
        what: {
            "task": "pm.plan",
            "schedule": seconds,
            "args": [what],
            "options": {"queue": QUEUE_DESK, "expires": max(seconds, 5.0), "priority": URGENT},
        }
        for what, seconds in rounds.items()
    }


app = make_app(read_settings())
