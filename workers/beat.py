"""Beat with one leader among several, which survives that Redis forgets or goes away."""

import time
from collections.abc import Callable
from typing import Any

import structlog
from redbeat.schedulers import RedBeatScheduler, acquire_distributed_beat_lock, get_redis
from redis.exceptions import ConnectionError as RedisGone
from redis.exceptions import LockError
from redis.exceptions import TimeoutError as RedisSlow

log: structlog.stdlib.BoundLogger = structlog.get_logger()


class DeskScheduler(RedBeatScheduler):  # type: ignore[misc]  # redbeat has no types
    """RedBeat, which after a FLUSHALL takes the lead anew and writes its entries again instead of dying."""

    lock: Any = None

    def tick(self, min: Callable[..., float] = min, **kwargs: Any) -> float:  # noqa: A002 - Celery's signature
        """Send what is due, as the leader; wait for the lead where somebody else has it."""
        try:
            if self.lock is None:
                self._take_the_lead()
            if not get_redis(self.app).exists(self.app.redbeat_conf.schedule_key):
                log.warning("beat_entries_missing", remedy="written again")
                self.setup_schedule()
            return float(super().tick(min=min, **kwargs))
        except LockError:
            log.warning("beat_lost_the_lead", remedy="asks for it again")
            self.lock = None
        except (RedisGone, RedisSlow) as error:
            log.warning("beat_cannot_reach_redis", problem=str(error))
            time.sleep(1.0)
        return 0.0

    def _take_the_lead(self) -> None:
        acquire_distributed_beat_lock(sender=_Sender(self))


class _Sender:
    """What redbeat's signal handler looks at."""

    def __init__(self, scheduler: DeskScheduler) -> None:
        self.scheduler = scheduler
