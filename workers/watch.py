"""Brokers' streams as hints: a look at the broker follows each, and regular looks do not depend on them."""

import threading
from collections.abc import Callable
from functools import partial

import structlog

from domain.errors import DeskError
from domain.ports import Hinting
from workers.desks import Desks

log: structlog.stdlib.BoundLogger = structlog.get_logger()


def start_streams(desks: Desks, on_hint: Callable[[str], None], stop: threading.Event) -> tuple[threading.Thread, ...]:
    """Listen for each portfolio whose broker has a stream; `on_hint` gets the portfolio's name, from another thread."""
    return tuple(thread for portfolio in desks.portfolios if (thread := _listen(desks, portfolio, on_hint, stop)))


def _listen(
    desks: Desks, portfolio: str, on_hint: Callable[[str], None], stop: threading.Event
) -> threading.Thread | None:
    try:
        broker = desks.of(portfolio).ctx.broker
    except DeskError as error:
        log.warning("no_stream", portfolio=portfolio, problem=str(error))
        return None
    if not isinstance(broker, Hinting):
        return None
    told = partial(_tell, portfolio, on_hint)
    thread = threading.Thread(target=broker.watch_stream, args=(told, stop), daemon=True, name=f"stream {portfolio}")
    thread.start()
    return thread


def _tell(portfolio: str, on_hint: Callable[[str], None], word: str) -> None:
    log.info("stream_hint", portfolio=portfolio, hint=word)
    on_hint(portfolio)
