"""PM_CLOCK=broker is for rehearsals: accepted only while every vendor address in use is this machine's own."""

from urllib.parse import urlsplit

from pydantic import SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from domain.errors import BadInput
from workers.settings import ENV_FILE, Settings

LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
REHEARSABLE = frozenset({"quant", "recorded", "simulated", "alpaca", "openai", "csv", "parquet", "file"})
"""Adapters whose only addresses are those below, or that have none."""


class Addresses(BaseSettings):
    """Where vendors are reached, and the keys that make us call them at their usual address."""

    model_config = SettingsConfigDict(env_file=ENV_FILE, extra="ignore", env_ignore_empty=True)

    alpaca_base_url: str = ""
    alpaca_data_url: str = ""
    alpaca_stream_url: str = ""
    openai_base_url: str = ""
    telegram_base_url: str = ""
    discord_webhook_url: SecretStr | None = None
    smtp_url: SecretStr | None = None
    braintrust_api_url: str = ""
    openai_api_key: SecretStr | None = None
    telegram_bot_token: SecretStr | None = None
    braintrust_api_key: SecretStr | None = None


def is_loopback(url: str) -> bool:
    """Whether an address is on this machine."""
    return (urlsplit(url).hostname or "") in LOOPBACK


def refuse_real_vendors(settings: Settings) -> None:
    """Refuse a rehearsal that could reach somebody real.

    Raises:
        BadInput: names the variable, never its value.
    """
    told = Addresses()
    needed = {
        "ALPACA_BASE_URL": (told.alpaca_base_url, True),
        "ALPACA_DATA_URL": (told.alpaca_data_url, True),
        "ALPACA_STREAM_URL": (told.alpaca_stream_url, True),
        "OPENAI_BASE_URL": (told.openai_base_url, told.openai_api_key is not None),
        "TELEGRAM_BASE_URL": (told.telegram_base_url, told.telegram_bot_token is not None),
        "BRAINTRUST_API_URL": (told.braintrust_api_url, told.braintrust_api_key is not None),
        "DISCORD_WEBHOOK_URL": (_plain(told.discord_webhook_url), told.discord_webhook_url is not None),
        "SMTP_URL": (_plain(told.smtp_url), told.smtp_url is not None),
    }
    for name, (address, used) in needed.items():
        if used and not is_loopback(address):
            raise BadInput(f"PM_CLOCK=broker while {name} is not an address of this machine", _REMEDY)
    sources = (*settings.news_names, *settings.event_names, *settings.macro_names)
    for name in (settings.analyst, settings.broker, settings.market_data, *sources):
        if name not in REHEARSABLE:
            raise BadInput(f"PM_CLOCK=broker with the adapter {name!r}, which calls a real vendor", _REMEDY)


def _plain(secret: SecretStr | None) -> str:
    return secret.get_secret_value() if secret else ""


_REMEDY = "a rehearsal runs against stand-ins only; for real accounts use PM_CLOCK=system"
