"""The bot's process: carry out what came in one by one, tell people what is new, sweep what has expired."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import structlog
from telegram import BotCommand, Update
from telegram.error import InvalidToken, TelegramError
from telegram.ext import (
    AIORateLimiter,
    Application,
    ApplicationBuilder,
    ApplicationHandlerStop,
    CallbackQueryHandler,
    ContextTypes,
    MessageHandler,
    TypeHandler,
    filters,
)

from domain.errors import BadInput, Busy, DeskError
from domain.notices import Notice, NoticeKind
from domain.people import StoredUpdate
from tools.notifiers.telegram import Telegram, TelegramSettings, make_request, plainly
from workers.channels import read_channels, topic
from workers.delivery import Payload, deliver
from workers.sending import post
from workers.telegram.commands import commands
from workers.telegram.counter import Counter, Handled, urgent_first
from workers.telegram.incoming import read_update
from workers.telegram.intake import POLL_SECONDS, Intake
from workers.telegram.seal import Seal
from workers.telegram.staff import Person
from workers.till import open_till

PAUSES = (1.0, 2.0, 5.0, 15.0, 30.0)
TELL_SECONDS, SWEEP_SECONDS = 2.0, 10.0
MOST_ANSWER = 200

Say = Callable[[str], None]
log: structlog.stdlib.BoundLogger = structlog.get_logger()


class Bot:
    """One bot for one portfolio; everything it knows is in the ledger."""

    def __init__(self, portfolio: str, settings: TelegramSettings, staff: dict[int, Person], say: Say) -> None:
        self._portfolio, self._settings, self._say = portfolio, settings, say
        with open_till(portfolio) as till:
            self._name = till.portfolio
        self._counter = Counter(staff, Seal(settings.token, self._name), settings.chat)
        self._messenger = Telegram(settings)
        self._stopping, self._busy = asyncio.Event(), asyncio.Lock()
        self._handling: StoredUpdate | None = None
        self._app = self._build()
        self._intake = Intake(self._app.bot, settings, self._counter.seal, self._receive, self._drain, self._problem)

    def stop(self) -> None:
        """Ask the bot to end; what came in and was not carried out waits in the ledger."""
        self._stopping.set()
        self._intake.stop()

    async def run(self) -> None:
        """Work until `stop`; Telegram may be down meanwhile.

        Raises:
            BadInput: the token is refused.
        """
        loops = [
            asyncio.ensure_future(loop)
            for loop in (
                self._take_in(),
                self._every(TELL_SECONDS, self._tell),
                self._every(SWEEP_SECONDS, self._sweep),
            )
        ]
        try:
            await asyncio.gather(*loops)
        finally:
            for loop in loops:
                loop.cancel()
            await self._app.shutdown()

    def _build(self) -> Application[Any, Any, Any, Any, Any, Any]:
        url = self._settings.base_url
        app = (
            ApplicationBuilder()
            .token(self._settings.token)
            .base_url(f"{url}/bot")
            .request(make_request(url, connections=4))
            .get_updates_request(make_request(url, read_timeout=POLL_SECONDS + 10.0))
            .rate_limiter(AIORateLimiter(max_retries=1))
            .concurrent_updates(False)  # noqa: FBT003 - the library's signature
            .updater(None)
            .build()
        )
        app.add_handler(TypeHandler(Update, self._guard), group=-1)
        app.add_handler(CallbackQueryHandler(self._serve))
        app.add_handler(MessageHandler(filters.ALL, self._serve))
        return app

    async def _take_in(self) -> None:
        if await self._begin():
            await self._drain()
            conflict = await self._intake.run(self._stopping)
            if conflict:
                await asyncio.to_thread(self._alert, conflict)
        await self._stopping.wait()

    async def _begin(self) -> bool:
        """Reach Telegram, however long it takes; False where we are asked to end before that."""
        failures = 0
        menu = [BotCommand(name, command.help[:100]) for name, command in commands().items()]
        while not self._stopping.is_set():
            try:
                await self._app.initialize()
                await self._app.bot.set_my_commands(menu)
            except InvalidToken:
                raise BadInput("TELEGRAM_BOT_TOKEN is refused by Telegram", "copy it again from @BotFather") from None
            except TelegramError as error:
                self._problem("telegram_unreachable", error)
                await self._rest(PAUSES[min(failures, len(PAUSES) - 1)])
                failures += 1
            else:
                self._say(f"bot for {self._name} listens: {len(self._counter.staff)} people, chat {self._counter.chat}")
                return True
        return False

    async def _receive(self, updates: list[tuple[int, dict[str, Any]]]) -> bool:
        """Store updates; False where the ledger is busy, so that they are not acknowledged."""

        def store() -> None:
            with open_till(self._portfolio) as till:
                for number, body in updates:
                    till.ledger.receive_update(till.portfolio, number, body, till.clock.wall())

        try:
            await asyncio.to_thread(store)
        except DeskError as error:
            self._problem("update_not_stored", error)
            return False
        return True

    async def _drain(self) -> None:
        """Carry out everything that is stored, what stops the desk first."""

        def waiting() -> list[StoredUpdate]:
            with open_till(self._portfolio) as till:
                return sorted(till.ledger.waiting_updates(till.portfolio), key=urgent_first)

        async with self._busy:
            for update in await asyncio.to_thread(waiting):
                self._handling = update
                read = Update.de_json({**update.body, "update_id": update.update_id}, self._app.bot)
                await self._app.process_update(read)

    async def _guard(self, _: Update, context: ContextTypes.DEFAULT_TYPE) -> None:
        """Turn away whoever is not on the list, before any handler sees the update."""
        update = self._handling
        if update is not None and self._counter.guard(read_update(update.update_id, update.body)) is not None:
            await self._serve(_, context)
            raise ApplicationHandlerStop

    async def _serve(self, _: Update, __: ContextTypes.DEFAULT_TYPE) -> None:
        update = self._handling
        if update is None:
            return
        try:
            handled = await asyncio.to_thread(self._carry_out, update)
        except DeskError as error:
            self._problem("update_waits", error)
            return
        if handled.mine:
            await self._answer(handled)

    def _carry_out(self, update: StoredUpdate) -> Handled:
        with open_till(self._portfolio) as till:
            return self._counter.carry_out(till, update)

    async def _answer(self, handled: Handled) -> None:
        """Tell the person; what was decided stands, whether or not they hear of it."""
        incoming, response = handled.incoming, handled.response
        if incoming.asks:
            self._say(f"{incoming.kind} of {incoming.user}: {response.subject} {response.outcome} {response.said}")
        if incoming.query:
            try:
                await self._app.bot.answer_callback_query(
                    incoming.query, response.said[:MOST_ANSWER] or None, show_alert=response.alert
                )
            except TelegramError as error:
                self._problem("tap_not_answered", error)
        if incoming.chat == self._counter.chat:
            await asyncio.to_thread(self._show, handled)
        await asyncio.to_thread(self._tell)

    def _show(self, handled: Handled) -> None:
        try:
            for change in handled.response.changes:
                self._messenger.edit(handled.incoming.chat, change.message, change.html, change.buttons)
            with open_till(self._portfolio) as till:
                for send in handled.response.sends:
                    post(self._messenger, till.ledger, till.portfolio, self._messenger.chat, send, till.clock.wall())
        except DeskError as error:
            self._problem("answer_not_sent", error)

    def _tell(self) -> None:
        deliver(self._portfolio)

    def _sweep(self) -> None:
        with open_till(self._portfolio) as till:
            till.ledger.expire(till.portfolio, till.clock.now())

    async def _every(self, seconds: float, work: Callable[[], None]) -> None:
        while not self._stopping.is_set():
            try:
                await asyncio.to_thread(work)
            except Busy:
                log.info("ledger_busy", work=work.__name__)
            except DeskError as error:
                self._problem(f"{work.__name__.strip('_')}_failed", error)
            await self._rest(seconds)

    async def _rest(self, seconds: float) -> None:
        with suppress(TimeoutError):
            await asyncio.wait_for(self._stopping.wait(), seconds)

    def _problem(self, event: str, error: Exception) -> None:
        plain = plainly(error, self._settings.token) if isinstance(error, TelegramError) else error
        log.warning(event, problem=str(plain))
        self._say(f"{event.replace('_', ' ')}: {plain}")

    def _alert(self, what: str) -> None:
        """Tell every channel, this one included, that nobody listens here any more."""
        lines = ("This bot has stopped listening; cards go out, taps are not heard here. Was the token stolen?",)
        with open_till(self._portfolio) as till:
            notice = Notice(kind=NoticeKind.PROBLEM, portfolio=till.portfolio, headline=what, lines=lines)
            wall = till.clock.wall()
            for name in read_channels(till.settings, till.portfolio).names:
                key = f"{name}:conflict:{till.portfolio}:{wall:%Y-%m-%dT%H:%M}"
                body: Payload = {"type": "notice", "notice": notice.model_dump(mode="json")}
                till.ledger.post(till.portfolio, topic(name), key, body, wall)
