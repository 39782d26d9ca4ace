"""What the graph needs of storage for runs, and for what they were decided on."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Protocol

from domain.judgement import Judgement, PolicyText
from domain.market import MarketSnapshot
from domain.records import (
    Run,
    RunStatus,
)
from domain.research import Answer, ModelCall, ResearchNote, Thesis
from domain.scan import Scan


class RunStore(Protocol):
    """Runs, and what they were decided on."""

    def pin_policy(self, portfolio: str, session: date, policy: PolicyText, by: str) -> PolicyText:
        """Put a policy in force for a session, unless the session has one; return the one in force.

        A policy that differs from the one before leaves an audit row.
        """

    def policy_in_force(self, portfolio: str, session: date) -> PolicyText | None:
        """Read the policy that is in force for a session; None before anything has entered it."""

    def begin_run(self, run: Run) -> Run:
        """Insert the run of (portfolio, slot), or read the one that exists; enters its session, counts the attempt.

        Raises:
            EarlierSession: the run's session is before the portfolio's clock.
        """
        ...

    def run(self, portfolio: str, slot: str) -> Run | None:
        """Read a run."""
        ...

    def runs(self, portfolio: str, limit: int = 20) -> tuple[Run, ...]:
        """List runs, newest first."""
        ...

    def note_inputs(self, portfolio: str, slot: str, snapshot_digest: str, scan_digest: str) -> None:
        """Write down what a run decided on."""
        ...

    def end_run(
        self, portfolio: str, slot: str, status: RunStatus, undecided: Mapping[str, str], problem: str, at: datetime
    ) -> None:
        """Close a run."""
        ...

    def save_snapshot(self, snapshot: MarketSnapshot) -> str:
        """Store a snapshot once under its digest; return the digest."""
        ...

    def snapshot(self, digest: str) -> MarketSnapshot:
        """Read a snapshot."""
        ...

    def save_scan(self, scan: Scan) -> str:
        """Store a scan once under its digest; return the digest."""
        ...

    def scan(self, digest: str) -> Scan:
        """Read a scan."""
        ...

    def judgement(self, digest: str) -> Judgement:
        """Read what a verdict was made from; raises NotFound."""

    def policy(self, digest: str) -> PolicyText:
        """Read a policy as it was in force; raises NotFound."""

    def save_note(self, portfolio: str, slot: str, answer: Answer[ResearchNote]) -> None:
        """Store the research of a run, and its calls."""
        ...

    def save_thesis(self, portfolio: str, slot: str, symbol: str, answer: Answer[Thesis]) -> None:
        """Store the thesis of one symbol (or why there is none), and its calls."""
        ...

    def save_calls(self, portfolio: str, slot: str, calls: Sequence[ModelCall]) -> None:
        """Store model calls, each once, and settle what was set aside for them."""
        ...

    def note(self, portfolio: str, slot: str) -> ResearchNote | None:
        """Read the research of a run."""
        ...

    def theses(self, portfolio: str, slot: str) -> tuple[Thesis, ...]:
        """Read the theses of a run, by symbol."""
        ...

    def calls(self, portfolio: str, slot: str) -> tuple[ModelCall, ...]:
        """Read the model calls of a run."""
        ...
