"""Where a backtest lives: a folder named for all that it depends on, with its plan and its finish written down."""

import hashlib
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import date
from functools import cache
from pathlib import Path

from domain.episodes import EpisodeStore
from domain.errors import BadInput
from domain.ids import canonical
from domain.value import Value
from memory.episodes.index import Mem0Index
from memory.episodes.settings import MemorySettings
from workers.settings import REPOSITORY

PLAN_FILE, FINISH_FILE = "plan.json", "finish.json"
DECIDING = ("domain", "quant", "risk_engine", "agent", "tools", "memory", "graph")
"""The rooms whose files take part in a decision: when one changes, the same command is another backtest."""


class Plan(Value):
    """All that a replay's facts depend on: two equal plans have equal ledgers.

    `mandate`, `analyst`, `approver`, `policy` and `costs` say what was used, `code` is a digest of the deciding rooms.
    """

    mandate: str
    first: date
    last: date
    feed: str
    analyst: str
    approver: str
    blind: bool
    memory: bool
    policy: str
    costs: str
    code: str

    @property
    def text(self) -> str:
        """The plan as its file has it."""
        return canonical(self.model_dump(mode="json"))

    @property
    def name(self) -> str:
        """What its folder is called: sessions, analyst, and a digest of everything."""
        digest = hashlib.sha256(self.text.encode()).hexdigest()[:10]
        return f"{self.first:%Y%m%d}-{self.last:%Y%m%d}-{self.analyst.partition(' ')[0]}-{digest}"


class Finish(Value):
    """How a backtest came to its end: seconds for so many sessions, in the process that ended it."""

    sessions: int
    seconds: float
    code_version: str


def folder_of(home: Path, plan: Plan, out: Path | None) -> Path:
    """Tell where a plan's backtest lives: `out`, or a folder of its own in `home`.

    Raises:
        BadInput: `out` is taken by something else.
    """
    if out is None:
        return home / "backtests" / plan.name
    written = out / PLAN_FILE
    if written.is_file() and written.read_text(encoding="utf-8") != plan.text:
        raise BadInput(f"{out} holds another backtest, or one made by other code", "choose another --out")
    if not written.exists() and out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise BadInput(f"{out} is not an empty folder and holds no backtest", "choose another --out")
    return out


def claim(folder: Path, plan: Plan) -> None:
    """Write the plan down, so that the folder says what it holds."""
    (folder / PLAN_FILE).write_text(plan.text, encoding="utf-8")


def finish_of(folder: Path) -> Finish | None:
    """Read how a backtest ended; None where it has not."""
    path = folder / FINISH_FILE
    return Finish.model_validate_json(path.read_text(encoding="utf-8")) if path.is_file() else None


def note_finish(folder: Path, finish: Finish) -> None:
    """Write down that it has ended; the file appears whole or not at all."""
    draft = folder / f"{FINISH_FILE}.new"
    draft.write_text(finish.model_dump_json(), encoding="utf-8")
    draft.replace(folder / FINISH_FILE)


@contextmanager
def recall_of(folder: Path, portfolio: str, ledger: EpisodeStore) -> Iterator[Mem0Index]:
    """Open the backtest's own memory, as full as its ledger says: whoever was killed may have left it behind."""
    settings = MemorySettings(pm_memory="embedded", pm_embedder="hashed")
    with closing(Mem0Index(folder / "memory", settings)) as index:
        if kept := ledger.judged(portfolio):
            index.rebuild(portfolio, (one.episode for one in kept))
        yield index


@cache
def code_digest() -> str:
    """Hash every file of the rooms that decide, in a checkout as well as outside of git."""
    told = hashlib.sha256()
    for room in DECIDING:
        for path in sorted((REPOSITORY / room).rglob("*")):
            if path.suffix in {".py", ".toml", ".md"} and path.is_file():
                told.update(f"{path.relative_to(REPOSITORY)}\n".encode())
                told.update(path.read_bytes())
    return told.hexdigest()
