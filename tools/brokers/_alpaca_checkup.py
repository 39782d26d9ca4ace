"""What `pm doctor` finds at Alpaca: the account, the clocks, the calendar, the limit of requests, the symbols."""

from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from domain.checkup import Finding
from domain.errors import Transient
from tools.alpaca_api import AlpacaApi, AlpacaSettings, Refusal, server_time
from tools.exchange import NEW_YORK, Exchange

SKEW = timedelta(seconds=2)
DAYS_AHEAD = timedelta(days=21)


def examine(api: AlpacaApi, settings: AlpacaSettings, now: datetime, tradable: dict[str, bool]) -> tuple[Finding, ...]:
    """Look at everything that a run depends on; `tradable` says it of each symbol of the mandate."""
    told = _read(api, "/account")
    host = urlsplit(settings.base_url).netloc
    money = f"cash {float(told['cash']):,.2f}, equity {float(told['equity']):,.2f}"
    account = f"{told['account_number']} at {host}: {told['status']}, {money}"
    return (
        Finding(part="alpaca account", found=account),
        _clocks(server_time(settings), now),
        _calendar(api, now),
        _limit(api),
        _symbols(tradable),
    )


def _clocks(theirs: datetime, ours: datetime) -> Finding:
    skew = theirs - ours
    found = f"Alpaca's clock is {skew.total_seconds():+.1f} s from ours"
    remedy = "" if abs(skew) <= SKEW else "let this machine's clock be set by a time server (NTP)"
    return Finding(part="alpaca clock", ok=not remedy, found=found, remedy=remedy)


def _calendar(api: AlpacaApi, now: datetime) -> Finding:
    today = now.astimezone(NEW_YORK).date()
    told = _read(api, "/calendar", {"start": f"{today}", "end": f"{today + DAYS_AHEAD}"})
    theirs = {(row["date"], row["open"], row["close"]) for row in told}
    exchange, ours = Exchange(), set()
    day = exchange.next_session(today - timedelta(days=1))
    while day <= today + DAYS_AHEAD:
        opens, closes = (moment.astimezone(NEW_YORK) for moment in (exchange.opens(day), exchange.closes(day)))
        ours.add((f"{day}", f"{opens:%H:%M}", f"{closes:%H:%M}"))
        day = exchange.next_session(day)
    differs = sorted(theirs ^ ours)
    found = f"{len(ours)} sessions ahead, the same as Alpaca's" if not differs else f"differs on {differs[0][0]}"
    remedy = "update the package exchange_calendars" if differs else ""
    return Finding(part="exchange calendar", ok=not differs, found=found, remedy=remedy)


def _limit(api: AlpacaApi) -> Finding:
    left = api.left()
    said = f"{left.remaining} requests left until {left.resets:%H:%M:%S} UTC" if left else "Alpaca does not say"
    return Finding(part="alpaca limit", found=said)


def _symbols(tradable: dict[str, bool]) -> Finding:
    bad = sorted(symbol for symbol, may in tradable.items() if not may)
    found = f"{len(tradable)} symbols, all tradable" if not bad else f"not tradable: {', '.join(bad)}"
    return Finding(part="alpaca symbols", ok=not bad, found=found, remedy="remove them from the mandate" if bad else "")


def _read(api: AlpacaApi, path: str, query: dict[str, str] | None = None) -> Any:
    try:
        return api.read(path, query)
    except Refusal as refusal:
        raise Transient(f"Alpaca's {path} answered {refusal.status}: {refusal.message[:200]}") from None
