"""How updates come in: fetched by long polls, or delivered to a webhook; stored before Telegram is told so."""

import asyncio
import hmac
import json
import threading
from collections.abc import Awaitable, Callable
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

from telegram import Bot
from telegram.error import Conflict, RetryAfter, TelegramError

from tools.notifiers.telegram import TelegramSettings, wait_of
from workers.telegram.seal import Seal

WANTED = ["message", "edited_message", "callback_query"]
POLL_SECONDS = 25
WAKE_SECONDS = 5.0
PAUSES = (1.0, 2.0, 5.0, 15.0, 30.0)
CONFLICTS = 3
"""So many refusals in a row mean that somebody else holds the token: a first one may be our own last connection."""
CONFLICT = "somebody else polls with this bot's token"
SECRET_HEADER = "X-Telegram-Bot-Api-Secret-Token"  # noqa: S105 - the name of a header
MOST_BYTES = 1_000_000

Updates = list[tuple[int, dict[str, Any]]]


class Intake:
    """Takes updates in until it is stopped; `receive` stores them, `drain` carries them out."""

    def __init__(
        self,
        bot: Bot,
        settings: TelegramSettings,
        seal: Seal,
        receive: Callable[[Updates], Awaitable[bool]],
        drain: Callable[[], Awaitable[None]],
        problem: Callable[[str, Exception], None],
    ) -> None:
        self._bot, self._settings, self._seal = bot, settings, seal
        self._receive, self._drain, self._problem = receive, drain, problem
        self._polling: asyncio.Task[Any] | None = None

    def stop(self) -> None:
        """End a poll that waits."""
        if self._polling is not None:
            self._polling.cancel()

    async def run(self, stopping: asyncio.Event) -> str | None:
        """Work until `stopping`; returns early, with the reason, where somebody else listens."""
        if self._settings.telegram_webhook_url:
            await self._listen(stopping)
            return None
        return await self._poll(stopping)

    async def _poll(self, stopping: asyncio.Event) -> str | None:
        """Telegram forgets an update only when the next poll says that we have it."""
        offset, failures, conflicts = None, 0, 0
        with suppress(TelegramError):
            await self._bot.delete_webhook(drop_pending_updates=False)
        while not stopping.is_set():
            fetch = self._bot.get_updates(offset, timeout=POLL_SECONDS, allowed_updates=WANTED)
            self._polling = asyncio.ensure_future(fetch)
            try:
                fetched = await self._polling
            except asyncio.CancelledError:
                break
            except Conflict as error:
                conflicts += 1
                self._problem("telegram_conflict", error)
                if conflicts >= CONFLICTS:
                    return CONFLICT
                await _rest(stopping, PAUSES[1])
                continue
            except TelegramError as error:
                self._problem("telegram_unreachable", error)
                await _rest(stopping, _pause(error, failures))
                failures += 1
                continue
            failures = conflicts = 0
            stored = not fetched or await self._receive([(one.update_id, one.to_dict()) for one in fetched])
            if not stored:
                await _rest(stopping, PAUSES[0])
                continue
            offset = fetched[-1].update_id + 1 if fetched else offset
            await self._drain()
        return None

    async def _listen(self, stopping: asyncio.Event) -> None:
        loop, came = asyncio.get_running_loop(), asyncio.Event()

        def receive(number: int, body: dict[str, Any]) -> bool:
            stored = asyncio.run_coroutine_threadsafe(_await(self._receive([(number, body)])), loop).result(30.0)
            loop.call_soon_threadsafe(came.set)
            return stored

        with Webhook(self._settings.pm_telegram_webhook_port, self._seal.webhook_secret(), receive):
            await self._bot.set_webhook(
                self._settings.telegram_webhook_url,
                secret_token=self._seal.webhook_secret(),
                allowed_updates=WANTED,
                drop_pending_updates=False,
            )
            while not stopping.is_set():
                came.clear()
                await self._drain()
                waits = [asyncio.ensure_future(came.wait()), asyncio.ensure_future(stopping.wait())]
                await asyncio.wait(waits, timeout=WAKE_SECONDS, return_when=asyncio.FIRST_COMPLETED)
                for wait in waits:
                    wait.cancel()


class Webhook:
    """A route of our own: it answers 200 only when the update is stored; put TLS in front of it."""

    def __init__(self, port: int, secret: str, receive: Callable[[int, dict[str, Any]], bool]) -> None:
        class Handler(_Handler):
            pass

        Handler.secret, Handler.receive = secret, staticmethod(receive)
        self._server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self._server.server_address[1])

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()


class _Handler(BaseHTTPRequestHandler):
    secret: str
    receive: Callable[[int, dict[str, Any]], bool]
    timeout = 20

    def do_POST(self) -> None:
        given = self.headers.get(SECRET_HEADER, "")
        if not hmac.compare_digest(given.encode("utf-8", "replace"), self.secret.encode()):
            self._end(403)
            return
        try:
            length = int(self.headers.get("Content-Length", ""))
            body = json.loads(self.rfile.read(length)) if 0 < length <= MOST_BYTES else None
            number = int(body["update_id"]) if body else None
        except (ValueError, TypeError, KeyError):
            number, body = None, None
        if number is None or not isinstance(body, dict):
            self._end(400)
            return
        self._end(200 if self.receive(number, body) else 503)

    def _end(self, status: int) -> None:
        self.send_response(status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        return


async def _await(work: Awaitable[bool]) -> bool:
    return await work


async def _rest(stopping: asyncio.Event, seconds: float) -> None:
    with suppress(TimeoutError):
        await asyncio.wait_for(stopping.wait(), seconds)


def _pause(error: TelegramError, failures: int) -> float:
    if isinstance(error, RetryAfter):
        return wait_of(error)
    return PAUSES[min(failures, len(PAUSES) - 1)]
