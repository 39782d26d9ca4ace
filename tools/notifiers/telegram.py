"""Cards and notices to one Telegram chat, through python-telegram-bot."""

import asyncio
import logging
import warnings
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from html import escape
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict
from telegram import Bot, ForceReply, InlineKeyboardButton, InlineKeyboardMarkup, LinkPreviewOptions, Message
from telegram.error import BadRequest, ChatMigrated, Forbidden, InvalidToken, RetryAfter, TelegramError
from telegram.request import HTTPXRequest

from domain.checkup import Finding
from domain.errors import BadInput, DeskError, Undeliverable, Undelivered
from domain.notices import Button, Notice
from tools.notifiers import NOTIFIERS

T = TypeVar("T")

CONNECT_SECONDS, READ_SECONDS = 5.0, 10.0
MENDED_AFTER = 300.0
"""Seconds until a chat that does not let us in is tried again: somebody has to change something."""
MOST_CALLBACK_BYTES = 64
LONGEST_WAIT = 3_600.0
LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
DANGER = {"style": "danger"}


class TelegramSettings(BaseSettings):
    """The bot and its chat; `pm_approvers` is `id:role` or `id:role:name`, separated by commas."""

    model_config = SettingsConfigDict(
        env_file=Path(__file__).resolve().parents[2] / ".env",
        extra="ignore",
        hide_input_in_errors=True,
        env_ignore_empty=True,
    )

    telegram_bot_token: SecretStr | None = None
    telegram_base_url: str = "https://api.telegram.org"
    telegram_webhook_url: str = ""
    pm_telegram_webhook_port: int = Field(default=8081, ge=1, le=65_535)
    pm_telegram_chat_id: int | None = None
    pm_approvers: str = ""

    @classmethod
    def read(cls) -> "TelegramSettings":
        """Read the settings; raises BadInput naming the variable, never a secret."""
        try:
            return cls()
        except ValidationError as error:
            first = error.errors(include_url=False, include_context=False, include_input=False)[0]
            name = ".".join(str(part) for part in first["loc"]).upper()
            raise BadInput(f"{name}: {first['msg']}", "correct the variable in the environment or in .env") from None

    @property
    def token(self) -> str:
        """The bot's token; raises BadInput where it is missing or can't be one."""
        token = self.telegram_bot_token.get_secret_value() if self.telegram_bot_token else ""
        if not token or any(mark.isspace() or mark in "/?#%" for mark in token):
            what = "is no token" if token else "is missing"
            raise BadInput(f"TELEGRAM_BOT_TOKEN {what}", "make a bot with @BotFather and copy its token")
        return token

    @property
    def base_url(self) -> str:
        """Where the Bot API is; raises BadInput where the token would travel unprotected."""
        parts = urlsplit(self.telegram_base_url)
        if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in LOOPBACK):
            raise BadInput(
                f"TELEGRAM_BASE_URL {self.telegram_base_url!r} is no https address", "leave it out, or use https"
            )
        return self.telegram_base_url.rstrip("/")

    @property
    def chat(self) -> int:
        """The chat that cards go to; raises BadInput where it is missing."""
        if self.pm_telegram_chat_id is None:
            remedy = "write to the bot, then look for chat.id at TELEGRAM_BASE_URL/bot<token>/getUpdates"
            raise BadInput("PM_TELEGRAM_CHAT_ID is missing", remedy)
        return self.pm_telegram_chat_id


class Telegram:
    """Implements `domain.notices.Messenger`; every call opens and closes its own connection."""

    name = "telegram"

    def __init__(self, settings: TelegramSettings) -> None:
        self._token, self._url = settings.token, settings.base_url
        self.chat, self.secret = settings.chat, settings.token
        keep_token_out_of_logs()

    def tell(self, notice: Notice) -> None:
        """Send a notice as plain paragraphs."""
        lines = [
            f"<b>{escape(notice.headline, quote=False)}</b>",
            *(escape(line, quote=False) for line in notice.lines),
        ]
        self.send(self.chat, "\n".join(lines))

    def examine(self, _: Sequence[str] = ()) -> tuple[Finding, ...]:
        """Ask who the bot is and whether it sees its chat; nothing is sent."""
        me = self._call(lambda bot: bot.get_me())
        chat = self._call(lambda bot: bot.get_chat(self.chat))
        return (Finding(part="telegram", found=f"@{me.username} writes to chat {chat.id} ({chat.type})"),)

    def send(self, chat: int, html: str, buttons: Sequence[Sequence[Button]] = (), prompt_of: int | None = None) -> int:
        """Send a message and return its number; with `prompt_of`, ask that user to reply to it."""
        markup = ForceReply(selective=True) if prompt_of is not None else keyboard(buttons)

        async def ask(bot: Bot) -> Message:
            return await bot.send_message(chat, html, parse_mode="HTML", reply_markup=markup, **_quiet())

        return self._call(ask).message_id

    def edit(self, chat: int, message: int, html: str, buttons: Sequence[Sequence[Button]] = ()) -> None:
        """Replace text and buttons of a message of ours; no buttons remove them."""

        async def ask(bot: Bot) -> object:
            return await bot.edit_message_text(
                html, chat, message, parse_mode="HTML", reply_markup=keyboard(buttons), **_quiet()
            )

        try:
            self._call(ask)
        except Undeliverable as error:
            if "not modified" not in error.message:
                raise

    def _call(self, ask: Callable[[Bot], Awaitable[T]]) -> T:
        async def once() -> T:
            request = make_request(self._url)
            try:
                return await ask(Bot(self._token, base_url=f"{self._url}/bot", request=request))
            finally:
                await request.shutdown()

        try:
            return asyncio.run(once())
        except TelegramError as error:
            raise plainly(error, self._token) from None


def make_request(base_url: str, *, read_timeout: float = READ_SECONDS, connections: int = 1) -> HTTPXRequest:
    """Make a client for the Bot API with short timeouts; a server on this machine is never reached by a proxy."""
    local = urlsplit(base_url).hostname in LOOPBACK
    return HTTPXRequest(
        connection_pool_size=connections,
        connect_timeout=CONNECT_SECONDS,
        read_timeout=read_timeout,
        write_timeout=READ_SECONDS,
        pool_timeout=CONNECT_SECONDS,
        httpx_kwargs={"trust_env": False, "verify": False} if local else {},  # plain http: there is nothing to verify
    )


def keyboard(buttons: Sequence[Sequence[Button]]) -> InlineKeyboardMarkup | None:
    """Make buttons; None where there are none.

    Raises:
        ValueError: a button carries more than Telegram takes; the client does not check.
    """
    for button in (button for row in buttons for button in row):
        if len(button.data.encode()) > MOST_CALLBACK_BYTES:
            raise ValueError(f"{button.data!r} is longer than {MOST_CALLBACK_BYTES} bytes")
    rows = [
        [
            InlineKeyboardButton(button.label, callback_data=button.data, api_kwargs=DANGER if button.danger else None)
            for button in row
        ]
        for row in buttons
    ]
    return InlineKeyboardMarkup(rows) if rows else None


def plainly(error: TelegramError, token: str) -> DeskError:
    """Turn what the library says into our errors, without the token."""
    said = error.message.replace(token, "***") if token else error.message
    if isinstance(error, RetryAfter):
        return Undelivered("Telegram wants us to wait", retry_after=wait_of(error))
    if isinstance(error, (Forbidden, InvalidToken)):
        remedy = "check TELEGRAM_BOT_TOKEN, and that the bot is still in the chat"
        return Undelivered(f"Telegram lets us in no more: {said}", remedy, retry_after=MENDED_AFTER)
    if isinstance(error, ChatMigrated):
        return Undeliverable("the chat has another id now", f"set PM_TELEGRAM_CHAT_ID={error.new_chat_id}")
    if isinstance(error, BadRequest):
        return Undeliverable(f"Telegram refused: {said}", "check PM_TELEGRAM_CHAT_ID")
    return Undelivered(f"Telegram did not answer: {said}")


def wait_of(error: RetryAfter) -> float:
    """How long Telegram wants us to wait, in seconds; an hour at most."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it will be a timedelta one day; both are read
        wait = error.retry_after
    return min(wait.total_seconds() if isinstance(wait, timedelta) else float(wait), LONGEST_WAIT)


def keep_token_out_of_logs() -> None:
    """The library's client logs every address, which contains the token: only warnings may pass."""
    for name in ("httpx", "httpcore", "telegram"):
        logging.getLogger(name).setLevel(logging.WARNING)


@NOTIFIERS.register
class Adapter:
    """Set up where PM_NOTIFIER names it."""

    @staticmethod
    def configured() -> bool:
        """A token alone does not make the desk write to people."""
        return False

    @staticmethod
    def connect() -> Telegram:
        """Open it; nothing is sent yet."""
        return Telegram(TelegramSettings.read())


def _quiet() -> dict[str, Any]:
    return {"link_preview_options": LinkPreviewOptions(is_disabled=True)}
