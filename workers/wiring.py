"""The composition root: the only place where ports meet adapters."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

from agent.analysts import ANALYSTS
from domain.errors import EarlierSession
from domain.mandate import Mandate
from domain.ports import Broker, MarketData
from domain.records import RunStatus
from graph.context import Context
from graph.gate import RiskGate
from graph.runner import Runner, next_slot
from memory.ledger.store import SqlLedger
from memory.locks import FileLocks
from risk_engine.engine import Engine
from risk_engine.policy import Policy, load_policy
from tools.brokers import BROKERS
from tools.clock import ReplayClock
from tools.market_data import MARKET_DATA
from workers.logs import log_to
from workers.mandates import read_mandate
from workers.settings import REPOSITORY, Settings, read_settings

POLICY_FILE = REPOSITORY / "risk_engine" / "policy.toml"


@dataclass(frozen=True, slots=True)
class Wired:
    """One portfolio, ready to run."""

    ctx: Context
    runner: Runner
    settings: Settings
    policy: Policy
    slot: str
    assumptions: tuple[str, ...]


@contextmanager
def wire(portfolio: str, *, as_of: date | None = None, slot: str | None = None, run: bool = False) -> Iterator[Wired]:
    """Open everything that one portfolio needs, and close it again.

    Without `as_of`, a `run` takes the unfinished session, else the next one after the portfolio's own clock; any other
    command stays where the portfolio is.

    Raises:
        DeskError: settings, mandate, policy, data or state are not what they must be.
    """
    settings = read_settings()
    mandate = read_mandate(portfolio)
    home = settings.home_path
    log_to(home)
    feed = _feed(settings)
    clock = ReplayClock(mandate.start, feed.opens(mandate.start))
    ledger = SqlLedger.open(home, clock)
    try:
        session, slot = _session(ledger, feed, mandate, as_of=as_of, slot=slot, run=run)
        clock.enter(session, feed.opens(session))
        ledger.open_portfolio(mandate, session, clock.now())
        broker = BROKERS[settings.broker].connect(home, mandate, clock)
        analyst = ANALYSTS[settings.analyst].connect(settings.cache_path)
        recorded = feed.simulated and broker.account().simulated
        policy = read_policy(mandate, recorded=recorded)
        engine = Engine(policy, mandate, code_version())
        gate = RiskGate(ledger, feed, engine, engine, mandate, clock)
        with _checkpoints(home / "checkpoints.sqlite") as saver:
            ctx = Context(
                mandate=mandate,
                clock=clock,
                market=feed,
                broker=broker,
                ledger=ledger,
                analyst=analyst,
                gate=gate,
                locks=FileLocks(home / "locks"),
                rooms=engine,
            )
            yield Wired(ctx, Runner(ctx, saver), settings, policy, slot, _assumptions(ctx, policy, broker))
    finally:
        ledger.close()


def read_policy(mandate: Mandate, *, recorded: bool) -> Policy:
    """Read the risk policy, tightened by the mandate."""
    return load_policy(
        POLICY_FILE.read_text(encoding="utf-8"), "risk_engine/policy.toml", recorded=recorded, tighten=mandate.limits
    )


@cache
def code_version() -> str:
    """The commit this runs from, with `+` when files have changed since; the package's version outside of git."""
    try:
        described = subprocess.run(
            ["git", "describe", "--always", "--dirty=+", "--exclude=*"],  # noqa: S607 - the user's git
            cwd=REPOSITORY,
            capture_output=True,
            text=True,
            check=True,
            timeout=5,
        )
    except (OSError, subprocess.SubprocessError):
        return "unknown"
    return described.stdout.strip()


def _session(
    ledger: SqlLedger, feed: MarketData, mandate: Mandate, *, as_of: date | None, slot: str | None, run: bool
) -> tuple[date, str]:
    """Choose session and slot: what was asked, what was left unfinished, or what comes next."""
    here = ledger.session(mandate.name)
    if not run:
        session = here or mandate.start
        return session, slot or session.isoformat()
    if slot is not None and as_of is None and (stored := ledger.run(mandate.name, slot)) is not None:
        return _no_earlier(here, stored.session, done=stored.status is RunStatus.DONE), slot
    if as_of is None:
        newest = next(iter(ledger.runs(mandate.name, limit=1)), None)
        if newest is not None and newest.status is RunStatus.RUNNING and slot is None and newest.session == here:
            return newest.session, newest.slot
        as_of = next_slot(here, mandate.start, feed.next_session)
    feed.opens(as_of)
    slot = slot or as_of.isoformat()
    stored = ledger.run(mandate.name, slot)
    return _no_earlier(here, as_of, done=stored is not None and stored.status is RunStatus.DONE), slot


def _no_earlier(here: date | None, asked: date, *, done: bool) -> date:
    if here is not None and asked < here and not done:
        raise EarlierSession(
            f"the portfolio's clock is at {here}, and {asked} is before it",
            "choose a later date, start over with `pm reset`, or use another PM_HOME",
        )
    return asked


def _feed(settings: Settings) -> MarketData:
    return MARKET_DATA[settings.market_data]()


@contextmanager
def _checkpoints(path: Path) -> Iterator[Any]:
    from memory.checkpoints import open_checkpoints

    saver = open_checkpoints(path)
    try:
        yield saver
    finally:
        saver.conn.close()


def _assumptions(ctx: Context, policy: Policy, broker: Broker) -> tuple[str, ...]:
    session = ctx.clock.session()
    snapshot = ctx.market.snapshot(tuple(ctx.mandate.universe), session, ctx.market.opens(session))
    lacking = f"The feed {snapshot.feed!r} has no {', '.join(snapshot.lacks)}." if snapshot.lacks else ""
    spoken = (
        *snapshot.assumptions,
        lacking,
        *policy.assumptions,
        getattr(broker, "assumption", ""),
        *ctx.analyst.assumptions,
    )
    return tuple(sentence for sentence in spoken if sentence)
