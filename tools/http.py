"""One careful GET for vendors that answer plain text: bounded in time and size, errors without secrets."""

from collections.abc import Mapping
from urllib.parse import urlsplit

from domain.errors import AccessDenied, BadInput, RateLimited, Transient

TIMEOUT_SECONDS = (3.05, 15.0)
MOST_BYTES = 8_000_000
UNAUTHORIZED = frozenset({401, 403})
RATE_LIMITED, OK = 429, 200
LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
AGENT = "portfolio-agent (paper trading)"


def fetch(url: str, query: Mapping[str, str] | None = None, *, most_bytes: int = MOST_BYTES) -> bytes:
    """Get `url`; what is sent in `query` (a key, perhaps) appears in no message.

    Raises:
        BadInput: not an https address, nor one of this machine.
        AccessDenied: the key is not accepted.
        RateLimited: too many requests; ask later.
        Transient: no connection, no answer in time, an error of the server, or more than `most_bytes`.
    """
    import requests  # noqa: PLC0415 - a fifth of a second, only where somebody is asked

    parts = urlsplit(url)
    where = parts.hostname or url[:60]
    if parts.scheme != "https" and parts.hostname not in LOOPBACK:
        raise BadInput(f"{where}: only https addresses are asked", "correct the address")
    try:
        with requests.get(
            url, params=query, timeout=TIMEOUT_SECONDS, stream=True, headers={"User-Agent": AGENT}
        ) as answer:
            status = answer.status_code
            body = b""
            for chunk in answer.iter_content(65_536):
                body += chunk
                if len(body) > most_bytes:
                    raise Transient(f"{where} sent more than {most_bytes:,} bytes")
    except requests.RequestException as error:
        raise Transient(f"{where} did not answer: {type(error).__name__}") from None
    if status in UNAUTHORIZED:
        raise AccessDenied(f"{where} answered {status}: the key is not accepted", "check the key and what it may use")
    if status == RATE_LIMITED:
        raise RateLimited(f"{where} answered 429: too many requests", "ask later, or less")
    if status != OK:
        raise Transient(f"{where} answered {status}")
    return body
