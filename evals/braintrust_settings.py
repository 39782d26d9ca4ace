"""Where experiments and traces are logged, from the environment, else from `.env` in the repository."""

import os
from pathlib import Path
from typing import Any

from pydantic import SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

APP_URL = "https://www.braintrust.dev"


class BraintrustSettings(BaseSettings):
    """Without BRAINTRUST_API_KEY nothing is sent, and the library is never asked to log."""

    model_config = SettingsConfigDict(
        env_file=Path(__file__).resolve().parents[1] / ".env",
        extra="ignore",
        frozen=True,
        hide_input_in_errors=True,
        env_ignore_empty=True,
    )

    braintrust_api_key: SecretStr | None = None
    braintrust_api_url: str | None = None
    braintrust_app_url: str = APP_URL
    pm_braintrust_project: str = "portfolio-agent"

    @property
    def key(self) -> str | None:
        """The key itself: never show it."""
        return self.braintrust_api_key.get_secret_value() if self.braintrust_api_key else None

    @property
    def app_url(self) -> str:
        """Where the pages are."""
        return self.braintrust_app_url

    @property
    def project(self) -> str:
        """The project that experiments and traces belong to."""
        return self.pm_braintrust_project

    def prepare(self) -> None:
        """Tell the library what it reads from the environment; before its first use in a process.

        Rows are sent when we say so and a failure is raised at once: its own retries would hold up the end of a
        process for a quarter of a minute, and drop the rows then.
        """
        chosen: dict[str, Any] = {
            "BRAINTRUST_SYNC_FLUSH": "1",
            "BRAINTRUST_NUM_RETRIES": "0",
            "BRAINTRUST_HTTP_TIMEOUT": "10",
            "BRAINTRUST_APP_URL": self.braintrust_app_url,
            "BRAINTRUST_API_URL": self.braintrust_api_url,
            "BRAINTRUST_API_KEY": self.key,
        }
        os.environ.update({name: value for name, value in chosen.items() if value is not None})  # noqa: TID251 - the library's own switches
