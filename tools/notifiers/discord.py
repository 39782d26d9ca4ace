"""Notices to a Discord channel, through one webhook."""

import json
import urllib.error
import urllib.request
from pathlib import Path
from urllib.parse import urlsplit

from pydantic import SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from domain.errors import BadInput, Undeliverable, Undelivered
from domain.notices import Notice, Notifier
from tools.notifiers import NOTIFIERS

MOST_CHARACTERS = 1_900
TIMEOUT_SECONDS = 10.0
NO_EMBEDS = 4
BUSY, FAILED = 429, 500
MARKUP = str.maketrans({mark: f"\\{mark}" for mark in "\\*_~`|>#[]()<@:"})
LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


class DiscordSettings(BaseSettings):
    """Where to post; the address is a secret, because it is all it takes."""

    model_config = SettingsConfigDict(
        env_file=Path(__file__).resolve().parents[2] / ".env",
        extra="ignore",
        hide_input_in_errors=True,
        env_ignore_empty=True,
    )

    discord_webhook_url: SecretStr | None = None


class Discord:
    """Implements `domain.notices.Notifier`."""

    name = "discord"

    def __init__(self, url: SecretStr) -> None:
        parts = urlsplit(url.get_secret_value())
        if parts.scheme != "https" and parts.hostname not in LOOPBACK:
            raise BadInput("DISCORD_WEBHOOK_URL is no https address", "copy it from the channel's integrations")
        self._url = url

    def tell(self, notice: Notice) -> None:
        """Post one message; mentions and previews are off."""
        lines = [f"**{notice.headline.translate(MARKUP)}**", *(line.translate(MARKUP) for line in notice.lines)]
        text = "\n".join([*lines, f"{notice.portfolio} · {notice.kind.value} · PAPER"])
        body = {"content": text[:MOST_CHARACTERS], "allowed_mentions": {"parse": []}, "flags": NO_EMBEDS}
        self._post(json.dumps(body).encode())

    def _post(self, body: bytes) -> None:
        request = urllib.request.Request(  # noqa: S310 - the scheme was checked
            self._url.get_secret_value(),
            data=body,
            headers={"Content-Type": "application/json", "User-Agent": "portfolio-agent"},
        )
        try:
            with urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS):  # noqa: S310 - the same
                return
        except urllib.error.HTTPError as error:
            with error:
                wait = error.headers.get("Retry-After")
            if error.code == BUSY or error.code >= FAILED:
                raise Undelivered(f"Discord answered {error.code}", retry_after=_seconds(wait)) from None
            remedy = "copy DISCORD_WEBHOOK_URL again from the channel's integrations"
            raise Undeliverable(f"Discord answered {error.code}", remedy) from None
        except OSError as error:
            raise Undelivered(f"Discord did not answer: {type(error).__name__}") from None


@NOTIFIERS.register
class Adapter:
    """Set up where DISCORD_WEBHOOK_URL is."""

    @staticmethod
    def configured() -> bool:
        """Whether there is an address."""
        return DiscordSettings().discord_webhook_url is not None

    @staticmethod
    def connect() -> Notifier:
        """Open it; nothing is sent yet."""
        url = DiscordSettings().discord_webhook_url
        if url is None:
            raise BadInput("DISCORD_WEBHOOK_URL is missing", "set it, or remove discord from PM_NOTIFIER")
        return Discord(url)


def _seconds(text: str | None) -> float | None:
    try:
        return float(text) if text is not None else None
    except ValueError:
        return None
