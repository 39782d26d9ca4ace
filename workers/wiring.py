"""The composition root: the only place where ports meet adapters."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from datetime import date
from functools import cache

from agent.analysts import ANALYSTS
from domain.errors import BadInput, EarlierSession
from domain.judgement import PolicyText
from domain.mandate import Mandate
from domain.ports import Clock, MarketData
from domain.records import RunStatus
from graph.context import Context
from graph.gate import RiskGate
from graph.runner import Runner, next_slot
from graph.views import market_now
from memory.ledger.store import SqlLedger
from risk_engine.engine import Engine
from risk_engine.policy import Policy, load_policy
from tools.brokers import BROKERS
from tools.market_data import MARKET_DATA
from workers.clocks import choose_clock, stand_in
from workers.live import live_market, open_account
from workers.logs import log_to
from workers.mandates import read_mandate
from workers.settings import REPOSITORY, Settings, read_settings
from workers.storage import Storage

POLICY_FILE = REPOSITORY / "risk_engine" / "policy.toml"


@dataclass(frozen=True, slots=True)
class Wired:
    """One portfolio, ready to run; `named` is what the user called it, empty for the settings' choice."""

    ctx: Context
    runner: Runner
    settings: Settings
    policy: Policy
    engine: Engine
    slot: str
    named: str

    @property
    def assumptions(self) -> tuple[str, ...]:
        """What a run takes for granted, as sentences; asks the market what it lacks."""
        return assumptions_of(self.ctx, self.policy)


@contextmanager
def wire(
    portfolio: str,
    *,
    as_of: date | None = None,
    slot: str | None = None,
    run: bool = False,
    enters: bool = False,
    storage: Storage | None = None,
) -> Iterator[Wired]:
    """Open everything that one portfolio needs, and close it again; a `storage` that is given stays open.

    What `enters` a session (a `run` does) puts the policy of the file in force for it, unless it has one already.

    Without `as_of`, a `run` takes the unfinished session, else the next one after the portfolio's own clock; any other
    command stays where the portfolio is. Without a `portfolio` the settings choose.

    Raises:
        DeskError: settings, mandate, policy, data or state are not what they must be.
    """
    settings = read_settings()
    mandate = read_mandate(portfolio or settings.portfolio)
    home = settings.home_path
    log_to(home)
    feed = _feed(settings)
    clock = choose_clock(settings, feed, mandate)
    with nullcontext(storage) if storage else Storage(settings) as opened:
        ledger = opened.ledger(clock)
        if clock.replay:
            session, slot = _session(ledger, feed, mandate, as_of=as_of, slot=slot, run=run)
        else:
            session, slot = _live_session(clock, mandate, as_of=as_of, slot=slot)
        stand_in(clock, feed, session)
        broker = BROKERS[settings.broker].connect(home, mandate, clock)
        open_account(ledger, mandate, broker, session, clock.now())
        analyst = ANALYSTS[settings.analyst].connect(settings.cache_path, ledger)
        recorded = feed.simulated and broker.account().simulated
        text = _policy_in_force(ledger, mandate, session, recorded=recorded, enters=run or enters)
        policy = load(text)
        engine = Engine(policy, mandate, code_version())
        market = live_market(settings, mandate, feed, broker, clock) if not clock.replay else feed
        gate = RiskGate(ledger, market, engine, engine, mandate, clock, text.digest)
        ctx = Context(
            mandate=mandate,
            clock=clock,
            market=market,
            broker=broker,
            ledger=ledger,
            analyst=analyst,
            gate=gate,
            locks=opened.locks,
            rooms=engine,
            levels=policy,
            recall=opened.recall,
        )
        yield Wired(ctx, Runner(ctx, opened.saver), settings, policy, engine, slot, portfolio)


def assumptions_of(ctx: Context, policy: Policy) -> tuple[str, ...]:
    """Say in sentences what is taken for granted where feed, policy, broker and analyst do not know."""
    snapshot = market_now(ctx)
    lacking = f"The feed {snapshot.feed!r} has no {', '.join(snapshot.lacks)}." if snapshot.lacks else ""
    spoken = (
        *snapshot.assumptions,
        lacking,
        *policy.assumptions,
        getattr(ctx.broker, "assumption", ""),
        *ctx.analyst.assumptions,
    )
    return tuple(sentence for sentence in spoken if sentence)


def first_session(portfolio: str) -> date:
    """Tell the session on which a portfolio starts."""
    return read_mandate(portfolio or read_settings().portfolio).start


def read_policy(mandate: Mandate, *, recorded: bool) -> PolicyText:
    """Read the risk policy's file, with what the mandate tightens."""
    text = POLICY_FILE.read_text(encoding="utf-8")
    return PolicyText(text=text, recorded=recorded, tighten=mandate.limits)


def load(policy: PolicyText) -> Policy:
    """Make a policy of its text; raises BadPolicy naming key, value and remedy."""
    return load_policy(policy.text, "risk_engine/policy.toml", recorded=policy.recorded, tighten=policy.tighten)


@cache
def code_version() -> str:
    """The commit this runs from, with `+` when files have changed since; PM_CODE_VERSION outside of git."""
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
        return read_settings().code_version or "unknown"
    return described.stdout.strip()


def _policy_in_force(ledger: SqlLedger, mandate: Mandate, session: date, *, recorded: bool, enters: bool) -> PolicyText:
    """A change of the file takes effect with the next session that is entered."""
    in_force = ledger.policy_in_force(mandate.name, session)
    if in_force is not None:
        return in_force
    policy = read_policy(mandate, recorded=recorded)
    load(policy)
    return ledger.pin_policy(mandate.name, session, policy, "file") if enters else policy


def _session(
    ledger: SqlLedger, feed: MarketData, mandate: Mandate, *, as_of: date | None, slot: str | None, run: bool
) -> tuple[date, str]:
    """Choose session and slot: what was asked, what was left unfinished, or what comes next."""
    here = ledger.session(mandate.name)
    if not run:
        session = here or mandate.start
        return session, slot or session.isoformat()
    if slot is not None and as_of is None and (stored := ledger.run(mandate.name, slot)) is not None:
        as_of = stored.session
    if as_of is None:
        newest = next(iter(ledger.runs(mandate.name, limit=1)), None)
        if newest is not None and newest.status is RunStatus.RUNNING and slot is None and newest.session == here:
            return newest.session, newest.slot
        as_of = next_slot(here, mandate.start, feed.next_session)
    feed.opens(as_of)
    slot = slot or as_of.isoformat()
    if here is None or as_of >= here:
        return as_of, slot
    stored = ledger.run(mandate.name, slot)
    if stored is not None and stored.status is RunStatus.DONE and stored.session == as_of:
        return here, slot
    raise EarlierSession(
        f"the portfolio's clock is at {here}, and {as_of} is before it",
        "choose a later date, start over with `pm reset`, or use another PM_HOME",
    )


def _live_session(clock: Clock, mandate: Mandate, *, as_of: date | None, slot: str | None) -> tuple[date, str]:
    """Live there is one session to choose: the one that is traded now, or comes next."""
    session = clock.session()
    if as_of is not None and as_of != session:
        raise BadInput(f"--as-of {as_of}, and the session is {session}", "a live feed is not replayed: leave it out")
    if session < mandate.start:
        raise BadInput(f"portfolio {mandate.name!r} starts on {mandate.start}", "change its start, or wait")
    return session, slot or session.isoformat()


def _feed(settings: Settings) -> MarketData:
    return MARKET_DATA[settings.market_data]()
