"""Everything a verdict was made from, so that it can be made again."""

from functools import cached_property
from typing import Any

from pydantic import Field

from domain.book import Book
from domain.ids import canonical, digest_of
from domain.records import Approval
from domain.trade import Trade
from domain.value import Value
from domain.verdict import Phase


class PolicyText(Value):
    """A policy as it was in force: the file's text, and what the mandate tightened."""

    text: str
    recorded: bool
    tighten: dict[str, dict[str, Any]] = Field(default_factory=dict)

    @cached_property
    def content(self) -> str:
        """The content as it is stored: canonical JSON."""
        return canonical(self.model_dump(mode="json"))

    @cached_property
    def digest(self) -> str:
        """Hash of the content."""
        return digest_of(self.content)


class Judgement(Value):
    """One call of the engine: the trades that were judged together, the book, and where to find the rest.

    `snapshot` and `policy` are digests of what is stored beside it; `approval` is the answer that was being honoured.
    """

    phase: Phase
    trades: tuple[Trade, ...]
    book: Book
    snapshot: str
    policy: str
    approval: Approval | None = None

    @cached_property
    def content(self) -> str:
        """The content as it is stored: canonical JSON."""
        return canonical(self.model_dump(mode="json"))

    @cached_property
    def digest(self) -> str:
        """Hash of the content."""
        return digest_of(self.content)
