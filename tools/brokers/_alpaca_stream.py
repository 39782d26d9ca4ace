"""Alpaca's `trade_updates` stream, as a hint only: it replays nothing and may be silent, shuffled or repeated."""

import json
from collections.abc import Callable
from threading import Event
from typing import Any

import structlog

from tools.alpaca_api import AlpacaSettings

OPEN_SECONDS = 10.0
LISTEN_SECONDS = 1.0
LONGEST_PAUSE = 30.0

log: structlog.stdlib.BoundLogger = structlog.get_logger()


def listen(settings: AlpacaSettings, on_hint: Callable[[str], None], stop: Event) -> None:
    """Call `on_hint` on every (re)connection and with the name of each event, until `stop`; never raises.

    Keys that are not accepted are tried again like a connection that failed: the polling tells people about them.
    """
    from websockets.exceptions import WebSocketException  # noqa: PLC0415 - for those who listen

    pause = 1.0
    while not stop.is_set():
        try:
            _converse(settings, on_hint, stop)
            pause = 1.0
        except (OSError, WebSocketException, ValueError, KeyError, TypeError) as error:
            log.warning("stream_lost", problem=type(error).__name__, again_in_seconds=pause)
        stop.wait(pause)
        pause = min(2.0 * pause, LONGEST_PAUSE)


def _converse(settings: AlpacaSettings, on_hint: Callable[[str], None], stop: Event) -> None:
    from websockets.sync.client import connect  # noqa: PLC0415

    keys = {"key_id": settings.account_key, "secret_key": settings.secret.get_secret_value() if settings.secret else ""}
    with connect(settings.stream_url, open_timeout=OPEN_SECONDS, close_timeout=1.0) as stream:
        stream.send(json.dumps({"action": "authenticate", "data": keys}))
        answer = json.loads(stream.recv(timeout=OPEN_SECONDS))
        if answer["data"]["status"] != "authorized":
            raise ValueError("the stream does not accept the keys")
        stream.send(json.dumps({"action": "listen", "data": {"streams": ["trade_updates"]}}))
        stream.recv(timeout=OPEN_SECONDS)
        on_hint("connected")
        while not stop.is_set():
            name = _event(stream)
            if name:
                on_hint(name)


def _event(stream: Any) -> str:
    try:
        told = json.loads(stream.recv(timeout=LISTEN_SECONDS))
    except TimeoutError:
        return ""
    return str(told["data"].get("event", "")) if told.get("stream") == "trade_updates" else ""
