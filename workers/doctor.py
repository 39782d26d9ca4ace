"""Check each part by using it, and say what is missing and how to mend it."""

from collections.abc import Callable

from domain.errors import DeskError
from domain.value import Value
from workers.mandates import read_mandate
from workers.settings import read_settings
from workers.wiring import code_version, wire


class Check(Value):
    """One part: whether it works, what was found, and what to do if not."""

    part: str
    ok: bool
    found: str
    remedy: str = ""


def examine(portfolio: str) -> list[Check]:
    """Check settings, mandate, and everything a run needs; a failed part does not hide the others."""
    checks = [_check("settings", _settings), _check("mandate", lambda: _mandate(portfolio))]
    if not all(check.ok for check in checks):
        return checks
    try:
        with wire(portfolio) as wired:
            ctx, session = wired.ctx, wired.ctx.clock.session()
            checks += [
                _check("policy", lambda: f"{len(wired.policy.rules)} rules, digest {wired.policy.digest[:12]}"),
                _check("market data", lambda: _market(ctx.market.name, session.isoformat(), len(ctx.mandate.universe))),
                _check("broker", lambda: _account(ctx.broker.name, str(ctx.broker.account().cash))),
                _check(
                    "analyst", lambda: f"{ctx.analyst.name}{' (baseline, no model)' if ctx.analyst.baseline else ''}"
                ),
                _check("ledger", lambda: f"{len(ctx.ledger.runs(ctx.portfolio))} recent runs; code {code_version()}"),
                _check("audit chain", lambda: f"{sum(ctx.ledger.verify_audit().values())} rows, unbroken"),
                _check("control", lambda: ctx.ledger.control(ctx.portfolio).state.value),
            ]
    except DeskError as error:
        checks.append(Check(part="wiring", ok=False, found=error.message, remedy=error.remedy))
    return checks


def _check(part: str, look: Callable[[], str]) -> Check:
    try:
        return Check(part=part, ok=True, found=look())
    except DeskError as error:
        return Check(part=part, ok=False, found=error.message, remedy=error.remedy)


def _settings() -> str:
    settings = read_settings()
    return f"PM_HOME {settings.home_path}; {settings.analyst}, {settings.broker}, {settings.market_data}"


def _mandate(portfolio: str) -> str:
    mandate = read_mandate(portfolio or read_settings().portfolio)
    return f"{mandate.name}: {len(mandate.universe)} symbols, style {mandate.style.value}"


def _market(name: str, session: str, symbols: int) -> str:
    return f"{name}: {symbols} symbols as of {session}"


def _account(name: str, cash: str) -> str:
    return f"{name}: paper account, cash {cash}"
