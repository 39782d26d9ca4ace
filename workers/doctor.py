"""Check each connection by using it, and say what is missing and which variable to set; no secret is ever shown."""

from collections.abc import Callable, Iterable

from domain.checkup import Examinable, Finding
from domain.errors import DeskError
from domain.market import Execution, MarketSnapshot
from graph.views import market_now
from tools.notifiers import NOTIFIERS
from workers.fleet_checks import fleet_checks
from workers.mandates import read_mandate
from workers.settings import Settings, read_settings
from workers.wiring import Wired, code_version, wire

MISSING = {
    "news": "set PM_NEWS, for example PM_NEWS=alpaca; research goes without headlines",
    "event calendar": "set PM_EVENTS: without a calendar the rule event_blackout rejects every entry",
    "VIX": "without it cash_buffer and the regime are judged on prices alone",
    "quotes": "entries need a quote that is seconds old: without one fresh_data and spread reject them",
    "broker clock": "the rule clock_skew rejects entries; use a broker that keeps time",
    "asset status": "the rule tradable_symbol rejects entries; use a broker that knows its symbols",
}
"""What it means that a live feed lacks something, and what to do about it."""
REDIS_SECONDS = 3.0

Look = Callable[[], "str | Iterable[Finding]"]


def examine(portfolio: str) -> list[Finding]:
    """Check settings, mandate, and everything that the settings name; a failed part does not hide the others."""
    checks = [*_check("settings", _settings), *_check("mandate", lambda: _mandate(portfolio))]
    if not all(check.ok for check in checks):
        return checks
    settings = read_settings()
    checks += [*_check("redis", lambda: _redis(settings)), *_check("people", lambda: _people(settings))]
    try:
        with wire(portfolio) as wired:
            checks += _wired(wired)
            for part, look in fleet_checks(wired.ctx.ledger, wired.ctx.portfolio, wired.settings):
                checks += _check(part, look)
    except DeskError as error:
        checks.append(Finding(part="wiring", ok=False, found=error.message, remedy=error.remedy))
    return checks


def _wired(wired: Wired) -> list[Finding]:
    ctx = wired.ctx
    symbols = tuple(ctx.mandate.universe)
    looks: tuple[tuple[str, Look], ...] = (
        ("policy", lambda: f"{len(wired.policy.rules)} rules, digest {wired.policy.digest[:12]}"),
        ("clock", lambda: _clock(wired)),
        ("market data", lambda: _market(wired)),
        ("broker", lambda: _examined(ctx.broker, symbols) or f"{ctx.broker.name}: cash {ctx.broker.account().cash}"),
        ("analyst", lambda: _examined(ctx.analyst, symbols) or _analyst(wired)),
        ("ledger", lambda: _ledger(wired)),
        ("audit chain", lambda: f"{sum(ctx.ledger.verify_audit().values())} rows, unbroken"),
        ("control", lambda: ctx.ledger.control(ctx.portfolio).state.value),
        ("book", lambda: _book(wired)),
    )
    return [finding for part, look in looks for finding in _check(part, look)]


def _check(part: str, look: Look) -> list[Finding]:
    try:
        found = look()
    except DeskError as error:
        return [Finding(part=part, ok=False, found=error.message, remedy=error.remedy)]
    return [Finding(part=part, found=found)] if isinstance(found, str) else list(found)


def _examined(adapter: object, symbols: tuple[str, ...]) -> tuple[Finding, ...]:
    return adapter.examine(symbols) if isinstance(adapter, Examinable) else ()


def _settings() -> str:
    settings = read_settings()
    return f"PM_HOME {settings.home_path}; {settings.analyst}, {settings.broker}, {settings.market_data}"


def _mandate(portfolio: str) -> str:
    mandate = read_mandate(portfolio or read_settings().portfolio)
    return f"{mandate.name}: {len(mandate.universe)} symbols, style {mandate.style.value}"


def _clock(wired: Wired) -> str:
    clock = wired.ctx.clock
    if clock.replay:
        return f"replay: session {clock.session()} stands until the next run"
    opens, closes = wired.ctx.market.opens(clock.session()), wired.ctx.market.closes(clock.session())
    state = "open" if opens <= clock.now() < closes else "closed"
    whose = " (the broker's clock: a rehearsal)" if wired.settings.clock == "broker" else ""
    return (
        f"{clock.now():%Y-%m-%d %H:%M:%S} UTC{whose}; exchange {state}; session {clock.session()}, "
        f"{opens:%H:%M} to {closes:%H:%M} UTC"
    )


def _market(wired: Wired) -> Iterable[Finding]:
    market = market_now(wired.ctx)
    yield Finding(part="market data", found=f"{market.feed}: {len(market.history)} symbols as of {market.sessions[-1]}")
    if wired.ctx.clock.replay:
        return
    if market.execution is Execution.CONTINUOUS:
        yield _quotes(market)
    for what in market.lacks:
        known = next((text for name, text in MISSING.items() if what.startswith(name)), "")
        yield Finding(part=f"no {what}", ok=what in MISSING, found="not there", remedy=known)


def _quotes(market: MarketSnapshot) -> Finding:
    ages = [(market.as_of - bars.quote.at).total_seconds() for bars in market.history.values() if bars.quote]
    found = f"{len(ages)} of {len(market.history)} symbols" + (f", the oldest {max(ages):.0f} s old" if ages else "")
    return Finding(part="quotes", found=found, remedy="" if ages else MISSING["quotes"])


def _analyst(wired: Wired) -> str:
    analyst = wired.ctx.analyst
    return f"{analyst.name}{' (baseline, no model)' if analyst.baseline else ''}"


def _ledger(wired: Wired) -> str:
    runs = len(wired.ctx.ledger.runs(wired.ctx.portfolio))
    return f"{wired.settings.postgres or wired.settings.home_path}: {runs} recent runs; code {code_version()}"


def _book(wired: Wired) -> Iterable[Finding]:
    """Say where book and broker differ, as of the last look."""
    differs = wired.ctx.ledger.mismatches(wired.ctx.portfolio)
    if not differs:
        return [Finding(part="book", found="no difference to the broker at the last look")]
    found = ", ".join(f"{one.symbol}: book {one.book}, broker {one.broker}" for one in differs)
    survived = any(one.survived for one in differs)
    return [Finding(part="book", ok=not survived, found=found, remedy="see `pm reconcile --help`")]


def _redis(settings: Settings) -> str | tuple[Finding, ...]:
    if settings.redis_url is None:
        return ()
    from redis import Redis, RedisError  # noqa: PLC0415 - only where it is used

    try:
        with Redis.from_url(settings.redis_url.get_secret_value(), socket_timeout=REDIS_SECONDS) as redis:
            version = redis.info("server").get("redis_version", "unknown")
    except (RedisError, ValueError, OSError) as error:
        said = f"does not answer: {type(error).__name__}"
        return (Finding(part="redis", ok=False, found=said, remedy="start it, or correct PM_REDIS_URL"),)
    return f"answers, version {version}"


def _people(settings: Settings) -> Iterable[Finding]:
    """Examine each channel that is set up."""
    for name in NOTIFIERS.names():
        adapter = NOTIFIERS[name]
        if name not in settings.notifier_names and not adapter.configured():
            continue
        yield from _check(name, lambda adapter=adapter, name=name: _channel(adapter.connect(), name))  # type: ignore[misc]


def _channel(channel: object, name: str) -> str | tuple[Finding, ...]:
    return _examined(channel, ()) or f"{name} is set up; nothing is sent to try it"
