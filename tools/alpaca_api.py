"""Alpaca's HTTP interfaces as trading, prices and news use them: settings, one careful client, errors translated."""

import threading
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple, Self
from urllib.parse import urlsplit

from pydantic import AliasChoices, Field, SecretStr, ValidationError, create_model
from pydantic_settings import BaseSettings, SettingsConfigDict

from domain.errors import AccessDenied, BadInput, NotPaper, OperatorNeeded, OutcomeUnknown, RateLimited, Transient
from domain.ports import Clock

if TYPE_CHECKING:
    from requests import Response

PAPER_HOST = "paper-api.alpaca.markets"
LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
RESERVE = 20
"""So many requests of each minute are kept for orders and cancellations; looking around has to wait."""
RATE_LIMITED, UNAUTHORIZED, NOT_FOUND, OK = 429, 401, 404, 200
UNANSWERED = frozenset({408, 500, 502, 503, 504})


class AlpacaSettings(BaseSettings):
    """Keys and addresses, from the environment or `.env`; the APCA_ names of Alpaca's own tools count too."""

    model_config = SettingsConfigDict(
        env_file=Path(__file__).parent.parent / ".env", extra="ignore", env_ignore_empty=True, populate_by_name=True
    )

    key: SecretStr | None = Field(None, validation_alias=AliasChoices("ALPACA_API_KEY", "APCA_API_KEY_ID"))
    secret: SecretStr | None = Field(None, validation_alias=AliasChoices("ALPACA_API_SECRET", "APCA_API_SECRET_KEY"))
    base_url: str = Field(f"https://{PAPER_HOST}", validation_alias="ALPACA_BASE_URL")
    data_url: str = Field("https://data.alpaca.markets", validation_alias="ALPACA_DATA_URL")
    stream_url: str = Field(f"wss://{PAPER_HOST}/stream", validation_alias="ALPACA_STREAM_URL")
    feed: str = Field("iex", validation_alias="ALPACA_FEED", pattern="^(iex|sip|delayed_sip)$")
    connect_seconds: float = Field(3.05, gt=0, le=60, validation_alias="ALPACA_CONNECT_SECONDS")
    read_seconds: float = Field(10.0, gt=0, le=120, validation_alias="ALPACA_READ_SECONDS")

    @classmethod
    def read(cls, portfolio: str = "") -> Self:
        """Read the settings; keys of a portfolio's own are ALPACA_API_KEY_NAME and ALPACA_API_SECRET_NAME.

        Raises:
            OperatorNeeded: a key is missing; names the variable.
            NotPaper: the trading address is neither Alpaca's paper host nor this machine.
            BadInput: a variable has a value that can't be one.
        """
        try:
            settings = cls()
        except ValidationError as error:
            where = str(error.errors(include_url=False, include_input=False)[0]["loc"][0])
            raise BadInput(f"setting {where} can't be used", "correct the variable; .env.example lists them") from None
        own = _own_keys(portfolio) if portfolio else {}
        settings = settings.model_copy(update=own)
        for name, value in (("ALPACA_API_KEY", settings.key), ("ALPACA_API_SECRET", settings.secret)):
            if value is None:
                raise OperatorNeeded(f"{name} is not set", "set it in the environment or in .env; use paper keys")
        settings.refuse_what_is_not_paper()
        return settings

    def refuse_what_is_not_paper(self) -> None:
        """Refuse an address at which real money could move; raises NotPaper."""
        for name, url, usual in (
            ("ALPACA_BASE_URL", self.base_url, PAPER_HOST),
            ("ALPACA_STREAM_URL", self.stream_url, PAPER_HOST),
            ("ALPACA_DATA_URL", self.data_url, "data.alpaca.markets"),
        ):
            parts = urlsplit(url)
            host = parts.hostname or ""
            if host in LOOPBACK:
                continue
            if host != usual or parts.scheme not in {"https", "wss"}:
                raise NotPaper(f"{name} is {host or url!r}", f"use https://{usual}, or an address of this machine")

    @property
    def account_key(self) -> str:
        """What the limits of requests are counted by."""
        return self.key.get_secret_value() if self.key else ""


def _own_keys(portfolio: str) -> dict[str, SecretStr]:
    suffix = portfolio.upper().replace("-", "_")
    named = {
        name: (SecretStr | None, Field(None, validation_alias=f"{variable}_{suffix}"))
        for name, variable in (("key", "ALPACA_API_KEY"), ("secret", "ALPACA_API_SECRET"))
    }
    keys = create_model("OwnKeys", __base__=AlpacaSettings, **named)()  # type: ignore[call-overload]
    found = {name: getattr(keys, name) for name in named}
    if None in found.values() and set(found.values()) != {None}:
        raise OperatorNeeded(f"only one of ALPACA_API_KEY_{suffix} and ALPACA_API_SECRET_{suffix} is set", "set both")
    return {name: value for name, value in found.items() if value is not None}


_CLOCKS: dict[tuple[str, str], "AlpacaApi"] = {}


class Quota(NamedTuple):
    """What the last answer said of the requests that are left, until when."""

    remaining: int
    resets: datetime


class Refusal(Exception):
    """Alpaca answered no, readably: HTTP status, its code (0 where it gave none), its message."""

    def __init__(self, status: int, code: int, message: str) -> None:
        super().__init__(message)
        self.status, self.code, self.message = status, code, message


class AlpacaApi:
    """One address under one pair of keys: timeouts on every call, no re-sending, nothing sent once a limit is used up.

    All instances of a process under the same key share what is known of the limit; Alpaca itself counts the others.
    """

    _quotas: ClassVar[dict[str, Quota]] = {}
    _lock: ClassVar[threading.Lock] = threading.Lock()

    def __init__(self, settings: AlpacaSettings, url: str, version: str, clock: Clock | None) -> None:
        self._settings, self._url, self._version, self._clock = settings, url.rstrip("/"), version, clock

    @cached_property
    def client(self) -> Any:
        """Alpaca's client, with its own re-sending turned off and a timeout on its session."""
        from alpaca.common.rest import RESTClient  # noqa: PLC0415 - a third of a second

        settings = self._settings
        client: Any = RESTClient(
            base_url=self._url.removesuffix("/v2"),
            api_key=settings.account_key,
            secret_key=settings.secret.get_secret_value() if settings.secret else "",
            api_version=self._version,
            raw_data=True,
        )
        client._retry = 0  # noqa: SLF001 - it would send an order a second time; a test pins this
        session = client._session  # noqa: SLF001 - the only way to its timeouts
        session.request = partial(session.request, timeout=(settings.connect_seconds, settings.read_seconds))
        session.trust_env = urlsplit(self._url).hostname not in LOOPBACK
        session.hooks["response"].append(self._note_quota)
        return client

    def read(self, path: str, query: Mapping[str, str] | None = None) -> Any:
        """Ask for something.

        Raises:
            Refusal: the answer is a readable no, other than these.
            AccessDenied: the keys are not accepted.
            RateLimited: too many requests for now.
            Transient: no readable answer.
        """
        try:
            return self._call("GET", path, dict(query or {}), RESERVE)
        except OutcomeUnknown as error:
            raise Transient(error.message, "ask again") from error

    def change(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Any:
        """Ask for something to be done, once; raises what `read` does, and OutcomeUnknown instead of Transient."""
        return self._call(method, path, dict(body) if body else None, 0)

    def left(self) -> Quota | None:
        """What is known of the requests left in this minute."""
        return self._quotas.get(self._shared)

    @property
    def _shared(self) -> str:
        return f"{self._settings.account_key}@{urlsplit(self._url).netloc}"

    def _call(self, method: str, path: str, data: Any, reserve: int) -> Any:
        from alpaca.common.exceptions import APIError  # noqa: PLC0415
        from requests.exceptions import RequestException  # noqa: PLC0415

        self._refuse_above_quota(reserve)
        what = f"Alpaca's {method} {path.partition('?')[0]}"
        try:
            return self.client._request(method, path, data)  # noqa: SLF001 - get, post and delete differ in this alone
        except APIError as error:
            raise self._translated(what, error) from None
        except RequestException as error:
            raise OutcomeUnknown(f"{what}: {type(error).__name__}", "look it up before sending it again") from None
        except ValueError:
            raise OutcomeUnknown(f"{what}: an answer that is no JSON", "look it up before sending it again") from None

    def _translated(self, what: str, error: Any) -> Exception:
        status = error.status_code or 0
        if status == UNAUTHORIZED:
            return AccessDenied(
                "Alpaca does not accept the keys", "check ALPACA_API_KEY and ALPACA_API_SECRET: paper keys, not reset"
            )
        if status == RATE_LIMITED:
            return RateLimited(f"{what}: too many requests", "it is tried again by the next look")
        response = error.response
        try:
            told = response.json()
            code, message = int(told.get("code") or 0), str(told.get("message") or "")
        except (ValueError, TypeError, AttributeError):
            return OutcomeUnknown(f"{what}: an unreadable answer with status {status}", "look it up first")
        if status in UNANSWERED or not 400 <= status < 500:  # noqa: PLR2004 - HTTP's own classes
            return OutcomeUnknown(f"{what}: status {status}", "look it up before sending it again")
        return Refusal(status, code, message)

    def _refuse_above_quota(self, reserve: int) -> None:
        quota = self.left()
        if quota is None or self._clock is None or quota.remaining > reserve:
            return
        if self._clock.now() < quota.resets:
            raise RateLimited(
                f"{quota.remaining} of Alpaca's requests are left until {quota.resets:%H:%M:%S} UTC",
                "it is tried again by the next look",
            )

    def _note_quota(self, response: "Response", **_: Any) -> None:
        try:
            remaining = int(response.headers["X-RateLimit-Remaining"])
            resets = datetime.fromtimestamp(int(response.headers["X-RateLimit-Reset"]), UTC)
        except (KeyError, ValueError):
            return
        with self._lock:
            self._quotas[self._shared] = Quota(remaining, resets)


def server_time(settings: AlpacaSettings) -> datetime:
    """Ask what time it is there; over a connection that counts no limits, since counting asks for the time.

    Raises:
        Transient: no readable answer.
    """
    key = settings.base_url, settings.account_key
    if key not in _CLOCKS:
        _CLOCKS[key] = AlpacaApi(settings, settings.base_url, "v2", None)
    told = _CLOCKS[key].read("/clock")
    return moment(told.get("timestamp") if isinstance(told, dict) else None)


def moment(text: Any) -> datetime:
    """Read one of Alpaca's times (nanoseconds are cut).

    Raises:
        Transient: it is none, or has no zone.
    """
    try:
        found = datetime.fromisoformat(text)
    except (ValueError, TypeError):
        raise Transient(f"Alpaca told a time that can't be read: {str(text)[:40]!r}") from None
    if found.tzinfo is None:
        raise Transient(f"Alpaca told a time without a zone: {str(text)[:40]!r}")
    return found.astimezone(UTC)
