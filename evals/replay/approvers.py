"""Who answers the cards of a replay: nobody says yes, everybody does, half of it, or a script that somebody wrote."""

import tomllib
from datetime import date
from pathlib import Path
from typing import Literal, Protocol

from pydantic import Field, ValidationError

from domain.errors import BadInput
from domain.proposal import describe
from domain.records import ProposalRecord
from domain.value import Value

Said = Literal["approve", "half", "reject", "none"]
"""`none` leaves the card unanswered: it expires with its session."""
KINDS = ("never", "always", "half", "script")


class Approver(Protocol):
    """Answers cards; the same card always has the same answer."""

    @property
    def name(self) -> str:
        """What it is called in reports."""

    def answer(self, record: ProposalRecord) -> Said:
        """Answer one card."""
        ...


class Steady(Value):
    """Says the same to every card."""

    name: str
    said: Said

    def answer(self, record: ProposalRecord) -> Said:  # noqa: ARG002 - the port's argument
        """Say it."""
        return self.said


class Line(Value):
    """One line of a script: what to say to cards that fit all that it names; days are sessions, both included."""

    say: Said
    symbol: str | None = None
    rule: str | None = None
    since: date | None = None
    until: date | None = None

    def fits(self, record: ProposalRecord) -> bool:
        """Whether the line is about this card: its symbol, one of the rules it breaches, its session."""
        breached = record.verdict.breached if record.verdict else ()
        return (
            self.symbol in {None, record.proposal.symbol}
            and (self.rule is None or self.rule in breached)
            and (self.since is None or record.session >= self.since)
            and (self.until is None or record.session <= self.until)
        )


class Script(Value):
    """The first line that fits a card answers it, `otherwise` the cards that none fits."""

    name: str = "script"
    otherwise: Said = "reject"
    line: tuple[Line, ...] = Field(default=())

    def answer(self, record: ProposalRecord) -> Said:
        """Look the answer up."""
        return next((line.say for line in self.line if line.fits(record)), self.otherwise)


def approver_of(kind: str, script: Path | None = None) -> Approver:
    """Make an approver of what a command says.

    Raises:
        BadInput: an unknown kind, a script that is missing, or one that can't be read; says what is wrong where.
    """
    if (kind == "script") != (script is not None):
        raise BadInput("--approver script and --script FILE belong together", "give both, or neither")
    if script is not None:
        return read_script(script)
    steady: dict[str, Said] = {"never": "reject", "always": "approve", "half": "half"}
    if kind not in steady:
        raise BadInput(f"unknown approver {kind!r}", f"choose one of: {', '.join(KINDS)}")
    return Steady(name=kind, said=steady[kind])


def read_script(path: Path) -> Script:
    """Read a TOML file: `otherwise = "reject"`, then `[[line]]` tables with `say` and what they are about.

    Raises:
        BadInput: missing, not TOML, or not such a script.
    """
    try:
        return Script.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput(f"{path} can't be read: {error}", "give a readable TOML file") from None
    except tomllib.TOMLDecodeError as error:
        raise BadInput(f"{path} is not valid TOML: {error}", "correct the file") from None
    except ValidationError as error:
        raise BadInput(f"{path}: {describe(error)}", "a line has: say, symbol, rule, since, until") from None
