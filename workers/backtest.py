"""Backtests: each with a ledger and a simulated account of its own; the same one again goes on, or is shown."""

import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

from langgraph.checkpoint.memory import InMemorySaver

from agent.analysts import ANALYSTS
from agent.blind import BlindAnalyst, Disguise
from domain.errors import BadInput, NoData
from domain.ids import canonical, short_id
from domain.judgement import PolicyText
from domain.mandate import Mandate
from domain.ports import Analyst, MarketData
from domain.value import Value
from evals.replay.approvers import Approver
from evals.replay.engine import replay
from evals.replay.reading import read_result
from evals.replay.result import BacktestResult
from evals.replay.summary import Performance, benchmarks_of
from evals.report.facts import gather
from evals.report.page import page
from graph.context import Context
from graph.gate import RiskGate
from graph.runner import Runner
from memory.ledger.store import SqlLedger
from memory.locks import FileLocks, hold_file
from risk_engine.engine import Engine
from risk_engine.policy import Policy
from tools.brokers._closes import Closes, closes_of_feed
from tools.brokers.simulated import SimulatedBroker, SimulatedBrokerSettings
from tools.clock import ReplayClock
from tools.market_data import MARKET_DATA
from workers.backtest_folder import Finish, Plan, claim, code_digest, finish_of, folder_of, note_finish, recall_of
from workers.garbage import rare_collections
from workers.logs import log_to
from workers.settings import Settings
from workers.wiring import assumptions_of, code_version, load, read_policy

TEAR_SHEET = "tearsheet.html"
Told = Callable[[int, int], None]
"""Hears (sessions complete, sessions in all)."""
RECORDED = "recorded"
REMEMBERS = "Earlier decisions of this replay are recalled, with what had come of them by then."
YEARS_SEEN = 500
"""A snapshot tells three years: one in so many sessions sees every price there is."""


class Wish(Value):
    """What somebody wants replayed: a mandate, a span of days, who argues, whether names are masked.

    With `memory` outcomes are scored as they become known, and earlier decisions of the same replay are recalled.
    """

    mandate: Mandate
    first: date
    last: date
    analyst: str = "quant"
    blind: bool = False
    memory: bool = False


class Backtest(Value):
    """A finished backtest: where it lives, its result, how many sessions were there before, and the speed of the rest.

    `sessions_per_second` is that of the process which ended it; `already_done` when nothing was left to replay.
    """

    folder: Path
    result: BacktestResult
    benchmarks: dict[str, Performance]
    sessions: int
    resumed_after: int
    already_done: bool
    sessions_per_second: float
    assumptions: tuple[str, ...]
    code_version: str

    @property
    def tear_sheet(self) -> Path:
        """The page that shows it all."""
        return self.folder / TEAR_SHEET


@dataclass(frozen=True, slots=True)
class Desk:
    """A backtest's desk while it is open."""

    ctx: Context
    clock: ReplayClock
    ledger: SqlLedger
    saver: InMemorySaver
    text: PolicyText
    policy: Policy
    assumptions: tuple[str, ...]

    def enter(self, session: date) -> None:
        """Move to a session, as a run does; what LangGraph kept of the one before is not needed any more."""
        for kept in (self.saver.storage, self.saver.writes, self.saver.blobs):
            kept.clear()
        self.clock.enter(session, self.ctx.market.opens(session))
        self.ledger.open_portfolio(self.ctx.mandate, session, self.clock.now())
        if session == self.ctx.mandate.start:
            self.ledger.pin_policy(self.ctx.portfolio, session, self.text, "file")


def run_backtest(
    settings: Settings,
    wish: Wish,
    approver: Approver,
    *,
    out: Path | None = None,
    fresh: bool = False,
    told: Told = lambda *_: None,
) -> Backtest:
    """Replay to the end, or what is left of it, and read the result; `fresh` throws away what is there first.

    Raises:
        BadInput: no session in the span, or a folder that is taken.
        Busy: another process replays it right now.
        DeskError: mandate, policy or data are not what they must be.
    """
    feed, closes = replayed(settings)
    sessions = sessions_of(feed, wish.first, wish.last)
    mandate = wish.mandate.model_copy(update={"start": sessions[0]})
    text = read_policy(mandate, recorded=True)
    plan = _plan(mandate, sessions, wish, approver, text, feed)
    folder = folder_of(settings.home_path, plan, out)
    folder.mkdir(parents=True, exist_ok=True)
    with hold_file(folder / "backtest.lock", f"the backtest in {folder}", 0.0):
        if fresh:
            _empty(folder)
        claim(folder, plan)
        log_to(folder)
        with _desk(settings, folder, mandate, wish, text, feed, closes) as desk:
            here = desk.ledger.session(mandate.name)
            before = 0 if here is None else sessions.index(here)
            finish = finish_of(folder)
            if finish is None:
                finish = _go_on(desk, sessions[before:], approver, lambda done: told(before + done, len(sessions)))
                note_finish(folder, finish)
                already_done = False
            else:
                already_done = True
            result = _read(desk, sessions, wish, approver, closes)
            benchmarks = benchmarks_of(result, mandate, closes)
            assumptions = desk.assumptions
            sheet = folder / TEAR_SHEET
            if not already_done or not sheet.exists():
                facts = gather(
                    result,
                    desk.ledger,
                    mandate,
                    closes,
                    assumptions=assumptions,
                    code_version=finish.code_version,
                )
                sheet.write_text(page(facts), encoding="utf-8")
    return Backtest(
        folder=folder,
        result=result,
        benchmarks=benchmarks,
        sessions=len(sessions),
        resumed_after=len(sessions) if already_done else before,
        already_done=already_done,
        sessions_per_second=finish.sessions / finish.seconds,
        assumptions=assumptions,
        code_version=finish.code_version,
    )


def replayed(settings: Settings) -> tuple[MarketData, Closes]:
    """Find what is replayed: the feed of the settings where it is a recorded one, else the recorded sample."""
    feed = MARKET_DATA[settings.market_data]()
    return (feed if feed.simulated else MARKET_DATA[RECORDED]()), closes_of_feed()


def sessions_of(feed: MarketData, first: date, last: date) -> tuple[date, ...]:
    """List the feed's sessions from `first` to `last`, both included where they are sessions.

    Raises:
        BadInput: there is none.
    """
    found: list[date] = []
    day = first - timedelta(days=1)
    try:
        while (day := feed.next_session(day)) <= last:
            found.append(day)
    except NoData:
        pass
    if not found:
        raise BadInput(f"there is no session from {first} to {last}", "give --from before --to, within the data")
    return tuple(found)


def _go_on(desk: Desk, left: tuple[date, ...], approver: Approver, told: Callable[[int], None]) -> Finish:
    complete = iter(range(1, len(left) + 1))
    told(0)
    started = time.perf_counter()
    runner = Runner(desk.ctx, desk.saver, durability="exit")
    with rare_collections():
        replay(runner, left, desk.enter, approver, desk.assumptions, lambda _: told(next(complete)))
    return Finish(sessions=len(left), seconds=time.perf_counter() - started, code_version=code_version())


def _read(desk: Desk, sessions: tuple[date, ...], wish: Wish, approver: Approver, closes: Closes) -> BacktestResult:
    feed, mandate = desk.ctx.market, desk.ctx.mandate
    known = feed.snapshot(tuple(mandate.universe), sessions[0], feed.opens(sessions[0]))
    return read_result(
        desk.ledger,
        mandate,
        closes,
        sessions,
        known.sessions[-1],
        analyst=wish.analyst,
        approver=approver.name,
        blind=wish.blind,
        rules=[rule.name for rule in desk.policy.rules],
    )


@contextmanager
def _desk(
    settings: Settings,
    folder: Path,
    mandate: Mandate,
    wish: Wish,
    text: PolicyText,
    feed: MarketData,
    closes: Closes,
) -> Iterator[Desk]:
    clock = ReplayClock(mandate.start, feed.opens(mandate.start))
    policy = load(text)
    engine = Engine(policy, mandate, code_version())
    with closing(SqlLedger.open(folder, clock, durable=False)) as ledger, ExitStack() as opened:
        recall = opened.enter_context(recall_of(folder, mandate.name, ledger)) if wish.memory else None
        cash, costs = Decimal(str(mandate.starting_cash)), SimulatedBrokerSettings.read()
        broker = SimulatedBroker(folder / "broker.sqlite", mandate.name, cash, clock, closes, costs, durable=False)
        ctx = Context(
            mandate=mandate,
            clock=clock,
            market=feed,
            broker=broker,
            ledger=ledger,
            analyst=_analyst(settings, wish, mandate, ledger),
            gate=RiskGate(ledger, feed, engine, engine, mandate, clock, text.digest),
            locks=FileLocks(folder / "locks"),
            rooms=engine,
            levels=policy,
            recall=recall,
        )
        said = (*assumptions_of(ctx, policy), *((REMEMBERS,) if wish.memory else ()))
        yield Desk(ctx, clock, ledger, InMemorySaver(), text, policy, said)


def _analyst(settings: Settings, wish: Wish, mandate: Mandate, ledger: SqlLedger) -> Analyst:
    analyst: Analyst = ANALYSTS[wish.analyst].connect(settings.cache_path, ledger)
    if not wish.blind:
        return analyst
    names = {symbol: member.name for symbol, member in mandate.universe.items()}
    return BlindAnalyst(analyst, Disguise(names, wish.first))


def _prices_digest(feed: MarketData, mandate: Mandate, sessions: tuple[date, ...]) -> str:
    looks = [*sessions[::YEARS_SEEN], sessions[-1]]
    return short_id(*(feed.snapshot(tuple(mandate.universe), day, feed.opens(day)).digest for day in looks))


def _plan(
    mandate: Mandate, sessions: tuple[date, ...], wish: Wish, approver: Approver, text: PolicyText, feed: MarketData
) -> Plan:
    return Plan(
        mandate=canonical(mandate.model_dump(mode="json")),
        first=sessions[0],
        last=sessions[-1],
        feed=f"{feed.name} {_prices_digest(feed, mandate, sessions)}",
        analyst=ANALYSTS[wish.analyst].identity(),
        approver=repr(approver),
        blind=wish.blind,
        memory=wish.memory,
        policy=text.digest,
        costs=SimulatedBrokerSettings.read().sentence,
        code=code_digest(),
    )


def _empty(folder: Path) -> None:
    for path in folder.iterdir():
        if path.is_dir():
            shutil.rmtree(path)
        elif path.name != "backtest.lock":
            path.unlink()
