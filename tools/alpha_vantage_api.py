"""Alpha Vantage as prices and earnings dates use it: the key, one question, and its errors that come as 200."""

import csv
import io
import json
from collections.abc import Mapping
from pathlib import Path

from pydantic import SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from domain.errors import OperatorNeeded, RateLimited, Transient
from tools.http import fetch


class AlphaVantageSettings(BaseSettings):
    """The key and the address."""

    model_config = SettingsConfigDict(
        env_prefix="ALPHAVANTAGE_",
        env_file=Path(__file__).resolve().parent.parent / ".env",
        extra="ignore",
        env_ignore_empty=True,
    )

    api_key: SecretStr | None = None
    url: str = "https://www.alphavantage.co/query"


def ask_for_csv(settings: AlphaVantageSettings, query: Mapping[str, str]) -> list[dict[str, str]]:
    """Ask for a table; its rows by column name.

    Raises:
        OperatorNeeded: ALPHAVANTAGE_API_KEY is not set.
        RateLimited: the free plan's requests are used up.
        Transient: no answer, or no table.
    """
    if settings.api_key is None:
        raise OperatorNeeded("ALPHAVANTAGE_API_KEY is not set", "get the free key of Alpha Vantage and set it")
    secret = settings.api_key.get_secret_value()
    text = fetch(settings.url, {**query, "datatype": "csv", "apikey": secret}).decode("utf-8", "replace")
    if text.lstrip().startswith("{"):
        said = _said(text).replace(secret, "***")
        if "rate limit" in said.lower() or "requests per" in said.lower() or "premium" in said.lower():
            raise RateLimited(f"Alpha Vantage: {said[:200]}", "ask tomorrow, or use another feed")
        raise Transient(f"Alpha Vantage: {said[:200]}")
    return [dict(row) for row in csv.DictReader(io.StringIO(text))]


def _said(text: str) -> str:
    try:
        told = json.loads(text)
    except ValueError:
        return "an answer that can't be read"
    return " ".join(str(value) for value in told.values()) if isinstance(told, dict) else "an answer that is no table"
