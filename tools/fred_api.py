"""FRED as macro series and event dates use it: settings, and its two doors (keyless CSV, the official API)."""

import csv
import io
import json
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

from pydantic import SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from domain.errors import OperatorNeeded, Transient
from tools.http import fetch


class FredSettings(BaseSettings):
    """The free key of the official API, and the addresses."""

    model_config = SettingsConfigDict(
        env_prefix="FRED_",
        env_file=Path(__file__).resolve().parent.parent / ".env",
        extra="ignore",
        env_ignore_empty=True,
    )

    api_key: SecretStr | None = None
    api_url: str = "https://api.stlouisfed.org/fred"
    csv_url: str = "https://fred.stlouisfed.org/graph/fredgraph.csv"


class Fred:
    """Asks FRED; a key never appears in a message."""

    def __init__(self, settings: FredSettings | None = None) -> None:
        self._settings = settings or FredSettings()

    @property
    def has_key(self) -> bool:
        """Whether FRED_API_KEY is set."""
        return self._settings.api_key is not None

    def values(self, series: str, since: date) -> tuple[tuple[date, float], ...]:
        """Read today's values of a series from `since` on, by reference period; needs no key.

        Raises:
            Transient: no answer, or none that can be read.
        """
        text = fetch(self._settings.csv_url, {"id": series, "cosd": since.isoformat()}).decode("utf-8", "replace")
        rows = list(csv.reader(io.StringIO(text)))
        if not rows or len(rows[0]) < 2 or rows[0][1] != series:  # noqa: PLR2004 - date and value
            raise Transient(f"FRED sent no values of {series}: {text[:60]!r}")
        try:
            return tuple((date.fromisoformat(row[0]), float(row[1])) for row in rows[1:] if row[1] not in {"", "."})
        except (ValueError, IndexError):
            raise Transient(f"FRED's values of {series} can't be read") from None

    def ask(self, path: str, query: Mapping[str, str]) -> Any:
        """Ask the official API.

        Raises:
            OperatorNeeded: FRED_API_KEY is not set.
            Transient: no answer, or none that can be read.
        """
        if self._settings.api_key is None:
            raise OperatorNeeded("FRED_API_KEY is not set", "get the free key of FRED and set it, or leave fred out")
        key = self._settings.api_key.get_secret_value()
        body = fetch(f"{self._settings.api_url}/{path}", {**query, "api_key": key, "file_type": "json"})
        try:
            return json.loads(body)
        except ValueError:
            raise Transient("FRED's answer is not JSON") from None
