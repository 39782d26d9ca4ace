"""Which adapters a process uses and where its state lives; each adapter reads its own settings itself."""

from datetime import date
from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from domain.errors import BadInput
from domain.proposal import describe
from memory.postgres import PostgresUrl

REPOSITORY = Path(__file__).resolve().parent.parent
"""Relative paths in settings and mandate names resolve against this folder."""
ENV_FILE = REPOSITORY / ".env"


class Settings(BaseSettings):
    """The `PM_*` variables, from the environment or from `.env`."""

    model_config = SettingsConfigDict(env_prefix="PM_", env_file=ENV_FILE, extra="ignore", env_ignore_empty=True)

    home: Path = Path("var")
    cache: Path | None = None
    analyst: str = "quant"
    broker: str = "simulated"
    market_data: str = "recorded"
    news: str = ""
    events: str = ""
    macro: str = ""
    clock: Literal["system", "broker"] = "system"
    notifier: str = "terminal"
    alerts: str = "all"
    quiet_hours: str = ""
    portfolio: str = "demo"
    portfolios: str = ""
    database_url: SecretStr | None = None
    redis_url: SecretStr | None = None
    tick_seconds: float = Field(default=5.0, ge=0.2, le=60.0)
    replay_pace_seconds: float = Field(default=5.0, ge=0.0, le=86_400.0)
    replay_until: date | None = None
    metrics_port: int = Field(default=0, ge=0, le=65_535)
    log_stdout: bool = False
    code_version: str = ""

    @property
    def home_path(self) -> Path:
        """The folder of ledger, checkpoints, broker file, locks and logs."""
        return self.home if self.home.is_absolute() else REPOSITORY / self.home

    @property
    def postgres(self) -> PostgresUrl | None:
        """Where ledger, locks and checkpoints live instead of in PM_HOME; raises BadInput where that is no address."""
        return PostgresUrl(self.database_url.get_secret_value()) if self.database_url else None

    @property
    def news_names(self) -> tuple[str, ...]:
        """The sources of headlines, in the order they were named."""
        return _names(self.news)

    @property
    def event_names(self) -> tuple[str, ...]:
        """The calendars of events, in the order they were named."""
        return _names(self.events)

    @property
    def macro_names(self) -> tuple[str, ...]:
        """The sources of macroeconomic series, in the order they were named."""
        return _names(self.macro)

    @property
    def mandates(self) -> tuple[str, ...]:
        """The portfolios that run by themselves, as PM_PORTFOLIOS names them; none means all in `portfolios/`."""
        return _names(self.portfolios)

    @property
    def notifier_names(self) -> tuple[str, ...]:
        """The channels that the user has named."""
        return _names(self.notifier)

    @property
    def cache_path(self) -> Path:
        """The folder of model answers; survives `pm reset`."""
        if self.cache is None:
            return self.home_path / "cache"
        return self.cache if self.cache.is_absolute() else REPOSITORY / self.cache


def _names(listed: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in listed.split(",") if name.strip())


def read_settings() -> Settings:
    """Read the settings.

    Raises:
        BadInput: a variable has a value that can't be one.
    """
    try:
        return Settings()
    except ValidationError as error:
        raise BadInput(f"setting {_variable(error)}", "correct the variable; .env.example lists them") from None


def _variable(error: ValidationError) -> str:
    field, _, fault = describe(error).partition(":")
    return f"PM_{field.upper()}:{fault}"
